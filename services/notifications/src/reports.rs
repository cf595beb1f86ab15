//! What becomes of messages after a provider has taken them: arrived, came back, unwanted. And the
//! addresses that get no more because of it.

use axum::http::HeaderMap;
use chassis::db::{self, Tx};
use chassis::service::BoxError;
use chassis::webhooks::{Applied, Notice, WebhookError, WebhookHandler};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::App;
use crate::model::{Channel, Message, NOBODY, State, Topic};
use crate::store::{self, Suppression};
use crate::transport::Provider;

/// What a provider reports of a message, as the payload of a [`Notice`]. The notice's subject is the
/// message's id, or what the provider calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Report {
    Delivered,
    /// It has come back for good. `gone`: there is no such address, so nothing else will arrive
    /// there either. The detail holds nothing personal: a status such as `5.1.1`.
    Bounced {
        gone: bool,
        detail: String,
    },
    /// The provider has given up without sending it.
    Failed {
        detail: String,
    },
    Complained,
    /// The recipient wants nothing more on this channel.
    OptedOut,
    /// The recipient wants no more marketing.
    Unsubscribed,
}

impl Report {
    /// The notice that carries it.
    pub(crate) fn notice(&self, id: String, kind: String, subject: Option<String>) -> Notice {
        let payload = serde_json::to_value(self).unwrap_or_default();
        Notice { id, kind, subject, payload }
    }

    /// What the message is now, and why; none where it says nothing of the message itself.
    fn state(&self) -> Option<(State, Option<&str>)> {
        Some(match self {
            Self::Delivered => (State::Delivered, None),
            Self::Bounced { detail, .. } => (State::Bounced, Some(detail.as_str())),
            Self::Failed { detail } => (State::Failed, Some(detail.as_str())),
            Self::Complained => (State::Complained, Some("the recipient marked it as spam")),
            Self::OptedOut => (State::Skipped, Some("the recipient has opted out")),
            Self::Unsubscribed => return None,
        })
    }
}

/// The webhooks of providers of messages.
pub(crate) struct Webhooks(pub(crate) App);

impl WebhookHandler for Webhooks {
    fn read<'a>(
        &'a self,
        provider: &'a str,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<Notice>, WebhookError>> {
        Box::pin(async move {
            let transport = self.0.delivery.transport(provider);
            transport.ok_or(WebhookError::NotConfigured)?.webhook(headers, body)
        })
    }

    fn apply<'a>(
        &'a self,
        provider: &'a str,
        notice: &'a Notice,
    ) -> BoxFuture<'a, Result<Applied, BoxError>> {
        Box::pin(async move {
            let report: Report = serde_json::from_value(notice.payload.clone())?;
            let subject = notice.subject.as_deref().unwrap_or_default();
            Ok(apply(&self.0, provider, subject, &report).await?)
        })
    }
}

/// A message that is about to be noted as sent.
#[derive(Debug, thiserror::Error)]
enum NotApplied {
    #[error("the message is still being sent")]
    StillSending,
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// Notes a report. Reports come in any order and more than once: the worst of them stays.
async fn apply(
    app: &App,
    provider: &str,
    subject: &str,
    report: &Report,
) -> Result<Applied, NotApplied> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let own_id = Uuid::parse_str(subject).ok();
    let message = match own_id {
        Some(id) => store::lock(&mut tx, id).await?,
        None => store::lock_by_provider_id(&mut tx, provider, subject).await?,
    };
    let Some(message) = message else {
        // Of another shop that shares the account, or faster than the sender, which has not noted yet
        // what the provider calls it.
        if own_id.is_none() && store::is_sending(&mut tx, channel_of(provider)).await? {
            return Err(NotApplied::StillSending);
        }
        return Ok(Applied::Ignored);
    };
    if message.state == State::Sending {
        return Err(NotApplied::StillSending);
    }
    if let Some((state, detail)) = report.state().filter(|it| rank(it.0) > rank(message.state)) {
        store::report(&mut tx, message.id, (provider, state, detail), now).await?;
        let (channel, outcome) = (message.channel.as_str(), state.as_str());
        metrics::counter!("notifications_total", "channel" => channel, "provider" => provider.to_owned(),
                          "outcome" => outcome)
        .increment(1);
    }
    match report {
        Report::Bounced { gone: true, detail } => {
            suppress_bounced(&mut tx, &message, detail, now).await?;
        }
        Report::Complained => {
            suppress(&mut tx, &message, SuppressionReason::Complained, None, now).await?;
        }
        Report::OptedOut => {
            suppress(&mut tx, &message, SuppressionReason::OptedOut, None, now).await?;
        }
        Report::Unsubscribed => {
            suppress(&mut tx, &message, SuppressionReason::Unsubscribed, None, now).await?;
        }
        Report::Delivered | Report::Bounced { .. } | Report::Failed { .. } => {}
    }
    tx.commit().await?;
    Ok(Applied::Done)
}

/// What a provider delivers.
fn channel_of(provider: &str) -> Option<Channel> {
    Provider::ALL.into_iter().find(|it| it.as_str() == provider).map(Provider::channel)
}

/// Which of two states of a message says more.
fn rank(state: State) -> u8 {
    match state {
        State::Queued | State::Sending | State::Logged => 0,
        State::Sent => 1,
        State::Failed | State::Skipped => 2,
        State::Delivered => 3,
        State::Bounced => 4,
        State::Complained => 5,
    }
}

/// Why an address gets no more messages.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, chassis::db::Word,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SuppressionReason {
    /// There is no such address: nothing is sent but what its owner requests to get into the
    /// account.
    Bounced,
    /// The recipient marked a message as spam: no marketing.
    Complained,
    /// The recipient opted out of a channel: nothing is sent there.
    OptedOut,
    /// The recipient unsubscribed: no marketing.
    Unsubscribed,
}

impl SuppressionReason {
    /// Whether it keeps a message from being sent, and why. `requested`: the recipient has just
    /// asked for it, to get into the account.
    pub(crate) fn stops(self, topic: Topic, requested: bool) -> Option<&'static str> {
        match self {
            Self::Bounced if !requested => Some("earlier mail to this address came back"),
            Self::OptedOut => Some("the recipient has opted out"),
            Self::Complained if topic == Topic::Marketing => {
                Some("the recipient marked earlier mail as spam")
            }
            Self::Unsubscribed if topic == Topic::Marketing => {
                Some("the recipient has unsubscribed")
            }
            Self::Bounced | Self::Complained | Self::Unsubscribed => None,
        }
    }
}

/// Sends nothing more to the recipient of a message that came back.
pub(crate) async fn suppress_bounced(
    tx: &mut Tx,
    message: &Message,
    detail: &str,
    now: DateTime<Utc>,
) -> db::Result<()> {
    // A device that is gone is removed instead.
    if message.channel == Channel::Push {
        return Ok(());
    }
    suppress(tx, message, SuppressionReason::Bounced, Some(detail), now).await
}

pub(crate) async fn suppress(
    tx: &mut Tx,
    message: &Message,
    reason: SuppressionReason,
    detail: Option<&str>,
    now: DateTime<Utc>,
) -> db::Result<()> {
    if message.recipient == NOBODY {
        return Ok(());
    }
    let suppression = Suppression {
        id: chassis::id::new(),
        channel: message.channel,
        recipient: message.recipient.clone(),
        reason,
        detail: detail.map(str::to_owned),
        message_id: Some(message.id),
        created_at: now,
    };
    store::insert_suppression(tx, &suppression).await
}
