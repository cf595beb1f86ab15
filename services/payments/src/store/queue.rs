//! The queue of operations: what a provider is asked until its answer is known.

use chassis::db::{Batch, Result, Session};
use chassis::queue::{Due, Queue, Table};
use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Operation, State};

/// An operation is born with a lease: who notes it asks the provider. It has no end but an answer.
pub(crate) static OPERATIONS: Queue = Queue::new(Table {
    name: "payments.operations",
    table: "operations",
    key: "id",
    columns: "*",
    open: "settled_at IS NULL",
    due: Due::At("next_at"),
    order: "next_at",
    claimed: "",
    hurried: "settled_at IS NULL",
    dead: None,
    longest: Some(TimeDelta::minutes(10)),
});

/// Notes the outcome of an operation and forgets the customer's token. Not done if somebody else
/// has settled it or taken it over.
pub(crate) fn settle_with(
    batch: &mut Batch<'_>,
    operation: &Operation,
    state: State,
    now: DateTime<Utc>,
) {
    const SETTLED: &str = "state = $3, attempts = $4, settled_at = $5, input = NULL";
    batch.must(|tx| {
        let settle = OPERATIONS.finish(tx, (operation.id, operation.fence), SETTLED);
        settle.bind(state.as_str()).bind(operation.attempts).bind(now)
    });
}

/// Releases an operation whose outcome is unknown until `next_at`. Without effect if
/// somebody else has settled it or taken it over.
pub(crate) async fn postpone(
    db: impl Session<'_>,
    operation: &Operation,
    now: DateTime<Utc>,
    next_at: DateTime<Utc>,
) -> Result<()> {
    const UNKNOWN: &str = "state = 'unknown', attempts = $5";
    let held = (operation.id, operation.fence);
    let release = OPERATIONS.release(db, held, (now, next_at), UNKNOWN);
    release.bind(operation.attempts).execute().await.map(drop)
}
