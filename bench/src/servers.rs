//! The servers a shop that is spread out stands on: whether they answer, and how what the
//! benchmark made on them is removed.
//!
//! Names are the same in every run, so that a run finds what an interrupted one has left.

use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result};
use contracts::subscriptions::SUBSCRIPTIONS;
use lapin::uri::AMQPUri;
use lapin::{ConnectionProperties, options};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::shop::Place;

/// What its databases on PostgreSQL begin with.
const DATABASE: &str = "cartwright_bench";
/// What its exchanges and queues on RabbitMQ begin with.
const EXCHANGE: &str = "cartwright-bench";
/// What its keys in Redis begin with.
const PREFIX: &str = "cartwright-bench:";
/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The servers that answer: those the tests use.
#[derive(Debug)]
pub struct Servers {
    pub postgres: Option<PgConnectOptions>,
    pub rabbitmq: Option<String>,
    pub redis: Option<String>,
}

impl Servers {
    pub async fn find() -> Self {
        let postgres = url("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres");
        let rabbitmq = url("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672");
        let redis = url("TEST_REDIS_URL", "redis://127.0.0.1:6379");
        Self {
            postgres: answers("PostgreSQL", postgres, postgres_at).await,
            rabbitmq: answers("RabbitMQ", rabbitmq, async |url: String| {
                broker(&url).await?.close(200, "".into()).await?;
                Ok(url)
            })
            .await,
            redis: answers("Redis", redis, async |url: String| {
                keys(&url).await?;
                Ok(url)
            })
            .await,
        }
    }

    /// A place that keeps its data in PostgreSQL, in databases that are not there yet.
    pub async fn on_postgres(&self, place: Place) -> Result<Place> {
        let server = self.postgres.as_ref().context("no PostgreSQL server answers")?;
        self.clean().await?;
        let url = server.clone().database(DATABASE).to_url_lossy().to_string();
        Ok(place.with("database.url", url))
    }

    /// A place whose processes tell each other events over RabbitMQ.
    pub fn on_rabbitmq(&self, place: Place) -> Result<Place> {
        let url = self.rabbitmq.as_ref().context("no RabbitMQ server answers")?;
        Ok(place.with("bus.url", url).with("bus.exchange", EXCHANGE))
    }

    /// A place whose processes share Redis, where there is one.
    pub fn with_redis(&self, place: Place) -> Place {
        match &self.redis {
            Some(url) => place.with("redis.url", url).with("redis.prefix", PREFIX),
            None => place,
        }
    }

    /// Connects to the database of a service.
    pub async fn database(&self, service: &str) -> Result<PgConnection> {
        let server = self.postgres.as_ref().context("no PostgreSQL server answers")?;
        let options = server.clone().database(&format!("{DATABASE}_{service}"));
        let connected = PgConnection::connect_with(&options).await;
        connected.with_context(|| format!("cannot connect to the database of {service}"))
    }

    /// Throws away what waits for consumers.
    pub async fn purge(&self) -> Result<()> {
        let url = self.rabbitmq.as_ref().context("no RabbitMQ server answers")?;
        let connection = broker(url).await?;
        let channel = connection.create_channel().await?;
        for queue in queues() {
            channel
                .queue_purge(queue.as_str().into(), options::QueuePurgeOptions::default())
                .await?;
        }
        Ok(connection.close(200, "".into()).await?)
    }

    /// Removes everything of this and of earlier runs. Nothing of it may run any more.
    pub async fn clean(&self) -> Result<()> {
        if let Some(server) = &self.postgres {
            drop_databases(server).await.context("databases are left on the PostgreSQL server")?;
        }
        if let Some(url) = &self.rabbitmq {
            delete_queues(url).await.context("queues are left on the RabbitMQ server")?;
        }
        if let Some(url) = &self.redis {
            delete_keys(url).await.context("keys are left on the Redis server")?;
        }
        Ok(())
    }
}

/// The variable of an engine, as for the tests. None: do without.
fn url(variable: &str, default: &str) -> Option<String> {
    let url = std::env::var(variable).ok().filter(|it| !it.is_empty());
    Some(url.unwrap_or_else(|| default.to_owned())).filter(|it| it != "none")
}

/// What became of asking an engine; says why if it cannot be used.
async fn answers<T, F: Future<Output = Result<T>>>(
    name: &str,
    url: Option<String>,
    ask: impl FnOnce(String) -> F,
) -> Option<T> {
    let asked = timeout(PATIENCE, ask(url?)).await.unwrap_or_else(|late| Err(late.into()));
    asked.inspect_err(|error| eprintln!("- without {name}: {error:#}")).ok()
}

async fn postgres_at(url: String) -> Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(&url)?;
    PgConnection::connect_with(&options).await?.close().await?;
    Ok(options)
}

async fn drop_databases(server: &PgConnectOptions) -> Result<()> {
    let mut admin = PgConnection::connect_with(server).await?;
    let all = format!("SELECT datname FROM pg_database WHERE starts_with(datname, '{DATABASE}_')");
    let all: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(all)).fetch_all(&mut admin).await?;
    for (name,) in all {
        let drop = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut admin).await?;
    }
    Ok(admin.close().await?)
}

/// The queue of every consumer.
fn queues() -> impl Iterator<Item = String> {
    SUBSCRIPTIONS.iter().map(|it| format!("{EXCHANGE}.{}", it.consumer))
}

async fn broker(url: &str) -> Result<lapin::Connection> {
    let uri = AMQPUri::from_str(url).map_err(anyhow::Error::msg)?;
    // A cheap question first: the client would go on trying in a thread of its own.
    let address = (uri.authority.host.as_str(), uri.authority.port);
    TcpStream::connect(address).await.context("it cannot be reached")?;
    Ok(lapin::Connection::connect_uri(uri, ConnectionProperties::default()).await?)
}

async fn delete_queues(url: &str) -> Result<()> {
    let connection = broker(url).await?;
    let channel = connection.create_channel().await?;
    for queue in queues().chain([format!("{EXCHANGE}.dead")]) {
        channel.queue_delete(queue.as_str().into(), options::QueueDeleteOptions::default()).await?;
    }
    for exchange in [EXCHANGE.to_owned(), format!("{EXCHANGE}.dead")] {
        let options = options::ExchangeDeleteOptions::default();
        channel.exchange_delete(exchange.as_str().into(), options).await?;
    }
    Ok(connection.close(200, "".into()).await?)
}

async fn keys(url: &str) -> Result<redis::aio::MultiplexedConnection> {
    let connection = redis::Client::open(url)?.get_multiplexed_async_connection().await;
    connection.context("it cannot be reached")
}

async fn delete_keys(url: &str) -> Result<()> {
    let mut connection = keys(url).await?;
    let mut cursor = 0_u64;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{PREFIX}*")).arg("COUNT").arg(1000);
        let (next, found): (u64, Vec<String>) = scan.query_async(&mut connection).await?;
        if !found.is_empty() {
            redis::cmd("UNLINK").arg(found).query_async::<()>(&mut connection).await?;
        }
        if next == 0 {
            return Ok(());
        }
        cursor = next;
    }
}
