//! `/products/{id}/images`: the pictures of a product.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use chassis::extract::{Json, Path};
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::product::ImageBody;
use super::read;
use crate::model::{Image, NewProduct, Product};
use crate::store::products as store;
use crate::{App, pictures, problems, products};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create, reorder)).routes(routes!(update, delete))
}

/// The pictures of a product, in order.
#[derive(Serialize, ToSchema)]
struct Images {
    items: Vec<Image>,
}

/// The new order of the pictures.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImageOrder {
    /// The ids of all pictures of the product.
    #[garde(length(max = 250))]
    image_ids: Vec<Uuid>,
}

/// A new alternative text of a picture.
#[derive(Deserialize, Validate, ToSchema)]
#[schema(as = ImagePatch)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
struct ImagePatch {
    /// The alternative text; null for a decorative picture.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(max_length = 510, required)]
    alt: Option<String>,
}

/// List the pictures of a product.
#[utoipa::path(
    get, path = "/products/{id}/images", operation_id = "images.list", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product.")),
    responses(
        (status = 200, description = "The pictures.", body = Images),
        problems::product_not_found,
    ),
    security((), ("bearer" = [])),
)]
async fn list(
    State(app): State<App>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Json<Images>> {
    let (parts, _) = request.into_parts();
    let product = read::visible(&app, &key, &parts).await?;
    Ok(Json(Images { items: product.images }))
}

/// Add a picture to a product.
#[utoipa::path(
    post, path = "/products/{id}/images", operation_id = "images.create", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product.")),
    request_body = ImageBody,
    responses(
        (status = 201, description = "All pictures, the new one last.", body = Images),
        problems::product_not_found,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn create(
    State(app): State<App>,
    Path(key): Path<String>,
    Json(body): Json<ImageBody>,
) -> Result<(StatusCode, Json<Images>)> {
    let images = write(&app, &key, |product| {
        // Checked as the last of a product's pictures, but named as it was sent.
        let mut new = NewProduct::from(product);
        new.images.push((body.url, body.alt));
        let draft = new.into_draft(Some(product), app.clock.now());
        Ok(draft?.product.images)
    });
    let images = images.await.map_err(as_sent)?;
    Ok((StatusCode::CREATED, Json(images)))
}

/// Names wrong fields of a picture as they were sent: not as part of the product.
fn as_sent(mut problem: Problem) -> Problem {
    if problem.errors.is_empty() {
        return problem;
    }
    for error in &mut problem.errors {
        let own = error.field.strip_prefix("images[").and_then(|it| it.split_once("]."));
        error.field = own.map_or(error.field.as_str(), |(_, field)| field).to_owned();
    }
    Problem::fields(problem.errors)
}

/// Change the alternative text of a picture.
#[utoipa::path(
    patch, path = "/products/{id}/images/{image_id}", operation_id = "images.update", tag = "catalog",
    params(
        ("id" = String, Path, description = "The id or slug of the product."),
        ("image_id" = Uuid, Path, description = "The id of the picture."),
    ),
    request_body = ImagePatch,
    responses(
        (status = 200, description = "All pictures.", body = Images),
        problems::product_not_found,
        problems::image_not_found,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn update(
    State(app): State<App>,
    Path((key, image)): Path<(String, Uuid)>,
    Json(patch): Json<ImagePatch>,
) -> Result<Json<Images>> {
    let images = write(&app, &key, |product| {
        let at = product.images.iter().position(|it| it.id == image);
        let at = at.ok_or_else(problems::image_not_found)?;
        let mut new = NewProduct::from(product);
        new.images[at].1 = patch.alt;
        Ok(new.into_draft(Some(product), app.clock.now())?.product.images)
    });
    Ok(Json(images.await.map_err(as_sent)?))
}

/// Reorder the pictures of a product.
#[utoipa::path(
    put, path = "/products/{id}/images", operation_id = "images.reorder", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product.")),
    request_body = ImageOrder,
    responses(
        (status = 200, description = "All pictures.", body = Images),
        problems::product_not_found,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn reorder(
    State(app): State<App>,
    Path(key): Path<String>,
    Json(order): Json<ImageOrder>,
) -> Result<Json<Images>> {
    let images = write(&app, &key, |product| {
        let wrong = || Problem::field("image_ids", "must have the id of each picture once");
        let mut left = product.images.clone();
        let mut ordered = Vec::with_capacity(left.len());
        for id in &order.image_ids {
            let at = left.iter().position(|it| it.id == *id).ok_or_else(wrong)?;
            ordered.push(left.remove(at));
        }
        if left.is_empty() { Ok(ordered) } else { Err(wrong()) }
    });
    Ok(Json(images.await?))
}

/// Remove a picture from a product.
#[utoipa::path(
    delete, path = "/products/{id}/images/{image_id}", operation_id = "images.delete", tag = "catalog",
    params(
        ("id" = String, Path, description = "The id or slug of the product."),
        ("image_id" = Uuid, Path, description = "The id of the picture."),
    ),
    responses(
        (status = 204, description = "Deleted."),
        problems::product_not_found,
        problems::image_not_found,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn delete(
    State(app): State<App>,
    Path((key, image)): Path<(String, Uuid)>,
) -> Result<StatusCode> {
    write(&app, &key, |product| {
        let mut images = product.images.clone();
        images.retain(|it| it.id != image);
        if images.len() < product.images.len() {
            Ok(images)
        } else {
            Err(problems::image_not_found())
        }
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a product these pictures, given what it is.
async fn write(
    app: &App,
    key: &str,
    change: impl FnOnce(&Product) -> Result<Vec<Image>>,
) -> Result<Images> {
    let mut tx = app.db.begin().await?;
    let product = store::find_in(&mut tx, key).await?.ok_or_else(problems::product_not_found)?;
    let mut items = change(&product)?;
    for (at, image) in items.iter_mut().enumerate() {
        image.position = at as i64 + 1;
    }
    let mut books = app.books(&mut tx);
    let new = Product { images: items.clone(), ..product.clone() };
    if !store::set_images(books.tx, &product, &items, books.now).await? {
        return Err(problems::product_changed());
    }
    pictures::settle(&mut books, Some(&product), &new).await?;
    let version = product.version + 1;
    products::publish_updated(&mut books, product.id, &product.slug, version).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(Images { items })
}
