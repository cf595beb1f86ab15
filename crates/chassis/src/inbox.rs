//! Incoming events: stored first, then handled once per consumer.
//!
//! The effect of an event, the events it causes and the mark "done" are one transaction. A failure
//! is retried after 1 s, 5 s, 30 s and 2 min; after five tries the event is a dead letter: a row
//! that blocks nothing and can be replayed. Of a handled event only its id is kept.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use crate::db::Json;
use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock::Clock;
use crate::context;
use crate::db::{self, Db, Session, Tx, sql};
use crate::outbox::Envelope;
use crate::queue::{Backoff, Dead, Due, Queue, Table, kept};
use crate::work::Loop;

/// What a service does when others tell something.
pub trait Handler: Send + Sync + 'static {
    /// The event types it wants.
    fn types(&self) -> &'static [&'static str];

    /// Applies one event. Everything it changes goes through `tx`; it calls no other service.
    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

/// Why an event could not be handled. It is tried again later.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("cannot read the event: {0}")]
    Payload(#[from] serde_json::Error),
    #[error("{0}")]
    Refused(#[from] crate::problem::Problem),
    #[error("the handler panicked")]
    Panicked,
}

/// One consumer's inbox: where its events are kept and who handles them.
#[derive(Clone)]
pub struct Inbox {
    /// `service.topic`, for example `cart.orders`.
    consumer: &'static str,
    db: Db,
    clock: Clock,
    handler: Arc<dyn Handler>,
    pub(crate) queue: &'static Queue,
    arrived: Arc<Notify>,
}

/// A dead letter, as an operator sees it.
#[derive(Debug, crate::db::Record)]
pub struct DeadLetter {
    pub consumer: String,
    pub event_id: Uuid,
    #[record(rename = "type")]
    pub kind: String,
    pub envelope: Json<Envelope>,
    pub attempts: i64,
    pub received_at: DateTime<Utc>,
    pub error: Option<String>,
}

/// A place among dead letters: when it came, which event, for whom.
pub type DeadLetterPlace = (DateTime<Utc>, Uuid, String);

#[derive(crate::db::Record)]
struct Row {
    event_id: Uuid,
    fence: i64,
    envelope: Json<Envelope>,
    attempts: i64,
}

/// An event that came.
#[derive(Debug, db::Insert)]
#[record(table = "inbox")]
struct New<'a> {
    consumer: &'static str,
    event_id: Uuid,
    #[record(rename = "type")]
    kind: &'a str,
    envelope: Json<&'a Envelope>,
    status: &'static str,
    attempts: i64,
    received_at: DateTime<Utc>,
    available_at: DateTime<Utc>,
}

/// How many rows a statement inserts at most.
const MOST: usize = 64;
/// Events handled in one transaction, as long as none of them fails.
const BATCH: i64 = 50;
const POLL: Duration = Duration::from_millis(500);
/// Pauses before the second, third, ... try.
const BACKOFF: Backoff = Backoff::Steps(&WAITS);
const WAITS: [TimeDelta; 4] =
    [TimeDelta::seconds(1), TimeDelta::seconds(5), TimeDelta::seconds(30), TimeDelta::minutes(2)];

/// The queue of the events for a consumer. A row is held by the transaction in which it is handled.
fn queue(consumer: &'static str) -> &'static Queue {
    let rows = |status: &str| kept(format!("consumer = '{consumer}' AND status = '{status}'"));
    Queue::named(Table {
        name: consumer,
        table: "inbox",
        key: "event_id",
        columns: "event_id, fence, envelope, attempts",
        open: rows("pending"),
        due: Due::At("available_at"),
        order: "available_at, event_id",
        claimed: "",
        hurried: "",
        dead: Some(Dead { rows: rows("dead"), again: "status = 'pending', attempts = 0" }),
        longest: Some(WAITS[3]),
    })
}

impl Inbox {
    pub fn new(consumer: &'static str, db: Db, clock: Clock, handler: impl Handler) -> Self {
        let arrived = Arc::new(Notify::new());
        let queue = queue(consumer);
        Self { consumer, db, clock, handler: Arc::new(handler), queue, arrived }
    }

    /// `service.topic`, for example `cart.orders`.
    pub fn consumer(&self) -> &'static str {
        self.consumer
    }

    /// The event types it wants.
    pub fn types(&self) -> &'static [&'static str] {
        self.handler.types()
    }

    /// Stores the events this consumer wants. Those it already has are ignored.
    pub async fn receive(&self, events: &[Envelope]) -> db::Result<()> {
        let wanted: Vec<&Envelope> =
            events.iter().filter(|it| self.handler.types().contains(&it.kind.as_str())).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        // Events that come together are handled in the order in which they were told.
        let earlier = (1..=wanted.len() as i64).rev().map(|it| now - TimeDelta::microseconds(it));
        let rows: Vec<New> = wanted
            .iter()
            .zip(earlier)
            .map(|(event, available_at)| New {
                consumer: self.consumer,
                event_id: event.id,
                kind: &event.kind,
                envelope: Json(event),
                status: "pending",
                attempts: 0,
                received_at: now,
                available_at,
            })
            .collect();
        let mut tx = self.db.begin().await?;
        for rows in rows.chunks(MOST) {
            tx.query(sql!(
                "INSERT INTO inbox ({New.*}) VALUES {rows..*}
                 ON CONFLICT (consumer, event_id) DO NOTHING"
            ))
            .execute()
            .await?;
        }
        tx.commit().await?;
        self.arrived.notify_one();
        Ok(())
    }

    /// Handles events until cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let inbox = Loop::new(self.consumer, POLL).woken_by(&self.arrived);
        inbox.run(&stop, || async { self.turn().await.map(|handled| handled > 0) }).await;
    }

    /// Handles the events that are due, up to a batch; returns how many it dealt with.
    pub async fn turn(&self) -> db::Result<usize> {
        match self.together().await {
            Ok(handled) => Ok(handled),
            Err(Failure::Database(error @ db::Error::Unavailable(_))) => Err(error),
            Err(_) => self.one_by_one().await,
        }
    }

    /// All that are due in one transaction: one commit for many events.
    async fn together(&self) -> Result<usize, Failure> {
        let (queue, now) = (self.queue, self.clock.now());
        if !queue.any_due(&self.db, now).await? {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        let rows: Vec<Row> = queue.lock(&mut tx, now, BATCH).await?;
        for row in &rows {
            if let Err(failure) = self.handle(&mut tx, row).await {
                // Now, so that the rows are not locked when they are looked for again.
                tx.rollback().await?;
                return Err(failure);
            }
        }
        tx.commit().await?;
        Ok(rows.len())
    }

    async fn handle(&self, tx: &mut Tx, row: &Row) -> Result<(), Failure> {
        // One event must not stop the process, again at every start.
        let handled = self.handler.handle(tx, &row.envelope);
        let handled = AssertUnwindSafe(db::watched_within(handled)).catch_unwind();
        let handled = context::scope(row.envelope.context(), handled);
        handled.await.unwrap_or(Err(Failure::Panicked))?;
        Ok(self.mark_done(tx, row).await?)
    }

    /// One transaction per event, so that a failing one takes no other with it.
    async fn one_by_one(&self) -> db::Result<usize> {
        let mut handled = 0;
        while handled < BATCH as usize {
            let mut tx = self.db.begin().await?;
            let due = self.queue.lock(&mut tx, self.clock.now(), 1).await?.pop();
            let Some(row) = due else { break };
            let outcome = match self.handle(&mut tx, &row).await {
                Ok(()) => tx.commit().await.map_err(Failure::from),
                Err(failure) => {
                    tx.rollback().await?;
                    Err(failure)
                }
            };
            if let Err(failure) = outcome {
                self.postpone(&row, &failure).await?;
            }
            handled += 1;
        }
        Ok(handled)
    }

    async fn mark_done(&self, tx: &mut Tx, row: &Row) -> db::Result<()> {
        // The row is kept so that the event is known if it comes again; nobody needs what it said,
        // which may be who somebody is.
        const DONE: &str = "status = 'done', done_at = $3, envelope = '{}'";
        let done = self.queue.finish(tx, (row.event_id, row.fence), DONE);
        done.bind(self.clock.now()).execute().await.map(drop)
    }

    async fn postpone(&self, row: &Row, failure: &Failure) -> db::Result<()> {
        const AGAIN: &str = "attempts = attempts + 1, error = $5";
        const DEAD: &str = "status = 'dead', attempts = attempts + 1, error = $3";
        let (queue, held) = (self.queue, (row.event_id, row.fence));
        let (now, error) = (self.clock.now(), failure.to_string());
        let pause = BACKOFF.after(row.attempts + 1);
        let status = if pause.is_some() { "pending" } else { "dead" };
        tracing::warn!(consumer = self.consumer, event = %row.event_id, status, error, "event not handled");
        metrics::counter!("events_failed_total", "consumer" => self.consumer, "status" => status)
            .increment(1);
        let postpone = match pause {
            Some(pause) => queue.release(&self.db, held, (now, now + pause), AGAIN),
            None => queue.finish(&self.db, held, DEAD),
        };
        postpone.bind(error).execute().await.map(drop)
    }
}

/// Deletes events handled before this time, some at a time so that nobody waits behind it.
pub(crate) async fn tidy(db: &Db, before: DateTime<Utc>) -> db::Result<()> {
    loop {
        let old = sql!(
            "DELETE FROM inbox WHERE (consumer, event_id) IN
             (SELECT consumer, event_id FROM inbox WHERE status = 'done' AND done_at < {before}
              ORDER BY done_at LIMIT 1000)"
        );
        if db.query(old).execute().await? == 0 {
            return Ok(());
        }
    }
}

/// Events no consumer could handle, from after a place on, oldest first.
pub async fn dead_letters(
    db: impl Session<'_>,
    after: Option<DeadLetterPlace>,
    limit: i64,
) -> db::Result<Vec<DeadLetter>> {
    let (received_at, event, consumer) = after.unwrap_or_default();
    let dead = sql!(
        "SELECT {DeadLetter.*} FROM inbox
         WHERE status = 'dead' AND
               (received_at, event_id, consumer) > ({received_at}, {event}, {consumer})
         ORDER BY received_at, event_id, consumer LIMIT {limit}"
    );
    db.query(dead).all().await
}

/// How many events no consumer could handle.
pub async fn count_dead_letters(db: impl Session<'_>) -> db::Result<i64> {
    let (count,) = db.query("SELECT count(*) FROM inbox WHERE status = 'dead'").one().await?;
    Ok(count)
}

impl DeadLetter {
    /// Where it is among the others.
    pub fn place(&self) -> DeadLetterPlace {
        (self.received_at, self.event_id, self.consumer.clone())
    }
}

/// Gives a dead letter its tries back.
pub async fn replay(
    db: impl Session<'_>,
    consumer: &str,
    event: Uuid,
    now: DateTime<Utc>,
) -> db::Result<bool> {
    let replay = sql!(
        "UPDATE inbox SET status = 'pending', attempts = 0, available_at = {now}
         WHERE consumer = {consumer} AND event_id = {event} AND status = 'dead'"
    );
    Ok(db.query(replay).execute().await? == 1)
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").field("consumer", &self.consumer).finish_non_exhaustive()
    }
}
