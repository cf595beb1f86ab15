//! What every answer leaves with: an explanation if it is an error, and headers that tell a
//! browser not to be clever.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use chassis::extract::MAX_BODY;
use chassis::server::Secure;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body::Body as _;

use crate::compress::Coding;
use crate::cors::{Cors, Origin};
use crate::problems;

/// What the answer depends on when the request itself is gone.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) head: bool,
    pub(crate) coding: Option<Coding>,
    pub(crate) origin: Option<Origin>,
    /// Whether nobody could listen in.
    pub(crate) secure: bool,
}

impl Asked {
    pub(crate) fn of(request: &Request<Body>, cors: &Cors) -> Self {
        Self {
            head: request.method() == Method::HEAD,
            coding: Coding::accepted(request.headers()),
            origin: cors.origin(request.headers()),
            secure: request.extensions().get::<Secure>().is_some(),
        }
    }
}

/// Gives an error without a word the body every error has.
pub(crate) fn explain(response: Response, asked: &Asked) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || asked.head || response.body().size_hint().upper() != Some(0) {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => problems::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => problems::method_not_allowed(),
        StatusCode::PAYLOAD_TOO_LARGE => problems::body_too_large(MAX_BODY),
        status => problems::unexplained(status),
    };
    let mut explained = problem.into_response();
    let (parts, _) = response.into_parts();
    for (name, value) in &parts.headers {
        // `Allow` and the like stay; what describes the body is that of the new one.
        if ![header::CONTENT_LENGTH, header::CONTENT_TYPE].contains(name) {
            explained.headers_mut().insert(name, value.clone());
        }
    }
    explained
}

/// Adds the headers that keep a browser from guessing, framing and leaking.
pub(crate) fn secure(headers: &mut HeaderMap) {
    const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
    const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    const SAME: HeaderValue = HeaderValue::from_static("same-origin");
    const ANY: HeaderValue = HeaderValue::from_static("cross-origin");
    const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
    const DENY: HeaderValue = HeaderValue::from_static("DENY");
    const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
    const NOTHING: HeaderValue =
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.reserve(8);
    // Pictures of products are there to be shown on other sites' pages.
    let picture =
        headers.get(header::CONTENT_TYPE).is_some_and(|it| it.as_bytes().starts_with(b"image/"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::X_FRAME_OPTIONS, DENY);
    headers.insert(OPENER, SAME);
    headers.insert(RESOURCE, if picture { ANY } else { SAME });
    headers.entry(header::REFERRER_POLICY).or_insert(NO_REFERRER);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NOTHING);
}

/// What tells a browser to come over HTTPS only for so many seconds.
pub(crate) fn hsts(seconds: u64) -> Option<HeaderValue> {
    let value = HeaderValue::try_from(format!("max-age={seconds}")).ok()?;
    (seconds > 0).then_some(value)
}
