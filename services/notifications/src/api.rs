//! The public routes of notifications.

mod attachments;
mod devices;
mod history;
mod preferences;
mod providers;
mod send;
mod stats;
mod suppressions;
mod templates;
mod unsubscribe;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

/// SendGrid sends events in lists of up to 768 kB; what is refused is lost after a day.
const MAX_SENDGRID_WEBHOOK: usize = 1024 * 1024;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(send::email))
        .routes(routes!(send::sms))
        .routes(routes!(send::push))
        .routes(routes!(devices::list, devices::create))
        .routes(routes!(devices::delete))
        .routes(routes!(providers::list))
        .routes(routes!(suppressions::list))
        .routes(routes!(suppressions::delete))
        .routes(routes!(unsubscribe::get, unsubscribe::create))
        .routes(routes!(history::list))
        .routes(routes!(stats::get))
        .routes(routes!(history::get))
        .routes(routes!(history::retry))
        .routes(routes!(preferences::get, preferences::replace))
        .routes(routes!(templates::list))
        .routes(routes!(templates::get, templates::replace, templates::restore))
        .routes(routes!(templates::preview))
        .routes(routes!(templates::test))
        .merge(chassis::webhooks::router(&["twilio"]))
        .merge(chassis::webhooks::router_up_to(MAX_SENDGRID_WEBHOOK, &["sendgrid"]))
}
