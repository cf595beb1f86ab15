//! A small shop for tests: two events, consumers that write down what they heard, and processes
//! that can be stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use chassis::bus::{Bus, Subscription};
use chassis::clock::Clock;
use chassis::context;
use chassis::db::{Db, Limits, Session, Tx};
use chassis::inbox::{Failure, Handler, Inbox};
use chassis::outbox::{Envelope, EventData};
use chassis::testing::{self, CHASSIS_ONLY, Case, event, eventually, in_time};
use engines::{BusConfig, bus};
use futures::StreamExt;
use futures::future::BoxFuture;
use lapin::options::{BasicGetOptions, BasicPublishOptions, ExchangeDeleteOptions};
use lapin::options::{QueueDeleteOptions, QueuePurgeOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use redis::streams::StreamRangeReply;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[derive(Debug, Serialize, Deserialize)]
pub struct Rang {
    pub bell: i64,
}

impl EventData for Rang {
    const TYPE: &'static str = "bell.rang";
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Opened {}

impl EventData for Opened {
    const TYPE: &'static str = "door.opened";
}

pub const BELLS: &[&str] = &[Rang::TYPE];
pub const DOORS: &[&str] = &[Opened::TYPE];
pub const BOTH: &[&str] = &[Rang::TYPE, Opened::TYPE];

/// One event about a bell at a version.
pub fn rang(bell: u128, version: i64) -> Envelope {
    event("test", Uuid::from_u128(bell), version, &Rang { bell: version })
}

pub fn opened(door: u128) -> Envelope {
    event("test", Uuid::from_u128(door), 1, &Opened {})
}

/// A bus as the processes of one shop see it: an engine and a name there.
#[derive(Clone, Debug)]
pub struct Engine {
    pub kind: &'static str,
    config: BusConfig,
    /// The one there is within a process.
    memory: Option<Bus>,
}

/// What carries events: within a process, or between processes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Memory,
    Rabbitmq,
    Redis,
}

impl Case for Kind {
    fn needs(&self) -> &'static [testing::Engine] {
        match self {
            Self::Memory => &[],
            Self::Rabbitmq => &[testing::Engine::Rabbitmq],
            Self::Redis => &[testing::Engine::Redis],
        }
    }
}

impl Kind {
    pub async fn engine(self) -> Engine {
        match self {
            Self::Memory => {
                let config = BusConfig::default();
                let shared = bus(&config, &[]).expect("a bus");
                Engine { kind: "memory", config, memory: Some(shared) }
            }
            Self::Rabbitmq => Engine::at("rabbitmq", testing::rabbitmq_url().await),
            Self::Redis => Engine::at("redis", testing::redis_url().await),
        }
    }
}

impl Engine {
    pub fn at(kind: &'static str, url: String) -> Self {
        let exchange = format!("test.{}", Uuid::now_v7().simple());
        let config = BusConfig { url, exchange, ..BusConfig::default() };
        Self { kind, config, memory: None }
    }

    /// The same, with credentials that are not valid there.
    pub fn with_password(&self, password: &str) -> Self {
        let mut wrong = self.clone();
        let (scheme, rest) = self.config.url.split_once("://").expect("a URL");
        let host = rest.rsplit('@').next().unwrap_or(rest);
        wrong.config.url = format!("{scheme}://nobody:{password}@{host}");
        wrong
    }

    /// Starts a process with these consumers.
    pub fn process(&self, all: &[Subscription], inboxes: Vec<Inbox>) -> Process {
        let bus = self.memory.clone();
        let bus = bus.unwrap_or_else(|| bus_of(&self.config, all));
        let stop = CancellationToken::new();
        let mut delivery = bus.deliver(inboxes, stop.clone());
        // As `Background` does: known to the bus before the first event.
        let task = tokio::spawn(async move { delivery.as_mut().await });
        Process { bus, stop, task }
    }

    /// Sends something that is no event to those who listen to bells.
    pub async fn send_nonsense(&self, body: &[u8]) {
        if self.kind == "redis" {
            let fields = [("event", body)];
            let added: String =
                self.redis().await.xadd(&self.config.exchange, "*", &fields).await.expect("Redis");
            return drop(added);
        }
        let (_connection, channel) = self.channel().await;
        let options = BasicPublishOptions::default();
        let exchange = self.config.exchange.as_str().into();
        let properties = BasicProperties::default();
        let sent = channel.basic_publish(exchange, Rang::TYPE.into(), options, body, properties);
        sent.await.expect("it is sent");
        channel.close(200, "".into()).await.expect("a channel");
    }

    /// The bodies of the dead letters.
    pub async fn dead_letters(&self) -> Vec<Vec<u8>> {
        if self.kind == "redis" {
            let dead = format!("{}.dead", self.config.exchange);
            let mut redis = self.redis().await;
            let letters: StreamRangeReply = redis.xrange_all(&dead).await.expect("Redis");
            redis.del::<_, ()>(&dead).await.expect("Redis");
            return letters.ids.iter().filter_map(|it| it.get("event")).collect();
        }
        let (_connection, channel) = self.channel().await;
        let queue = format!("{}.dead", self.config.exchange);
        let mut letters = vec![];
        let options = BasicGetOptions { no_ack: true };
        while let Some(letter) =
            channel.basic_get(queue.as_str().into(), options).await.expect("a queue")
        {
            letters.push(letter.delivery.data);
        }
        letters
    }

    /// Takes a consumer's queue away, as an operator may.
    pub async fn drop_queue(&self, consumer: &str) {
        if self.kind == "redis" {
            return self.redis().await.del(&self.config.exchange).await.expect("Redis");
        }
        let (_connection, channel) = self.channel().await;
        let queue = format!("{}.{consumer}", self.config.exchange);
        let options = QueueDeleteOptions::default();
        channel.queue_delete(queue.into(), options).await.expect("a queue");
    }

    /// Leaves nothing behind.
    pub async fn clean(&self, consumers: &[&str]) {
        if self.kind == "redis" {
            let keys = [self.config.exchange.clone(), format!("{}.dead", self.config.exchange)];
            return self.redis().await.del(&keys).await.expect("Redis");
        }
        if self.kind == "memory" {
            return;
        }
        let (_connection, channel) = self.channel().await;
        let exchange = &self.config.exchange;
        for queue in consumers.iter().copied().chain(["dead"]) {
            let name = format!("{exchange}.{queue}");
            let purged = channel.queue_purge(name.as_str().into(), QueuePurgeOptions::default());
            drop(purged.await);
            let deleted = channel.queue_delete(name.into(), QueueDeleteOptions::default()).await;
            deleted.expect("a queue is deleted");
        }
        for name in [exchange.clone(), format!("{exchange}.dead")] {
            let options = ExchangeDeleteOptions::default();
            channel.exchange_delete(name.into(), options).await.expect("an exchange is deleted");
        }
    }

    /// Entries in the stream.
    pub async fn length(&self) -> usize {
        self.redis().await.xlen(&self.config.exchange).await.expect("Redis")
    }

    async fn redis(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.config.url.as_str()).expect("a URL");
        client.get_multiplexed_async_connection().await.expect("Redis")
    }

    async fn channel(&self) -> (Connection, Channel) {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(&self.config.url, properties).await.expect("RabbitMQ");
        let channel = connection.create_channel().await.expect("a channel");
        (connection, channel)
    }
}

fn bus_of(config: &BusConfig, all: &[Subscription]) -> Bus {
    bus(config, all).expect("valid settings")
}

/// A process of the shop; its handlers run in it as well.
pub struct Process {
    pub bus: Bus,
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
}

impl Process {
    /// Publishes as a relay does: again, until it is taken.
    pub async fn publish(&self, events: &[Envelope]) {
        eventually("events are taken", async || self.bus.publish(events).await.is_ok()).await;
    }

    /// Stops it and waits for its end.
    pub async fn end(self) {
        self.stop.cancel();
        in_time("delivery ends when told to", self.task).await.expect("delivery does not panic");
    }
}

/// A consumer with a database of its own.
pub struct Consumer {
    pub name: &'static str,
    pub types: &'static [&'static str],
    pub db: Db,
    _files: TempDir,
}

/// Keeps the highest version of each subject it hears of.
struct Listener {
    types: &'static [&'static str],
}

impl Handler for Listener {
    fn types(&self) -> &'static [&'static str] {
        self.types
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let trace = context::current().map(|it| it.trace.id());
            tx.query(
                "INSERT INTO heard (subject, version, trace) VALUES ($1, $2, $3)
                 ON CONFLICT (subject) DO UPDATE
                 SET version = excluded.version, times = heard.times + 1
                 WHERE heard.version < excluded.version",
            )
            .bind(event.subject.clone())
            .bind(event.sequence)
            .bind(trace)
            .execute()
            .await?;
            Ok(())
        })
    }
}

impl Consumer {
    pub async fn new(name: &'static str, types: &'static [&'static str]) -> Self {
        let files = tempfile::tempdir().expect("a temporary directory");
        let url = format!("sqlite:{}", files.path().join("test.db").display());
        let limits =
            Limits { connections: 2, acquire: Duration::from_secs(3), ..Limits::default() };
        let db = Db::connect(&url, limits).await.expect("SQLite");
        db.migrate(CHASSIS_ONLY).await.expect("migrations");
        let heard = "CREATE TABLE heard (subject TEXT NOT NULL PRIMARY KEY,
                     version BIGINT NOT NULL, times BIGINT NOT NULL DEFAULT 1, trace TEXT)";
        db.query(heard).execute().await.expect("a table");
        Self { name, types, db, _files: files }
    }

    pub fn inbox(&self) -> Inbox {
        let listener = Listener { types: self.types };
        Inbox::new(self.name, self.db.clone(), Clock::System, listener)
    }

    pub fn subscription(&self) -> Subscription {
        Subscription { consumer: self.name, types: self.types }
    }

    /// The subjects and versions in its inbox, in the order in which they will be handled.
    pub async fn inbox_holds(&self) -> Vec<(String, i64)> {
        let rows = "SELECT envelope FROM inbox ORDER BY available_at, event_id";
        let rows: Vec<(String,)> = self.db.query(rows).all().await.expect("rows");
        let events = rows.iter().map(|(it,)| serde_json::from_str::<Envelope>(it));
        events.map(|it| it.expect("an event")).map(|it| (it.subject, it.sequence)).collect()
    }

    /// How many events are in its inbox.
    pub async fn count(&self) -> usize {
        let count = self.db.query("SELECT count(*) FROM inbox").one::<(i64,)>().await;
        count.map_or(0, |it| it.0 as usize)
    }

    /// Handles what is there and tells the version each subject is at.
    pub async fn versions(&self) -> BTreeMap<String, i64> {
        let inbox = self.inbox();
        while inbox.turn().await.expect("events are handled") > 0 {}
        let heard = "SELECT subject, version FROM heard";
        let heard: Vec<(String, i64)> = self.db.query(heard).all().await.expect("rows");
        heard.into_iter().collect()
    }
}

/// Every subscription of some consumers.
pub fn all(consumers: &[&Consumer]) -> Vec<Subscription> {
    consumers.iter().map(|it| it.subscription()).collect()
}

/// Publishes batches at the same time.
pub async fn publish_all(process: &Process, batches: &[Vec<Envelope>]) {
    let batches = futures::stream::iter(batches);
    batches.for_each_concurrent(8, async |it| process.publish(it).await).await;
}
