//! How a client addressed the shop: scheme and host, as a browser would show them.
//!
//! The gateway knows them from the connection, or from a proxy it trusts, and passes them on: in
//! the same process as a request extension, to others in `X-Forwarded-Proto` and
//! `X-Forwarded-Host`, which a service trusts only with a service token. These headers are dropped
//! from clients' requests.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, header};

/// In the extensions of a request that came over a secure connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secure;

/// `https` or `http`; believed only beside a service token.
const SCHEME: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Host and port; believed only beside a service token.
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The scheme and the host a client used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardedOrigin {
    /// Whether the client came over HTTPS.
    pub secure: bool,
    /// With its port if that was named; not known where a client of HTTP/1.0 names no host.
    pub host: Option<Authority>,
}

impl ForwardedOrigin {
    /// What the request itself shows, without what its headers tell about another one.
    pub fn of<B>(request: &Request<B>) -> Self {
        Self { secure: request.extensions().get::<Secure>().is_some(), host: asked(request) }
    }

    /// Tells a service in another process.
    pub fn write(&self, headers: &mut HeaderMap) {
        headers.insert(SCHEME, HeaderValue::from_static(self.scheme()));
        if let Some(host) = &self.host
            && let Ok(host) = HeaderValue::try_from(host.as_str())
        {
            headers.insert(HOST, host);
        }
    }

    /// As another process of this shop passes it on.
    pub fn read(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name)?.to_str().ok();
        Self {
            secure: text(SCHEME) == Some("https"),
            host: text(HOST).and_then(|it| it.parse().ok()),
        }
    }

    /// Takes out what a client may have written itself.
    pub fn forget(headers: &mut HeaderMap) {
        headers.remove(SCHEME);
        headers.remove(HOST);
    }

    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// The site as browsers write it in `Origin`: small letters, and no port where it is the
    /// scheme's own.
    pub fn origin(&self) -> Option<String> {
        let host = self.host.as_ref()?;
        let own = if self.secure { 443 } else { 80 };
        let port = host.port_u16().filter(|it| *it != own);
        let port = port.map(|it| format!(":{it}")).unwrap_or_default();
        Some(format!("{}://{}{port}", self.scheme(), host.host().to_ascii_lowercase()))
    }

    /// Whether it is this machine itself, which browsers trust without HTTPS.
    pub fn is_local(&self) -> bool {
        let Some(host) = &self.host else { return false };
        let host = host.host().to_ascii_lowercase();
        matches!(&*host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
    }
}

/// The name a client asked for: that of the address, or else of the header.
pub fn asked<B>(request: &Request<B>) -> Option<Authority> {
    let named = match request.uri().authority() {
        Some(authority) => authority.clone(),
        None => request.headers().get(header::HOST)?.to_str().ok()?.parse().ok()?,
    };
    Some(named).filter(|it| !it.host().is_empty() && !it.as_str().contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(secure: bool, host: &'static str) -> ForwardedOrigin {
        ForwardedOrigin { secure, host: Some(Authority::from_static(host)) }
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (secure, host, origin) in [
            (true, "shop.example", "https://shop.example"),
            (true, "Shop.Example:443", "https://shop.example"),
            (true, "shop.example:80", "https://shop.example:80"),
            (false, "shop.example:80", "http://shop.example"),
            (false, "localhost:8080", "http://localhost:8080"),
            (false, "[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(site(secure, host).origin().as_deref(), Some(origin));
        }
        assert_eq!(ForwardedOrigin::default().origin(), None);
    }

    #[test]
    fn only_this_machine_is_local() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]", "shop.localhost:1"] {
            assert!(site(false, host).is_local(), "{host}");
        }
        for host in ["shop.example", "localhost.example", "notlocalhost", "127.0.0.2", "[::2]"] {
            assert!(!site(false, host).is_local(), "{host}");
        }
        assert!(!ForwardedOrigin::default().is_local());
    }

    #[test]
    fn what_is_told_arrives() {
        for site in
            [site(true, "shop.example:8443"), site(false, "localhost"), ForwardedOrigin::default()]
        {
            let mut headers = HeaderMap::new();
            site.write(&mut headers);
            assert_eq!(ForwardedOrigin::read(&headers), site);
            ForwardedOrigin::forget(&mut headers);
            assert!(headers.is_empty());
        }
    }
}
