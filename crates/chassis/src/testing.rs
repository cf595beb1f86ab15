//! For tests: a case per database and engine, fresh databases, waiting for what happens elsewhere,
//! signed tokens, requests through a router.

mod databases;
mod engines;
mod manual_clock;
mod waiting;

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use http_body_util::BodyExt;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

use crate::auth::{Claims, ISSUER, Verifier};
use crate::clock::Clock;
use crate::id;
use crate::outbox::{Envelope, EventData};
use crate::service::Service;

pub use databases::{CHASSIS_ONLY, Database, Schemas, TestPlatform, platforms, postgres_url};
pub use engines::{Case, Engine, is_left_out, rabbitmq_url, redis_url};
pub use macros::{databases, on};
pub use manual_clock::ManualClock;
pub use waiting::{eventually, eventually_spawned, in_time};

/// The time of every test clock.
pub fn noon() -> DateTime<Utc> {
    "2026-01-02T12:00:00Z".parse().expect("a time")
}

/// An event as a relay would carry it.
pub fn event<E: EventData>(source: &str, subject: Uuid, version: i64, data: &E) -> Envelope {
    Envelope {
        specversion: "1.0".to_owned(),
        id: id::derive(subject, format!("{}:{version}", E::TYPE)),
        source: format!("/{source}"),
        kind: E::TYPE.to_owned(),
        subject: subject.to_string(),
        time: noon(),
        datacontenttype: "application/json".to_owned(),
        traceparent: None,
        sequence: version,
        data: serde_json::to_value(data).expect("an event is plain data"),
    }
}

/// Hands events to the service's consumers and lets them handle all that is due.
pub async fn deliver(service: &Service, events: &[Envelope]) {
    for inbox in &service.inboxes {
        inbox.receive(events).await.expect("events are stored");
        while inbox.turn().await.expect("events are handled") > 0 {}
    }
}

/// Applies all webhooks of the service that are due, a batch after the other.
pub async fn apply_webhooks(service: &Service) {
    if let Some(webhooks) = &service.webhooks {
        while webhooks.turn().await.expect("webhooks are applied") > 0 {}
    }
}

/// Signs tokens as identity would, with a key known to every [`TestPlatform`].
#[derive(Clone, Debug)]
pub struct User {
    pub claims: Claims,
}

impl User {
    pub fn customer() -> Self {
        Self::with(&[])
    }

    /// Staff with these permissions.
    pub fn with(permissions: &[&str]) -> Self {
        let id = Uuid::now_v7();
        let roles = if permissions.is_empty() { "customer" } else { "staff" };
        let now = noon().timestamp();
        Self {
            claims: Claims {
                iss: ISSUER.to_owned(),
                aud: ISSUER.to_owned(),
                sub: id,
                sid: Uuid::now_v7(),
                jti: Uuid::now_v7(),
                iat: now,
                exp: now + 600,
                ver: 0,
                email: format!("{}@example.com", id.simple()),
                name: "Ada Example".to_owned(),
                roles: BTreeSet::from([roles.to_owned()]),
                permissions: permissions.iter().map(|&it| it.to_owned()).collect(),
            },
        }
    }

    pub fn id(&self) -> Uuid {
        self.claims.sub
    }

    pub fn token(&self) -> String {
        let header = Header { kid: Some("test".to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &self.claims, &key()).expect("a token")
    }
}

/// An Ed25519 key made for these tests alone.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJV0LsdClisIGDWh7PzCY1cNpF0ejZ74NVnYL8CriOIB
-----END PRIVATE KEY-----
";

fn key() -> EncodingKey {
    EncodingKey::from_ed_pem(KEY.as_bytes()).expect("a key")
}

fn jwk() -> Jwk {
    let mut jwk = Jwk::from_encoding_key(&key(), Algorithm::EdDSA).expect("a key");
    jwk.common.key_id = Some("test".to_owned());
    jwk
}

/// Verifies the tokens of [`User`]s, at the time of every test clock.
pub fn verifier() -> Verifier {
    let verifier = Verifier::new(Clock::Fixed(noon()));
    verifier.set_keys(&JwkSet { keys: vec![jwk()] });
    verifier
}

/// A request on its way through a router.
#[derive(Debug)]
pub struct Call {
    router: Router,
    request: axum::http::request::Builder,
    body: Body,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The JSON of the body; null if it has none.
    pub body: Value,
    pub bytes: bytes::Bytes,
}

/// Starts a request: `call(&router, "POST",
/// "/api/v1/products").user(&staff).json(json!({..})).await`.
pub fn call(router: &Router, method: &str, path: &str) -> Call {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    Call {
        router: router.clone(),
        request: Request::builder().method(method).uri(path),
        body: Body::empty(),
    }
}

impl Call {
    #[must_use]
    pub fn user(self, user: &User) -> Self {
        self.header(header::AUTHORIZATION.as_str(), &format!("Bearer {}", user.token()))
    }

    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    /// What the gateway, or a service's port, attaches to a request.
    #[must_use]
    pub fn extension<T: Clone + Send + Sync + 'static>(self, fact: T) -> Self {
        Self { request: self.request.extension(fact), ..self }
    }

    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "so that tests write json!({..})")]
    pub fn json(self, body: Value) -> Self {
        self.text(body.to_string())
    }

    /// A body said to be JSON, whatever it is.
    #[must_use]
    pub fn text(self, body: impl Into<Body>) -> Self {
        let this = self.header(header::CONTENT_TYPE.as_str(), "application/json");
        Self { body: body.into(), ..this }
    }

    /// A body of any kind; its type is a header.
    #[must_use]
    pub fn body(self, body: impl Into<Body>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub async fn send(self) -> Answer {
        let request = self.request.body(self.body).expect("a request");
        let response = match self.router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body, bytes }
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = futures::future::BoxFuture<'static, Answer>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl Answer {
    /// The body, if the status is `status`; else a failed test that shows the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.bytes));
        self.body
    }

    /// The code of a problem with this status.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        let body = self.expect(status);
        body["code"].as_str().unwrap_or_else(|| panic!("not a problem: {body}")).to_owned()
    }
}
