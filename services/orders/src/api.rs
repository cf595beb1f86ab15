//! `/orders`

use axum::extract::State;
use axum::http::HeaderMap;
use chassis::auth::Principal;
use chassis::extract::{Json, Path};
use chassis::problem::Result;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

mod buy;
mod change;
mod countries;
mod list;
mod reports;
mod view;

use view::{Details, OrderView};

use crate::model::{Actor, Order, OrderEvent, OrderLine, PaymentStatus, Saga};
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
        .merge(countries::router())
        .merge(reports::router())
}

/// Get an order with its history.
#[utoipa::path(get, path = "/orders/{id}", operation_id = "orders.get", tag = "orders",
    params(("id" = String, Path, description = "The id or the number of the order."),
           ("X-Order-Token" = Option<String>, Header, description = "The `access_token` of a guest's order.")),
    responses((status = 200, body = OrderView), problems::order_not_found),
    security((), ("bearer" = [])))]
async fn get(
    State(app): State<App>,
    principal: Option<Principal>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<OrderView>> {
    let order = visible(&app, &id, principal.as_ref(), &headers, "orders:read").await?;
    let viewer = Viewer::of(&app, &order, principal.as_ref(), &headers);
    view(&app, order, viewer).await.map(Json)
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
    if owner || staff || has_token(app, &order, headers) {
        Ok(order)
    } else {
        Err(problems::order_not_found())
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

/// Whose eyes a view of an order is for.
#[derive(Clone, Copy, Debug, Default)]
struct Viewer {
    /// Sees who of the staff did what.
    staff: bool,
    /// Sees what a payment asks of its customer.
    customer: bool,
}

impl Viewer {
    const CUSTOMER: Self = Self { staff: false, customer: true };

    fn of(app: &App, order: &Order, principal: Option<&Principal>, headers: &HeaderMap) -> Self {
        let user = principal.is_some_and(|it| order.user_id == Some(it.id()));
        let customer = user || has_token(app, order, headers);
        Self { staff: reads_all(principal), customer }
    }
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
    let details = Details { history, refunds, for_staff: viewer.staff };
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
