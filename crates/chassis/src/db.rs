//! One handle for two databases.
//!
//! A statement is written once, with `$1` placeholders, and runs unchanged on SQLite
//! (embedded) and PostgreSQL. The few statements the dialects disagree on are written
//! twice, side by side, as a [`Sql`] pair.
//!
//! Reads and single writes take `impl Session`, so they run on the pool or inside a
//! transaction. Work that needs several statements takes `&mut Tx`, so it cannot be
//! called outside one.

mod connect;
mod lease;
mod lock;
mod migrate;

pub use connect::{Limits, url_for};
pub use migrate::{MigrationState, MigrationStatus, Migrations};

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::error::ErrorKind;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Encode, FromRow, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction, Type};
use tokio::sync::{Notify, watch};

use lease::{Lease, Server};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique key already holds the value. Services turn this into a 409.
    #[error("the value is already taken")]
    Duplicate(#[source] sqlx::Error),
    /// A CHECK or foreign key refused the value.
    #[error("the value breaks a rule of the database")]
    Constraint(#[source] sqlx::Error),
    /// No connection in time, a lock held too long, a server going down: worth another try.
    #[error("the database does not answer in time")]
    Unavailable(#[source] sqlx::Error),
    /// A command works on the database alone, or wants to while others have it open.
    #[error("another process uses the database")]
    InUse,
    /// The disk is full or the files are read-only.
    #[error("the database cannot be written to")]
    Full(#[source] sqlx::Error),
    #[error("database")]
    Driver(#[from] sqlx::Error),
    #[error("migration")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// A database of either kind.
#[derive(Clone, Debug)]
pub struct Db {
    pools: Pools,
    /// Counts commits that told an event; relays and feeds wait on it.
    commits: Arc<watch::Sender<u64>>,
}

#[derive(Clone, Debug)]
enum Pools {
    /// SQLite has one writer at a time. Giving it one connection makes writers queue here, in
    /// order, instead of polling the file's lock.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(Server),
}

/// One connection, for commands that move or compare whole databases.
#[derive(Debug)]
pub enum Connection {
    Sqlite(PoolConnection<Sqlite>),
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
}

#[derive(Debug)]
enum TxInner {
    Sqlite(Transaction<'static, Sqlite>),
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
pub trait Session<'c>: Send {
    fn query(self, sql: impl Into<Sql>) -> Query<'c>;
}

/// A value both databases store.
pub trait Value:
    for<'q> Encode<'q, Sqlite> + Type<Sqlite> + for<'q> Encode<'q, Postgres> + Type<Postgres> + Send
{
}

/// A struct read from a row of either database: `#[derive(sqlx::FromRow)]`.
pub trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// A statement with its parameters, tied to where it runs.
pub struct Query<'c>(Inner<'c>);

enum Inner<'c> {
    Sqlite(
        sqlx::query::Query<'static, Sqlite, SqliteArguments>,
        On<'c, SqlitePool, SqliteConnection>,
    ),
    Postgres(sqlx::query::Query<'static, Postgres, PgArguments>, On<'c, Server, Lease>),
}

enum On<'c, P, C> {
    Pool(&'c P),
    Tx(&'c mut C),
}

/// Runs one sqlx method on whichever driver and executor the query holds.
macro_rules! run {
    ($query:expr, $method:ident, |$out:ident| $map:expr) => {
        match $query.0 {
            Inner::Sqlite(query, On::Pool(on)) => query.$method(on).await.map(|$out| $map),
            Inner::Sqlite(query, On::Tx(on)) => query.$method(on).await.map(|$out| $map),
            Inner::Postgres(query, On::Pool(server)) => match server.lease().await {
                Ok(mut on) => on.run(async |on| query.$method(on).await).await.map(|$out| $map),
                Err(error) => Err(error),
            },
            Inner::Postgres(query, On::Tx(on)) => {
                on.run(async |on| query.$method(on).await).await.map(|$out| $map)
            }
        }
    };
}

impl Query<'_> {
    #[must_use]
    pub fn bind(self, value: impl Value) -> Self {
        Self(match self.0 {
            Inner::Sqlite(query, on) => Inner::Sqlite(query.bind(value), on),
            Inner::Postgres(query, on) => Inner::Postgres(query.bind(value), on),
        })
    }

    pub async fn one<T: Record>(self) -> Result<T> {
        Ok(run!(self, fetch_one, |row| T::from_row(&row)).map_err(Error::sort)??)
    }

    pub async fn optional<T: Record>(self) -> Result<Option<T>> {
        let row = run!(self, fetch_optional, |row| row.map(|row| T::from_row(&row)));
        Ok(row.map_err(Error::sort)?.transpose()?)
    }

    pub async fn all<T: Record>(self) -> Result<Vec<T>> {
        let rows: Vec<_> =
            run!(self, fetch_all, |rows| rows.iter().map(|row| T::from_row(row)).collect())
                .map_err(Error::sort)?;
        Ok(rows.into_iter().collect::<sqlx::Result<_>>()?)
    }

    /// Runs the statement and returns how many rows it touched.
    pub async fn execute(self) -> Result<u64> {
        run!(self, execute, |done| done.rows_affected()).map_err(Error::sort)
    }
}

impl Db {
    fn new(pools: Pools) -> Self {
        Self { pools, commits: Arc::new(watch::Sender::new(0)) }
    }

    /// Begins a write transaction.
    ///
    /// SQLite takes its write lock at once: a deferred transaction that reads first and
    /// writes later fails with `SQLITE_BUSY_SNAPSHOT`, which no timeout waits for.
    pub async fn begin(&self) -> Result<Tx> {
        let inner = match &self.pools {
            Pools::Sqlite { write, .. } => {
                write.begin_with("BEGIN IMMEDIATE").await.map(TxInner::Sqlite)
            }
            Pools::Postgres(server) => server.begin().await.map(TxInner::Postgres),
        };
        let inner = inner.map_err(Error::sort)?;
        Ok(Tx { inner, commits: self.commits.clone(), told: false, xid: None, woken: vec![] })
    }

    /// Is told of every commit in this process that told an event.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
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
        let connection = match &self.pools {
            Pools::Sqlite { write, .. } => write.acquire().await.map(Connection::Sqlite),
            Pools::Postgres(server) => server.pool.acquire().await.map(Connection::Postgres),
        };
        connection.map_err(Error::sort)
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(server) => server.close().await,
        }
    }
}

impl Tx {
    pub async fn commit(self) -> Result<()> {
        crate::fault::point().await;
        match self.inner {
            TxInner::Sqlite(tx) => tx.commit().await,
            TxInner::Postgres(tx) => tx.commit().await,
        }
        .map_err(Error::sort)?;
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
            TxInner::Sqlite(tx) => tx.rollback().await,
            TxInner::Postgres(tx) => tx.rollback().await,
        }
        .map_err(Error::sort)
    }

    /// The id of the transaction, known once it has told an event: that of the
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
    fn query(self, sql: impl Into<Sql>) -> Query<'c> {
        let sql = sql.into();
        Query(match &self.pools {
            // The readers' connections are `query_only`: a write sent to one by mistake is
            // refused, never lost.
            Pools::Sqlite { read, .. } if sql.sqlite.trim_start().starts_with("SELECT") => {
                Inner::Sqlite(sqlx::query(sql.sqlite), On::Pool(read))
            }
            Pools::Sqlite { write, .. } => Inner::Sqlite(sqlx::query(sql.sqlite), On::Pool(write)),
            Pools::Postgres(server) => Inner::Postgres(sqlx::query(sql.postgres), On::Pool(server)),
        })
    }
}

impl<'c> Session<'c> for &'c mut Tx {
    fn query(self, sql: impl Into<Sql>) -> Query<'c> {
        let sql = sql.into();
        Query(match &mut self.inner {
            TxInner::Sqlite(tx) => Inner::Sqlite(sqlx::query(sql.sqlite), On::Tx(&mut **tx)),
            TxInner::Postgres(tx) => Inner::Postgres(sqlx::query(sql.postgres), On::Tx(tx)),
        })
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
        match self {
            Self::Unavailable(sqlx::Error::Io(error)) => {
                error.kind() == std::io::ErrorKind::ConnectionRefused
            }
            // 57P03: cannot_connect_now.
            Self::Unavailable(error) => {
                error.as_database_error().and_then(|it| it.code()).as_deref() == Some("57P03")
            }
            _ => false,
        }
    }

    fn sort(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                    Self::Unavailable(error)
                }
                error => Self::Driver(error),
            };
        };
        match database.kind() {
            ErrorKind::UniqueViolation => return Self::Duplicate(error),
            ErrorKind::CheckViolation
            | ErrorKind::ForeignKeyViolation
            | ErrorKind::NotNullViolation => return Self::Constraint(error),
            _ => {}
        }
        let code = database.code().unwrap_or_default().into_owned();
        // SQLite's codes are numbers, the low byte being the primary one
        // (https://sqlite.org/rescode.html); PostgreSQL's are five characters
        // (appendix A of its manual).
        match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(5 | 6) if code.len() < 5 => Self::Unavailable(error),
            Ok(8 | 10 | 13 | 14) if code.len() < 5 => Self::Full(error),
            _ if code == "53100" || code == "25006" => Self::Full(error),
            _ if code.starts_with("57") || code.starts_with("53") || code.starts_with("08") => {
                Self::Unavailable(error)
            }
            // The server has ended a transaction that was left alone, or took, too long.
            _ if code == "25P03" || code == "25P04" => Self::Unavailable(error),
            // Serialization failure and deadlock: the other one won, this one may try again.
            _ if code == "40001" || code == "40P01" => Self::Unavailable(error),
            _ => Self::Driver(error),
        }
    }
}

impl<T> Value for T where
    T: for<'q> Encode<'q, Sqlite>
        + Type<Sqlite>
        + for<'q> Encode<'q, Postgres>
        + Type<Postgres>
        + Send
{
}

impl<T> Record for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

#[cfg(test)]
mod tests;
