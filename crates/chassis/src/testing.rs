//! For tests: fresh databases of every kind, signed tokens, requests through a router.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use http_body_util::BodyExt;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::Value;
use sqlx::migrate::Migrator;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

use crate::auth::{Claims, ISSUER, Verifier};
use crate::cache::Cache;
use crate::clock::Clock;
use crate::db::{Db, Limits, Migrations, Session};
use crate::id;
use crate::money::Currency;
use crate::outbox::{Envelope, EventData};
use crate::service::{Platform, Service};

/// What a service stands on in a test; dropping it removes its files.
#[derive(Clone, Debug)]
pub struct TestPlatform {
    pub platform: Platform,
    /// `sqlite` or `postgres`, for messages.
    pub kind: &'static str,
    _files: Arc<TempDir>,
    _schemas: Option<Arc<Schemas>>,
}

impl std::ops::Deref for TestPlatform {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}

static NONE: Migrator = Migrator::DEFAULT;

/// A database with the chassis's own tables only.
pub const CHASSIS_ONLY: Migrations = Migrations { service: "test", migrator: &NONE };

/// The time of every test clock.
pub fn noon() -> DateTime<Utc> {
    "2026-01-02T12:00:00Z".parse().expect("a time")
}

/// The URL of the PostgreSQL server tests may use: `TEST_POSTGRES_URL`, else the one on this
/// machine if it answers. `TEST_POSTGRES_URL=none` does without.
pub async fn postgres_url() -> Option<String> {
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) if url == "none" => None,
        Ok(url) => Some(url),
        Err(_) => {
            let url = "postgres://postgres@127.0.0.1:5432/postgres";
            let limits = Limits { connections: 1, ..Limits::default() };
            let db = Db::connect(url, limits).await.ok()?;
            db.close().await;
            Some(url.to_owned())
        }
    }
}

/// The URL of the RabbitMQ tests may use: `TEST_RABBITMQ_URL`, else the one on this machine if it
/// answers. `TEST_RABBITMQ_URL=none` does without.
pub async fn rabbitmq_url() -> Option<String> {
    at_hand("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672", 5672).await
}

/// The URL of the Redis tests may use: `TEST_REDIS_URL`, else the one on this machine if it
/// answers. `TEST_REDIS_URL=none` does without.
pub async fn redis_url() -> Option<String> {
    at_hand("TEST_REDIS_URL", "redis://127.0.0.1:6379", 6379).await
}

async fn at_hand(variable: &str, local: &str, port: u16) -> Option<String> {
    let found = match std::env::var(variable) {
        Ok(url) => Some(url).filter(|it| it != "none"),
        Err(_) => {
            let answers = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok();
            answers.then(|| local.to_owned())
        }
    };
    if found.is_none() {
        eprintln!("skipped in part: no server at {local}; {variable} names another one");
    }
    found
}

/// A platform per database at hand, each with a fresh, migrated database: SQLite always,
/// PostgreSQL (in a schema of its own) where a server answers.
pub async fn platforms(migrations: Migrations) -> Vec<TestPlatform> {
    let files = Arc::new(tempfile::tempdir().expect("a temporary directory"));
    let limits =
        Limits { connections: 4, acquire: std::time::Duration::from_secs(10), ..Limits::default() };
    let file = files.path().join(format!("{}.db", migrations.service));
    let url = format!("sqlite:{}", file.display());
    let mut databases = vec![("sqlite", Db::connect(&url, limits).await.expect("SQLite"))];
    let mut schemas = None;
    if let Some(url) = postgres_url().await {
        let created = Schemas::create(&url, &[""]).await;
        let db = Db::connect(&created.url(""), limits).await;
        databases.push(("postgres", db.expect("PostgreSQL")));
        schemas = Some(Arc::new(created));
    }
    let mut platforms = Vec::new();
    for (kind, db) in databases {
        db.migrate(migrations).await.expect("migrations");
        let clock = Clock::Fixed(noon());
        let verifier = verifier();
        let currency = Currency::default();
        let platform = Platform { db, clock, verifier, currency, cache: Cache::default() };
        let (files, schemas) = (files.clone(), schemas.clone());
        platforms.push(TestPlatform { platform, kind, _files: files, _schemas: schemas });
    }
    platforms
}

/// Schemas of one test on a PostgreSQL server. Dropped with everything in them at its end, so that
/// the server's catalogue stays small.
#[derive(Debug)]
pub struct Schemas {
    url: String,
    names: Vec<String>,
}

impl Schemas {
    /// Creates them: a name of this test's own and one of `suffixes` each.
    pub async fn create(url: &str, suffixes: &[&str]) -> Self {
        let name = format!("test_{}", Uuid::now_v7().simple());
        let names: Vec<String> = suffixes.iter().map(|it| format!("{name}{it}")).collect();
        let admin = connect_once(url).await;
        for name in &names {
            let create: &'static str = format!("CREATE SCHEMA {name}").leak();
            admin.query(create).execute().await.expect("a schema");
        }
        admin.close().await;
        Self { url: url.to_owned(), names }
    }

    /// A URL whose tables are in the schema of the first suffix, with the suffix replaced.
    pub fn url(&self, suffixes: &str) -> String {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        let name = self.names.first().map_or("", String::as_str);
        let name = name.get(..37).unwrap_or(name);
        format!("{}{separator}options=-csearch_path%3D{name}{suffixes}", self.url)
    }
}

impl Drop for Schemas {
    fn drop(&mut self) {
        let (url, names) = (std::mem::take(&mut self.url), std::mem::take(&mut self.names));
        // A thread of its own: the test's runtime is not waited on here.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let admin = connect_once(&url).await;
                for name in names {
                    let drop: &'static str = format!("DROP SCHEMA {name} CASCADE").leak();
                    if let Err(error) = admin.query(drop).execute().await {
                        eprintln!("the schema {name} stays: {error}");
                    }
                }
                admin.close().await;
            });
        });
        if dropped.join().is_err() {
            eprintln!("the schemas of this test stay");
        }
    }
}

async fn connect_once(url: &str) -> Db {
    let limits = Limits {
        connections: 1,
        acquire: std::time::Duration::from_secs(10),
        statement: std::time::Duration::from_secs(20),
        ..Limits::default()
    };
    Db::connect(url, limits).await.expect("PostgreSQL")
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

/// Starts a request: `call(&router, "POST", "/api/v1/products").user(&staff).json(json!({..})).await`.
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

    /// What the gateway, or a service's port, tells along with a request.
    #[must_use]
    pub fn told<T: Clone + Send + Sync + 'static>(self, fact: T) -> Self {
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
