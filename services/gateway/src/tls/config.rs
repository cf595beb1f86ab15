//! The settings of TLS.

use std::fmt::Display;
use std::path::PathBuf;

use chassis::config::SettingError;
use serde::{Deserialize, Serialize};

/// TLS at the gateway's main listener: with a certificate from files or from an ACME authority
/// such as Let's Encrypt. Neither: plain HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file with the certificate, the server's own first. A changed file is used from then on,
    /// without a restart.
    pub certificate: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
    /// Where plain HTTP is answered with a redirect (308) to HTTPS, such as `0.0.0.0:80`. Empty:
    /// nowhere.
    pub redirect_listen: String,
    /// Seconds a browser shall use HTTPS only (Strict-Transport-Security). 0: nothing is said.
    pub hsts_seconds: u64,
    pub acme: AcmeConfig,
}

/// Certificates that are ordered and renewed without anybody doing anything (RFC 8555). The
/// authority asks back at port 443 (TLS-ALPN-01), which must lead to the gateway's listener.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcmeConfig {
    /// The names the certificate is for, such as `shop.example.com`. Empty: ACME is off.
    pub domains: Vec<String>,
    /// An e-mail address the authority may write to.
    pub contact: String,
    /// The directory where account and certificate are kept. It must survive restarts, or the
    /// authority's limits are soon used up.
    pub cache: PathBuf,
    /// The address of another authority's directory. Empty: Let's Encrypt.
    pub directory: String,
    /// Whether Let's Encrypt's staging environment is used, whose certificates no browser trusts.
    pub staging: bool,
    /// PEM file with the certificate that the directory itself is trusted by. Empty: the roots
    /// browsers trust.
    pub root: PathBuf,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            redirect_listen: String::new(),
            hsts_seconds: 31_536_000,
            acme: AcmeConfig::default(),
        }
    }
}

/// Where the certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Files,
    Acme,
}

impl TlsConfig {
    pub fn is_on(&self) -> bool {
        matches!(self.source(), Ok(Some(_)))
    }

    pub(crate) fn check(&self) -> Result<(), SettingError> {
        self.source().map(drop)
    }

    /// Where the certificate comes from. Refuses settings that contradict each other.
    pub(super) fn source(&self) -> Result<Option<Source>, SettingError> {
        let has = |it: &PathBuf| !it.as_os_str().is_empty();
        let acme = &self.acme;
        let source = match (has(&self.certificate), has(&self.key), acme.domains.is_empty()) {
            (true, true, true) => Source::Files,
            (false, false, false) => Source::Acme,
            (false, false, true) if !self.redirect_listen.is_empty() => {
                return Err(refused(
                    "redirect_listen",
                    &self.redirect_listen,
                    "empty without gateway.tls.certificate and gateway.tls.key, or \
                     gateway.tls.acme: it redirects to HTTPS, which is off",
                ));
            }
            (false, false, true) => return Ok(None),
            (_, _, false) => {
                return Err(refused(
                    "acme.domains",
                    acme.domains.join(", "),
                    "empty if gateway.tls.certificate or gateway.tls.key is set: the certificate comes \
                     either from files or from an authority",
                ));
            }
            (true, false, _) => {
                return Err(refused("key", "empty", "the file with the certificate's key"));
            }
            (false, true, _) => {
                return Err(refused("certificate", "empty", "the file with the key's certificate"));
            }
        };
        if source == Source::Acme {
            acme.check(has(&acme.cache))?;
        }
        Ok(Some(source))
    }
}

impl AcmeConfig {
    fn check(&self, cached: bool) -> Result<(), SettingError> {
        for domain in &self.domains {
            let is_name = domain.contains('.')
                && domain.parse::<std::net::IpAddr>().is_err()
                && domain.split('.').all(|it| {
                    !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
                });
            if !is_name {
                return Err(refused(
                    "acme.domains",
                    format!("{domain:?}"),
                    "domains that can have a certificate, like shop.example.com",
                ));
            }
        }
        if !cached {
            return Err(refused(
                "acme.cache",
                "empty",
                "a directory for the certificate; otherwise every restart would request a new one",
            ));
        }
        if !self.directory.is_empty() && !self.directory.starts_with("https://") {
            let value = format!("{:?}", self.directory);
            return Err(refused("acme.directory", value, "a URL that starts with https://"));
        }
        if !self.contact.is_empty() && !self.contact.contains('@') {
            let value = format!("{:?}", self.contact);
            return Err(refused("acme.contact", value, "an e-mail address"));
        }
        Ok(())
    }
}

fn refused(setting: &str, value: impl Display, allowed: &str) -> SettingError {
    SettingError::new(format!("gateway.tls.{setting}"), value, allowed)
}
