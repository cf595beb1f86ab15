//! Finishes what a request could not: operations whose outcome stayed unknown, and those whose
//! process has gone. Asks how payments stand that wait for their customer or a bank, in case no
//! webhook says so. Says when what a payment holds is about to lapse.

use std::time::Duration;

use chassis::db;
use chassis::telemetry::cause;
use chassis::work::Loop;
use chrono::TimeDelta;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::model::{Operation, Payment};
use crate::operations::ObserveError;
use crate::store::{self, OPERATIONS};
use crate::{App, operations, settle};

/// How long the worker sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(500);
/// Operations worked on at the same time.
const BATCH: i64 = 32;

/// Works on operations until stopped. Interrupted work is taken over by the next worker.
pub(crate) async fn work(app: &App, stop: &CancellationToken) {
    let operations = Loop::new(OPERATIONS.name(), POLL).woken_by(&app.unknown);
    operations
        .cut_off_after(Duration::ZERO)
        .run(stop, || async { Ok::<_, db::Error>(turn(app).await? > 0) })
        .await;
}

/// Works on the operations that are due, up to a batch; returns how many there were.
pub(crate) async fn turn(app: &App) -> db::Result<usize> {
    let due = OPERATIONS.claim(&app.db, app.clock.now(), app.config.lease(), BATCH).await?;
    let count = due.len();
    for done in join_all(due.into_iter().map(|it| db::watched(go_on(app, it)))).await {
        done?;
    }
    Ok(count)
}

async fn go_on(app: &App, operation: Operation) -> db::Result<()> {
    if let Some(payment) = store::find(&app.db, operation.payment_id).await? {
        operations::run(app, payment, operation).await;
    }
    Ok(())
}

/// How often the worker looks for payments that are to be asked after.
const LOOK_POLL: Duration = Duration::from_secs(5);
/// Payments asked after at the same time.
const LOOKS: i64 = 16;
/// How long another process leaves a payment alone that is being asked after.
const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(5);

/// Asks after payments that wait until stopped.
pub(crate) async fn look(app: &App, stop: &CancellationToken) {
    let payments = Loop::new("payments.looks", LOOK_POLL);
    payments
        .cut_off_after(Duration::ZERO)
        .run(stop, || async { Ok::<_, db::Error>(look_at_due(app).await? > 0) })
        .await;
}

/// Asks after the payments that are due, up to a batch; returns how many there were.
pub(crate) async fn look_at_due(app: &App) -> db::Result<usize> {
    let now = app.clock.now();
    let due = store::to_look_at(&app.db, now, now + LOOK_AGAIN, LOOKS).await?;
    let count = due.len();
    let looks = due.into_iter().map(|it| db::watched(look_at(app, it)));
    for done in join_all(looks).await {
        done?;
    }
    Ok(count)
}

/// Where the provider does not answer, it is asked again later.
async fn look_at(app: &App, payment: Payment) -> db::Result<()> {
    settle::announce_expiry(app, &payment).await?;
    match operations::observe(app, &payment).await {
        Ok(_) => Ok(()),
        Err(ObserveError::Database(error)) => Err(error),
        Err(ObserveError::Provider(error)) => {
            let (id, error) = (payment.id, cause(&error));
            tracing::warn!(payment = %id, error, "cannot look up a payment; asking again later");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
