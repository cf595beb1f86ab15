//! What an answer of FCM means for the message.
//! <https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode>

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;

use super::SERVICE_ACCOUNT;
use crate::model::one_line;
use crate::transport::{Accepted, DeliveryError, http};

/// How long FCM is left alone that has had too much and does not say for how long, as Google asks.
const QUOTA_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// An answer to a message.
pub(super) struct Answer {
    status: u16,
    retry_after: Option<TimeDelta>,
    /// What FCM calls the message it took.
    name: Option<String>,
    error: ErrorBody,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    name: Option<String>,
    error: ErrorBody,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    status: String,
    message: String,
    details: Vec<Detail>,
}

/// An `FcmError` or a `BadRequest`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    #[serde(rename = "errorCode")]
    code: Option<String>,
    #[serde(rename = "fieldViolations")]
    violations: Vec<Violation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    field: String,
}

impl Answer {
    pub(super) fn new(reply: &http::Answer, now: DateTime<Utc>) -> Self {
        let body: Body = serde_json::from_slice(&reply.body).unwrap_or_default();
        Self {
            status: reply.status.as_u16(),
            retry_after: retry_after(&reply.headers, now),
            name: body.name,
            error: body.error,
        }
    }

    /// Whether the access token is not valid any more.
    pub(super) fn refuses_token(&self) -> bool {
        self.status == 401 && self.code() != "THIRD_PARTY_AUTH_ERROR"
    }

    pub(super) fn read(self) -> Result<Accepted, DeliveryError> {
        let (code, status) = (self.code(), self.status);
        Err(match (status, code) {
            // Taken, even if the rest cannot be read.
            (200, _) => {
                return Ok(Accepted { provider_message_id: self.name, segments: None });
            }
            (404, "UNREGISTERED") => DeliveryError::NoSuchRecipient(
                "FCM: UNREGISTERED, the app is no longer installed on the device".to_owned(),
            ),
            (403, "SENDER_ID_MISMATCH") => DeliveryError::NoSuchRecipient(
                "FCM: SENDER_ID_MISMATCH, the device token is of another project".to_owned(),
            ),
            (400, _) if self.is_about_token() => DeliveryError::NoSuchRecipient(
                "FCM: INVALID_ARGUMENT, the device token is not valid".to_owned(),
            ),
            // Others, such as Android, can be reached all the same.
            (401, "THIRD_PARTY_AUTH_ERROR") => DeliveryError::later(
                "FCM: THIRD_PARTY_AUTH_ERROR, the project's APNs key or web push key is missing or \
                 not valid",
            ),
            (401, _) => DeliveryError::unavailable(format!(
                "FCM: status 401, the access token is refused; see {SERVICE_ACCOUNT}"
            )),
            (403, _) => DeliveryError::unavailable(format!(
                "FCM: status 403, the account may not send messages of the project, or its FCM API \
                 is off; see {SERVICE_ACCOUNT}"
            )),
            (404, _) => DeliveryError::unavailable(format!(
                "FCM: status 404, there is no such project; see {SERVICE_ACCOUNT}"
            )),
            (429, _) | (_, "QUOTA_EXCEEDED") => DeliveryError::Unavailable {
                reason: self.reason(),
                retry_after: self.retry_after.or(Some(QUOTA_PAUSE)),
            },
            // Somebody in between has given up waiting.
            (504, _) => DeliveryError::Unknown(self.reason()),
            (400 | 413, _) => {
                let said = one_line(&self.error.message);
                DeliveryError::Refused(format!("{}: {said}", self.reason()))
            }
            _ => {
                DeliveryError::Unavailable { reason: self.reason(), retry_after: self.retry_after }
            }
        })
    }

    /// FCM's own code, or else the status in words.
    fn code(&self) -> &str {
        let own = self.error.details.iter().find_map(|it| it.code.as_deref());
        own.unwrap_or(&self.error.status)
    }

    fn is_about_token(&self) -> bool {
        let mut violations = self.error.details.iter().flat_map(|it| &it.violations);
        violations.any(|it| it.field == "message.token")
            || self.error.message.contains("registration token")
    }

    /// For staff: codes only.
    fn reason(&self) -> String {
        let is_code = |it: u8| it.is_ascii_uppercase() || it == b'_';
        match self.code() {
            code if !code.is_empty() && code.len() <= 50 && code.bytes().all(is_code) => {
                format!("FCM: status {}, {code}", self.status)
            }
            _ => format!("FCM: status {}", self.status),
        }
    }
}

/// How long a provider asks to be left alone.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => TimeDelta::try_seconds(seconds)?,
        Err(_) => DateTime::parse_from_rfc2822(text).ok()?.to_utc() - now,
    };
    (wait > TimeDelta::zero()).then_some(wait)
}
