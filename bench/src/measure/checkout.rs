//! Orders per second: guests who buy one unit each, paid by the sandbox, with full durability.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use serde_json::json;

use super::say;
use crate::load::{Load, Outcome, Runner, Target};
use crate::report::{Report, Row, time};
use crate::shop::Place;
use crate::{Bench, goods, http};

pub(super) const CLIENTS: u64 = 32;
pub(super) const PRODUCTS: u64 = 100;
/// After the rush, events are still on their way for a while.
pub(super) const REST: Duration = Duration::from_secs(5);

pub async fn checkout(bench: &Bench, report: &mut Report) -> Result<()> {
    say("checkout on SQLite");
    let place = bench.program.place(&bench.scratch, "checkout", false)?;
    let sold = whole(bench, &place).await?;
    let row = Row::of(format!("checkout on SQLite, {CLIENTS} clients"), &sold);
    report.add(row.target("at least 150/s", is_met(&sold, 150.0)));
    let what = format!("checkout on PostgreSQL, {CLIENTS} clients; CPU without the server's");
    if bench.servers.postgres.is_none() {
        report.add(Row::new(what, "not measured: no PostgreSQL server answers"));
        return Ok(());
    }
    say("checkout on PostgreSQL");
    let place = bench.program.place(&bench.scratch, "checkout-postgres", false)?;
    let place = bench.servers.on_postgres(place).await?;
    let sold = whole(bench, &place).await;
    bench.servers.clean().await?;
    let sold = sold?;
    report.add(Row::of(what, &sold).target("at least 120/s", is_met(&sold, 120.0)));
    Ok(())
}

/// Sells in a shop of one process; it must be in order afterwards.
async fn whole(bench: &Bench, place: &Place) -> Result<Outcome> {
    bench.import(place, PRODUCTS).await?;
    let shop = place.serve().await?;
    let sold = sell(bench, "checkout", &shop.target()).await?;
    shop.stop().await?;
    check(place).await?;
    Ok(sold)
}

/// Whether every order was taken, and enough of them each second.
pub(super) fn is_met(sold: &Outcome, enough: f64) -> bool {
    sold.rate >= enough && sold.others.is_empty()
}

/// Sells for some rounds, and then waits until the shop has come to rest.
pub(super) async fn sell(bench: &Bench, what: &str, target: &Target) -> Result<Outcome> {
    let load = Load {
        request: Box::new(order),
        connections: CLIENTS,
        warm_up: Duration::from_secs(2),
        measured: bench.settings.measured(),
        expected: 201,
    };
    let sold = bench.repeat(what, Runner::new(load), target).await?;
    say(&format!("longest: {}", time(sold.longest)));
    tokio::time::sleep(REST).await;
    Ok(sold)
}

/// The books must be in order.
pub(super) async fn check(place: &Place) -> Result<()> {
    say("checking the books");
    let checked = place.run(&["check"]).await;
    checked.map(drop).context("the books are not in order after the checkouts")
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
