//! What other services ask: `contracts::orders::Client` is the other end.

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum::{Json, Router};
use chassis::peers::{self, Callers};
use chassis::problem::Result;
use contracts::orders::{AccessToken, AskAccessToken};

use crate::{App, problems, store};

/// Who writes to guests. Whoever has a token may see and cancel the order.
const SENDERS: Callers = Callers { services: &["notifications"], unnamed: false };

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route(
            "/internal/orders/access-token",
            post(access_token).layer(from_fn_with_state(SENDERS, peers::only)),
        )
        .with_state(app)
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
