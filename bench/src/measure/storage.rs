//! The storage engine alone: transactions on SQLite as a checkout makes them, in this process, with
//! nothing of the shop around them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use chassis::db::{self, Db, Limits, Session};

use super::say;
use crate::report::{Report, Row, time};
use crate::{Bench, process};

const CLIENTS: usize = 32;
const TRANSACTIONS: i64 = 4000;
/// Tables of an order, its lines and its saga.
const SCHEMA: [&str; 4] = [
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, note TEXT, total INTEGER)",
    "CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER, title TEXT, quantity INTEGER)",
    "CREATE INDEX lines_of ON lines (order_id)",
    "CREATE TABLE sagas (order_id INTEGER PRIMARY KEY, step TEXT, version INTEGER)",
];

pub async fn storage(bench: &Bench, report: &mut Report) -> Result<()> {
    let directory = bench.scratch.path().to_owned();
    for round in 1..=bench.settings.rounds {
        say(&format!("storage, round {round}"));
        let path = directory.join(format!("storage-{round}.db"));
        let url = format!("sqlite:{}", path.display());
        // A runtime like the shop's; the benchmark's own has one thread.
        let run = move || {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            runtime.enable_all().build()?.block_on(transactions(&url))
        };
        let row = tokio::task::spawn_blocking(run).await.context("the engine panicked")??;
        report.add(row);
    }
    Ok(())
}

async fn transactions(url: &str) -> Result<Row> {
    let limits = Limits { acquire: std::time::Duration::from_secs(60), ..Limits::default() };
    let db = Db::connect(url, limits).await?;
    for statement in SCHEMA {
        db.query(statement).execute().await?;
    }
    let next = Arc::new(AtomicI64::new(0));
    let process = std::process::id();
    let (begun, cpu, switches) =
        (Instant::now(), process::cpu_time(process)?, process::switches(process)?);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (db, next) = (db.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    if id >= TRANSACTIONS {
                        return Ok::<_, db::Error>(());
                    }
                    transaction(&db, id).await?;
                }
            })
        })
        .collect();
    for client in clients {
        client.await??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = process::cpu_time(process)?.saturating_sub(cpu) / u32::try_from(TRANSACTIONS)?;
    let switches = process::switches(process)?.saturating_sub(switches);
    db.close().await;
    let (rate, each) = (TRANSACTIONS as f64 / seconds, switches as f64 / TRANSACTIONS as f64);
    let what = format!("storage engine alone, 8 statements each, {CLIENTS} clients");
    let result = format!("{rate:.0}/s, {} of CPU and {each:.1} switches each", time(cpu));
    Ok(Row::new(what, result))
}

async fn transaction(db: &Db, id: i64) -> db::Result<()> {
    let mut tx = db.begin().await?;
    tx.query("INSERT INTO orders (id, name, note, total) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind("Ada Example")
        .bind("by the back door")
        .bind(5_i64)
        .execute()
        .await?;
    for quantity in 1..=2_i64 {
        tx.query("INSERT INTO lines (order_id, title, quantity) VALUES ($1, $2, $3)")
            .bind(id)
            .bind("Lamp")
            .bind(quantity)
            .execute()
            .await?;
    }
    tx.query("INSERT INTO sagas (order_id, step, version) VALUES ($1, $2, 1)")
        .bind(id)
        .bind("reserve")
        .execute()
        .await?;
    tx.query("SELECT total FROM orders WHERE id = $1").bind(id).one::<(i64,)>().await?;
    tx.query("UPDATE sagas SET step = $2, version = version + 1 WHERE order_id = $1")
        .bind(id)
        .bind("authorize")
        .execute()
        .await?;
    tx.commit().await
}
