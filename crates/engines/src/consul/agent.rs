//! Consul's agent and the few things it is asked. <https://developer.hashicorp.com/consul/api-docs>

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chassis::config::SettingError;
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use mesh::discovery::{Config, Endpoint};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::name;

/// How long an answer may take that is not waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a change is waited for.
const WAIT: Duration = Duration::from_secs(55);
/// How much longer such an answer may take: Consul adds up to a sixteenth.
const SLACK: Duration = Duration::from_secs(8);
/// The longest answer, in bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// The way to Consul's agent. Clones share connections.
#[derive(Clone)]
pub struct Agent(Arc<Inner>);

struct Inner {
    address: Endpoint,
    token: Option<HeaderValue>,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Why Consul did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Consul at {0} does not answer: {1}")]
    Away(Endpoint, String),
    #[error("Consul at {0} answers {1}: {2}")]
    Refused(Endpoint, StatusCode, String),
}

/// The copies of a service at one moment.
#[derive(Debug)]
pub(super) struct Listed {
    /// Grows with every change; goes back where Consul lost its state.
    pub(super) index: u64,
    pub(super) endpoints: Vec<Endpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    node: Node,
    service: Service,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    address: String,
    port: u16,
}

impl Agent {
    pub fn new(address: Endpoint, token: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(PATIENCE));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        let token = HeaderValue::from_str(token).ok().filter(|it| !it.is_empty());
        let token = token.map(|mut it| {
            it.set_sensitive(true);
            it
        });
        Self(Arc::new(Inner { address, token, client }))
    }

    /// The one the settings name, if they do.
    pub fn of(config: &Config) -> Result<Option<Self>, SettingError> {
        Ok(config.consul()?.map(|it| Self::new(it, &config.consul_token)))
    }

    /// The healthy copies of a service, as soon as they differ from those at `index`; at the latest
    /// after a minute. With index 0 at once.
    pub(super) async fn healthy(&self, service: &str, index: u64) -> Result<Listed, Error> {
        let (wait, patience) =
            if index == 0 { (Duration::ZERO, PATIENCE) } else { (WAIT, WAIT + SLACK) };
        let path = format!(
            "/v1/health/service/{}?passing=1&index={index}&wait={}s",
            name(service),
            wait.as_secs()
        );
        let (parts, body) = self.ask(Method::GET, &path, None, patience).await?;
        let number = |it: &str| parts.headers.get(it)?.to_str().ok()?.parse().ok();
        let led = parts.headers.get("x-consul-knownleader").is_none_or(|it| it != "false");
        let index = number("x-consul-index").filter(|_| led);
        let index = index.ok_or_else(|| self.away("it has no leader"))?;
        let entries: Vec<Entry> = self.read(&body)?;
        let endpoints = entries.iter().filter_map(Entry::endpoint).collect();
        Ok(Listed { index, endpoints })
    }

    /// Tells where a copy is. It is looked at from then on and taken from the list when it is not
    /// ready; one that is gone for ten minutes is forgotten.
    pub(super) async fn register(
        &self,
        id: &str,
        service: &str,
        copy: &Endpoint,
    ) -> Result<(), Error> {
        let (address, port) = copy.host_and_port();
        let copy = json!({
            "ID": id,
            "Name": name(service),
            "Address": address,
            "Port": port,
            "Meta": { "version": env!("CARGO_PKG_VERSION") },
            "Check": {
                "HTTP": format!("http://{copy}/ready"),
                "Interval": "2s",
                "Timeout": "1s",
                // It is told once it is ready.
                "Status": "passing",
                "DeregisterCriticalServiceAfter": "10m",
            },
        });
        let body = Bytes::from(copy.to_string());
        self.ask(Method::PUT, "/v1/agent/service/register", Some(body), PATIENCE).await.map(drop)
    }

    /// Whether the agent knows a copy.
    pub(super) async fn knows(&self, id: &str) -> Result<bool, Error> {
        match self.ask(Method::GET, &format!("/v1/agent/service/{id}"), None, PATIENCE).await {
            Ok(_) => Ok(true),
            Err(Error::Refused(_, StatusCode::NOT_FOUND, _)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn deregister(&self, id: &str) -> Result<(), Error> {
        let path = format!("/v1/agent/service/deregister/{id}");
        self.ask(Method::PUT, &path, None, PATIENCE).await.map(drop)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        patience: Duration,
    ) -> Result<(http::response::Parts, Bytes), Error> {
        let uri = format!("http://{}{path}", self.0.address);
        let uri: Uri = uri.parse().map_err(|_| self.away("its address is wrong"))?;
        let mut request = Request::new(Full::new(body.unwrap_or_default()));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        if let Some(token) = &self.0.token {
            request.headers_mut().insert("x-consul-token", token.clone());
        }
        let asking = async {
            let answer =
                self.0.client.request(request).await.map_err(|it| self.away(describe(&it)))?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await;
            Ok((parts, body.map_err(|it| self.away(it.to_string()))?.to_bytes()))
        };
        let late = |_| self.away("not in time");
        let (parts, body) = tokio::time::timeout(patience, asking).await.map_err(late)??;
        if parts.status.is_success() {
            Ok((parts, body))
        } else {
            let said: String = String::from_utf8_lossy(&body).trim().chars().take(200).collect();
            Err(Error::Refused(self.0.address.clone(), parts.status, said))
        }
    }

    fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(body).map_err(|it| self.away(format!("not understood: {it}")))
    }

    fn away(&self, reason: impl Into<String>) -> Error {
        Error::Away(self.0.address.clone(), reason.into())
    }
}

impl Entry {
    /// A service without an address of its own is at its node's.
    fn endpoint(&self) -> Option<Endpoint> {
        let own = Some(&self.service.address).filter(|it| !it.is_empty());
        let host = own.unwrap_or(&self.node.address);
        let port = self.service.port;
        let url = if host.contains(':') {
            format!("http://[{host}]:{port}")
        } else {
            format!("http://{host}:{port}")
        };
        Endpoint::parse(&url)
            .inspect_err(
                |error| tracing::warn!(%error, "Consul lists an instance with an invalid address"),
            )
            .ok()
    }
}

/// hyper's errors leave out their cause.
fn describe(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(it) = cause {
        told = format!("{told}: {it}");
        cause = it.source();
    }
    told
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent").field("address", &self.0.address).finish_non_exhaustive()
    }
}
