//! The SQL of orders, all of it.

mod carts;
mod payment_keys;
mod placing;
mod refunds;
mod reports;
mod sagas;

pub use carts::{CartOrder, claim_carts, last_order, note_decision};
pub use payment_keys::{insert_payment_key, keep_refusal, payment_key};
pub use placing::{next_number, place, request, withdraw};
pub use refunds::{
    all_restocked, insert_refund, refund_of_cancel, refunds, restocked, set_cancelled_by, sign,
    sign_refund,
};
pub use reports::{ProductSales, Sales, sales, top_products, units};
pub use sagas::{SAGAS, bring_near, saga, save_saga, wake};

use chassis::db::{Db, Result, Session, Tx, containing};
use chassis::outbox::{self, EventData};
use chrono::{DateTime, Utc};
use contracts::orders::{OrderCreated, OrderRefunded, OrderStatusUpdated, OrderTrackingUpdated};
use uuid::Uuid;

use crate::model::{Change, Order, OrderLine, PaymentStatus, Status, Told};

/// Which orders a list shows. Empty fields do not filter.
#[derive(Debug, Default)]
pub struct Filter {
    pub user_id: Option<Uuid>,
    pub status: Option<Status>,
    pub payment: Option<PaymentStatus>,
    pub email: Option<String>,
    /// Part of the number, the e-mail address or the name.
    pub search: Option<String>,
    /// Only orders placed then or later.
    pub from: Option<DateTime<Utc>>,
    /// Only orders placed earlier.
    pub to: Option<DateTime<Utc>>,
    /// Only orders older than this one.
    pub before: Option<Uuid>,
    /// How many to leave out at the beginning.
    pub skip: i64,
}

/// The secret from which the order tokens of guests derive; `fresh` becomes it if there is none.
pub async fn secret(db: &Db, fresh: &[u8]) -> Result<Vec<u8>> {
    let mut tx = db.begin().await?;
    tx.query(
        "INSERT INTO secrets (name, value) VALUES ('order_tokens', $1) ON CONFLICT (name) DO NOTHING",
    )
    .bind(fresh.to_vec())
    .execute()
    .await?;
    let (value,): (Vec<u8>,) =
        tx.query("SELECT value FROM secrets WHERE name = 'order_tokens'").one().await?;
    tx.commit().await?;
    Ok(value)
}

pub async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Order>> {
    db.query("SELECT * FROM orders WHERE id = $1").bind(id).optional().await
}

/// Whether an order is known, and its goods have not left the shop.
pub async fn is_unshipped(db: impl Session<'_>, id: Uuid) -> Result<bool> {
    let unshipped = db.query(
        "SELECT 1 FROM orders
         WHERE id = $1 AND fulfillment_status IN ('unfulfilled', 'partially_fulfilled')",
    );
    Ok(unshipped.bind(id).optional::<(i32,)>().await?.is_some())
}

pub async fn find_by_number(db: impl Session<'_>, number: &str) -> Result<Option<Order>> {
    db.query("SELECT * FROM orders WHERE number = $1").bind(number.to_owned()).optional().await
}

/// The order a client has asked for under this key.
pub async fn find_by_key(db: impl Session<'_>, owner: &str, key: &str) -> Result<Option<Order>> {
    db.query("SELECT * FROM orders WHERE owner = $1 AND idempotency_key = $2")
        .bind(owner.to_owned())
        .bind(key.to_owned())
        .optional()
        .await
}

/// Lists orders, newest first.
pub async fn list(db: impl Session<'_>, filter: &Filter, limit: i64) -> Result<Vec<Order>> {
    // Two texts, so that a user's own list goes by its index.
    const OF_USER: &str = "SELECT * FROM orders
         WHERE user_id = $1 AND version > 0 AND ($2 IS NULL OR status = $2)
           AND ($3 IS NULL OR payment_status = $3) AND ($4 IS NULL OR email = $4)
           AND ($5 IS NULL OR created_at >= $5) AND ($6 IS NULL OR created_at < $6)
           AND ($7 IS NULL OR id < $7)
           AND ($10 IS NULL OR lower(number) LIKE lower($10) ESCAPE '\\'
                OR lower(email) LIKE lower($10) ESCAPE '\\'
                OR lower(name) LIKE lower($10) ESCAPE '\\')
         ORDER BY id DESC LIMIT $8 OFFSET $9";
    const ALL: &str = "SELECT * FROM orders
         WHERE $1 IS NULL AND version > 0 AND ($2 IS NULL OR status = $2)
           AND ($3 IS NULL OR payment_status = $3) AND ($4 IS NULL OR email = $4)
           AND ($5 IS NULL OR created_at >= $5) AND ($6 IS NULL OR created_at < $6)
           AND ($7 IS NULL OR id < $7)
           AND ($10 IS NULL OR lower(number) LIKE lower($10) ESCAPE '\\'
                OR lower(email) LIKE lower($10) ESCAPE '\\'
                OR lower(name) LIKE lower($10) ESCAPE '\\')
         ORDER BY id DESC LIMIT $8 OFFSET $9";
    db.query(if filter.user_id.is_some() { OF_USER } else { ALL })
        .bind(filter.user_id)
        .bind(filter.status.map(Status::as_str))
        .bind(filter.payment.map(PaymentStatus::as_str))
        .bind(filter.email.clone())
        .bind(filter.from)
        .bind(filter.to)
        .bind(filter.before)
        .bind(limit)
        .bind(filter.skip)
        .bind(filter.search.as_deref().map(containing))
        .all()
        .await
}

pub async fn count(db: impl Session<'_>, filter: &Filter) -> Result<i64> {
    let (count,): (i64,) = db
        .query(
            "SELECT count(*) FROM orders
             WHERE version > 0 AND ($1 IS NULL OR user_id = $1) AND ($2 IS NULL OR status = $2)
               AND ($3 IS NULL OR payment_status = $3) AND ($4 IS NULL OR email = $4)
               AND ($5 IS NULL OR created_at >= $5) AND ($6 IS NULL OR created_at < $6)
               AND ($7 IS NULL OR lower(number) LIKE lower($7) ESCAPE '\\'
                    OR lower(email) LIKE lower($7) ESCAPE '\\'
                    OR lower(name) LIKE lower($7) ESCAPE '\\')",
        )
        .bind(filter.user_id)
        .bind(filter.status.map(Status::as_str))
        .bind(filter.payment.map(PaymentStatus::as_str))
        .bind(filter.email.clone())
        .bind(filter.from)
        .bind(filter.to)
        .bind(filter.search.as_deref().map(containing))
        .one()
        .await?;
    Ok(count)
}

pub async fn lines(db: impl Session<'_>, order: Uuid) -> Result<Vec<OrderLine>> {
    db.query(
        "SELECT position, sku, product_id, variant_id, title, variant_title, image, quantity,
                unit_price, total, taxable, requires_shipping
         FROM order_lines WHERE order_id = $1 ORDER BY position",
    )
    .bind(order)
    .all()
    .await
}

pub async fn history(db: impl Session<'_>, order: Uuid) -> Result<Vec<Change>> {
    db.query(
        "SELECT from_status, to_status, payment, fulfillment, reason, actor, amount, at
         FROM order_history WHERE order_id = $1 ORDER BY version",
    )
    .bind(order)
    .all()
    .await
}

/// What was told about an order, oldest first. Goes by the ids events derive from, as an outbox has
/// no index of its subjects.
pub async fn told(db: &Db, order: &Order) -> Result<Vec<Told>> {
    let mut told = Vec::new();
    for version in 1..=order.version {
        let kinds: &[&str] = match version {
            1 => &[OrderCreated::TYPE],
            _ => &[OrderRefunded::TYPE, OrderStatusUpdated::TYPE, OrderTrackingUpdated::TYPE],
        };
        for kind in kinds {
            let event = db
                .query("SELECT id, type, version, time, sent_at, data FROM outbox WHERE id = $1")
                .bind(outbox::event_id(order.id, kind, version));
            told.extend(event.optional::<Told>().await?);
        }
    }
    Ok(told)
}

/// Saves a changed order if nobody else has changed it since it was read; its version rises. The
/// change goes into the history and, if the status is another, is told.
pub async fn save_order(
    tx: &mut Tx,
    order: &mut Order,
    from: Status,
    lines: &[OrderLine],
    now: DateTime<Utc>,
) -> Result<bool> {
    let saved = tx
        .query(
            "UPDATE orders SET status = $3, payment_status = $4, fulfillment_status = $5,
                    payment_id = $6, reason = $7, tracking_number = $8, refunded = $9,
                    version = version + 1, updated_at = $10
             WHERE id = $1 AND version = $2",
        )
        .bind(order.id)
        .bind(order.version)
        .bind(order.status.as_str())
        .bind(order.payment_status.as_str())
        .bind(order.fulfillment_status.as_str())
        .bind(order.payment_id)
        .bind(order.reason.clone())
        .bind(order.tracking_number.clone())
        .bind(order.refunded)
        .bind(now)
        .execute()
        .await?;
    if saved == 0 {
        return Ok(false);
    }
    order.version += 1;
    order.updated_at = now;
    insert_change(tx, order, Some(from)).await?;
    if order.status != from {
        if from == Status::Pending || order.status == Status::Cancelled {
            note_decision(&mut *tx, order).await?;
        }
        let updated = OrderStatusUpdated {
            order: order.told(lines),
            from: from.as_str().to_owned(),
            to: order.status.as_str().to_owned(),
            payment_status: order.payment_status.as_str().to_owned(),
            fulfillment_status: order.fulfillment_status.as_str().to_owned(),
            reason: order.reason(),
            tracking_number: order.tracking_number.clone(),
            refund: match (order.status, order.payment_status) {
                (Status::Cancelled, PaymentStatus::Refunded) => {
                    Some(refund_of_cancel(&mut *tx, order.id).await?)
                }
                _ => None,
            },
        };
        outbox::tell(tx, order.id, order.version, &updated, now).await?;
    }
    Ok(true)
}

/// Orders that should have been decided, not counting those that wait for the customer: nothing has
/// happened to them since a time, or they were changed after `until`, which is yet to come, by a
/// clock that was ahead.
pub async fn undecided(
    db: &Db,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<(Uuid, String, String)>> {
    db.query(
        "SELECT sagas.order_id, orders.number, sagas.step FROM sagas
         JOIN orders ON orders.id = sagas.order_id
         WHERE (step NOT IN ('done', 'await_action', 'await_payment') AND orders.updated_at < $1)
            OR (step IN ('await_action', 'await_payment') AND sagas.due_at < $1)
            OR (step <> 'done' AND orders.updated_at > $2)",
    )
    .bind(since)
    .bind(until)
    .all()
    .await
}

/// Keeps what somebody said about a cancel in their own words.
pub async fn set_cancel_note(tx: &mut Tx, order: Uuid, note: &str) -> Result<()> {
    tx.query("UPDATE orders SET cancel_note = $2 WHERE id = $1")
        .bind(order)
        .bind(note.to_owned())
        .execute()
        .await
        .map(drop)
}

/// Takes the e-mail address of a user who is gone off their orders, also where it stands for a name,
/// and what they said about a cancel. Who bought stays, as an invoice must say it.
pub async fn forget_email(tx: &mut Tx, user: Uuid) -> Result<()> {
    tx.query(
        "UPDATE orders SET email = '', cancel_note = NULL, name = CASE WHEN name = email THEN '' ELSE name END
         WHERE user_id = $1 AND email <> ''",
    )
    .bind(user)
    .execute()
    .await
    .map(drop)
}

/// A change is made by whoever placed the order, or asked for it to be cancelled, else by the shop
/// itself; `sign` says otherwise.
async fn insert_change(tx: &mut Tx, order: &Order, from: Option<Status>) -> Result<()> {
    tx.query(
        "INSERT INTO order_history (order_id, version, from_status, to_status, payment,
                                    fulfillment, reason, at, actor)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8,
                 CASE WHEN $3 IS NULL THEN 'customer'
                      ELSE COALESCE((SELECT cancelled_by FROM sagas
                                     WHERE order_id = $1 AND cancel IS NOT NULL), 'system') END)",
    )
    .bind(order.id)
    .bind(order.version)
    .bind(from.map(Status::as_str))
    .bind(order.status.as_str())
    .bind(order.payment_status.as_str())
    .bind(order.fulfillment_status.as_str())
    .bind(order.reason.clone())
    .bind(order.updated_at)
    .execute()
    .await
    .map(drop)
}

#[cfg(test)]
mod tests;
