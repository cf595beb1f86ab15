//! Several writes in one request: `/products/bulk`, `/variants/bulk` and `/inventory/bulk`. Each item
//! is written as if it had been sent alone, in a transaction of its own or with others of its
//! product, and has an outcome of its own.

mod inventory;
mod products;
mod variants;

use chassis::problem::{FieldError, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{App, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(products::bulk_products))
        .routes(routes!(variants::bulk_variants))
        .routes(routes!(inventory::bulk_inventory))
}

/// Refuses a row that is meant for another version.
fn expect(if_version: Option<i64>, version: i64) -> Result<()> {
    match if_version {
        Some(seen) if seen != version => Err(problems::version_changed(version)),
        _ => Ok(()),
    }
}

/// An item that says too little or too much, whatever the shop has.
fn wrong(at: usize, field: &str, detail: &str) -> FieldError {
    FieldError { field: format!("items[{at}].{field}"), detail: detail.to_owned() }
}
