//! `/payments`: what customers see of theirs, and what staff does with all of them.

mod view;

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use chassis::auth::Principal;
use chassis::cards::no_card_number;
use chassis::extract::{Json, Path, Query};
use chassis::idempotency::{self, IdempotencyKey};
use chassis::money::{MAX_AMOUNT, Money};
use chassis::page::{self, Page};
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::model::{Payment, RefundReason, Status};
use crate::provider::PaymentMethod;
use crate::refund_lines::{RefundLine, Wanted};
use crate::requests::{self, RefundRequest};
use crate::{App, problems, store};
use view::{EntryView, PaymentDetail, PaymentView, RefundView};

/// The header by which a guest shows that an order is theirs.
const ORDER_TOKEN: &str = "x-order-token";

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_methods))
        .routes(routes!(get))
        .routes(routes!(confirm))
        .routes(routes!(list_refunds, create_refund))
        .routes(routes!(list_ledger))
}

#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only the payments of this order.
    #[garde(skip)]
    order_id: Option<Uuid>,
    /// Only payments that stand here.
    #[garde(skip)]
    status: Option<Status>,
    /// Items of a page, 1 to 100; 20 if not given.
    #[garde(skip)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[garde(length(max = 500))]
    cursor: Option<String>,
    /// Whether to count all of them.
    #[garde(skip)]
    #[serde(default)]
    count: bool,
}

/// List payments, newest first.
#[utoipa::path(
    get, path = "/payments", operation_id = "payments.list", tag = "payments",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of payments.", body = Page<PaymentView>),
    ),
    security(("bearer" = ["payments:read"])),
)]
async fn list(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<PaymentView>>> {
    let limit = page::limit(query.limit)?;
    let after = page::decode(query.cursor.as_deref())?;
    let filter = store::Filter { order_id: query.order_id, status: query.status, after };
    let payments = store::list(&app.db, &filter, limit + 1).await?;
    let total = match query.count {
        true => Some(store::count(&app.db, &filter).await?),
        false => None,
    };
    let page = Page::cut(payments, limit, |it| (it.created_at, it.id)).with_total(total);
    Ok(Json(page.map(PaymentView::of)))
}

/// Show a payment.
///
/// Its customer sees it, a guest with the order's token, and staff with `payments:read`.
#[utoipa::path(
    get, path = "/payments/{id}", operation_id = "payments.get", tag = "payments",
    params(
        ("id" = Uuid, Path, description = "The payment."),
        ("X-Order-Token" = Option<String>, Header, description = "A guest's order token."),
    ),
    responses(
        (status = 200, description = "The payment.", body = PaymentDetail),
        (status = 404, description = "`payment_not_found`", body = Problem),
    ),
    security((), ("bearer" = [])),
)]
async fn get(
    State(app): State<App>,
    principal: Option<Principal>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Json<PaymentDetail>> {
    let payment = store::find(&app.db, id).await?.ok_or_else(problems::payment_not_found)?;
    let staff = principal.as_ref().is_some_and(|it| it.may("payments:read"));
    if !staff && !is_of(&payment, principal.as_ref(), &headers) {
        return Err(problems::payment_not_found());
    }
    let operations = store::operations(&app.db, id).await?;
    Ok(Json(PaymentDetail::of(payment, operations)))
}

#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MethodsQuery {
    /// What is to be paid, in minor units.
    #[garde(range(min = 0, max = MAX_AMOUNT))]
    total: Option<i64>,
    /// The shop's currency if not given.
    #[garde(length(max = 3))]
    currency: Option<String>,
}

/// The ways to pay.
#[derive(Serialize, ToSchema)]
struct PaymentMethods {
    data: Vec<PaymentMethod>,
}

/// List the ways to pay.
///
/// A checkout sends the `provider` of one of them with a token, which its `tokens` says how to get.
/// The list is empty where the shop takes no money, where nothing is to be paid, and for a currency
/// that is not the shop's.
#[utoipa::path(
    get, path = "/payments/methods", operation_id = "payment_methods.list", tag = "payments",
    params(MethodsQuery),
    responses(
        (status = 200, description = "The ways to pay.", body = PaymentMethods),
    ),
    security(()),
)]
async fn list_methods(
    State(app): State<App>,
    Query(query): Query<MethodsQuery>,
) -> Json<PaymentMethods> {
    // Orders are in the shop's currency alone, and what costs nothing needs no payment.
    let ours = query.currency.is_none_or(|it| it.eq_ignore_ascii_case(app.currency.as_str()));
    let data = if ours && query.total != Some(0) { app.providers.methods() } else { Vec::new() };
    Json(PaymentMethods { data })
}

/// What a customer's action gives for the provider.
#[derive(Deserialize, Validate, ToSchema)]
#[schema(as = PaymentActionResult)]
struct ActionResult {
    #[garde(skip)]
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// Continue a payment after its customer's action.
///
/// To be called when the customer has done what `next_action` of the payment or the order says. The
/// body is what that action gives for the provider; the sandbox takes `{"outcome": "deny"}`. The
/// first call counts; another one answers with what came of it.
#[utoipa::path(
    post, path = "/payments/{id}/confirm", operation_id = "payments.confirm", tag = "payments",
    params(
        ("id" = Uuid, Path, description = "The payment."),
        ("X-Order-Token" = Option<String>, Header, description = "A guest's order token."),
    ),
    request_body(content = ActionResult, description = "May be left out."),
    responses(
        (status = 200, description = "The payment as it is known now.", body = PaymentView),
        (status = 404, description = "`payment_not_found`", body = Problem),
        (status = 409, description = "`action_not_required`", body = Problem),
    ),
    security((), ("bearer" = [])),
)]
async fn confirm(
    State(app): State<App>,
    principal: Option<Principal>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
    input: Option<Json<ActionResult>>,
) -> Result<Json<PaymentView>> {
    let payment = store::find(&app.db, id).await?.ok_or_else(problems::payment_not_found)?;
    if !is_of(&payment, principal.as_ref(), &headers) {
        return Err(problems::payment_not_found());
    }
    let input = input.map(|Json(it)| Value::Object(it.fields));
    let payment = requests::confirm(&app, id, input).await?;
    Ok(Json(PaymentView::of(payment)))
}

#[derive(Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRefund {
    /// What the lines were sold for, with their share of shipping and tax, if not given; without
    /// lines all that is left.
    #[garde(custom(positive))]
    amount: Option<Money>,
    /// The units to refund. Each can be refunded once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 100), custom(each_sku_once), dive)]
    lines: Vec<NewRefundLine>,
    /// Whether the goods are put back into stock: of the lines, where they do not say themselves;
    /// without lines everything of the order that is still out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[garde(skip)]
    restock: bool,
    /// `other` if not given.
    #[garde(skip)]
    reason: Option<RefundReason>,
    /// For staff only; the customer never sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(chars, max = 500), inner(custom(no_card_number)))]
    note: Option<String>,
}

/// Units of an order's line.
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRefundLine {
    /// As it was sold.
    #[garde(length(chars, min = 1, max = 100))]
    sku: String,
    #[garde(range(min = 1, max = 999))]
    quantity: i64,
    /// Whether these units are put back into stock.
    #[garde(skip)]
    restock: Option<bool>,
}

fn each_sku_once(lines: &[NewRefundLine], (): &()) -> garde::Result {
    let mut skus = HashSet::new();
    match lines.iter().find(|it| !skus.insert(&it.sku)) {
        Some(twice) => Err(garde::Error::new(format!("names {} twice", twice.sku))),
        None => Ok(()),
    }
}

fn positive(amount: &Option<Money>, (): &()) -> garde::Result {
    match amount {
        Some(it) if !(1..=MAX_AMOUNT).contains(&it.amount) => {
            Err(garde::Error::new(format!("must be from 1 to {MAX_AMOUNT} minor units")))
        }
        _ => Ok(()),
    }
}

/// Give money back: for units of lines, an amount, or all that is left.
///
/// Lines are given back as they were sold, with their share of shipping and tax; an `amount` beside
/// them is given back instead. The goods can be put back into stock with it.
///
/// The same Idempotency-Key is the same refund. One that the provider has not answered yet is
/// `pending` and ends by itself.
#[utoipa::path(
    post, path = "/payments/{id}/refunds", operation_id = "refunds.create", tag = "payments",
    params(
        ("id" = Uuid, Path, description = "The payment."),
        ("Idempotency-Key" = String, Header, description = "Your name for this refund."),
    ),
    request_body = NewRefund,
    responses(
        (status = 201, description = "The refund; with `Idempotent-Replayed: true` if it was \
                                      asked for before.", body = RefundView),
        (status = 400, description = "`idempotency_key_missing`, `idempotency_key_invalid`",
         body = Problem),
        (status = 404, description = "`payment_not_found`", body = Problem),
        (status = 409, description = "`refund_exceeds_payment` with `refundable`; \
                                      `refund_exceeds_line` with `sku` and the units left, \
                                      `refundable`; `nothing_to_refund`; \
                                      `payment_not_captured`", body = Problem),
        (status = 422, description = "`validation_failed`, `idempotency_key_reused`",
         body = Problem),
    ),
    security(("bearer" = ["payments:refund"])),
)]
async fn create_refund(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<NewRefund>,
) -> Result<(StatusCode, HeaderMap, Json<RefundView>)> {
    let payment = store::find(&app.db, id).await?.ok_or_else(problems::payment_not_found)?;
    if request.amount.as_ref().is_some_and(|it| it.currency != payment.currency) {
        let detail = format!("must be {}", payment.currency.as_str());
        return Err(Problem::field("amount.currency", detail));
    }
    let fingerprint = hex::encode(idempotency::fingerprint(&request)?);
    let restock = request.restock;
    let line = |it: NewRefundLine| Wanted {
        sku: it.sku,
        quantity: it.quantity,
        restock: it.restock.unwrap_or(restock),
    };
    let asked = RefundRequest {
        id: requests::refund_id(id, &key),
        payment_id: id,
        amount: request.amount.map(|it| it.amount),
        restock: restock && request.lines.is_empty(),
        lines: request.lines.into_iter().map(line).collect(),
        reason: request.reason.unwrap_or_default().as_str().to_owned(),
        note: request.note,
        staff: Some(principal.id()),
        fingerprint: Some(fingerprint.clone()),
    };
    let refunding = requests::refund(&app, asked).await?;
    let refund = refunding.refund.ok_or_else(|| problems::refund_exceeds_payment(0))?;
    if refund.fingerprint != Some(fingerprint) {
        return Err(idempotency::reused());
    }
    let mut headers = HeaderMap::new();
    if refunding.replayed {
        let name = HeaderName::from_static(idempotency::REPLAYED);
        headers.insert(name, HeaderValue::from_static("true"));
    }
    let view = RefundView::of(refund, refunding.lines, &refunding.payment.currency);
    Ok((StatusCode::CREATED, headers, Json(view)))
}

#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// Items of a page, 1 to 100; 20 if not given.
    #[garde(skip)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[garde(length(max = 500))]
    cursor: Option<String>,
}

/// List the refunds of a payment, newest first.
#[utoipa::path(
    get, path = "/payments/{id}/refunds", operation_id = "refunds.list", tag = "payments",
    params(("id" = Uuid, Path, description = "The payment."), PageQuery),
    responses(
        (status = 200, description = "A page of refunds.", body = Page<RefundView>),
        (status = 404, description = "`payment_not_found`", body = Problem),
    ),
    security(("bearer" = ["payments:read"])),
)]
async fn list_refunds(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<RefundView>>> {
    let payment = store::find(&app.db, id).await?.ok_or_else(problems::payment_not_found)?;
    let limit = page::limit(query.limit)?;
    let after = page::decode(query.cursor.as_deref())?;
    let refunds = store::refunds(&app.db, id, after, limit + 1).await?;
    let page = Page::cut(refunds, limit, |it| (it.created_at, it.id));
    let mut lines: HashMap<Uuid, Vec<RefundLine>> = HashMap::new();
    for line in store::refund_lines(&app.db, id, false).await? {
        lines.entry(line.refund_id).or_default().push(line);
    }
    Ok(Json(page.map(|it| {
        let lines = lines.remove(&it.id).unwrap_or_default();
        RefundView::of(it, lines, &payment.currency)
    })))
}

/// Show the ledger's entries about a payment, oldest first.
#[utoipa::path(
    get, path = "/payments/{id}/ledger", operation_id = "payment_ledger.list", tag = "payments",
    params(("id" = Uuid, Path, description = "The payment."), PageQuery),
    responses(
        (status = 200, description = "A page of entries. A debit is positive, a credit negative; \
                                      those of a transaction sum to zero.",
         body = Page<EntryView>),
        (status = 404, description = "`payment_not_found`", body = Problem),
    ),
    security(("bearer" = ["payments:read"])),
)]
async fn list_ledger(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<EntryView>>> {
    store::find(&app.db, id).await?.ok_or_else(problems::payment_not_found)?;
    let limit = page::limit(query.limit)?;
    let after = page::decode(query.cursor.as_deref())?;
    let entries = store::entries(&app.db, id, after, limit + 1).await?;
    let place = |it: &crate::model::Entry| (it.created_at, it.transaction_id, it.account.clone());
    Ok(Json(Page::cut(entries, limit, place).map(EntryView::of)))
}

/// Whether a payment is the caller's: the user's, or the guest's who has the order's token.
fn is_of(payment: &Payment, principal: Option<&Principal>, headers: &HeaderMap) -> bool {
    let user = principal.is_some_and(|it| payment.user_id == Some(it.id()));
    let token = headers.get(ORDER_TOKEN).map(|it| hex::encode(Sha256::digest(it.as_bytes())));
    let guest = match (&payment.order_token_hash, token) {
        (Some(hash), Some(token)) => bool::from(hash.as_bytes().ct_eq(token.as_bytes())),
        _ => false,
    };
    user || guest
}
