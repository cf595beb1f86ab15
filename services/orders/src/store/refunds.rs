//! The SQL of refunds booked on their orders, and of who did what.

use chassis::db::Json;
use chassis::db::{Db, Result, Session, Tx, sql};
use chrono::{DateTime, Utc};
use contracts::payments::{Refunded, RefundedLine};
use uuid::Uuid;

use crate::model::{Actor, Order, OrderRefund};

/// A refund as it is noted.
#[derive(chassis::db::Insert)]
#[record(table = "order_refunds")]
struct NewRefund<'a> {
    id: Uuid,
    order_id: Uuid,
    amount: i64,
    reason: Option<&'a str>,
    lines: Json<&'a [RefundedLine]>,
    whole: bool,
    restock: &'static str,
    at: DateTime<Utc>,
}

/// Notes a refund of an order, `amount` of it; false if it is known already.
pub async fn insert_refund(
    tx: &mut Tx,
    order: Uuid,
    refund: &Refunded,
    amount: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let wanted = refund.restock || refund.lines.iter().any(|it| it.restock);
    let new = NewRefund {
        id: refund.id,
        order_id: order,
        amount,
        reason: Some(refund.reason.as_str()).filter(|it| !it.is_empty()),
        lines: Json(&refund.lines),
        whole: refund.restock,
        restock: if wanted { "wanted" } else { "none" },
        at: now,
    };
    Ok(tx.insert_new(&new).execute().await? == 1)
}

/// The refunds of an order, oldest first.
pub async fn refunds(db: impl Session<'_>, order: Uuid) -> Result<Vec<OrderRefund>> {
    let refunds = sql!(
        "SELECT {OrderRefund.*}, restock = 'wanted' AS to_restock FROM order_refunds
         WHERE order_id = {order} AND failed_at IS NULL ORDER BY at, id"
    );
    db.query(refunds).all().await
}

/// Whether a refund is known.
pub async fn is_refund(db: impl Session<'_>, id: Uuid) -> Result<bool> {
    let found = db.query(sql!("SELECT amount FROM order_refunds WHERE id = {id}"));
    Ok(found.optional::<(i64,)>().await?.is_some())
}

/// Notes that a refund came back; false if that is known, or the refund is not.
pub async fn fail_refund(
    tx: &mut Tx,
    order: Uuid,
    refund: Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    let fail = sql!(
        "UPDATE order_refunds SET failed_at = {now}
         WHERE id = {refund} AND order_id = {order} AND failed_at IS NULL"
    );
    Ok(tx.query(fail).execute().await? == 1)
}

/// Notes that the customer disputes the payment of an order.
pub async fn set_disputed(db: impl Session<'_>, order: Uuid, payment: Uuid) -> Result<()> {
    let dispute = sql!(
        "UPDATE orders SET disputed = TRUE
         WHERE id = {order} AND payment_id = {payment} AND NOT disputed"
    );
    db.query(dispute).execute().await.map(drop)
}

/// What the cancel of an order gave back itself; 0 where staff had given back all of it before.
pub async fn refund_of_cancel(db: impl Session<'_>, order: Uuid) -> Result<i64> {
    let id = contracts::orders::refund_of_cancel(order);
    let refund = db.query(sql!("SELECT amount FROM order_refunds WHERE id = {id}"));
    Ok(refund.optional::<(i64,)>().await?.map_or(0, |(amount,)| amount))
}

/// Notes that what a refund puts back is back.
pub async fn restocked(db: &Db, refund: Uuid) -> Result<()> {
    let done = sql!("UPDATE order_refunds SET restock = 'done' WHERE id = {refund}");
    db.query(done).execute().await.map(drop)
}

/// Notes that everything of an order is back.
pub async fn all_restocked(db: &Db, order: Uuid) -> Result<()> {
    let done = sql!(
        "UPDATE order_refunds SET restock = 'done'
         WHERE order_id = {order} AND restock = 'wanted'"
    );
    db.query(done).execute().await.map(drop)
}

/// Notes who asked for an order to be cancelled, for its history.
pub async fn set_cancelled_by(tx: &mut Tx, order: Uuid, by: Actor) -> Result<()> {
    let note = sql!("UPDATE sagas SET cancelled_by = {by.to_string()} WHERE order_id = {order}");
    tx.query(note).execute().await.map(drop)
}

/// Says in an order's history who made its last change.
pub async fn sign(tx: &mut Tx, order: &Order, by: Actor) -> Result<()> {
    let Order { id, version, .. } = order;
    let sign = sql!(
        "UPDATE order_history SET actor = {by.to_string()}
         WHERE order_id = {id} AND version = {version}"
    );
    tx.query(sign).execute().await.map(drop)
}

/// Says in an order's history that its last change was a refund.
pub async fn sign_refund(tx: &mut Tx, order: &Order, refund: &Refunded, amount: i64) -> Result<()> {
    let Order { id, version, .. } = order;
    let by = refund.staff.map(|it| Actor::Staff(it).to_string());
    let reason = Some(refund.reason.as_str()).filter(|it| !it.is_empty());
    let sign = sql!(
        "UPDATE order_history SET actor = COALESCE({by}, actor), amount = {amount},
                                  reason = {reason}
         WHERE order_id = {id} AND version = {version}"
    );
    tx.query(sign).execute().await.map(drop)
}

impl OrderRefund {
    /// Units of a SKU it is for.
    pub fn units(&self, sku: &str) -> i64 {
        let of_sku = |it: &&RefundedLine| it.sku == sku;
        self.lines.iter().filter(of_sku).map(|it| it.quantity).sum()
    }
}
