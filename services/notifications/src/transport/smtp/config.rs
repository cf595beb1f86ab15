//! The section `notifications.smtp` of the settings.

use std::path::PathBuf;
use std::time::Duration;

use chassis::Secret;
use chassis::config::{SettingError, at_least, in_range};
use rustls_pki_types::ServerName;
use serde::{Deserialize, Serialize};

use super::dkim::DkimKey;

/// How the shop hands e-mail to a mail server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpConfig {
    /// Its name or address.
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    pub authentication: Authentication,
    /// Empty: it takes mail without a login.
    pub username: String,
    /// For `xoauth2` the access token.
    pub password: Secret,
    /// The file it is read from instead.
    pub password_file: PathBuf,
    /// A PEM file with certificates that are trusted besides the public authorities. Empty: none.
    pub ca_file: PathBuf,
    /// Connections at a time.
    pub connections: usize,
    /// Milliseconds that handing over one message may take.
    pub timeout_ms: u64,
    /// Messages per minute; 0 for any number.
    pub per_minute: u32,
    /// The domain that signs messages. Empty: that of `shop.email_from`.
    pub dkim_domain: String,
    /// The name of the key in DNS.
    pub dkim_selector: String,
    /// RSA or Ed25519, as PEM. Empty: messages are not signed.
    pub dkim_private_key: Secret,
    /// The file it is read from instead.
    pub dkim_private_key_file: PathBuf,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, chassis::db::Word)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Encryption {
    /// It begins in plain text and is encrypted before anything is said; never goes on without.
    Starttls,
    /// From the first byte.
    Tls,
    None,
}

/// How the shop logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, chassis::db::Word)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Authentication {
    /// PLAIN or LOGIN, whichever the server offers.
    Auto,
    Plain,
    Login,
    Xoauth2,
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            encryption: Encryption::Starttls,
            authentication: Authentication::Auto,
            username: String::new(),
            password: Secret::default(),
            password_file: PathBuf::new(),
            ca_file: PathBuf::new(),
            connections: 4,
            timeout_ms: 30_000,
            per_minute: 0,
            dkim_domain: String::new(),
            dkim_selector: String::new(),
            dkim_private_key: Secret::default(),
            dkim_private_key_file: PathBuf::new(),
        }
    }
}

impl SmtpConfig {
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// Refuses what cannot be, whether the server is used or not.
    pub(crate) fn check(&self) -> Result<(), SettingError> {
        if !self.host.is_empty() && ServerName::try_from(self.host.as_str()).is_err() {
            let value = format!("{:?}", chassis::config::without_password(&self.host));
            return Err(wrong(
                "host",
                value,
                "the name of a mail server, such as smtp.example.com",
            ));
        }
        at_least("notifications.smtp.port", self.port, 1)?;
        in_range("notifications.smtp.connections", self.connections, 1..=50)?;
        // The sender waits a minute for a provider, for a free connection too.
        in_range("notifications.smtp.timeout_ms", self.timeout_ms, 1000..=50_000)?;
        self.check_login()?;
        self.check_dkim()
    }

    /// Refuses settings with which nothing can be sent.
    pub(crate) fn check_in_use(&self) -> Result<(), SettingError> {
        if self.host.is_empty() {
            let allowed = "set, since notifications.email.providers names smtp";
            return Err(wrong("host", "empty", allowed));
        }
        Ok(())
    }

    /// Refuses to send passwords and messages over the internet in plain text.
    pub(crate) fn check_for_production(&self) -> Result<(), SettingError> {
        if self.encryption == Encryption::None && !is_near(&self.host) {
            let allowed = "\"starttls\" or \"tls\" in production, unless notifications.smtp.host is \
                           this machine or in a private network";
            return Err(wrong("encryption", "\"none\"", allowed));
        }
        Ok(())
    }

    fn check_login(&self) -> Result<(), SettingError> {
        let missing = "set where notifications.smtp.";
        if self.username.is_empty() && !self.password.is_empty() {
            return Err(wrong("username", "empty", format!("{missing}password is")));
        }
        if self.password.is_empty() && !self.username.is_empty() {
            return Err(wrong("password", "empty", format!("{missing}username is")));
        }
        if self.username.is_empty() && self.authentication != Authentication::Auto {
            return Err(wrong("username", "empty", format!("{missing}authentication is")));
        }
        if self.username.contains(char::is_control) || self.password.contains(char::is_control) {
            return Err(wrong("password", "or username several lines", "one line each"));
        }
        Ok(())
    }

    fn check_dkim(&self) -> Result<(), SettingError> {
        let names = [
            ("dkim_selector", &self.dkim_selector, "a name such as \"shop\""),
            ("dkim_domain", &self.dkim_domain, "a domain such as \"example.com\", or empty"),
        ];
        for (key, name, allowed) in names {
            if !name.is_empty() && !is_domain(name) {
                return Err(wrong(key, format!("{name:?}"), allowed));
            }
        }
        if self.dkim_private_key.is_empty() {
            if self.dkim_selector.is_empty() {
                return Ok(());
            }
            let allowed = "set where notifications.smtp.dkim_selector is";
            return Err(wrong("dkim_private_key", "empty", allowed));
        }
        if self.dkim_selector.is_empty() {
            let allowed = "set where notifications.smtp.dkim_private_key is";
            return Err(wrong("dkim_selector", "empty", allowed));
        }
        match DkimKey::parse(&self.dkim_private_key) {
            Ok(_) => Ok(()),
            Err(error) => Err(wrong(
                "dkim_private_key",
                error,
                "an RSA key of 2048 bits or more, or an Ed25519 key, as PEM",
            )),
        }
    }
}

fn wrong(key: &str, value: impl std::fmt::Display, allowed: impl Into<String>) -> SettingError {
    SettingError::new(format!("notifications.smtp.{key}"), value, allowed)
}

fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        let known = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(known)
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Whether a host is this machine or in its network: a loopback or private address, or a name that
/// the internet does not have, such as that of a container.
pub(super) fn is_near(host: &str) -> bool {
    match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(it)) => it.is_loopback() || it.is_private() || it.is_link_local(),
        Ok(std::net::IpAddr::V6(it)) => {
            it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local()
        }
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            let own = [".localhost", ".local", ".internal", ".home.arpa"];
            !host.contains('.') || own.iter().any(|it| host.ends_with(it))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> SmtpConfig {
        SmtpConfig { host: "smtp.example.com".to_owned(), ..SmtpConfig::default() }
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_name() {
        let key = super::super::dkim::ED25519;
        let some = |text: &str| text.to_owned();
        for (config, setting) in [
            (SmtpConfig { host: some("smtp://example.com"), ..config() }, "host"),
            (SmtpConfig { host: some("a b"), ..config() }, "host"),
            (SmtpConfig { port: 0, ..config() }, "port"),
            (SmtpConfig { connections: 0, ..config() }, "connections"),
            (SmtpConfig { timeout_ms: 60_000, ..config() }, "timeout_ms"),
            (SmtpConfig { username: some("ada"), ..config() }, "password"),
            (SmtpConfig { password: "hunter2".into(), ..config() }, "username"),
            (SmtpConfig { authentication: Authentication::Xoauth2, ..config() }, "username"),
            (SmtpConfig { dkim_selector: some("shop"), ..config() }, "dkim_private_key"),
            (SmtpConfig { dkim_selector: some("sh op"), ..config() }, "dkim_selector"),
            (SmtpConfig { dkim_domain: some("a..b"), ..config() }, "dkim_domain"),
            (SmtpConfig { dkim_private_key: key.into(), ..config() }, "dkim_selector"),
            (
                SmtpConfig {
                    dkim_private_key: "hunter2".into(),
                    dkim_selector: some("shop"),
                    ..config()
                },
                "dkim_private_key",
            ),
        ] {
            let error = config.check().expect_err(setting);
            assert_eq!(error.setting, format!("notifications.smtp.{setting}"));
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        config().check().expect("valid");
        SmtpConfig::default().check().expect("valid while it is not used");
        assert!(SmtpConfig::default().check_in_use().is_err());
        let signed = SmtpConfig {
            dkim_private_key: key.into(),
            dkim_selector: some("shop._mail"),
            ..config()
        };
        signed.check().expect("valid");
    }

    #[test]
    fn nothing_goes_over_the_internet_in_plain_text_in_production() {
        let plain = |host: &str| SmtpConfig {
            host: host.to_owned(),
            encryption: Encryption::None,
            ..SmtpConfig::default()
        };
        for host in ["localhost", "mailpit", "127.0.0.1", "10.1.2.3", "::1", "mail.internal"] {
            plain(host).check_for_production().expect(host);
        }
        for host in ["smtp.example.com", "8.8.8.8", "2001:db8::1"] {
            let error = plain(host).check_for_production().expect_err(host);
            assert_eq!(error.setting, "notifications.smtp.encryption");
        }
        config().check_for_production().expect("encrypted");
    }
}
