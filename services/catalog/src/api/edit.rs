//! Writing products.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::extract::{Json, PRODUCT_BODY, Path};
use chassis::problem::Result;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::product::{ProductBody, ProductPatch, at_the_top};
use super::read;
use crate::model::NewProduct;
use crate::store::products as store;
use crate::view::ProductView;
use crate::{App, categories, problems, products};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(replace, update, delete))
}

/// Create a product.
#[utoipa::path(
    post, path = "/products", operation_id = "products.create", tag = "catalog",
    request_body = ProductBody,
    extensions(("x-body-limit" = json!(PRODUCT_BODY))),
    responses(
        (status = 201, description = "The product; `Location` has its path.", body = ProductView),
        problems::slug_taken,
        problems::sku_taken,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn create(State(app): State<App>, Json(mut body): Json<ProductBody>) -> Result<Response> {
    let (flat, named) = (body.is_flat(), body.named()?);
    let mut new = body.read(&app.currency)?;

    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    if let Some(named) = named {
        new.category_ids = categories::named(&mut books, &named).await?;
    }
    let created = products::create(&mut books, new).await;
    let product = created.map_err(|it| if flat { at_the_top(it) } else { it })?;
    let changed = books.close();
    app.commit(tx, changed).await?;

    let location = format!("{}/products/{}", chassis::service::PREFIX, product.id);
    let body = show(&app, product.id).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], body).into_response())
}

/// Replace a product.
///
/// Variants with the same id, SKU or options keep their id and their stock. An `on_hand` that
/// differs from the current figure needs `expected`.
#[utoipa::path(
    put, path = "/products/{id}", operation_id = "products.replace", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product.")),
    request_body = ProductBody,
    extensions(("x-body-limit" = json!(PRODUCT_BODY))),
    responses(
        (status = 200, description = "The product.", body = ProductView),
        problems::product_not_found,
        problems::slug_taken,
        problems::sku_taken,
        problems::stock_reserved,
        problems::stock_changed,
        problems::stock_below_reserved,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn replace(
    State(app): State<App>,
    Path(key): Path<String>,
    Json(mut body): Json<ProductBody>,
) -> Result<Response> {
    let (flat, named) = (body.is_flat(), body.named()?);
    let new = body.read(&app.currency)?;
    let written = write(&app, &key, named, |_| Ok(new)).await;
    written.map_err(|it| if flat { at_the_top(it) } else { it })
}

/// Update a product.
///
/// Stock stays as it is. An `on_hand` that differs from the current figure needs `expected`.
#[utoipa::path(
    patch, path = "/products/{id}", operation_id = "products.update", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product.")),
    request_body = ProductPatch,
    extensions(("x-body-limit" = json!(PRODUCT_BODY))),
    responses(
        (status = 200, description = "The product.", body = ProductView),
        problems::product_not_found,
        problems::slug_taken,
        problems::sku_taken,
        problems::stock_reserved,
        problems::stock_changed,
        problems::stock_below_reserved,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn update(
    State(app): State<App>,
    Path(key): Path<String>,
    Json(mut patch): Json<ProductPatch>,
) -> Result<Response> {
    let (flat, named) = (patch.is_flat(), patch.named()?);
    let written = write(&app, &key, named, |old| patch.onto(old, &app.currency)).await;
    written.map_err(|it| if flat { at_the_top(it) } else { it })
}

/// Delete a product.
///
/// Past orders are not affected. A product cannot be deleted while an open order holds units of it.
#[utoipa::path(
    delete, path = "/products/{id}", operation_id = "products.delete", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product.")),
    responses(
        (status = 204, description = "Deleted."),
        problems::product_not_found,
        problems::stock_reserved,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn delete(State(app): State<App>, Path(key): Path<String>) -> Result<StatusCode> {
    delete_product(&app, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a product.
pub(super) async fn delete_product(app: &App, key: &str) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let product = store::find_in(&mut tx, key).await?.ok_or_else(problems::product_not_found)?;
    let mut books = app.books(&mut tx);
    products::delete(&mut books, &product).await?;
    let changed = books.close();
    app.commit(tx, changed).await
}

async fn write(
    app: &App,
    key: &str,
    named: Option<Vec<String>>,
    change: impl FnOnce(NewProduct) -> Result<NewProduct>,
) -> Result<Response> {
    let id = apply(app, key, named, change).await?;
    show(app, id).await
}

/// Makes a product what `change` says, given what it is, in the categories that are named.
pub(super) async fn apply(
    app: &App,
    key: &str,
    named: Option<Vec<String>>,
    change: impl FnOnce(NewProduct) -> Result<NewProduct>,
) -> Result<Uuid> {
    let mut tx = app.db.begin().await?;
    let old = store::find_in(&mut tx, key).await?.ok_or_else(problems::product_not_found)?;
    let mut new = change(NewProduct::from(&old))?;
    let mut books = app.books(&mut tx);
    if let Some(named) = named {
        new.category_ids = categories::named(&mut books, &named).await?;
    }
    if products::replace(&mut books, &old, new).await?.is_some() {
        let changed = books.close();
        app.commit(tx, changed).await?;
    }
    Ok(old.id)
}

/// The product as it is now.
pub(super) async fn show(app: &App, id: Uuid) -> Result<Response> {
    let product = store::find(&app.db, &id.to_string()).await?;
    let product = product.ok_or_else(problems::product_not_found)?;
    let tree = app.tree().await?;
    let body = read::json(&ProductView::of(&product, &tree, &app.currency))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
