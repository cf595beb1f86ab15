//! E-mail by SendGrid's v3 Web API, and its signed event webhook.
//!
//! SendGrid cannot be asked whether it has taken a message. One of which nobody knows is sent again
//! once at most, with the same `Message-ID`; its events name the message by its own id, so those of
//! the first time are noted as well.

mod config;
mod events;
mod mail;
mod signature;

use axum::http::HeaderMap;
use chassis::Secret;
use chassis::clock::Clock;
use chassis::service::BoxError;
use chassis::webhooks::{Notice, WebhookError};
use futures::future::BoxFuture;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde::Deserialize;

use super::http::{self, Answer, cleaned, with};
use super::{Accepted, DeliveryError, OutgoingMessage, Provider, Setup, Transport};
pub use config::SendgridConfig;
use mail::Sender;
use signature::PublicKey;

const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";
/// What a key must be allowed to do.
const SCOPE: &str = "mail.send";

/// SendGrid, by one account.
pub(super) struct Sendgrid {
    http: reqwest::Client,
    config: SendgridConfig,
    sender: Sender,
    webhook_key: Option<PublicKey>,
    clock: Clock,
}

impl Sendgrid {
    /// Connects to nothing.
    pub(super) fn open(setup: &Setup<'_>) -> Result<Self, BoxError> {
        let config = setup.config.sendgrid.clone();
        let bearer = Secret::from(format!("Bearer {}", config.api_key.as_str()));
        let mut authorization = HeaderValue::from_str(&bearer)?;
        authorization.set_sensitive(true);
        let headers = [(AUTHORIZATION, authorization)].into_iter().collect();
        Ok(Self {
            http: http::client(headers, &config.api_url, config.timeout())?,
            sender: Sender::of(setup.shop),
            webhook_key: PublicKey::parse(&config.webhook_public_key),
            clock: setup.clock,
            config,
        })
    }

    async fn send(&self, message: &OutgoingMessage) -> Result<Accepted, DeliveryError> {
        let body = mail::request(message, &self.sender).to_string();
        let request = self.http.post(format!("{}/v3/mail/send", self.config.api_url));
        let request = request.header("content-type", "application/json").body(body);
        let answer = http::exchange(request).await?;
        if answer.status.is_success() {
            let id = answer.headers.get("x-message-id").and_then(|it| it.to_str().ok());
            return Ok(Accepted { provider_message_id: id.map(str::to_owned), segments: None });
        }
        Err(self.failure(&answer))
    }

    /// What an answer says of a request that was not done.
    fn failure(&self, answer: &Answer) -> DeliveryError {
        let error = ErrorBody::first(&answer.body);
        let said = cleaned(&error.message);
        if let Some(outage) = answer.outage(&said, self.clock.now()) {
            return outage;
        }
        let status = with(&format!("status {}", answer.status.as_u16()), &said);
        let to_check = |setting: &str| {
            DeliveryError::unavailable(format!("{status}; check notifications.sendgrid.{setting}"))
        };
        match answer.status {
            StatusCode::UNAUTHORIZED => to_check("api_key"),
            // Also where the sender is not verified.
            StatusCode::FORBIDDEN => {
                let reason = format!(
                    "{status}; check that notifications.sendgrid.api_key may send mail, and that \
                     shop.email_from is verified at SendGrid"
                );
                DeliveryError::unavailable(reason)
            }
            it if it.is_redirection() || it == StatusCode::NOT_FOUND => to_check("api_url"),
            _ if error.is_about("from") => {
                DeliveryError::unavailable(format!("{status}; check shop.email_from"))
            }
            _ if error.is_about("reply_to") => {
                DeliveryError::unavailable(format!("{status}; check shop.email_reply_to"))
            }
            _ => DeliveryError::Refused(status),
        }
    }

    async fn check_key(&self) -> Result<String, DeliveryError> {
        let request = self.http.get(format!("{}/v3/scopes", self.config.api_url));
        let answer = http::exchange(request).await?;
        if !answer.status.is_success() {
            return Err(self.failure(&answer));
        }
        let scopes: Scopes = serde_json::from_slice(&answer.body)
            .map_err(|_| DeliveryError::unavailable("the answer of the API cannot be read"))?;
        if scopes.scopes.iter().any(|it| it == SCOPE) {
            return Ok(format!("{}, with a key that may send mail", self.config.api_url));
        }
        Err(DeliveryError::unavailable(
            "notifications.sendgrid.api_key may not send mail; give it the permission Mail Send",
        ))
    }

    fn verified(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), WebhookError> {
        let key = self.webhook_key.as_ref().ok_or(WebhookError::NotConfigured)?;
        let header = |name: &str| {
            let value = headers.get(name).and_then(|it| it.to_str().ok());
            value.ok_or(WebhookError::Rejected("there is no signature"))
        };
        let (signature, timestamp) = (header(SIGNATURE)?, header(TIMESTAMP)?);
        let verified = key.verify(signature, timestamp, body, self.clock.now());
        verified.map_err(WebhookError::Rejected)
    }
}

impl Transport for Sendgrid {
    fn provider(&self) -> Provider {
        Provider::Sendgrid
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
        Box::pin(self.check_key())
    }

    fn webhook(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Notice>, WebhookError> {
        self.verified(headers, body)?;
        events::read(body)
    }
}

#[derive(Deserialize)]
struct Scopes {
    scopes: Vec<String>,
}

/// What SendGrid says of a request that it refuses.
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    errors: Vec<ApiError>,
}

#[derive(Default, Deserialize)]
struct ApiError {
    #[serde(default)]
    message: String,
    /// The member of the request that is wrong, such as `personalizations.0.to`.
    #[serde(default)]
    field: Option<String>,
}

impl ErrorBody {
    fn first(body: &[u8]) -> ApiError {
        let body: Self = serde_json::from_slice(body).unwrap_or_default();
        body.errors.into_iter().next().unwrap_or_default()
    }
}

impl ApiError {
    fn is_about(&self, member: &str) -> bool {
        let first = self.field.as_deref().and_then(|it| it.split('.').next());
        first == Some(member)
    }
}

#[cfg(test)]
mod tests;
