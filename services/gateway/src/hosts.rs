//! Which names the gateway answers to.

use axum::extract::Request;
use chassis::config::SettingError;
use chassis::forwarded;
use chassis::problem::{Problem, Result};
use http::uri::Authority;

use crate::problems;

/// Paths of probes, which ask at an address and tell nothing.
const PROBES: [&str; 2] = ["/live", "/ready"];

/// The names; none for any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Exactly(String),
    /// Everything that ends like this, beginning with a dot.
    Under(String),
}

impl Hosts {
    pub(crate) fn parse(hosts: &[String]) -> Result<Self, SettingError> {
        let hosts = hosts.iter().map(|text| {
            let name = text.strip_prefix("*.").unwrap_or(text);
            let authority: Option<Authority> = name.parse().ok();
            let known = authority.filter(|it| {
                it.host() == name && !name.contains(['*', '@']) && !name.starts_with('.')
            });
            let known = known.ok_or_else(|| {
                let allowed = "names like shop.example.com or *.example.com, without a port";
                SettingError::new("gateway.hosts", format!("{text:?}"), allowed)
            })?;
            let host = known.host().to_ascii_lowercase();
            Ok(if text.starts_with("*.") {
                Pattern::Under(format!(".{host}"))
            } else {
                Pattern::Exactly(host)
            })
        });
        hosts.collect::<Result<_, _>>().map(Self)
    }

    /// Refuses a request for a name that is not ours.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Problem> {
        if self.0.is_empty() || PROBES.contains(&request.uri().path()) {
            return Ok(());
        }
        let host = forwarded::asked(request).ok_or_else(problems::malformed_host)?;
        let host = host.host().trim_end_matches('.').to_ascii_lowercase();
        let known = self.0.iter().any(|it| match it {
            Pattern::Exactly(name) => *name == host,
            Pattern::Under(end) => host.len() > end.len() && host.ends_with(end.as_str()),
        });
        if known { Ok(()) } else { Err(problems::unknown_host()) }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::header::HOST;

    use super::*;

    fn check(hosts: &[&str], uri: &str, header: Option<&str>) -> u16 {
        let hosts: Vec<String> = hosts.iter().map(|&it| it.to_owned()).collect();
        let mut request = Request::get(uri);
        if let Some(header) = header {
            request = request.header(HOST, header);
        }
        let request = request.body(Body::empty()).unwrap();
        Hosts::parse(&hosts).unwrap().check(&request).map_or_else(|it| it.status, |()| 200)
    }

    #[test]
    fn only_our_names_are_answered_to() {
        let ours = ["shop.example.com", "*.shops.example", "[::1]"];
        for (uri, header, status) in [
            ("/a", Some("shop.example.com"), 200),
            ("/a", Some("SHOP.example.com.:8443"), 200),
            ("http://shop.example.com/a", None, 200),
            ("http://shop.example.com/a", Some("other"), 200),
            ("http://other/a", Some("shop.example.com"), 421),
            ("/a", Some("a.shops.example"), 200),
            ("/a", Some("[::1]:80"), 200),
            ("/a", Some("shops.example"), 421),
            ("/a", Some("evilshops.example"), 421),
            ("/a", Some("shop.example.com.evil"), 421),
            ("/a", Some("shop.example.com@evil"), 400),
            ("/a", Some("a b"), 400),
            ("/a", Some(""), 400),
            ("/a", None, 400),
            ("/ready", Some("10.0.0.7:8080"), 200),
        ] {
            assert_eq!(check(&ours, uri, header), status, "{uri} {header:?}");
        }
        assert_eq!(check(&[], "/a", None), 200);
    }

    #[test]
    fn what_is_no_host_is_named() {
        for wrong in ["", "*", "*.", "a:80", "https://a", "a/b", "a b", "*.*.a", "u@a"] {
            let error = Hosts::parse(&[wrong.to_owned()]).unwrap_err();
            assert_eq!(error.setting, "gateway.hosts", "{wrong}");
        }
    }
}
