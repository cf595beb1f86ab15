//! `/notifications/history` and single messages: what was sent, to whom, and what did not go out.

use axum::extract::State;
use axum::http::StatusCode;
use chassis::extract::{Json, Path, Query};
use chassis::page::{self, Page};
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::layout::Layout;
use crate::model::{Channel, Message, NOBODY, State as Status, sought};
use crate::transport::Provider;
use crate::{App, problems, store, texts};

#[derive(Debug, Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Search {
    #[garde(skip)]
    channel: Option<Channel>,
    /// The full e-mail address, phone number or device token.
    #[garde(length(chars, max = 4096))]
    recipient: Option<String>,
    #[garde(skip)]
    status: Option<Status>,
    #[garde(skip)]
    order_id: Option<Uuid>,
    #[garde(skip)]
    user_id: Option<Uuid>,
    /// Who took it.
    #[garde(skip)]
    provider: Option<Provider>,
    /// The key of the template.
    #[garde(length(chars, max = 100))]
    template: Option<String>,
    /// The number of items per page, 1 to 100. Defaults to 20.
    #[garde(skip)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 400))]
    cursor: Option<String>,
    /// The number of items to skip, 0 to 10,000. Instead of `cursor`.
    #[garde(skip)]
    offset: Option<i64>,
    /// The number of the page, from 1. Instead of `cursor`.
    #[garde(skip)]
    page: Option<i64>,
    /// Whether to count all matching notifications, as `total`.
    #[garde(skip)]
    count: Option<bool>,
}

/// A message as a mailbox shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationDetails {
    #[serde(flatten)]
    message: Message,
    /// The HTML document of an e-mail, with secrets masked; null for other messages.
    html: Option<String>,
}

/// List notifications, newest first.
#[utoipa::path(
    get, path = "/notifications/history", operation_id = "notifications.list", tag = "notifications",
    params(Search),
    responses(
        (status = 200, body = Page<Message>),
    ),
    security(("bearer" = ["notifications:read"]))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Query(search): Query<Search>,
) -> Result<Json<Page<Message>>> {
    let limit = page::limit(search.limit)?;
    let before: Option<(DateTime<Utc>, Uuid)> = page::decode(search.cursor.as_deref())?;
    let skip = page::skip(search.offset, search.page, search.cursor.as_deref(), limit)?;
    let filter = store::Filter {
        channel: search.channel,
        recipient: search.recipient.as_deref().map(sought),
        state: search.status,
        order_id: search.order_id,
        user_id: search.user_id,
        template: search.template,
        provider: search.provider,
    };
    let messages = store::list(&app.db, &filter, (before, skip), limit + 1).await?;
    let total = match search.count {
        Some(true) => Some(store::count(&app.db, &filter).await?),
        _ => None,
    };
    Ok(Json(Page::cut(messages, limit, |it| (it.created_at, it.id)).with_total(total)))
}

/// Get a notification.
#[utoipa::path(
    get, path = "/notifications/{id}", operation_id = "notifications.get", tag = "notifications",
    params(("id" = Uuid, Path, description = "The id of the notification.")),
    responses(
        (status = 200, body = NotificationDetails),
        problems::notification_not_found,
    ),
    security(("bearer" = ["notifications:read"]))
)]
pub(crate) async fn get(
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<NotificationDetails>> {
    let message = store::find(&app.db, id).await?;
    let message = message.ok_or_else(problems::notification_not_found)?;
    Ok(Json(NotificationDetails { html: html(&app, &message), message }))
}

/// What was sent, but for secrets and for what is no longer known of who is gone.
fn html(app: &App, message: &Message) -> Option<String> {
    if message.channel != Channel::Email || message.recipient == NOBODY {
        return None;
    }
    let own = texts::own_language(app);
    let layout = Layout {
        shop: &app.shop,
        language: message.language.as_deref().unwrap_or(&own),
        subject: message.subject.as_deref().unwrap_or_default(),
        unsubscribe: None,
    };
    let mail = match &message.markdown {
        Some(markdown) => layout.markdown(markdown),
        None => layout.plain(&message.body),
    };
    Some(mail.html)
}

/// Retry a failed notification at once, with a fresh set of attempts.
///
/// Notifications that were only logged can be retried once their channel has a provider.
#[utoipa::path(
    post, path = "/notifications/{id}/retry", operation_id = "notifications.retry", tag = "notifications",
    params(("id" = Uuid, Path, description = "The id of the notification.")),
    responses(
        (status = 202, description = "The notification is queued again, or already being sent.", body = Message),
        problems::notification_not_found,
        problems::notification_already_sent,
        problems::notifications_not_delivered,
        problems::notification_skipped,
    ),
    security(("bearer" = ["notifications:send"]))
)]
pub(crate) async fn retry(
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<Message>)> {
    let mut tx = app.db.begin().await?;
    let before = store::find(&mut tx, id).await?.ok_or_else(problems::notification_not_found)?;
    if before.state == Status::Logged && !app.delivery.delivers(before.channel) {
        return Err(problems::notifications_not_delivered(before.channel));
    }
    store::retry(&mut tx, id, app.clock.now()).await?;
    let message = store::find(&mut tx, id).await?.ok_or_else(problems::notification_not_found)?;
    match message.state {
        Status::Sent | Status::Delivered | Status::Bounced | Status::Complained => {
            return Err(problems::notification_already_sent());
        }
        Status::Skipped => return Err(problems::notification_skipped(message.error.as_deref())),
        Status::Queued | Status::Sending | Status::Failed | Status::Logged => {}
    }
    tx.wakes(&app.wake);
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(message)))
}
