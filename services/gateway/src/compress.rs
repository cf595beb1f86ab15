//! Smaller answers for clients that understand them.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::Response;
use chassis::coding::Coding;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, StatusCode};
use http_body::Body as _;
use tower::ServiceExt;
use tower_http::CompressionLevel;
use tower_http::compression::Compression;

use crate::answer::ClientAccepts;

/// Below this many bytes it is not worth the work.
const MIN: u64 = 1024;
/// Good sizes at little cost, for both codings.
const LEVEL: CompressionLevel = CompressionLevel::Precise(4);

/// The coding for this answer, if any. Caches are told whenever it could have been another.
pub(crate) fn coding(response: &mut Response, asked: &ClientAccepts) -> Option<Coding> {
    if asked.head || !is_worth_it(response) {
        return None;
    }
    if asked.coding.is_none() {
        let accept = HeaderValue::from_static("accept-encoding");
        response.headers_mut().append(header::VARY, accept);
    }
    asked.coding
}

fn is_worth_it(response: &Response) -> bool {
    let headers = response.headers();
    if response.status() == StatusCode::PARTIAL_CONTENT
        || headers.contains_key(header::CONTENT_ENCODING)
        || response.body().size_hint().upper().is_some_and(|it| it <= MIN)
    {
        return false;
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim_end();
    match kind.split_once('/') {
        Some(("text", kind)) => kind != "event-stream",
        Some(("application", kind)) => {
            matches!(kind, "json" | "javascript" | "xml") || kind.ends_with("+json")
        }
        Some(("image", kind)) => kind == "svg+xml",
        _ => false,
    }
}

pub(crate) async fn compress(response: Response, coding: Coding) -> Response {
    let mut held = Some(response);
    let answer = tower::service_fn(move |_: Request<Body>| {
        std::future::ready(Ok::<_, Infallible>(held.take().unwrap_or_default()))
    });
    let compression =
        Compression::new(answer).quality(LEVEL).compress_when(|_, _, _: &_, _: &_| true);
    let mut request = Request::new(Body::empty());
    request.headers_mut().insert(header::ACCEPT_ENCODING, coding.name());
    let Ok(response) = compression.oneshot(request).await;
    let mut response = response.map(Body::new);
    weaken_etag(response.headers_mut());
    response
}

/// Other bytes, so not the same strong tag.
fn weaken_etag(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(header::ETAG) else { return };
    if !tag.as_bytes().starts_with(b"W/") {
        let weak = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat());
        if let Ok(weak) = weak {
            headers.insert(header::ETAG, weak);
        }
    }
}

/// Gives the services back the tags they made: weak ones are always ours.
pub(crate) fn restore_etags(headers: &mut HeaderMap) {
    const NAMES: [HeaderName; 2] = [header::IF_NONE_MATCH, header::IF_MATCH];
    for name in NAMES {
        let tags = headers.get(&name).and_then(|it| it.to_str().ok());
        let Some(tags) = tags.filter(|it| it.contains("W/\"")) else { continue };
        if let Ok(tags) = HeaderValue::from_str(&tags.replace("W/\"", "\"")) {
            headers.insert(name, tags);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coding_is_one_the_client_understands() {
        for (accept, coding) in [
            ("br", Some(Coding::Brotli)),
            ("gzip, deflate, br", Some(Coding::Brotli)),
            ("gzip;q=1.0, br;q=0.5", Some(Coding::Gzip)),
            ("br;q=0, gzip", Some(Coding::Gzip)),
            ("gzip ; q=0.1", Some(Coding::Gzip)),
            ("gzip;q=0", None),
            ("zstd, identity", None),
            ("gzip;q=much", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
            assert_eq!(Coding::accepted(&headers), coding, "{accept}");
        }
        assert_eq!(Coding::accepted(&HeaderMap::new()), None);
    }
}
