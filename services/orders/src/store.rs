//! The SQL of orders, all of it.

mod audit;
mod carts;
mod changes;
mod lists;
mod payment_keys;
mod placing;
mod refunds;
mod reports;
#[cfg(test)]
mod testing;

pub use audit::{
    claims, lines_that_do_not_add_up, paid_lines, refunded_lines, refunds_that_do_not_add_up,
    two_undecided, undecided, unnamed, unsettled,
};
pub use carts::{CartOrder, last_orders, note_decision};
pub use changes::{save, save_order};
pub use lists::{Filter, count, lines_of, list};
pub use payment_keys::{insert_payment_key, keep_refusal, payment_key};
pub use placing::{accept, next_number, place, place_first, withdraw};
pub use refunds::{
    all_restocked, insert_refund, refund_of_cancel, refunds, restocked, set_cancelled_by, sign,
    sign_refund,
};
pub use reports::{ProductSales, Sales, sales, top_products, units};

use chassis::db::{Batch, Db, Result, Session, Sql, Tx, sql};
use chassis::outbox::{self, EventData};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::orders::{OrderCreated, OrderRefunded, OrderStatusUpdated, OrderTrackingUpdated};
use uuid::Uuid;

use crate::model::{Change, Order, OrderLine, Saga, Told};
#[cfg(test)]
use {
    crate::model::Status,
    testing::{claim_carts, last_order, request},
};

/// The secret from which the order tokens of guests derive; `fresh` becomes it if there is none.
pub async fn secret(db: &Db, fresh: &[u8]) -> Result<Vec<u8>> {
    let mut tx = db.begin().await?;
    let keep = sql!(
        "INSERT INTO secrets (name, value) VALUES ('order_tokens', {fresh})
         ON CONFLICT (name) DO NOTHING"
    );
    tx.query(keep).execute().await?;
    let (value,): (Vec<u8>,) =
        tx.query("SELECT value FROM secrets WHERE name = 'order_tokens'").one().await?;
    tx.commit().await?;
    Ok(value)
}

pub async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Order>> {
    db.query(sql!("SELECT {Order.*} FROM orders WHERE id = {id}")).optional().await
}

pub async fn find_by_number(db: impl Session<'_>, number: &str) -> Result<Option<Order>> {
    db.query(sql!("SELECT {Order.*} FROM orders WHERE number = {number}")).optional().await
}

/// The order a client has asked for under this key.
pub async fn find_by_key(db: impl Session<'_>, owner: &str, key: &str) -> Result<Option<Order>> {
    let find =
        sql!("SELECT {Order.*} FROM orders WHERE owner = {owner} AND idempotency_key = {key}");
    db.query(find).optional().await
}

/// Those of the orders that are known, and whose goods have not left the shop.
pub async fn unshipped(db: impl Session<'_>, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let unshipped = sql!(
        "SELECT id FROM orders WHERE id IN ({ids..})
           AND fulfillment_status IN ('unfulfilled', 'partially_fulfilled')"
    );
    let unshipped: Vec<(Uuid,)> = db.query(unshipped).all().await?;
    Ok(unshipped.into_iter().map(|(id,)| id).collect())
}

pub async fn lines(db: impl Session<'_>, order: Uuid) -> Result<Vec<OrderLine>> {
    let lines =
        sql!("SELECT {OrderLine.*} FROM order_lines WHERE order_id = {order} ORDER BY position");
    db.query(lines).all().await
}

pub async fn history(db: impl Session<'_>, order: Uuid) -> Result<Vec<Change>> {
    let history =
        sql!("SELECT {Change.*} FROM order_history WHERE order_id = {order} ORDER BY version");
    db.query(history).all().await
}

/// What was told about an order, oldest first. Goes by the ids events derive from, as an outbox has
/// no index of its subjects.
pub async fn told(db: &Db, order: &Order) -> Result<Vec<Told>> {
    const LATER: [&str; 3] =
        [OrderRefunded::TYPE, OrderStatusUpdated::TYPE, OrderTrackingUpdated::TYPE];
    let mut ids = Vec::new();
    for version in 1..=order.version {
        let kinds = if version == 1 { &[OrderCreated::TYPE][..] } else { &LATER };
        ids.extend(kinds.iter().map(|kind| outbox::event_id(order.id, kind, version)));
    }
    let told = sql!("SELECT {Told.*} FROM outbox WHERE id IN ({ids..})");
    let mut told: Vec<Told> = db.query(told).all().await?;
    told.sort_by_key(|it| ids.iter().position(|id| *id == it.id));
    Ok(told)
}

pub async fn saga(db: impl Session<'_>, order: Uuid) -> Result<Option<Saga>> {
    db.query(sql!("SELECT {Saga.*} FROM sagas WHERE order_id = {order}")).optional().await
}

/// Saves the saga if nobody else has moved it since it was read; its version rises.
pub async fn save_saga(db: impl Session<'_>, saga: &mut Saga) -> Result<bool> {
    let seen = saga.version;
    saga.version += 1;
    Ok(db.update_if(&*saga, "version", seen).execute().await? == 1)
}

/// The same among other writes.
fn save_saga_with(batch: &mut Batch<'_>, saga: &mut Saga) {
    let seen = saga.version;
    saga.version += 1;
    batch.must(|tx| tx.update_if(&*saga, "version", seen));
}

/// Takes sagas that are due and that nobody works on, for the time of the lease.
pub async fn claim(db: &Db, now: DateTime<Utc>, lease: TimeDelta, limit: i64) -> Result<Vec<Saga>> {
    const DUE: &str = "SELECT CAST(count(*) AS BIGINT) FROM (SELECT 1 FROM sagas
         WHERE step <> 'done' AND due_at <= $1 AND lease_until <= $1 LIMIT 1) AS due";
    const CLAIM: Sql = Sql {
        sqlite: "UPDATE sagas SET lease_until = $2, version = version + 1
                 WHERE order_id IN (SELECT order_id FROM sagas
                                    WHERE step <> 'done' AND due_at <= $1 AND lease_until <= $1
                                    ORDER BY due_at LIMIT $3)
                 RETURNING *",
        postgres: "UPDATE sagas SET lease_until = $2, version = version + 1
                   WHERE order_id IN (SELECT order_id FROM sagas
                                      WHERE step <> 'done' AND due_at <= $1 AND lease_until <= $1
                                      ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
                   RETURNING *",
    };
    // A look that takes no write lock: there is mostly nothing to do.
    if db.query(DUE).bind(now).one::<(i64,)>().await?.0 == 0 {
        return Ok(vec![]);
    }
    db.query(CLAIM).bind(now).bind(now + lease).bind(limit).all().await
}

/// Ends every lease and every pause between two tries: whoever held one was in a process that is
/// gone, and so may be the clock that both were set by.
pub async fn take_over(db: &Db, now: DateTime<Utc>) -> Result<u64> {
    db.query(
        "UPDATE sagas
         SET lease_until = $1,
             due_at = CASE WHEN step IN ('await_action', 'await_payment') THEN due_at ELSE $1 END
         WHERE step <> 'done' AND (lease_until > $1 OR due_at > $1)",
    )
    .bind(now)
    .execute()
    .await
}

/// Sagas whose times were set by a clock that has been put back since, or was wrong: what is to be
/// done is due now, and waiting for a customer ends as long from now as it was to last.
///
/// An order was not changed later than now; by how much it says so is how much the clock was ahead,
/// at least. `far` is where nobody can have put the end of a lease or of a pause.
pub async fn bring_near(db: &Db, now: DateTime<Utc>, far: DateTime<Utc>) -> Result<u64> {
    let ahead: Vec<(Uuid, DateTime<Utc>)> = db
        .query(
            "SELECT orders.id, orders.updated_at FROM sagas
             JOIN orders ON orders.id = sagas.order_id
             WHERE step <> 'done'
               AND (orders.updated_at > $2 OR lease_until > $2
                    OR (due_at > $2 AND step NOT IN ('await_action', 'await_payment')))
             ORDER BY due_at LIMIT 100",
        )
        .bind(now)
        .bind(far)
        .all()
        .await?;
    let mut moved = 0;
    for (order, updated_at) in ahead {
        let mut tx = db.begin().await?;
        let Some(mut saga) = saga(&mut tx, order).await? else { continue };
        let by = (updated_at - now).max(TimeDelta::zero());
        saga.lease_until = now;
        saga.deadline -= by;
        saga.hold_until = saga.hold_until.map(|it| it - by);
        saga.due_at = if saga.step.is_waiting() { saga.due_at - by } else { now };
        let back = "UPDATE orders SET updated_at = $2 WHERE id = $1 AND updated_at > $2";
        tx.query(back).bind(order).bind(now).execute().await?;
        // Who has it in hand has read an older version, and lets go.
        if save_saga(&mut tx, &mut saga).await? {
            tx.commit().await?;
            moved += 1;
        }
    }
    Ok(moved)
}

/// Makes a saga that waits for its payment due now, and free: nobody works on one that waits.
pub async fn wake(db: impl Session<'_>, order: Uuid, now: DateTime<Utc>) -> Result<u64> {
    db.query(
        "UPDATE sagas SET due_at = $2, lease_until = $2
         WHERE order_id = $1 AND due_at > $2
           AND step IN ('authorize', 'capture', 'await_action', 'void', 'refund')",
    )
    .bind(order)
    .bind(now)
    .execute()
    .await
}

/// Keeps what somebody said about a cancel in their own words.
pub async fn set_cancel_note(tx: &mut Tx, order: Uuid, note: &str) -> Result<()> {
    let keep = sql!("UPDATE orders SET cancel_note = {note} WHERE id = {order}");
    tx.query(keep).execute().await.map(drop)
}

/// Takes the e-mail address of a user who is gone off their orders, also where it stands for a name,
/// and what they said about a cancel. Who bought stays, as an invoice must say it.
pub async fn forget_email(tx: &mut Tx, user: Uuid) -> Result<()> {
    let forget = sql!(
        "UPDATE orders SET email = '', cancel_note = NULL,
                           name = CASE WHEN name = email THEN '' ELSE name END
         WHERE user_id = {user} AND email <> ''"
    );
    tx.query(forget).execute().await.map(drop)
}

#[cfg(test)]
mod tests;
