//! Which address a request came from, and how it got here.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use chassis::address_rules::AddressRules;
use chassis::config::SettingError;
use chassis::forwarded::ForwardedOrigin;
use chassis::service_tokens;
use http::{Extensions, HeaderMap, HeaderValue, header};
use mesh::network::{Networks, NotANetwork};

/// The proxies that are trusted about the client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Networks);

impl Proxies {
    pub(crate) fn parse(networks: &[String]) -> Result<Self, SettingError> {
        let networks = Networks::parse(networks).map_err(|NotANetwork(text)| {
            let allowed = "addresses or networks like 10.0.0.1 or 10.0.0.0/8";
            SettingError::new("gateway.trusted_proxies", format!("{text:?}"), allowed)
        });
        networks.map(Self)
    }

    pub(crate) fn networks(self) -> Networks {
        self.0
    }

    /// Where the request came from: the peer, or the last address a trusted proxy does not know as
    /// another trusted proxy. What stands further left in the header, anybody can have written.
    pub(crate) fn client(
        &self,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Option<SocketAddr> {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>()?.0;
        let trusted = |it: IpAddr| self.0.contains(it);
        if self.0.is_empty() || !trusted(peer.ip()) {
            return Some(peer);
        }
        let mut client = peer;
        let said = headers.get_all("x-forwarded-for").iter().rev();
        let said = said.filter_map(|it| it.to_str().ok()).flat_map(|it| it.rsplit(','));
        for hop in said {
            let Some(address) = parse(hop.trim()) else { break };
            client = SocketAddr::new(address, 0);
            if !trusted(address) {
                break;
            }
        }
        Some(client)
    }
}

impl Proxies {
    /// How the client got here. What the request says about it counts if a trusted proxy sent it.
    pub(crate) fn origin(&self, request: &Request, client: Option<SocketAddr>) -> Origin {
        let (extensions, headers) = (request.extensions(), request.headers());
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip());
        let told = |name| match peer {
            Some(peer) if self.0.contains(peer) => headers.get(name)?.to_str().ok(),
            _ => None,
        };
        let mut site = ForwardedOrigin::of(request);
        if let Some(scheme) = told("x-forwarded-proto") {
            site.secure = scheme.eq_ignore_ascii_case("https");
        }
        if let Some(host) = told("x-forwarded-host").and_then(|it| it.parse().ok()) {
            site.host = Some(host);
        }
        Origin { client, site, address_rules: AddressRules::On }
    }
}

/// How a client got here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) client: Option<SocketAddr>,
    pub(crate) site: ForwardedOrigin,
    /// What the routes file of its listener says about addresses.
    pub(crate) address_rules: AddressRules,
}

impl Origin {
    /// Tells a service in another process. Nothing of the kind is left from the client by now.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if let Some(client) = self.client
            && let Ok(client) = HeaderValue::try_from(client.ip().to_canonical().to_string())
        {
            headers.insert(service_tokens::CLIENT, client.clone());
            headers.insert("x-forwarded-for", client);
        }
        self.site.write(headers);
        self.address_rules.write(headers);
        // The service's own name is put in its place.
        headers.remove(header::HOST);
    }
}

/// An address as proxies write it: some with a port, some in brackets.
fn parse(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().ok();
    let address = address.or_else(|| hop.parse().ok().map(|it: SocketAddr| it.ip()));
    let bare = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(bare).map(|it: IpAddr| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use chassis::forwarded::Secure;
    use http::HeaderValue;

    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&'static str]) -> String {
        let trusted: Vec<String> = trusted.iter().map(|&it| it.to_owned()).collect();
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        let proxies = Proxies::parse(&trusted).unwrap();
        proxies.client(&extensions, &headers).unwrap().ip().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client(&[], "10.0.0.1:1", &["1.1.1.1"]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "11.0.0.1:1", &["1.1.1.1"]), "11.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1:1", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(client(&["10.0.0.0/8"], "[::ffff:10.0.0.1]:1", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(client(&["::1"], "[::1]:1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn what_a_client_wrote_itself_is_not_believed() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(client(&trusted, "10.0.0.1:1", &["6.6.6.6, 1.1.1.1"]), "1.1.1.1");
        assert_eq!(client(&trusted, "10.0.0.1:1", &["6.6.6.6", "1.1.1.1, 10.0.0.2"]), "1.1.1.1");
        assert_eq!(client(&trusted, "10.0.0.1:1", &["6.6.6.6, nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client(&trusted, "10.0.0.1:1", &["1.1.1.1:80"]), "1.1.1.1");
        assert_eq!(client(&trusted, "10.0.0.1:1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(client(&trusted, "10.0.0.1:1", &[]), "10.0.0.1");
    }

    #[test]
    fn a_service_is_told_how_the_client_got_here() {
        let told = |trusted: &[String], headers: &[(&str, &str)], secure| {
            let mut request = Request::get("/").header("host", "shop.example");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let mut request = request.body(axum::body::Body::empty()).unwrap();
            let peer: SocketAddr = "10.0.0.1:1".parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
            if secure {
                request.extensions_mut().insert(Secure);
            }
            let proxies = Proxies::parse(trusted).unwrap();
            let client = proxies.client(request.extensions(), request.headers());
            let mut told = HeaderMap::new();
            proxies.origin(&request, client).write(&mut told);
            ["for", "proto", "host"]
                .map(|it| told[format!("x-forwarded-{it}")].to_str().unwrap().to_owned())
        };
        let said = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "public.example"),
        ];
        assert_eq!(told(&[], &said, false), ["10.0.0.1", "http", "shop.example"]);
        assert_eq!(told(&[], &[], true), ["10.0.0.1", "https", "shop.example"]);
        let trusted = ["10.0.0.1".to_owned()];
        assert_eq!(told(&trusted, &said, false), ["1.1.1.1", "https", "public.example"]);
    }

    #[test]
    fn a_proxy_that_is_none_is_named_with_its_setting() {
        let error = Proxies::parse(&["localhost".to_owned()]).unwrap_err();
        assert_eq!(error.setting, "gateway.trusted_proxies");
        assert_eq!(error.value, "\"localhost\"");
    }
}
