//! `/holds`: which orders and users hold stock, for staff, who may free it.

use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::Principal;
use chassis::extract::{Json, Path, Query};
use chassis::page::{self, Page};
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::store::reservations::{self as store, Held, Place};
use crate::{App, reservations};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(release))
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct HoldsQuery {
    /// Only holds with units of this SKU.
    #[garde(length(chars, max = 255))]
    #[param(max_length = 255)]
    sku: Option<String>,
    /// The number of items per page, 1 to 100.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 2_000))]
    cursor: Option<String>,
}

/// Stock that is held for an order or a user.
#[derive(Serialize, ToSchema)]
struct StockHold {
    id: Uuid,
    /// Null if a user holds it without an order.
    order_id: Option<Uuid>,
    /// The user who holds it without an order.
    user_id: Option<Uuid>,
    state: HoldState,
    /// The total number of units.
    units: i64,
    lines: Vec<HeldLine>,
    /// Null for holds made before this was recorded.
    since: Option<DateTime<Utc>>,
    /// When the hold expires.
    until: DateTime<Utc>,
}

/// What a hold is waiting for.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HoldState {
    /// The payment of the order, or its completion.
    Paying,
    /// An action of the customer, such as 3-D Secure.
    AwaitingAction,
    /// Nothing: a hold of a user.
    Own,
}

/// Units of a SKU that are held.
#[derive(Serialize, ToSchema)]
#[schema(as = StockHoldLine)]
struct HeldLine {
    sku: String,
    quantity: i64,
}

/// List holds, soonest to expire first.
#[utoipa::path(
    get, path = "/holds", operation_id = "holds.list", tag = "catalog",
    params(HoldsQuery),
    responses(
        (status = 200, description = "A page of holds.", body = Page<StockHold>),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn list(
    State(app): State<App>,
    Query(query): Query<HoldsQuery>,
) -> Result<Json<Page<StockHold>>> {
    let limit = page::limit(query.limit)?;
    let first = (DateTime::UNIX_EPOCH, Uuid::nil());
    let after = page::decode::<Place>(query.cursor.as_deref())?.unwrap_or(first);
    let sku = query.sku.as_deref().map(str::trim).filter(|it| !it.is_empty());
    let lines = store::held(&app.db, sku, after, limit + 1).await?;
    let holds = lines.chunk_by(|a, b| a.order_id == b.order_id).filter_map(StockHold::of).collect();
    Ok(Json(Page::cut(holds, limit, |it| (it.until, it.id))))
}

/// Release a hold.
///
/// Its units can be bought again at once. An order continues without the hold and takes the units
/// when its payment is authorized, if they are still available; otherwise it is cancelled and nothing
/// is charged. Succeeds as well if the hold has ended.
#[utoipa::path(
    delete, path = "/holds/{id}", operation_id = "holds.release", tag = "catalog",
    params(("id" = Uuid, Path, description = "The id of the hold.")),
    responses(
        (status = 204, description = "The hold is released."),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn release(
    State(app): State<App>,
    user: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    reservations::end_hold(&mut books, id, &format!("user:{}", user.id())).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    tracing::info!(hold = %id, by = %user.id(), "a hold was freed");
    Ok(StatusCode::NO_CONTENT)
}

impl StockHold {
    fn of(lines: &[Held]) -> Option<Self> {
        let first = lines.first()?;
        let state = match (first.held_by, first.unpaid) {
            (Some(_), _) => HoldState::Own,
            (None, true) => HoldState::AwaitingAction,
            (None, false) => HoldState::Paying,
        };
        let line = |it: &Held| HeldLine { sku: it.sku.clone(), quantity: it.quantity };
        Some(Self {
            id: first.order_id,
            order_id: first.held_by.is_none().then_some(first.order_id),
            user_id: first.held_by,
            state,
            units: lines.iter().map(|it| it.quantity).sum(),
            lines: lines.iter().map(line).collect(),
            since: first.held_at,
            until: first.expires_at,
        })
    }
}
