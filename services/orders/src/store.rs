//! The SQL of orders, all of it.

mod carts;
mod changes;
mod invariants;
mod joins;
mod keys;
mod lists;
mod payment_keys;
mod placing;
mod refunds;
mod reports;
mod sagas;
#[cfg(test)]
pub mod testing;

pub use carts::{CartOrder, last_orders, note_decision};
pub use changes::{save, save_order};
pub use invariants::{
    claims, lines_that_do_not_add_up, paid_lines, refunded_lines, refunds_that_do_not_add_up,
    two_undecided, undecided, unnamed, unsettled,
};
pub use joins::{
    JOINS, ProvenEmail, forget_proven_email, join, joinable, set_proven_email, underway, wake_joins,
};
pub use keys::{
    NewKey, count_search, delete_keys, delete_keys_of, has_key, insert_key, tidy_keys,
    tidy_searches,
};
pub use lists::{Filter, count, lines_of, list};
pub use payment_keys::{insert_payment_key, keep_refusal, payment_key};
pub use placing::{accept, next_number, place, place_first, withdraw};
pub use refunds::{
    all_restocked, fail_refund, insert_refund, is_refund, refund_of_cancel, refunds, restocked,
    set_cancelled_by, set_disputed, sign, sign_refund,
};
pub use reports::{ProductSales, Sales, sales, top_products, units};
use sagas::save_saga_with;
pub use sagas::{SAGAS, saga, save_saga, shorten_waits, wake};

use chassis::db::{Db, Result, Session, Tx, sql};
use chassis::outbox::{self, EventData};
use contracts::orders::{
    OrderCreated, OrderJoined, OrderPaymentActionRequired, OrderRefunded, OrderStatusUpdated,
    OrderTrackingUpdated,
};
use uuid::Uuid;

use crate::model::{Change, Order, OrderEvent, OrderLine};
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

/// The events of an order, oldest first. Uses the ids events derive from, as an outbox has
/// no index of its subjects.
pub async fn events_of(db: &Db, order: &Order) -> Result<Vec<OrderEvent>> {
    const LATER: [&str; 5] = [
        OrderPaymentActionRequired::TYPE,
        OrderRefunded::TYPE,
        OrderStatusUpdated::TYPE,
        OrderTrackingUpdated::TYPE,
        OrderJoined::TYPE,
    ];
    let mut ids = Vec::new();
    for version in 1..=order.version {
        let kinds = if version == 1 { &[OrderCreated::TYPE][..] } else { &LATER };
        ids.extend(kinds.iter().map(|kind| outbox::event_id(order.id, kind, version)));
    }
    let told = sql!("SELECT {OrderEvent.*} FROM outbox WHERE id IN ({ids..})");
    let mut told: Vec<OrderEvent> = db.query(told).all().await?;
    told.sort_by_key(|it| ids.iter().position(|id| *id == it.id));
    Ok(told)
}

/// Keeps what somebody said about a cancel in their own words.
pub async fn set_cancel_note(tx: &mut Tx, order: Uuid, note: &str) -> Result<()> {
    let keep = sql!("UPDATE orders SET cancel_note = {note} WHERE id = {order}");
    tx.query(keep).execute().await.map(drop)
}

/// Takes the e-mail address of a user who is gone off their orders, also where it stands for a
/// name, and what they said about a cancel. Who bought stays, as an invoice must say it.
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
