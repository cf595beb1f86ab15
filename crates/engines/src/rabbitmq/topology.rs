//! What is declared: the exchange, a queue per consumer, and where undecodable messages go.

use std::collections::{BTreeMap, BTreeSet};

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ExchangeKind};

use crate::link::LinkError;

/// The names and bindings of a shop.
#[derive(Debug)]
pub(super) struct Topology {
    pub exchange: String,
    /// The types each consumer wants.
    consumers: BTreeMap<&'static str, BTreeSet<&'static str>>,
}

impl Topology {
    pub fn new(
        exchange: &str,
        subscriptions: impl Iterator<Item = (&'static str, &'static [&'static str])>,
    ) -> Self {
        let mut consumers = BTreeMap::<_, BTreeSet<_>>::new();
        for (consumer, types) in subscriptions {
            consumers.entry(consumer).or_default().extend(types);
        }
        Self { exchange: exchange.to_owned(), consumers }
    }

    pub fn queue(&self, consumer: &str) -> String {
        format!("{}.{consumer}", self.exchange)
    }

    /// The types somebody wants.
    pub fn wanted(&self) -> BTreeSet<&'static str> {
        self.consumers.values().flatten().copied().collect()
    }

    /// The exchange and the queue of what could not be decoded.
    fn dead(&self) -> String {
        format!("{}.dead", self.exchange)
    }

    /// Declares all of it; what is there already stays as it is.
    pub async fn declare(&self, connection: &Connection) -> Result<(), LinkError> {
        let channel = connection.create_channel().await?;
        self.declare_dead(&channel).await.map_err(LinkError::of(self.dead()))?;
        for consumer in self.consumers.keys() {
            let declared = self.declare_queue(&channel, consumer).await;
            declared.map_err(LinkError::of(self.queue(consumer)))?;
        }
        Ok(channel.close(200, "".into()).await?)
    }

    async fn declare_dead(&self, channel: &Channel) -> lapin::Result<()> {
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let dead = self.dead();
        let nothing = FieldTable::default;
        for (name, kind) in [(&self.exchange, ExchangeKind::Topic), (&dead, ExchangeKind::Fanout)] {
            channel.exchange_declare(name.as_str().into(), kind, durable, nothing()).await?;
        }
        declare_quorum(channel, &dead, nothing()).await?;
        let (queue, exchange) = (dead.as_str().into(), dead.as_str().into());
        channel.queue_bind(queue, exchange, "".into(), QueueBindOptions::default(), nothing()).await
    }

    async fn declare_queue(&self, channel: &Channel, consumer: &str) -> lapin::Result<()> {
        let queue = self.queue(consumer);
        let mut arguments = FieldTable::default();
        let mut set = |key: &str, value: AMQPValue| {
            arguments.insert(key.into(), value);
        };
        let text = |it: &str| AMQPValue::LongString(it.into());
        set("x-dead-letter-exchange", text(&self.dead()));
        // Else a message on its way to the dead letters is lost if the broker goes down.
        set("x-dead-letter-strategy", text("at-least-once"));
        set("x-overflow", text("reject-publish"));
        // RabbitMQ 4 gives a message up that was handed out 20 times, also to processes that died.
        set("x-delivery-limit", AMQPValue::LongLongInt(1_000_000));
        declare_quorum(channel, &queue, arguments).await?;
        for kind in self.consumers.get(consumer).into_iter().flatten() {
            let (queue, exchange) = (queue.as_str().into(), self.exchange.as_str().into());
            let options = QueueBindOptions::default();
            let bound =
                channel.queue_bind(queue, exchange, (*kind).into(), options, FieldTable::default());
            bound.await?;
        }
        Ok(())
    }
}

async fn declare_quorum(
    channel: &Channel,
    name: &str,
    mut arguments: FieldTable,
) -> lapin::Result<()> {
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(name.into(), durable, arguments).await.map(drop)
}
