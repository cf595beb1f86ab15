//! The settings of discovery.

use std::net::SocketAddr;
use std::path::PathBuf;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::{Directory, Endpoint};
use crate::Secret;

/// Where the services of other processes are. A service without addresses here is looked up in
/// Consul, or without Consul expected on this machine at its usual port.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Addresses of identity's copies, such as `http://10.0.0.5:8001`.
    pub identity: Vec<String>,
    pub catalog: Vec<String>,
    pub cart: Vec<String>,
    pub orders: Vec<String>,
    pub payments: Vec<String>,
    pub reviews: Vec<String>,
    pub notifications: Vec<String>,
    /// Consul's agent, such as `http://127.0.0.1:8500`. Empty: no Consul.
    pub consul: String,
    /// The token for Consul where it asks for one.
    pub consul_token: Secret,
    /// The file it is read from instead.
    pub consul_token_file: PathBuf,
    /// The host or address under which other processes reach this one, told to Consul. Empty: the
    /// address it listens on.
    pub advertise: String,
}

/// Where each service listens when nothing else is said.
const PORTS: [(&str, u16); 7] = [
    ("identity", 8001),
    ("catalog", 8002),
    ("orders", 8003),
    ("notifications", 8004),
    ("cart", 8005),
    ("payments", 8006),
    ("reviews", 8007),
];

/// The port a service listens on when nothing else is said.
pub fn default_port(service: &str) -> Option<u16> {
    PORTS.iter().find(|(name, _)| *name == service).map(|(_, port)| *port)
}

impl Config {
    /// Takes what `ORDERS_SERVICE_URL` and the like say, the names other programs use, where the
    /// setting itself is not given as a variable. Commas separate several addresses.
    pub fn adopt(&mut self, variable: impl Fn(&str) -> Option<String>) {
        let said = |name: String| variable(&name).filter(|it| !it.trim().is_empty());
        for (service, _) in PORTS {
            let upper = service.to_ascii_uppercase();
            let own = said(format!("CARTWRIGHT__DISCOVERY__{upper}"));
            if own.is_none()
                && let Some(urls) = said(format!("{upper}_SERVICE_URL"))
                && let Some(list) = self.urls_mut(service)
            {
                *list = urls.split(',').map(|it| it.trim().to_owned()).collect();
            }
        }
    }

    /// Says which setting is wrong and what is allowed.
    pub fn validate(&self) -> Result<(), String> {
        for (service, _) in PORTS {
            self.configured(service)?;
        }
        self.consul()?;
        if !self.advertise.is_empty() {
            advertised(&self.advertise, 1)?;
        }
        Ok(())
    }

    /// The addresses that are set for a service.
    pub fn configured(&self, service: &str) -> Result<Vec<Endpoint>, String> {
        let urls = self.urls(service).into_iter().flatten();
        let read = |url: &String| Endpoint::parse(url);
        urls.map(read)
            .collect::<Result<_, _>>()
            .map_err(|wrong| format!("discovery.{service}: {wrong}"))
    }

    /// Consul's address, if it is to be asked.
    pub fn consul(&self) -> Result<Option<Endpoint>, String> {
        if self.consul.is_empty() {
            return Ok(None);
        }
        let read = Endpoint::parse(&self.consul);
        read.map(Some).map_err(|_| {
            let it = &self.consul;
            format!(
                "discovery.consul: {it:?} is no address of Consul; write it like \
                 http://127.0.0.1:8500"
            )
        })
    }

    /// Where the services are without Consul: as set, else on this machine at their usual ports.
    pub fn directory(&self, services: &[&'static str]) -> Result<Directory, String> {
        let mut directory = Directory::default();
        for service in services {
            let mut endpoints = self.configured(service)?;
            if endpoints.is_empty()
                && let Some(port) = default_port(service)
            {
                endpoints.push(Endpoint::parse(&format!("http://127.0.0.1:{port}"))?);
            }
            directory.fixed(service, endpoints);
        }
        Ok(directory)
    }

    /// Under which address others reach what listens here.
    pub fn advertised(&self, listens: SocketAddr) -> Result<Endpoint, String> {
        if !self.advertise.is_empty() {
            return advertised(&self.advertise, listens.port());
        }
        if listens.ip().is_unspecified() {
            return Err(format!(
                "discovery.advertise is empty, but {listens} is every address of this machine; \
                 set the host or address under which others reach it, such as 10.0.0.5"
            ));
        }
        Endpoint::parse(&format!("http://{listens}"))
    }

    /// The addresses set for a service.
    pub fn urls(&self, service: &str) -> Option<&Vec<String>> {
        Some(match service {
            "identity" => &self.identity,
            "catalog" => &self.catalog,
            "cart" => &self.cart,
            "orders" => &self.orders,
            "payments" => &self.payments,
            "reviews" => &self.reviews,
            "notifications" => &self.notifications,
            _ => return None,
        })
    }

    /// The addresses set for a service, to change them.
    pub fn urls_mut(&mut self, service: &str) -> Option<&mut Vec<String>> {
        Some(match service {
            "identity" => &mut self.identity,
            "catalog" => &mut self.catalog,
            "cart" => &mut self.cart,
            "orders" => &mut self.orders,
            "payments" => &mut self.payments,
            "reviews" => &mut self.reviews,
            "notifications" => &mut self.notifications,
            _ => return None,
        })
    }
}

/// A host alone gets the port that is listened on; behind a translation of addresses the port is
/// another one and is told as well.
fn advertised(text: &str, port: u16) -> Result<Endpoint, String> {
    let wrong = || {
        format!(
            "discovery.advertise: {text:?} is no host or address; write it like 10.0.0.5, \
             shop-1.internal or 10.0.0.5:8003"
        )
    };
    let text = match text.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => text.to_owned(),
    };
    let uri: Uri = format!("http://{text}").parse().map_err(|_| wrong())?;
    let bare = uri.authority().is_some_and(|it| it.as_str() == text);
    let has_port = uri.port().is_some();
    let url = if has_port { format!("http://{text}") } else { format!("http://{text}:{port}") };
    Endpoint::parse(&url).ok().filter(|_| bare).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn shown(directory: &Directory, service: &str) -> Vec<String> {
        let endpoints = directory.of(service).unwrap();
        endpoints.borrow().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_unset_service_is_on_this_machine_at_its_port() {
        let config = Config { orders: vec!["http://a:1".into(), "http://b:2".into()], ..default() };
        let directory = config.directory(&["orders", "reviews"]).unwrap();
        assert_eq!(shown(&directory, "orders"), ["a:1", "b:2"]);
        assert_eq!(shown(&directory, "reviews"), ["127.0.0.1:8007"]);
        assert!(directory.of("cart").is_none());
    }

    #[test]
    fn a_plain_variable_counts_unless_the_setting_has_one_of_its_own() {
        let variables = HashMap::from([
            ("ORDERS_SERVICE_URL", "http://a:1, http://b:2"),
            ("CART_SERVICE_URL", "http://c:3"),
            ("CARTWRIGHT__DISCOVERY__CART", "http://d:4"),
            ("REVIEWS_SERVICE_URL", " "),
        ]);
        let mut config = Config { cart: vec!["http://d:4".into()], ..default() };
        config.adopt(|name| variables.get(name).map(|it| (*it).to_owned()));
        assert_eq!(config.orders, ["http://a:1", "http://b:2"]);
        assert_eq!(config.cart, ["http://d:4"]);
        assert!(config.reviews.is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (config, named) in [
            (Config { cart: vec!["http://a:1".into(), "b".into()], ..default() }, "discovery.cart"),
            (Config { consul: "127.0.0.1:8500".into(), ..default() }, "discovery.consul"),
            (Config { advertise: "http://a".into(), ..default() }, "discovery.advertise"),
            (Config { advertise: "a/b".into(), ..default() }, "discovery.advertise"),
        ] {
            let wrong = config.validate().unwrap_err();
            assert!(wrong.starts_with(named) && wrong.contains("write it like"), "{wrong}");
        }
        assert_eq!(default().validate(), Ok(()));
    }

    #[test]
    fn the_advertised_address_is_one_others_can_reach() {
        let told = |advertise: &str, listens: &str| {
            let config = Config { advertise: advertise.into(), ..default() };
            config.advertised(listens.parse().unwrap()).map(|it| it.to_string())
        };
        assert_eq!(told("", "10.0.0.5:8003").unwrap(), "10.0.0.5:8003");
        assert_eq!(told("shop-1", "0.0.0.0:8003").unwrap(), "shop-1:8003");
        assert_eq!(told("shop-1:9", "0.0.0.0:8003").unwrap(), "shop-1:9");
        assert_eq!(told("fd00::1", "[::]:8003").unwrap(), "[fd00::1]:8003");
        assert!(told("", "0.0.0.0:8003").unwrap_err().contains("discovery.advertise"));
    }

    fn default() -> Config {
        Config::default()
    }
}
