//! What `cartwright check` asks orders: facts for comparing with other services, and orders that
//! should have been decided by now.

use std::collections::{BTreeMap, HashMap};

use chassis::db::{Db, Result};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::store;

/// How long the work on an order may take before it counts as stuck.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);
/// Orders whose lines are read at a time.
const BATCH: usize = 500;

/// What an order claims about money and stock.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
pub struct Claim {
    pub order_id: Uuid,
    pub number: String,
    pub status: String,
    pub payment_status: String,
    pub fulfillment_status: String,
    /// In minor units.
    pub total: i64,
    /// What was or is to be paid: the total, or the part of it that was captured.
    pub charged: i64,
    /// Whether its payment is captured when it is shipped.
    pub on_shipment: bool,
    /// Whether nothing more is to be done for it, but to tell the catalog that it was shipped.
    pub done: bool,
    /// Whether the catalog does not know yet that it was shipped.
    pub ships: bool,
    /// Whether it waits for another payment after a declined one.
    pub declined: bool,
}

/// Every order with what it claims.
pub async fn claims(db: &Db) -> Result<Vec<Claim>> {
    store::claims(db).await
}

/// A line of a paid order that was bought from a cart.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
pub struct PaidLine {
    pub order_id: Uuid,
    pub number: String,
    pub cart_id: Uuid,
    /// The state of the cart that was bought.
    pub cart_version: i64,
    pub sku: String,
}

/// Every line that was bought from a cart, and paid.
pub async fn paid_lines(db: &Db) -> Result<Vec<PaidLine>> {
    store::paid_lines(db).await
}

/// Carts with more than one undecided order, or whose last order is not what `cart_orders` says
/// (I11).
pub async fn carts(db: &Db) -> Result<Vec<String>> {
    let two = store::two_undecided(db).await?.into_iter().map(|(cart, first, second)| {
        format!("I11: orders {first} and {second} of cart {cart} are both undecided")
    });
    let unnamed = store::unnamed(db).await?.into_iter().map(|(number, cart)| {
        format!("I11: order {number} is undecided, and cart {cart} can be ordered all the same")
    });
    let decided = store::unsettled(db).await?.into_iter().map(|(cart, order)| {
        format!("I11: cart {cart} waits for order {order}, which is not undecided")
    });
    Ok(two.chain(unnamed).chain(decided).collect())
}

/// Refunds that do not add up to what their order says was given back, and lines of which more
/// units were refunded than sold (I12).
async fn refunds(db: &Db) -> Result<Vec<String>> {
    let sums = store::refunds_that_do_not_add_up(db).await?;
    let sums = sums.into_iter().map(|(number, refunded, sum)| {
        format!("I12: order {number} says that {refunded} were given back, its refunds {sum}")
    });
    let mut units: BTreeMap<(Uuid, String), i64> = BTreeMap::new();
    for (order, lines) in store::refunded_lines(db).await? {
        for line in lines.0 {
            *units.entry((order, line.sku)).or_default() += line.quantity;
        }
    }
    let mut found: Vec<String> = sums.collect();
    let orders: Vec<Uuid> = units.keys().map(|(order, _)| *order).collect();
    let mut sold_lines = HashMap::new();
    for orders in orders.chunks(BATCH) {
        sold_lines.extend(store::lines_of(db, orders).await?);
    }
    for ((order, sku), refunded) in units {
        let lines = sold_lines.get(&order).map_or(&[][..], Vec::as_slice);
        let sold: i64 = lines.iter().filter(|it| it.sku == sku).map(|it| it.quantity).sum();
        if refunded > sold {
            found.push(format!(
                "I12: of {sku} in order {order} {sold} were sold and {refunded} refunded"
            ));
        }
    }
    Ok(found)
}

/// Violations inside this service: orders that do not come to rest (I5), lines that do not add up
/// to their order, refunds that do not.
pub async fn violations(db: &Db, now: DateTime<Utc>) -> Result<Vec<String>> {
    let mut found: Vec<String> = store::undecided(db, now - PATIENCE, now + PATIENCE)
        .await?
        .into_iter()
        .map(|(id, number, step)| format!("I5: order {number} ({id}) is stuck at {step}"))
        .collect();
    let wrong = store::lines_that_do_not_add_up(db).await?;
    found.extend(wrong.into_iter().map(|(number, subtotal, sum)| {
        format!("I3: the lines of order {number} add up to {sum}, not {subtotal}")
    }));
    found.extend(refunds(db).await?);
    Ok(found)
}
