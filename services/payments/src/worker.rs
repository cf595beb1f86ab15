//! Finishes what a request could not: operations whose outcome stayed unknown, and those whose
//! process has gone.

use std::time::Duration;

use chassis::db;
use futures::future::join_all;

use crate::model::Operation;
use crate::{App, operations, store};

/// How long the worker sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(500);
/// Operations worked on at the same time.
const BATCH: i64 = 32;

/// Works until told to stop. What it is cut off from is taken over by whoever comes next.
pub(crate) async fn work(app: &App, stop: impl Future<Output = ()>) {
    let work = async {
        loop {
            match turn(app).await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "payment operations wait");
                }
            }
            tokio::select! {
                () = app.unknown.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    };
    tokio::select! {
        () = stop => {}
        () = work => {}
    }
}

/// Works on the operations that are due, up to a batch; returns how many there were.
pub(crate) async fn turn(app: &App) -> db::Result<usize> {
    let now = app.clock.now();
    if !store::any_due(&app.db, now).await? {
        return Ok(0);
    }
    let due = store::claim(&app.db, now + app.config.lease(), now, BATCH).await?;
    let count = due.len();
    for done in join_all(due.into_iter().map(|it| go_on(app, it))).await {
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
