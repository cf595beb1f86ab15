//! Lists of orders.

use axum::extract::State;
use chassis::auth::Principal;
use chassis::extract::{Json, Query};
use chassis::page::{self, Page};
use chassis::problem::{Problem, Result};
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
#[utoipa::path(get, path = "/orders", operation_id = "orders.list", tag = "orders", params(ListQuery),
    responses((status = 200, body = Page<OrderView>)),
    security(("bearer" = [])))]
pub(super) async fn list(
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
    let ids: Vec<Uuid> = page.items.iter().map(|it| it.id).collect();
    let mut lines = store::lines_of(&app.db, &ids).await?;
    Ok(Json(page.map(|order| {
        let lines = lines.remove(&order.id).unwrap_or_default();
        OrderView::new(order, lines, None)
    })))
}
