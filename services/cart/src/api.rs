//! `/cart`: what users and guests do with their carts.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chassis::auth::Principal;
use chassis::db::Tx;
use chassis::extract::{Json, Path};
use chassis::id;
use chassis::problem::{Problem, Result};
use chrono::{DateTime, Utc};
use contracts::cart::MAX_LINES;
use contracts::catalog::{self, MAX_QUANTITY, Offer, Quoted, StockLine, Wanted};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::buyer::{Buyer, TOKEN_HEADER, Token};
use crate::model::{Cart, add_up, cap};
use crate::offers::{self, Offers};
use crate::view::{Shown, View};
use crate::{App, problems, store};

mod reports;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get, clear))
        .routes(routes!(create))
        .routes(routes!(update, delete))
        .routes(routes!(merge))
        .merge(reports::router())
}

/// An item to add to the cart: a SKU, or a product with a single variant.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCartItem {
    #[garde(custom(either(self.product_id.is_some())), length(chars, min = 1, max = 255))]
    sku: Option<String>,
    #[garde(custom(either(self.sku.is_some())))]
    product_id: Option<Uuid>,
    /// Added to the quantity already in the cart.
    #[garde(range(min = 1, max = MAX_QUANTITY))]
    #[schema(minimum = 1, maximum = 999)]
    quantity: i64,
}

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct CartQuantity {
    /// The new quantity. 0 removes the item.
    #[garde(range(min = 0, max = MAX_QUANTITY))]
    #[schema(minimum = 0, maximum = 999)]
    quantity: i64,
}

fn either<T>(other: bool) -> impl FnOnce(&Option<T>, &()) -> garde::Result {
    move |this, ()| {
        if this.is_some() == other {
            Err(garde::Error::new("send either `sku` or `product_id`"))
        } else {
            Ok(())
        }
    }
}

/// Get the cart.
#[utoipa::path(
    get, path = "/cart", operation_id = "cart.get", tag = "cart",
    params(("X-Cart-Token" = Option<String>, Header, description = "The token of a guest's cart.")),
    responses(
        (status = 200, description = "The cart, empty if there is none yet.", body = View),
    ),
    security((), ("bearer" = [])),
)]
async fn get(State(app): State<App>, buyer: Buyer) -> Result<Shown> {
    let Some(cart) = current(&app, &buyer).await? else {
        return Ok(Shown { view: View::empty(&app.currency), token: None });
    };
    let holder = holder(&app, &buyer, Some(cart.id)).await?;
    let offers = offers::of(&app.catalog, holder, &cart.lines).await?;
    answer(&app, &cart, offers, buyer.token().cloned()).await
}

/// Add an item to the cart.
///
/// A guest without a cart gets one. Its token is returned in the header `X-Cart-Token`.
#[utoipa::path(
    post, path = "/cart/items", operation_id = "cart_items.create", tag = "cart",
    params(("X-Cart-Token" = Option<String>, Header, description = "The token of a guest's cart.")),
    request_body = NewCartItem,
    responses(
        (status = 200, description = "The cart.", body = View,
         headers(("X-Cart-Token" = Option<String>, description = "The token of a guest's cart."))),
        problems::sku_not_found,
        problems::product_not_found,
        problems::insufficient_stock,
        problems::variant_required,
        problems::quantity_too_large,
        problems::cart_full,
    ),
    security((), ("bearer" = [])),
)]
async fn create(
    State(app): State<App>,
    buyer: Buyer,
    Json(request): Json<NewCartItem>,
) -> Result<Shown> {
    let before = current(&app, &buyer).await?;
    let holder = holder(&app, &buyer, before.as_ref().map(|it| it.id)).await?;
    let before = before.map(|it| it.lines).unwrap_or_default();
    let (sku, product_id) = (request.sku.clone(), request.product_id);
    let wanted = Wanted { sku, product_id, variant_id: None };
    let (quoted, offers) = offers::with(&app.catalog, holder, wanted, &before).await?;
    let offer = chosen(quoted, &request)?;
    let variant_id = offer.variant_id;
    let line = StockLine { variant_id, ..StockLine::new(&offer.sku, request.quantity) };

    let mut tx = app.db.begin().await?;
    let (id, token) = enter(&app, &mut tx, &buyer).await?;
    let added = store::add(&mut tx, id, &line, cap(&offer)).await?;
    let cart = reload(&mut tx, id).await?;
    if !added {
        return Err(too_many(&offer, &cart));
    }
    if cart.lines.len() > MAX_LINES {
        return Err(problems::cart_full());
    }
    store::days::filled(&mut tx, id, app.clock.now()).await?;
    tx.commit().await?;

    answer(&app, &cart, offers, token).await
}

/// Change the quantity of an item.
#[utoipa::path(
    patch, path = "/cart/items/{sku}", operation_id = "cart_items.update", tag = "cart",
    params(
        ("sku" = String, Path, description = "The SKU of the item."),
        ("X-Cart-Token" = Option<String>, Header, description = "The token of a guest's cart."),
    ),
    request_body = CartQuantity,
    responses(
        (status = 200, description = "The cart.", body = View),
        problems::item_not_found,
        problems::insufficient_stock,
        problems::item_not_for_sale,
    ),
    security((), ("bearer" = [])),
)]
async fn update(
    State(app): State<App>,
    buyer: Buyer,
    Path(sku): Path<String>,
    Json(CartQuantity { quantity }): Json<CartQuantity>,
) -> Result<Shown> {
    set_quantity(&app, &buyer, StockLine::new(sku, quantity)).await
}

/// Remove an item from the cart.
#[utoipa::path(
    delete, path = "/cart/items/{sku}", operation_id = "cart_items.delete", tag = "cart",
    params(
        ("sku" = String, Path, description = "The SKU of the item."),
        ("X-Cart-Token" = Option<String>, Header, description = "The token of a guest's cart."),
    ),
    responses(
        (status = 200, description = "The cart.", body = View),
        problems::item_not_found,
    ),
    security((), ("bearer" = [])),
)]
async fn delete(State(app): State<App>, buyer: Buyer, Path(sku): Path<String>) -> Result<Shown> {
    set_quantity(&app, &buyer, StockLine::new(sku, 0)).await
}

/// Empty the cart.
#[utoipa::path(
    delete, path = "/cart", operation_id = "cart.clear", tag = "cart",
    params(("X-Cart-Token" = Option<String>, Header, description = "The token of a guest's cart.")),
    responses((status = 204, description = "The cart is empty.")),
    security((), ("bearer" = [])),
)]
async fn clear(State(app): State<App>, buyer: Buyer) -> Result<StatusCode> {
    if let Some(owner) = buyer.owner() {
        let mut tx = app.db.begin().await?;
        let changed = match store::touch(&mut tx, &owner, app.clock.now()).await? {
            Some(id) => store::clear(&mut tx, id).await?,
            None => false,
        };
        if changed { tx.commit().await? } else { tx.rollback().await? }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Merge a guest's cart into the user's cart.
///
/// Needs both the Bearer token and `X-Cart-Token`. Quantities add up, and the guest's token becomes
/// invalid. Repeating the request changes nothing.
#[utoipa::path(
    post, path = "/cart/merge", operation_id = "cart.merge", tag = "cart",
    params(("X-Cart-Token" = String, Header, description = "The token of a guest's cart.")),
    responses(
        (status = 200, description = "The user's cart.", body = View),
        problems::cart_token_required,
        problems::cart_not_found,
    ),
    security(("bearer" = [])),
)]
async fn merge(State(app): State<App>, principal: Principal, headers: HeaderMap) -> Result<Shown> {
    if !headers.contains_key(TOKEN_HEADER) {
        return Err(problems::cart_token_required());
    }
    let token = Token::of(&headers).ok_or_else(problems::cart_not_found)?;
    let mut offers = Offers::default();
    for buyer in [Buyer::User(principal.id()), Buyer::Guest(token.clone())] {
        let Some(cart) = current(&app, &buyer).await? else { continue };
        let holder = holder(&app, &buyer, Some(cart.id)).await?;
        offers.complete(&app.catalog, holder, &cart.lines).await?;
    }

    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let found = store::lock_guest(&mut tx, token.hash(), now).await?;
    let (guest, into) = found.ok_or_else(problems::cart_not_found)?;
    let id = store::lock_user(&mut tx, id::new(), principal.id(), now).await?;
    let left_out = match into {
        None => pour(&mut tx, guest, id, now).await?,
        Some(into) if into == id => Vec::new(),
        Some(_) => return Err(problems::cart_not_found()),
    };
    let cart = reload(&mut tx, id).await?;
    tx.commit().await?;

    let mut shown = answer(&app, &cart, offers, None).await?;
    shown.view.left_out(left_out);
    Ok(shown)
}

/// Moves the lines of a guest's cart into a user's; returns the SKUs that found no room.
async fn pour(tx: &mut Tx, guest: Uuid, user: Uuid, now: DateTime<Utc>) -> Result<Vec<String>> {
    let (to, from) = (reload(tx, user).await?, reload(tx, guest).await?);
    let merged = add_up(&to.lines, &from.lines);
    if !merged.changed.is_empty() {
        store::raise(tx, user, now).await?;
    }
    for line in &merged.changed {
        store::put(&mut *tx, user, line).await?;
    }
    store::mark_merged(tx, guest, user).await?;
    store::days::merge(tx, guest, user).await?;
    Ok(merged.left_out)
}

/// Gives an item of the cart another quantity, or removes it where that is 0.
async fn set_quantity(app: &App, buyer: &Buyer, line: StockLine) -> Result<Shown> {
    let missing = || problems::item_not_found(&line.sku);
    let owner = buyer.owner().ok_or_else(missing)?;
    let before = store::find(&app.db, &owner).await?.ok_or_else(missing)?;
    let present = before.lines.iter().find(|it| it.sku == line.sku).ok_or_else(missing)?;
    let holder = holder(app, buyer, Some(before.id)).await?;
    let offers = offers::of(&app.catalog, holder, &before.lines).await?;
    if line.quantity > 0 {
        let offer = offers.get(present);
        let offer = offer.ok_or_else(|| problems::item_not_for_sale(&line.sku))?;
        let available = cap(offer);
        if line.quantity > available {
            let in_cart = present.quantity;
            return Err(problems::insufficient_stock(&line.sku, available, in_cart));
        }
    }

    let mut tx = app.db.begin().await?;
    let touched = store::touch(&mut tx, &owner, app.clock.now()).await?;
    let id = touched.ok_or_else(missing)?;
    let done = match line.quantity {
        0 => store::remove(&mut tx, id, &line.sku).await?,
        _ => store::change(&mut tx, id, &line).await?,
    };
    let cart = reload(&mut tx, id).await?;
    let cart = match done {
        true => {
            tx.commit().await?;
            cart
        }
        // It is as it was: the version is that of before.
        false if cart.lines.iter().any(|it| it.sku == line.sku && it.quantity == line.quantity) => {
            tx.rollback().await?;
            Cart { version: cart.version - 1, updated_at: before.updated_at, ..cart }
        }
        false => return Err(missing()),
    };

    answer(app, &cart, offers, buyer.token().cloned()).await
}

async fn current(app: &App, buyer: &Buyer) -> Result<Option<Cart>> {
    match buyer.owner() {
        None => Ok(None),
        Some(owner) => Ok(store::find(&app.db, &owner).await?),
    }
}

/// The buyer as the catalog knows them: what they hold for an order that is not decided yet, or
/// outside of any, is available to them.
async fn holder(app: &App, buyer: &Buyer, cart: Option<Uuid>) -> Result<catalog::Buyer> {
    let mut carts: Vec<Uuid> = cart.into_iter().collect();
    let user_id = match buyer {
        Buyer::User(id) => Some(*id),
        Buyer::Guest(_) | Buyer::Nobody => None,
    };
    if let (Some(_), Some(cart)) = (user_id, cart) {
        carts.extend(store::merged(&app.db, cart).await?);
    }
    Ok(catalog::Buyer { user_id, carts })
}

/// The buyer's cart, its version raised, made if need be; with the guest's token.
async fn enter(app: &App, tx: &mut Tx, buyer: &Buyer) -> Result<(Uuid, Option<Token>)> {
    let now = app.clock.now();
    if let Buyer::User(user) = buyer {
        return Ok((store::open(tx, id::new(), *user, now).await?, None));
    }
    if let (Some(owner), Some(token)) = (buyer.owner(), buyer.token())
        && let Some(id) = store::touch(&mut *tx, &owner, now).await?
    {
        return Ok((id, Some(token.clone())));
    }
    // Never the token the client made up: it could have been planted.
    let (id, token) = (id::new(), Token::new());
    store::create(tx, id, token.hash(), now).await?;
    Ok((id, Some(token)))
}

async fn reload(tx: &mut Tx, id: Uuid) -> Result<Cart> {
    store::load(tx, id).await?.ok_or_else(problems::cart_not_found)
}

/// Shows the cart with its offers.
async fn answer(app: &App, cart: &Cart, mut offers: Offers, token: Option<Token>) -> Result<Shown> {
    // Another request may have added a line since the catalog was asked.
    let holder = catalog::Buyer { user_id: None, carts: vec![cart.id] };
    offers.complete(&app.catalog, holder, &cart.lines).await?;
    Ok(Shown { view: View::of(cart, &offers, &app.currency), token })
}

fn chosen(quoted: Quoted, request: &NewCartItem) -> Result<Offer> {
    match (quoted, &request.sku, request.product_id) {
        (Quoted::Offer(offer), ..) => Ok(offer),
        (Quoted::Ambiguous(skus), ..) => Err(problems::variant_required(skus)),
        (Quoted::Unknown, None, Some(id)) => Err(problems::product_not_found(id)),
        (Quoted::Unknown, sku, _) => {
            Err(problems::sku_not_found(sku.as_deref().unwrap_or_default()))
        }
    }
}

fn too_many(offer: &Offer, cart: &Cart) -> Problem {
    let in_cart = cart.lines.iter().find(|it| it.sku == offer.sku).map_or(0, |it| it.quantity);
    match offer.available {
        Some(available) if available < MAX_QUANTITY => {
            problems::insufficient_stock(&offer.sku, available.max(0), in_cart)
        }
        _ => problems::quantity_too_large(&offer.sku, in_cart),
    }
}
