//! Routes of every service for operators: how full its queues are, its dead letters and webhooks, and
//! replaying them.

mod queues;
mod webhooks;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::clock::Clock;
use crate::db::Db;
use crate::extract::{Json, Path, Query};
use crate::inbox::{self, DeadLetter};
use crate::outbox;
use crate::page::{self, Page};
use crate::problem::{Problem, Result, problem};

pub(crate) use queues::Queues;

/// What the routes need.
#[derive(Clone, Debug)]
pub(crate) struct System {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
}

/// The routes of the service of this name under `path`, and their description. `webhooks` says
/// whether it takes any.
pub(crate) fn routes(path: &str, name: &str, webhooks: bool) -> (Router<System>, OpenApi) {
    let mut own = OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(list))
        .routes(routes!(replay))
        .routes(routes!(queues::list))
        .routes(routes!(queues::replay));
    if webhooks {
        own = own.routes(routes!(webhooks::list)).routes(routes!(webhooks::replay));
    }
    let (router, mut openapi) = OpenApiRouter::new().nest(path, own).split_for_parts();
    for item in openapi.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            let id = operation.operation_id.take().unwrap_or_default();
            operation.operation_id = Some(format!("{name}_{id}"));
            operation.tags = Some(vec![name.to_owned()]);
        }
    }
    (router, openapi)
}

/// Events to be sent to other services, and received ones that could not be handled.
#[derive(Debug, Serialize, ToSchema)]
struct Outbox {
    /// Events that have not been sent yet.
    waiting: i64,
    /// When the oldest of these was published.
    oldest_at: Option<DateTime<Utc>>,
    /// Received events that could not be handled.
    dead_letters: i64,
}

/// An event that could not be handled after several attempts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
struct DeadLetterView {
    /// The consumer that could not handle it, as `service.topic`.
    consumer: String,
    event_id: Uuid,
    #[serde(rename = "type")]
    kind: String,
    /// The service that published it, such as `/orders`.
    source: String,
    /// The id of the object the event is about.
    subject: String,
    /// The version of that object.
    sequence: i64,
    /// When it was published.
    time: DateTime<Utc>,
    received_at: DateTime<Utc>,
    attempts: i64,
    /// Why the last attempt failed.
    error: Option<String>,
    /// The payload of the event.
    #[schema(value_type = Object)]
    data: Value,
}

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The number of items per page, 1 to 100.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

/// Count the events waiting to be sent and the dead letters.
#[utoipa::path(
    get, path = "/outbox", operation_id = "outbox.get",
    responses(
        (status = 200, description = "The counts.", body = Outbox),
    ),
    security(("bearer" = ["system:read"])),
)]
async fn get(State(System { db, .. }): State<System>) -> Result<Json<Outbox>> {
    let (waiting, oldest_at) = outbox::backlog(&db).await?;
    let dead_letters = inbox::count_dead_letters(&db).await?;
    Ok(Json(Outbox { waiting, oldest_at, dead_letters }))
}

/// List dead letters: events that could not be handled, oldest first.
#[utoipa::path(
    get, path = "/dead-letters", operation_id = "dead_letters.list",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of events.", body = Page<DeadLetterView>),
    ),
    security(("bearer" = ["system:read"])),
)]
async fn list(
    State(System { db, .. }): State<System>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<DeadLetterView>>> {
    let limit = page::limit(query.limit)?;
    let after = page::decode(query.cursor.as_deref())?;
    let letters = inbox::dead_letters(&db, after, limit + 1).await?;
    Ok(Json(Page::cut(letters, limit, DeadLetter::place).map(DeadLetterView::from)))
}

/// Retry a dead letter, with a fresh set of attempts.
///
/// If it fails again, it returns to the list.
#[utoipa::path(
    post, path = "/dead-letters/{consumer}/{event_id}/replay", operation_id = "dead_letters.replay",
    params(
        ("consumer" = String, Path, description = "The consumer."),
        ("event_id" = Uuid, Path, description = "The id of the event."),
    ),
    responses(
        (status = 204, description = "The event will be retried."),
        dead_letter_not_found,
    ),
    security(("bearer" = ["system:write"])),
)]
async fn replay(
    State(System { db, clock, .. }): State<System>,
    Path((consumer, event)): Path<(String, Uuid)>,
) -> Result<StatusCode> {
    if inbox::replay(&db, &consumer, event, clock.now()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(dead_letter_not_found())
    }
}

/// The event is not a dead letter of this consumer, or is being retried already.
#[problem(NOT_FOUND)]
fn dead_letter_not_found() -> Problem {
    dead_letter_not_found::problem("there is no such dead letter, or it is being retried already")
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        let event = letter.envelope.0;
        Self {
            consumer: letter.consumer,
            event_id: letter.event_id,
            kind: letter.kind,
            source: event.source,
            subject: event.subject,
            sequence: event.sequence,
            time: event.time,
            received_at: letter.received_at,
            attempts: letter.attempts,
            error: letter.error,
            data: event.data,
        }
    }
}

#[cfg(test)]
mod tests;
