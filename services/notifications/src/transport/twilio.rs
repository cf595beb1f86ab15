//! Text messages by Twilio's Messages resource, and its status callbacks.
//!
//! Twilio has no idempotency keys and cannot be asked for a message of which the shop knows no SID.
//! One of which nobody knows whether it was taken is sent again once at most.

mod callback;
mod codes;
mod config;

use axum::http::HeaderMap;
use chassis::clock::Clock;
use chassis::service::BoxError;
use chassis::webhooks::{Notice, WebhookError};
use form_urlencoded::Serializer;
use futures::future::BoxFuture;
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;

use super::http::{self, Answer, cleaned, with};
use super::{Accepted, DeliveryError, OutgoingMessage, Provider, Setup, Transport};
use codes::{Meaning, meaning};
pub use config::TwilioConfig;

/// Where Twilio reports to, below the shop's address.
const WEBHOOK: &str = "/api/v1/webhooks/twilio";

/// Twilio, by one account.
pub(super) struct Twilio {
    http: reqwest::Client,
    config: TwilioConfig,
    /// Where status callbacks go, which they are signed with.
    webhook_url: String,
    clock: Clock,
}

impl Twilio {
    /// Connects to nothing.
    pub(super) fn open(setup: &Setup<'_>) -> Result<Self, BoxError> {
        let config = setup.config.twilio.clone();
        Ok(Self {
            http: http::client(HeaderMap::new(), &config.api_url, config.timeout())?,
            webhook_url: format!("{}{WEBHOOK}", setup.shop.public_url),
            clock: setup.clock,
            config,
        })
    }

    fn account(&self) -> String {
        format!("{}/2010-04-01/Accounts/{}", self.config.api_url, self.config.account_sid)
    }

    fn authenticated(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.config.account_sid, Some(self.config.auth_token.as_str()))
    }

    async fn send(&self, message: &OutgoingMessage) -> Result<Accepted, DeliveryError> {
        let to = contracts::phone::normal(&message.recipient, None).ok_or_else(|| {
            DeliveryError::Refused("not a phone number with its country".to_owned())
        })?;
        let request = self.http.post(format!("{}/Messages.json", self.account()));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = self.authenticated(request.body(self.form(&to, &message.text)));
        let answer = http::exchange(request).await?;
        if !answer.status.is_success() {
            return Err(self.failure(&answer));
        }
        // It was taken, even if the answer cannot be read.
        let taken: Taken = serde_json::from_slice(&answer.body).unwrap_or_default();
        // A messaging service counts them later, and says 0.
        let segments = taken.num_segments.and_then(|it| it.parse().ok()).filter(|it| *it > 0);
        Ok(Accepted { provider_message_id: taken.sid, segments })
    }

    fn form(&self, to: &str, body: &str) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("To", to).append_pair("Body", body);
        let Self { config: TwilioConfig { from, messaging_service_sid, .. }, .. } = self;
        for (name, value) in [("From", from), ("MessagingServiceSid", messaging_service_sid)] {
            if !value.is_empty() {
                form.append_pair(name, value);
            }
        }
        // Twilio refuses a message whose callback it could not reach.
        if self.webhook_url.starts_with("https://") {
            form.append_pair("StatusCallback", &self.webhook_url);
        }
        form.finish()
    }

    /// What an answer says of a request that was not done.
    fn failure(&self, answer: &Answer) -> DeliveryError {
        let error: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
        let said = cleaned(&error.message);
        let what = match error.code {
            0 => format!("status {}", answer.status.as_u16()),
            code => format!("Twilio error {code}"),
        };
        let reason = with(&what, &said);
        let to_check = |settings: &str| {
            DeliveryError::unavailable(format!("{reason}; check notifications.twilio.{settings}"))
        };
        match meaning(error.code) {
            Meaning::Limited => {
                let retry_after = answer.pause(self.clock.now());
                return DeliveryError::Unavailable { reason, retry_after };
            }
            Meaning::Account => return to_check("account_sid and auth_token, and the account"),
            Meaning::Sender => return to_check("from and messaging_service_sid"),
            Meaning::NoSuchNumber => return DeliveryError::NoSuchRecipient(reason),
            Meaning::OptedOut => return DeliveryError::OptedOut(reason),
            Meaning::Unreachable => return DeliveryError::later(reason),
            Meaning::Other => {}
        }
        if let Some(outage) = answer.outage(&said, self.clock.now()) {
            return outage;
        }
        match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                to_check("account_sid and auth_token")
            }
            it if it.is_redirection() || it == StatusCode::NOT_FOUND => {
                to_check("account_sid and api_url")
            }
            _ => DeliveryError::Refused(reason),
        }
    }

    async fn check_account(&self) -> Result<String, DeliveryError> {
        let request = self.authenticated(self.http.get(format!("{}.json", self.account())));
        let answer = http::exchange(request).await?;
        if !answer.status.is_success() {
            return Err(self.failure(&answer));
        }
        let account: Account = serde_json::from_slice(&answer.body)
            .map_err(|_| DeliveryError::unavailable("the answer of the API cannot be read"))?;
        match account.status.as_str() {
            "active" => {
                let kind = cleaned(&account.kind).to_lowercase();
                Ok(format!("{}, with an active account ({kind})", self.config.api_url))
            }
            other => Err(DeliveryError::unavailable(format!(
                "the account of notifications.twilio.account_sid is {}",
                cleaned(other)
            ))),
        }
    }
}

impl Transport for Twilio {
    fn provider(&self) -> Provider {
        Provider::Twilio
    }

    fn per_minute(&self) -> u32 {
        self.config.per_minute
    }

    fn deliver<'a>(
        &'a self,
        message: &'a OutgoingMessage,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        Box::pin(self.send(message))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, DeliveryError>> {
        Box::pin(self.check_account())
    }

    fn webhook(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Notice>, WebhookError> {
        let signature = headers.get(callback::SIGNATURE).and_then(|it| it.to_str().ok());
        let signature = signature.ok_or(WebhookError::Rejected("there is no signature"))?;
        let TwilioConfig { auth_token, account_sid, .. } = &self.config;
        callback::read(&self.webhook_url, auth_token, account_sid, signature, body)
    }
}

/// A message that Twilio has taken, as far as the shop looks at it.
#[derive(Default, Deserialize)]
struct Taken {
    sid: Option<String>,
    num_segments: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    status: String,
    /// `Full` or `Trial`, which sends to verified numbers only.
    #[serde(rename = "type")]
    kind: String,
}

/// What Twilio says of a request that it refuses.
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

#[cfg(test)]
mod tests;
