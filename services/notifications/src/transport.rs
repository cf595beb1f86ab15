//! How messages leave the shop: providers, and what becomes of a message that one is handed.
//!
//! A provider is a file or folder here that implements [`Transport`], and a line in [`open`].

mod fcm;
mod http;
mod log;
mod sendgrid;
mod smtp;
#[cfg(test)]
mod testing;
mod twilio;

use std::sync::Arc;

use axum::http::HeaderMap;
use chassis::clock::Clock;
use chassis::service::BoxError;
use chassis::shop::ShopProfile;
use chassis::webhooks::{Notice, WebhookError};
use chrono::TimeDelta;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Config;
use crate::model::Channel;
pub(crate) use fcm::Fcm;
pub use fcm::FcmConfig;
#[cfg(test)]
pub(crate) use fcm::double;
pub(crate) use log::log;
pub use sendgrid::SendgridConfig;
#[cfg(test)]
pub(crate) use smtp::ED25519;
pub(crate) use smtp::signing;
pub use smtp::{Authentication, Encryption, SmtpConfig};
pub use twilio::TwilioConfig;

/// Somebody who delivers messages for the shop.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, chassis::db::Word,
)]
#[schema(as = NotificationProvider)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// A mail server.
    Smtp,
    Sendgrid,
    Twilio,
    /// Firebase Cloud Messaging.
    Fcm,
}

impl Provider {
    pub(crate) const ALL: [Self; 4] = [Self::Smtp, Self::Sendgrid, Self::Twilio, Self::Fcm];

    /// What it delivers.
    pub(crate) fn channel(self) -> Channel {
        match self {
            Self::Smtp | Self::Sendgrid => Channel::Email,
            Self::Twilio => Channel::Sms,
            Self::Fcm => Channel::Push,
        }
    }
}

/// A way out of the shop.
pub(crate) trait Transport: Send + Sync + 'static {
    fn provider(&self) -> Provider;

    /// Messages it may be handed per minute; 0 for any number.
    fn per_minute(&self) -> u32;

    /// Hands over one message, within [`crate::config::MAX_TIMEOUT`]. It may be handed over twice
    /// after a crash: its id stays the same.
    fn deliver<'a>(
        &'a self,
        message: &'a OutgoingMessage,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>>;

    /// Connects and authenticates, and hands over nothing. Answers, in a few words, with what it
    /// is connected to.
    fn check(&self) -> BoxFuture<'_, Result<String, DeliveryError>>;

    /// Verifies a webhook of the provider and reads the [`crate::reports::Report`]s in it.
    fn webhook(&self, _headers: &HeaderMap, _body: &[u8]) -> Result<Vec<Notice>, WebhookError> {
        Err(WebhookError::NotConfigured)
    }
}

/// The providers of a channel that the settings name, in their order. Connects to nothing.
///
/// # Errors
///
/// A provider cannot work with the settings.
pub(crate) fn open(
    setup: &Setup<'_>,
    channel: Channel,
) -> Result<Vec<Arc<dyn Transport>>, BoxError> {
    let mut transports: Vec<Arc<dyn Transport>> = vec![];
    for provider in &setup.config.channel(channel).providers {
        transports.push(match provider {
            Provider::Smtp => Arc::new(smtp::Smtp::new(setup)?),
            Provider::Sendgrid => Arc::new(sendgrid::Sendgrid::open(setup)?),
            Provider::Twilio => Arc::new(twilio::Twilio::open(setup)?),
            Provider::Fcm => Arc::new(Fcm::new(&setup.config.fcm, setup.clock)),
        });
    }
    Ok(transports)
}

/// What transports are opened with.
pub(crate) struct Setup<'a> {
    pub(crate) config: &'a Config,
    pub(crate) shop: &'a ShopProfile,
    pub(crate) clock: Clock,
}

/// A message as it goes out, with its secrets. Never stored, and logged only where the settings say
/// so.
#[derive(Clone, PartialEq)]
pub(crate) struct OutgoingMessage {
    pub(crate) id: Uuid,
    pub(crate) channel: Channel,
    pub(crate) template: Option<String>,
    pub(crate) recipient: String,
    pub(crate) subject: Option<String>,
    /// The plain text.
    pub(crate) text: String,
    /// The same for e-mail programs that show HTML.
    pub(crate) html: Option<String>,
    /// A language tag.
    pub(crate) language: Option<String>,
    pub(crate) order_number: Option<String>,
    /// The link with the one-time token or the key of a guest's order, where the message has one.
    pub(crate) link: Option<String>,
    /// Where a POST ends messages like this one: for those that are not transactional.
    pub(crate) unsubscribe: Option<String>,
    pub(crate) attachments: Vec<Attachment>,
}

/// A file that goes with an e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) filename: String,
    /// A media type, such as `application/pdf`.
    pub(crate) content_type: String,
    pub(crate) content: Vec<u8>,
}

/// A provider took a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// What the provider calls it.
    pub(crate) provider_message_id: Option<String>,
    /// The parts a text message was sent in, which is what it costs.
    pub(crate) segments: Option<i64>,
}

/// Why a message did not go out. The texts are kept in the history: no secrets in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// The provider takes nothing now: it is down, slow, refuses the credentials, or has had too
    /// many. It has not taken this, so another provider may.
    #[error("{reason}")]
    Unavailable { reason: String, retry_after: Option<TimeDelta> },
    /// This message is not taken now, for example because of greylisting.
    #[error("{reason}")]
    Later { reason: String, retry_after: Option<TimeDelta> },
    /// It may have been taken: the whole message was sent, and there was no answer.
    #[error("{0}")]
    Unknown(String),
    /// It will never be taken.
    #[error("{0}")]
    Refused(String),
    /// There is no such address or device, so nothing else will arrive there either.
    #[error("{0}")]
    NoSuchRecipient(String),
    /// The recipient has told the provider to send nothing more.
    #[error("{0}")]
    OptedOut(String),
}

impl DeliveryError {
    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into(), retry_after: None }
    }

    pub(crate) fn later(reason: impl Into<String>) -> Self {
        Self::Later { reason: reason.into(), retry_after: None }
    }
}

impl std::fmt::Debug for OutgoingMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutgoingMessage").field("id", &self.id).finish_non_exhaustive()
    }
}
