//! Outgoing events: written in the transaction of the change they report, then sent to the bus by a
//! relay.

mod many;

use std::time::Duration;

use crate::db::Json;
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::bus::{self, Bus};
use crate::clock::Clock;
use crate::context::{self, Context, Trace};
use crate::db::{Batch, Bind, Db, Result, Session, Tx};
use crate::id;
use crate::inbox;
use crate::queue::{Due, Queue, Table, kept};
use crate::storable::{any_text, has_nul};
use crate::webhooks;
use crate::work::{Loop, every};

pub use many::Events;

/// What an event says: its type's name and its payload.
pub trait EventData: Serialize + DeserializeOwned + Send {
    /// `noun.verb`, for example `order.created`; also the routing key on a broker.
    const TYPE: &'static str;
    /// Whether it says who somebody is. Such an event is kept until it is delivered and no longer,
    /// so that it is nowhere when that person has to be forgotten.
    const PERSONAL: bool = false;
}

/// An event on its way: CloudEvents 1.0 in JSON.
/// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    pub specversion: String,
    pub id: Uuid,
    /// The service that publishes it, as `/orders`.
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// The id of what it is about.
    pub subject: String,
    pub time: DateTime<Utc>,
    pub datacontenttype: String,
    /// The trace it belongs to: CloudEvents' extension for distributed tracing.
    /// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/distributed-tracing.md>
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The version of the subject, rising: tells old events from new ones.
    pub sequence: i64,
    pub data: Value,
}

#[derive(Debug, crate::db::Record)]
pub(crate) struct Row {
    pub sequence: i64,
    pub id: Uuid,
    #[record(rename = "type")]
    pub kind: String,
    pub subject: String,
    pub version: i64,
    pub time: DateTime<Utc>,
    pub data: Json<Value>,
    pub traceparent: Option<String>,
}

/// An event that is published now.
#[derive(Debug, crate::db::Insert)]
#[record(table = "outbox")]
struct New {
    id: Uuid,
    #[record(rename = "type")]
    kind: &'static str,
    subject: String,
    version: i64,
    time: DateTime<Utc>,
    data: Json<Value>,
    traceparent: Option<String>,
    personal: bool,
}

/// Why what came over a broker is no event.
#[derive(Debug, thiserror::Error)]
pub enum NoEvent {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("specversion is {0:?}, not \"1.0\"")]
    Version(String),
    /// PostgreSQL has no such character, neither in JSON nor in text: it could not be stored.
    #[error("it contains the character U+0000")]
    Nul,
}

impl Envelope {
    /// Reads what came over a broker. An error is a reason to put it aside.
    pub fn decode(bytes: &[u8]) -> Result<Self, NoEvent> {
        let envelope: Self = serde_json::from_slice(bytes)?;
        if envelope.specversion != "1.0" {
            return Err(NoEvent::Version(envelope.specversion));
        }
        if has_nul(&envelope.kind)
            || has_nul(&envelope.subject)
            || any_text(&envelope.data, &has_nul)
        {
            return Err(NoEvent::Nul);
        }
        Ok(envelope)
    }

    /// The context in which it is handled: the next place in its trace.
    pub fn context(&self) -> Context {
        let trace = self.traceparent.as_deref().and_then(Trace::parse);
        let trace = trace.map_or_else(Trace::begin, Trace::child);
        Context { trace, ..Context::begin(None) }
    }

    /// Reads the payload. An error means that the two sides disagree about the event.
    pub fn data<E: EventData>(&self) -> serde_json::Result<E> {
        E::deserialize(&self.data)
    }
}

impl Row {
    pub(crate) fn into_envelope(self, service: &str) -> Envelope {
        Envelope {
            specversion: "1.0".to_owned(),
            id: self.id,
            source: format!("/{service}"),
            kind: self.kind,
            subject: self.subject,
            time: self.time,
            datacontenttype: "application/json".to_owned(),
            traceparent: self.traceparent,
            sequence: self.version,
            data: self.data.0,
        }
    }
}

/// Tells an event about `subject` at its `version`, together with the change in `tx`.
///
/// The id derives from subject, type and version, so telling it twice is telling it once.
pub async fn publish<E: EventData>(
    tx: &mut Tx,
    subject: Uuid,
    version: i64,
    event: &E,
    now: DateTime<Utc>,
) -> Result<()> {
    let new = New::of(subject, version, event, now)?;
    let told = tx.query(
        "INSERT INTO outbox (id, type, subject, version, time, data, traceparent, personal)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING RETURNING xid",
    );
    let told: Option<(i64,)> = new.bind_to(told).optional().await?;
    tx.xid = told.map(|(xid,)| xid).or(tx.xid);
    tx.told = true;
    Ok(())
}

/// The same among other writes. The transaction's `xid` is not known by it.
pub fn publish_with<E: EventData>(
    batch: &mut Batch<'_>,
    subject: Uuid,
    version: i64,
    event: &E,
    now: DateTime<Utc>,
) -> Result<()> {
    let new = New::of(subject, version, event, now)?;
    batch.add(|tx| tx.insert_new(&new));
    batch.tx.told = true;
    Ok(())
}

impl New {
    fn of<E: EventData>(
        subject: Uuid,
        version: i64,
        event: &E,
        time: DateTime<Utc>,
    ) -> Result<Self> {
        let data =
            serde_json::to_value(event).map_err(|error| crate::db::Error::Driver(error.into()))?;
        Ok(Self {
            id: event_id(subject, E::TYPE, version),
            kind: E::TYPE,
            subject: subject.to_string(),
            version,
            time,
            data: Json(data),
            traceparent: context::current().map(|it| it.trace.to_string()),
            personal: E::PERSONAL,
        })
    }
}

/// The id of the event of this type about `subject` at its `version`.
pub fn event_id(subject: Uuid, kind: &str, version: i64) -> Uuid {
    id::derive(subject, format!("{kind}:{version}"))
}

/// How many events wait to be sent, and since when.
pub async fn backlog(db: impl Session<'_>) -> Result<(i64, Option<DateTime<Utc>>)> {
    db.query("SELECT count(*), min(time) FROM outbox WHERE sent_at IS NULL").one().await
}

/// Carries events from the outbox to the bus, for as long as the process serves.
#[derive(Debug)]
pub struct Relay {
    pub service: &'static str,
    pub db: Db,
    pub bus: Bus,
    pub clock: Clock,
}

/// Events per turn: enough that the commits around a batch hardly count.
const BATCH: i64 = 500;
/// How long a relay may take for a batch before another one takes it over.
const LEASE: TimeDelta = TimeDelta::seconds(10);
/// How long the relay sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(500);
/// How long sent events are kept for those that follow the outbox (`feed`), and the ids of handled
/// ones so that they are known if they come again.
const KEEP: TimeDelta = TimeDelta::days(7);
/// How often older ones are deleted.
const TIDY: Duration = Duration::from_secs(3_600);
/// How long a turn may go on once the process stops. What is not finished then is sent again by
/// the next one.
const GRACE: Duration = Duration::from_secs(3);

/// Marks rows as sent: a run of them, or one. What personal ones say goes with the mark.
const SENT_AT: [&str; 2] = [
    "UPDATE outbox SET sent_at = $1, data = CASE WHEN personal THEN '{}' ELSE data END
     WHERE sequence >= $2 AND sequence <= $3",
    "UPDATE outbox SET sent_at = $1, data = CASE WHEN personal THEN '{}' ELSE data END
     WHERE sequence = $2",
];

/// The queue of the events of a service.
pub(crate) fn queue(service: &str) -> &'static Queue {
    Queue::named(Table {
        name: kept(format!("{service}.outbox")),
        table: "outbox",
        key: "sequence",
        columns: "sequence, id, type, subject, version, time, data, traceparent",
        open: "sent_at IS NULL",
        due: Due::AtOnce("time"),
        order: "sequence",
        claimed: "",
        hurried: "",
        dead: None,
        longest: Some(LEASE),
    })
}

impl Relay {
    /// Runs until cancelled. A failure is logged once and tried again: nothing is lost meanwhile.
    pub async fn run(self, stop: CancellationToken) {
        let (relay, name) = (&self, queue(self.service).name());
        let sending = Loop::new(name, POLL).following(self.db.commits()).cut_off_after(GRACE);
        let sending = sending.run(&stop, || async {
            match relay.turn().await {
                // The carrier tells that the broker is away, once for all services of the process.
                Err(bus::Error::Away(reason)) => {
                    tracing::debug!(service = relay.service, %reason, "events wait");
                    Ok(false)
                }
                turn => turn.map(|sent| sent == BATCH),
            }
        });
        let tidying = every(TIDY, (name, &stop), || async { relay.tidy().await.map(|()| false) });
        tokio::join!(sending, tidying);
    }

    /// Sends one batch; returns how many events it held.
    pub async fn turn(&self) -> Result<i64, bus::Error> {
        if !self.bus.is_ready() {
            return Ok(0);
        }
        let claimed_at = self.clock.now();
        let rows = self.claim(claimed_at).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(0) };
        let (first, last, count) = (first.sequence, last.sequence, rows.len() as i64);
        let sequences: Vec<i64> = rows.iter().map(|it| it.sequence).collect();
        let envelopes: Vec<Envelope> =
            rows.into_iter().map(|it| it.into_envelope(self.service)).collect();
        if let Err(error) = self.bus.publish(&envelopes).await {
            self.release_batch(claimed_at).await?;
            return Err(error);
        }
        self.mark_sent(first, last, &sequences).await?;
        metrics::counter!("events_sent_total", "service" => self.service).increment(count as u64);
        Ok(count)
    }

    async fn claim(&self, now: DateTime<Utc>) -> Result<Vec<Row>> {
        let queue = queue(self.service);
        // An SQLite shop has one relay per file (the data directory is locked), so reading is
        // enough; on PostgreSQL every copy of a service runs one.
        if self.db.is_sqlite() {
            return queue.look(&self.db, now, BATCH).await;
        }
        let mut rows: Vec<Row> = queue.claim(&self.db, now, LEASE, BATCH).await?;
        rows.sort_by_key(|it| it.sequence);
        Ok(rows)
    }

    /// Not kept until the lease is over: the bus may be back before.
    async fn release_batch(&self, claimed_at: DateTime<Utc>) -> Result<()> {
        const FREE: &str =
            "UPDATE outbox SET lease_until = NULL WHERE sent_at IS NULL AND lease_until = $1";
        if self.db.is_sqlite() {
            return Ok(());
        }
        self.db.query(FREE).bind(claimed_at + LEASE).execute().await.map(drop)
    }

    async fn mark_sent(&self, first: i64, last: i64, sequences: &[i64]) -> Result<()> {
        let ([run, each], now) = (SENT_AT, self.clock.now());
        // One statement where the batch is a run without gaps, which it nearly always is.
        if last - first + 1 == sequences.len() as i64 {
            return self.db.query(run).bind(now).bind(first).bind(last).execute().await.map(drop);
        }
        let mut tx = self.db.begin().await?;
        for sequence in sequences {
            tx.query(each).bind(now).bind(*sequence).execute().await?;
        }
        tx.commit().await
    }

    /// Deletes what nobody needs any more, in outbox and inbox and of the webhooks.
    pub(crate) async fn tidy(&self) -> Result<()> {
        // Only the oldest are looked at, some at a time, so that nobody waits behind it.
        const OLD: &str = "DELETE FROM outbox WHERE sequence IN
             (SELECT sequence FROM (SELECT sequence, sent_at FROM outbox
                                    ORDER BY sequence LIMIT 1000) AS oldest WHERE sent_at < $1)
             AND sequence < (SELECT max(sequence) FROM outbox)";
        let now = self.clock.now();
        let before = now - KEEP;
        while self.db.query(OLD).bind(before).execute().await? > 0 {}
        inbox::tidy(&self.db, before).await?;
        webhooks::tidy(&self.db, now).await
    }
}

#[cfg(test)]
mod tests;
