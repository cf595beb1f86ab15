//! Every problem the gateway itself answers with.

use chassis::problem::Problem;
use http::StatusCode;

pub(crate) use storefront::problems::{away, broken, not_found};

/// The longest path with its query, in bytes.
pub(crate) const MAX_URI: usize = 8 * 1024;
/// The most all headers together may have, in bytes.
pub(crate) const MAX_HEADERS: usize = 32 * 1024;

pub(crate) fn method_not_allowed() -> Problem {
    let detail = "this method is not possible here; the header Allow lists what is";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

/// The gateway itself has failed. The panic is in the log.
pub(crate) fn panicked() -> Problem {
    let detail = "an internal error occurred";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
}

pub(crate) fn malformed_host() -> Problem {
    Problem::bad_request("malformed_host", "the host that was asked for cannot be read")
}

/// The connection leads here, but the name does not.
pub(crate) fn unknown_host() -> Problem {
    let detail = "this shop does not answer to the host that was asked for";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "unknown_host", detail)
}

pub(crate) fn malformed_path(reason: &'static str) -> Problem {
    Problem::bad_request("malformed_path", reason)
}

pub(crate) fn uri_too_long() -> Problem {
    let detail = format!("a path with its query may have at most {MAX_URI} bytes");
    Problem::new(StatusCode::URI_TOO_LONG, "uri_too_long", detail)
}

pub(crate) fn headers_too_large() -> Problem {
    let detail = format!("all headers together may have at most {MAX_HEADERS} bytes");
    Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", detail)
}

pub(crate) fn body_too_large(limit: usize) -> Problem {
    let detail = format!("a body may have at most {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

/// The client broke off, was too slow or sent something malformed.
pub(crate) fn body_unreadable() -> Problem {
    Problem::bad_request("body_unreadable", "the body could not be read to its end")
}

pub(crate) fn rate_limited(seconds: u64) -> Problem {
    let detail = format!("too many requests; try again in {seconds} s");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).with("retry_after", seconds)
}

/// The route is for users only.
pub(crate) fn unauthenticated() -> Problem {
    Problem::unauthenticated("unauthenticated", "log in and send `Authorization: Bearer TOKEN`")
}

/// The route is for users with another permission.
pub(crate) fn forbidden(permission: &str) -> Problem {
    let detail = format!("this needs the permission {permission}");
    Problem::forbidden("forbidden", detail).with("permission", permission)
}

pub(crate) fn timed_out() -> Problem {
    let detail = "the service did not answer in time; what was asked may still happen";
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "gateway_timeout", detail)
}

/// For an error that came without a word of explanation.
pub(crate) fn unexplained(status: StatusCode) -> Problem {
    let detail = status.canonical_reason().unwrap_or("the request failed");
    Problem::new(status, if status.is_server_error() { "internal" } else { "refused" }, detail)
}
