//! The SQL of `proven_emails`: the address each account has proven, and the queue of accounts that
//! guests' orders have yet to join.

use chassis::db::{Result, Session, Tx, sql};
use chassis::outbox;
use chassis::queue::{Due, Held, Queue, Table};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::orders::OrderJoined;
use uuid::Uuid;

use crate::model::{JOINED, Order, OrderLine};

pub static JOINS: Queue = Queue::new(Table {
    name: "orders.joins",
    table: "proven_emails",
    key: "user_id",
    columns: "user_id, email, fence",
    open: "state = 'waiting'",
    due: Due::At("due_at"),
    order: "due_at, user_id",
    claimed: "",
    hurried: "state = 'waiting'",
    dead: None,
    longest: Some(TimeDelta::hours(1)),
});

/// An account whose orders are about to join it.
#[derive(Debug, chassis::db::Record)]
pub struct ProvenEmail {
    pub user_id: Uuid,
    /// None once it is taken back.
    pub email: Option<String>,
    pub fence: i64,
}

impl ProvenEmail {
    pub fn held(&self) -> Held<Uuid> {
        (self.user_id, self.fence)
    }
}

/// Keeps the address a user has proven, and has orders join. Older news than what is known, by the
/// account's version, changes nothing.
pub async fn set_proven_email(
    tx: &mut Tx,
    user: Uuid,
    email: &str,
    version: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    let set = sql!(
        "INSERT INTO proven_emails (user_id, email, version, state, due_at)
         VALUES ({user}, {email}, {version}, 'waiting', {now})
         ON CONFLICT (user_id) DO UPDATE
         SET email = excluded.email, version = excluded.version, state = 'waiting',
             due_at = excluded.due_at, lease_until = NULL, fence = proven_emails.fence + 1
         WHERE proven_emails.version <= excluded.version"
    );
    tx.query(set).execute().await.map(drop)
}

/// Forgets what a user has proven: they have another address, or are gone.
pub async fn forget_proven_email(
    tx: &mut Tx,
    user: Uuid,
    version: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    let forget = sql!(
        "INSERT INTO proven_emails (user_id, version, state, due_at)
         VALUES ({user}, {version}, 'done', {now})
         ON CONFLICT (user_id) DO UPDATE
         SET email = NULL, version = excluded.version, state = 'done', lease_until = NULL,
             fence = proven_emails.fence + 1
         WHERE proven_emails.version < excluded.version"
    );
    tx.query(forget).execute().await.map(drop)
}

/// Has an order join that is about to be confirmed, if somebody has proven its address. Whoever is
/// just looking for orders to join looks again.
pub async fn wake_joins(tx: &mut Tx, email: &str, now: DateTime<Utc>) -> Result<()> {
    let wake = sql!(
        "UPDATE proven_emails SET state = 'waiting', due_at = {now}, lease_until = NULL,
                                  fence = fence + 1
         WHERE email = {email}"
    );
    tx.query(wake).execute().await.map(drop)
}

/// Orders of guests with this address that nobody is working on, oldest first.
pub async fn joinable(db: impl Session<'_>, email: &str, limit: i64) -> Result<Vec<Order>> {
    let find = sql!(
        "SELECT {Order.*} FROM orders
         WHERE email = {email} AND user_id IS NULL AND version > 0
           AND id IN (SELECT order_id FROM sagas
                      WHERE order_id = orders.id
                        AND step IN ('done', 'ship', 'put_back', 'await_action', 'await_payment'))
         ORDER BY id LIMIT {limit}"
    );
    db.query(find).all().await
}

/// Whether a guest with this address has an order that is yet to join: one that is being worked on.
pub async fn underway(db: impl Session<'_>, email: &str) -> Result<bool> {
    let find = sql!(
        "SELECT CAST(1 AS BIGINT) FROM orders
         WHERE email = {email} AND user_id IS NULL AND version > 0 LIMIT 1"
    );
    Ok(db.query(find).optional::<(i64,)>().await?.is_some())
}

/// Makes an order that was read as a guest's one of an account, and publishes that. Its version
/// rises, but not when it was changed: a guest sees that. False where somebody else has changed it:
/// then nothing of the transaction may be committed.
pub async fn join(
    tx: &mut Tx,
    order: &mut Order,
    user: Uuid,
    lines: &[OrderLine],
    now: DateTime<Utc>,
) -> Result<bool> {
    order.user_id = Some(user);
    order.version += 1;
    let event = OrderJoined {
        order: order.to_event(lines),
        status: order.status.as_str().to_owned(),
        payment_status: order.payment_status.as_str().to_owned(),
    };
    let Order { id, version, status, payment_status, fulfillment_status, .. } = &*order;
    let mut batch = tx.batch();
    batch.must(|tx| {
        tx.query(sql!(
            "UPDATE orders SET user_id = {user}, version = {version}
             WHERE id = {id} AND version = {version - 1} AND user_id IS NULL"
        ))
    });
    batch.add(|tx| {
        tx.query(sql!(
            "INSERT INTO order_history (order_id, version, from_status, to_status, payment,
                                        fulfillment, reason, at, actor)
             VALUES ({id}, {version}, {status}, {status}, {payment_status}, {fulfillment_status},
                     {JOINED}, {now}, 'system')
             ON CONFLICT (order_id, version) DO NOTHING"
        ))
    });
    outbox::publish_with(&mut batch, *id, *version, &event, now)?;
    batch.execute().await
}
