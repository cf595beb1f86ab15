//! `/users/{id}/audit`: what was done to a user, by whom.

use axum::extract::State;
use chassis::extract::{Json, Path, Query};
use chassis::page::{self, Page};
use chassis::problem::Result;
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::store::AuditEntry;
use crate::{App, problems, store};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Debug, Deserialize, IntoParams, Validate)]
struct Listing {
    /// The number of items per page, 1 to 100. Defaults to 20.
    #[garde(skip)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 512))]
    cursor: Option<String>,
}

/// List the audit log of a user, newest first. It is kept when the user is deleted.
#[utoipa::path(
    get,
    path = "/users/{id}/audit", operation_id = "audit.list",
    tag = "identity",
    params(("id" = Uuid, Path, description = "The id of the user."), Listing),
    responses(
        (status = 200, description = "A page of entries.", body = Page<AuditEntry>),
        problems::user_not_found,
    ),
    security(("bearer" = ["users:read"]))
)]
async fn list(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<Listing>,
) -> Result<Json<Page<AuditEntry>>> {
    let limit = page::limit(query.limit)?;
    let after = page::decode(query.cursor.as_deref())?;
    let entries = store::list_audit(&app.db, id, after, limit + 1).await?;
    if entries.is_empty() && after.is_none() {
        return Err(problems::user_not_found(id));
    }
    Ok(Json(Page::cut(entries, limit, |it| it.id)))
}
