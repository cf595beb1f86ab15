//! Opening a database: which URL, how many connections, which limits.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::lease::Server;
use super::lock::{self, Use};
use super::sqlite::File;
use super::{Db, Engine, Error, Result};

/// Limits of a pool.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections to PostgreSQL per service. An SQLite file has a reader per core.
    pub connections: u32,
    /// How long a request waits for a connection (or, on SQLite, for its turn to write).
    pub acquire: Duration,
    /// How long PostgreSQL may work on one statement.
    pub statement: Duration,
    /// How long PostgreSQL waits for the next statement of a transaction before it rolls it back.
    /// Zero: forever.
    pub idle_in_transaction: Duration,
}

/// How PostgreSQL finds out that a host is gone which said no goodbye, in about ten seconds: its
/// own looks at a connection nobody uses, and its patience with one that does not take what is
/// sent. The system's usual two hours would keep all that the lost one had locked. Without effect
/// on a Unix socket.
const KEEPALIVE: [(&str, &str); 4] = [
    ("tcp_keepalives_idle", "5"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "3"),
    // Milliseconds.
    ("tcp_user_timeout", "10000"),
];

/// How long a command waits for its one connection.
const PATIENCE: Duration = Duration::from_millis(1500);

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8,
            acquire: Duration::from_millis(1500),
            statement: Duration::from_secs(2),
            // Nobody holds a transaction open while asking others; this is for who is frozen.
            idle_in_transaction: Duration::from_secs(5),
        }
    }
}

/// The URL of one service's database: `{service}` is replaced where it stands; a PostgreSQL
/// URL without it gets `_{service}` appended to its database name.
pub fn url_for(template: &str, service: &str) -> String {
    if template.contains("{service}") {
        return template.replace("{service}", service);
    }
    if template.starts_with("sqlite:") {
        return template.to_owned();
    }
    let (base, query) = match template.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (template, String::new()),
    };
    let scheme = base.find("://").map_or(0, |at| at + 3);
    if base[scheme..].contains('/') && !base.ends_with('/') {
        format!("{base}_{service}{query}")
    } else {
        format!("{}/cartwright_{service}{query}", base.trim_end_matches('/'))
    }
}

impl Db {
    /// Opens `sqlite:path` or `postgres://...`. A PostgreSQL database that does not exist yet
    /// is created.
    pub async fn connect(url: &str, limits: Limits) -> Result<Self> {
        if url.starts_with("sqlite:") {
            File::open(url, limits.acquire).await.map(|it| Self::new(Engine::Sqlite(it)))
        } else {
            postgres(url, limits, Use::Shared).await
        }
    }

    /// Opens a PostgreSQL database with one connection, for work nobody may see half done.
    /// [`Error::InUse`] if another process has it open; none can open it until this one closes it
    /// or ends. An SQLite file is kept from others by its data directory's lock.
    pub async fn connect_alone(url: &str) -> Result<Self> {
        // Such work may take long, but not a connection.
        let limits = Limits {
            connections: 1,
            acquire: PATIENCE,
            statement: Duration::ZERO,
            // Nobody else waits for what it holds, and it may wait long for another database.
            idle_in_transaction: Duration::ZERO,
        };
        if url.starts_with("sqlite:") {
            File::open(url, limits.acquire).await.map(|it| Self::new(Engine::Sqlite(it)))
        } else {
            postgres(url, limits, Use::Alone).await
        }
    }
}

async fn postgres(url: &str, limits: Limits, mode: Use) -> Result<Db> {
    let options = PgConnectOptions::from_str(url)?
        .options([
            ("statement_timeout", limits.statement.as_millis().to_string()),
            // A copy that is frozen or lost in the middle of a transaction keeps its locks no
            // longer than this, however alive its connection looks.
            (
                "idle_in_transaction_session_timeout",
                limits.idle_in_transaction.as_millis().to_string(),
            ),
            // Not even warnings: the ROLLBACK below causes one wherever there is nothing to undo.
            ("client_min_messages", "error".to_owned()),
        ])
        .options(KEEPALIVE)
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(limits.connections)
        .acquire_timeout(limits.acquire)
        .test_before_acquire(false)
        .after_connect(move |conn, _| Box::pin(lock::wait(conn, mode)));
    let pool = match mode {
        Use::Shared => pool,
        // The connection is the lock.
        Use::Alone => pool.idle_timeout(None).max_lifetime(None),
    };
    let connected = match pool.clone().connect_with(options.clone()).await {
        Err(sqlx::Error::PoolTimedOut) => Err(reason(&options, limits.acquire, mode).await),
        // 3D000: the database does not exist.
        Err(error) if code(&error) == Some("3D000".into()) => {
            create(&options).await?;
            pool.connect_with(options).await.map_err(Error::sort)
        }
        connected => connected.map_err(Error::sort),
    };
    Ok(Db::new(Engine::Postgres(Server::new(connected?, limits))))
}

/// Why there is no connection: a pool tries until its time is up and then forgets what was wrong.
async fn reason(options: &PgConnectOptions, patience: Duration, mode: Use) -> Error {
    let look = async {
        let mut conn = PgConnection::connect_with(options).await?;
        lock::attempt(&mut conn, mode).await
    };
    match tokio::time::timeout(patience, look).await {
        Ok(Err(error)) => Error::sort(error),
        Ok(Ok(false)) => Error::InUse,
        Ok(Ok(true)) | Err(_) => Error::sort(sqlx::Error::PoolTimedOut),
    }
}

/// Creates the database with the C collation, so that text sorts as it does on SQLite.
async fn create(options: &PgConnectOptions) -> Result<()> {
    let name = options.get_database().unwrap_or("cartwright").replace('"', "\"\"");
    let mut admin = PgConnection::connect_with(&options.clone().database("postgres")).await?;
    let create = format!(
        "CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
    );
    let created = sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut admin).await;
    admin.close().await?;
    match created {
        Ok(_) => Ok(()),
        // 42P04, 23505: another process was faster.
        Err(error) if matches!(code(&error).as_deref(), Some("42P04" | "23505")) => Ok(()),
        Err(error) => Err(Error::sort(error)),
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|it| it.code()).map(|it| it.into_owned())
}

#[cfg(test)]
mod tests {
    use super::url_for;

    #[test]
    fn every_service_has_a_database_of_its_own() {
        for (template, url) in [
            ("sqlite:data/{service}.db", "sqlite:data/orders.db"),
            ("postgres://u:p@h:5432/shop", "postgres://u:p@h:5432/shop_orders"),
            ("postgres://h/shop?sslmode=require", "postgres://h/shop_orders?sslmode=require"),
            ("postgres://h/a_{service}_b", "postgres://h/a_orders_b"),
            ("postgres://h", "postgres://h/cartwright_orders"),
            ("postgres://h/", "postgres://h/cartwright_orders"),
        ] {
            assert_eq!(url_for(template, "orders"), url);
        }
    }
}
