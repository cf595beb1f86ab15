//! Carries events from outboxes to inboxes.
//!
//! This one carries them within the process: publishing commits each consumer's inbox row, and
//! only then is the event marked as sent. A broker between processes will stand behind the same
//! two calls.

use std::sync::{Arc, OnceLock};

use crate::db::Result;
use crate::inbox::Inbox;
use crate::outbox::Envelope;

/// The bus of one process.
#[derive(Clone, Debug, Default)]
pub struct Bus {
    inboxes: Arc<OnceLock<Vec<Inbox>>>,
}

impl Bus {
    /// Says who listens. Before this nothing is published; after the first call it is fixed.
    pub fn subscribe(&self, inboxes: Vec<Inbox>) {
        if self.inboxes.set(inboxes).is_err() {
            tracing::error!("the bus already has its subscribers; the second set is ignored");
        }
    }

    /// Hands each event to every consumer of its type. Returns once all have stored it; on an
    /// error the caller tries again, and who has it already ignores it. One consumer whose
    /// database is away does not keep the events from the others.
    pub async fn publish(&self, events: &[Envelope]) -> Result<()> {
        let Some(inboxes) = self.inboxes.get() else {
            return Err(crate::db::Error::Unavailable(sqlx::Error::PoolClosed));
        };
        let mut outcome = Ok(());
        for inbox in inboxes {
            outcome = outcome.and(inbox.receive(events).await);
        }
        outcome
    }
}
