//! `/media`: pictures of the shop's own.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName};
use axum::response::{IntoResponse, Response};
use chassis::extract::{self, Json, Path, Query};
use chassis::problem::Result;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::store::pictures as store;
use crate::{App, pictures, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(get))
}

/// The bytes of a picture.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
struct PictureFile(#[expect(dead_code, reason = "for the description alone")] Vec<u8>);

/// An uploaded picture.
#[derive(Serialize, ToSchema)]
struct Media {
    id: Uuid,
    /// The URL of the picture, to use in products.
    url: String,
    /// The width of the largest stored size, in pixels; null for a vector graphic.
    width: Option<i64>,
    height: Option<i64>,
    content_type: String,
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct MediaQuery {
    /// The width in pixels at which the picture is displayed. Returns the smallest size that is at
    /// least as wide. Defaults to the largest size.
    #[garde(range(min = 1, max = 100_000))]
    #[param(minimum = 1, maximum = 100_000)]
    width: Option<i64>,
}

/// Upload a picture.
///
/// The body is the picture itself: JPEG, PNG, WebP or GIF, at most 10 MiB, 8000 x 8000 pixels and
/// 40 megapixels. It is rotated upright and re-encoded in several sizes, which removes metadata such
/// as where it was taken. Uploading the same bytes again returns the same picture. A picture that no
/// product uses is deleted after a day.
#[utoipa::path(
    post, path = "/media", operation_id = "media.create", tag = "catalog",
    extensions(("x-body-limit" = json!(pictures::MAX_BYTES))),
    request_body(content(
        (PictureFile = "image/jpeg"),
        (PictureFile = "image/png"),
        (PictureFile = "image/webp"),
        (PictureFile = "image/gif"),
    )),
    responses(
        (status = 201, description = "The picture; `Location` has its path.", body = Media),
        problems::picture_type_unsupported,
        problems::picture_broken,
        problems::picture_too_large,
        problems::pictures_busy,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn create(State(app): State<App>, request: Request) -> Result<Response> {
    let _place = app.desk.place()?;
    let bytes = extract::bytes(request.into_body(), pictures::MAX_BYTES).await?;
    let (id, kept) = pictures::take_in(&app, bytes).await?;
    let url = pictures::url(id);
    let media = Media {
        id,
        url: url.clone(),
        width: kept.width,
        height: kept.height,
        content_type: kept.content_type,
    };
    Ok((StatusCode::CREATED, [(header::LOCATION, url)], Json(media)).into_response())
}

/// Get a picture.
#[utoipa::path(
    get, path = "/media/{id}", operation_id = "media.get", tag = "catalog",
    params(("id" = Uuid, Path, description = "The id of the picture."), MediaQuery),
    responses(
        (status = 200, description = "The picture, which never changes.", content_type = "image/*"),
        problems::picture_not_found,
    ),
    security(()),
)]
async fn get(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<MediaQuery>,
) -> Result<Response> {
    let picture = store::find(&app.db, id, query.width).await?;
    let picture = picture.ok_or_else(problems::picture_not_found)?;
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, &picture.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // An SVG opened by itself is a document: it may style itself and nothing else.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ];
    Ok((headers, picture.bytes).into_response())
}
