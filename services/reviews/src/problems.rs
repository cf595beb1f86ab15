//! Every problem this service can return, one function each.

use chassis::problem::{Problem, problem};
use uuid::Uuid;

/// The review does not exist, or is not public and the caller is neither its author nor a moderator.
#[problem(NOT_FOUND)]
pub(crate) fn review_not_found(id: Uuid) -> Problem {
    review_not_found::problem(format!("there is no review {id}"))
}

/// The product does not exist.
#[problem(NOT_FOUND)]
pub(crate) fn product_not_found(id: Uuid) -> Problem {
    product_not_found::problem(format!("there is no product {id}"))
}

/// The caller has already reviewed this product. Update that review instead.
#[problem(CONFLICT)]
pub(crate) fn review_exists() -> Problem {
    review_exists::problem("you have already reviewed this product; update that review instead")
}

/// Another request changed the review at the same time. Read it again and retry.
#[problem(CONFLICT)]
pub(crate) fn review_changed() -> Problem {
    review_changed::problem(
        "another request changed the review at the same time; read it again and retry",
    )
}

/// Only customers who bought the product may review it, if the shop is set up so.
#[problem(FORBIDDEN)]
pub(crate) fn purchase_required() -> Problem {
    purchase_required::problem("only customers who bought this product may review it")
}
