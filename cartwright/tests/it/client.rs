//! A small HTTP client that reads JSON.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Somebody who talks to a shop, perhaps logged in.
#[derive(Clone)]
pub struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    headers: Vec<(String, String)>,
}

/// A request being made.
#[derive(Clone)]
pub struct Call {
    http: Http,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The JSON of the body, else null.
    pub body: Value,
    pub bytes: Bytes,
}

impl Http {
    pub fn new(address: SocketAddr) -> Self {
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        Self { client, address, headers: vec![] }
    }

    /// The same client on a machine with another address, which is this one all the same.
    pub fn from(&self, local: std::net::Ipv4Addr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_local_address(Some(local.into()));
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, ..self.clone() }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same client at another address.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The same client with a header on every request.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut http = self.clone();
        http.headers.push((name.to_owned(), value.to_owned()));
        http
    }

    pub fn bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// The value of a header that is on every request.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.clone())
    }

    /// A request to `/api/v1` + path, or to the path itself if it starts with `//`.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let path = match path.strip_prefix('/') {
            Some(rest) if rest.starts_with('/') => rest.to_owned(),
            _ => format!("/api/v1{path}"),
        };
        Call {
            http: self.clone(),
            method: method.parse().expect("a method"),
            path,
            headers: self.headers.clone(),
            body: Bytes::new(),
        }
    }

    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str, body: Value) -> Call {
        self.call("POST", path).json(body)
    }
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub fn json(self, body: Value) -> Self {
        self.text(body.to_string())
    }

    /// A body said to be JSON, whatever it is.
    pub fn text(self, body: impl Into<Bytes>) -> Self {
        let mut call = self.header("content-type", "application/json");
        call.body = body.into();
        call
    }

    /// A body as it is; what it is, a header says.
    pub fn raw(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// An error where the shop hung up or is not there.
    pub async fn attempt(self) -> Result<Reply, String> {
        let uri = format!("http://{}{}", self.http.address, self.path);
        let mut request = Request::builder().method(self.method).uri(uri);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).expect("a request");
        let response = self.http.client.request(request).await.map_err(|it| it.to_string())?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|it| it.to_string())?.to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Reply { status: parts.status, headers: parts.headers, body, bytes })
    }
}

impl IntoFuture for Call {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.attempt().await.expect("an answer") })
    }
}

impl Reply {
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status.as_u16(), status, "{text}");
        self.body
    }

    /// The code of a problem with this status.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        let kind = self.headers.get("content-type").cloned();
        let body = self.expect(status);
        assert_eq!(kind.expect("a content type"), "application/problem+json");
        body["code"].as_str().expect("a code").to_owned()
    }
}
