//! Keeps the state of one process current: cached answers, a search index.
//!
//! Each process follows the outbox of its own database by sequence. Nothing is claimed, so any
//! number of processes (and a command next to a running shop) see every event.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use crate::db::{Db, Json, Result, Session, sql};

/// A place in the own outbox.
///
/// SQLite has one writer, so its sequence alone is the order of commits. On PostgreSQL sequences
/// become visible out of order; there the order is by transaction first, and nothing is read
/// beyond the oldest transaction that is still open.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    crate::db::Record,
)]
pub struct Position {
    pub xid: i64,
    pub sequence: i64,
}

/// One event of the own outbox.
#[derive(Debug, crate::db::Record)]
pub struct Entry {
    #[record(flatten)]
    pub position: Position,
    #[record(rename = "type")]
    pub kind: String,
    pub subject: String,
    pub data: Json<Value>,
}

/// Follows the own outbox.
#[derive(Debug)]
pub struct Feed {
    db: Db,
    position: Position,
    commits: watch::Receiver<u64>,
}

const BATCH: i64 = 500;
const POLL: Duration = Duration::from_millis(500);

impl Feed {
    /// Follows the outbox of `db` from after `position`.
    pub fn after(db: &Db, position: Position) -> Self {
        Self { db: db.clone(), position, commits: db.commits() }
    }

    /// Follows what comes from now on.
    pub async fn from_now(db: &Db) -> Result<Self> {
        let position = last(db).await?;
        Ok(Self::after(db, position))
    }

    pub fn position(&self) -> Position {
        self.position
    }

    /// The next events, as soon as there are any.
    pub async fn next(&mut self) -> Result<Vec<Entry>> {
        loop {
            let entries = self.read().await?;
            if !entries.is_empty() {
                return Ok(entries);
            }
            tokio::select! {
                _ = self.commits.changed() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// The next events there are right now, possibly none.
    pub async fn read(&mut self) -> Result<Vec<Entry>> {
        let Position { xid, sequence } = self.position;
        let read = sql!(
            sqlite: "SELECT {Entry.*} FROM outbox
                     WHERE sequence > {sequence} ORDER BY sequence LIMIT {BATCH}",
            postgres: "SELECT {Entry.*} FROM outbox
                       WHERE (xid, sequence) > ({xid}, {sequence}) AND xid < CAST(CAST(
                             pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)
                       ORDER BY xid, sequence LIMIT {BATCH}",
        );
        let entries: Vec<Entry> = self.db.query(read).all().await?;
        if let Some(last) = entries.last() {
            self.position = last.position;
        }
        Ok(entries)
    }
}

/// The last place that is surely complete: what comes later comes after it.
pub async fn last(db: &Db) -> Result<Position> {
    Ok(before(db, 0).await?.unwrap_or_default())
}

/// The place before the last `count` events, or before all that are kept where there are fewer.
pub async fn back(db: &Db, count: i64) -> Result<Position> {
    match before(db, count).await? {
        Some(position) => Ok(position),
        None => Ok(first(db).await?.unwrap_or_default()),
    }
}

/// Whether events after `position` have been deleted already: who stands there must start over.
pub async fn has_gap_after(db: &Db, position: Position) -> Result<bool> {
    let first = first(db).await?;
    // Sequences start at 1 and the last row is never deleted.
    Ok(first.is_some_and(|first| first > position && first.sequence > 1))
}

/// The place before the last `count` events that are surely complete, if there are as many.
async fn before(db: &Db, count: i64) -> Result<Option<Position>> {
    let before = sql!(
        sqlite: "SELECT {Position.*} FROM outbox ORDER BY sequence DESC LIMIT 1 OFFSET {count}",
        postgres: "SELECT {Position.*} FROM outbox
                   WHERE xid < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)
                   ORDER BY xid DESC, sequence DESC LIMIT 1 OFFSET {count}",
    );
    db.query(before).optional().await
}

/// The first event that is kept.
async fn first(db: &Db) -> Result<Option<Position>> {
    let first = sql!(
        sqlite: "SELECT {Position.*} FROM outbox ORDER BY sequence LIMIT 1",
        postgres: "SELECT {Position.*} FROM outbox ORDER BY xid, sequence LIMIT 1",
    );
    db.query(first).optional().await
}
