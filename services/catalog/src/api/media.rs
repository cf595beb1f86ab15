//! `/media`: pictures of the shop's own.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName};
use axum::response::{IntoResponse, Response};
use chassis::extract::{self, Json, Path, Query};
use chassis::problem::{Problem, Result};
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

/// A picture of the shop's own.
#[derive(Serialize, ToSchema)]
struct Media {
    id: Uuid,
    /// Where it is shown; give this to a product.
    url: String,
    /// Of the largest size that is kept, in pixels; null for a drawing.
    width: Option<i64>,
    height: Option<i64>,
    content_type: String,
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct MediaQuery {
    /// How wide it will be shown, in pixels: the smallest size that is not narrower is sent, and
    /// the largest where this is absent.
    #[garde(range(min = 1, max = 100_000))]
    #[param(minimum = 1, maximum = 100_000)]
    width: Option<i64>,
}

/// Send a picture.
///
/// The body is the picture itself: JPEG, PNG, WebP or GIF, at most 10 MiB, 8000 x 8000 pixels and
/// 40 megapixels. It is turned upright and drawn anew in several sizes; what else the file holds,
/// such as where it was taken, is gone. The same bytes are the same picture. One that no product
/// uses for a day is deleted.
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
        (status = 201, description = "The picture; `Location` is its address.", body = Media),
        (status = 415, description = "`picture_type_unsupported`", body = Problem),
        (status = 422, description = "`picture_broken`, `picture_too_large` with `width` and \
                                      `height`", body = Problem),
        (status = 503, description = "`pictures_busy` with `retry_after`", body = Problem),
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

/// Show a picture.
#[utoipa::path(
    get, path = "/media/{id}", operation_id = "media.get", tag = "catalog",
    params(("id" = Uuid, Path, description = "Id of the picture."), MediaQuery),
    responses(
        (status = 200, description = "The picture; it never changes.", content_type = "image/*"),
        (status = 404, description = "`picture_not_found`", body = Problem),
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
