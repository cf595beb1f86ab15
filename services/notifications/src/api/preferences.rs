//! `/notifications/preferences`: what a user wants to hear.

use axum::extract::State;
use chassis::auth::Principal;
use chassis::extract::Json;
use chassis::if_match::{self, IfMatch, Tagged};
use chassis::problem::Result;

use crate::model::{Channel, Preferences, Topic};
use crate::{App, store};

/// Get your notification preferences.
///
/// The `ETag` is their version, 0 for the defaults.
///
/// Messages about the account itself, such as password resets, are always sent.
#[utoipa::path(
    get, path = "/notifications/preferences", operation_id = "preferences.get", tag = "notifications",
    responses((status = 200, body = Preferences,
         headers(("ETag" = String, description = "The version.")))),
    security(("bearer" = []))
)]
pub(crate) async fn get(
    State(app): State<App>,
    principal: Principal,
) -> Result<Tagged<Preferences>> {
    let kept = store::kept_preferences(&app.db, principal.id()).await?;
    let kept = kept.map(|it| (it.version, it.settings.0)).unwrap_or_default();
    Ok(Tagged(kept.0, kept.1))
}

/// Replace your notification preferences.
///
/// Fields that are left out return to their defaults. Turning on `marketing` also ends an earlier
/// unsubscription by the link of a message to your account.
#[utoipa::path(
    put, path = "/notifications/preferences", operation_id = "preferences.replace", tag = "notifications",
    params(IfMatch),
    request_body = Preferences,
    responses(
        (status = 200, body = Preferences,
         headers(("ETag" = String, description = "The version."))),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn replace(
    State(app): State<App>,
    principal: Principal,
    seen: Option<IfMatch>,
    Json(preferences): Json<Preferences>,
) -> Result<Tagged<Preferences>> {
    let (user, now) = (principal.id(), app.clock.now());
    let mut tx = app.db.begin().await?;
    let kept = store::lock_preferences(&mut tx, user, now).await?;
    if_match::check(seen.as_ref(), &kept)?;
    let version = store::set_preferences(&mut tx, user, &preferences, now).await?;
    for channel in Channel::ALL {
        if preferences.allow(channel, Topic::Marketing) {
            store::resubscribe(&mut tx, user, channel).await?;
        }
    }
    tx.commit().await?;
    Ok(Tagged(version, preferences))
}
