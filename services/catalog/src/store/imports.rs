//! Files of products that wait to be imported, and what became of those that were.

use chassis::db::{Db, Insert, Json, Record, Result, Select, Session, Tx, Word, sql};
use chassis::queue::{Dead, Due, Queue, Table};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::imports::LEASE;

/// Files to import. One that failed is dead as long as its file is kept, which is where it was not
/// the file's fault.
pub(crate) static IMPORTS: Queue = Queue::new(Table {
    name: "catalog.imports",
    table: "imports",
    key: "id",
    columns: "*",
    open: "state IN ('waiting', 'running')",
    due: Due::At("due_at"),
    order: "created_at, id",
    claimed: "state = 'running', attempts = attempts + 1",
    hurried: "state IN ('waiting', 'running')",
    dead: Some(Dead {
        rows: "state = 'failed' AND EXISTS (SELECT 1 FROM import_parts WHERE import_id = imports.id)",
        again: "state = 'waiting', attempts = 0, error = NULL, finished_at = NULL",
    }),
    longest: Some(LEASE),
});

/// Bytes of a piece of a file.
const PART: usize = 1 << 20;

/// The state of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, Word)]
#[schema(as = ImportState)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Waiting,
    Running,
    /// Completed, with or without products left out.
    Done,
    /// Stopped before its end. What was imported until then stays.
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
    /// Whose it is: only who claimed it last may write of it.
    pub(crate) fence: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
}

/// An import that waits.
#[derive(Insert)]
#[record(table = "imports")]
struct New<'a> {
    #[record(flatten)]
    import: &'a Import,
    due_at: DateTime<Utc>,
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
    tx.insert(&New { import, due_at: import.created_at }).execute().await?;
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

/// Notes how far it is and keeps it until `lease`; false if somebody else has taken it over.
pub(crate) async fn note(
    db: impl Session<'_>,
    import: &Import,
    lease: DateTime<Utc>,
) -> Result<bool> {
    const SO_FAR: &str = "rows_done = $4, products_done = $5, report = $6";
    let note = IMPORTS.renew(db, (import.id, import.fence), lease, SO_FAR);
    let note = note.bind(import.rows_done).bind(import.products_done);
    Ok(note.bind(import.report.clone()).execute().await? == 1)
}

/// Releases it until `until`.
pub(crate) async fn leave(
    db: impl Session<'_>,
    import: &Import,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    let held = (import.id, import.fence);
    IMPORTS.release(db, held, (now, until), "").execute().await.map(drop)
}

/// Whether the file of an import that ends is needed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum File {
    /// For an operator to have the import tried again.
    Kept,
    Discarded,
}

/// Ends an import; false if somebody else has taken it over.
pub(crate) async fn finish(
    tx: &mut Tx,
    import: &Import,
    file: File,
    now: DateTime<Utc>,
) -> Result<bool> {
    const ENDED: &str = "state = $3, rows_done = $4, products_done = $5, report = $6, error = $7,
                         finished_at = $8";
    let finish = IMPORTS.finish(&mut *tx, (import.id, import.fence), ENDED);
    let finished = finish
        .bind(import.state)
        .bind(import.rows_done)
        .bind(import.products_done)
        .bind(import.report.clone())
        .bind(import.error.clone())
        .bind(now)
        .execute()
        .await?;
    if file == File::Discarded {
        let id = import.id;
        tx.query(sql!("DELETE FROM import_parts WHERE import_id = {id}")).execute().await?;
    }
    Ok(finished == 1)
}

/// Removes what ended before a time.
pub(crate) async fn forget(db: impl Session<'_>, before: DateTime<Utc>) -> Result<u64> {
    db.query(sql!("DELETE FROM imports WHERE finished_at < {before}")).execute().await
}
