//! The settings of Firebase Cloud Messaging.

use std::path::PathBuf;
use std::time::Duration;

use chassis::Secret;
use chassis::config::{SettingError, in_range};
use serde::{Deserialize, Serialize};

use super::SERVICE_ACCOUNT;
use super::account::ServiceAccount;

/// The project at Firebase. Used where `notifications.push.providers` names `fcm`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FcmConfig {
    /// The JSON key of a service account of the project.
    pub service_account: Secret,
    /// The file it is read from instead.
    pub service_account_file: PathBuf,
    /// Where FCM's API is.
    pub api_url: String,
    /// Where access tokens are issued. Empty: where the key says.
    pub token_url: String,
    /// How long a message may take, with the access token it may need first, in milliseconds.
    pub timeout_ms: u64,
    /// Messages per minute, one for each device; 0 for any number.
    pub per_minute: u32,
}

impl Default for FcmConfig {
    fn default() -> Self {
        Self {
            service_account: Secret::default(),
            service_account_file: PathBuf::new(),
            api_url: "https://fcm.googleapis.com".to_owned(),
            token_url: String::new(),
            timeout_ms: 10_000,
            per_minute: 0,
        }
    }
}

impl FcmConfig {
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// `used`: whether push messages go out by FCM.
    pub(crate) fn check(&self, used: bool) -> Result<(), SettingError> {
        in_range("notifications.fcm.timeout_ms", self.timeout_ms, 1_000..=50_000)?;
        check_url("notifications.fcm.api_url", &self.api_url)?;
        if !self.token_url.is_empty() {
            check_url("notifications.fcm.token_url", &self.token_url)?;
        }
        let allowed = "the JSON key of a service account (Firebase console, Project settings, \
                       Service accounts, Generate new private key)";
        match self.service_account.as_str() {
            "" if used => {
                let allowed = format!("{allowed} where notifications.push.providers has \"fcm\"");
                Err(SettingError::new(SERVICE_ACCOUNT, "empty", allowed))
            }
            "" => Ok(()),
            key => ServiceAccount::parse(key)
                .map(drop)
                .map_err(|error| SettingError::new(SERVICE_ACCOUNT, error, allowed)),
        }
    }
}

fn check_url(setting: &'static str, url: &str) -> Result<(), SettingError> {
    let is_url = reqwest::Url::parse(url)
        .is_ok_and(|it| matches!(it.scheme(), "https" | "http") && it.query().is_none());
    if is_url {
        return Ok(());
    }
    let allowed = "an address that begins with https://, or http:// on a test machine";
    Err(SettingError::new(setting, format!("{url:?}"), allowed))
}
