//! The settings of Twilio.

use std::path::PathBuf;
use std::time::Duration;

use chassis::Secret;
use chassis::config::{SettingError, in_range};
use serde::{Deserialize, Serialize};

use crate::transport::http::{TIMEOUTS_MS, check_url};

/// The longest alphanumeric sender ID.
const MAX_SENDER_ID: usize = 11;

/// The account at Twilio. Used where `notifications.sms.providers` says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwilioConfig {
    /// `AC…`.
    pub account_sid: String,
    /// What requests are authenticated with, and status callbacks are signed with.
    pub auth_token: Secret,
    /// The file it is read from instead.
    pub auth_token_file: PathBuf,
    /// A number in E.164 form, a short code or an alphanumeric sender ID. Empty: the messaging
    /// service chooses.
    pub from: String,
    /// `MG…`. Empty: messages come from `from`.
    pub messaging_service_sid: String,
    /// Where the API is.
    pub api_url: String,
    /// How long one message may take, in milliseconds.
    pub timeout_ms: u64,
    /// Messages it may be handed per minute; 0 for any number.
    pub per_minute: u32,
}

impl Default for TwilioConfig {
    fn default() -> Self {
        Self {
            account_sid: String::new(),
            auth_token: Secret::default(),
            auth_token_file: PathBuf::new(),
            from: String::new(),
            messaging_service_sid: String::new(),
            api_url: "https://api.twilio.com".to_owned(),
            timeout_ms: 20_000,
            per_minute: 0,
        }
    }
}

impl TwilioConfig {
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// `used`: whether the shop sends by Twilio.
    pub(crate) fn check(&self, used: bool) -> Result<(), SettingError> {
        in_range("notifications.twilio.timeout_ms", self.timeout_ms, TIMEOUTS_MS)?;
        check_url("notifications.twilio.api_url", &self.api_url)?;
        let Self { account_sid, auth_token, from, messaging_service_sid: service, .. } = self;
        if !account_sid.is_empty() && !is_sid(account_sid, "AC") {
            let allowed = "an account SID (AC and 32 hexadecimal digits), or empty";
            return Err(wrong("account_sid", format!("{account_sid:?}"), allowed));
        }
        if !from.is_empty() && !is_sender(from) {
            let allowed = "a number in E.164 form (+15005550006), a short code, an alphanumeric sender \
                           ID of 11 letters and digits at most, or empty";
            return Err(wrong("from", format!("{from:?}"), allowed));
        }
        if !service.is_empty() && !is_sid(service, "MG") {
            let allowed = "the SID of a messaging service (MG and 32 hexadecimal digits), or empty";
            return Err(wrong("messaging_service_sid", format!("{service:?}"), allowed));
        }
        let needed = "set where notifications.sms.providers has \"twilio\"";
        match used {
            true if account_sid.is_empty() => Err(wrong("account_sid", "empty", needed)),
            true if auth_token.is_empty() => Err(wrong("auth_token", "empty", needed)),
            true if from.is_empty() && service.is_empty() => {
                let allowed = format!("{needed}, or messaging_service_sid");
                Err(wrong("from", "empty", &allowed))
            }
            _ => Ok(()),
        }
    }
}

fn wrong(key: &str, value: impl std::fmt::Display, allowed: &str) -> SettingError {
    SettingError::new(format!("notifications.twilio.{key}"), value, allowed)
}

fn is_sid(text: &str, prefix: &str) -> bool {
    let is_hex = |it: &str| it.len() == 32 && it.bytes().all(|it| it.is_ascii_hexdigit());
    text.strip_prefix(prefix).is_some_and(is_hex)
}

fn is_sender(text: &str) -> bool {
    let digits = text.bytes().all(|it| it.is_ascii_digit());
    if digits {
        return (3..=8).contains(&text.len());
    }
    if text.starts_with('+') {
        return contracts::phone::normal(text, None).as_deref() == Some(text);
    }
    let plain = text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b' ');
    let letters = text.bytes().any(|it| it.is_ascii_alphabetic());
    plain && letters && text.len() <= MAX_SENDER_ID
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid() -> TwilioConfig {
        TwilioConfig {
            account_sid: format!("AC{}", "a".repeat(32)),
            auth_token: "hunter2".into(),
            from: "+15005550006".to_owned(),
            ..TwilioConfig::default()
        }
    }

    #[test]
    fn messages_come_from_a_number_a_code_a_name_or_a_service() {
        assert_eq!(TwilioConfig::default().check(false), Ok(()));
        for from in ["+15005550006", "12345", "Lamps", "Lamps 24"] {
            let from = from.to_owned();
            assert_eq!(TwilioConfig { from, ..valid() }.check(true), Ok(()));
        }
        let service = format!("MG{}", "0".repeat(32));
        let from = String::new();
        let config = TwilioConfig { from, messaging_service_sid: service, ..valid() };
        assert_eq!(config.check(true), Ok(()));
    }

    #[test]
    fn settings_that_cannot_work_are_refused_by_name() {
        for (name, used, change) in [
            ("account_sid", false, (|it| it.account_sid.push('a')) as fn(&mut TwilioConfig)),
            ("account_sid", true, |it| it.account_sid.clear()),
            ("auth_token", true, |it| it.auth_token = "".into()),
            ("from", true, |it| it.from.clear()),
            ("from", false, |it| it.from = "Lamps and Co".to_owned()),
            ("from", false, |it| it.from = "+1 500 555 0006".to_owned()),
            ("from", false, |it| it.from = "12".to_owned()),
            ("from", false, |it| it.from = "Lamps!".to_owned()),
            ("messaging_service_sid", false, |it| it.messaging_service_sid = "MG1".to_owned()),
            ("api_url", false, |it| it.api_url.push('/')),
            ("timeout_ms", false, |it| it.timeout_ms = 0),
        ] {
            let mut config = valid();
            change(&mut config);
            let error = config.check(used).expect_err(name).to_string();
            assert!(error.contains(&format!("notifications.twilio.{name}")), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
