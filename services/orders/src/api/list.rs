//! Lists of orders.

use axum::extract::State;
use chassis::auth::Principal;
use chassis::extract::{Json, Query};
use chassis::page::{self, Page};
use chassis::policy;
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use contracts::email;
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::view::OrderView;
use crate::model::{PaymentStatus, Status};
use crate::{App, store};

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    #[garde(skip)]
    status: Option<Status>,
    #[garde(skip)]
    payment_status: Option<PaymentStatus>,
    /// Only orders placed at this time or later.
    #[garde(skip)]
    from: Option<DateTime<Utc>>,
    /// Only orders placed before this time.
    #[garde(skip)]
    to: Option<DateTime<Utc>>,
    /// Only orders with this e-mail address. Needs `orders:read`.
    #[garde(length(max = 254))]
    email: Option<String>,
    /// A part of the order number, or of the e-mail address or name of the buyer.
    #[garde(length(max = 254))]
    search: Option<String>,
    /// Only orders of this user. Needs `orders:read`.
    #[garde(skip)]
    user_id: Option<Uuid>,
    /// Orders of all users and guests. Needs `orders:read`.
    #[serde(default)]
    #[garde(skip)]
    all: bool,
    /// The number of items per page, 1 to 100.
    #[garde(skip)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 500))]
    cursor: Option<String>,
    /// The number of items to skip, 0 to 10,000. Instead of `cursor`.
    #[garde(skip)]
    offset: Option<i64>,
    /// The number of the page, from 1. Instead of `cursor`.
    #[garde(skip)]
    page: Option<i64>,
    /// Whether to count all matching orders, as `total`.
    #[serde(default)]
    #[garde(skip)]
    count: bool,
}

/// List the user's orders, newest first. Staff can list all orders.
#[utoipa::path(get, path = "/orders", operation_id = "orders.list", tag = "orders", params(ListQuery),
    responses((status = 200, body = Page<OrderView>), policy::forbidden),
    security(("bearer" = [])))]
pub(super) async fn list(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<OrderView>>> {
    let limit = page::limit(query.limit)?;
    let others = query.all || query.email.is_some() || query.user_id.is_some();
    if others && !principal.may("orders:read") {
        return Err(policy::forbidden("orders:read"));
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
    let total = if query.count { Some(store::count(&app.db, &filter).await?) } else { None };
    let page = Page::cut(orders, limit, |it| it.id).with_total(total);
    let ids: Vec<Uuid> = page.items.iter().map(|it| it.id).collect();
    let mut lines = store::lines_of(&app.db, &ids).await?;
    Ok(Json(page.map(|order| {
        let lines = lines.remove(&order.id).unwrap_or_default();
        OrderView::new(order, lines, None)
    })))
}
