//! `/inventory`: what there is of each SKU, for staff.

use axum::extract::State;
use chassis::auth::Principal;
use chassis::extract::{Json, Path, Query};
use chassis::page::{self, Page};
use chassis::problem::{Problem, Result};
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::model::{MAX_ON_HAND, Policy, Stock, Wish};
use crate::store::stock::{self, Filter};
use crate::view::{Inventory, InventoryItem};
use crate::{App, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, set)).routes(routes!(ledger))
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct InventoryQuery {
    /// Only SKUs that can be sold out and have at most so many units available.
    #[garde(range(min = 0, max = MAX_ON_HAND))]
    low: Option<i64>,
    /// Only SKUs of this product.
    #[garde(skip)]
    product_id: Option<Uuid>,
    /// Only SKUs that have this in them, or whose product has it in its title.
    #[garde(length(chars, max = 200))]
    #[param(max_length = 200)]
    search: Option<String>,
    /// Whether to count all pages into `total`.
    #[garde(skip)]
    count: bool,
    /// Items of a page, 1 to 100.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[garde(length(max = 2_000))]
    cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct LedgerQuery {
    /// Items of a page, 1 to 100.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[garde(length(max = 2_000))]
    cursor: Option<String>,
}

/// What there shall be of a SKU.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInventory {
    #[garde(range(min = 0, max = MAX_ON_HAND))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    on_hand: i64,
    /// Stays as it is where absent.
    #[garde(skip)]
    policy: Option<Policy>,
}

/// One change of a SKU's stock.
#[derive(Serialize, ToSchema)]
struct LedgerEntry {
    /// Rises by one with every change.
    version: i64,
    /// `created`, `removed`, `set`, `reserve`, `commit`, `ship`, `release`, `expire`, `restock` or
    /// `migrated`.
    kind: String,
    delta_on_hand: i64,
    delta_allocated: i64,
    delta_reserved: i64,
    /// What it was for: `order:`, `product:` or `user:` and an id.
    reference: String,
    at: DateTime<Utc>,
}

/// List the stock of all SKUs.
#[utoipa::path(
    get, path = "/inventory", tag = "catalog", operation_id = "inventory_list",
    params(InventoryQuery),
    responses(
        (status = 200, description = "A page of stock, by SKU.", body = Page<InventoryItem>),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`forbidden`", body = Problem),
        (status = 422, description = "`validation_failed`", body = Problem),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn list(
    State(app): State<App>,
    Query(query): Query<InventoryQuery>,
) -> Result<Json<Page<InventoryItem>>> {
    let limit = page::limit(query.limit)?;
    let after = page::decode::<String>(query.cursor.as_deref())?.unwrap_or_default();
    let text = query.search.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    let filter = Filter { low: query.low, product: query.product_id, text };
    let found = stock::list(&app.db, &filter, &after, limit + 1).await?;
    let total = match query.count {
        true => Some(stock::count(&app.db, &filter).await?),
        false => None,
    };
    let page = Page::cut(found, limit, |it| it.stock.sku.clone()).with_total(total);
    Ok(Json(page.map(InventoryItem::from)))
}

/// Show the stock of a SKU.
#[utoipa::path(
    get, path = "/inventory/{sku}", tag = "catalog", operation_id = "inventory_show",
    params(("sku" = String, Path, description = "The SKU.")),
    responses(
        (status = 200, description = "Its stock.", body = Inventory),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`forbidden`", body = Problem),
        (status = 404, description = "`sku_not_found`", body = Problem),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn show(State(app): State<App>, Path(sku): Path<String>) -> Result<Json<Inventory>> {
    let stock = stock::find(&app.db, sku.trim()).await?.ok_or_else(problems::sku_not_found)?;
    Ok(Json(stock.into()))
}

/// Set the stock of a SKU.
///
/// Sets what is on hand, which is what was counted on the shelf. Units that are sold and not
/// shipped yet, and those that orders hold, are part of it, so it cannot be below them.
#[utoipa::path(
    put, path = "/inventory/{sku}", tag = "catalog", operation_id = "inventory_set",
    params(("sku" = String, Path, description = "The SKU.")),
    request_body = NewInventory,
    responses(
        (status = 200, description = "Its stock.", body = Inventory),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`forbidden`", body = Problem),
        (status = 404, description = "`sku_not_found`", body = Problem),
        (status = 409, description = "`stock_below_reserved` with `allocated` and `reserved`", body = Problem),
        (status = 422, description = "`validation_failed`", body = Problem),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn set(
    State(app): State<App>,
    user: Principal,
    Path(sku): Path<String>,
    Json(new): Json<NewInventory>,
) -> Result<Json<Inventory>> {
    let wish = Wish { policy: new.policy, on_hand: Some(new.on_hand) };
    Ok(Json(put(&app, &user, &sku, wish).await?.into()))
}

/// Sets the stock of a SKU.
pub(super) async fn put(app: &App, user: &Principal, sku: &str, wish: Wish) -> Result<Stock> {
    let reference = format!("user:{}", user.id());
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    let (stock, _) = books.set(sku.trim(), wish, &reference).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(stock)
}

/// List every change of a SKU's stock, newest first.
#[utoipa::path(
    get, path = "/inventory/{sku}/ledger", tag = "catalog", operation_id = "inventory_ledger",
    params(("sku" = String, Path, description = "The SKU; it may be gone by now."), LedgerQuery),
    responses(
        (status = 200, description = "A page of changes.", body = Page<LedgerEntry>),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`forbidden`", body = Problem),
        (status = 404, description = "`sku_not_found`", body = Problem),
        (status = 422, description = "`validation_failed`", body = Problem),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn ledger(
    State(app): State<App>,
    Path(sku): Path<String>,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<Page<LedgerEntry>>> {
    let limit = page::limit(query.limit)?;
    let before = page::decode::<i64>(query.cursor.as_deref())?;
    let found = stock::ledger(&app.db, sku.trim(), before.unwrap_or(i64::MAX), limit + 1).await?;
    if found.is_empty() && before.is_none() {
        return Err(problems::sku_not_found());
    }
    Ok(Json(Page::cut(found, limit, |it| it.version).map(LedgerEntry::from)))
}

impl From<stock::Entry> for LedgerEntry {
    fn from(entry: stock::Entry) -> Self {
        Self {
            version: entry.version,
            kind: entry.kind,
            delta_on_hand: entry.delta_on_hand,
            delta_allocated: entry.delta_allocated,
            delta_reserved: entry.delta_reserved,
            reference: entry.reference,
            at: entry.at,
        }
    }
}
