//! Every problem the gateway itself answers with.

pub(crate) use chassis::auth::unauthenticated;
pub(crate) use chassis::extract::{body_too_large, body_unreadable};
pub(crate) use chassis::policy::forbidden;
use chassis::problem::{Problem, problem};
use http::StatusCode;

pub(crate) use storefront::problems::{away, broken, not_found};

/// The longest path with its query, in bytes.
pub(crate) const MAX_URI: usize = 8 * 1024;
/// The most all headers together may have, in bytes.
pub(crate) const MAX_HEADERS: usize = 32 * 1024;

/// The resource does not support this method. The header `Allow` lists those it supports.
#[problem(METHOD_NOT_ALLOWED)]
pub(crate) fn method_not_allowed() -> Problem {
    method_not_allowed::problem("this method is not supported here; see the header Allow")
}

/// The gateway failed. The panic is in the log.
#[problem(INTERNAL_SERVER_ERROR, code = "internal")]
pub(crate) fn panicked() -> Problem {
    panicked::problem("an internal error occurred")
}

/// The host of the request is malformed.
#[problem(BAD_REQUEST)]
pub(crate) fn malformed_host() -> Problem {
    malformed_host::problem("the host of the request is malformed")
}

/// The shop does not serve this host.
#[problem(MISDIRECTED_REQUEST)]
pub(crate) fn unknown_host() -> Problem {
    unknown_host::problem("this shop does not serve the host of the request")
}

/// The path is malformed.
#[problem(BAD_REQUEST)]
pub(crate) fn malformed_path(reason: &'static str) -> Problem {
    malformed_path::problem(reason)
}

/// The path and query are too long.
#[problem(URI_TOO_LONG)]
pub(crate) fn uri_too_long() -> Problem {
    uri_too_long::problem(format!("a path with its query may have at most {MAX_URI} bytes"))
}

/// The headers are too large.
#[problem(REQUEST_HEADER_FIELDS_TOO_LARGE)]
pub(crate) fn headers_too_large() -> Problem {
    headers_too_large::problem(format!("all headers together may have at most {MAX_HEADERS} bytes"))
}

/// There were too many requests. Try again after `Retry-After`.
#[problem(TOO_MANY_REQUESTS)]
pub(crate) fn rate_limited(seconds: u64) -> Problem {
    rate_limited::problem(format!("too many requests; try again in {seconds} s"))
        .with("retry_after", seconds)
}

/// The service did not answer in time. The request may still be carried out.
#[problem(GATEWAY_TIMEOUT, code = "gateway_timeout")]
pub(crate) fn timed_out() -> Problem {
    timed_out::problem("the service did not answer in time; the request may still be carried out")
}

/// The shop is starting or stopping.
#[problem(SERVICE_UNAVAILABLE)]
pub(crate) fn not_ready() -> Problem {
    not_ready::problem("the shop is starting or stopping")
}

/// For an error response without an explanation.
pub(crate) fn unexplained(status: StatusCode) -> Problem {
    let detail = status.canonical_reason().unwrap_or("the request failed");
    Problem::new(status, if status.is_server_error() { "internal" } else { "refused" }, detail)
}
