//! Who brings a message to its recipient. For now that is the log; mail servers and the like
//! implement the same trait.

use futures::future::BoxFuture;
use uuid::Uuid;

use crate::model::{Channel, masked};

/// A way out of the shop.
pub(crate) trait Carrier: Send + Sync + 'static {
    /// Hands over one message. It may be handed over twice after a crash: `id` stays the same.
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<(), Undelivered>>;
}

/// A message as it goes out, with its secrets. Never stored, and logged only by [`Log`] where
/// the settings say so.
#[derive(Clone, PartialEq)]
pub(crate) struct Parcel {
    pub(crate) id: Uuid,
    pub(crate) channel: Channel,
    pub(crate) template: Option<String>,
    pub(crate) recipient: String,
    pub(crate) subject: Option<String>,
    pub(crate) body: String,
    pub(crate) order_number: Option<String>,
    /// The link with the one-time token, where the message has one.
    pub(crate) link: Option<String>,
}

/// Why a message did not go out. The text is kept in the history: no secrets in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undelivered {
    /// May work later.
    #[error("{0}")]
    NotNow(String),
    /// Will never work.
    #[error("{0}")]
    Never(String),
}

/// Sends nothing: the message is in the history, and a line in the log says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    /// Whether the line shows the link with the one-time token.
    pub(crate) secrets: bool,
}

impl Carrier for Log {
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<(), Undelivered>> {
        let link = parcel.link.as_deref().filter(|_| self.secrets);
        tracing::info!(
            channel = parcel.channel.as_str(),
            template = parcel.template.as_deref().map(display),
            recipient = %masked(&parcel.recipient),
            order = parcel.order_number.as_deref().map(display),
            link = link.map(display),
            "notification sent"
        );
        Box::pin(std::future::ready(Ok(())))
    }
}

impl std::fmt::Debug for Parcel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parcel").field("id", &self.id).finish_non_exhaustive()
    }
}
