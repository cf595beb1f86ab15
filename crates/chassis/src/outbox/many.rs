//! Several events, told with one statement.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{EventData, event_id};
use crate::context;
use crate::db::{Error, Insert, Json, Result, Session, Tx, sql};

/// How many rows a statement inserts at most: PostgreSQL takes 65,535 values.
const MOST: usize = 64;

/// Events of one transaction, in the order in which they are told.
#[derive(Debug, Default)]
pub struct Events(Vec<New>);

/// An event as it is inserted.
#[derive(Debug, Insert)]
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

impl Events {
    /// Adds an event about `subject` at its `version`, as [`tell`](super::tell) would tell it.
    pub fn add<E: EventData>(
        &mut self,
        subject: Uuid,
        version: i64,
        event: &E,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let data = serde_json::to_value(event).map_err(|error| Error::Driver(error.into()))?;
        self.0.push(New {
            id: event_id(subject, E::TYPE, version),
            kind: E::TYPE,
            subject: subject.to_string(),
            version,
            time: now,
            data: Json(data),
            traceparent: context::current().map(|it| it.trace.to_string()),
            personal: E::PERSONAL,
        });
        Ok(())
    }

    /// Tells them together with the change in `tx`.
    pub async fn tell(self, tx: &mut Tx) -> Result<()> {
        for events in self.0.chunks(MOST) {
            let insert = sql!(
                "INSERT INTO outbox ({New.*}) VALUES {events..*}
                 ON CONFLICT (id) DO NOTHING RETURNING xid"
            );
            let told: Vec<(i64,)> = tx.query(insert).all().await?;
            tx.xid = told.first().map(|(xid,)| *xid).or(tx.xid);
            tx.told = true;
        }
        Ok(())
    }
}
