//! `GET /media/{id}`: pictures of the shop's own.

use axum::extract::State;
use axum::http::header::{self, HeaderName};
use axum::response::{IntoResponse, Response};
use chassis::extract::Path;
use chassis::problem::{Problem, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::store::pictures;
use crate::{App, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Show a picture.
#[utoipa::path(
    get, path = "/media/{id}", tag = "catalog", operation_id = "media_show",
    params(("id" = Uuid, Path, description = "Id of the picture.")),
    responses(
        (status = 200, description = "The picture; it never changes.", content_type = "image/*"),
        (status = 404, description = "`picture_not_found`", body = Problem),
    ),
    security(()),
)]
async fn show(State(app): State<App>, Path(id): Path<Uuid>) -> Result<Response> {
    let picture = pictures::find(&app.db, id).await?.ok_or_else(problems::picture_not_found)?;
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, &picture.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // An SVG opened by itself is a document: it may style itself and nothing else.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ];
    Ok((headers, picture.bytes).into_response())
}
