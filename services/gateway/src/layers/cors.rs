//! CORS: which other sites' pages may call the API from a browser.

use std::time::Duration;

use chassis::config::SettingError;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Uri};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::request_id::X_REQUEST_ID;

const MAX_AGE: Duration = Duration::from_hours(1);
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// The headers a page may send.
const REQUEST_HEADERS: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("idempotency-key"),
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("x-cart-token"),
    HeaderName::from_static("x-order-key"),
    HeaderName::from_static("x-order-token"),
    X_REQUEST_ID,
];
/// The headers of an answer that a page may read.
const RESPONSE_HEADERS: [HeaderName; 9] = [
    header::ETAG,
    HeaderName::from_static("idempotent-replayed"),
    header::LOCATION,
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
    header::RETRY_AFTER,
    HeaderName::from_static("x-cart-token"),
    X_REQUEST_ID,
];

/// None if no other site may.
pub(crate) fn cors(origins: &[String]) -> Result<Option<CorsLayer>, SettingError> {
    let mut named = Vec::new();
    for origin in origins.iter().filter(|it| *it != "*") {
        let value = HeaderValue::from_str(origin).ok().filter(|_| is_origin(origin));
        named.push(value.ok_or_else(|| {
            let allowed = "origins like https://shop.example.com, or * for any";
            SettingError::new("gateway.cors_origins", format!("{origin:?}"), allowed)
        })?);
    }
    let any = origins.len() > named.len();
    let allowed = if any { AllowOrigin::any() } else { AllowOrigin::list(named) };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods(METHODS)
        .allow_headers(REQUEST_HEADERS)
        .expose_headers(RESPONSE_HEADERS)
        .max_age(MAX_AGE)
        .vary([header::ORIGIN]);
    Ok((!origins.is_empty()).then_some(layer))
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
            let error = cors(&[wrong.to_owned()]).unwrap_err();
            assert_eq!(error.setting, "gateway.cors_origins", "{error}");
        }
        let good = ["https://shop.example.com", "http://localhost:5173", "*"];
        assert!(cors(&good.map(str::to_owned)).is_ok_and(|it| it.is_some()));
        assert!(cors(&[]).is_ok_and(|it| it.is_none()));
    }
}
