//! `/notifications/suppressions`: addresses that get no more messages, or not all of them.

use axum::extract::State;
use axum::http::StatusCode;
use chassis::extract::{Json, Path, Query};
use chassis::page::{self, Page};
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::model::sought;
use crate::store::Suppression;
use crate::{App, problems, store};

#[derive(Debug, Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Search {
    /// The full e-mail address or phone number.
    #[garde(length(chars, max = 4096))]
    recipient: Option<String>,
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
    /// Whether to count all matching addresses, as `total`.
    #[garde(skip)]
    count: Option<bool>,
}

/// List the addresses that get no more messages, or not all of them, newest first.
#[utoipa::path(
    get, path = "/notifications/suppressions", operation_id = "suppressions.list", tag = "notifications",
    params(Search),
    responses((status = 200, body = Page<Suppression>)),
    security(("bearer" = ["notifications:read"]))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Query(search): Query<Search>,
) -> Result<Json<Page<Suppression>>> {
    let limit = page::limit(search.limit)?;
    let before: Option<(DateTime<Utc>, Uuid)> = page::decode(search.cursor.as_deref())?;
    let skip = page::skip(search.offset, search.page, search.cursor.as_deref(), limit)?;
    let recipient = search.recipient.as_deref().map(sought);
    let found = store::list_suppressions(&app.db, recipient.clone(), (before, skip), limit + 1);
    let found = found.await?;
    let total = match search.count {
        Some(true) => Some(store::count_suppressions(&app.db, recipient).await?),
        _ => None,
    };
    Ok(Json(Page::cut(found, limit, |it| (it.created_at, it.id)).with_total(total)))
}

/// Let an address get messages again.
///
/// What was skipped meanwhile is not sent.
#[utoipa::path(
    delete, path = "/notifications/suppressions/{id}", operation_id = "suppressions.delete",
    tag = "notifications",
    params(("id" = Uuid, Path, description = "The id of the suppression.")),
    responses(
        (status = 204, description = "The address gets such messages again."),
        problems::suppression_not_found,
    ),
    security(("bearer" = ["notifications:send"]))
)]
pub(crate) async fn delete(State(app): State<App>, Path(id): Path<Uuid>) -> Result<StatusCode> {
    if !store::delete_suppression(&app.db, id).await? {
        return Err(problems::suppression_not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}
