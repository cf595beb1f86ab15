//! Routes for other services: the server's side of `contracts::orders::Client`.

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum::{Json, Router};
use chassis::peers::{self, Callers};
use chassis::problem::Result;
use contracts::orders::{LineShare, SharesOf};

use crate::{App, shares, store};

/// Who gives money back.
const PAYMENTS: Callers = Callers { services: &["payments"], unnamed: false };

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/internal/orders/shares", post(line_shares))
        .route_layer(from_fn_with_state(PAYMENTS, peers::only))
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
