//! Writing products.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::db::Tx;
use chassis::extract::{Json, PRODUCT_BODY, Path};
use chassis::if_match::{self, IfMatch};
use chassis::problem::Result;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::merge::FieldPaths;
use super::patch::ProductPatch;
use super::product::{ProductBody, at_the_top};
use super::read;
use crate::model::{NewProduct, Product};
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
/// Variants with the same id, SKU or options keep their id and their stock; others are deleted with
/// theirs. An `on_hand` that differs from the current figure needs `expected`.
#[utoipa::path(
    put, path = "/products/{id}", operation_id = "products.replace", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product."), IfMatch),
    request_body = ProductBody,
    extensions(("x-body-limit" = json!(PRODUCT_BODY))),
    responses(
        (status = 200, description = "The product.", body = ProductView,
         headers(("ETag" = String, description = "The version."))),
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
    seen: Option<IfMatch>,
    Path(key): Path<String>,
    Json(mut body): Json<ProductBody>,
) -> Result<Response> {
    let (flat, named) = (body.is_flat(), body.named()?);
    let change = |old: &Product| body.read_over(old, &app.currency);
    let written = write(&app, (&key, seen.as_ref()), named, change).await;
    written.map_err(|it| if flat { at_the_top(it) } else { it })
}

/// Update a product.
///
/// What is named is changed, all else stays: fields, variants, options and pictures. To remove a
/// variant or a picture, delete it. Stock stays as it is. An `on_hand` that differs from the current figure needs `expected`.
#[utoipa::path(
    patch, path = "/products/{id}", operation_id = "products.update", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product."), IfMatch),
    request_body = ProductPatch,
    extensions(("x-body-limit" = json!(PRODUCT_BODY))),
    responses(
        (status = 200, description = "The product.", body = ProductView,
         headers(("ETag" = String, description = "The version."))),
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
    seen: Option<IfMatch>,
    Path(key): Path<String>,
    Json(mut patch): Json<ProductPatch>,
) -> Result<Response> {
    let named = patch.named()?;
    let mut paths = FieldPaths::default();
    let written = write(&app, (&key, seen.as_ref()), named, |old| {
        let (new, sent) = patch.onto(old, &app.currency)?;
        paths = sent;
        Ok(new)
    });
    written.await.map_err(|it| paths.as_sent(it))
}

/// Delete a product.
///
/// Past orders are not affected. A product cannot be deleted while an open order holds units of it.
#[utoipa::path(
    delete, path = "/products/{id}", operation_id = "products.delete", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product."), IfMatch),
    responses(
        (status = 204, description = "Deleted."),
        problems::product_not_found,
        problems::stock_reserved,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn delete(
    State(app): State<App>,
    seen: Option<IfMatch>,
    Path(key): Path<String>,
) -> Result<StatusCode> {
    delete_product(&app, (&key, seen.as_ref())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A product that is to be written, by id or slug, and the states it is meant in.
pub(super) type Meant<'a> = (&'a str, Option<&'a IfMatch>);

/// The product, locked, if it is in one of the states that are meant.
pub(super) async fn find_meant(tx: &mut Tx, (key, seen): Meant<'_>) -> Result<Product> {
    let product = store::find_in(tx, key).await?.ok_or_else(problems::product_not_found)?;
    if_match::check(seen, &product)?;
    Ok(product)
}

/// Deletes a product.
pub(super) async fn delete_product(app: &App, meant: Meant<'_>) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let product = find_meant(&mut tx, meant).await?;
    let mut books = app.books(&mut tx);
    products::delete(&mut books, &product).await?;
    let changed = books.close();
    app.commit(tx, changed).await
}

async fn write(
    app: &App,
    meant: Meant<'_>,
    named: Option<Vec<String>>,
    change: impl FnOnce(&Product) -> Result<NewProduct>,
) -> Result<Response> {
    let id = apply(app, meant, named, change).await?;
    show(app, id).await
}

/// Makes a product what `change` says, given what it is, in the categories that are named.
pub(super) async fn apply(
    app: &App,
    meant: Meant<'_>,
    named: Option<Vec<String>>,
    change: impl FnOnce(&Product) -> Result<NewProduct>,
) -> Result<Uuid> {
    let mut tx = app.db.begin().await?;
    let old = find_meant(&mut tx, meant).await?;
    let mut new = change(&old)?;
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
    read::for_staff(app, &product.ok_or_else(problems::product_not_found)?).await
}
