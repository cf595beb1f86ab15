//! The settings of SendGrid.

use std::path::PathBuf;
use std::time::Duration;

use chassis::Secret;
use chassis::config::{SettingError, in_range};
use serde::{Deserialize, Serialize};

use super::signature::PublicKey;
use crate::transport::http::{TIMEOUTS_MS, check_url};

/// The account at SendGrid. Used where `notifications.email.providers` says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SendgridConfig {
    /// An API key that may send mail.
    pub api_key: Secret,
    /// The file it is read from instead.
    pub api_key_file: PathBuf,
    /// What the signed event webhook is verified with: base64 of a DER public key, as SendGrid shows
    /// it. Empty: webhooks are not taken.
    pub webhook_public_key: String,
    /// Where the API is.
    pub api_url: String,
    /// How long one message may take, in milliseconds.
    pub timeout_ms: u64,
    /// Messages it may be handed per minute; 0 for any number.
    pub per_minute: u32,
}

impl Default for SendgridConfig {
    fn default() -> Self {
        Self {
            api_key: Secret::default(),
            api_key_file: PathBuf::new(),
            webhook_public_key: String::new(),
            api_url: "https://api.sendgrid.com".to_owned(),
            timeout_ms: 20_000,
            per_minute: 0,
        }
    }
}

impl SendgridConfig {
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// `used`: whether the shop sends by SendGrid.
    pub(crate) fn check(&self, used: bool) -> Result<(), SettingError> {
        in_range("notifications.sendgrid.timeout_ms", self.timeout_ms, TIMEOUTS_MS)?;
        check_url("notifications.sendgrid.api_url", &self.api_url)?;
        let key = &self.webhook_public_key;
        if !key.is_empty() && PublicKey::parse(key).is_none() {
            let allowed = "the verification key (base64, MFkw...) from Settings, Mail Settings, Event \
                           Webhook, Signature Verification; or empty";
            let setting = "notifications.sendgrid.webhook_public_key";
            return Err(SettingError::new(setting, "no such key", allowed));
        }
        let sendable = self.api_key.bytes().all(|it| it.is_ascii_graphic());
        if used && (self.api_key.is_empty() || !sendable) {
            let value = if self.api_key.is_empty() { "empty" } else { "no API key" };
            let allowed =
                "an API key (SG....) where notifications.email.providers has \"sendgrid\"";
            return Err(SettingError::new("notifications.sendgrid.api_key", value, allowed));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut SendgridConfig), used: bool) -> String {
        let mut config = SendgridConfig { api_key: "SG.hunter2".into(), ..Default::default() };
        assert_eq!(config.check(true), Ok(()));
        change(&mut config);
        let error = config.check(used).expect_err("not valid").to_string();
        assert!(!error.contains("hunter2"), "{error}");
        error
    }

    #[test]
    fn settings_that_cannot_work_are_refused_by_name() {
        assert_eq!(SendgridConfig::default().check(false), Ok(()));
        for (name, used, change) in [
            ("api_key", true, (|it| it.api_key = "".into()) as fn(&mut SendgridConfig)),
            ("api_key", true, |it| it.api_key = "SG.hunter2\n".into()),
            ("webhook_public_key", false, |it| it.webhook_public_key = "hunter2".to_owned()),
            ("api_url", false, |it| it.api_url = "http://api.sendgrid.com".to_owned()),
            ("timeout_ms", false, |it| it.timeout_ms = 60_000),
        ] {
            let error = refused(change, used);
            assert!(error.contains(&format!("notifications.sendgrid.{name}")), "{error}");
        }
    }
}
