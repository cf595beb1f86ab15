//! Events out: written in the transaction of the change they tell of, carried to the bus by a
//! relay afterwards.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::bus::Bus;
use crate::clock::Clock;
use crate::db::{Db, Result, Session, Tx};
use crate::id;
use crate::inbox;

/// What an event says: its type's name and its payload.
pub trait EventData: Serialize + DeserializeOwned + Send {
    /// `noun.verb`, for example `order.created`; also the routing key on a broker.
    const TYPE: &'static str;
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
    /// The version of the subject, rising: tells old news from new.
    pub sequence: i64,
    pub data: Value,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub sequence: i64,
    pub id: Uuid,
    #[sqlx(rename = "type")]
    pub kind: String,
    pub subject: String,
    pub version: i64,
    pub time: DateTime<Utc>,
    pub data: Json<Value>,
}

impl Envelope {
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
    let data = serde_json::to_value(event).map_err(|error| sqlx::Error::Encode(error.into()))?;
    tx.query(
        "INSERT INTO outbox (id, type, subject, version, time, data)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
    )
    .bind(id::derive(subject, format!("{}:{version}", E::TYPE)))
    .bind(E::TYPE)
    .bind(subject.to_string())
    .bind(version)
    .bind(now)
    .bind(Json(data))
    .execute()
    .await?;
    tx.told = true;
    Ok(())
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

/// Events per turn.
const BATCH: i64 = 200;
/// How long a relay may take for a batch before another one takes it over.
const LEASE: TimeDelta = TimeDelta::seconds(10);
/// How long the relay sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(500);
/// How long sent events are kept for those that follow the outbox (`feed`), and handled ones so
/// that they are known if they come again.
const KEEP: TimeDelta = TimeDelta::days(7);

impl Relay {
    /// Runs until cancelled. A failure is logged and tried again: nothing is lost meanwhile.
    pub async fn run(self, stop: CancellationToken) {
        let mut commits = self.db.commits();
        let mut tidied = self.clock.now();
        while !stop.is_cancelled() {
            let pause = match self.turn().await {
                Ok(sent) if sent == BATCH => Duration::ZERO,
                Ok(_) => POLL,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(service = self.service, error, "events wait in the outbox");
                    POLL
                }
            };
            if self.clock.now() - tidied > TimeDelta::hours(1) {
                tidied = self.clock.now();
                if let Err(error) = self.tidy().await {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(service = self.service, error, "old events were not deleted");
                }
            }
            if pause.is_zero() {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = commits.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Sends one batch; returns how many events it held.
    pub async fn turn(&self) -> Result<i64> {
        let rows = self.claim().await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(0) };
        let (first, last, count) = (first.sequence, last.sequence, rows.len() as i64);
        let sequences: Vec<i64> = rows.iter().map(|it| it.sequence).collect();
        let envelopes: Vec<Envelope> =
            rows.into_iter().map(|it| it.into_envelope(self.service)).collect();
        self.bus.publish(&envelopes).await?;
        self.mark_sent(first, last, &sequences).await?;
        metrics::counter!("events_sent_total", "service" => self.service).increment(count as u64);
        Ok(count)
    }

    async fn claim(&self) -> Result<Vec<Row>> {
        // An SQLite shop has one relay per file (the data directory is locked), so reading is
        // enough; on PostgreSQL every copy of a service runs one.
        const READ: &str = "SELECT sequence, id, type, subject, version, time, data FROM outbox
             WHERE sent_at IS NULL ORDER BY sequence LIMIT $1";
        const CLAIM: &str = "UPDATE outbox SET claimed_until = $1
             WHERE sequence IN (SELECT sequence FROM outbox
                                WHERE sent_at IS NULL
                                  AND (claimed_until IS NULL OR claimed_until < $2)
                                ORDER BY sequence LIMIT $3 FOR UPDATE SKIP LOCKED)
             RETURNING sequence, id, type, subject, version, time, data";
        if self.db.is_sqlite() {
            return self.db.query(READ).bind(BATCH).all().await;
        }
        let now = self.clock.now();
        let claim = self.db.query(CLAIM).bind(now + LEASE).bind(now).bind(BATCH);
        let mut rows: Vec<Row> = claim.all().await?;
        rows.sort_by_key(|it| it.sequence);
        Ok(rows)
    }

    async fn mark_sent(&self, first: i64, last: i64, sequences: &[i64]) -> Result<()> {
        let now = self.clock.now();
        // One statement where the batch is a run without gaps, which it nearly always is.
        if last - first + 1 == sequences.len() as i64 {
            self.db
                .query("UPDATE outbox SET sent_at = $1 WHERE sequence >= $2 AND sequence <= $3")
                .bind(now)
                .bind(first)
                .bind(last)
                .execute()
                .await?;
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        for sequence in sequences {
            tx.query("UPDATE outbox SET sent_at = $1 WHERE sequence = $2")
                .bind(now)
                .bind(*sequence)
                .execute()
                .await?;
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
