//! What other services ask: `contracts::identity::Client` is the other end.

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use chassis::peers::{self, Callers};
use chassis::problem::Result;
use contracts::identity::{IssueToken, OneTimeToken, Trust};

use crate::{App, recovery, trust};

/// Who sends one-time tokens to those they are for. Whoever has one can take over an account, so a
/// process that does not say what it is gets none: the mail is tried again until it is upgraded.
const SENDERS: Callers = Callers { services: &["notifications"], unnamed: false };

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/internal/trust", get(show_trust))
        .route(
            "/internal/one-time-tokens",
            post(issue).layer(from_fn_with_state(SENDERS, peers::only)),
        )
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
    Ok(Json(OneTimeToken { token: token.into_text().into() }))
}
