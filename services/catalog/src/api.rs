//! The public routes. Reading needs no token, except for what is not for sale; writing needs the
//! permission `catalog:write`.

mod addresses;
mod bulk;
mod categories;
mod edit;
mod exports;
mod figures;
mod holds;
mod images;
mod imports;
mod inventory;
mod list;
mod media;
mod merge;
mod near;
mod patch;
mod product;
mod read;
mod stock;
mod variants;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(read::router())
        .merge(near::router())
        .merge(addresses::router())
        .merge(edit::router())
        .merge(variants::router())
        .merge(bulk::router())
        .merge(images::router())
        .merge(imports::router())
        .merge(exports::router())
        .merge(categories::router())
        .merge(inventory::router())
        .merge(holds::router())
        .merge(stock::router())
        .merge(media::router())
}
