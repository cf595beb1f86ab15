//! Applies webhooks: several side by side, so that none waits for one that is slow or fails.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::FutureExt;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::store::Row;
use super::{Applied, Notice, Webhooks};
use crate::context::{self, Context};
use crate::db;
use crate::queue::Backoff;
use crate::service::BoxError;
use crate::work::Loop;

/// Webhooks of a service that a process applies at the same time.
const CONCURRENCY: usize = 8;
/// How long applying one may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// Well beyond the deadline: nobody takes over what is still being applied.
const LEASE: TimeDelta = TimeDelta::minutes(2);
const POLL: Duration = Duration::from_millis(500);
/// How long those being applied may go on once the process stops.
const GRACE: Duration = Duration::from_secs(3);
/// The longest pause between two attempts.
pub(super) const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(30);
/// From 5 s to half an hour.
const BACKOFF: Backoff = Backoff::Doubling {
    first: Duration::from_secs(5),
    longest: Duration::from_mins(30),
    spread: 0.2,
};
/// With these pauses, the last one is about a day after the first.
pub(super) const ATTEMPTS: i64 = 60;

/// Why a webhook was not applied. It is tried again later.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Handler(BoxError),
    #[error("the handler panicked")]
    Panicked,
    #[error("not applied within {} s", DEADLINE.as_secs())]
    Late,
    /// It may be what ends them.
    #[error("the workers that applied it never came to an end")]
    Lost,
}

impl Webhooks {
    /// Applies webhooks until cancelled.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), BoxError> {
        self.queue.inherit(&self.db, self.clock.now()).await?;
        let (slots, running) = (Arc::new(Semaphore::new(CONCURRENCY)), Mutex::default());
        Loop::new(self.queue.name(), POLL)
            .woken_by(&self.arrived)
            .cut_off_after(Duration::ZERO)
            .run(&stop, || self.dispatch(&slots, &running))
            .await;
        let mut running = running.into_inner();
        // What is cut off is taken over once its lease has ended.
        let rest = async { while running.join_next().await.is_some() {} };
        drop(timeout(GRACE, rest).await);
        Ok(())
    }

    /// Claims as many as there are free slots for; says whether there may be more to do at once.
    async fn dispatch(
        &self,
        slots: &Arc<Semaphore>,
        running: &Mutex<JoinSet<()>>,
    ) -> db::Result<bool> {
        let mut free: Vec<OwnedSemaphorePermit> = Vec::with_capacity(CONCURRENCY);
        while let Ok(slot) = slots.clone().try_acquire_owned() {
            free.push(slot);
        }
        if free.is_empty() {
            // One that ends wakes the loop.
            return Ok(false);
        }
        let due: Vec<Row> = self.claim(free.len()).await?;
        let full = due.len() == free.len();
        let mut running = running.lock();
        while running.try_join_next().is_some() {}
        for (row, slot) in due.into_iter().zip(free) {
            let this = self.clone();
            running.spawn(async move {
                this.work(row).await;
                drop(slot);
                this.arrived.notify_one();
            });
        }
        Ok(full)
    }

    /// Applies those that are due, up to a batch, and waits for them; returns how many there were.
    #[cfg(feature = "testing")]
    pub(crate) async fn turn(&self) -> db::Result<usize> {
        let due: Vec<Row> = self.claim(CONCURRENCY).await?;
        let count = due.len();
        futures::future::join_all(due.into_iter().map(|it| self.work(it))).await;
        Ok(count)
    }

    async fn claim(&self, most: usize) -> db::Result<Vec<Row>> {
        self.queue.claim(&self.db, self.clock.now(), LEASE, most as i64).await
    }

    async fn work(&self, row: Row) {
        let (row, notice) = row.into_notice();
        let applied = self.apply(&row, &notice).await;
        let settled = match &applied {
            Ok(applied) => self.finish(&row, *applied).await,
            Err(failure) => self.postpone(&row, &notice, failure).await,
        };
        if let Err(error) = settled {
            let (provider, event) = (&row.provider, &notice.id);
            let error = crate::telemetry::cause(&error);
            tracing::warn!(
                provider,
                event,
                error,
                "the outcome of a webhook was not stored; it will be applied again"
            );
        }
    }

    async fn apply(&self, row: &Claimed, notice: &Notice) -> Result<Applied, Failure> {
        if notice.subject.is_none() {
            return Ok(Applied::Ignored);
        }
        // An attempt without an outcome ended with its process.
        if row.attempts > ATTEMPTS {
            return Err(Failure::Lost);
        }
        // In a block, so that a panic before there is a future is caught, too.
        let apply = async { self.handler.apply(&row.provider, notice).await };
        let apply = AssertUnwindSafe(db::watched(apply)).catch_unwind();
        let applied = timeout(DEADLINE, context::scope(Context::begin(None), apply)).await;
        let applied = applied.map_err(|_| Failure::Late)?.map_err(|_| Failure::Panicked)?;
        applied.map_err(Failure::Handler)
    }

    async fn finish(&self, row: &Claimed, applied: Applied) -> db::Result<()> {
        const FINISHED: &str = "status = $3, done_at = $4, error = NULL";
        let status = match applied {
            Applied::Done => "done",
            Applied::Ignored => "ignored",
        };
        let finish = self.queue.finish(&self.db, row.held, FINISHED);
        finish.bind(status).bind(self.clock.now()).execute().await.map(drop)
    }

    async fn postpone(&self, row: &Claimed, notice: &Notice, failure: &Failure) -> db::Result<()> {
        const AGAIN: &str = "error = $5";
        const DEAD: &str = "status = 'dead', done_at = $3, error = $4";
        let (now, error) = (self.clock.now(), failure.to_string());
        let pause = BACKOFF.after(row.attempts).filter(|_| row.attempts < ATTEMPTS);
        let status = if pause.is_some() { "pending" } else { "dead" };
        let (provider, event, kind) = (&row.provider, &notice.id, &notice.kind);
        tracing::warn!(provider, event, kind, status, error, "webhook not applied");
        metrics::counter!("webhooks_failed_total", "provider" => provider.clone(),
                          "status" => status)
        .increment(1);
        let postpone = match pause {
            Some(pause) => self.queue.release(&self.db, row.held, (now, now + pause), AGAIN),
            None => self.queue.finish(&self.db, row.held, DEAD).bind(now),
        };
        postpone.bind(error).execute().await.map(drop)
    }
}

/// What the queue has to know of a row that is being applied.
struct Claimed {
    held: crate::queue::Held<uuid::Uuid>,
    provider: String,
    attempts: i64,
}

impl Row {
    fn into_notice(self) -> (Claimed, Notice) {
        let Self { id, fence, provider, event_id, kind, subject, payload, attempts } = self;
        let claimed = Claimed { held: (id, fence), provider, attempts };
        (claimed, Notice { id: event_id, kind, subject, payload })
    }
}
