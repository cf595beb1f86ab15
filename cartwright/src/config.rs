//! The settings of a process.

mod shop;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chassis::Secret;
pub use chassis::config::Environment;
use chassis::config::{SettingError, Settings, at_least, in_range};
use chassis::money::Currency;
use chassis::service_tokens::MIN_SECRET;
use chassis::shop::ShopProfile;
use serde::{Deserialize, Serialize};

use crate::cli::Shared;
pub use crate::registry::Config;
use crate::shop::Roles;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shop {
    /// What the shop is called, on its pages and in its messages.
    pub name: String,
    /// The shop's address as customers see it.
    pub public_url: String,
    pub environment: Environment,
    /// ISO 4217. All prices are in it; it cannot be changed once there are products.
    #[serde(deserialize_with = "chassis::money::iso")]
    pub currency: Currency,
    /// Whether an empty embedded shop outside production is filled with demo products at start.
    pub demo: bool,
    /// The language of messages to people whose language is not known.
    pub language: String,
    /// A picture in the head of messages, an https URL. Empty: the name.
    pub logo_url: String,
    /// The colour of buttons and links in messages: `#rrggbb`.
    pub accent_color: String,
    /// The postal address of who runs the shop, for the foot of messages.
    pub address: String,
    /// What else stands at the foot of messages.
    pub footer: String,
    /// The e-mail address that messages come from.
    pub email_from: String,
    /// Where answers to messages go. Empty: to `email_from`.
    pub email_reply_to: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Where the shop listens. Empty: 127.0.0.1:8080, and a service that runs apart at its port.
    pub listen: String,
    /// Where an embedded shop keeps its files, and every shop its search index.
    pub data_dir: PathBuf,
}

/// The services of a shop that runs in several processes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Services {
    /// What the processes know each other by, 32 characters or more, the same in all of them.
    pub secret: Secret,
    /// The file it is read from instead.
    pub secret_file: PathBuf,
    /// Another one that is accepted as well, while `secret` is changed. Empty: none.
    pub previous_secret: Secret,
    /// The file it is read from instead.
    pub previous_secret_file: PathBuf,
    /// The address at which each service listens at its port.
    pub bind: std::net::IpAddr,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `postgres://…`; empty for SQLite files in the data directory.
    pub url: String,
    /// The file it is read from instead.
    pub url_file: PathBuf,
    /// Connections per service.
    pub connections: u32,
}

/// The first administrator, created where there is none yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    pub email: String,
    pub password: Secret,
    /// The file it is read from instead.
    pub password_file: PathBuf,
}

impl Default for Shop {
    fn default() -> Self {
        let profile = ShopProfile::default();
        Self {
            name: profile.name,
            public_url: profile.public_url,
            environment: Environment::Development,
            currency: Currency::default(),
            demo: true,
            language: profile.language,
            logo_url: profile.logo_url,
            accent_color: profile.accent_color,
            address: profile.address,
            footer: profile.footer,
            email_from: profile.email_from,
            email_reply_to: profile.email_reply_to,
        }
    }
}

impl Shop {
    /// How the shop presents itself to its customers.
    pub(crate) fn profile(&self) -> ShopProfile {
        ShopProfile {
            name: self.name.clone(),
            public_url: self.public_url.trim_end_matches('/').to_owned(),
            language: self.language.clone(),
            logo_url: self.logo_url.clone(),
            accent_color: self.accent_color.clone(),
            address: self.address.clone(),
            footer: self.footer.clone(),
            email_from: self.email_from.clone(),
            email_reply_to: self.email_reply_to.clone(),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: String::new(), data_dir: "data".into() }
    }
}

impl Default for Services {
    fn default() -> Self {
        Self {
            secret: Secret::default(),
            secret_file: PathBuf::new(),
            previous_secret: Secret::default(),
            previous_secret_file: PathBuf::new(),
            bind: std::net::Ipv4Addr::LOCALHOST.into(),
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { url: String::new(), url_file: PathBuf::new(), connections: 8 }
    }
}

/// The settings that are secret, as a whole or for the password in their URL. `config print` hides
/// them, and each can be read from a file that its `_file` form names. A test holds the list
/// against all settings.
pub const SECRETS: [&str; 14] = [
    "services.secret",
    "services.previous_secret",
    "admin.password",
    "database.url",
    "redis.url",
    "bus.url",
    "discovery.consul_token",
    "payments.stripe.secret_key",
    "payments.stripe.webhook_secrets",
    "notifications.smtp.password",
    "notifications.smtp.dkim_private_key",
    "notifications.sendgrid.api_key",
    "notifications.twilio.auth_token",
    "notifications.fcm.service_account",
];

/// The settings file that is read if none is named.
const FILE: &str = "cartwright.toml";

impl Config {
    /// Reads the settings a command was given.
    pub fn load(shared: &Shared, listen: Option<&str>) -> Result<Self> {
        let file = shared.config.clone().or_else(|| Path::new(FILE).exists().then(|| FILE.into()));
        let mut overrides = Vec::new();
        if let Some(directory) = &shared.data_dir {
            let directory = directory.to_str().context("--data-dir must be UTF-8")?;
            overrides.push(("server.data_dir", directory.to_owned()));
        }
        if let Some(url) = shared.database.clone().or_else(|| common("DATABASE_URL")) {
            overrides.push(("database.url", url));
        }
        if let Some(url) = common("REDIS_URL") {
            overrides.push(("redis.url", url));
        }
        if let Some(listen) = listen {
            overrides.push(("server.listen", listen.to_owned()));
        }
        let mut config: Self = chassis::config::load(file.as_deref(), &overrides, &SECRETS)?;
        config.discovery.adopt(|name| std::env::var(name).ok());
        config.validate()?;
        Ok(config)
    }

    /// Whether the data is kept in files of this process.
    pub fn is_embedded(&self) -> bool {
        self.database.url.is_empty()
    }

    pub fn is_production(&self) -> bool {
        self.shop.environment.is_production()
    }

    /// Refuses what a process with these roles may not run with in production.
    pub fn check_for_production(&self, roles: &Roles) -> Result<()> {
        if !self.is_production() {
            return Ok(());
        }
        if roles.gateway {
            self.gateway.check_for_production()?;
        }
        Ok(self.check_services_for_production(&roles.services)?)
    }

    /// The database URL of one service.
    pub fn database_url(&self, service: &str) -> String {
        if self.is_embedded() {
            format!("sqlite:{}", self.server.data_dir.join(format!("{service}.db")).display())
        } else {
            chassis::db::url_for(&self.database.url, service)
        }
    }

    fn validate(&self) -> Result<(), SettingError> {
        let url = &self.database.url;
        if !url.is_empty() && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            // Not shown where it is no scheme: it may be a password.
            let value = match url.split_once("://") {
                Some((scheme, _)) => format!("{scheme}://…"),
                None => "not a URL".to_owned(),
            };
            let allowed = "postgres://… (or empty for SQLite files in the data directory)";
            return Err(SettingError::new("database.url", value, allowed));
        }
        in_range("database.connections", self.database.connections, 1..=100)?;
        self.shop.check()?;
        self.check_services()?;
        self.notifications.check_with(&self.shop.profile())?;
        self.check_secrets()?;
        self.log.check()?;
        self.redis.check()?;
        self.validate_counts()?;
        self.bus.check()?;
        self.discovery.check()?;
        let listen = &self.server.listen;
        if !listen.is_empty() && listen.parse::<std::net::SocketAddr>().is_err() {
            let allowed = "an address and a port such as 127.0.0.1:8080";
            return Err(SettingError::new("server.listen", format!("{listen:?}"), allowed));
        }
        Ok(())
    }

    /// A secret that is too short is refused whether this process needs one or not.
    fn check_secrets(&self) -> Result<(), SettingError> {
        let Services { secret, previous_secret, .. } = &self.services;
        for (setting, secret) in
            [("services.secret", secret), ("services.previous_secret", previous_secret)]
        {
            if !secret.is_empty() && secret.len() < MIN_SECRET {
                let value = format!("{} characters long", secret.len());
                let allowed = format!(
                    "{MIN_SECRET} or more, for example from `openssl rand -hex 32`, or empty"
                );
                return Err(SettingError::new(setting, value, allowed));
            }
        }
        Ok(())
    }

    fn validate_counts(&self) -> Result<(), SettingError> {
        // With none of these nobody could buy anything.
        let it = &self.connections;
        for (setting, value) in [
            ("connections.head_timeout_ms", it.head_timeout_ms),
            ("connections.keep_alive_ms", it.keep_alive_ms),
            ("connections.body_idle_ms", it.body_idle_ms),
            ("connections.body_timeout_ms", it.body_timeout_ms),
            ("connections.max_connections", it.max_connections as u64),
            ("connections.max_connections_per_address", it.max_connections_per_address as u64),
            ("connections.max_connections_from_loopback", it.max_connections_from_loopback as u64),
        ] {
            at_least(setting, value, 1)?;
        }
        Ok(())
    }
}

/// What a variable says that other programs read too; one of our own goes before it.
fn common(name: &str) -> Option<String> {
    let said = |name: &str| std::env::var(name).ok().filter(|it| !it.is_empty());
    let own = format!("CARTWRIGHT__{}", name.replace('_', "__"));
    let own = said(&own).or_else(|| said(&format!("{own}_FILE")));
    said(name).filter(|_| own.is_none())
}

/// The URL may hold a password.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = chassis::config::without_password(&self.url);
        f.debug_struct("Database")
            .field("url", &url)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}
