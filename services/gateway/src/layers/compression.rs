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
/// compressed answers weak: `"7"` becomes `W/"7-gzip"`. The coding says that it was done here, so a
/// request that names such a tag is for `"7"`, and no other weak tag ever becomes a strong one.
///
/// If no coding fits, the answer is sent uncompressed. Without this the compression layer would answer
/// 406, even after an order was placed.
#[derive(Clone, Copy)]
pub(crate) struct Negotiate;

/// The tags of a request that were restored, as the client sent them.
#[derive(Debug, Default)]
pub(crate) struct Restored(Vec<HeaderValue>);

impl Middleware for Negotiate {
    type State = Restored;

    fn before(&self, request: &mut Request) -> Result<Restored, Refusal> {
        let headers = request.headers_mut();
        match Coding::accepted(headers) {
            Some(coding) => headers.insert(header::ACCEPT_ENCODING, coding.name()),
            None => headers.remove(header::ACCEPT_ENCODING),
        };
        restore(headers, header::IF_MATCH);
        Ok(restore(headers, header::IF_NONE_MATCH))
    }

    fn after(&self, restored: Restored, response: &mut Response) {
        let status = response.status();
        let headers = response.headers_mut();
        let Some(tag) = headers.get(header::ETAG) else { return };
        let tag = if status == StatusCode::NOT_MODIFIED {
            // It is about what the client has: the smaller one.
            restored
                .0
                .into_iter()
                .find(|it| strong(it.as_bytes()).as_deref() == Some(tag.as_bytes()))
        } else {
            headers.get(header::CONTENT_ENCODING).and_then(|coding| weak(tag, coding))
        };
        if let Some(tag) = tag {
            headers.insert(header::ETAG, tag);
        }
    }
}

/// The tag of an answer once it is compressed: the bytes differ, so the strong one no longer fits.
/// None where it is weak already, or the coding is not one of ours.
fn weak(tag: &HeaderValue, coding: &HeaderValue) -> Option<HeaderValue> {
    let opaque = tag.as_bytes().strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let ours = CODINGS.iter().any(|it| it.name() == coding);
    let weak = [b"W/\"", opaque, b"-", coding.as_bytes(), b"\""].concat();
    HeaderValue::from_bytes(&weak).ok().filter(|_| ours)
}

/// The tag that [`weak`] was made of; none if it was not made here.
fn strong(weak: &[u8]) -> Option<Vec<u8>> {
    let opaque = weak.strip_prefix(b"W/\"")?.strip_suffix(b"\"")?;
    let coded = CODINGS
        .iter()
        .find_map(|it| opaque.strip_suffix(it.name().as_bytes())?.strip_suffix(b"-"))?;
    Some([b"\"", coded, b"\""].concat())
}

const CODINGS: [Coding; 2] = [Coding::Brotli, Coding::Gzip];

/// Gives services back the tags they made, in all lines of a header. Returns those that were not
/// theirs.
fn restore(headers: &mut HeaderMap, name: HeaderName) -> Restored {
    let mut restored = Restored::default();
    let lines = headers.get_all(&name).iter().map(|it| restored.in_line(it));
    let lines: Vec<HeaderValue> = lines.collect();
    if !restored.0.is_empty() {
        headers.remove(&name);
        for line in lines {
            headers.append(&name, line);
        }
    }
    restored
}

impl Restored {
    /// A line of tags, with those that were made here restored. What is no tag stays as it is: the
    /// service refuses it.
    fn in_line(&mut self, line: &HeaderValue) -> HeaderValue {
        let (mut rest, mut written) = (line.as_bytes(), Vec::with_capacity(line.len()));
        let quote = |it: &[u8]| it.iter().position(|it| *it == b'"');
        while let Some(open) = quote(rest)
            && let Some(length) = quote(&rest[open + 1..])
        {
            let start = if rest[..open].ends_with(b"W/") { open - 2 } else { open };
            let (before, tag) = rest.split_at(start);
            let (tag, after) = tag.split_at(open - start + length + 2);
            written.extend(before);
            match strong(tag) {
                Some(it) => {
                    self.0.extend(HeaderValue::from_bytes(tag));
                    written.extend(it);
                }
                None => written.extend(tag),
            }
            rest = after;
        }
        written.extend(rest);
        HeaderValue::from_bytes(&written).unwrap_or_else(|_| line.clone())
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

    #[test]
    fn only_a_tag_that_was_weakened_here_is_restored() {
        for (sent, restored) in [
            ("W/\"7-gzip\"", "\"7\""),
            ("W/\"7-br\"", "\"7\""),
            ("\"7\"", "\"7\""),
            ("\"7-gzip\"", "\"7-gzip\""),
            ("W/\"7\"", "W/\"7\""),
            ("W/\"7-zstd\"", "W/\"7-zstd\""),
            ("W/\"7-gzip-gzip\"", "\"7-gzip\""),
            ("*", "*"),
            ("W/\"6\", W/\"7-gzip\" ,\"8\"", "W/\"6\", \"7\" ,\"8\""),
            ("\"a, W/\", W/\"a,b-br\"", "\"a, W/\", \"a,b\""),
            ("W/\"7-gzip", "W/\"7-gzip"),
            ("W/7-gzip", "W/7-gzip"),
            ("", ""),
        ] {
            for name in [header::IF_MATCH, header::IF_NONE_MATCH] {
                let mut headers = HeaderMap::new();
                headers.append(&name, HeaderValue::from_static("W/\"x\""));
                headers.append(&name, HeaderValue::from_static(sent));
                restore(&mut headers, name.clone());
                let lines: Vec<_> = headers.get_all(&name).iter().collect();
                assert_eq!(lines, ["W/\"x\"", restored], "{sent}");
            }
        }
    }

    #[test]
    fn a_tag_is_weakened_once_and_comes_back_as_it_was() {
        for (tag, coding, sent) in [
            ("\"7\"", "gzip", Some("W/\"7-gzip\"")),
            ("\"7\"", "br", Some("W/\"7-br\"")),
            ("\"7-br\"", "br", Some("W/\"7-br-br\"")),
            ("W/\"7\"", "gzip", None),
            ("\"7\"", "zstd", None),
        ] {
            let weakened = weak(&HeaderValue::from_static(tag), &HeaderValue::from_static(coding));
            assert_eq!(weakened.as_ref().map(|it| it.to_str().unwrap()), sent, "{tag}");
            if let Some(it) = weakened {
                assert_eq!(strong(it.as_bytes()).unwrap(), tag.as_bytes());
            }
        }
    }
}
