//! SQLite on the calling thread.
//!
//! A statement on warm pages takes microseconds, less than handing it to another thread and back
//! would. What waits for the disk does so off the runtime's threads ([`may_block`]): commits,
//! single writes, checkpoints. One connection writes, so writers queue here, in order, instead of
//! polling the file's lock; as many read as there are cores, since a thread runs one statement at
//! a time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::types::Value as Stored;
use rusqlite::{Connection, OpenFlags, Statement};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use super::{Error, Result, Row};

/// Statements a connection keeps prepared.
const PREPARED: usize = 256;
/// How long to wait before looking again whether another process has release the file.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(25);

/// A file, opened by this process.
#[derive(Clone, Debug)]
pub(super) struct File {
    writer: Arc<Pool>,
    readers: Arc<Pool>,
    /// How long a request waits for its turn, and then for another process.
    acquire: Duration,
}

/// Connections of one kind.
#[derive(Debug)]
struct Pool {
    path: String,
    writes: bool,
    permits: Arc<Semaphore>,
    size: u32,
    idle: Mutex<Vec<Connection>>,
}

/// A connection in use. Dropping it gives it back, without what was not committed.
#[derive(Debug)]
pub struct PooledConnection {
    /// Taken out when dropped.
    connection: Option<Connection>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl File {
    pub(super) async fn open(url: &str, acquire: Duration) -> Result<Self> {
        let path = url.strip_prefix("sqlite:").unwrap_or(url);
        let path = path.strip_prefix("//").unwrap_or(path).to_owned();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let writer = Pool::new(path.clone(), true, 1);
        // What is in memory is seen by the connection that wrote it alone.
        let readers = if path == ":memory:" {
            writer.clone()
        } else {
            Pool::new(path, false, u32::try_from(cores).unwrap_or(1).max(2))
        };
        let file = Self { writer, readers, acquire };
        // Now rather than at the first request: whether there is a file, and the way it is kept.
        drop(file.write().await?);
        Ok(file)
    }

    /// The connection that writes.
    pub(super) async fn write(&self) -> Result<PooledConnection> {
        self.take(&self.writer).await
    }

    /// Begins a write transaction.
    pub(super) async fn begin(&self) -> Result<PooledConnection> {
        let mut writer = self.write().await?;
        self.patiently(|| writer.control("BEGIN IMMEDIATE")).await?;
        Ok(writer)
    }

    /// Reads the rows of a statement, on a connection of its own.
    pub(super) async fn read<T>(
        &self,
        sql: &str,
        values: &[Stored],
        at_most: usize,
        read: impl Fn(&Row<'_>) -> Result<T> + Copy,
    ) -> Result<Vec<T>> {
        self.run(sql, |lent| lent.read(sql, values, at_most, read)).await
    }

    /// Runs a statement on a connection of its own; returns how many rows it touched.
    pub(super) async fn execute(&self, sql: &str, values: &[Stored]) -> Result<u64> {
        self.run(sql, |lent| lent.execute(sql, values)).await
    }

    async fn run<T>(
        &self,
        sql: &str,
        statement: impl Fn(&mut PooledConnection) -> Result<T>,
    ) -> Result<T> {
        // The readers' connections are `query_only`: a write sent to one by mistake is refused,
        // never lost.
        if sql.trim_start().starts_with("SELECT") {
            let mut reader = self.take(&self.readers).await?;
            return self.patiently(|| statement(&mut reader)).await;
        }
        let mut writer = self.write().await?;
        self.patiently(|| may_block(|| statement(&mut writer))).await
    }

    /// Waits for who uses them and closes all connections.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn take(&self, pool: &Arc<Pool>) -> Result<PooledConnection> {
        let permit = pool.permits.clone().acquire_owned();
        let permit = match tokio::time::timeout(self.acquire, permit).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(closed)) => return Err(Error::Unavailable(closed.into())),
            Err(_) => return Err(Error::Unavailable("the database is busy".into())),
        };
        let idle = pool.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.patiently(|| may_block(|| pool.open())).await?,
        };
        Ok(PooledConnection { connection: Some(connection), pool: pool.clone(), _permit: permit })
    }

    /// Runs something again for as long as another process holds the file, without keeping a
    /// thread. The time spent in the queue before does not count: it was for others of this shop.
    async fn patiently<T>(&self, mut run: impl FnMut() -> Result<T>) -> Result<T> {
        let (until, mut pause) = (Instant::now() + self.acquire, FIRST_PAUSE);
        loop {
            match run() {
                Err(Error::Unavailable(cause)) if is_busy(&*cause) && Instant::now() < until => {
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                done => return done,
            }
        }
    }
}

impl Pool {
    fn new(path: String, writes: bool, size: u32) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(size as usize));
        Arc::new(Self { path, writes, permits, size, idle: Mutex::default() })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock()
    }

    fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(Path::new(&self.path), flags)?;
        // Nobody waits inside SQLite, where a thread of the runtime would wait along: for another
        // process (an import beside the shop) see `patiently`. Only opening does, for a moment.
        connection.busy_timeout(Duration::from_millis(500))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "query_only", !self.writes)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        Ok(connection)
    }

    async fn close(&self) {
        let all = self.permits.acquire_many(self.size).await;
        self.permits.close();
        drop(all);
        let idle = std::mem::take(&mut *self.idle());
        // The last one brings the log into the file.
        may_block(|| drop(idle));
    }
}

impl PooledConnection {
    fn connection(&self) -> Result<&Connection> {
        self.connection.as_ref().ok_or_else(|| Error::Driver("the connection is closed".into()))
    }

    /// Reads at most so many rows of a statement, which is prepared once and kept.
    pub(super) fn read<T>(
        &self,
        sql: &str,
        values: &[Stored],
        at_most: usize,
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection()?.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        let (mut rows, mut found) = (statement.raw_query(), Vec::new());
        while found.len() < at_most
            && let Some(row) = rows.next()?
        {
            found.push(read(&Row::sqlite(row))?);
        }
        Ok(found)
    }

    /// Runs a statement to its end; returns how many rows it touched.
    pub(super) fn execute(&self, sql: &str, values: &[Stored]) -> Result<u64> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        drop(rows);
        Ok(if statement.readonly() { 0 } else { connection.changes() })
    }

    pub(super) fn commit(mut self) -> Result<()> {
        may_block(|| self.control("COMMIT"))
    }

    pub(super) fn rollback(mut self) -> Result<()> {
        self.control("ROLLBACK")
    }

    fn control(&mut self, sql: &str) -> Result<()> {
        Ok(self.connection()?.prepare_cached(sql)?.raw_execute().map(drop)?)
    }
}

impl std::ops::Deref for PooledConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("there until it is dropped")
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        // SQLite may have ended the transaction by itself, on a full disk.
        if connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok() {
            self.pool.idle().push(connection);
        }
    }
}

/// Binds `$1` to the first parameter wherever it stands; what is missing is an error.
fn bind(statement: &mut Statement<'_>, parameters: &[Stored]) -> Result<()> {
    for index in 1..=statement.parameter_count() {
        let name = statement.parameter_name(index).unwrap_or("?");
        let number = name.get(1..).and_then(|it| it.parse::<usize>().ok());
        let Some(value) = number.and_then(|it| parameters.get(it.checked_sub(1)?)) else {
            return Err(Error::Driver(format!("nothing is bound to {name}").into()));
        };
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

/// Whether the file was in use just then.
fn is_busy(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let code = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    code == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// Runs what may wait for the disk, where the runtime has other threads to go on with meanwhile.
pub(super) fn may_block<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|it| it.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, _) = &error else {
            return Self::Driver(error.into());
        };
        // The low byte is the primary code: https://sqlite.org/rescode.html
        match (failure.extended_code, failure.extended_code & 0xff) {
            // UNIQUE, PRIMARYKEY, ROWID.
            (2067 | 1555 | 2579, _) => Self::Duplicate(error.into()),
            // CHECK, FOREIGNKEY, NOTNULL.
            (275 | 787 | 1299, _) => Self::Constraint(error.into()),
            // BUSY, LOCKED.
            (_, 5 | 6) => Self::Unavailable(error.into()),
            // READONLY, IOERR, FULL, CANTOPEN.
            (_, 8 | 10 | 13 | 14) => Self::Full(error.into()),
            _ => Self::Driver(error.into()),
        }
    }
}
