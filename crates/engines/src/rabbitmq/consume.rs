//! Consuming: from a queue into an inbox.

use std::time::Duration;

use chassis::inbox::Inbox;
use chassis::outbox::{Envelope, NoEvent};
use chassis::telemetry::cause;
use futures::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::link::LinkError;

/// Events stored in one transaction.
const BATCH: usize = 200;
/// How long an inbox whose database is away is left alone.
const PAUSE: Duration = Duration::from_millis(500);
/// How long the broker may take to take an acknowledgement.
const ANSWER: Duration = Duration::from_secs(5);

pub(super) async fn open(
    connection: &Connection,
    queue: &str,
    prefetch: u16,
) -> lapin::Result<(Channel, Consumer)> {
    let channel = connection.create_channel().await?;
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    let consumer =
        channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
    Ok((channel, consumer))
}

/// Stores what comes until stopped. What is not acknowledged then is delivered again.
pub(super) async fn run(
    _channel: Channel,
    mut consumer: Consumer,
    inbox: Inbox,
    stop: CancellationToken,
) -> Result<(), LinkError> {
    loop {
        let first = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            first = consumer.next() => first,
        };
        let ended = || LinkError::of(inbox.consumer())(LinkError::SubscriptionEnded);
        let mut batch = vec![first.ok_or_else(ended)??];
        // What has arrived already shares the commit.
        while batch.len() < BATCH
            && let Some(Some(Ok(next))) = consumer.next().now_or_never()
        {
            batch.push(next);
        }
        if !store(batch, &inbox, &stop).await? {
            return Ok(());
        }
    }
}

/// Stores a batch and acknowledges it. False if stopped before that.
async fn store(
    batch: Vec<Delivery>,
    inbox: &Inbox,
    stop: &CancellationToken,
) -> Result<bool, LinkError> {
    let (mut events, mut good) = (Vec::with_capacity(batch.len()), None);
    for delivery in batch {
        match Envelope::decode(&delivery.data) {
            Ok(event) => {
                events.push(event);
                good = Some(delivery);
            }
            Err(error) => dead_letter(&delivery, inbox, &error).await?,
        }
    }
    let Some(last) = good else { return Ok(true) };
    let mut told = false;
    while let Err(error) = inbox.receive(&events).await {
        if !told {
            told = true;
            let consumer = inbox.consumer();
            tracing::warn!(
                consumer,
                error = cause(&error),
                "cannot store events; they wait in the broker"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(false),
            () = sleep(PAUSE) => {}
        }
    }
    if told {
        tracing::info!(consumer = inbox.consumer(), "events are stored again");
    }
    // The last one and all before it.
    let acknowledged = timeout(ANSWER, last.ack(BasicAckOptions { multiple: true })).await;
    done(acknowledged)?;
    Ok(true)
}

/// Rejects a message that cannot be decoded: the broker moves it to the dead letters.
async fn dead_letter(delivery: &Delivery, inbox: &Inbox, error: &NoEvent) -> Result<(), LinkError> {
    let (consumer, kind) = (inbox.consumer(), delivery.routing_key.as_str());
    tracing::error!(consumer, kind, %error, "invalid event moved to the dead letters");
    metrics::counter!("events_undecodable_total", "consumer" => consumer).increment(1);
    done(timeout(ANSWER, delivery.reject(BasicRejectOptions { requeue: false })).await)
}

fn done(answer: Result<lapin::Result<bool>, Elapsed>) -> Result<(), LinkError> {
    match answer {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(LinkError::ChannelClosed),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(LinkError::Late { what: "took no acknowledgement", limit: ANSWER }),
    }
}
