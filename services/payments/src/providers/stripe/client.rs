//! Requests to Stripe's API, and what their answers mean for what was asked.
//!
//! Three things can come of a request: it was done, it was refused and nothing was done, or nothing
//! is known. Nothing here asks again: who calls does, under the same key.

mod answer;
mod form;

use std::sync::Arc;
use std::time::Duration;

use chassis::Secret;
use chassis::telemetry::cause;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::config::StripeConfig;
use super::health::Pulse;
use super::objects::{ErrorBody, List, Listed};
use crate::setup::is_local;
use answer::Answer;
pub(super) use form::Form;

/// The version of the API this code is written for. Answers have its form whatever the account's
/// own version is; webhooks have the endpoint's, so only what no version changes is read of them.
pub(super) const API_VERSION: &str = "2026-10-28.endive";

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// Longer than Stripe's lists of a hundred objects.
const MAX_ANSWER: usize = 4 << 20;
/// How many objects of a list are asked for at once: the most there can be.
const PAGE: usize = 100;
/// The longest pause that is kept to.
const MAX_PAUSE: TimeDelta = TimeDelta::seconds(60);
/// How many pages of a list are read, so that none is read for ever: to find something, and where
/// all of it is wanted.
const MAX_PAGES: usize = 50;
const MAX_PAGES_OF_ALL: usize = 100_000;

/// Why a request was not done, or may not have been.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// The card's issuer, or another company, said no.
    #[error("declined: {}", .0.describe())]
    Declined(Box<ErrorBody>),
    /// The request cannot be done as things are.
    #[error("refused: {}", .0.describe())]
    Refused(Box<ErrorBody>),
    /// The key was used before, for another request. Neither this one was done nor one that still
    /// comes with the key will be.
    #[error("the idempotency key was used for another request")]
    KeyUsed,
    /// The shop's key is not taken, so nothing was done; it will be once somebody has corrected it.
    /// `forbidden`: the key is known, and may not do this.
    #[error("{cause}")]
    KeyRefused { cause: String, forbidden: bool },
    /// Nothing is known. `ended`: the request under this key has ended, without telling how.
    #[error("{cause}")]
    Unknown { cause: String, ended: bool },
}

impl ApiError {
    /// Whether what it is about is not there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused(error) if error.code.as_deref() == Some("resource_missing"))
    }
}

/// What came of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done<T> {
    pub(super) object: T,
    /// It was done before: the object is as it was then.
    pub(super) replayed: bool,
}

pub(super) type ApiResult<T> = Result<T, ApiError>;

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    #[error("payments.stripe.secret_key cannot be sent")]
    Key,
    #[error("payments.stripe.api_url is no URL")]
    Url,
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

/// A client of the API. Connections are used again.
pub(super) struct Client {
    http: reqwest::Client,
    api: String,
    pulse: Arc<Pulse>,
    /// Until when Stripe wants no further requests.
    paused_until: Mutex<Option<DateTime<Utc>>>,
}

impl Client {
    pub(super) fn new(config: &StripeConfig, pulse: Arc<Pulse>) -> Result<Self, ClientError> {
        let url = Url::parse(&config.api_url).map_err(|_| ClientError::Url)?;
        let mut http = reqwest::Client::builder()
            .default_headers(headers(&config.secret_key)?)
            .user_agent(concat!("cartwright/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN.min(config.request_within()))
            .timeout(config.request_within())
            // Never with the key to somewhere else.
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(tls()?);
        if is_local(&url) {
            http = http.no_proxy();
        }
        let api = config.api_url.clone();
        Ok(Self { http: http.build()?, api, pulse, paused_until: Mutex::default() })
    }

    /// Reads an object.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &Form) -> ApiResult<T> {
        let request = self.http.request(Method::GET, format!("{}{path}?{query}", self.api));
        self.send(request, &format!("GET {path}")).await.map(|it| it.object)
    }

    /// Does something, once per key.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: Uuid,
        form: &Form,
    ) -> ApiResult<Done<T>> {
        let request = self
            .http
            .request(Method::POST, format!("{}{path}", self.api))
            .header("Idempotency-Key", key.to_string())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_string());
        self.send(request, &format!("POST {path}")).await
    }

    /// Deletes an object.
    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str) -> ApiResult<T> {
        let request = self.http.request(Method::DELETE, format!("{}{path}", self.api));
        self.send(request, &format!("DELETE {path}")).await.map(|it| it.object)
    }

    /// The objects of a list that `wanted` picks, the newest first; all of them, or the first only.
    pub(super) async fn list<T: DeserializeOwned + Listed>(
        &self,
        path: &str,
        query: &Form,
        first_only: bool,
        wanted: impl Fn(&T) -> bool,
    ) -> ApiResult<Vec<T>> {
        self.pages(path, query, MAX_PAGES, wanted, |found| first_only && !found.is_empty()).await
    }

    /// The same, however long the list is.
    pub(super) async fn list_all<T: DeserializeOwned + Listed>(
        &self,
        path: &str,
        query: &Form,
        wanted: impl Fn(&T) -> bool,
    ) -> ApiResult<Vec<T>> {
        self.pages(path, query, MAX_PAGES_OF_ALL, wanted, |_| false).await
    }

    async fn pages<T: DeserializeOwned + Listed>(
        &self,
        path: &str,
        query: &Form,
        most: usize,
        wanted: impl Fn(&T) -> bool,
        is_enough: impl Fn(&[T]) -> bool,
    ) -> ApiResult<Vec<T>> {
        let mut found = Vec::new();
        let mut query = query.clone().with("limit", PAGE);
        for _ in 0..most {
            let page: List<T> = self.get(path, &query).await?;
            let last = page.data.last().map(|it| it.id().to_owned());
            found.extend(page.data.into_iter().filter(&wanted));
            match last {
                Some(last) if page.has_more && !is_enough(&found) => {
                    query.set("starting_after", last);
                }
                _ => return Ok(found),
            }
        }
        Err(unknown(format!("GET {path}: more than {most} pages of {PAGE} objects")))
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        what: &str,
    ) -> ApiResult<Done<T>> {
        let waiting = Waiting { pulse: &self.pulse, what };
        let result = match self.exchange(request, what).await {
            Ok(answer) => answer.read(what),
            Err(error) => Err(error),
        };
        // Not given up.
        std::mem::forget(waiting);
        match &result {
            Err(ApiError::KeyRefused { cause, .. }) => self.pulse.key_refused(cause),
            Err(ApiError::Unknown { cause, .. }) => self.pulse.failed(cause),
            _ => self.pulse.answered(),
        }
        result
    }

    async fn exchange(&self, request: RequestBuilder, what: &str) -> ApiResult<Answer> {
        if self.paused_until.lock().is_some_and(|it| self.pulse.now() < it) {
            return Err(unknown(format!("{what}: not sent, Stripe has asked for a pause")));
        }
        let failed = |error: reqwest::Error| {
            // Without the URL, whose query may have the name of an intent.
            let error = error.without_url();
            unknown(format!("{what}: {}: {}", phase(&error), cause(&error)))
        };
        let response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response).await.map_err(|it| match it {
            Unread::Cut(error) => failed(error),
            Unread::TooLarge => unknown(format!("{what}: the answer is too large")),
        })?;
        let answer = Answer { status, headers, body };
        if let Some(pause) = answer.pause() {
            *self.paused_until.lock() = Some(self.pulse.now() + pause.min(MAX_PAUSE));
        }
        Ok(answer)
    }
}

/// Notes, when it is dropped, that the caller has given up waiting.
struct Waiting<'a> {
    pulse: &'a Pulse,
    what: &'a str,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pulse.failed(&format!("{}: no answer before the caller gave up", self.what));
    }
}

/// Why there is no body.
enum Unread {
    Cut(reqwest::Error),
    TooLarge,
}

async fn read(mut response: Response) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Cut)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unknown(cause: String) -> ApiError {
    ApiError::Unknown { cause, ended: false }
}

/// What a request failed at.
fn phase(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection was lost"
    }
}

fn headers(key: &Secret) -> Result<HeaderMap, ClientError> {
    let bearer = Secret::from(format!("Bearer {}", key.as_str()));
    let mut authorization = HeaderValue::from_str(&bearer).map_err(|_| ClientError::Key)?;
    authorization.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, authorization);
    headers.insert("Stripe-Version", HeaderValue::from_static(API_VERSION));
    Ok(headers)
}

/// The public roots, compiled in: the program needs none of the machine it runs on.
fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = rustls::RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

#[cfg(test)]
mod tests;
