//! The settings of discovery.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use chassis::Secret;
use chassis::config::{SettingError, Settings};
use http::Uri;
use serde::{Deserialize, Serialize};

use super::{Directory, Endpoint};

/// Where the services of other processes are. A service without addresses here is looked up in
/// Consul, or without Consul expected on this machine at its usual port.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Addresses of each service's copies, such as `http://10.0.0.5:8001`, by its name.
    #[serde(flatten)]
    pub services: BTreeMap<String, Vec<String>>,
    /// Consul's agent, such as `http://127.0.0.1:8500`. Empty: no Consul.
    pub consul: String,
    /// The token for Consul where it asks for one.
    pub consul_token: Secret,
    /// The file it is read from instead.
    pub consul_token_file: PathBuf,
    /// The host or address under which other processes reach this one, registered with Consul.
    /// Empty: the address it listens on.
    pub advertise: String,
}

impl Config {
    /// Takes what `ORDERS_SERVICE_URL` and the like say, the names other programs use, where the
    /// setting itself is not given as a variable. Commas separate several addresses.
    pub fn adopt(&mut self, variable: impl Fn(&str) -> Option<String>) {
        let said = |name: String| variable(&name).filter(|it| !it.trim().is_empty());
        for (service, urls) in &mut self.services {
            let upper = service.to_ascii_uppercase();
            let own = said(format!("CARTWRIGHT__DISCOVERY__{upper}"));
            if own.is_none()
                && let Some(common) = said(format!("{upper}_SERVICE_URL"))
            {
                *urls = common.split(',').map(|it| it.trim().to_owned()).collect();
            }
        }
    }

    /// No addresses yet, for these services.
    pub fn of(services: &[&str]) -> Self {
        let services = services.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
        Self { services, ..Self::default() }
    }

    /// Refuses addresses of what is none of `known` services.
    pub fn check_names(&self, known: &[&str]) -> Result<(), SettingError> {
        let unknown = self.services.iter().find(|(name, _)| !known.contains(&name.as_str()));
        let Some((name, urls)) = unknown else { return Ok(()) };
        let allowed = format!("a setting of one of: {}", known.join(", "));
        Err(SettingError::new(format!("discovery.{name}"), format!("{urls:?}"), allowed))
    }

    /// The addresses that are set for a service.
    pub fn configured(&self, service: &str) -> Result<Vec<Endpoint>, SettingError> {
        let urls = self.services.get(service).into_iter().flatten();
        urls.map(|url| {
            Endpoint::parse(url).map_err(|error| error.in_setting(&format!("discovery.{service}")))
        })
        .collect()
    }

    /// Consul's address, if it is to be asked.
    pub fn consul(&self) -> Result<Option<Endpoint>, SettingError> {
        if self.consul.is_empty() {
            return Ok(None);
        }
        Endpoint::parse(&self.consul).map(Some).map_err(|_| {
            let allowed = "Consul's address, such as http://127.0.0.1:8500";
            SettingError::new("discovery.consul", format!("{:?}", self.consul), allowed)
        })
    }

    /// Where the services are without Consul: as set, else on this machine at their usual ports.
    pub fn directory(&self, services: &[(&'static str, u16)]) -> Result<Directory, SettingError> {
        let mut directory = Directory::default();
        for &(service, port) in services {
            let mut endpoints = self.configured(service)?;
            if endpoints.is_empty() {
                endpoints.push(Endpoint::local(port));
            }
            directory.fixed(service, endpoints);
        }
        Ok(directory)
    }

    /// Under which address others reach what listens here.
    pub fn advertised(&self, listens: SocketAddr) -> Result<Endpoint, SettingError> {
        if !self.advertise.is_empty() {
            return advertised(&self.advertise, listens.port());
        }
        if listens.ip().is_unspecified() {
            let allowed = format!(
                "the host or address at which others reach {listens}, which means all addresses of \
                 this machine; for example 10.0.0.5"
            );
            return Err(SettingError::new("discovery.advertise", "empty", allowed));
        }
        Ok(Endpoint::at(listens))
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), SettingError> {
        for service in self.services.keys() {
            self.configured(service)?;
        }
        self.consul()?;
        if !self.advertise.is_empty() {
            advertised(&self.advertise, 1)?;
        }
        Ok(())
    }
}

/// A host alone gets the port that is listened on; behind a translation of addresses the port is
/// another one and is told as well.
fn advertised(text: &str, port: u16) -> Result<Endpoint, SettingError> {
    let wrong = || {
        let allowed = "a host or an address, such as 10.0.0.5, shop-1.internal or 10.0.0.5:8003";
        SettingError::new("discovery.advertise", format!("{text:?}"), allowed)
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

    fn with(services: &[(&str, &[&str])]) -> Config {
        let urls = |urls: &[&str]| urls.iter().map(|&url| url.to_owned()).collect();
        let services = services.iter().map(|&(name, all)| (name.to_owned(), urls(all))).collect();
        Config { services, ..Config::default() }
    }

    #[test]
    fn an_unset_service_is_on_this_machine_at_its_port() {
        let config = with(&[("orders", &["http://a:1", "http://b:2"])]);
        let directory = config.directory(&[("orders", 8003), ("reviews", 8007)]).unwrap();
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
        let mut config = with(&[("cart", &["http://d:4"]), ("orders", &[]), ("reviews", &[])]);
        config.adopt(|name| variables.get(name).map(|it| (*it).to_owned()));
        assert_eq!(config.services["orders"], ["http://a:1", "http://b:2"]);
        assert_eq!(config.services["cart"], ["http://d:4"]);
        assert!(config.services["reviews"].is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (config, named) in [
            (with(&[("cart", &["http://a:1", "b"])]), "discovery.cart"),
            (Config { consul: "127.0.0.1:8500".into(), ..default() }, "discovery.consul"),
            (Config { advertise: "http://a".into(), ..default() }, "discovery.advertise"),
            (Config { advertise: "a/b".into(), ..default() }, "discovery.advertise"),
        ] {
            let wrong = config.check().unwrap_err().to_string();
            assert!(wrong.starts_with(named) && wrong.contains("such as"), "{wrong}");
        }
        assert_eq!(default().check(), Ok(()));
        let unknown = with(&[("basket", &[])]).check_names(&["cart", "orders"]).unwrap_err();
        assert_eq!(unknown.setting, "discovery.basket");
        assert!(unknown.allowed.contains("cart, orders"), "{unknown}");
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
        assert_eq!(told("", "0.0.0.0:8003").unwrap_err().setting, "discovery.advertise");
    }

    fn default() -> Config {
        Config::default()
    }
}
