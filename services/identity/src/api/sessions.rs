//! `/users/me/sessions`: where one is logged in.

use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::Principal;
use chassis::extract::{Json, Path, Query};
use chassis::page::{self, Page};
use chassis::problem::Result;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::store::Session;
use crate::{App, problems, sessions, store, trust};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(delete))
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

/// One of your sessions.
#[derive(Debug, Serialize, ToSchema)]
struct OwnSession {
    #[serde(flatten)]
    session: Session,
    /// Whether this request belongs to it.
    current: bool,
}

/// List your active sessions, newest first.
#[utoipa::path(
    get,
    path = "/users/me/sessions", operation_id = "sessions.list",
    tag = "identity",
    params(Listing),
    responses(
        (status = 200, description = "A page of your sessions.", body = Page<OwnSession>),
    ),
    security(("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<Listing>,
) -> Result<Json<Page<OwnSession>>> {
    let limit = page::limit(query.limit)?;
    let after = page::decode(query.cursor.as_deref())?;
    let now = app.clock.now();
    let found = store::list_sessions(&app.db, principal.id(), after, limit + 1, now).await?;
    let page = Page::cut(found, limit, |it| it.id);
    let current = principal.session();
    Ok(Json(page.map(|session| OwnSession { current: session.id == current, session })))
}

/// End one of your sessions.
#[utoipa::path(
    delete,
    path = "/users/me/sessions/{id}", operation_id = "sessions.delete",
    tag = "identity",
    params(("id" = Uuid, Path, description = "The id of the session.")),
    responses(
        (status = 204, description = "The session is ended."),
        problems::session_not_found,
    ),
    security(("bearer" = []))
)]
async fn delete(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let (user, now) = (principal.id(), app.clock.now());
    let mut tx = app.db.begin().await?;
    if !sessions::end_by_user(&mut tx, user, id, now).await? {
        return Err(problems::session_not_found(id));
    }
    tx.commit().await?;

    trust::refresh_here(&app).await;
    Ok(StatusCode::NO_CONTENT)
}
