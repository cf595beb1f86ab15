//! A client of the API, and a receiver of its webhooks.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use chassis::testing::in_time;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;
use serde_json::{Value, json};
use stripe_double::{Double, Options, sign};

/// The time when every test begins.
pub const NOON: i64 = 1_767_355_200;

/// The options of Elements that fit [`Api::pay`].
pub fn elements() -> Value {
    json!({ "amount": 5000, "currency": "eur" })
}

pub const RETURN_URL: &str = "http://shop.test/orders/1?lang=de";

/// A double, and what is sent with every request to it.
pub struct Api {
    pub double: Double,
    pub key: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("{}", self.body)).to_owned()
    }

    /// The status, with the error's code or else its type.
    pub fn refusal(&self) -> (u16, &str) {
        let error = &self.body["error"];
        (self.status, error["code"].as_str().or(error["type"].as_str()).unwrap_or_default())
    }
}

/// A double with a fixed clock that sends webhooks only when told to.
pub async fn start() -> Api {
    start_with(|_| {}).await
}

pub async fn start_with(change: impl FnOnce(&mut Options)) -> Api {
    let mut options = Options { now: Arc::new(|| NOON), delivers: false, ..Options::default() };
    change(&mut options);
    let key = options.secret_key.clone();
    let double = Double::start(options).await.expect("a free port");
    Api { double, key, client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()) }
}

impl Api {
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", &[]).await.expect("an answer")
    }

    pub async fn post(&self, path: &str, form: &str) -> Answer {
        self.send("POST", path, form, &[]).await.expect("an answer")
    }

    /// With an idempotency key.
    pub async fn keyed(&self, key: &str, path: &str, form: &str) -> Answer {
        self.send("POST", path, form, &[("idempotency-key", key)]).await.expect("an answer")
    }

    /// An intent over 50 euros, paid with a test method.
    pub async fn pay(&self, method: &str, more: &str) -> Answer {
        let token = self.double.token(method, elements()).expect("a test method");
        self.post("/v1/payment_intents", &pay_form(&token, more)).await
    }

    /// The same over 50 euros that cards only hold.
    pub async fn hold(&self, method: &str) -> Answer {
        let mut elements = elements();
        elements["payment_method_options"] = json!({ "card": { "capture_method": "manual" } });
        let token = self.double.token(method, elements).expect("a test method");
        let manual = "&payment_method_options[card][capture_method]=manual";
        self.post("/v1/payment_intents", &pay_form(&token, manual)).await
    }

    pub async fn intent(&self, id: &str) -> Value {
        self.get(&format!("/v1/payment_intents/{id}?expand[]=latest_charge.refunds")).await.body
    }

    /// These headers replace those that are always sent.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        form: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<Answer> {
        let mut all = HeaderMap::new();
        let bearer = format!("Bearer {}", self.key);
        let version = Options::default().api_version;
        let usual = [
            ("authorization", bearer.as_str()),
            ("stripe-version", &version),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        for (name, value) in usual.iter().chain(headers) {
            let name: axum::http::HeaderName = name.parse().expect("a name");
            all.insert(name, value.parse().expect("a value"));
        }
        let mut request = hyper::Request::builder().method(method);
        let control = path.strip_prefix("/_double").map(|it| self.double.control_url() + it);
        request = request.uri(control.unwrap_or_else(|| self.double.url() + path));
        *request.headers_mut().expect("a request") = all;
        let request = request.body(Full::new(Bytes::from(form.to_owned()))).expect("a request");
        let exchange = async {
            let response = self.client.request(request).await.map_err(io::Error::other)?;
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.map_err(io::Error::other)?.to_bytes();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let body = serde_json::from_str(&text).unwrap_or_default();
            Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, text, body })
        };
        in_time("an answer of the double", exchange).await
    }
}

pub fn pay_form(token: &str, more: &str) -> String {
    format!(
        "amount=5000&currency=eur&confirm=true&confirmation_token={token}&use_stripe_sdk=true\
         &return_url={RETURN_URL}&metadata[payment_id]=p1{more}"
    )
}

/// A shop's webhook endpoint.
#[derive(Clone, Default)]
pub struct Receiver {
    pub url: String,
    /// The signature and the body of each.
    pub got: Arc<Mutex<Vec<(String, String)>>>,
    /// What it answers from now on.
    pub status: Arc<Mutex<StatusCode>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let mut receiver = Self::default();
        let (got, status) = (Arc::clone(&receiver.got), Arc::clone(&receiver.status));
        let take = move |headers: HeaderMap, body: String| {
            let signature = headers["stripe-signature"].to_str().expect("text").to_owned();
            got.lock().push((signature, body));
            let status = *status.lock();
            async move { status }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        receiver.url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = Router::new().route("/hook", post(take));
        let serving = async move { axum::serve(listener, router).await.expect("serving") };
        tokio::spawn(serving);
        receiver
    }

    /// The types of the events that came since the last look.
    pub fn take(&self) -> Vec<String> {
        let got = std::mem::take(&mut *self.got.lock());
        got.iter().map(|(_, body)| kind(body)).collect()
    }
}

pub fn kind(body: &str) -> String {
    let event: Value = serde_json::from_str(body).expect("JSON");
    event["type"].as_str().expect("a type").to_owned()
}

/// Whether a signature is of this secret, and of this time.
pub fn is_signed(signature: &str, secret: &str, at: i64, body: &str) -> bool {
    let signed = format!("v1={}", sign(secret, at, body));
    signature.starts_with(&format!("t={at},")) && signature.split(',').any(|it| it == signed)
}
