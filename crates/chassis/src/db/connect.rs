//! Opening a database: which URL, how many connections, which limits.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::{Db, Error, Pools, Result};

/// Limits of a pool.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections to PostgreSQL, or readers of an SQLite file, per service.
    pub connections: u32,
    /// How long a request waits for a connection (or, on SQLite, for its turn to write).
    pub acquire: Duration,
    /// How long PostgreSQL may work on one statement.
    pub statement: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8,
            acquire: Duration::from_millis(1500),
            statement: Duration::from_secs(2),
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
    match base[scheme..].contains('/') && !base.ends_with('/') {
        true => format!("{base}_{service}{query}"),
        false => format!("{}/cartwright_{service}{query}", base.trim_end_matches('/')),
    }
}

impl Db {
    /// Opens `sqlite:path` or `postgres://...`. A PostgreSQL database that does not exist yet
    /// is created.
    pub async fn connect(url: &str, limits: Limits) -> Result<Self> {
        match url.starts_with("sqlite:") {
            true => sqlite(url, limits).await,
            false => postgres(url, limits).await,
        }
    }
}

async fn sqlite(url: &str, limits: Limits) -> Result<Db> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // Only another process (an import beside the shop) can hold the lock this long.
        .busy_timeout(limits.acquire)
        .disable_statement_logging();
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(limits.acquire)
        // On a full disk SQLite ends a transaction by itself, which the driver does not notice:
        // it would refuse to begin another one on this connection for ever.
        .before_acquire(|conn, _| Box::pin(async move { Ok(!conn.is_in_transaction()) }))
        .connect_with(options.clone())
        .await
        .map_err(Error::sort)?;
    let read = SqlitePoolOptions::new()
        .max_connections(limits.connections)
        .idle_timeout(Duration::from_secs(60))
        .test_before_acquire(false)
        .acquire_timeout(limits.acquire)
        .connect_lazy_with(options.pragma("query_only", "ON"));
    Ok(Db::new(Pools::Sqlite { read, write }))
}

async fn postgres(url: &str, limits: Limits) -> Result<Db> {
    let options = PgConnectOptions::from_str(url)?
        .options([
            ("statement_timeout", limits.statement.as_millis().to_string()),
            // Not even warnings: the ROLLBACK below causes one wherever there is nothing to undo.
            ("client_min_messages", "error".to_owned()),
        ])
        .disable_statement_logging();
    // A `begin()` cancelled half-way leaves a transaction open on the server (sqlx#4385);
    // whoever takes the connection next must not write into it.
    let pool = PgPoolOptions::new()
        .max_connections(limits.connections)
        .acquire_timeout(limits.acquire)
        .test_before_acquire(false)
        .before_acquire(|conn, _| {
            Box::pin(async move {
                sqlx::raw_sql("ROLLBACK").execute(conn).await?;
                Ok(true)
            })
        });
    let connected = match pool.clone().connect_with(options.clone()).await {
        Err(sqlx::Error::PoolTimedOut) => Err(reason(&options, limits.acquire).await),
        // 3D000: the database does not exist.
        Err(error) if code(&error) == Some("3D000".into()) => {
            create(&options).await?;
            pool.connect_with(options).await
        }
        connected => connected,
    };
    Ok(Db::new(Pools::Postgres(connected.map_err(Error::sort)?)))
}

/// Why there is no connection: a pool tries until its time is up and then forgets what was wrong.
async fn reason(options: &PgConnectOptions, patience: Duration) -> sqlx::Error {
    match tokio::time::timeout(patience, PgConnection::connect_with(options)).await {
        Ok(Err(error)) => error,
        Ok(Ok(_)) | Err(_) => sqlx::Error::PoolTimedOut,
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
