//! The public API: `/auth` and `/users`.

mod addresses;
mod audit;
mod auth;
mod me;
mod recovery;
mod sessions;
mod users;

use serde::{Deserialize, Deserializer};
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

/// Tells a field that is null, which clears it, from one that is not there, which leaves it:
/// `#[serde(default, deserialize_with = "given")]`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
