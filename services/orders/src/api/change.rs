//! Cancelling an order, and moving it on.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::auth::Principal;
use chassis::cards::no_card_number;
use chassis::extract::{Json, Path};
use chassis::problem::Result;
use contracts::orders::{OrderHeaders, Reason};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::access::{Opened, Viewer, find, reads_all};
use super::view;
use super::view::OrderView;
use crate::cancel::Why;
use crate::model::{Actor, Order, Status};
use crate::{App, cancel, problems, store};

#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelOrder {
    /// `customer_request`, `changed_mind`, `ordered_by_mistake`, `found_cheaper`, `takes_too_long`
    /// or `other`; staff may also give `cancelled_by_shop`, `out_of_stock`, `fraudulent` or
    /// `address_undeliverable`.
    #[garde(skip)]
    reason: Option<Reason>,
    /// Further details. Only shown to staff.
    #[garde(length(chars, max = 500), inner(custom(no_card_number)))]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// Cancel an order that has not been shipped, and refund what was paid.
#[utoipa::path(post, path = "/orders/{id}/cancel", operation_id = "orders.cancel", tag = "orders",
    request_body(content = Option<CancelOrder>),
    params(("id" = String, Path, description = "The id or the number of the order."), OrderHeaders),
    responses((status = 200, description = "The order is cancelled.", body = OrderView),
              (status = 202, description = "The order is being cancelled.", body = OrderView),
              problems::order_not_found, problems::order_shipped, problems::refund_refused,
              problems::order_changed),
    security((), ("bearer" = [])))]
pub(super) async fn cancel(
    State(app): State<App>,
    principal: Option<Principal>,
    headers: HeaderMap,
    Path(id): Path<String>,
    request: Option<Json<CancelOrder>>,
) -> Result<Response> {
    let opened = Opened::by(&app, &id, principal.as_ref(), &headers, "orders:write").await?;
    let request = request.map(|Json(it)| it).unwrap_or_default();
    let by = opened.actor();
    let why = match by {
        Actor::Staff(_) => {
            why(request.reason, request.note, Reason::CancelledByShop, Reason::is_staffs)?
        }
        _ => why(request.reason, request.note, Reason::CustomerRequest, Reason::is_customers)?,
    };
    let order = cancel::cancel(&app, opened.order.id, &why, by).await?;
    // A changed order waits for no customer.
    cancelled(&app, order, Viewer { customer: false, ..opened.viewer() }).await
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
    if may_be(reason) { Ok(Why { reason, note }) } else { Err(problems::reason_not_yours(may_be)) }
}

/// The answer to a cancel: 202 while it is on its way.
async fn cancelled(app: &App, order: Order, viewer: Viewer) -> Result<Response> {
    let status = match order.status {
        Status::Cancelled => StatusCode::OK,
        _ => StatusCode::ACCEPTED,
    };
    Ok((status, Json(view(app, order, viewer).await?)).into_response())
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateOrderStatus {
    /// `shipped`, `delivered` or `cancelled`. The current status changes nothing. Refunded orders
    /// can be shipped and delivered.
    #[garde(skip)]
    status: Status,
    #[garde(length(chars, min = 1, max = 100))]
    tracking_number: Option<String>,
    /// Of a cancellation: `cancelled_by_shop`, `out_of_stock`, `fraudulent`, `address_undeliverable`, or
    /// one of those a customer may give.
    #[garde(skip)]
    reason: Option<Reason>,
    /// Further details about a cancellation. Only shown to staff.
    #[garde(length(chars, max = 500), inner(custom(no_card_number)))]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// Ship, deliver or cancel an order.
///
/// Shipping captures a payment that is captured on shipment. If that fails, the order is not shipped.
#[utoipa::path(patch, path = "/orders/{id}/status", operation_id = "orders.update_status", tag = "orders", request_body = UpdateOrderStatus,
    params(("id" = String, Path, description = "The id or the number of the order.")),
    responses((status = 200, body = OrderView),
              (status = 202, description = "The order is being cancelled.", body = OrderView),
              problems::order_not_found, problems::status_not_allowed, problems::order_shipped,
              problems::nothing_to_ship, problems::payment_capturing, problems::payment_not_captured,
              problems::refund_refused, problems::order_changed),
    security(("bearer" = ["orders:write"])))]
pub(super) async fn update_status(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<String>,
    Json(request): Json<UpdateOrderStatus>,
) -> Result<Response> {
    let order = find(&app, &id).await?.ok_or_else(problems::order_not_found)?;
    let by = Actor::Staff(principal.id());
    let viewer = Viewer { staff: reads_all(Some(&principal)), ..Viewer::default() };
    if request.status == Status::Cancelled {
        let usual = Reason::CancelledByShop;
        let why = why(request.reason, request.note, usual, Reason::is_staffs)?;
        let order = cancel::cancel(&app, order.id, &why, by).await?;
        return cancelled(&app, order, viewer).await;
    }
    cancel::set_fulfillment(&app, order.id, request.status, request.tracking_number, by).await?;
    let order = store::find(&app.db, order.id).await?.ok_or_else(problems::order_not_found)?;
    Ok(Json(view(&app, order, viewer).await?).into_response())
}
