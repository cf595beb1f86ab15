//! Events per second: from the outbox of a service in PostgreSQL until RabbitMQ has confirmed
//! them, and from there into the inbox of another service.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use contracts::subscriptions::SUBSCRIPTIONS;
use serde_json::{Value, json};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::{Instant, sleep};

use super::{number_of, say};
use crate::Bench;
use crate::apart::Apart;
use crate::process::cpu_time;
use crate::report::{Report, Row, number};

/// Events of a round.
const EVENTS: u32 = 50_000;
/// How many a second are wanted.
const ENOUGH: f64 = 5_000.0;
/// How long a round may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// An event as a service tells it.
struct Kind {
    service: &'static str,
    name: &'static str,
    /// The payload, and which of its fields names what it is about.
    data: Value,
    subject: &'static str,
}

/// How fast something went.
struct Pace {
    rate: f64,
    /// Processor time of the service, for each event.
    cpu: Duration,
}

pub async fn events(bench: &Bench, report: &mut Report) -> Result<()> {
    if bench.servers.postgres.is_none() || bench.servers.rabbitmq.is_none() {
        let missing = "not measured: PostgreSQL and RabbitMQ must answer";
        report.add(Row::new("events from outbox to RabbitMQ", missing));
        return Ok(());
    }
    let measured = measure(bench, report).await;
    bench.servers.clean().await?;
    measured
}

async fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let place = bench.program.place(&bench.scratch, "events", false)?;
    let place = bench.servers.on_postgres(place).await?;
    let place = bench.servers.on_rabbitmq(place)?;
    let mut apart = Apart::new(place, &["identity", "payments", "orders"])?;
    // Who would listen does not run yet: nothing is taken from the queue meanwhile.
    for service in ["identity", "payments"] {
        apart.start_only(service).await?;
    }
    let payment = payment();
    add_rows(report, &payment, send(bench, &apart, &payment).await?);
    say("events: orders fetches them");
    apart.start_only("orders").await?;
    let (stored, handled) = receive(bench).await?;
    let what = format!("{} of them into an inbox in PostgreSQL", number_of(EVENTS.into()));
    report.add(Row::new(what, format!("{}/s, handled at {}/s", number(stored), number(handled))));
    let order = order();
    add_rows(report, &order, send(bench, &apart, &order).await?);
    apart.stop().await
}

fn add_rows(report: &mut Report, kind: &Kind, pace: Pace) {
    let name = kind.name;
    let (count, length) = (number_of(EVENTS.into()), kind.data.to_string().len());
    let queues = match SUBSCRIPTIONS.iter().filter(|it| it.types.contains(&name)).count() {
        1 => "one queue".to_owned(),
        several => format!("{several} queues"),
    };
    let what = format!(
        "{count} events {name}, {length} bytes of data, from an outbox in PostgreSQL to {queues} \
         of RabbitMQ; CPU without the servers'"
    );
    let row = Row::new(what, format!("{}/s", number(pace.rate))).cpu(pace.cpu);
    report.add(row.target("at least 5,000/s", pace.rate >= ENOUGH));
}

/// Fills the outbox of a service that runs and waits until all is sent; the median of some rounds.
/// The events of the last one stay in the queues.
async fn send(bench: &Bench, apart: &Apart, kind: &Kind) -> Result<Pace> {
    let process = apart.shop(kind.service)?.id();
    let mut database = bench.servers.database(kind.service).await?;
    let mut paces = Vec::new();
    for round in 1..=bench.settings.rounds {
        let cpu = cpu_time(process)?;
        fill(&mut database, kind, round).await?;
        until(&mut database, "SELECT NOT EXISTS (SELECT 1 FROM outbox WHERE sent_at IS NULL)")
            .await
            .with_context(|| format!("{} does not send its events", kind.service))?;
        let cpu = cpu_time(process)?.saturating_sub(cpu) / EVENTS;
        // The beginning of the first batch is not known, so only what came after it counts.
        const SENT: &str = "SELECT count(*) FILTER (WHERE sent_at > first),
                CAST(extract(epoch FROM max(sent_at) - min(first)) AS DOUBLE PRECISION)
             FROM outbox, (SELECT min(sent_at) AS first FROM outbox
                           WHERE type = $1 AND version = $2) AS began
             WHERE type = $1 AND version = $2";
        let sent = sqlx::query_as(SENT).bind(kind.name).bind(round.cast_signed());
        let rate = rate(sent.fetch_one(&mut database).await?)?;
        say(&format!("{}, round {round}: {}/s", kind.name, number(rate)));
        paces.push(Pace { rate, cpu });
        if round < bench.settings.rounds {
            bench.servers.purge().await?;
        }
    }
    database.close().await?;
    paces.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let middle = paces.len() / 2;
    paces.into_iter().nth(middle).context("there is no round")
}

/// All of them in one statement, each about something else.
async fn fill(database: &mut PgConnection, kind: &Kind, round: u64) -> Result<()> {
    const FILL: &str = "INSERT INTO outbox (id, type, subject, version, time, data)
         SELECT gen_random_uuid(), $1, subject, $2, now(), jsonb_set($3, ARRAY[$5], to_jsonb(subject))
         FROM (SELECT CAST(gen_random_uuid() AS TEXT) AS subject
               FROM generate_series(1, $4)) AS those";
    let filled = sqlx::query(FILL)
        .bind(kind.name)
        .bind(round.cast_signed())
        .bind(Json(&kind.data))
        .bind(EVENTS.cast_signed())
        .bind(kind.subject)
        .execute(database)
        .await?;
    ensure!(filled.rows_affected() == u64::from(EVENTS), "the outbox was not filled");
    Ok(())
}

/// Waits until the events of the last round are in the inbox of orders, and handled; how fast
/// both went.
async fn receive(bench: &Bench) -> Result<(f64, f64)> {
    let mut database = bench.servers.database("orders").await?;
    let all = format!("SELECT count(*) = {EVENTS} FROM inbox");
    until(&mut database, &all).await.context("orders does not take its events")?;
    let done = "SELECT NOT EXISTS (SELECT 1 FROM inbox WHERE status = 'pending')";
    until(&mut database, done).await.context("orders does not handle its events")?;
    const STORED: &str = "SELECT count(*) FILTER (WHERE received_at > first),
            CAST(extract(epoch FROM max(received_at) - min(first)) AS DOUBLE PRECISION)
         FROM inbox, (SELECT min(received_at) AS first FROM inbox) AS began";
    const HANDLED: &str = "SELECT count(*) FILTER (WHERE done_at > first),
            CAST(extract(epoch FROM max(done_at) - min(first)) AS DOUBLE PRECISION)
         FROM inbox, (SELECT min(done_at) AS first FROM inbox) AS began WHERE status = 'done'";
    let stored = rate(sqlx::query_as(STORED).fetch_one(&mut database).await?)?;
    let handled = rate(sqlx::query_as(HANDLED).fetch_one(&mut database).await?)?;
    database.close().await?;
    Ok((stored, handled))
}

fn rate((count, seconds): (i64, Option<f64>)) -> Result<f64> {
    let seconds = seconds.filter(|it| *it > 0.0).context("there was nothing to measure")?;
    Ok(count as f64 / seconds)
}

/// Asks until the answer is yes.
async fn until(database: &mut PgConnection, question: &str) -> Result<()> {
    let began = Instant::now();
    loop {
        let yes: bool =
            sqlx::query_scalar(AssertSqlSafe(question)).fetch_one(&mut *database).await?;
        if yes {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "not within {} s", PATIENCE.as_secs());
        sleep(Duration::from_millis(200)).await;
    }
}

/// A payment somebody made; orders looks whether an order waits for it.
fn payment() -> Kind {
    let data = json!({
        "id": "", "order_id": "0190e5a0-0000-7000-8000-000000000001", "status": "captured",
        "amount": 2499, "captured": 2499, "refunded": 0, "currency": "USD", "reason": null,
    });
    Kind { service: "payments", name: "payment.updated", data, subject: "id" }
}

/// An order that was paid, which most services want to know.
fn order() -> Kind {
    let data = json!({
        "order_id": "", "number": "CW-100001",
        "user_id": null, "email": "guest@example.com", "name": "Ada Lovelace", "cart": null,
        "lines": [{
            "sku": "GOODS-1-M", "product_id": "0190e5a0-0000-7000-8000-000000000002",
            "title": "Alford Calabach Durable Merino Sweater Azure", "quantity": 1,
            "unit_price": 1999, "total": 1999,
        }],
        "subtotal": 1999, "shipping": 500, "tax": 0, "total": 2499, "currency": "USD",
        "from": "pending", "to": "confirmed", "payment_status": "paid",
        "fulfillment_status": "unfulfilled", "reason": null, "tracking_number": null,
    });
    let (service, name) = ("orders", "order.status.updated");
    Kind { service, name, data, subject: "order_id" }
}
