//! The SQL of how an order comes to be: requested first, and placed once its stock is held.
//!
//! A requested order has version 0 and no number; nobody is shown it. What is sold out is withdrawn
//! again, and leaves nothing behind.

use chassis::db::{Db, Error, Result, Session, Tx, sql};
use chassis::outbox;
use chrono::{DateTime, Utc};
use contracts::orders::OrderCreated;
use uuid::Uuid;

use super::carts::claim_with;
use super::changes::insert_change;
use super::save_saga_with;
use crate::carts::Claim;
use crate::model::{Order, OrderLine, Saga};

/// The next order's number, taken before the transaction that places the order. None on SQLite,
/// where `place` takes it: there one transaction writes at a time anyhow.
///
/// On PostgreSQL all copies share this one row. Taken within the transaction it stays locked until
/// that ends, so that one copy that is frozen there stops every checkout. This way no copy holds it
/// while PostgreSQL waits for that copy. A number whose order is not placed is left out.
pub async fn next_number(db: &Db) -> Result<Option<i64>> {
    // Not flushed for its own sake: what is stored later is never on disk before it.
    const NEXT: &str = "UPDATE numbers SET last = last + 1
         WHERE name = 'orders' AND set_config('synchronous_commit', 'off', true) IS NOT NULL
         RETURNING last";
    if db.is_sqlite() {
        return Ok(None);
    }
    db.query(NEXT).one::<(i64,)>().await.map(|(number,)| Some(number))
}

/// A line as it goes in.
#[derive(chassis::db::Insert)]
#[record(table = "order_lines")]
struct NewLine<'a> {
    order_id: Uuid,
    #[record(flatten)]
    line: &'a OrderLine,
}

/// Stores a requested order with what belongs to it, as the last one of its carts. False where the
/// carts have to be read again: then nothing of the transaction may be committed.
pub async fn accept(
    tx: &mut Tx,
    order: &Order,
    claims: &[Claim],
    lines: &[OrderLine],
    saga: &Saga,
) -> Result<bool> {
    let mut batch = tx.batch();
    claim_with(&mut batch, order.id, claims);
    let lines = lines.iter().map(|line| NewLine { order_id: order.id, line });
    batch.add(|tx| tx.insert(order)).insert_all(&lines.collect::<Vec<_>>());
    batch.add(|tx| tx.insert(saga));
    batch.execute().await
}

/// Places a requested order: gives it its number, the next one where there is none yet, and tells
/// of it. False where it is placed already, or withdrawn: then neither the transaction nor the
/// order is good for anything any more.
pub async fn place(
    tx: &mut Tx,
    order: &mut Order,
    lines: &[OrderLine],
    number: Option<i64>,
    now: DateTime<Utc>,
) -> Result<bool> {
    write(tx, None, order, lines, number, now).await
}

/// The same as a step of its saga.
pub async fn place_first(
    tx: &mut Tx,
    saga: &mut Saga,
    order: &mut Order,
    lines: &[OrderLine],
    number: Option<i64>,
    now: DateTime<Utc>,
) -> Result<bool> {
    write(tx, Some(saga), order, lines, number, now).await
}

async fn write(
    tx: &mut Tx,
    saga: Option<&mut Saga>,
    order: &mut Order,
    lines: &[OrderLine],
    number: Option<i64>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let number = match number {
        Some(number) => number,
        None => {
            let next = "UPDATE numbers SET last = last + 1 WHERE name = 'orders' RETURNING last";
            tx.query(next).one::<(i64,)>().await?.0
        }
    };
    order.number = format!("CW-{number}");
    order.version = 1;
    order.updated_at = now;
    let mut batch = tx.batch();
    if let Some(saga) = saga {
        save_saga_with(&mut batch, saga);
    }
    let Order { id, number, .. } = &*order;
    batch.must(|tx| {
        tx.query(sql!(
            "UPDATE orders SET number = {number}, version = 1, updated_at = {now}
             WHERE id = {id} AND version = 0"
        ))
    });
    insert_change(&mut batch, order, None, None);
    let created = OrderCreated { order: order.to_event(lines) };
    outbox::publish_with(&mut batch, order.id, order.version, &created, now)?;
    match batch.execute().await {
        // It is withdrawn: there is no order that a history could be of.
        Err(Error::Constraint(_)) => Ok(false),
        done => done,
    }
}

/// Takes a requested order out again with all that belongs to it; its carts and its key are free.
/// False where it has been placed: then nothing of the transaction may be committed.
pub async fn withdraw(tx: &mut Tx, order: Uuid) -> Result<bool> {
    let mut batch = tx.batch();
    batch.add(|tx| tx.query(sql!("DELETE FROM sagas WHERE order_id = {order}")));
    batch.add(|tx| tx.query(sql!("DELETE FROM order_lines WHERE order_id = {order}")));
    batch.add(|tx| {
        tx.query(sql!("UPDATE cart_orders SET state = 'cancelled' WHERE order_id = {order}"))
    });
    batch.must(|tx| tx.query(sql!("DELETE FROM orders WHERE id = {order} AND version = 0")));
    batch.execute().await
}
