//! Webhooks: what other companies tell the shop.

use serde_json::Value;

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
    /// What is kept of its body: no secrets, nothing personal.
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
}
