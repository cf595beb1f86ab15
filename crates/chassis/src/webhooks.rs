//! Webhooks: what other companies tell the shop, such as that a payment has arrived.
//!
//! A webhook is verified, stored once per provider and event id, and answered with 200. A leased
//! queue applies it later. Of its body nothing is kept but what the handler puts into the
//! [`Notice`], and nothing is to be believed but what it is about: that is looked up at the
//! provider. So a notice may come twice, late and in any order, and may be replayed.
//!
//! A service lists its [`router`] with its own routes and hands over its handler with
//! [`crate::service::Service::webhooks`].

mod api;
mod store;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::db::{self, Db};
use crate::queue::Queue;
use crate::service::BoxError;
use crate::storable::{any_text, has_nul};

pub(crate) use api::receives;
pub use api::{router, router_up_to};
pub use store::{Webhook, WebhookStatus, about};
pub(crate) use store::{WebhookFilter, WebhookPlace, list, replay, tidy};

/// What a verified webhook says.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The sender's id of it: the same id is the same notice.
    pub id: String,
    /// Its type, as the sender calls it, such as `charge.refunded`.
    pub kind: String,
    /// What it is about: an id of the shop's if it names one, else the sender's name for it. None
    /// if it is of no interest; then it is kept and passed over.
    pub subject: Option<String>,
    /// What is kept of its body: no secrets, nothing personal. An object.
    pub payload: Value,
}

/// Why a webhook is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The shop does not use this sender.
    #[error("the shop does not use this provider")]
    NotConfigured,
    /// Forged, stale, for somebody else, or not readable. A constant text, for logs and counters.
    #[error("{0}")]
    Rejected(&'static str),
    /// What it is verified with cannot be had now; the sender is to try again. A constant text.
    #[error("{0}")]
    Unverifiable(&'static str),
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    Done,
    /// It is of a type, or about something, that the service has no use for.
    Ignored,
}

/// What a service does with the webhooks of its providers.
pub trait WebhookHandler: Send + Sync + 'static {
    /// Verifies a webhook and reads what it says. Comes before anything else: whoever sends it is
    /// a stranger, and `body` are the bytes as they were sent.
    fn read<'a>(
        &'a self,
        provider: &'a str,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<Notice>, WebhookError>>;

    /// Applies a notice with a subject, in any order and possibly again. It may call other
    /// companies, has a minute, and is tried again later if it fails, for about a day. Operators
    /// see the text of the error.
    fn apply<'a>(
        &'a self,
        provider: &'a str,
        notice: &'a Notice,
    ) -> BoxFuture<'a, Result<Applied, BoxError>>;
}

/// The webhooks of a service: where they are kept and who handles them.
#[derive(Clone)]
pub(crate) struct Webhooks {
    service: &'static str,
    db: Db,
    clock: Clock,
    handler: Arc<dyn WebhookHandler>,
    pub(crate) queue: &'static Queue,
    arrived: Arc<Notify>,
    /// When a rejected one of a provider was last worth a warning.
    warned: Arc<Mutex<BTreeMap<&'static str, DateTime<Utc>>>>,
}

/// Why a webhook was not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The longest id, type or subject of a notice, in bytes.
const MAX_TEXT: usize = 255;
/// Of the rejected webhooks of a provider, one in this time is a warning in the log.
const WARN_EVERY: TimeDelta = TimeDelta::minutes(1);

impl Webhooks {
    pub(crate) fn new(
        service: &'static str,
        db: Db,
        clock: Clock,
        handler: impl WebhookHandler,
    ) -> Self {
        Self {
            service,
            db,
            clock,
            handler: Arc::new(handler),
            queue: store::queue(service),
            arrived: Arc::default(),
            warned: Arc::default(),
        }
    }

    /// Verifies a webhook and stores its notices; those that are there already are ignored.
    pub(crate) async fn receive(
        &self,
        provider: &'static str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), ReceiveError> {
        let notices = self.handler.read(provider, headers, body).await?;
        if !notices.iter().all(Notice::is_storable) {
            return Err(WebhookError::Rejected("a notice cannot be stored").into());
        }
        let stored = store::insert(&self.db, provider, &notices, self.clock.now()).await?;
        metrics::counter!("webhooks_received_total", "provider" => provider)
            .increment(notices.len() as u64);
        if stored > 0 {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Counts a webhook that is refused, and logs why: the sender is not told.
    fn note_rejected(&self, provider: &'static str, reason: &'static str) {
        metrics::counter!("webhooks_rejected_total", "provider" => provider, "reason" => reason)
            .increment(1);
        let service = self.service;
        if self.is_worth_a_warning(provider) {
            tracing::warn!(
                service,
                provider,
                reason,
                "a webhook was rejected; others within a minute are logged at level debug"
            );
        } else {
            tracing::debug!(service, provider, reason, "a webhook was rejected");
        }
    }

    /// Anybody can send what is rejected, so it must not fill the log.
    fn is_worth_a_warning(&self, provider: &'static str) -> bool {
        let (now, mut warned) = (self.clock.now(), self.warned.lock());
        let due = warned.get(provider).is_none_or(|last| (now - *last).abs() >= WARN_EVERY);
        if due {
            warned.insert(provider, now);
        }
        due
    }
}

impl Notice {
    /// Whether the databases have a place for it, and their indexes, too.
    fn is_storable(&self) -> bool {
        let short = |it: &str| it.len() <= MAX_TEXT && !has_nul(it);
        !self.id.is_empty()
            && short(&self.id)
            && short(&self.kind)
            && self.subject.as_deref().is_none_or(short)
            && self.payload.is_object()
            && !any_text(&self.payload, &has_nul)
    }
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhooks").field("service", &self.service).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
