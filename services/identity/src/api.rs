//! The public API: `/auth` and `/users`.

mod addresses;
mod audit;
mod auth;
mod me;
mod recovery;
mod sessions;
mod users;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(auth::router())
        .merge(recovery::router())
        .merge(me::router())
        .merge(sessions::router())
        .merge(addresses::router())
        .merge(users::router())
        .merge(audit::router())
}
