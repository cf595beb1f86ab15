//! Where the instances of a service are.
//!
//! A source (settings, Consul) keeps the list of each service current in a `watch` channel; callers
//! read the latest.

mod config;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::Uri;
use http::uri::Authority;
use tokio::sync::watch;

pub use self::config::Config;

use chassis::config::SettingError;

/// One copy of a service: host and port, plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint(Authority);

/// A text that is no address of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a service address; write it like http://host:8001")]
pub struct EndpointError(String);

impl EndpointError {
    /// The same, for who has written it into a setting.
    pub fn in_setting(self, setting: &str) -> SettingError {
        SettingError::new(setting, format!("{:?}", self.0), "addresses such as http://host:8001")
    }
}

/// The copies of one service, kept current.
pub type Endpoints = watch::Receiver<Arc<[Endpoint]>>;

/// Where every service is.
#[derive(Clone, Debug, Default)]
pub struct Directory(BTreeMap<&'static str, Endpoints>);

impl Endpoint {
    /// A port of this machine.
    pub fn local(port: u16) -> Self {
        Self::at((Ipv4Addr::LOCALHOST, port).into())
    }

    /// A socket's address.
    pub fn at(address: SocketAddr) -> Self {
        let text = address.to_string();
        Self(text.parse().expect("a socket's address is an authority"))
    }

    /// Reads `http://host:port`.
    pub fn parse(url: &str) -> Result<Self, EndpointError> {
        let wrong = || EndpointError(url.to_owned());
        let uri: Uri = url.trim().trim_end_matches('/').parse().map_err(|_| wrong())?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if uri.scheme_str() != Some("http") || !bare {
            return Err(wrong());
        }
        // What follows the last colon of an authority is only read as a port when it is asked for.
        let port = |it: &Authority| match it.as_str().rsplit_once(':') {
            Some((_, port)) if !port.ends_with(']') => port.parse().is_ok_and(|it: u16| it > 0),
            _ => true,
        };
        let decent = |it: &&Authority| !it.as_str().contains('@') && port(it);
        let authority = uri.authority().filter(decent).ok_or_else(wrong)?;
        Ok(Self(authority.clone()))
    }

    pub fn authority(&self) -> &Authority {
        &self.0
    }

    /// Host and port to connect to; an IPv6 address without its brackets.
    pub fn host_and_port(&self) -> (&str, u16) {
        let host = self.0.host();
        let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        (bare.unwrap_or(host), self.0.port_u16().unwrap_or(80))
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Directory {
    /// Adds a service whose copies never change.
    pub fn fixed(&mut self, service: &'static str, endpoints: Vec<Endpoint>) {
        self.follow(service, watch::channel(endpoints.into()).1);
    }

    /// Adds a service whose copies somebody else keeps current.
    pub fn follow(&mut self, service: &'static str, endpoints: Endpoints) {
        self.0.insert(service, endpoints);
    }

    pub fn of(&self, service: &str) -> Option<Endpoints> {
        self.0.get(service).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_and_port() {
        for (url, read) in [
            ("http://127.0.0.1:8001", "127.0.0.1:8001"),
            (" http://orders:80/ ", "orders:80"),
            ("http://[::1]:8001", "[::1]:8001"),
        ] {
            assert_eq!(Endpoint::parse(url).unwrap().to_string(), read);
        }
        assert_eq!(Endpoint::parse("http://[::1]:81").unwrap().host_and_port(), ("::1", 81));
        assert_eq!(Endpoint::parse("http://orders").unwrap().host_and_port(), ("orders", 80));
        for url in [
            "",
            "orders:80",
            "https://orders",
            "http://orders/api",
            "http://orders?a",
            "http://u:p@orders",
            "http://orders:99999",
            "http://orders:0",
        ] {
            assert!(
                Endpoint::parse(url).unwrap_err().to_string().contains("http://host:8001"),
                "{url}"
            );
        }
    }
}
