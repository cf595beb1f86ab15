//! Several events, told with one statement.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{EventData, New};
use crate::db::{Result, Session, Tx, sql};

/// How many rows a statement inserts at most: PostgreSQL takes 65,535 values.
const MOST: usize = 64;

/// Events of one transaction, in the order in which they are published.
#[derive(Debug, Default)]
pub struct Events(Vec<New>);

impl Events {
    /// Adds an event about `subject` at its `version`, as [`publish`](super::publish) does.
    pub fn add<E: EventData>(
        &mut self,
        subject: Uuid,
        version: i64,
        event: &E,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.0.push(New::of(subject, version, event, now)?);
        Ok(())
    }

    /// Tells them together with the change in `tx`.
    pub async fn publish(self, tx: &mut Tx) -> Result<()> {
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
