//! A connection to PostgreSQL, lent from the pool, with a deadline for all that is done on it.
//!
//! PostgreSQL ends a statement that takes too long, but not where it hangs itself or the network
//! swallows its answers. So the time is kept here as well, and a connection that has let it pass is
//! thrown away: what it still had to say would be taken for the answer to something else.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgConnection, PgPool, Postgres};
use tokio::sync::watch;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

use super::Limits;

/// How much longer than PostgreSQL itself one waits for it to give up a statement.
const GRACE: Duration = Duration::from_millis(300);
/// How long the least of all statements may take before the server counts as hung.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// How long it may take to bring a connection back in order.
const TIDY: Duration = Duration::from_secs(3);
/// How long to wait between two looks whether a hung server is well again.
const PAUSE: Duration = Duration::from_millis(250);

/// The pool of a database.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) pool: PgPool,
    limits: Limits,
    health: Arc<Health>,
}

#[derive(Debug, Default)]
struct Health {
    /// Whether the server is known not to answer. Until it does again nobody waits for it.
    away: watch::Sender<bool>,
    /// Whether somebody is looking.
    looking: AtomicBool,
}

/// A connection in use. Dropping it gives it back, without what was not committed.
#[derive(Debug)]
pub(super) struct Lease {
    /// Taken out when dropped.
    connection: Option<PoolConnection<Postgres>>,
    server: Server,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    InTransaction,
    /// A statement is under way. If that does not change it was given up by who waited for it.
    Busy,
    /// Nothing more is to be had from it.
    Broken,
}

impl Server {
    pub(super) fn new(pool: PgPool, limits: Limits) -> Self {
        Self { pool, limits, health: Arc::default() }
    }

    pub(super) async fn lease(&self) -> sqlx::Result<Lease> {
        self.lend("ROLLBACK", State::Idle).await
    }

    /// A connection with a transaction, for which it is not asked twice.
    pub(super) async fn begin(&self) -> sqlx::Result<Lease> {
        self.lend("ROLLBACK; BEGIN", State::InTransaction).await
    }

    async fn lend(&self, greeting: &'static str, state: State) -> sqlx::Result<Lease> {
        let mut away = self.health.away.subscribe();
        let taken = tokio::select! {
            biased;
            _ = away.wait_for(|it| *it) => Err(late("PostgreSQL does not answer")),
            taken = timeout(self.limits.acquire, self.take(greeting)) => {
                taken.unwrap_or(Err(sqlx::Error::PoolTimedOut))
            }
        };
        // Too many requests, or no server?
        if let Err(sqlx::Error::PoolTimedOut) = taken {
            self.suspect();
        }
        Ok(Lease { connection: Some(taken?), server: self.clone(), state })
    }

    /// Waits for running statements, but not for a server that hangs.
    pub(super) async fn close(&self) {
        if timeout(self.limits.statement + TIDY, self.pool.close()).await.is_err() {
            tracing::warn!("connections to PostgreSQL were lost");
        }
    }

    /// A connection that answers, and has nothing open: a `begin()` given up half-way leaves a
    /// transaction (sqlx#4385), which the next user must not write into.
    async fn take(&self, greeting: &'static str) -> sqlx::Result<PoolConnection<Postgres>> {
        loop {
            let mut connection = self.pool.acquire().await?;
            let greeted = sqlx::raw_sql(greeting).execute(&mut *connection);
            let answer = timeout(SIGN_OF_LIFE, greeted).await;
            if let Ok(Ok(_)) = answer {
                return Ok(connection);
            }
            drop(connection.detach());
            match answer {
                Ok(_) => self.suspect(),
                Err(_) => self.give_up(),
            }
        }
    }

    /// From now on nobody waits for the server until it answers again.
    fn give_up(&self) {
        if !self.health.away.send_replace(true) {
            tracing::warn!(
                "PostgreSQL does not answer; requests that need it get 503 until it does"
            );
        }
        self.suspect();
    }

    /// Looks whether the server answers, until it does.
    fn suspect(&self) {
        if self.health.looking.swap(true, Ordering::SeqCst) {
            return;
        }
        let server = self.clone();
        tokio::spawn(async move {
            while !server.pool.is_closed() && !server.answers().await {
                server.give_up();
                sleep(PAUSE).await;
            }
            server.health.looking.store(false, Ordering::SeqCst);
            if server.health.away.send_replace(false) {
                tracing::info!("PostgreSQL answers again");
            }
        });
    }

    /// Tries a connection beside those of the pool, which may all be in use.
    async fn answers(&self) -> bool {
        let options = self.pool.connect_options();
        match timeout(self.limits.acquire, PgConnection::connect_with(&options)).await {
            Ok(Ok(connection)) => {
                drop(connection.close().await);
                true
            }
            // It says why not, such as that there are too many already.
            Ok(Err(error)) => !is_broken(&error),
            Err(_) => false,
        }
    }
}

fn late(text: impl Into<String>) -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, text.into()).into()
}

impl Lease {
    /// Runs something on the connection.
    pub(super) async fn run<T>(
        &mut self,
        statement: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        let after = self.state;
        let Some(connection) = self.connection.as_mut().filter(|_| after != State::Broken) else {
            return Err(io::Error::from(io::ErrorKind::NotConnected).into());
        };
        self.state = State::Busy;
        let patience = match self.server.limits.statement {
            Duration::ZERO => Duration::MAX,
            statement => statement + GRACE,
        };
        let done = timeout(patience, statement(connection)).await;
        self.settle(done, after)
    }

    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        self.control("COMMIT", State::Idle).await
    }

    pub(super) async fn rollback(mut self) -> sqlx::Result<()> {
        self.control("ROLLBACK", State::Idle).await
    }

    async fn control(&mut self, statement: &'static str, after: State) -> sqlx::Result<()> {
        let execute = async |on: &mut PgConnection| sqlx::raw_sql(statement).execute(on).await;
        self.run(execute).await?;
        self.state = after;
        Ok(())
    }

    fn settle<T>(
        &mut self,
        done: Result<sqlx::Result<T>, Elapsed>,
        after: State,
    ) -> sqlx::Result<T> {
        let done = done.unwrap_or_else(|_| {
            self.server.give_up();
            Err(late("PostgreSQL did not answer in time"))
        });
        let broken = done.as_ref().is_err_and(is_broken);
        if broken {
            self.server.suspect();
        }
        self.state = if broken { State::Broken } else { after };
        done
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let runtime = tokio::runtime::Handle::try_current();
        let (state, Ok(runtime)) = (self.state, runtime) else {
            return drop(connection.detach());
        };
        if state == State::Broken {
            // Without a goodbye: nobody listens.
            return drop(connection.detach());
        }
        runtime.spawn(async move {
            let tidy = async {
                if state != State::Idle {
                    sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await?;
                }
                connection.return_to_pool().await;
                Ok(())
            };
            // One that is not in order in time is closed.
            let tidied: Result<sqlx::Result<()>, _> = timeout(TIDY, tidy).await;
            if !matches!(tidied, Ok(Ok(()))) {
                connection.close_on_drop();
            }
        });
    }
}

/// Whether the connection is of no use after this error.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        // 57P01 to 57P05: the server is shutting down, or has ended this session.
        // 25P03, 25P04: it has ended this session because its transaction took too long.
        sqlx::Error::Database(it) => it
            .code()
            .is_some_and(|it| it.starts_with("57P") || matches!(it.as_ref(), "25P03" | "25P04")),
        _ => false,
    }
}
