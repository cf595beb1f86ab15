//! The SQL of refunds booked on their orders, and of who did what.

use chassis::db::Json;
use chassis::db::{Db, Result, Session, Tx};
use chrono::{DateTime, Utc};
use contracts::payments::{Refunded, RefundedLine};
use uuid::Uuid;

use crate::model::{Actor, Order, OrderRefund};

/// Notes a refund of an order, `amount` of it; false if it is known already.
pub async fn insert_refund(
    tx: &mut Tx,
    order: Uuid,
    refund: &Refunded,
    amount: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let wanted = refund.restock || refund.lines.iter().any(|it| it.restock);
    let rows = tx
        .query(
            "INSERT INTO order_refunds (id, order_id, amount, reason, lines, whole, restock, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
        )
        .bind(refund.id)
        .bind(order)
        .bind(amount)
        .bind(Some(refund.reason.clone()).filter(|it| !it.is_empty()))
        .bind(Json(refund.lines.clone()))
        .bind(refund.restock)
        .bind(if wanted { "wanted" } else { "none" })
        .bind(now)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// The refunds of an order, oldest first.
pub async fn refunds(db: impl Session<'_>, order: Uuid) -> Result<Vec<OrderRefund>> {
    db.query(
        "SELECT id, amount, lines, whole, restock = 'wanted' AS to_restock FROM order_refunds
         WHERE order_id = $1 ORDER BY at, id",
    )
    .bind(order)
    .all()
    .await
}

/// What the cancel of an order gave back itself; 0 where staff had given back all of it before.
pub async fn refund_of_cancel(db: impl Session<'_>, order: Uuid) -> Result<i64> {
    let refund = db.query("SELECT amount FROM order_refunds WHERE id = $1");
    let refund = refund.bind(contracts::orders::refund_of_cancel(order));
    Ok(refund.optional::<(i64,)>().await?.map_or(0, |(amount,)| amount))
}

/// Notes that what a refund puts back is back.
pub async fn restocked(db: &Db, refund: Uuid) -> Result<()> {
    db.query("UPDATE order_refunds SET restock = 'done' WHERE id = $1")
        .bind(refund)
        .execute()
        .await
        .map(drop)
}

/// Notes that everything of an order is back.
pub async fn all_restocked(db: &Db, order: Uuid) -> Result<()> {
    db.query("UPDATE order_refunds SET restock = 'done' WHERE order_id = $1 AND restock = 'wanted'")
        .bind(order)
        .execute()
        .await
        .map(drop)
}

/// Notes who asked for an order to be cancelled, for its history.
pub async fn set_cancelled_by(tx: &mut Tx, order: Uuid, by: Actor) -> Result<()> {
    tx.query("UPDATE sagas SET cancelled_by = $2 WHERE order_id = $1")
        .bind(order)
        .bind(by.to_string())
        .execute()
        .await
        .map(drop)
}

/// Says in an order's history who made its last change.
pub async fn sign(tx: &mut Tx, order: &Order, by: Actor) -> Result<()> {
    tx.query("UPDATE order_history SET actor = $3 WHERE order_id = $1 AND version = $2")
        .bind(order.id)
        .bind(order.version)
        .bind(by.to_string())
        .execute()
        .await
        .map(drop)
}

/// Says in an order's history that its last change was a refund.
pub async fn sign_refund(tx: &mut Tx, order: &Order, refund: &Refunded, amount: i64) -> Result<()> {
    tx.query(
        "UPDATE order_history SET actor = COALESCE($3, actor), amount = $4, reason = $5
         WHERE order_id = $1 AND version = $2",
    )
    .bind(order.id)
    .bind(order.version)
    .bind(refund.staff.map(|it| Actor::Staff(it).to_string()))
    .bind(amount)
    .bind(Some(refund.reason.clone()).filter(|it| !it.is_empty()))
    .execute()
    .await
    .map(drop)
}

impl OrderRefund {
    /// Units of a SKU it is for.
    pub fn units(&self, sku: &str) -> i64 {
        let of_sku = |it: &&RefundedLine| it.sku == sku;
        self.lines.iter().filter(of_sku).map(|it| it.quantity).sum()
    }
}
