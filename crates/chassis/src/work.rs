//! Background work: the one loop of all queues and timers.

use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::service::BoxError;

/// A loop: a turn, again at once where there is more to do, else when woken or after a while.
#[derive(Debug)]
pub struct Loop<'a> {
    /// What the log calls it.
    name: &'static str,
    pause: Duration,
    wake: Wake<'a>,
    /// How long a turn may go on once it is stopped.
    grace: Option<Duration>,
}

#[derive(Debug)]
enum Wake<'a> {
    Never,
    Notified(&'a Notify),
    Changed(watch::Receiver<u64>),
}

impl<'a> Loop<'a> {
    /// One that sleeps at most so long.
    pub fn new(name: &'static str, pause: Duration) -> Self {
        Self { name, pause, wake: Wake::Never, grace: None }
    }

    /// Is woken by this.
    #[must_use]
    pub fn woken_by(self, notify: &'a Notify) -> Self {
        Self { wake: Wake::Notified(notify), ..self }
    }

    /// Is woken when this changes.
    #[must_use]
    pub fn following(self, changes: watch::Receiver<u64>) -> Self {
        Self { wake: Wake::Changed(changes), ..self }
    }

    /// A turn is cut off so long after it was stopped: another process takes over what it had
    /// in hand. Without this, the caller decides how long it may take.
    #[must_use]
    pub fn cut_off_after(self, grace: Duration) -> Self {
        Self { grace: Some(grace), ..self }
    }

    /// Takes turns until stopped. A turn says whether there may be more to do at once. What
    /// fails waits for the next one: a line says so when that begins, and one when it is over.
    pub async fn run<F, E>(mut self, stop: &CancellationToken, mut turn: impl FnMut() -> F)
    where
        F: Future<Output = Result<bool, E>>,
        E: Into<BoxError>,
    {
        let mut failing = false;
        while !stop.is_cancelled() {
            let turn = tokio::select! {
                biased;
                turn = turn() => turn,
                () = ended(stop, self.grace) => return,
            };
            let more = matches!(turn, Ok(true));
            let failed = turn.is_err();
            match turn {
                Err(error) if !failing => {
                    let error: BoxError = error.into();
                    let error: &dyn std::error::Error = &*error;
                    tracing::warn!(what = self.name, error, "a worker fails; trying again");
                }
                Ok(_) if failing => tracing::info!(what = self.name, "a worker has recovered"),
                _ => {}
            }
            failing = failed;
            if more {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wake.woken(), if !failing => {}
                () = tokio::time::sleep(self.pause) => {}
            }
        }
    }
}

impl Wake<'_> {
    async fn woken(&mut self) {
        match self {
            Self::Notified(notify) => notify.notified().await,
            Self::Changed(changes) => {
                if changes.changed().await.is_err() {
                    std::future::pending().await
                }
            }
            Self::Never => std::future::pending().await,
        }
    }
}

async fn ended(stop: &CancellationToken, grace: Option<Duration>) {
    let Some(grace) = grace else { return std::future::pending().await };
    stop.cancelled().await;
    tokio::time::sleep(grace).await;
}

/// Does something at once and then every so often, until stopped; a turn that has begun then
/// comes to its end. The job says whether there is more to do at once.
pub async fn every<F, E>(
    pause: Duration,
    (name, stop): (&'static str, &CancellationToken),
    job: impl FnMut() -> F,
) where
    F: Future<Output = Result<bool, E>>,
    E: Into<BoxError>,
{
    Loop::new(name, pause).run(stop, job).await;
}

/// Waits for the work and for the time, whichever takes longer.
pub async fn no_sooner<T>(floor: Duration, work: impl Future<Output = T>) -> T {
    let (done, ()) = tokio::join!(work, tokio::time::sleep(floor));
    done
}

#[cfg(test)]
mod tests;
