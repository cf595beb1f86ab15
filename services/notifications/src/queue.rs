//! Queueing a message, for events and for staff: whether it may be sent at all, and its text
//! with secrets masked.

use chassis::db::Json;
use chassis::db::{self, Tx};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::{Channel, Message, NOBODY, State, Topic, kept};
use crate::{App, store};

/// Messages that somebody has just requested to get into their account: they are tried also where
/// earlier mail came back.
pub(crate) const REQUESTED: [&str; 2] = ["password_reset", "verify_email"];
/// How many of them in which time, to an address that mail came back from.
const MAX_REQUESTED: i64 = 3;
const REQUESTED_EVERY: TimeDelta = TimeDelta::days(1);

/// The one message that goes to an account after its end. Nothing of it is kept once it is sent.
pub(crate) const FAREWELL: &str = "account_closed";

/// A message about to be queued.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) id: Uuid,
    pub(crate) channel: Channel,
    pub(crate) topic: Topic,
    pub(crate) recipient: String,
    pub(crate) content: Content,
    pub(crate) about: About,
    /// Set where it is known already that the message is not to be sent.
    pub(crate) skip: Option<&'static str>,
    pub(crate) fingerprint: Option<String>,
    /// When it is to be sent, if not at once.
    pub(crate) send_at: Option<DateTime<Utc>>,
}

/// What a message says.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) template: Option<&'static str>,
    pub(crate) data: Value,
    /// The language of the template's text.
    pub(crate) language: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) body: String,
    /// What the body was made of, where that is a template.
    pub(crate) markdown: Option<String>,
}

/// Whom and which order a message is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) user_id: Option<Uuid>,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) order_number: Option<String>,
}

/// Queues a message and wakes the sender once `tx` is committed; none if it is there already.
pub(crate) async fn queue(
    app: &App,
    tx: &mut Tx,
    draft: Draft,
    now: DateTime<Utc>,
) -> db::Result<Option<Message>> {
    let mut message = Message {
        id: draft.id,
        channel: draft.channel,
        template: draft.content.template.map(str::to_owned),
        topic: draft.topic,
        language: draft.content.language,
        recipient: kept(draft.channel, &draft.recipient),
        subject: draft.content.subject,
        body: draft.content.body,
        markdown: draft.content.markdown,
        data: Json(draft.content.data),
        state: State::Queued,
        attempts: 0,
        uncertain: 0,
        fence: 0,
        next_at: Some(draft.send_at.unwrap_or(now)),
        error: None,
        order_id: draft.about.order_id,
        order_number: draft.about.order_number,
        user_id: draft.about.user_id,
        fingerprint: draft.fingerprint,
        created_at: now,
        sent_at: None,
        delivered_at: None,
        provider: None,
        provider_message_id: None,
        segments: None,
    };
    let mut skip = draft.skip;
    if skip.is_none() {
        skip = suppressed(tx, &message, now).await?;
    }
    let farewell = message.template.as_deref() == Some(FAREWELL);
    if let Some(user) = message.user_id.filter(|_| !farewell) {
        if store::is_deleted(&mut *tx, user).await? {
            skip = Some("the account was deleted");
            message.recipient = NOBODY.to_owned();
            message.subject = None;
            message.body = String::new();
            message.markdown = None;
            message.data = Json(json!({}));
        } else if !store::preferences(&mut *tx, user).await?.allow(message.channel, draft.topic) {
            skip = Some("the user does not want such messages");
        }
    }
    if let Some(reason) = skip {
        message.state = State::Skipped;
        message.next_at = None;
        message.error = Some(reason.to_owned());
    }
    let new = store::insert(&mut *tx, &message).await?;
    tx.wakes(&app.wake);
    Ok(new.then_some(message))
}

/// Whether somebody has requested the message to get into their account.
pub(crate) fn is_requested(message: &Message) -> bool {
    message.template.as_deref().is_some_and(|it| REQUESTED.contains(&it))
}

/// Why the recipient gets no such message, if that is so.
async fn suppressed(
    tx: &mut Tx,
    message: &Message,
    now: DateTime<Utc>,
) -> db::Result<Option<&'static str>> {
    let reasons = store::suppressions_of(&mut *tx, message.channel, &message.recipient).await?;
    if reasons.is_empty() {
        return Ok(None);
    }
    let mut requested = is_requested(message);
    if requested {
        // Their owner may have mended the mailbox, but it is not to be written to without end.
        let since = now - REQUESTED_EVERY;
        let recipient = &message.recipient;
        requested =
            store::count_since(&mut *tx, recipient, &REQUESTED, since).await? < MAX_REQUESTED;
    }
    Ok(reasons.into_iter().find_map(|it| it.stops(message.topic, requested)))
}
