//! The gateway's settings.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use chassis::config::{SettingError, Settings, at_least};
use chassis::db::Word;
use chassis::quota::{Rate, RateLimit};
use mesh::network::Networks;
use serde::{Deserialize, Serialize};

use crate::admin;
use crate::client::Proxies;
use crate::hosts::Hosts;
use crate::layers::cors::cors;
use crate::tls::TlsConfig;

/// The public edge: who may ask how often, from where, and what is written about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether requests are limited at all. Turn it off for load tests only.
    pub rate_limits: bool,
    /// Names the shop answers to, such as `shop.example.com` or `*.example.com`. Empty: any, which
    /// is refused in production.
    pub hosts: Vec<String>,
    /// Sites whose pages may call this API from a browser, such as `https://shop.example.com`;
    /// `*` is any, which is refused in production. Empty: only pages of this address itself.
    pub cors_origins: Vec<String>,
    /// Addresses or networks of proxies in front, such as `10.0.0.0/8`. Only their
    /// `X-Forwarded-For`, `-Proto` and `-Host` are believed; limits count the clients behind them.
    pub trusted_proxies: Vec<String>,
    /// The level at which every request is logged: `off`, `debug` or `info`.
    pub access_log: AccessLog,
    /// Seconds a service may take until it begins to answer. The time in which the request's body
    /// is waited for is not counted.
    pub timeout_seconds: u64,
    /// The same for requests that only read: GET, HEAD and OPTIONS.
    pub read_timeout_seconds: u64,
    /// A routes file in place of the built-in routes; empty for those. Changes are noticed.
    pub routes: PathBuf,
    /// Further listeners with routes of their own.
    pub listeners: Vec<Listen>,
    /// Where `/metrics` and the whole of `/health` are, without a password. Empty or `off`:
    /// nowhere.
    pub metrics_listen: String,
    /// Address of the operator's page, such as `127.0.0.1:8090`. Empty: disabled.
    pub admin_listen: String,
    /// Whether that may be an address that other machines can reach. The page has no password.
    pub admin_anywhere: bool,
    pub tls: TlsConfig,
    /// What each class of requests is allowed, by its name, where that is not the class's own rate.
    /// A class is given to a path by `routes.toml`.
    pub quotas: BTreeMap<String, Rate>,
}

/// Where the metrics are by default. A port that is taken matters only elsewhere.
pub const METRICS_LISTEN: &str = "127.0.0.1:9464";

/// A listener with routes of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// What it is called in the log and on the admin page.
    pub name: String,
    /// Where it listens.
    pub listen: String,
    /// Its routes file. It fully decides what is answered there.
    pub routes: PathBuf,
}

impl Listen {
    fn check(&self) -> Result<(), SettingError> {
        let Self { name, listen, .. } = self;
        let refused = |value: &str, allowed| {
            SettingError::new("gateway.listeners", format!("{value:?}"), allowed)
        };
        if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-') {
            return Err(refused(name, "names of letters, digits and hyphens"));
        }
        match listen.parse::<SocketAddr>() {
            Ok(_) => Ok(()),
            Err(_) => Err(refused(listen, "addresses and ports such as 127.0.0.1:8081")),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Word)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum AccessLog {
    Off,
    Debug,
    Info,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rate_limits: true,
            hosts: Vec::new(),
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            access_log: AccessLog::Debug,
            timeout_seconds: 30,
            read_timeout_seconds: 5,
            routes: PathBuf::new(),
            listeners: Vec::new(),
            metrics_listen: METRICS_LISTEN.to_owned(),
            admin_listen: String::new(),
            admin_anywhere: false,
            tls: TlsConfig::default(),
            quotas: BTreeMap::new(),
        }
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), SettingError> {
        at_least("gateway.timeout_seconds", self.timeout_seconds, 1)?;
        at_least("gateway.read_timeout_seconds", self.read_timeout_seconds, 1)?;
        let mut names = vec!["main"];
        for it in &self.listeners {
            it.check()?;
            if names.contains(&it.name.as_str()) {
                let value = format!("{:?} twice", it.name);
                return Err(SettingError::new("gateway.listeners", value, "names of their own"));
            }
            names.push(&it.name);
        }
        Proxies::parse(&self.trusted_proxies)?;
        cors(&self.cors_origins)?;
        Hosts::parse(&self.hosts)?;
        admin::check(&self.admin_listen, self.admin_anywhere)?;
        self.tls.check()
    }

    /// Refuses a gateway that any site, or a client with any name for the shop, could use against
    /// its customers.
    fn check_for_production(&self) -> Result<(), SettingError> {
        if self.hosts.is_empty() {
            let allowed = "the shop's host names in production, such as [\"shop.example.com\"]; \
                           otherwise links and redirects would use any name a client sends";
            return Err(SettingError::new("gateway.hosts", "empty", allowed));
        }
        if self.cors_origins.iter().any(|it| it == "*") {
            let allowed = "a list of origins in production, such as [\"https://www.example.com\"], or \
                           empty; otherwise the pages of any site could use this shop";
            return Err(SettingError::new("gateway.cors_origins", "\"*\"", allowed));
        }
        Ok(())
    }
}

impl Config {
    /// Refuses quotas of classes that there are not.
    pub fn check_quotas<'a>(
        &self,
        classes: impl IntoIterator<Item = &'a RateLimit>,
    ) -> Result<(), SettingError> {
        let classes: Vec<&str> = classes.into_iter().map(|it| it.name).collect();
        match self.quotas.keys().find(|it| !classes.contains(&it.as_str())) {
            None => Ok(()),
            Some(name) => {
                let allowed = format!("one of {}", classes.join(", "));
                Err(SettingError::new("a class of gateway.quotas", name, allowed))
            }
        }
    }

    /// The proxies that are believed.
    pub fn proxies(&self) -> Result<Networks, SettingError> {
        Proxies::parse(&self.trusted_proxies).map(Proxies::networks)
    }

    /// The settings there are where these classes can be limited, each with its rate.
    pub fn of<'a>(classes: impl IntoIterator<Item = &'a RateLimit>) -> Self {
        let rate = |it: &RateLimit| (it.name.to_owned(), it.rate);
        Self { quotas: classes.into_iter().map(rate).collect(), ..Self::default() }
    }
}
