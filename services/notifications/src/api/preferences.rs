//! `/notifications/preferences`: what a user wants to hear.

use axum::extract::State;
use chassis::auth::Principal;
use chassis::extract::Json;
use chassis::problem::Result;

use crate::model::{Channel, Preferences, Topic};
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
/// Fields that are left out return to their defaults. Turning on `marketing` also ends an earlier
/// unsubscription by the link of a message to your account.
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
    let user = principal.id();
    let mut tx = app.db.begin().await?;
    store::set_preferences(&mut tx, user, &preferences, app.clock.now()).await?;
    for channel in Channel::ALL {
        if preferences.allow(channel, Topic::Marketing) {
            store::resubscribe(&mut tx, user, channel).await?;
        }
    }
    tx.commit().await?;
    Ok(Json(preferences))
}
