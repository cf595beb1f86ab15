//! Parts of a step on their own, for tests.

use chassis::db::{Db, Result, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Lease, NewOperation, intend_with, post_with, settle_with};
use crate::model::{Operation, Payment, State};

pub(crate) async fn intend(
    db: &Db,
    ask: NewOperation,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<Operation>> {
    let operation = ask.intended(now);
    let mut tx = db.begin().await?;
    let mut batch = tx.batch();
    intend_with(&mut batch, &operation, Lease { now, until });
    let noted = batch.execute().await?;
    tx.commit().await?;
    Ok(noted.then_some(operation))
}

pub(crate) async fn settle(
    tx: &mut Tx,
    operation: &Operation,
    state: State,
    now: DateTime<Utc>,
) -> Result<bool> {
    let mut batch = tx.batch();
    settle_with(&mut batch, operation, state, now);
    batch.execute().await
}

pub(crate) async fn post(
    tx: &mut Tx,
    transaction: Uuid,
    payment: &Payment,
    amount: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut batch = tx.batch();
    post_with(&mut batch, transaction, payment, amount, now);
    batch.execute().await.map(drop)
}
