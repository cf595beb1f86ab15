//! Files of products that wait to be imported, and what became of those that were.

use chassis::clock::too_far;
use chassis::db::{Db, Insert, Json, Record, Result, Select, Session, Sql, Tx, Word, sql};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::imports::LEASE;

/// Bytes of a piece of a file.
const PART: usize = 1 << 20;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, Word)]
#[schema(as = ImportState)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Waiting,
    Running,
    /// It came to its end, with or without products left out.
    Done,
    /// It stopped before its end; what was imported until then stays.
    Failed,
}

#[derive(Clone, Debug, Record)]
#[record(table = "imports", key("id"))]
pub(crate) struct Import {
    pub(crate) id: Uuid,
    pub(crate) state: State,
    pub(crate) file_name: String,
    pub(crate) created_by: Uuid,
    /// Whether the file's figures are the stock there is, whatever moved since.
    pub(crate) set_stock: bool,
    /// Of the whole file, the header not counted.
    pub(crate) rows: i64,
    pub(crate) rows_done: i64,
    pub(crate) products_done: i64,
    pub(crate) report: Json<Value>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// How often somebody began to work on it, or went on.
    pub(crate) attempts: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
}

/// A piece of a file.
#[derive(Insert)]
#[record(table = "import_parts")]
struct Part<'a> {
    import_id: Uuid,
    part: i64,
    bytes: &'a [u8],
}

/// Adds an import and its file.
pub(crate) async fn insert(tx: &mut Tx, import: &Import, file: &[u8]) -> Result<()> {
    tx.insert(import).execute().await?;
    // One by one: a file is too long for one statement.
    for (part, bytes) in (0_i64..).zip(file.chunks(PART)) {
        tx.insert(&Part { import_id: import.id, part, bytes }).execute().await?;
    }
    Ok(())
}

pub(crate) async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Import>> {
    db.query(sql!("SELECT {Import.*} FROM imports WHERE id = {id}")).optional().await
}

/// Up to `limit` imports older than `before`, the newest first.
pub(crate) async fn list(
    db: impl Session<'_>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Import>> {
    let mut list = Select::from("imports");
    list.compare("id", "<", before).order("id DESC").limit(limit);
    list.records::<Import>(db, "").all().await
}

/// How many are not at their end.
pub(crate) async fn open(db: impl Session<'_>) -> Result<i64> {
    let mut open = Select::from("imports");
    open.filter("state IN ('waiting', 'running')").count(db).await
}

/// The file of an import.
pub(crate) async fn file(db: &Db, id: Uuid) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    for part in 0_i64.. {
        let read = sql!("SELECT bytes FROM import_parts WHERE import_id = {id} AND part = {part}");
        match db.query(read).optional::<(Vec<u8>,)>().await? {
            Some((bytes,)) => file.extend_from_slice(&bytes),
            None => break,
        }
    }
    Ok(file)
}

/// Whether there is something to work on: a look that takes no write lock.
pub(crate) async fn is_due(db: impl Session<'_>, now: DateTime<Utc>) -> Result<bool> {
    let due = db.query(
        "SELECT id FROM imports
         WHERE state IN ('waiting', 'running')
           AND (lease_until IS NULL OR lease_until <= $1 OR lease_until > $2)
         LIMIT 1",
    );
    Ok(due.bind(now).bind(too_far(now, LEASE)).optional::<(Uuid,)>().await?.is_some())
}

/// Takes the oldest import that nobody works on, until `lease`.
pub(crate) async fn claim(
    db: &Db,
    now: DateTime<Utc>,
    lease: DateTime<Utc>,
) -> Result<Option<Import>> {
    const CLAIM: Sql = Sql {
        sqlite: "UPDATE imports
                 SET state = 'running', lease_until = $1, attempts = attempts + 1
                 WHERE id = (SELECT id FROM imports
                             WHERE state IN ('waiting', 'running')
                                   AND (lease_until IS NULL OR lease_until <= $2
                                        OR lease_until > $3)
                             ORDER BY created_at, id LIMIT 1)
                 RETURNING *",
        postgres: "UPDATE imports
                   SET state = 'running', lease_until = $1, attempts = attempts + 1
                   WHERE id = (SELECT id FROM imports
                               WHERE state IN ('waiting', 'running')
                                     AND (lease_until IS NULL OR lease_until <= $2
                                          OR lease_until > $3)
                               ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
                   RETURNING *",
    };
    let claim = db.query(CLAIM).bind(lease).bind(now).bind(too_far(now, LEASE));
    claim.optional().await
}

/// Notes how far it is and keeps it until `lease`; false if somebody else has taken it over.
pub(crate) async fn note(
    db: impl Session<'_>,
    import: &Import,
    lease: DateTime<Utc>,
) -> Result<bool> {
    let note = db.query(
        "UPDATE imports SET rows_done = $3, products_done = $4, report = $5, lease_until = $6
         WHERE id = $1 AND state = 'running' AND attempts = $2",
    );
    let noted = note
        .bind(import.id)
        .bind(import.attempts)
        .bind(import.rows_done)
        .bind(import.products_done)
        .bind(import.report.clone())
        .bind(lease)
        .execute()
        .await?;
    Ok(noted == 1)
}

/// Leaves it to whoever comes at `until` or later.
pub(crate) async fn leave(
    db: impl Session<'_>,
    import: &Import,
    until: DateTime<Utc>,
) -> Result<()> {
    let leave = db.query(
        "UPDATE imports SET lease_until = $3
         WHERE id = $1 AND state = 'running' AND attempts = $2",
    );
    leave.bind(import.id).bind(import.attempts).bind(until).execute().await.map(drop)
}

/// Ends an import and throws its file away; false if somebody else has taken it over.
pub(crate) async fn finish(tx: &mut Tx, import: &Import, now: DateTime<Utc>) -> Result<bool> {
    let finish = tx.query(
        "UPDATE imports SET state = $3, rows_done = $4, products_done = $5, report = $6,
                error = $7, finished_at = $8, lease_until = NULL
         WHERE id = $1 AND state = 'running' AND attempts = $2",
    );
    let finished = finish
        .bind(import.id)
        .bind(import.attempts)
        .bind(import.state)
        .bind(import.rows_done)
        .bind(import.products_done)
        .bind(import.report.clone())
        .bind(import.error.clone())
        .bind(now)
        .execute()
        .await?;
    let forget = tx.query("DELETE FROM import_parts WHERE import_id = $1").bind(import.id);
    forget.execute().await?;
    Ok(finished == 1)
}

/// Ends every lease: for a process that knows it is the only one.
pub(crate) async fn end_leases(db: impl Session<'_>) -> Result<()> {
    let end = db.query("UPDATE imports SET lease_until = NULL WHERE state = 'running'");
    end.execute().await.map(drop)
}

/// Removes what ended before a time.
pub(crate) async fn forget(db: impl Session<'_>, before: DateTime<Utc>) -> Result<u64> {
    db.query(sql!("DELETE FROM imports WHERE finished_at < {before}")).execute().await
}
