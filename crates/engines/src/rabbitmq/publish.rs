//! Publishing with confirms.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chassis::outbox::Envelope;
use futures::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection, ConnectionStatus};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::message;
use super::topology::Topology;
use crate::link::{Failure, LinkError};

/// How long the broker may take to confirm a batch. Shorter than the relay's lease on it.
const CONFIRM: Duration = Duration::from_secs(5);

/// A channel to publish on.
#[derive(Clone, Debug)]
pub(super) struct Publisher {
    channel: Channel,
    status: ConnectionStatus,
    exchange: Arc<str>,
    /// The types somebody wants, whose events must not be dropped.
    wanted: Arc<BTreeSet<&'static str>>,
    /// One batch after the other goes out; many may wait to be confirmed.
    sending: Arc<Mutex<()>>,
    failure: Failure,
    under_way: TaskTracker,
}

impl Publisher {
    pub async fn open(connection: &Connection, topology: &Topology) -> lapin::Result<Self> {
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self {
            channel,
            status: connection.status().clone(),
            exchange: topology.exchange.as_str().into(),
            wanted: Arc::new(topology.wanted()),
            sending: Arc::default(),
            failure: Failure::default(),
            under_way: TaskTracker::new(),
        })
    }

    /// Whether the broker has asked not to be sent anything, because it is short of resources.
    pub fn is_blocked(&self) -> bool {
        self.status.blocked()
    }

    /// Publishes events in their order and waits until all are confirmed. An error says why they
    /// may not have been taken.
    pub async fn publish(&self, events: &[Envelope]) -> Result<(), Arc<LinkError>> {
        let _under_way = self.under_way.token();
        let published = timeout(CONFIRM, self.send(events)).await;
        let late = || Err(LinkError::Late { what: "did not confirm", limit: CONFIRM });
        let published = published.unwrap_or_else(|_| late()).map_err(Arc::new);
        // While it is short of resources the connection is kept: it goes on by itself.
        if let Err(error) = &published
            && !self.is_blocked()
        {
            self.failure.set(error.clone());
        }
        published
    }

    /// Waits until a batch could not be published; the connection is not to be trusted then.
    pub async fn failed(&self) -> LinkError {
        self.failure.failed().await
    }

    /// Waits for the batches under way; there must be no new ones.
    pub async fn finished(&self) {
        self.under_way.close();
        self.under_way.wait().await;
    }

    async fn send(&self, events: &[Envelope]) -> Result<(), LinkError> {
        let sent = {
            let _turn = self.sending.lock().await;
            join_all(events.iter().map(|event| self.send_one(event))).await
        };
        let mut refused = 0;
        for (event, sent) in events.iter().zip(sent) {
            let confirmed = sent?.await?;
            match confirmed {
                Confirmation::Ack(None) => {}
                Confirmation::Ack(Some(_)) => {
                    return Err(LinkError::NoQueue(event.kind.clone()));
                }
                Confirmation::Nack(_) | Confirmation::NotRequested => refused += 1,
            }
        }
        match refused {
            0 => Ok(()),
            _ => Err(LinkError::Refused { refused, events: events.len() }),
        }
    }

    async fn send_one(&self, event: &Envelope) -> lapin::Result<lapin::PublisherConfirm> {
        let body = serde_json::to_vec(event).map_err(std::io::Error::from)?;
        let mandatory = self.wanted.contains(event.kind.as_str());
        let options = BasicPublishOptions { mandatory, immediate: false };
        let (exchange, key) = (self.exchange.as_ref().into(), event.kind.as_str().into());
        let properties = message::properties(event);
        self.channel.basic_publish(exchange, key, options, &body, properties).await
    }
}
