//! The bus over Redis streams, for a shop that has Redis but no RabbitMQ.
//!
//! All events that have a consumer go into one stream; every consumer is a consumer group, shared
//! by its processes. Retries are not the broker's: an entry is acknowledged once it is in the
//! consumer's inbox. Every process that connects creates the groups of all consumers, from the
//! beginning of the stream, so a consumer's events are kept even before it starts for the first
//! time.
//!
//! The stream is trimmed only up to what every group has acknowledged. If a group falls behind, the
//! stream grows to [`LIMIT`] entries; then events wait in the outboxes.
//!
//! Redis acknowledges an entry before it is on disk, unless `appendfsync` is `always`, so a crash
//! may lose events. RabbitMQ does not.

mod consume;
mod trim;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chassis::bus::{BusTransport, Error, Subscription};
use chassis::config::SettingError;
use chassis::inbox::Inbox;
use chassis::outbox::Envelope;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig, Client, RedisResult};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::BusConfig;
use crate::health::Health;
use crate::link::{Failure, LinkError};
use crate::supervise::{self, Link};

/// How long Redis may take to accept a connection.
const REACH: Duration = Duration::from_secs(3);
/// How long Redis may take to answer. Shorter than the relay's lease on a batch.
const ANSWER: Duration = Duration::from_secs(5);
/// How long consumers may take to end; longer than one waits for entries.
const CLOSE: Duration = Duration::from_secs(2);
/// How often the stream is cut.
const TRIM: Duration = Duration::from_secs(1);
/// Entries in the stream, more or less, at which no more are added.
const LIMIT: usize = 1_000_000;
/// Dead letters kept; older ones go.
const DEAD_LETTERS: usize = 10_000;
/// The field of an entry with the event in it.
const EVENT: &str = "event";

/// Redis streams as a carrier of events.
#[derive(Debug)]
pub struct Streams(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    stream: String,
    prefetch: u16,
    subscriptions: Vec<Subscription>,
    /// There while events can be published.
    publisher: Mutex<Option<Publisher>>,
    health: Health,
    delivers: AtomicBool,
    /// This process, among those of a consumer.
    process: String,
}

#[derive(Clone, Debug)]
struct Publisher {
    connection: MultiplexedConnection,
    wanted: Arc<BTreeSet<&'static str>>,
    full: Arc<AtomicBool>,
    failure: Failure,
}

/// What a process wants delivered.
struct Delivery<'a> {
    inner: &'a Inner,
    groups: BTreeSet<&'static str>,
    wanted: Arc<BTreeSet<&'static str>>,
    inboxes: Vec<Inbox>,
    warned: AtomicBool,
}

impl Streams {
    pub(crate) fn new(
        config: &BusConfig,
        subscriptions: &[Subscription],
    ) -> Result<Self, SettingError> {
        Ok(Self(Arc::new(Inner {
            client: client(&config.url)?,
            stream: config.exchange.clone(),
            prefetch: config.prefetch,
            subscriptions: subscriptions.to_vec(),
            publisher: Mutex::default(),
            health: Health::of("redis"),
            delivers: AtomicBool::default(),
            process: Uuid::now_v7().simple().to_string(),
        })))
    }

    pub(crate) fn check(url: &str) -> Result<(), SettingError> {
        client(url).map(drop)
    }
}

/// Makes sense of the URL. Says what is wrong with it without showing it.
fn client(url: &str) -> Result<Client, SettingError> {
    Client::open(url).map_err(|error| {
        let reason = error.detail().unwrap_or_else(|| error.category());
        let shape = "redis://user:password@host:port/database (or rediss://)";
        SettingError::new("bus.url", format!("unusable ({reason})"), shape)
    })
}

impl BusTransport for Streams {
    fn publish<'a>(&'a self, events: &'a [Envelope]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let publisher =
                self.0.publisher().ok_or_else(|| Error::Away("not connected".into()))?;
            let published = publisher.publish(&self.0.stream, events).await;
            published.map_err(|error| Error::Away(error.into()))
        })
    }

    fn is_ready(&self) -> bool {
        self.0.publisher().is_some_and(|it| !it.full.load(Ordering::Relaxed))
    }

    fn deliver(&self, inboxes: Vec<Inbox>, stop: CancellationToken) -> BoxFuture<'static, ()> {
        let inner = self.0.clone();
        Box::pin(async move {
            if inner.delivers.swap(true, Ordering::SeqCst) {
                tracing::error!("the bus already has its subscribers; the second set is ignored");
                return stop.cancelled().await;
            }
            let own = inboxes.iter().map(|it| (it.consumer(), it.types()));
            let known = inner.subscriptions.iter().map(|it| (it.consumer, it.types));
            let (groups, types): (BTreeSet<_>, Vec<_>) = known.chain(own).unzip();
            let wanted = Arc::new(types.into_iter().flatten().copied().collect());
            let warned = AtomicBool::default();
            let delivery = Delivery { inner: &inner, groups, wanted, inboxes, warned };
            supervise::run(&delivery, &stop).await;
        })
    }
}

impl Publisher {
    /// Adds the events somebody wants, in their order.
    async fn publish(&self, stream: &str, events: &[Envelope]) -> Result<(), Arc<LinkError>> {
        if self.full.load(Ordering::Relaxed) {
            return Err(LinkError::Full.into());
        }
        let mut add = redis::pipe();
        for event in events.iter().filter(|it| self.wanted.contains(it.kind.as_str())) {
            let body = serde_json::to_vec(event).map_err(LinkError::from)?;
            add.xadd(stream, "*", &[("type", event.kind.as_bytes()), (EVENT, &body)]).ignore();
        }
        if add.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection.clone();
        let added: RedisResult<()> = add.query_async(&mut connection).await;
        added.map_err(|error| {
            let error = Arc::new(LinkError::from(error));
            self.failure.set(error.clone());
            error
        })
    }

    /// Waits until a batch could not be published; the connection is not to be trusted then.
    async fn failed(&self) -> LinkError {
        self.failure.failed().await
    }
}

impl Inner {
    fn publisher(&self) -> Option<Publisher> {
        self.publisher.lock().clone()
    }

    fn set_publisher(&self, publisher: Option<Publisher>) {
        *self.publisher.lock() = publisher;
    }

    async fn open(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(REACH))
            .set_response_timeout(Some(ANSWER));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }
}

impl Link for Delivery<'_> {
    type Connection = (MultiplexedConnection, Vec<MultiplexedConnection>);

    fn health(&self) -> &Health {
        &self.inner.health
    }

    /// One connection to publish, and one for each consumer: a consumer's waits for entries.
    async fn connect(&self) -> Result<Self::Connection, LinkError> {
        let mut connection = self.inner.open().await?;
        for group in &self.groups {
            let made = connection.xgroup_create_mkstream(&self.inner.stream, group, 0);
            let made: RedisResult<()> = made.await;
            match made {
                Err(error) if error.code() != Some("BUSYGROUP") => return Err(error.into()),
                _ => {}
            }
        }
        if !self.warned.swap(true, Ordering::Relaxed) {
            warn_of_forgetting(&mut connection).await;
        }
        let mut consuming = Vec::new();
        for _ in &self.inboxes {
            consuming.push(self.inner.open().await?);
        }
        Ok((connection, consuming))
    }

    async fn serve(
        &self,
        (mut connection, consuming): Self::Connection,
        stop: &CancellationToken,
    ) -> Result<(), LinkError> {
        let ended = CancellationToken::new();
        let mut consumers = JoinSet::new();
        for (inbox, connection) in self.inboxes.iter().zip(consuming) {
            let consumer = consume::Consumer {
                connection,
                stream: self.inner.stream.clone(),
                process: self.inner.process.clone(),
                at_once: usize::from(self.inner.prefetch).min(consume::BATCH),
                inbox: inbox.clone(),
            };
            consumers.spawn(consumer.run(ended.clone()));
        }
        let publisher = Publisher {
            connection: connection.clone(),
            wanted: self.wanted.clone(),
            full: Arc::default(),
            failure: Failure::default(),
        };
        self.inner.set_publisher(Some(publisher.clone()));
        let mut trim = interval(TRIM);
        let outcome = loop {
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                error = publisher.failed() => break Err(error),
                Some(ended) = consumers.join_next() => {
                    let ended = ended.unwrap_or_else(|error| Err(error.into()));
                    break ended.and(Err(LinkError::ConsumerEnded));
                }
                _ = trim.tick() => {}
            }
            match trim::trim(&mut connection, &self.inner.stream).await {
                Ok(length) => self.note_length(&publisher, length),
                Err(error) => break Err(error.into()),
            }
        };
        self.inner.set_publisher(None);
        ended.cancel();
        let finish = async { while consumers.join_next().await.is_some() {} };
        if outcome.is_ok() {
            drop(timeout(CLOSE, finish).await);
        }
        outcome
    }
}

impl Delivery<'_> {
    fn note_length(&self, publisher: &Publisher, length: usize) {
        let full = length >= LIMIT;
        publisher.full.store(full, Ordering::Relaxed);
        if full {
            self.inner.health.away(&format!("consumers have not taken {length} events"))
        } else {
            self.inner.health.there()
        }
    }
}

/// Says once where Redis is set up to lose events. Servers that do not show their settings are
/// left alone.
async fn warn_of_forgetting(connection: &mut MultiplexedConnection) {
    let mut ask = async |name: &str| -> Option<String> {
        let asked = redis::cmd("CONFIG").arg("GET").arg(name).query_async(connection).await;
        let found: Vec<String> = asked.ok()?;
        found.into_iter().nth(1)
    };
    if ask("maxmemory-policy").await.is_some_and(|it| it.starts_with("allkeys")) {
        tracing::warn!("Redis may evict the event stream; set maxmemory-policy to noeviction");
    }
    if ask("appendonly").await.as_deref() == Some("no") {
        tracing::warn!("Redis loses events in a crash; set appendonly to yes");
    }
}
