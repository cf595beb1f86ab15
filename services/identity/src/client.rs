//! Who is at the other end of a request, as far as it can be seen.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use axum::http::request::Parts;
use contracts::language::Language;

/// The client of a request.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Where the request came from; not known inside tests and commands.
    pub ip: Option<IpAddr>,
    /// What the client calls itself, shortened.
    pub agent: Option<String>,
    /// What it would like to read best.
    pub language: Option<Language>,
}

/// How much of a client's own name is kept, in characters.
const AGENT: usize = 200;

impl Client {
    /// The address as text.
    pub fn address(&self) -> Option<String> {
        self.ip.map(|it| it.to_canonical().to_string())
    }

    /// The host a request came from: the address; of IPv6 the network, as one host has 2^64
    /// addresses available.
    pub fn host(&self) -> Option<String> {
        self.ip.map(|it| match it.to_canonical() {
            IpAddr::V4(it) => it.to_string(),
            IpAddr::V6(it) => prefix_of_64(it),
        })
    }

    /// The neighbourhood of that host, whose addresses a stranger may control: /24, or /64.
    pub fn network(&self) -> Option<String> {
        self.ip.map(|it| match it.to_canonical() {
            IpAddr::V4(it) => format!("{}/24", Ipv4Addr::from_bits(it.to_bits() & !0xff)),
            IpAddr::V6(it) => prefix_of_64(it),
        })
    }
}

fn prefix_of_64(address: Ipv6Addr) -> String {
    format!("{}/64", Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let agent = parts.headers.get(USER_AGENT).and_then(|it| it.to_str().ok());
        Ok(Self {
            ip: peer.map(|ConnectInfo(it)| it.ip()),
            agent: agent.map(|it| it.chars().take(AGENT).collect()),
            language: languages(parts),
        })
    }
}

/// HTTP allows several lines, which are one list.
fn languages(parts: &Parts) -> Option<Language> {
    let lines = parts.headers.get_all(ACCEPT_LANGUAGE).iter();
    let lines: Vec<_> = lines.filter_map(|it| it.to_str().ok()).collect();
    Language::of_header(&lines.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_network() {
        for (ip, host, network) in [
            ("192.0.2.7", "192.0.2.7", "192.0.2.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ] {
            let client = Client { ip: Some(ip.parse().unwrap()), ..Client::default() };
            assert_eq!(client.host().as_deref(), Some(host));
            assert_eq!(client.network().as_deref(), Some(network));
        }
        assert_eq!(Client::default().network(), None);
    }
}
