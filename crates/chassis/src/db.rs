//! One handle for two databases.
//!
//! A statement is written once, with `$1` placeholders, and runs unchanged on SQLite
//! (embedded) and PostgreSQL. The few statements the dialects disagree on are written
//! twice, side by side, as a [`Sql`] pair.
//!
//! Reads and single writes take `impl Session`, so they run on the pool or inside a
//! transaction. Work that needs several statements takes `&mut Tx`, so it cannot be
//! called outside one.

mod batch;
mod connect;
mod lease;
mod lock;
mod migrate;
mod open;
mod record;
mod records;
mod select;
mod sqlite;
pub mod text;
mod value;

pub use batch::Batch;
pub use connect::{Limits, url_for};
pub use migrate::{MigrationState, MigrationStatus, Migrations};
use open::Open;
pub use open::watched;
pub(crate) use open::{none_before, watched_within};
pub use record::{Bind, Columns, Record, Row, Table};
pub use rusqlite::types::{Value as StoredValue, ValueRef as StoredRef};
pub use select::Select;
pub use sqlite::PooledConnection;
pub use text::IntoQuery;
pub use value::{Cause, Decode, Encode, Json, UnknownWord};

pub use macros::{Insert, Record, Word, sql};

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::Postgres;
use sqlx::error::ErrorKind;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgArguments;
use tokio::sync::{Notify, watch};

use lease::{Lease, Server};
use sqlite::File;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique key already holds the value. Services turn this into a 409.
    #[error("the value is already taken")]
    Duplicate(#[source] Cause),
    /// A CHECK or foreign key refused the value.
    #[error("the value violates a constraint of the database")]
    Constraint(#[source] Cause),
    /// No connection in time, a lock held too long, a server going down: worth another try.
    #[error("the database does not answer in time")]
    Unavailable(#[source] Cause),
    /// A command works on the database alone, or wants to while others have it open.
    #[error("another process uses the database")]
    InUse,
    /// The disk is full or the files are read-only.
    #[error("the database cannot be written to")]
    Full(#[source] Cause),
    /// One row was asked for, and there is none.
    #[error("no such row")]
    NoRow,
    #[error("database")]
    Driver(#[source] Cause),
    #[error("migration")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// A database of either kind.
#[derive(Clone, Debug)]
pub struct Db {
    engine: Engine,
    /// Counts commits that published an event; relays and feeds wait on it.
    commits: Arc<watch::Sender<u64>>,
    #[cfg(feature = "testing")]
    statements: Statements,
}

/// How many statements were made, on a pool and in its transactions.
#[cfg(feature = "testing")]
type Statements = Arc<std::sync::atomic::AtomicU64>;

#[derive(Clone, Debug)]
enum Engine {
    Sqlite(File),
    Postgres(Server),
}

/// One connection, for commands that move or compare whole databases.
#[derive(Debug)]
pub enum Connection {
    Sqlite(PooledConnection),
    Postgres(PoolConnection<Postgres>),
}

/// A write transaction. Dropping it without [`Tx::commit`] rolls back.
#[derive(Debug)]
pub struct Tx {
    inner: TxInner,
    commits: Arc<watch::Sender<u64>>,
    pub(crate) told: bool,
    pub(crate) xid: Option<i64>,
    woken: Vec<Arc<Notify>>,
    _open: Open,
    /// What the next statement's values are added to on PostgreSQL, while a batch is put together.
    arguments: PgArguments,
    #[cfg(feature = "testing")]
    statements: Statements,
}

#[derive(Debug)]
enum TxInner {
    Sqlite(PooledConnection),
    Postgres(Lease),
}

/// A statement per dialect. Almost always one string, through `From<&'static str>`.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// The pattern of texts that contain this one: for `LIKE $1 ESCAPE '\\'`.
pub fn containing(text: &str) -> String {
    let literal = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{literal}%")
}

/// Somewhere a statement can run: `&Db` or `&mut Tx`.
pub trait Session<'c>: Sized + Send {
    fn query(self, statement: impl IntoQuery) -> Query<'c>;

    /// Inserts a row.
    fn insert<T: Table>(self, row: &T) -> Query<'c> {
        row.bind_to(self.query(T::texts().insert))
    }

    /// Inserts a row, unless there is one with its key.
    fn insert_new<T: Table>(self, row: &T) -> Query<'c> {
        row.bind_to(self.query(T::texts().insert_new))
    }

    /// Writes all columns of the row with this key.
    fn update<T: Table>(self, row: &T) -> Query<'c> {
        row.bind_to(self.query(T::texts().update))
    }

    /// The same if a column still has this value, such as the version that was read.
    fn update_if<T: Table>(self, row: &T, column: &str, value: impl Encode) -> Query<'c> {
        row.bind_to(self.query(T::texts().update_if(column))).bind(value)
    }

    /// The same if this holds, which needs no value: `"deleted_at IS NULL"`.
    fn update_where<T: Table>(self, row: &T, condition: &str) -> Query<'c> {
        row.bind_to(self.query(T::texts().update_where(condition)))
    }
}

/// A statement with its parameters, tied to where it runs.
pub struct Query<'c> {
    inner: Inner<'c>,
    /// Why a parameter could not be bound.
    unbound: Option<Cause>,
}

enum Inner<'c> {
    Sqlite(&'static str, Vec<StoredValue>, On<'c, File, PooledConnection>),
    Postgres(&'static str, PgQuery, On<'c, Server, Lease>),
}

type PgQuery = sqlx::query::Query<'static, Postgres, PgArguments>;

enum On<'c, P, C> {
    Pool(&'c P),
    Tx(&'c mut C),
}

/// Runs one sqlx method on whatever executor there is.
macro_rules! run {
    ($query:expr, $on:expr, $method:ident) => {
        match $on {
            On::Pool(server) => match server.lease().await {
                Ok(mut on) => on.run(async |on| $query.$method(on).await).await,
                Err(error) => Err(error),
            },
            On::Tx(on) => on.run(async |on| $query.$method(on).await).await,
        }
    };
}

impl Query<'_> {
    #[must_use]
    pub fn bind(mut self, value: impl Encode) -> Self {
        let bound = match self.inner {
            Inner::Sqlite(sql, mut values, on) => {
                let bound = value.sqlite().map(|it| values.push(it));
                self.inner = Inner::Sqlite(sql, values, on);
                bound
            }
            Inner::Postgres(sql, query, on) => {
                let (query, bound) = match value.postgres() {
                    Ok(value) => (query.bind(value), Ok(())),
                    Err(cause) => (query, Err(cause)),
                };
                self.inner = Inner::Postgres(sql, query, on);
                bound
            }
        };
        self.unbound = self.unbound.or(bound.err());
        self
    }

    /// Binds each value of a list, and the last one to the places that are left. No value is NULL,
    /// which equals nothing.
    #[must_use]
    pub fn bind_list<T: Encode + Clone + Sync>(self, values: &[T]) -> Self {
        let Some(last) = values.last() else { return self.bind(None::<T>) };
        let left = text::padded(values.len()) - values.len();
        let query = values.iter().fold(self, |query, value| query.bind(value));
        (0..left).fold(query, |query, _| query.bind(last))
    }

    /// Binds the values of each row.
    #[must_use]
    pub fn bind_rows<T: Bind>(self, rows: &[T]) -> Self {
        rows.iter().fold(self, |query, row| row.bind_to(query))
    }

    /// The first row; [`Error::NoRow`] if there is none.
    pub async fn one<T: Record>(self) -> Result<T> {
        self.optional().await?.ok_or(Error::NoRow)
    }

    /// The first row, if there is one.
    pub async fn optional<T: Record>(self) -> Result<Option<T>> {
        match self.bound()? {
            Inner::Sqlite(sql, values, on) => {
                let found = read(sql, &values, on, 1).await?;
                Ok(found.into_iter().next())
            }
            Inner::Postgres(_, query, on) => {
                let row = run!(query, on, fetch_optional).map_err(Error::sort)?;
                row.map(|row| T::from_row(&Row::postgres(&row))).transpose()
            }
        }
    }

    pub async fn all<T: Record>(self) -> Result<Vec<T>> {
        match self.bound()? {
            Inner::Sqlite(sql, values, on) => read(sql, &values, on, usize::MAX).await,
            Inner::Postgres(_, query, on) => {
                let rows = run!(query, on, fetch_all).map_err(Error::sort)?;
                rows.iter().map(|row| T::from_row(&Row::postgres(row))).collect()
            }
        }
    }

    /// Runs the statement and returns how many rows it touched.
    pub async fn execute(self) -> Result<u64> {
        match self.bound()? {
            Inner::Sqlite(sql, values, On::Pool(file)) => file.execute(sql, &values).await,
            Inner::Sqlite(sql, values, On::Tx(lent)) => lent.execute(sql, &values),
            Inner::Postgres(_, query, on) => {
                let done = run!(query, on, execute).map_err(Error::sort)?;
                Ok(done.rows_affected())
            }
        }
    }
}

impl<'c> Query<'c> {
    fn bound(self) -> Result<Inner<'c>> {
        match self.unbound {
            Some(cause) => Err(Error::Driver(cause)),
            None => Ok(self.inner),
        }
    }
}

async fn read<T: Record>(
    sql: &str,
    values: &[StoredValue],
    on: On<'_, File, PooledConnection>,
    at_most: usize,
) -> Result<Vec<T>> {
    match on {
        On::Pool(file) => file.read(sql, values, at_most, T::from_row).await,
        On::Tx(lent) => lent.read(sql, values, at_most, T::from_row),
    }
}

impl Db {
    fn new(engine: Engine) -> Self {
        Self {
            engine,
            commits: Arc::new(watch::Sender::new(0)),
            #[cfg(feature = "testing")]
            statements: Statements::default(),
        }
    }

    /// Begins a write transaction.
    ///
    /// SQLite takes its write lock at once: a deferred transaction that reads first and
    /// writes later fails with `SQLITE_BUSY_SNAPSHOT`, which no timeout waits for.
    pub async fn begin(&self) -> Result<Tx> {
        let inner = match &self.engine {
            Engine::Sqlite(file) => TxInner::Sqlite(file.begin().await?),
            Engine::Postgres(server) => {
                TxInner::Postgres(server.begin().await.map_err(Error::sort)?)
            }
        };
        Ok(Tx {
            inner,
            commits: self.commits.clone(),
            told: false,
            xid: None,
            woken: vec![],
            _open: Open::count(),
            arguments: PgArguments::default(),
            #[cfg(feature = "testing")]
            statements: self.statements.clone(),
        })
    }

    /// Is notified of every commit in this process that published an event.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// How many statements were made so far, by this handle and its clones; without the beginnings
    /// and ends of transactions.
    #[cfg(feature = "testing")]
    pub fn statements(&self) -> u64 {
        self.statements.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.engine, Engine::Sqlite(_))
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        self.query("SELECT 1").execute().await.map(drop)
    }

    /// What time it is by PostgreSQL's clock, at this moment. None on SQLite, which has no clock
    /// but the machine's.
    pub async fn time(&self) -> Result<Option<DateTime<Utc>>> {
        if self.is_sqlite() {
            return Ok(None);
        }
        self.query("SELECT clock_timestamp()").one::<(DateTime<Utc>,)>().await.map(|it| Some(it.0))
    }

    /// A connection that may write.
    pub async fn connection(&self) -> Result<Connection> {
        match &self.engine {
            Engine::Sqlite(file) => file.write().await.map(Connection::Sqlite),
            Engine::Postgres(server) => {
                server.pool.acquire().await.map(Connection::Postgres).map_err(Error::sort)
            }
        }
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(file) => file.close().await,
            Engine::Postgres(server) => server.close().await,
        }
    }
}

impl Tx {
    pub async fn commit(self) -> Result<()> {
        crate::fault::point().await;
        match self.inner {
            TxInner::Sqlite(tx) => tx.commit(),
            TxInner::Postgres(tx) => tx.commit().await.map_err(Error::sort),
        }?;
        crate::fault::point().await;
        if self.told {
            self.commits.send_modify(|count| *count += 1);
        }
        self.woken.iter().for_each(|it| it.notify_one());
        Ok(())
    }

    /// Undoes everything at once. Dropping does so too, but some moments later.
    pub async fn rollback(self) -> Result<()> {
        match self.inner {
            TxInner::Sqlite(tx) => tx.rollback(),
            TxInner::Postgres(tx) => tx.rollback().await.map_err(Error::sort),
        }
    }

    /// The id of the transaction, known once it has published an event: that of the
    /// [`Position`](crate::feed::Position) at which feeds will come upon it. 0 on SQLite.
    pub fn xid(&self) -> Option<i64> {
        self.xid
    }

    /// Notifies `waiting` once this transaction has been committed.
    pub fn wakes(&mut self, waiting: &Arc<Notify>) {
        if !self.woken.iter().any(|it| Arc::ptr_eq(it, waiting)) {
            self.woken.push(waiting.clone());
        }
    }
}

impl<'c> Session<'c> for &'c Db {
    fn query(self, statement: impl IntoQuery) -> Query<'c> {
        #[cfg(feature = "testing")]
        self.statements.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let sql = statement.sql();
        let inner = match &self.engine {
            Engine::Sqlite(file) => Inner::Sqlite(sql.sqlite, vec![], On::Pool(file)),
            Engine::Postgres(server) => {
                Inner::Postgres(sql.postgres, sqlx::query(sql.postgres), On::Pool(server))
            }
        };
        statement.bind(Query { inner, unbound: None })
    }
}

impl<'c> Session<'c> for &'c mut Tx {
    fn query(self, statement: impl IntoQuery) -> Query<'c> {
        #[cfg(feature = "testing")]
        self.statements.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let sql = statement.sql();
        let inner = match &mut self.inner {
            TxInner::Sqlite(lent) => Inner::Sqlite(sql.sqlite, vec![], On::Tx(lent)),
            TxInner::Postgres(lease) => {
                let query = sqlx::query_with(sql.postgres, std::mem::take(&mut self.arguments));
                Inner::Postgres(sql.postgres, query, On::Tx(lease))
            }
        };
        statement.bind(Query { inner, unbound: None })
    }
}

impl From<&'static str> for Sql {
    fn from(sql: &'static str) -> Self {
        Self { sqlite: sql, postgres: sql }
    }
}

impl Error {
    /// Whether the server may only be starting: nothing listens yet, or it says so itself.
    pub fn is_starting(&self) -> bool {
        let Self::Unavailable(cause) = self else { return false };
        match cause.downcast_ref::<sqlx::Error>() {
            Some(sqlx::Error::Io(error)) => error.kind() == std::io::ErrorKind::ConnectionRefused,
            // 57P03: cannot_connect_now.
            Some(error) => {
                error.as_database_error().and_then(|it| it.code()).as_deref() == Some("57P03")
            }
            None => false,
        }
    }

    /// What an error of PostgreSQL's, or of its driver, means.
    fn sort(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                    Self::Unavailable(error.into())
                }
                error => Self::Driver(error.into()),
            };
        };
        match database.kind() {
            ErrorKind::UniqueViolation => return Self::Duplicate(error.into()),
            ErrorKind::CheckViolation
            | ErrorKind::ForeignKeyViolation
            | ErrorKind::NotNullViolation => return Self::Constraint(error.into()),
            _ => {}
        }
        // Appendix A of PostgreSQL's manual.
        match database.code().unwrap_or_default().into_owned().as_str() {
            "53100" | "25006" => Self::Full(error.into()),
            code if ["57", "53", "08"].iter().any(|it| code.starts_with(it)) => {
                Self::Unavailable(error.into())
            }
            // The server has ended a transaction that was left alone, or took, too long.
            "25P03" | "25P04" => Self::Unavailable(error.into()),
            // Serialization failure and deadlock: the other one won, this one may try again.
            "40001" | "40P01" => Self::Unavailable(error.into()),
            _ => Self::Driver(error.into()),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::sort(error)
    }
}

#[cfg(test)]
mod tests;
