//! Access tokens: each is used until shortly before its end.

use chassis::Secret;
use chassis::clock::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::SERVICE_ACCOUNT;
use super::account::ServiceAccount;
use super::answer::retry_after;
use super::exchange;
use crate::transport::DeliveryError;

/// How long before its end a token is no longer used: longer than a request takes.
const MARGIN: TimeDelta = TimeDelta::minutes(2);
/// How long a token is valid whose answer does not say.
const LIFETIME_SECONDS: i64 = 600;

/// The access tokens of a service account.
pub(super) struct Tokens {
    account: ServiceAccount,
    token_url: String,
    clock: Clock,
    /// Locked while a token is asked for, so that many messages ask once.
    cached: Mutex<Option<AccessToken>>,
}

struct AccessToken {
    token: Secret,
    use_until: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Issued {
    access_token: Secret,
    #[serde(default = "lifetime_seconds")]
    expires_in: i64,
}

fn lifetime_seconds() -> i64 {
    LIFETIME_SECONDS
}

/// What the token endpoint answers instead of a token.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
}

impl Tokens {
    /// `token_url` takes the place of the account's own, if it is not empty.
    pub(super) fn new(account: ServiceAccount, token_url: &str, clock: Clock) -> Self {
        let token_url = if token_url.is_empty() { &account.token_url } else { token_url };
        let token_url = token_url.to_owned();
        Self { account, token_url, clock, cached: Mutex::default() }
    }

    /// An access token; another one than that which was refused.
    pub(super) async fn get(
        &self,
        http: &reqwest::Client,
        refused: Option<&Secret>,
        deadline: Instant,
    ) -> Result<Secret, DeliveryError> {
        let token = timeout_at(deadline, async {
            let mut cached = self.cached.lock().await;
            if let Some(it) = &*cached
                && self.clock.now() < it.use_until
                && Some(&it.token) != refused
            {
                return Ok(it.token.clone());
            }
            let issued = self.exchange(http, deadline).await?;
            let token = issued.token.clone();
            *cached = Some(issued);
            Ok(token)
        });
        let late = || DeliveryError::unavailable("FCM: no access token in time");
        token.await.unwrap_or_else(|_| Err(late()))
    }

    async fn exchange(
        &self,
        http: &reqwest::Client,
        deadline: Instant,
    ) -> Result<AccessToken, DeliveryError> {
        let now = self.clock.now();
        let assertion = self.account.assertion(&self.token_url, now);
        let assertion = assertion.map_err(|_| refused("the private key cannot sign".to_owned()))?;
        let form = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={}",
            assertion.as_str()
        );
        let request = http.post(&self.token_url);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let reply = exchange(request.body(form), deadline).await.map_err(|error| {
            // The message was not sent, whatever became of this.
            DeliveryError::unavailable(format!("FCM: no access token: {error}"))
        })?;
        match reply.status.as_u16() {
            200 => {}
            400..=499 if reply.status != StatusCode::TOO_MANY_REQUESTS => {
                let said: Refusal = serde_json::from_slice(&reply.body).unwrap_or_default();
                let code = word(&said.error).unwrap_or("no reason given");
                return Err(refused(format!("status {}, {code}", reply.status.as_u16())));
            }
            status => {
                let reason = format!("FCM: no access token: status {status}");
                let retry_after = retry_after(&reply.headers, now);
                return Err(DeliveryError::Unavailable { reason, retry_after });
            }
        }
        let issued: Issued = serde_json::from_slice(&reply.body)
            .map_err(|_| DeliveryError::unavailable("FCM: no access token in the answer"))?;
        let lifetime = TimeDelta::seconds(issued.expires_in.clamp(0, 86_400));
        Ok(AccessToken { token: issued.access_token, use_until: now + lifetime - MARGIN })
    }
}

fn refused(why: String) -> DeliveryError {
    DeliveryError::unavailable(format!("FCM: no access token ({why}); see {SERVICE_ACCOUNT}"))
}

/// A code of the protocol, and nothing else that somebody might answer.
fn word(text: &str) -> Option<&str> {
    let is_code = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    (!text.is_empty() && text.len() <= 50 && text.bytes().all(is_code)).then_some(text)
}
