//! `/inventory`: what there is of each SKU, for staff.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use chassis::auth::Principal;
use chassis::cards::no_card_number;
use chassis::extract::{Json, Path, Query};
use chassis::if_match::{IfMatch, etag};
use chassis::page::{self, Page};
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::figures::{Said, counted};
use crate::model::{MAX_ON_HAND, Policy, Stock, StockChange};
use crate::store::stock::{self, Filter};
use crate::view::{Inventory, InventoryItem};
use crate::{App, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, update))
        .routes(routes!(list_ledger))
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct InventoryQuery {
    /// Only SKUs whose sales are limited by stock and that have at most this many units available.
    #[garde(range(min = 0, max = MAX_ON_HAND))]
    low: Option<i64>,
    /// Only SKUs of this product.
    #[garde(skip)]
    product_id: Option<Uuid>,
    /// A part of the SKU or of the title of the product.
    #[garde(length(chars, max = 200))]
    #[param(max_length = 200)]
    search: Option<String>,
    /// Whether to count all matching items, as `total`.
    #[garde(skip)]
    count: bool,
    /// The number of items per page, 1 to 100.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 2_000))]
    cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct LedgerQuery {
    /// The number of items per page, 1 to 100.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 2_000))]
    cursor: Option<String>,
}

/// The new stock of a SKU: either `adjust` or `on_hand`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInventory {
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
    /// Unchanged if left out.
    #[garde(skip)]
    policy: Option<Policy>,
}

/// One change of a SKU's stock.
#[derive(Serialize, ToSchema)]
#[schema(as = StockLedgerEntry)]
struct LedgerEntry {
    /// Increases by one with every change.
    version: i64,
    /// `created`, `removed`, `set`, `adjust`, `reserve`, `commit`, `ship`, `release`, `expire`,
    /// `restock` or `migrated`.
    kind: String,
    delta_on_hand: i64,
    delta_allocated: i64,
    delta_reserved: i64,
    /// What caused the change: `order:`, `product:`, `user:` or `export:` (a file that was exported,
    /// edited and imported) and an id.
    reference: String,
    /// The reason given with the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    at: DateTime<Utc>,
}

/// List the stock of all SKUs.
#[utoipa::path(
    get, path = "/inventory", operation_id = "inventory.list", tag = "catalog",
    params(InventoryQuery),
    responses(
        (status = 200, description = "A page of stock, sorted by SKU.", body = Page<InventoryItem>),
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
    let total = if query.count { Some(stock::count(&app.db, &filter).await?) } else { None };
    let page = Page::cut(found, limit, |it| it.stock.sku.clone()).with_total(total);
    Ok(Json(page.map(InventoryItem::from)))
}

/// Get the stock of a SKU.
///
/// The `ETag` changes with every movement: holds, sales, shipments and updates.
#[utoipa::path(
    get, path = "/inventory/{sku}", operation_id = "inventory.get", tag = "catalog",
    params(("sku" = String, Path, description = "The SKU.")),
    responses(
        (status = 200, description = "The stock of the SKU.", body = Inventory,
         headers(("ETag" = String, description = "The current state."))),
        problems::sku_not_found,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn get(State(app): State<App>, Path(sku): Path<String>) -> Result<impl IntoResponse> {
    let stock = stock::find(&app.db, sku.trim()).await?.ok_or_else(problems::sku_not_found)?;
    Ok(tagged(stock))
}

/// A stock and the tag of the state it is in.
fn tagged(stock: Stock) -> impl IntoResponse {
    ([(header::ETAG, etag(stock.version))], Json(Inventory::from(stock)))
}

/// Update the stock of a SKU.
///
/// `adjust` adds or removes units, regardless of concurrent sales. `on_hand` sets the units counted
/// on the shelf. If you change a figure you have read, also send the figure you read as `expected`,
/// or movements in between are undone. Units that are sold and not shipped yet, or held by orders,
/// are part of the units on hand, so `on_hand` cannot be less than these.
///
/// With `If-Match`, the stock is only changed if nothing has moved since that `ETag`. This also makes
/// it safe to retry an `adjust`.
#[utoipa::path(
    put, path = "/inventory/{sku}", operation_id = "inventory.update", tag = "catalog",
    params(
        ("sku" = String, Path, description = "The SKU."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the state to change."),
    ),
    request_body = NewInventory,
    responses(
        (status = 200, description = "The stock of the SKU.", body = Inventory,
         headers(("ETag" = String, description = "The new state."))),
        problems::sku_not_found,
        problems::stock_changed,
        problems::stock_below_reserved,
        problems::stock_moved,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn update(
    State(app): State<App>,
    user: Principal,
    seen: Option<IfMatch>,
    Path(sku): Path<String>,
    Json(new): Json<NewInventory>,
) -> Result<impl IntoResponse> {
    let NewInventory { adjust, on_hand, expected, reason, policy } = new;
    let figure = Said { adjust, on_hand, expected, available: None }.needed("")?;
    let wish = StockChange { policy, figure: Some(counted(figure)) };
    Ok(tagged(put(&app, &user, &sku, wish, Why { reason, seen }).await?))
}

/// On what terms somebody writes a stock.
#[derive(Debug, Default)]
pub(super) struct Why {
    pub(super) reason: Option<String>,
    /// The states it is meant for.
    pub(super) seen: Option<IfMatch>,
}

/// Changes the stock of a SKU.
pub(super) async fn put(
    app: &App,
    user: &Principal,
    sku: &str,
    wish: StockChange,
    Why { reason, seen }: Why,
) -> Result<Stock> {
    let (sku, reference) = (sku.trim(), format!("user:{}", user.id()));
    let mut tx = app.db.begin().await?;
    if let Some(seen) = seen {
        // Locked from here on: what is compared is what is changed.
        let found = stock::find_locked(&mut tx, sku).await?;
        let now = found.ok_or_else(problems::sku_not_found)?;
        if !seen.allows(&etag(now.version)) {
            return Err(problems::stock_moved(&now));
        }
    }
    let mut books = app.books(&mut tx);
    books.reason = reason;
    let (stock, _) = books.set(sku, wish, &reference).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(stock)
}

/// List all changes of the stock of a SKU, newest first.
#[utoipa::path(
    get, path = "/inventory/{sku}/ledger", operation_id = "inventory_ledger.list", tag = "catalog",
    params(("sku" = String, Path, description = "The SKU. It may have been deleted."), LedgerQuery),
    responses(
        (status = 200, description = "A page of changes.", body = Page<LedgerEntry>),
        problems::sku_not_found,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn list_ledger(
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
            reason: entry.reason,
            at: entry.at,
        }
    }
}
