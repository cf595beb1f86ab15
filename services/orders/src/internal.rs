//! What other services ask: `contracts::orders::Client` is the other end.

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum::{Json, Router};
use chassis::peers::{self, Callers};
use chassis::problem::{Problem, Result};
use contracts::orders::{AccessToken, AskAccessToken, LineShare, MAX_ORDERS, SharesOf, Unshipped};

use crate::model::OrderLine;
use crate::{App, problems, shares, store};

/// Who keeps the stock of orders.
const STOCK: Callers = Callers { services: &["catalog"], unnamed: true };
/// Who gives money back.
const PAYMENTS: Callers = Callers { services: &["payments"], unnamed: false };

/// Who writes to guests. Whoever has a token may see and cancel the order.
const SENDERS: Callers = Callers { services: &["notifications"], unnamed: false };

pub(crate) fn router(app: App) -> Router {
    let only = |callers| from_fn_with_state(callers, peers::only);
    Router::new()
        .route("/internal/orders/unshipped", post(unshipped).layer(only(STOCK)))
        .route("/internal/orders/shares", post(line_shares).layer(only(PAYMENTS)))
        .route("/internal/orders/access-token", post(access_token).layer(only(SENDERS)))
        .with_state(app)
}

/// Those of the given orders that were not shipped. What is not known here is none of them.
async fn unshipped(
    State(app): State<App>,
    Json(Unshipped { orders }): Json<Unshipped>,
) -> Result<Json<Unshipped>> {
    if orders.len() > MAX_ORDERS {
        return Err(Problem::field("orders", format!("must have at most {MAX_ORDERS} entries")));
    }
    Ok(Json(Unshipped { orders: store::unshipped(&app.db, &orders).await? }))
}

/// What each line was sold for. Nothing for an order that is not known.
async fn line_shares(
    State(app): State<App>,
    Json(asked): Json<SharesOf>,
) -> Result<Json<Option<Vec<LineShare>>>> {
    let Some(order) = store::find(&app.db, asked.order_id).await? else { return Ok(Json(None)) };
    let lines = store::lines(&app.db, order.id).await?;
    let amounts = shares::shares(&order, &lines);
    let line = |(line, amount): (OrderLine, i64)| LineShare {
        sku: line.sku,
        quantity: line.quantity,
        amount,
    };
    Ok(Json(Some(lines.into_iter().zip(amounts).map(line).collect())))
}

async fn access_token(
    State(app): State<App>,
    Json(request): Json<AskAccessToken>,
) -> Result<Json<AccessToken>> {
    let order = store::find(&app.db, request.order_id).await?;
    let order = order.filter(|it| it.user_id.is_none() && it.email == request.email);
    let order = order.ok_or_else(problems::order_not_found)?;
    Ok(Json(AccessToken { token: app.tokens.of(order.id).into() }))
}
