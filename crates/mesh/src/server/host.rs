//! Which host a request is for. One that can be read in two ways, or in none, is refused, so that
//! nothing in front of the shop and nothing in it can see another name.

use std::net::Ipv6Addr;

use axum::body::Body;
use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderValue, Request, Version, header};
use chassis::problem::{Problem, Result};

/// The longest name there can be (RFC 1035).
const MAX_NAME: usize = 253;

/// Refuses a request that does not name exactly one well-formed host (RFC 9112 3.2, RFC 9113
/// 8.3.1), and one of HTTP/2 that says its length more than once, which h2 does not look at.
pub(super) fn check(request: &Request<Body>) -> Result<()> {
    let headers = request.headers();
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(malformed("the request has more than one Host"));
    }
    let host = host.map(HeaderValue::as_bytes);
    if host.is_some_and(|it| !is_host(it)) {
        return Err(malformed("Host must be a name or an address, with a port or without"));
    }
    let authority = request.uri().authority();
    if authority.is_some_and(|it| !is_host(it.as_str().as_bytes())) {
        return Err(malformed("the host in the address must be a name or an address"));
    }
    match (request.version(), authority, host) {
        (Version::HTTP_2, None, _) => Err(malformed("the request has no :authority")),
        (Version::HTTP_11, _, None) => Err(malformed("the request has no Host")),
        // In HTTP/1 the address goes before it (RFC 9112 3.2.2).
        (Version::HTTP_2, Some(authority), Some(host))
            if !is_same(request.uri(), authority, host) =>
        {
            Err(malformed("Host names another host than the address of the request"))
        }
        (Version::HTTP_2, ..) if headers.get_all(header::CONTENT_LENGTH).iter().count() > 1 => {
            Err(Problem::bad_request("malformed_length", "the request has more than one length"))
        }
        _ => Ok(()),
    }
}

fn malformed(detail: &'static str) -> Problem {
    Problem::bad_request("malformed_host", detail)
}

/// Whether this is a name, an IPv4 address or an IPv6 address in brackets; with a port or without.
fn is_host(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let (host, port) = match text.rfind(':').filter(|_| !text.ends_with(']')) {
        Some(colon) => (&text[..colon], &text[colon + 1..]),
        None => (text, "0"),
    };
    let is_port = port.bytes().all(|it| it.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let is_name = || {
        let known = |it: u8| it.is_ascii_alphanumeric() || b"-._~".contains(&it);
        (1..=MAX_NAME).contains(&host.len()) && host.bytes().all(known)
    };
    is_port && bare.map_or_else(is_name, |it| it.parse::<Ipv6Addr>().is_ok())
}

/// Whether `Host` names what the address does; a port may be left out where it is the scheme's own.
fn is_same(uri: &Uri, authority: &Authority, host: &[u8]) -> bool {
    let Ok(host) = Authority::try_from(host) else { return false };
    let own = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let port = |it: &Authority| it.port_u16().unwrap_or(own);
    host.host().eq_ignore_ascii_case(authority.host()) && port(&host) == port(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for host in [
            "a",
            "shop.example.com",
            "SHOP.example.com.:8443",
            "my_service:80",
            "127.0.0.1:65535",
            "[::1]",
            "[2001:db8::1]:443",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        let long = "a".repeat(254);
        for host in [
            "",
            ":80",
            "a:",
            "a:b",
            "a:+80",
            "a:65536",
            "a:80:80",
            "a b",
            "a/b",
            "a@b",
            "a\"><script>",
            "a,b",
            "a%00",
            "m\u{fc}ller.de",
            "::1",
            "[::1",
            "[a]",
            "[::1]a",
            "[::1]:",
            &long,
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }

    fn refusal(version: Version, uri: &str, headers: &[(&str, &str)]) -> Option<String> {
        let mut request = Request::builder().version(version).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(Body::empty()).unwrap()).err().map(|it| it.code.to_string())
    }

    #[test]
    fn a_request_names_one_host() {
        let (one, two) = (Version::HTTP_11, Version::HTTP_2);
        for (version, uri, headers) in [
            (Version::HTTP_10, "/", &[][..]),
            (one, "/", &[("host", "a")][..]),
            (one, "http://a/", &[("host", "A:80")]),
            (one, "http://a/", &[("host", "b")]),
            (one, "a:443", &[("host", "a:443")]),
            (two, "https://a/", &[]),
            (two, "https://a/", &[("host", "a:443")]),
            (two, "https://a/", &[("content-length", "1")]),
        ] {
            assert_eq!(refusal(version, uri, headers), None, "{version:?} {uri} {headers:?}");
        }
        let host = Some("malformed_host".to_owned());
        for (version, uri, headers) in [
            (one, "/", &[][..]),
            (one, "http://a/", &[][..]),
            (one, "/", &[("host", "a"), ("host", "a")]),
            (Version::HTTP_10, "/", &[("host", "a"), ("host", "b")]),
            (Version::HTTP_10, "/", &[("host", "a@b")]),
            (one, "http://a@b/", &[("host", "b")]),
            (two, "/", &[]),
            (two, "/", &[("host", "a")]),
            (two, "https://a/", &[("host", "b")]),
            (two, "https://a/", &[("host", "a:8080")]),
            (two, "https://a/", &[("host", "a"), ("host", "a")]),
        ] {
            assert_eq!(refusal(version, uri, headers), host, "{version:?} {uri} {headers:?}");
        }
        let lengths = [("content-length", "1"), ("content-length", "1")];
        let length = Some("malformed_length".to_owned());
        assert_eq!(refusal(two, "https://a/", &lengths), length);
    }
}
