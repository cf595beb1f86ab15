//! Routes for other services: which orders are still on the shelf.

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum::{Json, Router};
use chassis::peers::{self, Callers};
use chassis::problem::{Problem, Result};
use contracts::orders::{MAX_ORDERS, Unshipped};

use crate::{App, store};

/// Who keeps the stock of orders.
const STOCK: Callers = Callers { services: &["catalog"], unnamed: true };

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/internal/orders/unshipped", post(unshipped))
        .route_layer(from_fn_with_state(STOCK, peers::only))
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
    let mut unshipped = Vec::new();
    for id in orders {
        if store::is_unshipped(&app.db, id).await? {
            unshipped.push(id);
        }
    }
    Ok(Json(Unshipped { orders: unshipped }))
}
