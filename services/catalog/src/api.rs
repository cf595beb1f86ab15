//! The public routes. Reading needs no token, except for what is not for sale; writing needs the
//! permission `catalog:write`.

mod addresses;
mod bulk;
mod categories;
mod edit;
mod figures;
mod holds;
mod images;
mod imports;
mod inventory;
mod list;
mod media;
mod near;
mod product;
mod read;
mod stock;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(read::router())
        .merge(near::router())
        .merge(addresses::router())
        .merge(edit::router())
        .merge(bulk::router())
        .merge(images::router())
        .merge(imports::router())
        .merge(categories::router())
        .merge(inventory::router())
        .merge(holds::router())
        .merge(stock::router())
        .merge(media::router())
}
