//! The stock of a product rather than of a SKU: `/products/{id}/stock`, and units held for
//! somebody, `/products/{id}/reservations`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chassis::auth::Principal;
use chassis::cards::no_card_number;
use chassis::extract::{Json, Path};
use chassis::id;
use chassis::idempotency::IdempotencyKey;
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use contracts::catalog::{Buyer, MAX_QUANTITY, Reserve, StockLine};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::edit;
use super::figures::Said;
use crate::model::{MAX_ON_HAND, Product, Status, StockChange};
use crate::store::products as store;
use crate::store::reservations;
use crate::{App, problems};

/// Units a customer may hold at once without buying. Staff may hold any number.
const CUSTOMER_UNITS: i64 = 20;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(update_stock))
        .routes(routes!(create_reservation))
        .routes(routes!(delete_reservation))
}

/// The new stock of a product with a single variant: one of `adjust`, `on_hand` and `available`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewStock {
    /// Units to add, or to remove if negative.
    #[garde(range(min = -MAX_ON_HAND, max = MAX_ON_HAND))]
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    adjust: Option<i64>,
    /// The units on hand, including those held by orders. Needs `expected` if it differs from the
    /// current figure.
    #[garde(range(min = 0, max = MAX_ON_HAND))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    on_hand: Option<i64>,
    /// With `on_hand`: the figure you have read. If it has changed since, nothing is written.
    #[garde(range(min = -MAX_ON_HAND, max = MAX_ON_HAND))]
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    expected: Option<i64>,
    /// The units that can be bought from now on, regardless of concurrent sales. For clients that
    /// only know a single figure.
    #[garde(range(min = 0, max = MAX_ON_HAND))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    available: Option<i64>,
    /// The reason, shown in the ledger.
    #[garde(length(chars, min = 1, max = 500), inner(custom(no_card_number)))]
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// A hold of units.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewHold {
    #[garde(range(min = 1, max = MAX_QUANTITY))]
    #[schema(minimum = 1, maximum = 999)]
    quantity: i64,
    /// Required if the product has several variants.
    #[garde(length(chars, min = 1, max = 255))]
    sku: Option<String>,
}

/// Units held for the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = StockReservation)]
struct Hold {
    id: Uuid,
    product_id: Uuid,
    sku: String,
    quantity: i64,
    /// When the hold ends and everybody can buy the units again.
    expires_at: DateTime<Utc>,
}

/// Update the stock of a product with a single variant.
///
/// `adjust` and `on_hand` work as with `PUT /inventory/{sku}`, but an `on_hand` that differs from the
/// current figure needs `expected`. `available` is the figure that the product itself has, for
/// clients that know no other. It is set unconditionally, so units sold between reading and writing
/// it are offered again.
#[utoipa::path(
    patch, path = "/products/{id}/stock", operation_id = "stock.update", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product.")),
    request_body = NewStock,
    responses(
        (status = 200, description = "The product.", body = crate::view::ProductView),
        problems::product_not_found,
        problems::stock_changed,
        problems::stock_below_reserved,
        problems::variant_required,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn update_stock(
    State(app): State<App>,
    user: Principal,
    Path(key): Path<String>,
    Json(new): Json<NewStock>,
) -> Result<Response> {
    let NewStock { adjust, on_hand, expected, available, reason } = new;
    let figure = Said { adjust, on_hand, expected, available }.needed("")?;
    let wish = StockChange { policy: None, figure: Some(figure) };
    let reference = format!("user:{}", user.id());

    let mut tx = app.db.begin().await?;
    let product = store::find_in(&mut tx, &key).await?.ok_or_else(problems::product_not_found)?;
    let sku = only_sku(&product, None)?;
    let mut books = app.books(&mut tx);
    books.reason = reason;
    books.set(&sku, wish, &reference).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;

    edit::show(&app, product.id).await
}

/// Hold units of a product for a limited time.
///
/// Nobody else can buy them until the hold is released or expires. Your next order of the SKU uses
/// them, and so does another hold if fewer units are left than it needs.
///
/// A customer can hold at most 20 units at once, and all customers together at most a share of the
/// stock of a SKU (the setting `catalog.unpaid_share`). Repeating the request with the same
/// Idempotency-Key returns the same hold.
#[utoipa::path(
    post, path = "/products/{id}/reservations", operation_id = "reservations.create", tag = "catalog",
    params(
        ("id" = String, Path, description = "The id or slug of the product."),
        ("Idempotency-Key" = Option<String>, Header, description = "A unique value for this hold."),
    ),
    request_body = NewHold,
    responses(
        (status = 201, description = "The hold.", body = Hold),
        problems::product_not_found,
        problems::sku_not_found,
        problems::out_of_stock,
        problems::hold_limit,
        problems::reservation_differs,
        problems::reservation_released,
        problems::variant_required,
    ),
    security(("bearer" = [])),
)]
async fn create_reservation(
    State(app): State<App>,
    user: Principal,
    key: Option<IdempotencyKey>,
    Path(product): Path<String>,
    Json(new): Json<NewHold>,
) -> Result<(StatusCode, Json<Hold>)> {
    let staff = user.may("catalog:write");
    let mut tx = app.db.begin().await?;
    let found = store::find_in(&mut tx, &product).await?;
    let product = found.filter(|it| it.status == Status::Active || staff);
    let product = product.ok_or_else(problems::product_not_found)?;
    let sku = only_sku(&product, new.sku.as_deref())?;
    let id = match key {
        Some(IdempotencyKey(key)) => id::derive(user.id(), format!("hold:{key}")),
        None => id::new(),
    };
    let variant = product.variants.iter().find(|it| it.sku == sku).map(|it| it.id);
    let line = StockLine { sku: sku.clone(), quantity: new.quantity, variant_id: variant };
    let buyer = Buyer { user_id: Some(user.id()), carts: vec![] };
    let request = Reserve { order_id: reference(&user, id), lines: vec![line], buyer };

    let mut books = app.books(&mut tx);
    let (holder, limits) = ((user.id(), staff), (app.hold, app.unpaid_share));
    let held = crate::reservations::hold_for(&mut books, &request, holder, limits).await?;
    let changed = books.close();
    // Several at the same moment may get a little further on PostgreSQL, which does no harm.
    if !staff && reservations::held_by(&mut tx, user.id()).await? > CUSTOMER_UNITS {
        return Err(problems::hold_limit(CUSTOMER_UNITS));
    }
    app.commit(tx, changed).await?;

    let (quantity, expires_at) = (new.quantity, held.expires_at);
    Ok((StatusCode::CREATED, Json(Hold { id, product_id: product.id, sku, quantity, expires_at })))
}

/// Release units you hold.
///
/// Succeeds as well if the hold has expired or never existed.
#[utoipa::path(
    delete, path = "/products/{id}/reservations/{reservation_id}", operation_id = "reservations.delete", tag = "catalog",
    params(
        ("id" = String, Path, description = "The id or slug of the product."),
        ("reservation_id" = Uuid, Path, description = "The id of the hold."),
    ),
    responses(
        (status = 204, description = "The hold is released."),
        problems::product_not_found,
    ),
    security(("bearer" = [])),
)]
async fn delete_reservation(
    State(app): State<App>,
    user: Principal,
    Path((product, id)): Path<(String, Uuid)>,
) -> Result<StatusCode> {
    let mut tx = app.db.begin().await?;
    let found = store::find_in(&mut tx, &product).await?;
    found.ok_or_else(problems::product_not_found)?;
    let mut books = app.books(&mut tx);
    crate::reservations::end_own_hold(&mut books, reference(&user, id)).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the books call a hold: nobody gets to that of another user by knowing its id.
fn reference(user: &Principal, id: Uuid) -> Uuid {
    id::derive(user.id(), format!("reservation:{id}"))
}

/// The SKU of a product's only variant, or the one that is asked for.
fn only_sku(product: &Product, asked: Option<&str>) -> Result<String> {
    let skus = || product.variants.iter().map(|it| it.sku.as_str());
    match (asked, product.variants.as_slice()) {
        (Some(asked), _) => skus()
            .find(|it| *it == asked.trim())
            .map(str::to_owned)
            .ok_or_else(problems::sku_not_found),
        (None, [only]) => Ok(only.sku.clone()),
        (None, _) => Err(problems::variant_required(&skus().collect::<Vec<_>>())),
    }
}
