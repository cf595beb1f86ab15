//! The head of a request: what is refused in it, and what is taken out of it.

use axum::body::Body;
use chassis::headers;
use chassis::problem::{Problem, Result};
use http::header::{self, HeaderMap, HeaderName};
use http::uri::PathAndQuery;
use http::{Request, Uri};

use crate::problems::{self, MAX_HEADERS, MAX_URI};

/// Refuses a head no service should see.
pub(crate) fn check(request: &Request<Body>) -> Result<()> {
    let uri = request.uri();
    let length = uri.path().len() + uri.query().map_or(0, |it| it.len() + 1);
    if length > MAX_URI {
        return Err(problems::uri_too_long());
    }
    let headers = request.headers();
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > MAX_HEADERS {
        return Err(problems::headers_too_large());
    }
    check_path(uri.path())
}

/// Refuses a body that says itself that it is too large.
pub(crate) fn check_length(headers: &HeaderMap, limit: usize) -> Result<()> {
    let Some(length) = headers.get(header::CONTENT_LENGTH) else { return Ok(()) };
    // hyper has made sure that it is a number, if perhaps an enormous one.
    let length = length.to_str().ok().and_then(|it| it.parse().ok()).unwrap_or(u64::MAX);
    if length > limit as u64 { Err(problems::body_too_large(limit)) } else { Ok(()) }
}

fn check_path(path: &str) -> Result<()> {
    if !path.contains('%') {
        return Ok(());
    }
    let malformed = |reason| Err::<(), Problem>(problems::malformed_path(reason));
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|it| char::from(it).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => decoded.push((high * 16 + low) as u8),
            _ => return malformed("a % in the path is not followed by two hexadecimal digits"),
        }
    }
    if decoded.contains(&0) {
        return malformed("the path contains a NUL");
    }
    match std::str::from_utf8(&decoded) {
        Ok(_) => Ok(()),
        Err(_) => malformed("the path is not UTF-8"),
    }
}

/// Takes out what belongs to one connection, what only proxies in front may say, and whatever
/// claims to tell who is asking. What `Connection` names goes first, so that a client cannot name
/// what is added later.
pub(crate) fn clean(headers: &mut HeaderMap) {
    if !headers.keys().any(headers::is_internal) {
        return;
    }
    let named = named(headers);
    let dropped: Vec<HeaderName> =
        headers.keys().filter(|it| headers::is_internal(it)).cloned().collect();
    for name in named.iter().chain(&dropped) {
        headers.remove(name);
    }
}

/// Takes out of an answer what belongs to the connection to the service.
pub(crate) fn clean_answer(headers: &mut HeaderMap) {
    const HOPS: [HeaderName; 9] = [
        header::CONNECTION,
        HeaderName::from_static("keep-alive"),
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        HeaderName::from_static("proxy-connection"),
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    if headers.contains_key(header::CONNECTION) {
        for name in named(headers) {
            headers.remove(name);
        }
    }
    for name in HOPS {
        headers.remove(name);
    }
}

/// What `Connection` names.
fn named(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .filter_map(|it| it.trim().parse().ok())
        .collect()
}

/// The same address with another path.
pub(crate) fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    with_path_and_query(uri, &text)
}

/// The same address with another path and query.
pub(crate) fn with_path_and_query(uri: &Uri, text: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn a_path_must_be_text() {
        for path in ["/a%00", "/%", "/%4", "/%zz", "/%ff", "/%c3%28", "/%ed%a0%80"] {
            assert_eq!(check_path(path).unwrap_err().code, "malformed_path", "{path}");
        }
        for path in ["/", "/a%20b", "/%C3%A4", "/%2e%2E", "/%F0%9F%9B%92"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_length_must_be_small() {
        for length in ["1048577", "99999999999999999999999"] {
            let it = headers(&[("content-length", length)]);
            assert_eq!(check_length(&it, 1_048_576).unwrap_err().code, "body_too_large");
        }
        let it = headers(&[("content-length", "1048576")]);
        assert!(check_length(&it, 1_048_576).is_ok());
    }

    #[test]
    fn what_a_client_may_not_say_is_not_passed_on() {
        let mut it = headers(&[
            ("connection", "close, X-Named, x-request-id"),
            ("x-named", "1"),
            ("x-request-id", "mine"),
            ("te", "trailers"),
            ("x-user-id", "1"),
            ("x-userid", "1"),
            ("x-roles", "admin"),
            ("x-role", "admin"),
            ("x-forwarded-for", "1.2.3.4"),
            ("forwarded", "for=1.2.3.4"),
            ("remote-user", "root"),
            ("proxy-authorization", "Basic x"),
            ("x-cart-token", "kept"),
            ("x-order-token", "kept"),
            ("authorization", "Bearer kept"),
            ("content-type", "kept"),
            ("idempotency-key", "kept"),
        ]);
        clean(&mut it);
        let mut names: Vec<&str> = it.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["authorization", "content-type", "idempotency-key", "x-cart-token", "x-order-token"]
        );
    }

    #[test]
    fn what_belongs_to_the_connection_to_a_service_is_not_passed_back() {
        let mut it = headers(&[
            ("connection", "close, x-secret"),
            ("x-secret", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("proxy-authenticate", "Basic"),
            ("content-type", "kept"),
        ]);
        clean_answer(&mut it);
        let names: Vec<&str> = it.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["content-type"]);
    }
}
