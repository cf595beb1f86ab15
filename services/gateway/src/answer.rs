//! What every answer leaves with: an explanation if it is an error, and headers that tell a
//! browser not to be clever.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use chassis::coding::Coding;
use chassis::extract::MAX_BODY;
use chassis::policy;
use chassis::site::Secure;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body::Body as _;

use crate::cors::{Cors, Origin};
use crate::problems;

/// What the answer depends on when the request itself is gone.
#[derive(Debug)]
pub(crate) struct ClientAccepts {
    pub(crate) head: bool,
    pub(crate) coding: Option<Coding>,
    pub(crate) origin: Option<Origin>,
    /// Whether nobody could listen in.
    pub(crate) secure: bool,
}

impl ClientAccepts {
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
pub(crate) fn explain(response: Response, asked: &ClientAccepts) -> Response {
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

/// Keeps caches from answers that are somebody's own, and from errors: they may depend on who asks,
/// as where too much was asked, and pass. What a service says of its answers stays.
pub(crate) fn keep_private(response: &mut Response, somebodys: bool) {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    if somebodys {
        headers.remove(header::CACHE_CONTROL);
    }
    if somebodys || (is_error && !headers.contains_key(header::CACHE_CONTROL)) {
        policy::keep_private(headers, policy::AUTHORIZATION);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_somebodys_and_what_went_wrong_is_kept_by_nobody() {
        const NOBODY: Option<&str> = Some("private, no-store");
        for (status, said, somebodys, kept) in [
            (200, None, false, None),
            (200, Some("public, max-age=60"), false, Some("public, max-age=60")),
            (304, Some("no-cache"), false, Some("no-cache")),
            (200, None, true, NOBODY),
            (200, Some("public, max-age=60"), true, NOBODY),
            (404, None, false, NOBODY),
            (429, None, false, NOBODY),
            (404, Some("no-cache"), false, Some("no-cache")),
            (503, None, true, NOBODY),
        ] {
            let mut response = StatusCode::from_u16(status).unwrap().into_response();
            if let Some(said) = said {
                let said = HeaderValue::from_static(said);
                response.headers_mut().insert(header::CACHE_CONTROL, said);
            }
            keep_private(&mut response, somebodys);
            let headers = response.headers();
            let found = headers.get(header::CACHE_CONTROL).map(|it| it.to_str().unwrap());
            assert_eq!(found, kept, "{status} {said:?} {somebodys}");
            assert_eq!(headers.contains_key(header::VARY), kept == NOBODY);
        }
    }
}
