//! What `cartwright check` asks orders: facts for comparing with other services, and orders that
//! should have been decided by now.

use chassis::db::{Db, Result, Session};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::store;

/// How long the work on an order may take before it counts as stuck.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// What an order claims about money and stock.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Claim {
    pub order_id: Uuid,
    pub number: String,
    pub status: String,
    pub payment_status: String,
    /// In minor units.
    pub total: i64,
    /// Whether nothing more is to be done for it.
    pub done: bool,
    /// Whether it waits for another payment after a declined one.
    pub declined: bool,
}

/// Every order with what it claims.
pub async fn claims(db: &Db) -> Result<Vec<Claim>> {
    db.query(
        "SELECT orders.id AS order_id, number, status, payment_status, total,
                sagas.step = 'done' AS done, sagas.step = 'await_payment' AS declined
         FROM orders JOIN sagas ON sagas.order_id = orders.id ORDER BY orders.id",
    )
    .all()
    .await
}

/// Violations inside this service: orders that do not come to rest (I5), lines that do not add up
/// to their order.
pub async fn violations(db: &Db, now: DateTime<Utc>) -> Result<Vec<String>> {
    let mut found: Vec<String> = store::undecided(db, now - PATIENCE)
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
    Ok(found)
}
