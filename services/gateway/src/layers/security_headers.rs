//! Headers that keep a browser from guessing, framing and leaking.

use axum::extract::Request;
use axum::response::Response;
use chassis::forwarded::Secure;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{Middleware, Refusal};

#[derive(Clone)]
pub(crate) struct SecurityHeaders {
    /// The value of `Strict-Transport-Security`, for clients that came over HTTPS.
    hsts: Option<HeaderValue>,
}

impl SecurityHeaders {
    /// How long browsers must use HTTPS only; 0 sends no such header.
    pub(crate) fn new(hsts_seconds: u64) -> Self {
        let value = HeaderValue::try_from(format!("max-age={hsts_seconds}")).ok();
        Self { hsts: value.filter(|_| hsts_seconds > 0) }
    }
}

impl Middleware for SecurityHeaders {
    /// Whether the client came over HTTPS.
    type State = bool;

    fn before(&self, request: &mut Request) -> Result<bool, Refusal> {
        Ok(request.extensions().get::<Secure>().is_some())
    }

    fn after(&self, secure: bool, response: &mut Response) {
        let headers = response.headers_mut();
        write(headers);
        if let Some(hsts) = self.hsts.as_ref().filter(|_| secure) {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
    }
}

pub(crate) fn write(headers: &mut HeaderMap) {
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
    // Pages on which customers pay talk to windows that they open.
    headers.entry(OPENER).or_insert(SAME);
    headers.insert(RESOURCE, if picture { ANY } else { SAME });
    headers.entry(header::REFERRER_POLICY).or_insert(NO_REFERRER);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NOTHING);
}
