//! `/orders`

use axum::extract::State;
use axum::http::HeaderMap;
use chassis::auth::Principal;
use chassis::extract::{Json, Path};
use chassis::problem::Result;
use contracts::orders::OrderHeaders;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

mod access;
mod buy;
mod change;
mod countries;
mod links;
mod list;
mod reports;
mod view;

use access::{Opened, Viewer, find};
use view::{Details, OrderView};

use crate::model::{Order, OrderEvent, OrderLine, PaymentStatus, Saga};
use crate::{App, problems, store};

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(buy::create, list::list))
        .routes(routes!(buy::checkout))
        .routes(routes!(buy::quote))
        .routes(routes!(get))
        .routes(routes!(buy::pay))
        .routes(routes!(change::cancel))
        .routes(routes!(change::update_status))
        .routes(routes!(list_events))
        .routes(routes!(links::request))
        .routes(routes!(links::revoke))
        .merge(countries::router())
        .merge(reports::router())
}

/// Get an order with its history.
#[utoipa::path(get, path = "/orders/{id}", operation_id = "orders.get", tag = "orders",
    params(("id" = String, Path, description = "The id or the number of the order."), OrderHeaders),
    responses((status = 200, body = OrderView), problems::order_not_found),
    security((), ("bearer" = [])))]
async fn get(
    State(app): State<App>,
    principal: Option<Principal>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<OrderView>> {
    let opened = Opened::by(&app, &id, principal.as_ref(), &headers, "orders:read").await?;
    let viewer = opened.viewer();
    view(&app, opened.order, viewer).await.map(Json)
}

/// The events published about an order.
#[derive(Debug, Serialize, ToSchema)]
struct OrderEvents {
    items: Vec<OrderEvent>,
}

/// List the events published about an order, oldest first.
///
/// Events are kept for a week after they were sent.
#[utoipa::path(get, path = "/orders/{id}/events", operation_id = "order_events.list", tag = "orders",
    params(("id" = String, Path, description = "The id or the number of the order.")),
    responses((status = 200, body = OrderEvents), problems::order_not_found),
    security(("bearer" = ["orders:read"])))]
async fn list_events(State(app): State<App>, Path(id): Path<String>) -> Result<Json<OrderEvents>> {
    let order = find(&app, &id).await?.ok_or_else(problems::order_not_found)?;
    Ok(Json(OrderEvents { items: store::events_of(&app.db, &order).await? }))
}

/// Reads what a view of an order needs besides.
async fn view(app: &App, order: Order, viewer: Viewer) -> Result<OrderView> {
    let lines = store::lines(&app.db, order.id).await?;
    let waits = order.payment_status == PaymentStatus::RequiresAction && viewer.customer;
    let held = order.payment_status == PaymentStatus::Authorized && viewer.staff;
    let saga = if waits || held { store::saga(&app.db, order.id).await? } else { None };
    view_of(app, order, lines, saga, viewer).await
}

async fn view_of(
    app: &App,
    order: Order,
    lines: Vec<OrderLine>,
    saga: Option<Saga>,
    viewer: Viewer,
) -> Result<OrderView> {
    let history = store::history(&app.db, order.id).await?;
    let refunds =
        if order.has_refunds() { store::refunds(&app.db, order.id).await? } else { vec![] };
    let note = order.cancel_note().map(str::to_owned);
    let details = Details { history, refunds, for_staff: viewer.staff, for_guest: viewer.guest };
    let mut view = OrderView::new(order, lines, Some(details));
    view.cancel_note = note.filter(|_| viewer.staff);
    if let Some(saga) = saga {
        if viewer.staff {
            view.with_deadline(&saga);
        }
        if viewer.customer {
            view.with_action(saga);
        }
    }
    Ok(view)
}
