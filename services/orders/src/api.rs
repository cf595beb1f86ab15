//! `/orders`

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::address_rules::AddressRules;
use chassis::auth::Principal;
use chassis::cards::no_card_number;
use chassis::extract::{Json, Path, Query};
use chassis::idempotency::{self, IdempotencyKey};
use chassis::page::{self, Page};
use chassis::problem::{Problem, Result};
use chrono::{DateTime, Utc};
use contracts::cart::Owner;
use contracts::email;
use contracts::orders::Reason;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

mod countries;
mod reports;
mod view;

use view::{Details, OrderView};

use crate::cancel::Why;
use crate::carts::Purpose;
use crate::checkout::{self, Buyer, Checkout, Payment};
use crate::model::{Actor, Order, PaymentStatus, Saga, Status, Step, Told};
use crate::pay::{self, Paying};
use crate::quote::{self, QuoteRequest, QuoteView};
use crate::{App, cancel, problems, store, token};

/// The secret of a guest: of their cart, or made by or for them.
const CART_TOKEN: &str = "x-cart-token";

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(place, list))
        .routes(routes!(check_out))
        .routes(routes!(tell_price))
        .routes(routes!(show))
        .routes(routes!(pay_again))
        .routes(routes!(cancel_order))
        .routes(routes!(set_status))
        .routes(routes!(events))
        .merge(countries::router())
        .merge(reports::router())
}

/// Buy the cart, or the given items.
///
/// The same as `POST /orders`. Send a value of your own as `Idempotency-Key`; repeating the
/// request with the same key repeats the answer, never the order. 202 means that the outcome is
/// not known yet, or that the customer has to confirm the payment: look at `Location` again.
///
/// A cart has one undecided order at a time, whatever is done to the cart meanwhile. One whose
/// payment was declined is cancelled by the next checkout; another where that says `supersede`.
///
/// A guest's key belongs to their `X-Cart-Token`. One who sends none is given one, in that header of
/// the answer. The first answer carries the order's `access_token`; a repetition carries it only
/// for who shows that cart token, since anybody might have repeated the request.
#[utoipa::path(post, path = "/orders/checkout", tag = "orders", request_body = Checkout,
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters"),
           ("X-Cart-Token" = Option<String>, Header, description = "the token of a guest's cart, or \
               a secret of the same form: 32 random bytes, base64url without padding")),
    responses((status = 201, description = "bought", body = OrderView),
              (status = 202, description = "not decided yet", body = OrderView),
              (status = 400, description = "no Idempotency-Key", body = Problem),
              (status = 402, description = "the payment was declined", body = Problem),
              (status = 409, description = "`out_of_stock`, `total_changed`; `cart_already_ordered`: \
                  an order of this cart is undecided, finish it or send `supersede`; \
                  `order_undecided`: its payment's outcome is not known yet, send the same again \
                  after `Retry-After`; `cart_already_paid`: all of it is bought", body = Problem),
              (status = 422, description = "wrong fields, or the key was used otherwise", body = Problem)),
    security((), ("bearer" = [])))]
async fn check_out(
    State(app): State<App>,
    principal: Option<Principal>,
    key: IdempotencyKey,
    address_rules: AddressRules,
    headers: HeaderMap,
    Json(request): Json<Checkout>,
) -> Result<Response> {
    let (buyer, issued) = buyer(&app, principal, &headers, &key, address_rules, &request)?;
    let guest = buyer.user_id.is_none();
    let (id, replayed) = checkout::place(&app, buyer, &key.0, request).await?;
    // Who repeats a request without a secret could be anybody.
    let issued = issued.filter(|_| !replayed);
    let proven = issued.is_some() || guest_cart(&headers).is_some();
    let token = (guest && proven).then(|| app.tokens.of(id));
    let mut response = answer(&app, id, StatusCode::CREATED, token, replayed).await?;
    if let Some(issued) = issued {
        let value = HeaderValue::from_str(&issued).map_err(Problem::internal)?;
        response.headers_mut().insert(CART_TOKEN, value);
    }
    Ok(response)
}

/// Buy the cart, or the given items.
///
/// The same as `POST /orders/checkout`.
#[utoipa::path(post, path = "/orders", tag = "orders", request_body = Checkout,
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters"),
           ("X-Cart-Token" = Option<String>, Header, description = "the token of a guest's cart, or \
               a secret of the same form: 32 random bytes, base64url without padding")),
    responses((status = 201, description = "bought", body = OrderView),
              (status = 202, description = "not decided yet", body = OrderView),
              (status = 400, description = "no Idempotency-Key", body = Problem),
              (status = 402, description = "the payment was declined", body = Problem),
              (status = 409, description = "`out_of_stock`, `total_changed`; `cart_already_ordered`: \
                  an order of this cart is undecided, finish it or send `supersede`; \
                  `order_undecided`: its payment's outcome is not known yet, send the same again \
                  after `Retry-After`; `cart_already_paid`: all of it is bought", body = Problem),
              (status = 422, description = "wrong fields, or the key was used otherwise", body = Problem)),
    security((), ("bearer" = [])))]
async fn place(
    app: State<App>,
    principal: Option<Principal>,
    key: IdempotencyKey,
    address_rules: AddressRules,
    headers: HeaderMap,
    request: Json<Checkout>,
) -> Result<Response> {
    check_out(app, principal, key, address_rules, headers, request).await
}

/// Tell what the cart, or the given items, would cost now, and how they can be sent.
#[utoipa::path(post, path = "/orders/quote", tag = "orders", operation_id = "quote_order",
    request_body(content = Option<QuoteRequest>),
    params(("X-Cart-Token" = Option<String>, Header, description = "the cart of a guest")),
    responses((status = 200, description = "what a checkout would cost", body = QuoteView),
              (status = 422, description = "`cart_empty`, `item_unknown`, `variant_required` or \
                                            wrong fields, as at checkout", body = Problem)),
    security((), ("bearer" = [])))]
async fn tell_price(
    State(app): State<App>,
    principal: Option<Principal>,
    headers: HeaderMap,
    request: Option<Json<QuoteRequest>>,
) -> Result<Json<QuoteView>> {
    let request = request.map(|Json(it)| it).unwrap_or_default();
    let cart = match principal {
        Some(principal) => Some(Owner::User(principal.id())),
        None => guest_cart(&headers).map(Owner::Guest),
    };
    let items = request.items.as_deref();
    let method = request.shipping_method;
    let priced = quote::price(&app, cart, items, method, Purpose::Quote).await?;
    QuoteView::new(&app, priced).map(Json)
}

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    #[garde(skip)]
    status: Option<Status>,
    #[garde(skip)]
    payment_status: Option<PaymentStatus>,
    /// Only orders placed then or later.
    #[garde(skip)]
    from: Option<DateTime<Utc>>,
    /// Only orders placed earlier.
    #[garde(skip)]
    to: Option<DateTime<Utc>>,
    /// Staff only: orders of this e-mail address.
    #[garde(length(max = 254))]
    email: Option<String>,
    /// Part of the number, the e-mail address or the name of the buyer.
    #[garde(length(max = 254))]
    search: Option<String>,
    /// Staff only: orders of this user.
    #[garde(skip)]
    user_id: Option<Uuid>,
    /// Staff only: everybody's orders.
    #[serde(default)]
    #[garde(skip)]
    all: bool,
    #[garde(skip)]
    limit: Option<i64>,
    #[garde(length(max = 500))]
    cursor: Option<String>,
    /// Items to skip instead of a cursor, 0 to 10,000.
    #[garde(skip)]
    offset: Option<i64>,
    /// The number of the page instead of a cursor, from 1.
    #[garde(skip)]
    page: Option<i64>,
    #[serde(default)]
    #[garde(skip)]
    count: bool,
}

/// List the user's orders, newest first.
#[utoipa::path(get, path = "/orders", tag = "orders", params(ListQuery),
    responses((status = 200, body = Page<OrderView>), (status = 401, body = Problem)),
    security(("bearer" = [])))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<OrderView>>> {
    let limit = page::limit(query.limit)?;
    let others = query.all || query.email.is_some() || query.user_id.is_some();
    if others && !principal.may("orders:read") {
        return Err(Problem::forbidden("forbidden", "this needs the permission orders:read"));
    }
    let filter = store::Filter {
        user_id: if others { query.user_id } else { Some(principal.id()) },
        status: query.status,
        payment: query.payment_status,
        from: query.from,
        to: query.to,
        email: query.email.as_deref().map(email::normal),
        search: query.search.as_deref().map(email::sought).filter(|it| !it.is_empty()),
        before: page::decode(query.cursor.as_deref())?,
        skip: page::skip(query.offset, query.page, query.cursor.as_deref(), limit)?,
    };
    let orders = store::list(&app.db, &filter, limit + 1).await?;
    let total = match query.count {
        true => Some(store::count(&app.db, &filter).await?),
        false => None,
    };
    let page = Page::cut(orders, limit, |it| it.id).with_total(total);
    let mut views = Vec::with_capacity(page.items.len());
    for order in page.items {
        let lines = store::lines(&app.db, order.id).await?;
        views.push(OrderView::new(order, lines, None));
    }
    Ok(Json(Page { items: views, next_cursor: page.next_cursor, total: page.total }))
}

/// Show an order with its history.
#[utoipa::path(get, path = "/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "its id or its number"),
           ("X-Order-Token" = Option<String>, Header, description = "a guest's access_token")),
    responses((status = 200, body = OrderView), (status = 404, body = Problem)),
    security((), ("bearer" = [])))]
async fn show(
    State(app): State<App>,
    principal: Option<Principal>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<OrderView>> {
    let order = visible(&app, &id, principal.as_ref(), &headers, "orders:read").await?;
    view(&app, order, reads_all(principal.as_ref())).await.map(Json)
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct PayAgain {
    #[garde(dive)]
    payment: Payment,
}

/// Try to pay again after a payment was declined.
///
/// Repeated with the same `Idempotency-Key`, it answers what came of that attempt, also where there
/// are later ones.
///
/// A declined order holds nothing: its stock is held anew first. Where it is gone, nothing is asked
/// of the provider and the try does not count.
#[utoipa::path(post, path = "/orders/{id}/payments", tag = "orders", request_body = PayAgain,
    params(("id" = String, Path, description = "its id or its number"),
           ("Idempotency-Key" = Option<String>, Header, description = "to repeat it safely"),
           ("X-Order-Token" = Option<String>, Header, description = "a guest's access_token")),
    responses((status = 200, description = "paid", body = OrderView),
              (status = 202, description = "not decided yet", body = OrderView),
              (status = 402, description = "declined again", body = Problem),
              (status = 404, body = Problem),
              (status = 409, description = "`out_of_stock` with `skus` and `attempts_left`: what it \
                  needs is gone for now, and the order waits on; or it does not wait for a payment",
                  body = Problem),
              (status = 422, description = "wrong fields, or the key was used otherwise", body = Problem)),
    security((), ("bearer" = [])))]
async fn pay_again(
    State(app): State<App>,
    principal: Option<Principal>,
    key: Option<IdempotencyKey>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(request): Json<PayAgain>,
) -> Result<Response> {
    let order = visible(&app, &id, principal.as_ref(), &headers, "orders:write").await?;
    let id = order.id;
    let saga = store::saga(&app.db, id).await?.ok_or_else(problems::order_not_found)?;
    match pay::again(&app, order, saga, request.payment, key.map(|it| it.0)).await? {
        Paying::Begun => answer(&app, id, StatusCode::OK, None, false).await,
        Paying::Replayed => answer(&app, id, StatusCode::OK, None, true).await,
        Paying::Earlier(refusal) => Ok(mark_replayed(refusal.into_response())),
    }
}

#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct Cancel {
    /// `customer_request`, `changed_mind`, `ordered_by_mistake`, `found_cheaper`, `takes_too_long` or
    /// `other`; staff may also give `cancelled_by_shop`, `out_of_stock`, `fraudulent` or
    /// `address_undeliverable`.
    #[garde(skip)]
    reason: Option<Reason>,
    /// More about it in one's own words. Only staff see it.
    #[garde(length(chars, max = 500), inner(custom(no_card_number)))]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// Cancel an order that has not been shipped; what was paid is refunded.
#[utoipa::path(post, path = "/orders/{id}/cancel", tag = "orders",
    request_body(content = Option<Cancel>),
    params(("id" = String, Path, description = "its id or its number"),
           ("X-Order-Token" = Option<String>, Header, description = "a guest's access_token")),
    responses((status = 200, description = "cancelled", body = OrderView),
              (status = 202, description = "being cancelled", body = OrderView),
              (status = 404, body = Problem),
              (status = 409, description = "`order_shipped`; `refund_refused`: the provider gives no \
                  money back", body = Problem),
              (status = 422, description = "`reason` is none of those the caller may give", body = Problem)),
    security((), ("bearer" = [])))]
async fn cancel_order(
    State(app): State<App>,
    principal: Option<Principal>,
    headers: HeaderMap,
    Path(id): Path<String>,
    request: Option<Json<Cancel>>,
) -> Result<Response> {
    let order = visible(&app, &id, principal.as_ref(), &headers, "orders:write").await?;
    let request = request.map(|Json(it)| it).unwrap_or_default();
    let by = actor(&app, &order, principal.as_ref(), &headers);
    let why = match by {
        Actor::Staff(_) => {
            why(request.reason, request.note, Reason::CancelledByShop, Reason::is_staffs)?
        }
        _ => why(request.reason, request.note, Reason::CustomerRequest, Reason::is_customers)?,
    };
    let order = cancel::cancel(&app, order.id, &why, by).await?;
    cancelled(&app, order, principal.as_ref()).await
}

/// The reason that was given, where `may_be` allows it; else the usual one.
fn why(
    reason: Option<Reason>,
    note: Option<String>,
    usual: Reason,
    may_be: fn(Reason) -> bool,
) -> Result<Why> {
    let reason = reason.unwrap_or(usual);
    let note = note.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    match may_be(reason) {
        true => Ok(Why { reason, note }),
        false => Err(problems::reason_not_yours(may_be)),
    }
}

/// The answer to a cancel: 202 while it is on its way.
async fn cancelled(app: &App, order: Order, principal: Option<&Principal>) -> Result<Response> {
    let status = match order.status {
        Status::Cancelled => StatusCode::OK,
        _ => StatusCode::ACCEPTED,
    };
    Ok((status, Json(view(app, order, reads_all(principal)).await?)).into_response())
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetStatus {
    /// `shipped`, `delivered` or `cancelled`; what it is already changes nothing. That the money was
    /// given back is no hindrance.
    #[garde(skip)]
    status: Status,
    #[garde(length(chars, min = 1, max = 100))]
    tracking_number: Option<String>,
    /// Of a cancel: `cancelled_by_shop`, `out_of_stock`, `fraudulent`, `address_undeliverable`, or one
    /// of those a customer may give.
    #[garde(skip)]
    reason: Option<Reason>,
    /// More about a cancel in one's own words. Only staff see it.
    #[garde(length(chars, max = 500), inner(custom(no_card_number)))]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// Ship, deliver or cancel an order.
#[utoipa::path(patch, path = "/orders/{id}/status", tag = "orders", request_body = SetStatus,
    params(("id" = String, Path, description = "its id or its number")),
    responses((status = 200, body = OrderView),
              (status = 202, description = "being cancelled", body = OrderView),
              (status = 404, body = Problem),
              (status = 409, description = "not possible from where it stands: \
                  `status_not_allowed`, `order_shipped`; `nothing_to_ship`: all of it was put back \
                  into stock; `refund_refused`: the provider gives no money back", body = Problem)),
    security(("bearer" = ["orders:write"])))]
async fn set_status(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<String>,
    Json(request): Json<SetStatus>,
) -> Result<Response> {
    let order = find(&app, &id).await?.ok_or_else(problems::order_not_found)?;
    let by = Actor::Staff(principal.id());
    if request.status == Status::Cancelled {
        let usual = Reason::CancelledByShop;
        let why = why(request.reason, request.note, usual, Reason::is_staffs)?;
        let order = cancel::cancel(&app, order.id, &why, by).await?;
        return cancelled(&app, order, Some(&principal)).await;
    }
    cancel::move_on(&app, order.id, request.status, request.tracking_number, by).await?;
    let order = store::find(&app.db, order.id).await?.ok_or_else(problems::order_not_found)?;
    Ok(Json(view(&app, order, reads_all(Some(&principal))).await?).into_response())
}

/// What was told about an order.
#[derive(Debug, Serialize, ToSchema)]
struct OrderEvents {
    items: Vec<Told>,
}

/// List what was told about an order, newest last. Events are known for a week after they were sent.
#[utoipa::path(get, path = "/orders/{id}/events", tag = "orders", operation_id = "order_events",
    params(("id" = String, Path, description = "its id or its number")),
    responses((status = 200, body = OrderEvents), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem)),
    security(("bearer" = ["orders:read"])))]
async fn events(State(app): State<App>, Path(id): Path<String>) -> Result<Json<OrderEvents>> {
    let order = find(&app, &id).await?.ok_or_else(problems::order_not_found)?;
    Ok(Json(OrderEvents { items: store::told(&app.db, &order).await? }))
}

/// Who buys, and whose idempotency keys these are; with the cart token that is made for a guest who
/// sends none.
fn buyer(
    app: &App,
    principal: Option<Principal>,
    headers: &HeaderMap,
    key: &IdempotencyKey,
    address_rules: AddressRules,
    request: &Checkout,
) -> Result<(Buyer, Option<String>)> {
    let email = request.email.as_deref().map(email::normal);
    if let Some(principal) = principal {
        let buyer = Buyer {
            user_id: Some(principal.id()),
            email: email.unwrap_or_else(|| principal.email().to_owned()),
            name: Some(principal.name().to_owned()),
            cart: Some(Owner::User(principal.id())),
            owner: format!("user:{}", principal.id()),
            address_rules,
        };
        return Ok((buyer, None));
    }
    let email = email.ok_or_else(problems::email_required)?;
    let cart = guest_cart(headers);
    let issued = match cart {
        Some(_) => None,
        None => Some(app.tokens.of_request(&key.0, &idempotency::fingerprint(request)?)),
    };
    let secret = cart.as_ref().or(issued.as_ref()).map(|it| token::hash(it));
    let buyer = Buyer {
        user_id: None,
        owner: format!("cart:{}", secret.unwrap_or_default()),
        email,
        name: None,
        cart: cart.map(Owner::Guest),
        address_rules,
    };
    Ok((buyer, issued))
}

/// The token of a guest's cart, or a secret of the same form that the client has made itself. What
/// has not the form of one could be guessed, and is nobody's.
fn guest_cart(headers: &HeaderMap) -> Option<String> {
    let token = headers.get(CART_TOKEN).and_then(|it| it.to_str().ok());
    token.filter(|it| token::is_secret(it)).map(str::to_owned)
}

async fn find(app: &App, id: &str) -> Result<Option<Order>> {
    let order = match id.parse::<Uuid>() {
        Ok(id) => store::find(&app.db, id).await?,
        // Numbers are read out and typed in any case.
        Err(_) => store::find_by_number(&app.db, &id.trim().to_ascii_uppercase()).await?,
    };
    Ok(order.filter(Order::is_placed))
}

/// The order, if it is the caller's or the caller may see everybody's. Else it does not exist.
async fn visible(
    app: &App,
    id: &str,
    principal: Option<&Principal>,
    headers: &HeaderMap,
    permission: &str,
) -> Result<Order> {
    let order = find(app, id).await?.ok_or_else(problems::order_not_found)?;
    let owner = order.user_id.is_some() && order.user_id == principal.map(Principal::id);
    let staff = principal.is_some_and(|it| it.may(permission));
    match owner || staff || has_token(app, &order, headers) {
        true => Ok(order),
        false => Err(problems::order_not_found()),
    }
}

/// Whether the caller has the token of a guest's order.
fn has_token(app: &App, order: &Order, headers: &HeaderMap) -> bool {
    let token = headers.get("x-order-token").and_then(|it| it.to_str().ok());
    token.is_some_and(|it| app.tokens.is_of(it, order.id)) && order.user_id.is_none()
}

/// Whether the caller sees everybody's orders, and who of the staff did what.
fn reads_all(principal: Option<&Principal>) -> bool {
    principal.is_some_and(|it| it.may("orders:read"))
}

/// Who acts on an order that is visible to them: its buyer, or staff.
fn actor(app: &App, order: &Order, principal: Option<&Principal>, headers: &HeaderMap) -> Actor {
    match principal {
        Some(it) if order.user_id != Some(it.id()) && !has_token(app, order, headers) => {
            Actor::Staff(it.id())
        }
        _ => Actor::Customer,
    }
}

async fn view(app: &App, order: Order, for_staff: bool) -> Result<OrderView> {
    let lines = store::lines(&app.db, order.id).await?;
    let history = store::history(&app.db, order.id).await?;
    let refunds = store::refunds(&app.db, order.id).await?;
    let saga = match order.payment_status {
        PaymentStatus::RequiresAction => store::saga(&app.db, order.id).await?,
        _ => None,
    };
    let note = order.cancel_note().map(str::to_owned);
    let details = Details { history, refunds, for_staff };
    let mut view = OrderView::new(order, lines, Some(details));
    view.cancel_note = note.filter(|_| for_staff);
    view.action_until(saga.and_then(|it| it.hold_until));
    Ok(view)
}

/// The answer to a checkout, from the order as it stands.
async fn answer(
    app: &App,
    id: Uuid,
    good: StatusCode,
    token: Option<String>,
    replayed: bool,
) -> Result<Response> {
    let order = store::find(&app.db, id).await?.ok_or_else(problems::order_not_found)?;
    let saga = store::saga(&app.db, id).await?.ok_or_else(problems::order_not_found)?;
    let response = match refusal(&order, &saga) {
        Some(mut refusal) => {
            if let Some(token) = token {
                refusal = refusal.with("access_token", token);
            }
            refusal.into_response()
        }
        None => {
            let decided = order.status != Status::Pending;
            let status = if decided { good } else { StatusCode::ACCEPTED };
            let mut view = view(app, order, false).await?;
            view.access_token = token;
            let location = format!("/api/v1/orders/{id}");
            (status, [(header::LOCATION, location)], Json(view)).into_response()
        }
    };
    Ok(if replayed { mark_replayed(response) } else { response })
}

/// Says that the answer was given before.
fn mark_replayed(mut response: Response) -> Response {
    response.headers_mut().insert(idempotency::REPLAYED, HeaderValue::from_static("true"));
    response
}

/// Why there is no such order to show for it: the stored refusal of one that waits for another
/// payment or was given up.
fn refusal(order: &Order, saga: &Saga) -> Option<Problem> {
    let stored = || saga.refusal.as_ref().map(|it| it.0.clone());
    match saga.step {
        Step::Release | Step::AwaitPayment => stored(),
        // The stock is known to be short; letting go of what was held takes a moment more.
        Step::Void | Step::Restock if order.status == Status::Pending => stored(),
        Step::Done if order.status == Status::Cancelled => {
            let reason = order.reason().map_or("cancelled", Reason::as_str);
            Some(stored().unwrap_or_else(|| problems::order_cancelled(order, reason)))
        }
        _ => None,
    }
}
