//! Queueing a message, for events and for staff: whether it may be sent at all, and its text
//! with secrets masked.

use chassis::db::Json;
use chassis::db::{self, Session, Tx};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::builtin::{Definition, Key, Text};
use crate::model::{Channel, Message, NOBODY, State, Topic, kept, one_line};
use crate::template::{self, Wrong};
use crate::{App, store};

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
}

/// What a message says.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) template: Option<&'static str>,
    pub(crate) data: Value,
    pub(crate) subject: Option<String>,
    pub(crate) body: String,
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
        recipient: kept(draft.channel, &draft.recipient),
        subject: draft.content.subject,
        body: draft.content.body,
        data: Json(draft.content.data),
        state: State::Queued,
        attempts: 0,
        fence: 0,
        next_at: Some(now),
        error: None,
        order_id: draft.about.order_id,
        order_number: draft.about.order_number,
        user_id: draft.about.user_id,
        fingerprint: draft.fingerprint,
        created_at: now,
        sent_at: None,
    };
    let mut skip = draft.skip;
    if let Some(user) = message.user_id {
        if store::is_deleted(&mut *tx, user).await? {
            skip = Some("the account was deleted");
            message.recipient = NOBODY.to_owned();
            message.subject = None;
            message.body = String::new();
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

/// The text in force for a template: what staff wrote, else the built-in one.
pub(crate) async fn text(db: impl Session<'_>, template: &Definition) -> db::Result<Text> {
    let written = store::find_override(db, template.key, template.channel).await?;
    Ok(match written {
        Some(it) => Text { subject: it.subject, body: it.body },
        None => template.text(),
    })
}

/// Fills a text. The error names the field (`subject` or `body`) it was found in.
pub(crate) fn fill(text: &Text, context: &Value) -> Result<Text, (&'static str, Wrong)> {
    let subject = template::render(&text.subject, context).map_err(|it| ("subject", it))?;
    let body = template::render(&text.body, context).map_err(|it| ("body", it))?;
    Ok(Text { subject: one_line(&subject), body })
}

/// Fills the template in force; where that does not work with this data, the built-in one, so
/// that a mistake in a text keeps nobody from a message.
pub(crate) async fn fill_in_force(
    app: &App,
    db: impl Session<'_>,
    template: &Definition,
    data: &Value,
    key: &Key,
) -> db::Result<Result<Text, Wrong>> {
    let context = template.context(data, &app.config.shop(), key);
    let text = text(db, template).await?;
    Ok(match fill(&text, &context) {
        Ok(text) => Ok(text),
        Err((field, wrong)) => {
            tracing::warn!(template = template.key, field, %wrong, "invalid template; using the built-in text");
            fill(&template.text(), &context).map_err(|(_, wrong)| wrong)
        }
    })
}
