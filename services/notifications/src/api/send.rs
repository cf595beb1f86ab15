//! `/notifications/email`, `/sms` and `/push`: staff write to somebody.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::auth::Principal;
use chassis::cards::no_card_number;
use chassis::extract::{Json, LARGE_BODY};
use chassis::id;
use chassis::idempotency::{self, IdempotencyKey};
use chassis::problem::{FieldError, Problem, Result};
use contracts::language::Language;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::attachments::NewAttachment;
use crate::builtin::{self, Definition, Key};
use crate::model::{self, Channel, Message, Topic};
use crate::queue::{About, Content, Draft};
use crate::template::MAX_SOURCE;
use crate::transport::Attachment;
use crate::{App, problems, push, queue, store, texts};

/// An e-mail: either `subject` and `body`, or `template` and `data`.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEmail {
    #[garde(custom(address(Channel::Email)))]
    #[schema(example = "ada@example.com")]
    to: String,
    #[garde(length(chars, min = 1, max = 200), inner(custom(single_line)))]
    subject: Option<String>,
    /// Plain text.
    #[garde(length(chars, min = 1, max = 50_000), inner(custom(not_blank)))]
    body: Option<String>,
    /// The key of a template.
    #[garde(length(max = 64))]
    template: Option<String>,
    /// The variables of the template.
    #[garde(custom(not_too_much))]
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
    /// The language of the template. Defaults to the shop's.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<Language>,
    /// The user it is sent to, whose preferences are then respected.
    #[garde(skip)]
    user_id: Option<Uuid>,
    /// The topic. `transactional` messages are always sent.
    #[garde(skip)]
    topic: Option<Topic>,
    /// Files that go with it.
    #[garde(length(max = 10), dive)]
    #[serde(default)]
    attachments: Vec<NewAttachment>,
}

/// A text message.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSms {
    /// The phone number with `+` and the country code.
    #[garde(custom(address(Channel::Sms)))]
    #[schema(example = "+4915112345678")]
    to: String,
    #[garde(length(chars, min = 1, max = 1600), custom(not_blank))]
    body: String,
    /// The user it is sent to, whose preferences are then respected.
    #[garde(skip)]
    user_id: Option<Uuid>,
    #[garde(skip)]
    #[serde(default)]
    topic: Topic,
}

/// A push message, to one device or to all devices of a user.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPush {
    /// A device token.
    #[garde(inner(custom(address(Channel::Push))))]
    to: Option<String>,
    #[garde(skip)]
    user_id: Option<Uuid>,
    #[garde(length(chars, min = 1, max = 200), custom(single_line))]
    title: String,
    #[garde(length(chars, min = 1, max = 4000), custom(not_blank))]
    body: String,
    #[garde(skip)]
    #[serde(default)]
    topic: Topic,
}

/// Send an e-mail.
///
/// With an `Idempotency-Key`, the request can be repeated and sends only one e-mail.
#[utoipa::path(
    post, path = "/notifications/email", operation_id = "emails.send", tag = "notifications",
    params(("Idempotency-Key" = Option<String>, Header, description = "A unique value, to retry the \
                                                                request safely.")),
    request_body = NewEmail,
    extensions(("x-body-limit" = json!(LARGE_BODY))),
    responses(
        (status = 202, description = "The message is queued, or skipped by the user's preferences.", body = Message),
    ),
    security(("bearer" = ["notifications:send"]))
)]
pub(crate) async fn email(
    State(app): State<App>,
    principal: Principal,
    key: Option<IdempotencyKey>,
    Json(email): Json<NewEmail>,
) -> Result<Response> {
    let names = Names::of(&principal, key, Channel::Email, &email)?;
    let (topic, content) = compose(&app, &email).await?;
    let about = About { user_id: email.user_id, ..About::default() };
    let attachments = email.attachments.into_iter().map(NewAttachment::decoded).collect();
    let letter = Letter { to: email.to, topic, content, about, attachments };
    send(&app, names, letter).await
}

/// Send a text message.
#[utoipa::path(
    post, path = "/notifications/sms", operation_id = "sms.send", tag = "notifications",
    params(("Idempotency-Key" = Option<String>, Header, description = "A unique value, to retry the \
                                                                request safely.")),
    request_body = NewSms,
    responses(
        (status = 202, description = "The message is queued, or skipped by the user's preferences.", body = Message),
    ),
    security(("bearer" = ["notifications:send"]))
)]
pub(crate) async fn sms(
    State(app): State<App>,
    principal: Principal,
    key: Option<IdempotencyKey>,
    Json(sms): Json<NewSms>,
) -> Result<Response> {
    let names = Names::of(&principal, key, Channel::Sms, &sms)?;
    let content = written(None, sms.body);
    let about = About { user_id: sms.user_id, ..About::default() };
    let (to, topic, attachments) = (sms.to, sms.topic, vec![]);
    send(&app, names, Letter { to, topic, content, about, attachments }).await
}

/// Send a push message.
#[utoipa::path(
    post, path = "/notifications/push", operation_id = "push.send", tag = "notifications",
    params(("Idempotency-Key" = Option<String>, Header, description = "A unique value, to retry the \
                                                                request safely.")),
    request_body = NewPush,
    responses(
        (status = 202, description = "The message is queued, or skipped by the user's preferences.", body = Message),
    ),
    security(("bearer" = ["notifications:send"]))
)]
pub(crate) async fn push(
    State(app): State<App>,
    principal: Principal,
    key: Option<IdempotencyKey>,
    Json(push): Json<NewPush>,
) -> Result<Response> {
    let names = Names::of(&principal, key, Channel::Push, &push)?;
    let to = match (push.to, push.user_id) {
        (Some(to), _) if push::is_user(&to) => {
            let detail = "must be a device token; `user_id` alone is for all devices of a user";
            return Err(Problem::field("to", detail));
        }
        (Some(to), _) => to,
        (None, Some(user)) => push::to_user(user),
        (None, None) => return Err(Problem::field("to", "is required where there is no user_id")),
    };
    let content = written(Some(push.title), push.body);
    let about = About { user_id: push.user_id, ..About::default() };
    let (topic, attachments) = (push.topic, vec![]);
    send(&app, names, Letter { to, topic, content, about, attachments }).await
}

/// What to send, checked.
pub(super) struct Letter {
    pub(super) to: String,
    pub(super) topic: Topic,
    pub(super) content: Content,
    pub(super) about: About,
    pub(super) attachments: Vec<Attachment>,
}

/// The message's id, and the fingerprint of the request where it may be repeated.
pub(super) struct Names {
    id: Uuid,
    channel: Channel,
    fingerprint: Option<String>,
}

impl Names {
    pub(super) fn of(
        principal: &Principal,
        key: Option<IdempotencyKey>,
        channel: Channel,
        request: &impl Serialize,
    ) -> Result<Self> {
        let Some(IdempotencyKey(key)) = key else {
            return Ok(Self { id: id::new(), channel, fingerprint: None });
        };
        // One key is one request, whichever of the routes it goes to.
        let fingerprint = hex::encode(idempotency::fingerprint(&(channel, request))?);
        Ok(Self { id: id::derive(principal.id(), key), channel, fingerprint: Some(fingerprint) })
    }
}

pub(super) async fn send(app: &App, names: Names, letter: Letter) -> Result<Response> {
    let draft = Draft {
        id: names.id,
        channel: names.channel,
        topic: letter.topic,
        recipient: letter.to,
        content: letter.content,
        about: letter.about,
        skip: None,
        fingerprint: names.fingerprint.clone(),
        send_at: None,
    };
    let mut tx = app.db.begin().await?;
    let queued = queue::queue(app, &mut tx, draft, app.clock.now()).await?;
    let (message, replayed) = match queued {
        Some(message) => {
            if message.state == model::State::Queued {
                store::insert_attachments(&mut tx, message.id, letter.attachments).await?;
            }
            (message, "false")
        }
        None => {
            let found = store::find(&mut tx, names.id).await?;
            let message = found.ok_or_else(problems::notification_not_found)?;
            if message.fingerprint != names.fingerprint {
                return Err(idempotency::idempotency_key_reused());
            }
            (message, "true")
        }
    };
    tx.commit().await?;
    let location = format!("{}/notifications/{}", chassis::service::PREFIX, message.id);
    let headers = [
        (header::LOCATION, location),
        (HeaderName::from_static(idempotency::REPLAYED), replayed.to_owned()),
    ];
    Ok((StatusCode::ACCEPTED, headers, Json(message)).into_response())
}

async fn compose(app: &App, email: &NewEmail) -> Result<(Topic, Content)> {
    let Some(key) = &email.template else {
        let (Some(subject), Some(body)) = (&email.subject, &email.body) else {
            return Err(without_text(email));
        };
        for (field, given) in
            [("data", email.data.is_some()), ("language", email.language.is_some())]
        {
            if given {
                return Err(Problem::field(field, "is only for a `template`"));
            }
        }
        let topic = email.topic.unwrap_or_default();
        return Ok((topic, written(Some(subject.clone()), body.clone())));
    };
    if email.subject.is_some() || email.body.is_some() {
        return Err(Problem::field("template", "send either this or `subject` and `body`"));
    }
    let template = builtin::find(key)
        .ok_or_else(|| Problem::field("template", "there is no such template"))?;
    // Whoever could choose the recipient could take over the account.
    if template.secret.is_some() {
        let detail = "contains a one-time token and is only sent to the user who requests it";
        return Err(Problem::field("template", detail));
    }
    let data = Value::Object(email.data.clone().unwrap_or_default());
    let content = filled(app, template, email.language.as_ref(), data).await?;
    Ok((email.topic.unwrap_or(template.topic), content))
}

async fn filled(
    app: &App,
    template: &'static Definition,
    language: Option<&Language>,
    data: Value,
) -> Result<Content> {
    let language = texts::language(app, &app.db, template, language).await?;
    let text = texts::text(&app.db, template, &language).await?;
    let context = template.context(&data, &app.shop, &Key::Masked);
    let filled =
        texts::fill(&text, &context).map_err(|(field, it)| problems::data_invalid(field, &it))?;
    Ok(Content {
        template: Some(template.key),
        data,
        language: Some(language),
        subject: Some(filled.subject),
        body: filled.text,
        markdown: Some(filled.markdown),
    })
}

fn written(subject: Option<String>, body: String) -> Content {
    Content {
        template: None,
        data: Value::Object(Map::new()),
        language: None,
        subject,
        body,
        markdown: None,
    }
}

fn without_text(email: &NewEmail) -> Problem {
    let missing = [("subject", email.subject.is_none()), ("body", email.body.is_none())];
    let missing = missing.into_iter().filter(|(_, missing)| *missing);
    let detail = "is required where there is no `template`";
    Problem::fields(
        missing
            .map(|(field, _)| FieldError { field: field.to_owned(), detail: detail.to_owned() })
            .collect(),
    )
}

pub(super) fn address(channel: Channel) -> impl Fn(&str, &()) -> garde::Result {
    move |value, ()| match channel.refuse(value) {
        None => Ok(()),
        Some(detail) => Err(garde::Error::new(detail)),
    }
}

/// A line break in a subject would become a header of the e-mail.
pub(super) fn single_line(value: &str, (): &()) -> garde::Result {
    if value.chars().any(char::is_control) {
        return Err(garde::Error::new("must be one line without control characters"));
    }
    not_blank(value, &())
}

/// A text with something in it, and no card number.
pub(super) fn not_blank(value: &str, (): &()) -> garde::Result {
    if value.trim().is_empty() {
        Err(garde::Error::new("must not be blank"))
    } else {
        no_card_number(value, &())
    }
}

pub(super) fn not_too_much(data: &Option<Map<String, Value>>, (): &()) -> garde::Result {
    let Some(data) = data else { return Ok(()) };
    let text = serde_json::to_string(data).unwrap_or_default();
    if text.len() <= MAX_SOURCE {
        no_card_number(&text, &())
    } else {
        Err(garde::Error::new(format!("must have at most {MAX_SOURCE} bytes of JSON")))
    }
}
