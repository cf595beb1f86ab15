//! Carries events from outboxes to inboxes.
//!
//! Within one process ([`Bus::memory`]) publishing commits each consumer's inbox row, and only
//! then is the event marked as sent. Between processes a [`BusTransport`] over a broker does it: it
//! has an event once the broker has confirmed it, and the broker releases it once the inbox
//! row of the consumer is committed.

use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::inbox::Inbox;
use crate::outbox::Envelope;
use crate::service::BoxError;

/// Why events were not carried. They stay in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Database(#[from] db::Error),
    /// The broker is away, or did not take all of the events.
    #[error("the broker does not accept events: {0}")]
    Away(#[source] BoxError),
}

/// Who wants what, wherever it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subscription {
    /// The consumer: `service.topic`.
    pub consumer: &'static str,
    pub types: &'static [&'static str],
}

/// What carries events.
pub trait BusTransport: Send + Sync + 'static {
    /// Hands events over, in their order. Returns once all are safe; on an error the caller tries
    /// again with the same events, so consumers may see some of them twice.
    fn publish<'a>(&'a self, events: &'a [Envelope]) -> BoxFuture<'a, Result<(), Error>>;

    /// Whether it makes sense to publish. If not, callers wait instead of asking in vain.
    fn is_ready(&self) -> bool {
        true
    }

    /// Brings events to these inboxes, at least once, until stopped. Survives the broker's
    /// absence by itself.
    fn deliver(&self, inboxes: Vec<Inbox>, stop: CancellationToken) -> BoxFuture<'static, ()>;
}

/// The bus of a process.
#[derive(Clone)]
pub struct Bus(Arc<dyn BusTransport>);

impl Bus {
    /// A bus within this process.
    pub fn memory() -> Self {
        Self::over(Memory::default())
    }

    pub fn over(carrier: impl BusTransport) -> Self {
        Self(Arc::new(carrier))
    }

    /// See [`BusTransport::publish`].
    pub async fn publish(&self, events: &[Envelope]) -> Result<(), Error> {
        self.0.publish(events).await
    }

    /// See [`BusTransport::is_ready`].
    pub fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    /// See [`BusTransport::deliver`].
    pub fn deliver(&self, inboxes: Vec<Inbox>, stop: CancellationToken) -> BoxFuture<'static, ()> {
        self.0.deliver(inboxes, stop)
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Memory {
    inboxes: OnceLock<Vec<Inbox>>,
}

impl BusTransport for Memory {
    /// Hands each event to every consumer of its type. One consumer whose database is away does
    /// not keep the events from the others.
    fn publish<'a>(&'a self, events: &'a [Envelope]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let inboxes =
                self.inboxes.get().ok_or_else(|| Error::Away("nobody listens yet".into()))?;
            let mut outcome = Ok(());
            for inbox in inboxes {
                outcome = outcome.and(inbox.receive(events).await);
            }
            Ok(outcome?)
        })
    }

    /// Says who listens. Before this nothing is published; after the first call it is fixed.
    fn deliver(&self, inboxes: Vec<Inbox>, stop: CancellationToken) -> BoxFuture<'static, ()> {
        if self.inboxes.set(inboxes).is_err() {
            tracing::error!("the bus already has its subscribers; the second set is ignored");
        }
        Box::pin(async move { stop.cancelled().await })
    }
}
