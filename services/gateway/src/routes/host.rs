//! The host a request is for.

use http::{HeaderMap, Uri, header};

use super::error::RouteError;

/// A host a route is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Host {
    /// `shop.example.com`
    Exact(String),
    /// `*.example.com`: whatever ends with what is kept here, `.example.com`.
    Under(String),
}

impl Host {
    pub(super) fn parse(text: &str) -> Result<Self, RouteError> {
        let (wild, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let decent = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-_".contains(&it))
        };
        if !name.split('.').all(decent) {
            return Err(RouteError::Host(text.to_owned()));
        }
        Ok(if wild { Self::Under(format!(".{name}")) } else { Self::Exact(name.to_owned()) })
    }

    pub(super) fn is(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => host.eq_ignore_ascii_case(name),
            Self::Under(end) => {
                let tail = host.len().checked_sub(end.len()).and_then(|at| host.get(at..));
                host.len() > end.len() && tail.is_some_and(|it| it.eq_ignore_ascii_case(end))
            }
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Exact(name) => name.clone(),
            Self::Under(end) => format!("*{end}"),
        }
    }
}

/// The host a request is for, with its port if it has one.
pub(crate) fn authority<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(header::HOST)?.to_str().ok(),
    }
}

/// The host a request is for, without the port.
pub(crate) fn asked<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    if let Some(host) = uri.host() {
        return Some(host);
    }
    let host = headers.get(header::HOST)?.to_str().ok()?;
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => Some(name),
        _ => Some(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_exact_or_all_below_one() {
        for (pattern, host, matches) in [
            ("shop.example.com", "shop.example.com", true),
            ("shop.example.com", "SHOP.example.com", true),
            ("shop.example.com", "example.com", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.Example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "badexample.com", false),
        ] {
            assert_eq!(Host::parse(pattern).unwrap().is(host), matches, "{pattern} {host}");
        }
        for wrong in ["", "Shop.example.com", "shop.example.com:80", "*", "a..b", "*.*.com", "a b"]
        {
            assert!(Host::parse(wrong).is_err(), "{wrong}");
        }
    }
}
