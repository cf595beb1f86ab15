//! Orders per second: guests who buy one unit each, paid by the sandbox, with full durability.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use super::say;
use crate::load::{Load, Outcome, Runner};
use crate::process::Place;
use crate::report::{Report, Row, time};
use crate::{Bench, goods, http};

const CLIENTS: u64 = 32;
const PRODUCTS: u64 = 100;
/// Orders per second.
const ENOUGH: f64 = 150.0;
/// What its databases on PostgreSQL begin with, and whose they are: every service's and the
/// sandbox provider's.
const DATABASE: &str = "cartwright_bench";
const DATABASES: [&str; 8] =
    ["identity", "catalog", "payments", "sandbox", "cart", "orders", "reviews", "notifications"];

pub async fn checkout(bench: &Bench, report: &mut Report) -> Result<()> {
    say("checkout on SQLite");
    let place = bench.program.place(&bench.scratch, "checkout", false)?;
    let orders = sell(bench, &place).await?;
    let row = Row::of(format!("checkout on SQLite, {CLIENTS} clients"), &orders);
    let met = orders.rate >= ENOUGH && orders.others.is_empty();
    report.add(row.target("at least 150/s", met));
    let Some(server) = postgres().await else {
        say("checkout on PostgreSQL is left out: no server answers");
        return Ok(());
    };
    say("checkout on PostgreSQL");
    // A run that was interrupted has left some.
    drop_databases(&server).await?;
    let url = server.clone().database(DATABASE).to_url_lossy().to_string();
    let place = bench.program.place(&bench.scratch, "checkout-postgres", false)?.on(&url);
    let sold = sell(bench, &place).await;
    drop_databases(&server).await?;
    let what = format!("checkout on PostgreSQL, {CLIENTS} clients; CPU without the server's");
    report.add(Row::of(what, &sold?));
    Ok(())
}

/// Sells for some rounds; the shop must be in order afterwards.
async fn sell(bench: &Bench, place: &Place) -> Result<Outcome> {
    bench.import(place, PRODUCTS).await?;
    let shop = place.serve().await?;
    let load = Load {
        request: Box::new(order),
        connections: CLIENTS,
        warm_up: Duration::from_secs(2),
        measured: bench.settings.measured(),
        expected: 201,
    };
    let sold = bench.repeat("checkout", Runner::new(load), shop.target()).await?;
    say(&format!("longest: {}; checking the books", time(sold.longest)));
    // After the rush, events are still on their way for a while.
    tokio::time::sleep(Duration::from_secs(5)).await;
    shop.stop().await?;
    place.run(&["check"]).await.context("the books are not in order after the checkouts")?;
    Ok(sold)
}

fn order(number: u64) -> Bytes {
    let sku = goods::product(number % PRODUCTS).sku();
    let body = json!({
        "email": format!("guest-{number}@example.com"),
        "items": [{ "sku": sku, "quantity": 1 }],
        "shipping_address": {
            "name": "Ada Lovelace", "line1": "12 Analytical Row", "city": "London",
            "postal_code": "W1A 1AA", "country": "GB",
        },
        "payment": { "provider": "sandbox", "token": "tok_visa" },
    });
    http::post("/api/v1/orders/checkout", &format!("bench-{number}"), &body.to_string())
}

/// The server the tests use, if it answers.
async fn postgres() -> Option<PgConnectOptions> {
    let url = std::env::var("TEST_POSTGRES_URL");
    let url = url.unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let options = PgConnectOptions::from_str(&url).ok()?;
    PgConnection::connect_with(&options).await.ok()?.close().await.ok()?;
    Some(options)
}

async fn drop_databases(server: &PgConnectOptions) -> Result<()> {
    let mut admin = PgConnection::connect_with(server).await?;
    for service in DATABASES {
        let drop = format!("DROP DATABASE IF EXISTS \"{DATABASE}_{service}\" WITH (FORCE)");
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut admin).await?;
    }
    let left = format!("SELECT datname FROM pg_database WHERE datname LIKE '{DATABASE}%'");
    let left = sqlx::raw_sql(AssertSqlSafe(left)).fetch_all(&mut admin).await?;
    ensure!(left.is_empty(), "databases named {DATABASE}_… are left on the PostgreSQL server");
    Ok(admin.close().await?)
}
