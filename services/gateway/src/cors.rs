//! Which other sites' pages may call the API from a browser.

use axum::body::Body;
use axum::response::Response;
use chassis::config::SettingError;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Uri};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const MAX_AGE: HeaderValue = HeaderValue::from_static("3600");
/// What a page may send.
const SENT: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, x-cart-token, \
     x-order-token, x-request-id",
);
/// What a page may read of an answer.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "etag, idempotent-replayed, location, ratelimit-limit, ratelimit-remaining, ratelimit-reset, \
     retry-after, x-cart-token, x-request-id",
);
const REQUEST_METHOD: HeaderName = header::ACCESS_CONTROL_REQUEST_METHOD;

#[derive(Clone, Debug)]
pub(crate) struct Cors {
    any: bool,
    origins: Vec<HeaderValue>,
}

/// The site a request came from, if it may read the answer.
#[derive(Clone, Debug)]
pub(crate) struct Origin(HeaderValue);

impl Cors {
    pub(crate) fn parse(origins: &[String]) -> Result<Self, SettingError> {
        let any = origins.iter().any(|it| it == "*");
        let origins = origins.iter().filter(|it| *it != "*").map(|origin| {
            let value = HeaderValue::from_str(origin).ok().filter(|_| is_origin(origin));
            value.ok_or_else(|| {
                let allowed = "origins like https://shop.example.com, or * for any";
                SettingError::new("gateway.cors_origins", format!("{origin:?}"), allowed)
            })
        });
        Ok(Self { any, origins: origins.collect::<Result<_, _>>()? })
    }

    fn is_on(&self) -> bool {
        self.any || !self.origins.is_empty()
    }

    /// The site a request came from, if it may read the answer.
    pub(crate) fn origin(&self, headers: &HeaderMap) -> Option<Origin> {
        if !self.is_on() {
            return None;
        }
        let origin = headers.get(header::ORIGIN)?;
        (self.any || self.origins.contains(origin)).then(|| Origin(origin.clone()))
    }

    /// The answer to a browser that asks before it sends the request itself.
    pub(crate) fn preflight(&self, request: &Request<Body>) -> Option<Response> {
        let asks = request.method() == Method::OPTIONS
            && self.is_on()
            && request.headers().contains_key(header::ORIGIN)
            && request.headers().contains_key(REQUEST_METHOD);
        if !asks {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if self.origin(request.headers()).is_some() {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, SENT);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        }
        Some(response)
    }

    /// Lets the site read the answer.
    pub(crate) fn allow(&self, origin: Option<Origin>, headers: &mut HeaderMap) {
        if !self.is_on() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(Origin(origin)) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// Exactly what a browser sends: scheme and host, nothing after.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let scheme = uri.scheme_str().is_some_and(|it| it == "https" || it == "http");
    scheme
        && uri.authority().is_some_and(|it| !it.as_str().contains('@'))
        && uri.path_and_query().is_none_or(|it| it.as_str() == "/")
        && !text.ends_with('/')
        && !text.bytes().any(|it| it.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_that_no_browser_sends_is_named() {
        for wrong in [
            "",
            "shop.example.com",
            "https://shop.example.com/",
            "https://shop.example.com/path",
            "https://Shop.example.com",
            "ftp://shop.example.com",
            "https://user@shop.example.com",
            "https://*.example.com x",
        ] {
            let error = Cors::parse(&[wrong.to_owned()]).unwrap_err();
            assert_eq!(error.setting, "gateway.cors_origins", "{error}");
        }
        let good = ["https://shop.example.com", "http://localhost:5173", "*"];
        assert!(Cors::parse(&good.map(str::to_owned)).is_ok());
    }
}
