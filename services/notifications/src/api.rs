//! The public routes of notifications.

mod attachments;
mod history;
mod preferences;
mod providers;
mod send;
mod templates;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(send::email))
        .routes(routes!(send::sms))
        .routes(routes!(send::push))
        .routes(routes!(providers::list))
        .routes(routes!(history::list))
        .routes(routes!(history::get))
        .routes(routes!(history::retry))
        .routes(routes!(preferences::get, preferences::replace))
        .routes(routes!(templates::list))
        .routes(routes!(templates::get, templates::replace, templates::restore))
        .routes(routes!(templates::preview))
        .merge(chassis::webhooks::router(&["sendgrid", "twilio"]))
}
