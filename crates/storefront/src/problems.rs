//! What is answered where a page, or what it is made of, is not to be had.

use chassis::problem::Problem;
use http::StatusCode;

pub fn not_found() -> Problem {
    Problem::not_found("not_found", "there is nothing at this address; see /docs")
}

/// No copy of a service can be asked; nothing was sent.
pub fn away() -> Problem {
    Problem::unavailable("service_unavailable", "a part of the shop is away; try again in a moment")
}

/// A copy broke off in the middle.
pub fn broken() -> Problem {
    let detail = "a part of the shop broke off; what was asked may have happened";
    Problem::new(StatusCode::BAD_GATEWAY, "bad_gateway", detail)
}
