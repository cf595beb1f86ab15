//! What `cartwright check` asks orders: facts for comparing with other services, and orders that
//! should have been decided by now.

use std::collections::BTreeMap;

use chassis::db::Json;
use chassis::db::{Db, Result, Session};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::payments::RefundedLine;
use uuid::Uuid;

use crate::store;

/// How long the work on an order may take before it counts as stuck.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);

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
    /// Whether nothing more is to be done for it, but to tell the catalog that it was shipped.
    pub done: bool,
    /// Whether the catalog is yet to be told that it was shipped.
    pub ships: bool,
    /// Whether it waits for another payment after a declined one.
    pub declined: bool,
}

/// Every order with what it claims.
pub async fn claims(db: &Db) -> Result<Vec<Claim>> {
    db.query(
        "SELECT orders.id AS order_id, number, status, payment_status, fulfillment_status, total,
                sagas.step IN ('done', 'ship', 'put_back') AS done, sagas.step = 'ship' AS ships,
                sagas.step = 'await_payment' AS declined
         FROM orders JOIN sagas ON sagas.order_id = orders.id ORDER BY orders.id",
    )
    .all()
    .await
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
    db.query(
        "SELECT orders.id AS order_id, number, cart_id, cart_version, sku
         FROM orders JOIN order_lines ON order_lines.order_id = orders.id
         WHERE status IN ('confirmed', 'shipped', 'delivered') AND cart_id IS NOT NULL
           AND cart_version IS NOT NULL
         ORDER BY orders.id, sku",
    )
    .all()
    .await
}

/// Carts with more than one undecided order, or whose last order is not what `cart_orders` says
/// (I11).
pub async fn carts(db: &Db) -> Result<Vec<String>> {
    let two: Vec<(Uuid, String, String)> = db
        .query(
            "SELECT a.cart_id, a.number, b.number FROM orders a
             JOIN orders b ON b.cart_id = a.cart_id AND b.id > a.id
             WHERE a.status = 'pending' AND b.status = 'pending'
               AND a.status <> 'cancelled' AND b.status <> 'cancelled'",
        )
        .all()
        .await?;
    let unnamed: Vec<(String, Uuid)> = db
        .query(
            "SELECT number, cart_id FROM orders
             WHERE status = 'pending' AND cart_id IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM cart_orders
                               WHERE cart_orders.cart_id = orders.cart_id
                                 AND cart_orders.order_id = orders.id
                                 AND cart_orders.state = 'undecided')",
        )
        .all()
        .await?;
    let decided: Vec<(Uuid, Uuid)> = db
        .query(
            "SELECT cart_orders.cart_id, cart_orders.order_id FROM cart_orders
             LEFT JOIN orders ON orders.id = cart_orders.order_id
             WHERE state = 'undecided' AND (orders.id IS NULL OR orders.status <> 'pending')",
        )
        .all()
        .await?;
    let two = two.into_iter().map(|(cart, first, second)| {
        format!("I11: orders {first} and {second} of cart {cart} are both undecided")
    });
    let unnamed = unnamed.into_iter().map(|(number, cart)| {
        format!("I11: order {number} is undecided, and cart {cart} can be ordered all the same")
    });
    let decided = decided.into_iter().map(|(cart, order)| {
        format!("I11: cart {cart} waits for order {order}, which is not undecided")
    });
    Ok(two.chain(unnamed).chain(decided).collect())
}

/// Refunds that do not add up to what their order says was given back, and lines of which more
/// units were refunded than sold (I12).
async fn refunds(db: &Db) -> Result<Vec<String>> {
    let sums: Vec<(String, i64, i64)> = db
        .query(
            "SELECT number, refunded, CAST(COALESCE(SUM(order_refunds.amount), 0) AS BIGINT)
             FROM orders LEFT JOIN order_refunds ON order_refunds.order_id = orders.id
             GROUP BY number, refunded, total
             HAVING refunded <> CAST(COALESCE(SUM(order_refunds.amount), 0) AS BIGINT)
                 OR refunded > total",
        )
        .all()
        .await?;
    let sums = sums.into_iter().map(|(number, refunded, sum)| {
        format!("I12: order {number} says that {refunded} were given back, its refunds {sum}")
    });
    let named: Vec<(Uuid, Json<Vec<RefundedLine>>)> = db
        .query(
            "SELECT order_refunds.order_id, order_refunds.lines FROM order_refunds
             ORDER BY order_refunds.order_id",
        )
        .all()
        .await?;
    let mut units: BTreeMap<(Uuid, String), i64> = BTreeMap::new();
    for (order, lines) in named {
        for line in lines.0 {
            *units.entry((order, line.sku)).or_default() += line.quantity;
        }
    }
    let mut found: Vec<String> = sums.collect();
    for ((order, sku), refunded) in units {
        let lines = store::lines(db, order).await?;
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
    let wrong: Vec<(String, i64, i64)> = db
        .query(
            "SELECT number, subtotal, CAST(COALESCE(SUM(order_lines.total), 0) AS BIGINT)
             FROM orders LEFT JOIN order_lines ON order_lines.order_id = orders.id
             GROUP BY number, subtotal
             HAVING subtotal <> CAST(COALESCE(SUM(order_lines.total), 0) AS BIGINT)",
        )
        .all()
        .await?;
    found.extend(wrong.into_iter().map(|(number, subtotal, sum)| {
        format!("I3: the lines of order {number} add up to {sum}, not {subtotal}")
    }));
    found.extend(refunds(db).await?);
    Ok(found)
}
