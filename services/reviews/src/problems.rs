//! Every problem this service can return, one function each.

use chassis::problem::Problem;
use uuid::Uuid;

pub(crate) fn review_not_found(id: Uuid) -> Problem {
    Problem::not_found("review_not_found", format!("there is no review {id}"))
}

pub(crate) fn product_not_found(id: Uuid) -> Problem {
    Problem::not_found("product_not_found", format!("there is no product {id}"))
}

pub(crate) fn review_exists() -> Problem {
    let detail = "you have reviewed this product already; change that review instead";
    Problem::conflict("review_exists", detail)
}

/// Somebody else changed it between reading and writing.
pub(crate) fn review_changed() -> Problem {
    Problem::conflict("review_changed", "the review was changed at the same time; try again")
}

pub(crate) fn purchase_required() -> Problem {
    let detail = "only those who bought a product may review it";
    Problem::forbidden("purchase_required", detail)
}
