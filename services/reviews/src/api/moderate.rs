//! What moderators do.

use axum::extract::State;
use chassis::cards::no_card_number;
use chassis::extract::{Json, Path, Query};
use chassis::page::{self, Page};
use chassis::problem::Result;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{View, write};
use crate::model::{Review, Status};
use crate::{App, problems, store};

#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Queue {
    /// Only reviews with this status.
    #[garde(skip)]
    status: Option<Status>,
    /// The number of reviews per page, 1 to 100. Defaults to 20.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 1000))]
    cursor: Option<String>,
    /// Whether to count all matching reviews, as `total`.
    #[garde(skip)]
    count: Option<bool>,
}

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewDecision {
    #[garde(skip)]
    status: Status,
    /// The reason, shown to the author.
    #[garde(length(chars, min = 1, max = 500), inner(custom(no_card_number)))]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// List reviews of any status, newest first.
#[utoipa::path(
    get, path = "/reviews", operation_id = "reviews.list", tag = "reviews",
    params(Queue),
    responses(
        (status = 200, description = "A page of reviews.", body = Page<View>),
    ),
    security(("bearer" = ["reviews:moderate"])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Query(queue): Query<Queue>,
) -> Result<Json<Page<View>>> {
    let limit = page::limit(queue.limit)?;
    let after = page::decode::<Uuid>(queue.cursor.as_deref())?;
    let reviews = store::list(&app.db, queue.status, after, limit + 1).await?;
    let total = match queue.count {
        Some(true) => Some(store::count(&app.db, queue.status).await?),
        Some(false) | None => None,
    };
    let page = Page::cut(reviews, limit, |it| it.id).map(View::full);
    Ok(Json(page.with_total(total)))
}

/// Approve or reject a review.
#[utoipa::path(
    patch, path = "/reviews/{id}/status", operation_id = "reviews.moderate", tag = "reviews",
    params(("id" = Uuid, Path, description = "The review's id.")),
    request_body = ReviewDecision,
    responses(
        (status = 200, description = "The review.", body = View),
        problems::review_not_found,
        problems::review_changed,
    ),
    security(("bearer" = ["reviews:moderate"])),
)]
pub(crate) async fn moderate(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(ReviewDecision { status, reason }): Json<ReviewDecision>,
) -> Result<Json<View>> {
    let mut tx = app.db.begin().await?;
    let found = store::find(&mut tx, id).await?;
    let before = found.ok_or_else(|| problems::review_not_found(id))?;
    let after = Review { status, reason, updated_at: app.clock.now(), ..before.clone() };
    write::replace(&mut tx, &before, &after).await?;
    tx.commit().await?;
    Ok(Json(View::full(after)))
}
