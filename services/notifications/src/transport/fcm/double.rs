//! A double of Google's token endpoint and of FCM. It takes assertions and messages only as Google
//! documents them, and fails as tests say.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use chassis::clock::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Fcm, FcmConfig};

const PRIVATE_KEY: &str = include_str!("../../../tests/data/service_account_private.pem");
const PUBLIC_KEY: &str = include_str!("../../../tests/data/service_account_public.pem");
pub(crate) const PROJECT: &str = "shop-1";
const CLIENT_EMAIL: &str = "cartwright@shop-1.iam.gserviceaccount.com";
const KEY_ID: &str = "key-1";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What it answers to a message to a device.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Play {
    /// This error: status, FCM's code and the field that is wrong.
    Error(u16, &'static str, Option<&'static str>),
    /// The same, and when to come back.
    RetryAfter(u16, &'static str, &'static str),
    /// No answer.
    Hang,
}

/// The double. Its clones are the same one.
#[derive(Clone)]
pub(crate) struct Double {
    address: String,
    clock: Clock,
    state: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    exchanges: usize,
    /// What the token endpoint answers instead of a token.
    no_token: Option<(u16, &'static str)>,
    /// Seconds an access token is valid.
    lifetime: i64,
    tokens: HashMap<String, DateTime<Utc>>,
    plays: HashMap<String, Play>,
    /// The bodies it has taken.
    taken: Vec<Value>,
    attempts: usize,
}

/// The key of the service account as Google's console makes it.
pub(crate) fn service_account(token_uri: &str) -> Value {
    json!({
        "type": "service_account", "project_id": PROJECT, "private_key_id": KEY_ID,
        "private_key": PRIVATE_KEY, "client_email": CLIENT_EMAIL, "client_id": "1",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    })
}

impl Double {
    pub(crate) async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(Inner { lifetime: 3_600, ..Inner::default() }));
        let double = Self { address, clock, state };
        let router = Router::new()
            .route("/token", post(exchange))
            .route("/v1/projects/{project}/messages:send", post(send))
            .with_state(double.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        double
    }

    pub(crate) fn config(&self) -> FcmConfig {
        FcmConfig {
            service_account: service_account(&self.token_url()).to_string().into(),
            api_url: self.address.clone(),
            timeout_ms: 20_000,
            ..FcmConfig::default()
        }
    }

    pub(crate) fn fcm(&self) -> Fcm {
        self.fcm_with(self.config())
    }

    pub(crate) fn fcm_with(&self, config: FcmConfig) -> Fcm {
        Fcm::new(&config, self.clock)
    }

    fn token_url(&self) -> String {
        format!("{}/token", self.address)
    }

    /// From now on messages to this device end so.
    pub(crate) fn play(&self, device: &str, play: Play) {
        self.state.lock().plays.insert(device.to_owned(), play);
    }

    pub(crate) fn recover(&self) {
        let mut state = self.state.lock();
        state.plays.clear();
        state.no_token = None;
    }

    /// From now on there are no access tokens.
    pub(crate) fn issue_none(&self, status: u16, error: &'static str) {
        self.state.lock().no_token = Some((status, error));
    }

    /// Withdraws all access tokens.
    pub(crate) fn revoke(&self) {
        self.state.lock().tokens.clear();
    }

    pub(crate) fn exchanges(&self) -> usize {
        self.state.lock().exchanges
    }

    /// Requests to send, taken or not.
    pub(crate) fn attempts(&self) -> usize {
        self.state.lock().attempts
    }

    /// The messages it has taken.
    pub(crate) fn taken(&self) -> Vec<Value> {
        self.state.lock().taken.clone()
    }

    /// The devices it has taken messages for, sorted.
    pub(crate) fn reached(&self) -> Vec<String> {
        let text = |it: &Value| it["message"]["token"].as_str().unwrap_or_default().to_owned();
        let mut devices: Vec<_> = self.taken().iter().map(text).collect();
        devices.sort();
        devices
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    scope: String,
    aud: String,
    iat: i64,
    exp: i64,
}

/// What is wrong with an assertion, if anything.
fn wrong_assertion(double: &Double, assertion: &str) -> Option<String> {
    let mut validation = Validation::new(Algorithm::RS256);
    // By the double's clock instead.
    validation.validate_exp = false;
    validation.set_audience(&[double.token_url()]);
    let key = DecodingKey::from_rsa_pem(PUBLIC_KEY.as_bytes()).expect("a public key");
    let token = match jsonwebtoken::decode::<Claims>(assertion, &key, &validation) {
        Ok(token) => token,
        Err(error) => return Some(error.to_string()),
    };
    let (claims, now) = (token.claims, double.clock.now().timestamp());
    let rules = [
        (token.header.kid.as_deref() == Some(KEY_ID), "the key's id"),
        (token.header.typ.as_deref() == Some("JWT"), "the type"),
        (claims.iss == CLIENT_EMAIL, "the issuer"),
        (claims.aud == double.token_url(), "the audience"),
        (claims.scope == "https://www.googleapis.com/auth/firebase.messaging", "the scope"),
        (claims.iat <= now && now < claims.exp, "the time"),
        (claims.exp - claims.iat <= 3_600, "the lifetime"),
    ];
    rules.into_iter().find(|(right, _)| !right).map(|(_, what)| what.to_owned())
}

async fn exchange(State(double): State<Double>, headers: HeaderMap, body: Bytes) -> Response {
    let refuse = |status: u16, error: &str, why: &str| {
        let status = StatusCode::from_u16(status).expect("a status");
        (status, Json(json!({ "error": error, "error_description": why }))).into_response()
    };
    double.state.lock().exchanges += 1;
    if let Some((status, error)) = double.state.lock().no_token {
        return refuse(status, error, "as the test says");
    }
    if headers["content-type"] != "application/x-www-form-urlencoded" {
        return refuse(400, "invalid_request", "no form");
    }
    let form = String::from_utf8(body.to_vec()).expect("UTF-8").replace("%3A", ":");
    let Some(assertion) = form.strip_prefix(&format!("grant_type={GRANT}&assertion=")) else {
        return refuse(400, "unsupported_grant_type", "another grant");
    };
    if let Some(why) = wrong_assertion(&double, assertion) {
        return refuse(400, "invalid_grant", &why);
    }
    let mut state = double.state.lock();
    let (token, lifetime) = (format!("ya29.{}", state.exchanges), state.lifetime);
    state.tokens.insert(token.clone(), double.clock.now() + TimeDelta::seconds(lifetime));
    let token = json!({ "access_token": token, "expires_in": lifetime, "token_type": "Bearer" });
    Json(token).into_response()
}

/// The parts of a message that the shop sends, as the reference of `projects.messages` has them.
mod published {
    #![expect(dead_code, reason = "read to be checked")]

    use std::collections::BTreeMap;

    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Send {
        message: Message,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Message {
        token: String,
        notification: Notification,
        data: BTreeMap<String, String>,
        android: Android,
        apns: Apns,
        webpush: Webpush,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Notification {
        title: String,
        body: String,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Android {
        notification: Tag,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Apns {
        headers: BTreeMap<String, String>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Webpush {
        notification: Tag,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Tag {
        tag: String,
    }
}

fn problem(status: u16, code: &str, field: Option<&str>) -> Response {
    let mut details = vec![json!({
        "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code,
    })];
    if let Some(field) = field {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{ "field": field, "description": "Invalid value" }],
        }));
    }
    let error = json!({ "code": status, "message": "Not as it should be", "status": code,
                        "details": details });
    let status = StatusCode::from_u16(status).expect("a status");
    (status, Json(json!({ "error": error }))).into_response()
}

async fn send(
    State(double): State<Double>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    double.state.lock().attempts += 1;
    let bearer =
        headers.get("authorization").and_then(|it| it.to_str().ok()?.strip_prefix("Bearer "));
    let until = bearer.and_then(|it| double.state.lock().tokens.get(it).copied());
    if until.is_none_or(|it| it <= double.clock.now()) {
        return problem(401, "UNAUTHENTICATED", None);
    }
    if project != PROJECT {
        return problem(403, "PERMISSION_DENIED", None);
    }
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    if let Err(wrong) = serde_json::from_value::<published::Send>(body.clone()) {
        return problem(400, "INVALID_ARGUMENT", Some(&wrong.to_string()));
    }
    let device = body["message"]["token"].as_str().unwrap_or_default().to_owned();
    let play = double.state.lock().plays.get(&device).copied();
    match play {
        None => {
            let mut state = double.state.lock();
            state.taken.push(body);
            let name = format!("projects/{PROJECT}/messages/{}", state.taken.len());
            Json(json!({ "name": name })).into_response()
        }
        Some(Play::Error(status, code, field)) => problem(status, code, field),
        Some(Play::RetryAfter(status, code, seconds)) => {
            ([("retry-after", seconds)], problem(status, code, None)).into_response()
        }
        Some(Play::Hang) => std::future::pending().await,
    }
}
