//! `/payments`: what customers see of theirs, and what staff does with all of them.

mod access;
mod capture;
mod payment_methods;
mod providers;
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
use chassis::webhooks::{self, Webhook};
use contracts::orders::OrderHeaders;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::model::{Payment, RefundReason, Status};
use crate::provider::{PaymentMethod, Purchase};
use crate::refund_lines::{RefundLine, Wanted};
use crate::requests::{self, RefundRequest};
use crate::{App, problems, store};
use access::is_of;
use view::{EntryView, PaymentDetail, PaymentView, RefundView};

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_methods))
        .routes(routes!(payment_methods::list))
        .routes(routes!(payment_methods::delete))
        .routes(routes!(providers::list))
        .routes(routes!(get))
        .routes(routes!(confirm))
        .routes(routes!(capture::capture))
        .routes(routes!(list_refunds, create_refund))
        .routes(routes!(list_ledger))
}

#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only payments of this order.
    #[garde(skip)]
    order_id: Option<Uuid>,
    /// Only payments with this status.
    #[garde(skip)]
    status: Option<Status>,
    /// The number of items per page, 1 to 100. Defaults to 20.
    #[garde(skip)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 500))]
    cursor: Option<String>,
    /// Whether to count all matching payments, as `total`.
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
    let total = if query.count { Some(store::count(&app.db, &filter).await?) } else { None };
    let page = Page::cut(payments, limit, |it| (it.created_at, it.id)).with_total(total);
    Ok(Json(page.map(PaymentView::of)))
}

/// Get a payment.
///
/// Visible to its customer, to a guest with the order's token or a key of it, and to staff with `payments:read`.
#[utoipa::path(
    get, path = "/payments/{id}", operation_id = "payments.get", tag = "payments",
    params(
        ("id" = Uuid, Path, description = "The id of the payment."),
        OrderHeaders,
    ),
    responses(
        (status = 200, description = "The payment.", body = PaymentDetail),
        problems::payment_not_found,
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
    let own = is_of(&app, &payment, principal.as_ref(), &headers).await?;
    if !staff && !own {
        return Err(problems::payment_not_found());
    }
    let operations = store::operations(&app.db, id).await?;
    let disputes = store::disputes(&app.db, id).await?;
    let webhooks = if staff { webhooks_about(&app, &payment).await? } else { vec![] };
    Ok(Json(PaymentDetail::of(payment, operations, own).with(disputes, webhooks)))
}

/// What the provider has told about a payment, newest first.
async fn webhooks_about(app: &App, payment: &Payment) -> Result<Vec<Webhook>> {
    let subjects = [Some(payment.id.to_string()), payment.reference.clone()];
    let subjects: Vec<String> = subjects.into_iter().flatten().collect();
    Ok(webhooks::about(&app.db, &payment.provider, &subjects, 100).await?)
}

#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MethodsQuery {
    /// The customer's country, as its ISO 3166-1 alpha-2 code.
    #[garde(length(max = 2))]
    country: Option<String>,
    /// The total, in minor units.
    #[garde(range(min = 0, max = MAX_AMOUNT))]
    total: Option<i64>,
    /// Defaults to the currency of the shop.
    #[garde(length(max = 3))]
    currency: Option<String>,
}

/// The payment methods of the shop.
#[derive(Serialize, ToSchema)]
struct PaymentMethods {
    data: Vec<PaymentMethod>,
}

/// List payment methods.
///
/// A checkout sends the `provider` of a method with a token; `tokens` says how to get one. The list is
/// empty if the shop accepts no payments, if the total is 0, and for a currency that is not the shop's.
#[utoipa::path(
    get, path = "/payments/methods", operation_id = "payment_methods.list", tag = "payments",
    params(MethodsQuery),
    responses(
        (status = 200, description = "The payment methods.", body = PaymentMethods),
    ),
    security(()),
)]
async fn list_methods(
    State(app): State<App>,
    Query(query): Query<MethodsQuery>,
) -> Json<PaymentMethods> {
    // Orders are in the shop's currency alone, and what costs nothing needs no payment.
    let ours = query.currency.is_none_or(|it| it.eq_ignore_ascii_case(app.currency.as_str()));
    let purchase = Purchase {
        country: query.country.map(|it| it.to_ascii_uppercase()),
        currency: app.currency.clone(),
        total: query.total,
    };
    let data =
        if ours && query.total != Some(0) { app.providers.methods(&purchase) } else { Vec::new() };
    Json(PaymentMethods { data })
}

/// The result of a customer's action, as its provider defines it.
#[derive(Deserialize, Validate, ToSchema)]
#[schema(as = PaymentActionResult)]
struct ActionResult {
    #[garde(custom(no_card_number_within))]
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// It is kept until the provider has answered, and may be anything.
fn no_card_number_within(fields: &Map<String, Value>, (): &()) -> garde::Result {
    no_card_number(&serde_json::to_string(fields).unwrap_or_default(), &())
}

/// Continue a payment after its customer's action.
///
/// Call it when the customer has completed the `next_action` of the payment or order. The body is what
/// the provider needs to know of it; the sandbox takes `{"outcome": "deny"}`. A payment that does not
/// wait for its customer is returned as it is.
#[utoipa::path(
    post, path = "/payments/{id}/confirm", operation_id = "payments.confirm", tag = "payments",
    params(
        ("id" = Uuid, Path, description = "The id of the payment."),
        OrderHeaders,
    ),
    request_body(content = Option<ActionResult>, description = "Optional."),
    responses(
        (status = 200, description = "The current state of the payment.", body = PaymentView),
        problems::payment_not_found,
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
    if !is_of(&app, &payment, principal.as_ref(), &headers).await? {
        return Err(problems::payment_not_found());
    }
    let input = input.map(|Json(it)| Value::Object(it.fields));
    let payment = requests::confirm(&app, id, input).await?;
    Ok(Json(PaymentView::for_customer(payment)))
}

#[derive(Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRefund {
    /// Defaults to the price of the lines including their share of shipping and tax or, without
    /// lines, to everything that is left of the payment.
    #[garde(custom(positive))]
    amount: Option<Money>,
    /// The units to refund. Each unit can be refunded once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 100), custom(each_sku_once), dive)]
    lines: Vec<NewRefundLine>,
    /// Whether to restock the goods: those of the lines, unless a line says otherwise, or without
    /// lines everything of the order that has not been restocked yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[garde(skip)]
    restock: bool,
    /// Defaults to `other`.
    #[garde(skip)]
    reason: Option<RefundReason>,
    /// A note for staff. Never shown to the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(chars, max = 500), inner(custom(no_card_number)))]
    note: Option<String>,
}

/// Units of an order line.
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRefundLine {
    /// The SKU as it was sold.
    #[garde(length(chars, min = 1, max = 100))]
    sku: String,
    #[garde(range(min = 1, max = 999))]
    quantity: i64,
    /// Whether to restock these units. Defaults to the `restock` of the refund.
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

/// Refund units of lines, an amount, or everything that is left.
///
/// Lines are refunded at the price they were sold for, including their share of shipping and tax,
/// unless an `amount` is sent as well. The goods can be restocked with the refund.
///
/// Repeating the request with the same Idempotency-Key returns the same refund. A refund that the
/// provider has not answered yet is `pending` and completes on its own.
#[utoipa::path(
    post, path = "/payments/{id}/refunds", operation_id = "refunds.create", tag = "payments",
    params(
        ("id" = Uuid, Path, description = "The id of the payment."),
        ("Idempotency-Key" = String, Header, description = "A unique value for this refund."),
    ),
    request_body = NewRefund,
    responses(
        (status = 201, description = "The refund; with `Idempotent-Replayed: true` if the \
                                      request was repeated.", body = RefundView),
        problems::payment_not_found,
        problems::payment_not_captured,
        problems::refund_exceeds_payment,
        problems::refund_exceeds_line,
        problems::nothing_to_refund,
        problems::refund_mismatch,
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
        return Err(idempotency::idempotency_key_reused());
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
    /// The number of items per page, 1 to 100. Defaults to 20.
    #[garde(skip)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 500))]
    cursor: Option<String>,
}

/// List the refunds of a payment, newest first.
#[utoipa::path(
    get, path = "/payments/{id}/refunds", operation_id = "refunds.list", tag = "payments",
    params(("id" = Uuid, Path, description = "The id of the payment."), PageQuery),
    responses(
        (status = 200, description = "A page of refunds.", body = Page<RefundView>),
        problems::payment_not_found,
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

/// List the ledger entries of a payment, oldest first.
#[utoipa::path(
    get, path = "/payments/{id}/ledger", operation_id = "payment_ledger.list", tag = "payments",
    params(("id" = Uuid, Path, description = "The id of the payment."), PageQuery),
    responses(
        (status = 200, description = "A page of entries. Debits are positive, credits negative; \
                                      the entries of a transaction sum to zero.",
         body = Page<EntryView>),
        problems::payment_not_found,
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
