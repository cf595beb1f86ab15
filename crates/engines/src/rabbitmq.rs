//! The bus over RabbitMQ.
//!
//! Events go to a topic exchange with their type as the routing key. Every consumer has a durable
//! quorum queue bound to its types, shared by its processes. Retries are not the broker's: a
//! message is acknowledged once it is in the consumer's inbox.
//!
//! The topology is declared by every process that connects, publishers included, for all consumers
//! of the shop. So a consumer's events are kept even before it starts for the first time, and the
//! order in which processes start does not matter. Events that have a consumer are published
//! `mandatory`: if one is returned, its queue was deleted; the process reconnects, which declares
//! the queue, and sends the event again. Other events are dropped by the broker.
//!
//! The client library's own recovery is not used (lapin#450). A failure of any part closes both
//! connections, and `supervise` rebuilds everything.

mod consume;
mod message;
mod publish;
mod topology;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chassis::bus::{BusTransport, Error, Subscription};
use chassis::config::SettingError;
use chassis::inbox::Inbox;
use chassis::outbox::Envelope;
use futures::future::BoxFuture;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::publish::Publisher;
use self::topology::Topology;
use crate::BusConfig;
use crate::health::Health;
use crate::link::LinkError;
use crate::supervise::{self, Link};

/// How long the machine of the broker may take to accept a connection.
const REACH: Duration = Duration::from_secs(3);
/// How long closing may take.
const CLOSE: Duration = Duration::from_secs(1);
/// How often the connections are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// RabbitMQ as a carrier of events.
#[derive(Debug)]
pub struct RabbitMq(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    uri: AMQPUri,
    exchange: String,
    prefetch: u16,
    subscriptions: Vec<Subscription>,
    /// There while events can be published.
    publisher: Mutex<Option<Publisher>>,
    health: Health,
    delivers: AtomicBool,
}

/// What a process wants delivered.
struct Delivery<'a> {
    inner: &'a Inner,
    topology: Topology,
    inboxes: Vec<Inbox>,
}

/// Both directions have a connection of their own: RabbitMQ holds back connections that publish
/// when it is short of memory or disk, and acknowledgements must not wait then.
struct Connections {
    publishing: Connection,
    consuming: Connection,
}

impl RabbitMq {
    pub(crate) fn new(
        config: &BusConfig,
        subscriptions: &[Subscription],
    ) -> Result<Self, SettingError> {
        Ok(Self(Arc::new(Inner {
            uri: parse(&config.url)?,
            exchange: config.exchange.clone(),
            prefetch: config.prefetch,
            subscriptions: subscriptions.to_vec(),
            publisher: Mutex::default(),
            health: Health::of("rabbitmq"),
            delivers: AtomicBool::default(),
        })))
    }

    pub(crate) fn check(url: &str) -> Result<(), SettingError> {
        parse(url).map(drop)
    }
}

impl BusTransport for RabbitMq {
    fn publish<'a>(&'a self, events: &'a [Envelope]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let publisher =
                self.0.publisher().ok_or_else(|| Error::Away("not connected".into()))?;
            publisher.publish(events).await.map_err(|error| Error::Away(error.into()))
        })
    }

    fn is_ready(&self) -> bool {
        self.0.publisher().is_some_and(|it| !it.is_blocked())
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
            let topology = Topology::new(&inner.exchange, known.chain(own));
            supervise::run(&Delivery { inner: &inner, topology, inboxes }, &stop).await;
        })
    }
}

impl Inner {
    fn publisher(&self) -> Option<Publisher> {
        self.publisher.lock().clone()
    }

    fn set_publisher(&self, publisher: Option<Publisher>) {
        *self.publisher.lock() = publisher;
    }

    async fn open(&self, purpose: &str) -> lapin::Result<Connection> {
        let name = format!("cartwright {purpose}");
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        Connection::connect_uri(self.uri.clone(), properties).await
    }
}

impl Link for Delivery<'_> {
    type Connection = (Connections, Publisher);

    fn health(&self) -> &Health {
        &self.inner.health
    }

    async fn connect(&self) -> Result<(Connections, Publisher), LinkError> {
        // A cheap question first: the client would go on trying in a thread of its own.
        let authority = &self.inner.uri.authority;
        let address = (authority.host.as_str(), authority.port);
        let reached = timeout(REACH, TcpStream::connect(address)).await;
        let reached = reached.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        reached.map_err(LinkError::of(format!("{}:{}", address.0, address.1)))?;
        let publishing = self.inner.open("publishing").await?;
        self.topology.declare(&publishing).await?;
        let publisher = Publisher::open(&publishing, &self.topology).await?;
        let consuming = self.inner.open("consuming").await?;
        Ok((Connections { publishing, consuming }, publisher))
    }

    async fn serve(
        &self,
        (connections, publisher): (Connections, Publisher),
        stop: &CancellationToken,
    ) -> Result<(), LinkError> {
        let outcome = self.work(&connections, publisher, stop).await;
        connections.close().await;
        outcome
    }
}

impl Delivery<'_> {
    async fn work(
        &self,
        connections: &Connections,
        publisher: Publisher,
        stop: &CancellationToken,
    ) -> Result<(), LinkError> {
        let ended = CancellationToken::new();
        let mut consumers = JoinSet::new();
        for inbox in &self.inboxes {
            let queue = self.topology.queue(inbox.consumer());
            let opened = consume::open(&connections.consuming, &queue, self.inner.prefetch).await;
            let (channel, consumer) = opened.map_err(LinkError::of(queue))?;
            consumers.spawn(consume::run(channel, consumer, inbox.clone(), ended.clone()));
        }
        self.inner.set_publisher(Some(publisher.clone()));
        self.inner.health.there();
        let outcome = loop {
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                error = publisher.failed() => break Err(error),
                Some(ended) = consumers.join_next() => {
                    let ended = ended.unwrap_or_else(|error| Err(error.into()));
                    break ended.and(Err(LinkError::ConsumerEnded));
                }
                () = sleep(LOOK) => {}
            }
            if !connections.publishing.status().connected()
                || !connections.consuming.status().connected()
            {
                break Err(LinkError::Lost);
            }
            if publisher.is_blocked() {
                self.inner.health.away(&"it takes no events: it is short of memory or disk")
            } else {
                self.inner.health.there()
            }
        };
        // What is under way may end: batches that are being stored, events being confirmed.
        self.inner.set_publisher(None);
        ended.cancel();
        let finish = async {
            while consumers.join_next().await.is_some() {}
            publisher.finished().await;
        };
        if outcome.is_ok() {
            drop(timeout(CLOSE, finish).await);
        }
        outcome
    }
}

impl Connections {
    async fn close(&self) {
        let close = async |it: &Connection| it.close(200, "".into()).await;
        let both = async { tokio::join!(close(&self.consuming), close(&self.publishing)) };
        drop(timeout(CLOSE, both).await);
    }
}

/// Reads the URL. Says what is wrong with it without showing it.
fn parse(url: &str) -> Result<AMQPUri, SettingError> {
    const SHAPE: &str = "amqp://user:password@host:port/vhost (or amqps://)";
    let wrong = |value: String| SettingError::new("bus.url", value, SHAPE);
    let mut uri: AMQPUri = url.parse().map_err(|error| wrong(format!("unusable ({error})")))?;
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.starts_with('[') {
        return Err(wrong("an IPv6 address instead of the name of a host".to_owned()));
    }
    if host.is_empty() || host.starts_with(':') {
        return Err(wrong("unusable (it names no host)".to_owned()));
    }
    // What everybody means by amqp://host/; a host without a name is not one.
    if uri.vhost.is_empty() {
        uri.vhost = "/".to_owned();
    }
    // Seconds of silence after which the other side is taken for gone.
    uri.query.heartbeat.get_or_insert(10);
    Ok(uri)
}
