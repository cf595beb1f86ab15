//! Forgets what no longer counts: sessions, one-time tokens, attempts, retired keys.

use std::time::Duration;

use chassis::db::Result;
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use crate::{App, store};

const PAUSE: Duration = Duration::from_secs(600);
/// How long the past is kept: longer than any list of revocations needs it.
const KEEP: TimeDelta = TimeDelta::days(1);

/// Tidies now and then until cancelled. A failure is logged: the next turn makes up for it.
pub async fn run(app: App, stop: CancellationToken) {
    loop {
        if let Err(error) = turn(&app).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "identity is not tidied");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Forgets all there is to forget, in small bites so that nobody waits long for the lock.
pub async fn turn(app: &App) -> Result<()> {
    let now = app.clock.now();
    let before = now - KEEP;
    let attempts = before.min(now - app.config.failure_window());
    while store::tidy_sessions(&app.db, before).await? > 0 {}
    while store::tidy_secrets(&app.db, now, attempts, before).await? > 0 {}
    Ok(())
}
