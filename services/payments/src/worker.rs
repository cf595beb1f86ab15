//! Finishes what a request could not: operations whose outcome stayed unknown, and those whose
//! process has gone.

use std::time::Duration;

use chassis::db;
use chassis::work::Loop;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::model::Operation;
use crate::store::{self, OPERATIONS};
use crate::{App, operations};

/// How long the worker sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(500);
/// Operations worked on at the same time.
const BATCH: i64 = 32;

/// Works until stopped. Interrupted work is taken over by the next worker.
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
