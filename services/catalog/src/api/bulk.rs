//! Several writes in one request: `/products/bulk` and `/inventory/bulk`. Each is done as if it
//! had been asked for alone, in a transaction of its own, and has an outcome of its own.

use std::collections::HashSet;

use axum::extract::State;
use chassis::auth::Principal;
use chassis::extract::{Json, LARGE_BODY};
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{edit, inventory};
use crate::model::{MAX_ON_HAND, NewProduct, Status, Wish};
use crate::{App, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(write_products)).routes(routes!(set_inventory))
}

/// What to do with several products.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProductsBulk {
    #[garde(length(min = 1, max = 100))]
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<Uuid>,
    #[garde(skip)]
    action: Action,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[schema(as = ProductsAction)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Put up for sale.
    Publish,
    /// Take out of sale, for good.
    Archive,
    /// Take out of sale, to work on it.
    Draft,
    Delete,
}

/// What became of a product.
#[derive(Serialize, ToSchema)]
struct ProductOutcome {
    id: Uuid,
    /// Whether it is now as it was asked for.
    ok: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// What became of several products, in the order of the request.
#[derive(Serialize, ToSchema)]
struct ProductOutcomes {
    items: Vec<ProductOutcome>,
}

/// What there shall be of several SKUs.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct InventoryBulk {
    #[garde(length(min = 1, max = 100), dive)]
    #[schema(min_items = 1, max_items = 100)]
    items: Vec<NewCount>,
}

#[derive(Deserialize, Validate, ToSchema)]
#[schema(as = NewInventoryCount)]
#[serde(deny_unknown_fields)]
struct NewCount {
    #[garde(length(chars, min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    sku: String,
    #[garde(range(min = 0, max = MAX_ON_HAND))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    on_hand: i64,
}

/// What became of a SKU.
#[derive(Serialize, ToSchema)]
struct InventoryOutcome {
    sku: String,
    /// Whether there is now as much as was asked for.
    ok: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// What became of several SKUs, in the order of the request.
#[derive(Serialize, ToSchema)]
struct InventoryOutcomes {
    items: Vec<InventoryOutcome>,
}

/// Publish, archive or delete several products.
///
/// Each product is changed by itself: what is wrong with one is told in its outcome and keeps no
/// other from being changed.
#[utoipa::path(
    post, path = "/products/bulk", tag = "catalog", operation_id = "products_bulk",
    request_body = ProductsBulk,
    responses(
        (status = 200, description = "An outcome for each; its problem is `product_not_found`, \
                                      `stock_reserved`, `duplicate_item` or what else the change \
                                      of that product alone would have answered.",
         body = ProductOutcomes),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`forbidden`", body = Problem),
        (status = 422, description = "`validation_failed`", body = Problem),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn write_products(
    State(app): State<App>,
    Json(body): Json<ProductsBulk>,
) -> Json<ProductOutcomes> {
    let mut seen = HashSet::new();
    let mut items = Vec::with_capacity(body.ids.len());
    for id in body.ids {
        let done = match seen.insert(id) {
            true => write_product(&app, id, body.action).await,
            false => Err(problems::duplicate_item()),
        };
        items.push(ProductOutcome { id, ok: done.is_ok(), problem: done.err() });
    }
    Json(ProductOutcomes { items })
}

async fn write_product(app: &App, id: Uuid, action: Action) -> Result<()> {
    let key = id.to_string();
    let status = match action {
        Action::Publish => Status::Active,
        Action::Archive => Status::Archived,
        Action::Draft => Status::Draft,
        Action::Delete => return edit::delete(app, &key).await,
    };
    edit::apply(app, &key, None, |old| Ok(NewProduct { status, ..old })).await.map(drop)
}

/// Set the stock of several SKUs.
///
/// Each SKU is counted by itself: what is wrong with one is told in its outcome and keeps no other
/// from being set.
#[utoipa::path(
    post, path = "/inventory/bulk", tag = "catalog", operation_id = "inventory_bulk",
    request_body = InventoryBulk,
    extensions(("x-body-limit" = json!(LARGE_BODY))),
    responses(
        (status = 200, description = "An outcome for each; its problem is `sku_not_found`, \
                                      `stock_below_reserved` or `duplicate_item`.",
         body = InventoryOutcomes),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`forbidden`", body = Problem),
        (status = 422, description = "`validation_failed`", body = Problem),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn set_inventory(
    State(app): State<App>,
    user: Principal,
    Json(body): Json<InventoryBulk>,
) -> Json<InventoryOutcomes> {
    let mut seen = HashSet::new();
    let mut items = Vec::with_capacity(body.items.len());
    for NewCount { sku, on_hand } in body.items {
        let wish = Wish { policy: None, on_hand: Some(on_hand) };
        let done = match seen.insert(sku.trim().to_owned()) {
            true => inventory::put(&app, &user, &sku, wish).await,
            false => Err(problems::duplicate_item()),
        };
        items.push(InventoryOutcome { sku, ok: done.is_ok(), problem: done.err() });
    }
    Json(InventoryOutcomes { items })
}
