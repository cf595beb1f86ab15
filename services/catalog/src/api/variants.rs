//! `/variants/{id or sku}` and `/products/{id}/variants`: one variant at a time, for staff.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::extract::{Json, Path};
use chassis::if_match::{self, IfMatch, Tagged, Versioned};
use chassis::problem::{Problem, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::merge::{FieldPaths, Merge};
use super::patch::VariantPatch;
use super::product::VariantBody;
use crate::model::{NewProduct, Product, Variant};
use crate::store::products as store;
use crate::view::StaffVariant;
use crate::{App, problems, products};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, update, delete)).routes(routes!(create))
}

/// Get a variant, with its cost and its stock.
#[utoipa::path(
    get, path = "/variants/{id}", operation_id = "variants.get", tag = "catalog",
    params(("id" = String, Path, description = "The id or SKU of the variant.")),
    responses(
        (status = 200, description = "The variant.", body = StaffVariant,
         headers(("ETag" = String, description = "The version of the variant."))),
        problems::variant_not_found,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn get(State(app): State<App>, Path(key): Path<String>) -> Result<Response> {
    let found = store::find_variant(&app.db, &key).await?;
    let found = found.ok_or_else(problems::variant_not_found)?;
    show(&app, found.product_id, found.id).await
}

/// Add a variant to a product.
///
/// It comes after the product's other variants, and has a value of each option of the product. New
/// values are added to the options.
#[utoipa::path(
    post, path = "/products/{id}/variants", operation_id = "variants.create", tag = "catalog",
    params(
        ("id" = String, Path, description = "The id or slug of the product."),
        IfMatch,
    ),
    request_body = VariantBody,
    responses(
        (status = 201, description = "The variant; `Location` has its path.", body = StaffVariant,
         headers(("ETag" = String, description = "The version of the variant."))),
        problems::product_not_found,
        problems::sku_taken,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn create(
    State(app): State<App>,
    seen: Option<IfMatch>,
    Path(key): Path<String>,
    Json(body): Json<VariantBody>,
) -> Result<Response> {
    if body.id.is_some() {
        return Err(Problem::field(
            "id",
            "is for variants that exist; the shop gives new ones theirs",
        ));
    }
    let new = body.read("", &app.currency)?;

    let mut tx = app.db.begin().await?;
    let product = store::find_in(&mut tx, &key).await?.ok_or_else(problems::product_not_found)?;
    if_match::check(seen.as_ref(), &product)?;
    let mut merge = Merge::new(&product, &app.currency);
    merge.add(new, String::new());
    let (new, paths) = merge.finish()?;
    let mut books = app.books(&mut tx);
    let written = products::replace(&mut books, &product, new).await;
    let written = written.map_err(|it| paths.as_sent(it))?;
    let changed = books.close();
    app.commit(tx, changed).await?;

    let variant = written.as_ref().and_then(|it| it.variants.last());
    let id = variant.ok_or_else(problems::variant_not_found)?.id;
    let location = format!("{}/variants/{id}", chassis::service::PREFIX);
    let body = show(&app, product.id, id).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], body).into_response())
}

/// Update a variant.
///
/// Fields that are left out stay as they are, and so do the product's other variants. Options have
/// to be the product's; new values are added to them. Stock stays as it is: an `on_hand` that
/// differs from the current figure needs `expected`.
#[utoipa::path(
    patch, path = "/variants/{id}", operation_id = "variants.update", tag = "catalog",
    params(("id" = String, Path, description = "The id or SKU of the variant."), IfMatch),
    request_body = VariantPatch,
    responses(
        (status = 200, description = "The variant.", body = StaffVariant,
         headers(("ETag" = String, description = "The new version of the variant."))),
        problems::variant_not_found,
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
    Json(patch): Json<VariantPatch>,
) -> Result<Response> {
    let (product, id) = write(&app, &key, seen, |product, at| {
        if patch.id.is_some_and(|it| it != product.variants[at].id) {
            return Err(Problem::field("id", "is another variant; ids cannot be changed"));
        }
        let mut merge = Merge::new(product, &app.currency);
        merge.change(at, patch, String::new());
        merge.finish()
    })
    .await?;
    show(&app, product, id).await
}

/// Delete a variant, and its stock.
///
/// Past orders are not affected. A variant cannot be deleted while an open order holds units of it,
/// nor if it is the last one of its product.
#[utoipa::path(
    delete, path = "/variants/{id}", operation_id = "variants.delete", tag = "catalog",
    params(("id" = String, Path, description = "The id or SKU of the variant."), IfMatch),
    responses(
        (status = 204, description = "Deleted."),
        problems::variant_not_found,
        problems::last_variant,
        problems::stock_reserved,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn delete(
    State(app): State<App>,
    seen: Option<IfMatch>,
    Path(key): Path<String>,
) -> Result<StatusCode> {
    write(&app, &key, seen, |product, at| {
        let mut new = NewProduct::from(product);
        new.variants.remove(at);
        if new.variants.is_empty() {
            return Err(problems::last_variant(&product.variants[at].sku));
        }
        Ok((new, FieldPaths::default()))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the product of a variant, given that and the variant's place in it; returns their ids.
async fn write(
    app: &App,
    key: &str,
    seen: Option<IfMatch>,
    change: impl FnOnce(&Product, usize) -> Result<(NewProduct, FieldPaths)>,
) -> Result<(Uuid, Uuid)> {
    let found = store::find_variant(&app.db, key).await?;
    let found = found.ok_or_else(problems::variant_not_found)?;
    let mut tx = app.db.begin().await?;
    let product = store::find_in(&mut tx, &found.product_id.to_string()).await?;
    let product = product.ok_or_else(problems::variant_not_found)?;
    // It may have been deleted until the product was locked.
    let at = product.variants.iter().position(|it| it.id == found.id);
    let at = at.ok_or_else(problems::variant_not_found)?;
    if_match::check(seen.as_ref(), &product.variants[at])?;
    let (new, paths) = change(&product, at)?;
    let mut books = app.books(&mut tx);
    let written = products::replace(&mut books, &product, new).await;
    if written.map_err(|it| paths.as_sent(it))?.is_some() {
        let changed = books.close();
        app.commit(tx, changed).await?;
    }
    Ok((product.id, found.id))
}

/// A variant as it is now.
async fn show(app: &App, product: Uuid, id: Uuid) -> Result<Response> {
    let product = store::find(&app.db, &product.to_string()).await?;
    let product = product.ok_or_else(problems::variant_not_found)?;
    let variant = product.variants.iter().find(|it| it.id == id);
    let variant: &Variant = variant.ok_or_else(problems::variant_not_found)?;
    let view = StaffVariant::of(&product, variant, &app.currency);
    Ok(Tagged(variant.version(), view).into_response())
}
