//! Orders per second where every service is a process of its own, over PostgreSQL and RabbitMQ.

use anyhow::Result;

use super::checkout::{CLIENTS, PRODUCTS, check, is_met, sell};
use super::say;
use crate::Bench;
use crate::apart::{Apart, GATEWAY};
use crate::load::Outcome;
use crate::report::{Report, Row};

const ONCE: [&str; 8] =
    ["identity", "catalog", "payments", "cart", "orders", "reviews", "notifications", GATEWAY];
/// With a second catalogue and a second orders, as `make stack` has them.
const TWICE: [&str; 10] = [
    "identity",
    "catalog",
    "catalog",
    "payments",
    "cart",
    "orders",
    "orders",
    "reviews",
    "notifications",
    GATEWAY,
];

pub async fn apart(bench: &Bench, report: &mut Report) -> Result<()> {
    for (name, runs) in [("eight processes", &ONCE[..]), ("ten processes", &TWICE[..])] {
        let redis = if bench.servers.redis.is_some() { ", with Redis" } else { "" };
        let what = format!(
            "checkout split over PostgreSQL and RabbitMQ{redis}, {CLIENTS} clients, {name}; CPU \
             without the servers'"
        );
        if bench.servers.postgres.is_none() || bench.servers.rabbitmq.is_none() {
            let missing = "not measured: PostgreSQL and RabbitMQ must answer";
            report.add(Row::new(what, missing));
            continue;
        }
        say(&format!("checkout in {name}"));
        let sold = split(bench, name, runs).await;
        bench.servers.clean().await?;
        let sold = sold?;
        report.add(Row::of(what, &sold).target("at least 80/s", is_met(&sold, 80.0)));
    }
    Ok(())
}

async fn split(bench: &Bench, name: &str, runs: &[&'static str]) -> Result<Outcome> {
    let place = bench.program.place(&bench.scratch, name, false)?;
    let place = bench.servers.on_postgres(place).await?;
    // Ten processes on a server that may grant a hundred connections: as `make stack` has it.
    let place = bench.servers.on_rabbitmq(place)?.with("database.connections", "6");
    let place = bench.servers.with_redis(place);
    // Once, so that copies of a service need not wait for each other.
    place.run(&["migrate", "up"]).await?;
    bench.import(&place, PRODUCTS).await?;
    let mut shop = Apart::new(place, runs)?;
    shop.start().await?;
    let sold = sell(bench, name, &shop.target(GATEWAY)?).await?;
    let place = shop.place().clone();
    shop.stop().await?;
    check(&place).await?;
    Ok(sold)
}
