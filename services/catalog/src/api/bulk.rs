//! Several writes in one request: `/products/bulk`, `/variants/bulk` and `/inventory/bulk`. Each item
//! is written as if it had been sent alone, in a transaction of its own or with others of its
//! product, and has an outcome of its own.

mod inventory;
mod products;
mod variants;

use chassis::if_match::{self, IfMatch, Versioned};
use chassis::problem::{FieldError, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(products::bulk_products))
        .routes(routes!(variants::bulk_variants))
        .routes(routes!(inventory::bulk_inventory))
}

/// Refuses a row that is meant for another version.
fn check_version(if_version: Option<i64>, now: &impl Versioned) -> Result<()> {
    let seen = if_version.map(|it| IfMatch::Tags(vec![it.to_string()]));
    if_match::check(seen.as_ref(), now)
}

/// An item that says too little or too much, whatever the shop has.
fn wrong(at: usize, field: &str, detail: &str) -> FieldError {
    FieldError { field: format!("items[{at}].{field}"), detail: detail.to_owned() }
}
