//! Requests to Google, and whether anything of one was sent.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response, Url};
use tokio::time::Instant;

use super::OpenError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than any answer.
const MAX_ANSWER: usize = 64 << 10;

/// A client. Connections are used again.
pub(super) struct Http(reqwest::Client);

/// An answer; the body is empty where it was lost or is too long.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer, without the address.
pub(super) enum NoAnswer {
    /// Nothing was sent.
    NotSent(String),
    /// The request may have arrived.
    Lost(String),
}

impl Http {
    /// `url`: where most requests go.
    pub(super) fn new(url: &str) -> Result<Self, OpenError> {
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("cartwright/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            // Never with a token to somewhere else.
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(tls()?);
        if Url::parse(url).is_ok_and(|it| is_local(&it)) {
            http = http.no_proxy();
        }
        Ok(Self(http.build()?))
    }

    pub(super) fn post(&self, url: &str) -> RequestBuilder {
        self.0.post(url)
    }

    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        deadline: Instant,
    ) -> Result<Reply, NoAnswer> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(NoAnswer::NotSent("no time left".to_owned()));
        }
        let sent = request.timeout(left).send().await;
        let response = sent.map_err(|error| {
            if error.is_builder() || error.is_connect() {
                NoAnswer::NotSent("no connection".to_owned())
            } else if error.is_timeout() {
                NoAnswer::Lost("no answer in time".to_owned())
            } else {
                NoAnswer::Lost("the connection was lost".to_owned())
            }
        })?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply { status, headers, body: read(response).await.unwrap_or_default() })
    }
}

async fn read(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

/// Whether a URL leads to the machine itself.
fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback())
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
