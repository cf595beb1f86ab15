//! The queue of sagas: the work on orders that have not come to rest.

use chassis::db::{Batch, Db, Result, Session, sql};
use chassis::queue::{Due, Queue, Table};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::model::Saga;

/// Who drives a saga has claimed it, or made it; requests that change its course take it over.
/// Where a clock was ahead, `shorten_waits` puts its times right, since waiting for a customer is
/// no pause.
pub static SAGAS: Queue = Queue::new(Table {
    name: "orders.sagas",
    table: "sagas",
    key: "order_id",
    columns: "*",
    open: "step <> 'done'",
    due: Due::At("due_at"),
    order: "due_at",
    claimed: "",
    hurried: "step NOT IN ('await_action', 'await_payment')",
    dead: None,
    longest: None,
});

pub async fn saga(db: impl Session<'_>, order: Uuid) -> Result<Option<Saga>> {
    db.query(sql!("SELECT {Saga.*} FROM sagas WHERE order_id = {order}")).optional().await
}

/// Saves the saga if nobody else has moved it since it was read; its fence rises. One
/// statement for all that may come of a turn: the next step, a longer lease, a pause, the end.
pub async fn save_saga(db: impl Session<'_>, saga: &mut Saga) -> Result<bool> {
    let seen = saga.fence;
    saga.fence += 1;
    Ok(db.update_if(&*saga, "fence", seen).execute().await? == 1)
}

/// The same among other writes.
pub(super) fn save_saga_with(batch: &mut Batch<'_>, saga: &mut Saga) {
    let seen = saga.fence;
    saga.fence += 1;
    batch.must(|tx| tx.update_if(&*saga, "fence", seen));
}

/// Sagas whose times were set by a clock that has been put back since, or was wrong: what is to be
/// done is due now, and waiting for a customer ends as long from now as it was to last.
///
/// An order was not changed later than now; by how much it says so is how much the clock was ahead,
/// at least. `far` is where nobody can have put the end of a lease or of a pause.
pub async fn shorten_waits(db: &Db, now: DateTime<Utc>, far: DateTime<Utc>) -> Result<u64> {
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
        // Its current holder has an older fence, and stops.
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
