//! Several writes in one request: `/products/bulk` and `/inventory/bulk`. Each is done as if it
//! had been asked for alone, in a transaction of its own, and has an outcome of its own.

use std::collections::HashSet;

use axum::extract::State;
use chassis::auth::Principal;
use chassis::cards::no_card_number;
use chassis::extract::{Json, PRODUCT_BODY};
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::figures::{Said, counted};
use super::inventory::Why;
use super::{edit, inventory};
use crate::model::{Figure, MAX_ON_HAND, NewProduct, Status, StockChange};
use crate::{App, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(bulk_products)).routes(routes!(bulk_inventory))
}

/// An action on several products.
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
    /// Set the status to `active`.
    Publish,
    /// Set the status to `archived`.
    Archive,
    /// Set the status to `draft`.
    Draft,
    Delete,
}

/// The outcome of a product.
#[derive(Serialize, ToSchema)]
struct ProductOutcome {
    id: Uuid,
    /// Whether the action succeeded.
    ok: bool,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// The outcomes of several products, in the order of the request.
#[derive(Serialize, ToSchema)]
struct ProductOutcomes {
    items: Vec<ProductOutcome>,
}

/// The new stock of several SKUs.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct InventoryBulk {
    #[garde(length(min = 1, max = 1_000), dive)]
    #[schema(min_items = 1, max_items = 1_000)]
    items: Vec<NewCount>,
}

/// The new stock of a SKU: either `adjust` or `on_hand`.

#[derive(Deserialize, Validate, ToSchema)]
#[schema(as = NewInventoryCount)]
#[serde(deny_unknown_fields)]
struct NewCount {
    #[garde(length(chars, min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    sku: String,
    /// Units to add, or to remove if negative.
    #[garde(range(min = -MAX_ON_HAND, max = MAX_ON_HAND))]
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    adjust: Option<i64>,
    /// The units counted on the shelf.
    #[garde(range(min = 0, max = MAX_ON_HAND))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    on_hand: Option<i64>,
    /// With `on_hand`: the figure you have read. If it has changed since, nothing is written.
    #[garde(range(min = -MAX_ON_HAND, max = MAX_ON_HAND))]
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    expected: Option<i64>,
    /// The reason, shown in the ledger.
    #[garde(length(chars, min = 1, max = 500), inner(custom(no_card_number)))]
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// The outcome of a SKU.
#[derive(Serialize, ToSchema)]
struct InventoryOutcome {
    sku: String,
    /// Whether the stock was changed.
    ok: bool,
    /// The units on hand afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_hand: Option<i64>,
    /// Why it was not changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// The outcomes of several SKUs, in the order of the request.
#[derive(Serialize, ToSchema)]
struct InventoryOutcomes {
    items: Vec<InventoryOutcome>,
}

/// Publish, archive or delete several products.
///
/// Each product is changed independently: an error is reported in the outcome of its product and
/// does not affect the others.
#[utoipa::path(
    post, path = "/products/bulk", operation_id = "products.bulk", tag = "catalog",
    request_body = ProductsBulk,
    responses(
        (status = 200, description = "The outcome of each product. Its problem is \
                                      `product_not_found`, `stock_reserved`, `duplicate_item`, or \
                                      any error of changing that product alone.",
         body = ProductOutcomes),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn bulk_products(
    State(app): State<App>,
    Json(body): Json<ProductsBulk>,
) -> Json<ProductOutcomes> {
    let mut seen = HashSet::new();
    let mut items = Vec::with_capacity(body.ids.len());
    for id in body.ids {
        let done = if seen.insert(id) {
            write_product(&app, id, body.action).await
        } else {
            Err(problems::duplicate_item())
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
        Action::Delete => return edit::delete_product(app, &key).await,
    };
    edit::apply(app, &key, None, |old| Ok(NewProduct { status, ..old })).await.map(drop)
}

/// Update the stock of several SKUs.
///
/// Each SKU is changed independently, as with `PUT /inventory/{sku}`: an error is reported in the
/// outcome of its SKU and does not affect the others.
#[utoipa::path(
    post, path = "/inventory/bulk", operation_id = "inventory.bulk", tag = "catalog",
    request_body = InventoryBulk,
    extensions(("x-body-limit" = json!(PRODUCT_BODY))),
    responses(
        (status = 200, description = "The outcome of each SKU. Its problem is `sku_not_found`, \
                                      `stock_changed` with the current `on_hand`, \
                                      `stock_below_reserved`, `validation_failed` or \
                                      `duplicate_item`.",
         body = InventoryOutcomes),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn bulk_inventory(
    State(app): State<App>,
    user: Principal,
    Json(body): Json<InventoryBulk>,
) -> Result<Json<InventoryOutcomes>> {
    let figures = figures(&body.items)?;
    let mut seen = HashSet::new();
    let mut items = Vec::with_capacity(body.items.len());
    for (NewCount { sku, reason, .. }, figure) in body.items.into_iter().zip(figures) {
        let wish = StockChange { policy: None, figure: Some(figure) };
        let done = if seen.insert(sku.trim().to_owned()) {
            inventory::put(&app, &user, &sku, wish, Why { reason, seen: None }).await
        } else {
            Err(problems::duplicate_item())
        };
        items.push(InventoryOutcome {
            sku,
            ok: done.is_ok(),
            on_hand: done.as_ref().ok().map(|it| it.on_hand),
            problem: done.err(),
        });
    }
    Ok(Json(InventoryOutcomes { items }))
}

/// What each item says, or every item that says too little or too much.
fn figures(items: &[NewCount]) -> Result<Vec<Figure>> {
    let (mut figures, mut wrong) = (Vec::with_capacity(items.len()), Vec::new());
    for (at, NewCount { adjust, on_hand, expected, .. }) in items.iter().enumerate() {
        let (adjust, on_hand, expected) = (*adjust, *on_hand, *expected);
        let said = Said { adjust, on_hand, expected, available: None };
        match said.needed(&format!("items[{at}].")) {
            Ok(figure) => figures.push(counted(figure)),
            Err(problem) => wrong.extend(problem.errors),
        }
    }
    if wrong.is_empty() { Ok(figures) } else { Err(Problem::fields(wrong)) }
}
