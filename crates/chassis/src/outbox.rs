//! Events out: written in the transaction of the change they tell of, carried to the bus by a
//! relay afterwards.

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
use crate::clock::{Clock, too_far};
use crate::context::{self, Context, Trace};
use crate::db::{Db, Result, Session, Tx};
use crate::id;
use crate::inbox;

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
    /// The service that tells it, as `/orders`.
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
    /// The version of the subject, rising: tells old news from new.
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

impl Envelope {
    /// Reads what came over a broker. An error is a reason to put it aside.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let envelope: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if envelope.specversion != "1.0" {
            return Err(format!("specversion is {:?}, not \"1.0\"", envelope.specversion));
        }
        // PostgreSQL has no such character, neither in JSON nor in text: it could not be stored.
        if [&envelope.kind, &envelope.subject].into_iter().any(|it| it.contains('\0'))
            || has_nul(&envelope.data)
        {
            return Err("it contains the character U+0000".to_owned());
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

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(key, it)| key.contains('\0') || has_nul(it)),
        _ => false,
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
pub async fn tell<E: EventData>(
    tx: &mut Tx,
    subject: Uuid,
    version: i64,
    event: &E,
    now: DateTime<Utc>,
) -> Result<()> {
    let data =
        serde_json::to_value(event).map_err(|error| crate::db::Error::Driver(error.into()))?;
    let told: Option<(i64,)> = tx
        .query(
            "INSERT INTO outbox (id, type, subject, version, time, data, traceparent, personal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING RETURNING xid",
        )
        .bind(event_id(subject, E::TYPE, version))
        .bind(E::TYPE)
        .bind(subject.to_string())
        .bind(version)
        .bind(now)
        .bind(Json(data))
        .bind(context::current().map(|it| it.trace.to_string()))
        .bind(E::PERSONAL)
        .optional()
        .await?;
    tx.xid = told.map(|(xid,)| xid).or(tx.xid);
    tx.told = true;
    Ok(())
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

/// How often the backlog is counted for the metrics.
const COUNT: TimeDelta = TimeDelta::seconds(5);
/// How long a turn may go on once the process stops.
const GRACE: Duration = Duration::from_secs(3);

/// Marking rows: a run of them, or one. What personal ones say goes with the mark.
const SENT_AT: [&str; 2] = [
    "UPDATE outbox SET sent_at = $1, data = CASE WHEN personal THEN '{}' ELSE data END
     WHERE sequence >= $2 AND sequence <= $3",
    "UPDATE outbox SET sent_at = $1, data = CASE WHEN personal THEN '{}' ELSE data END
     WHERE sequence = $2",
];
const CLAIMED_UNTIL: [&str; 2] = [
    "UPDATE outbox SET claimed_until = $1 WHERE sequence >= $2 AND sequence <= $3",
    "UPDATE outbox SET claimed_until = $1 WHERE sequence = $2",
];

async fn ended(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

impl Relay {
    /// Runs until cancelled. A failure is logged once and tried again: nothing is lost meanwhile.
    pub async fn run(self, stop: CancellationToken) {
        let mut commits = self.db.commits();
        let (mut tidied, mut counted) = (self.clock.now(), self.clock.now());
        let mut failing = false;
        while !stop.is_cancelled() {
            let turn = tokio::select! {
                turn = self.turn() => turn,
                // What is not finished then is sent again by whoever comes next.
                () = ended(&stop) => return,
            };
            let full = matches!(turn, Ok(sent) if sent == BATCH);
            self.tell_of(turn, &mut failing);
            let now = self.clock.now();
            if now - tidied > TimeDelta::hours(1) {
                tidied = now;
                if let Err(error) = self.tidy().await {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(service = self.service, error, "old events were not deleted");
                }
            }
            if now - counted > COUNT {
                counted = now;
                self.count().await;
            }
            if full {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = commits.changed(), if !failing => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// One line when events begin to wait, one when they go again.
    fn tell_of(&self, turn: Result<i64, bus::Error>, failing: &mut bool) {
        let service = self.service;
        match turn {
            Ok(_) if *failing => tracing::info!(service, "events are sent again"),
            // The carrier tells that the broker is away, once for all services of the process.
            Err(bus::Error::Away(reason)) => tracing::debug!(service, reason, "events wait"),
            Err(bus::Error::Database(error)) if !*failing => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(service, error, "events wait in the outbox");
                *failing = true;
                return;
            }
            Err(bus::Error::Database(_)) => return,
            Ok(_) => {}
        }
        *failing = false;
    }

    /// Puts the backlog into the metrics.
    async fn count(&self) {
        let Ok((count, oldest)) = backlog(&self.db).await else { return };
        let age = oldest.map_or(TimeDelta::zero(), |it| self.clock.now() - it);
        metrics::gauge!("events_unsent", "service" => self.service).set(count as f64);
        metrics::gauge!("events_unsent_oldest_seconds", "service" => self.service)
            .set(age.num_milliseconds().max(0) as f64 / 1e3);
    }

    /// Sends one batch; returns how many events it held.
    pub async fn turn(&self) -> Result<i64, bus::Error> {
        if !self.bus.is_ready() {
            return Ok(0);
        }
        let rows = self.claim().await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(0) };
        let (first, last, count) = (first.sequence, last.sequence, rows.len() as i64);
        let sequences: Vec<i64> = rows.iter().map(|it| it.sequence).collect();
        let envelopes: Vec<Envelope> =
            rows.into_iter().map(|it| it.into_envelope(self.service)).collect();
        if let Err(error) = self.bus.publish(&envelopes).await {
            // Not kept until the lease is over: the bus may be back before.
            self.mark(CLAIMED_UNTIL, None, first, last, &sequences).await?;
            return Err(error);
        }
        self.mark(SENT_AT, Some(self.clock.now()), first, last, &sequences).await?;
        metrics::counter!("events_sent_total", "service" => self.service).increment(count as u64);
        Ok(count)
    }

    async fn claim(&self) -> Result<Vec<Row>> {
        // An SQLite shop has one relay per file (the data directory is locked), so reading is
        // enough; on PostgreSQL every copy of a service runs one.
        const READ: &str = "SELECT sequence, id, type, subject, version, time, data, traceparent
             FROM outbox
             WHERE sent_at IS NULL ORDER BY sequence LIMIT $1";
        const CLAIM: &str = "UPDATE outbox SET claimed_until = $1
             WHERE sequence IN (SELECT sequence FROM outbox
                                WHERE sent_at IS NULL
                                  AND (claimed_until IS NULL OR claimed_until < $2
                                       OR claimed_until > $3)
                                ORDER BY sequence LIMIT $4 FOR UPDATE SKIP LOCKED)
             RETURNING sequence, id, type, subject, version, time, data, traceparent";
        if self.db.is_sqlite() {
            return self.db.query(READ).bind(BATCH).all().await;
        }
        let now = self.clock.now();
        let claim = self.db.query(CLAIM).bind(now + LEASE).bind(now);
        let claim = claim.bind(too_far(now, LEASE)).bind(BATCH);
        let mut rows: Vec<Row> = claim.all().await?;
        rows.sort_by_key(|it| it.sequence);
        Ok(rows)
    }

    async fn mark(
        &self,
        [run, each]: [&'static str; 2],
        time: Option<DateTime<Utc>>,
        first: i64,
        last: i64,
        sequences: &[i64],
    ) -> Result<()> {
        // One statement where the batch is a run without gaps, which it nearly always is.
        if last - first + 1 == sequences.len() as i64 {
            return self.db.query(run).bind(time).bind(first).bind(last).execute().await.map(drop);
        }
        let mut tx = self.db.begin().await?;
        for sequence in sequences {
            tx.query(each).bind(time).bind(*sequence).execute().await?;
        }
        tx.commit().await
    }

    /// Deletes what nobody needs any more, in outbox and inbox.
    pub(crate) async fn tidy(&self) -> Result<()> {
        // Only the oldest are looked at, some at a time, so that nobody waits behind it.
        const OLD: &str = "DELETE FROM outbox WHERE sequence IN
             (SELECT sequence FROM (SELECT sequence, sent_at FROM outbox
                                    ORDER BY sequence LIMIT 1000) AS oldest WHERE sent_at < $1)
             AND sequence < (SELECT max(sequence) FROM outbox)";
        let before = self.clock.now() - KEEP;
        while self.db.query(OLD).bind(before).execute().await? > 0 {}
        inbox::tidy(&self.db, before).await
    }
}

#[cfg(test)]
mod tests;
