//! What other services ask: `contracts::identity::Client` is the other end.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use chassis::problem::Result;
use contracts::identity::{IssueToken, OneTimeToken, Trust};

use crate::{App, recovery, trust};

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/internal/trust", get(show_trust))
        .route("/internal/one-time-tokens", post(issue))
        .with_state(app)
}

async fn show_trust(State(app): State<App>) -> Result<Json<Trust>> {
    Ok(Json(trust::current(&app).await?))
}

async fn issue(
    State(app): State<App>,
    Json(request): Json<IssueToken>,
) -> Result<Json<OneTimeToken>> {
    let token = recovery::issue(&app, &request).await?;
    Ok(Json(OneTimeToken { token: token.into_text() }))
}
