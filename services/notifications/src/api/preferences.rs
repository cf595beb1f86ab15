//! `/notifications/preferences`: what a user wants to hear.

use axum::extract::State;
use chassis::auth::Principal;
use chassis::extract::Json;
use chassis::problem::Result;

use crate::model::Preferences;
use crate::{App, store};

/// Get your notification preferences.
///
/// Messages about the account itself, such as password resets, are always sent.
#[utoipa::path(
    get, path = "/notifications/preferences", operation_id = "preferences.get", tag = "notifications",
    responses((status = 200, body = Preferences)),
    security(("bearer" = []))
)]
pub(crate) async fn get(State(app): State<App>, principal: Principal) -> Result<Json<Preferences>> {
    Ok(Json(store::preferences(&app.db, principal.id()).await?))
}

/// Replace your notification preferences.
///
/// Fields that are left out return to their defaults.
#[utoipa::path(
    put, path = "/notifications/preferences", operation_id = "preferences.replace", tag = "notifications",
    request_body = Preferences,
    responses(
        (status = 200, body = Preferences),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn replace(
    State(app): State<App>,
    principal: Principal,
    Json(preferences): Json<Preferences>,
) -> Result<Json<Preferences>> {
    store::set_preferences(&app.db, principal.id(), &preferences, app.clock.now()).await?;
    Ok(Json(preferences))
}
