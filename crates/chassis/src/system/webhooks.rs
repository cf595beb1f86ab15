//! The webhooks of a service, as an operator sees them.

use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::System;
use crate::extract::{Json, Path, Query};
use crate::page::{self, Page};
use crate::problem::{Problem, Result, problem};
use crate::webhooks::{self, Webhook, WebhookFilter, WebhookPlace, WebhookStatus};

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only webhooks of this provider.
    #[garde(length(max = 100))]
    provider: Option<String>,
    /// Only webhooks with this status.
    #[garde(skip)]
    status: Option<WebhookStatus>,
    /// The number of items per page, 1 to 100.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

/// List the webhooks of the service, newest first.
///
/// Applied and ignored ones are kept for 30 days, dead ones for 90.
#[utoipa::path(
    get, path = "/webhooks", operation_id = "webhooks.list",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of webhooks.", body = Page<Webhook>),
    ),
    security(("bearer" = ["system:read"])),
)]
pub(super) async fn list(
    State(System { db, .. }): State<System>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Webhook>>> {
    let limit = page::limit(query.limit)?;
    let after = page::decode(query.cursor.as_deref())?;
    let filter = WebhookFilter { provider: query.provider, status: query.status, after };
    let webhooks = webhooks::list(&db, &filter, limit + 1).await?;
    let place = |it: &Webhook| -> WebhookPlace { (it.received_at, it.id) };
    Ok(Json(Page::cut(webhooks, limit, place)))
}

/// Apply a webhook again, with a fresh set of attempts.
///
/// Whatever its status is: what it is about is looked up at the provider, so applying it twice does
/// no harm.
#[utoipa::path(
    post, path = "/webhooks/{id}/replay", operation_id = "webhooks.replay",
    params(("id" = Uuid, Path, description = "The id of the webhook.")),
    responses(
        (status = 204, description = "The webhook will be applied."),
        webhook_not_found,
    ),
    security(("bearer" = ["system:write"])),
)]
pub(super) async fn replay(
    State(System { db, clock, .. }): State<System>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    if !webhooks::replay(&db, id, clock.now()).await? {
        return Err(webhook_not_found());
    }
    tracing::info!(webhook = %id, "a webhook is applied again");
    Ok(StatusCode::NO_CONTENT)
}

/// There is no such webhook, or it has been deleted since.
#[problem(NOT_FOUND)]
fn webhook_not_found() -> Problem {
    webhook_not_found::problem("there is no such webhook")
}
