//! Firebase Cloud Messaging: push messages to devices.
//! <https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send>

mod account;
mod answer;
mod config;
#[cfg(test)]
pub(crate) mod double;
mod message;
mod token;

use std::time::Duration;

use chassis::Secret;
use chassis::clock::Clock;
use futures::future::BoxFuture;
use reqwest::header::HeaderMap;
use tokio::time::Instant;

use super::http::{self, ClientError};
use super::{Accepted, DeliveryError, OutgoingMessage, Provider, Transport};
use account::{AccountError, ServiceAccount};
use answer::Answer;
pub use config::FcmConfig;
use token::Tokens;

/// Where staff look when Google refuses the shop.
const SERVICE_ACCOUNT: &str = "notifications.fcm.service_account";

/// The project at Firebase whose apps get the messages.
pub(crate) struct Fcm {
    /// Or why nothing can be sent.
    project: Result<Project, OpenError>,
    timeout: Duration,
    per_minute: u32,
}

struct Project {
    http: reqwest::Client,
    tokens: Tokens,
    /// Where messages are sent to.
    send_url: String,
    /// The project and the account, for staff.
    name: String,
    clock: Clock,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error("notifications.fcm.service_account is {0}")]
    Account(#[from] AccountError),
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl Fcm {
    pub(crate) fn new(config: &FcmConfig, clock: Clock) -> Self {
        let project = Project::open(config, clock);
        if let Err(error) = &project {
            tracing::error!(%error, "push messages cannot be sent");
        }
        Self { project, timeout: config.timeout(), per_minute: config.per_minute }
    }

    fn project(&self) -> Result<&Project, DeliveryError> {
        self.project.as_ref().map_err(|error| DeliveryError::unavailable(error.to_string()))
    }
}

impl Project {
    fn open(config: &FcmConfig, clock: Clock) -> Result<Self, OpenError> {
        let account = ServiceAccount::parse(&config.service_account)?;
        let api = config.api_url.trim_end_matches('/');
        let send_url = format!("{api}/v1/projects/{}/messages:send", account.project_id);
        let name = format!("project {} as {}", account.project_id, account.client_email);
        let http = http::client(HeaderMap::new(), &send_url, config.timeout())?;
        let tokens = Tokens::new(account, &config.token_url, clock);
        Ok(Self { http, tokens, send_url, name, clock })
    }

    async fn send(
        &self,
        message: &OutgoingMessage,
        deadline: Instant,
    ) -> Result<Accepted, DeliveryError> {
        let body = message::body(message).to_string();
        let token = self.tokens.get(&self.http, None, deadline).await?;
        let mut answer = self.post(&body, &token, deadline).await?;
        if answer.refuses_token() {
            // It was withdrawn before its end.
            let token = self.tokens.get(&self.http, Some(&token), deadline).await?;
            answer = self.post(&body, &token, deadline).await?;
        }
        answer.read()
    }

    async fn post(
        &self,
        body: &str,
        token: &Secret,
        deadline: Instant,
    ) -> Result<Answer, DeliveryError> {
        let request = self.http.post(&self.send_url).bearer_auth(token.as_str());
        let request = request.header("content-type", "application/json").body(body.to_owned());
        let answer = exchange(request, deadline).await.map_err(|error| match error {
            DeliveryError::Unknown(cause) => DeliveryError::Unknown(format!("FCM: {cause}")),
            error => DeliveryError::unavailable(format!("FCM: {error}")),
        })?;
        Ok(Answer::new(&answer, self.clock.now()))
    }
}

/// Sends a request of a message within what is left of its time.
async fn exchange(
    request: reqwest::RequestBuilder,
    deadline: Instant,
) -> Result<http::Answer, DeliveryError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(DeliveryError::unavailable("no time left"));
    }
    http::exchange(request.timeout(left)).await
}

impl Transport for Fcm {
    fn provider(&self) -> Provider {
        Provider::Fcm
    }

    fn per_minute(&self) -> u32 {
        self.per_minute
    }

    fn deliver<'a>(
        &'a self,
        message: &'a OutgoingMessage,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        Box::pin(async { self.project()?.send(message, Instant::now() + self.timeout).await })
    }

    fn check(&self) -> BoxFuture<'_, Result<String, DeliveryError>> {
        Box::pin(async {
            let project = self.project()?;
            project.tokens.get(&project.http, None, Instant::now() + self.timeout).await?;
            Ok(project.name.clone())
        })
    }
}

#[cfg(test)]
mod tests;
