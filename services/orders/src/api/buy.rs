//! Buying: quotes, the checkout, and further payment attempts.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::address_rules::AddressRules;
use chassis::auth::Principal;
use chassis::extract::{Json, Path};
use chassis::idempotency::{self, IdempotencyKey};
use chassis::problem::{Problem, Result};
use contracts::cart::Owner;
use contracts::email;
use contracts::language::Language;
use contracts::orders::{OrderHeaders, Reason};
use garde::Validate;
use serde::Deserialize;
use utoipa::openapi::RefOr;
use utoipa::{IntoParams, IntoResponses, ToSchema};
use uuid::Uuid;

use super::access::{Opened, Viewer};
use super::view::OrderView;
use super::view_of;
use crate::carts::Purpose;
use crate::checkout::{self, Buyer, Checkout, Payment, Placed};
use crate::model::{Order, Saga, Status, Step};
use crate::pay::{self, Paying};
use crate::quote::{self, QuoteRequest, QuoteView};
use crate::saga::Work;
use crate::{App, problems, store, token};

/// The secret of a guest: of their cart, or made by or for them.
const CART_TOKEN: &str = "x-cart-token";

/// What a checkout is sent with.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what the handler takes out of the headers")]
struct BuyHeaders {
    /// A unique value of 1 to 255 visible ASCII characters.
    #[param(rename = "Idempotency-Key")]
    idempotency_key: String,
    /// The token of a guest's cart, or a secret of the same form: 32 random bytes, base64url
    /// without padding.
    #[param(rename = "X-Cart-Token")]
    cart_token: Option<String>,
    /// The languages e-mails about the order may be written in, if the body has no `language`.
    #[param(rename = "Accept-Language")]
    accept_language: Option<String>,
}

/// What a checkout is answered with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes what the handler answers")]
enum Bought {
    /// The order is placed.
    #[response(status = 201)]
    Decided(OrderView),
    /// The outcome is not known yet, or the customer has to confirm the payment.
    #[response(status = 202)]
    Undecided(OrderView),
}

/// What a checkout is refused with.
struct NotBought;

impl IntoResponses for NotBought {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let all = [
            problems::payment_declined::responses(),
            problems::out_of_stock::responses(),
            problems::total_changed::responses(),
            problems::cart_already_ordered::responses(),
            problems::cart_already_paid::responses(),
            problems::order_undecided::responses(),
            problems::order_cancelled::responses(),
            problems::order_changed::responses(),
            problems::cart_empty::responses(),
            problems::item_unknown::responses(),
            problems::variant_required::responses(),
            problems::order_too_large::responses(),
        ];
        all.into_iter().flatten().collect()
    }
}

/// Order the cart, or the given items.
///
/// The same as `POST /orders`. Send a unique value as `Idempotency-Key`: repeating the request with
/// the same key repeats the response and never the order. After a 202, poll the URL in `Location`:
/// the outcome is not known yet, or the customer has to confirm the payment.
///
/// A cart has at most one open order. If that order's payment was declined, the next checkout
/// cancels it; otherwise send `supersede` to cancel it.
///
/// A guest's idempotency keys are scoped to their `X-Cart-Token`. A guest without one receives it in
/// that response header. The first response contains the order's `access_token`; repeated requests
/// receive it only with the same cart token.
#[utoipa::path(post, path = "/orders/checkout", operation_id = "orders.checkout", tag = "orders", request_body = Checkout,
    params(BuyHeaders), responses(Bought, NotBought),
    security((), ("bearer" = [])))]
pub(super) async fn checkout(
    State(app): State<App>,
    principal: Option<Principal>,
    key: IdempotencyKey,
    address_rules: AddressRules,
    headers: HeaderMap,
    Json(request): Json<Checkout>,
) -> Result<Response> {
    let (buyer, issued) = buyer(&app, principal, &headers, &key, address_rules, &request)?;
    let guest = buyer.user_id.is_none();
    let Placed { id, replayed, work } = checkout::place(&app, buyer, &key.0, request).await?;
    // Who repeats a request without a secret could be anybody.
    let issued = issued.filter(|_| !replayed);
    let proven = issued.is_some() || guest_cart(&headers).is_some();
    let token = (guest && proven).then(|| app.tokens.of(id));
    let viewer = Viewer::buyer(guest);
    let mut response = answer(&app, id, work, StatusCode::CREATED, viewer, token).await?;
    if replayed {
        response = mark_replayed(response);
    }
    if let Some(issued) = issued {
        let value = HeaderValue::from_str(&issued).map_err(Problem::internal)?;
        response.headers_mut().insert(CART_TOKEN, value);
    }
    Ok(response)
}

/// Order the cart, or the given items.
///
/// The same as `POST /orders/checkout`.
#[utoipa::path(post, path = "/orders", operation_id = "orders.create", tag = "orders", request_body = Checkout,
    params(BuyHeaders), responses(Bought, NotBought),
    security((), ("bearer" = [])))]
pub(super) async fn create(
    app: State<App>,
    principal: Option<Principal>,
    key: IdempotencyKey,
    address_rules: AddressRules,
    headers: HeaderMap,
    request: Json<Checkout>,
) -> Result<Response> {
    checkout(app, principal, key, address_rules, headers, request).await
}

/// Quote what the cart, or the given items, would cost now, and the shipping methods.
#[utoipa::path(post, path = "/orders/quote", operation_id = "orders.quote", tag = "orders",
    request_body(content = Option<QuoteRequest>),
    params(("X-Cart-Token" = Option<String>, Header, description = "The token of a guest's cart.")),
    responses((status = 200, description = "What a checkout would cost.", body = QuoteView),
              problems::cart_empty, problems::item_unknown, problems::variant_required,
              problems::order_too_large),
    security((), ("bearer" = [])))]
pub(super) async fn quote(
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

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PayAgain {
    #[garde(dive)]
    payment: Payment,
}

/// Pay for an order again after a payment was declined.
///
/// Repeating the request with the same `Idempotency-Key` returns the outcome of that attempt, even
/// after later attempts.
///
/// A declined order reserves no stock, so its items are reserved again first. If they are out of
/// stock, the provider is not asked and the attempt does not count.
#[utoipa::path(post, path = "/orders/{id}/payments", operation_id = "orders.pay", tag = "orders", request_body = PayAgain,
    params(("id" = String, Path, description = "The id or the number of the order."),
           ("Idempotency-Key" = Option<String>, Header, description = "A unique value, to retry the request safely."),
           OrderHeaders),
    responses((status = 200, description = "The order is paid.", body = OrderView),
              (status = 202, description = "The outcome is not known yet, or the customer has to \
                                            confirm the payment.", body = OrderView),
              problems::order_not_found, problems::payment_declined, problems::out_of_stock,
              problems::payment_not_expected, problems::attempts_exhausted,
              problems::order_cancelled, problems::order_changed),
    security((), ("bearer" = [])))]
pub(super) async fn pay(
    State(app): State<App>,
    principal: Option<Principal>,
    key: Option<IdempotencyKey>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(request): Json<PayAgain>,
) -> Result<Response> {
    let opened = Opened::by(&app, &id, principal.as_ref(), &headers, "orders:write").await?;
    let viewer = Viewer { customer: true, staff: false, ..opened.viewer() };
    let (id, order) = (opened.order.id, opened.order);
    let saga = store::saga(&app.db, id).await?.ok_or_else(problems::order_not_found)?;
    match pay::again(&app, order, saga, request.payment, key.map(|it| it.0)).await? {
        Paying::Begun(work) => answer(&app, id, work, StatusCode::OK, viewer, None).await,
        Paying::Replayed => {
            answer(&app, id, None, StatusCode::OK, viewer, None).await.map(mark_replayed)
        }
        Paying::Earlier(refusal) => Ok(mark_replayed(refusal.into_response())),
    }
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
    let language = language(headers);
    if let Some(principal) = principal {
        let buyer = Buyer {
            user_id: Some(principal.id()),
            email: email.unwrap_or_else(|| principal.email().to_owned()),
            name: Some(principal.name().to_owned()),
            cart: Some(Owner::User(principal.id())),
            owner: format!("user:{}", principal.id()),
            address_rules,
            language,
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
        language,
    };
    Ok((buyer, issued))
}

/// What the client reads, as its browser says. No part of the request: sent again with another one
/// it is the same.
fn language(headers: &HeaderMap) -> Option<Language> {
    Language::of_header(headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?)
}

/// The token of a guest's cart, or a secret of the same form that the client has made itself. What
/// has not the form of one could be guessed, and is nobody's.
fn guest_cart(headers: &HeaderMap) -> Option<String> {
    let token = headers.get(CART_TOKEN).and_then(|it| it.to_str().ok());
    token.filter(|it| token::is_secret(it)).map(str::to_owned)
}

/// The answer to a checkout, from the order as it stands; `known` is that, where nothing has to be
/// read for it.
async fn answer(
    app: &App,
    id: Uuid,
    known: Option<Work>,
    good: StatusCode,
    viewer: Viewer,
    token: Option<String>,
) -> Result<Response> {
    let Work { order, lines, saga } = match known {
        Some(work) => work,
        None => read(app, id).await?.ok_or_else(problems::order_not_found)?,
    };
    Ok(match refusal(&order, &saga) {
        Some(mut refusal) => {
            if let Some(token) = token {
                refusal = refusal.with("access_token", token);
            }
            refusal.into_response()
        }
        None => {
            let decided = order.status != Status::Pending;
            let status = if decided { good } else { StatusCode::ACCEPTED };
            let mut view = view_of(app, order, lines, Some(saga), viewer).await?;
            view.access_token = token;
            let location = format!("/api/v1/orders/{id}");
            (status, [(header::LOCATION, location)], Json(view)).into_response()
        }
    })
}

async fn read(app: &App, id: Uuid) -> Result<Option<Work>> {
    let Some(order) = store::find(&app.db, id).await? else { return Ok(None) };
    let Some(saga) = store::saga(&app.db, id).await? else { return Ok(None) };
    Ok(Some(Work { lines: store::lines(&app.db, id).await?, order, saga }))
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
