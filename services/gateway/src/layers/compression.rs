//! Compression of answers.

use axum::extract::Request;
use axum::response::Response;
use chassis::coding::Coding;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http_body::Body;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::Predicate;

use super::{Middleware, Refusal};

/// Smaller answers are not worth the work, in bytes.
const MIN: u64 = 1024;
/// A good ratio at low cost, for both codings.
const LEVEL: CompressionLevel = CompressionLevel::Precise(4);

/// Compresses answers with the coding that [`Negotiate`] has chosen.
pub(crate) fn compression() -> CompressionLayer<WorthIt> {
    CompressionLayer::new().quality(LEVEL).compress_when(WorthIt)
}

/// Whether compressing an answer pays off.
#[derive(Clone, Copy)]
pub(crate) struct WorthIt;

impl Predicate for WorthIt {
    fn should_compress<B: Body>(&self, response: &http::Response<B>) -> bool {
        let headers = response.headers();
        response.status() != StatusCode::PARTIAL_CONTENT
            && response.body().size_hint().upper().is_none_or(|it| it > MIN)
            && is_text(headers)
    }
}

fn is_text(headers: &HeaderMap) -> bool {
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

/// Chooses the content coding before anything else reads the request, and makes the ETags of
/// compressed answers weak.
///
/// If no coding fits, the answer is sent uncompressed. Without this the compression layer would answer
/// 406, even after an order was placed.
#[derive(Clone, Copy)]
pub(crate) struct Negotiate;

impl Middleware for Negotiate {
    type State = ();

    fn before(&self, request: &mut Request) -> Result<(), Refusal> {
        let headers = request.headers_mut();
        match Coding::accepted(headers) {
            Some(coding) => headers.insert(header::ACCEPT_ENCODING, coding.name()),
            None => headers.remove(header::ACCEPT_ENCODING),
        };
        restore_etags(headers);
        Ok(())
    }

    fn after(&self, (): (), response: &mut Response) {
        if response.headers().contains_key(header::CONTENT_ENCODING) {
            weaken_etag(response.headers_mut());
        }
    }
}

/// The bytes differ, so the strong tag no longer fits.
fn weaken_etag(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(header::ETAG) else { return };
    if !tag.as_bytes().starts_with(b"W/") {
        let weak = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat());
        if let Ok(weak) = weak {
            headers.insert(header::ETAG, weak);
        }
    }
}

/// Gives services the tags they made: weak ones are always from here.
fn restore_etags(headers: &mut HeaderMap) {
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
