//! What other services ask: `contracts::orders::Client` is the other end.

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum::{Json, Router};
use chassis::peers::{self, Callers};
use chassis::problem::Result;
use contracts::orders::{AccessToken, AskAccessToken, LineShare, SharesOf};

use crate::{App, problems, shares, store};

/// Who gives money back.
const PAYMENTS: Callers = Callers { services: &["payments"], unnamed: false };

/// Who writes to guests. Whoever has a token may see and cancel the order.
const SENDERS: Callers = Callers { services: &["notifications"], unnamed: false };

pub(crate) fn router() -> Router<App> {
    let of = |callers| from_fn_with_state(callers, peers::only);
    Router::new()
        .route("/internal/orders/shares", post(line_shares).layer(of(PAYMENTS)))
        .route("/internal/orders/access-token", post(access_token).layer(of(SENDERS)))
}

async fn line_shares(
    State(app): State<App>,
    Json(asked): Json<SharesOf>,
) -> Result<Json<Option<Vec<LineShare>>>> {
    let Some(order) = store::find(&app.db, asked.order_id).await? else { return Ok(Json(None)) };
    let lines = store::lines(&app.db, order.id).await?;
    let amounts = shares::shares(&order, &lines);
    let line = |(line, amount): (crate::model::OrderLine, i64)| LineShare {
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
    Ok(Json(AccessToken { token: app.tokens.of(order.id) }))
}
