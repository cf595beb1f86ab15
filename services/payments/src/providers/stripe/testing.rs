//! A server that answers as a script says and notes what it was asked, in the place of Stripe.

use std::collections::{BTreeMap, VecDeque};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;

pub(super) const PAYMENT: Uuid = Uuid::from_u128(7);
pub(super) const KEY: Uuid = Uuid::from_u128(8);
pub(super) const NOW: DateTime<Utc> = DateTime::from_timestamp(1_700_000_400, 0).expect("a time");

/// A request, as far as tests look at it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) what: String,
    pub(super) key: Option<Uuid>,
    pub(super) parameters: BTreeMap<String, String>,
}

/// What comes next: the status, whether it is a replay, the body.
pub(super) type Next = (u16, bool, Value);

#[derive(Clone, Default)]
pub(super) struct Script {
    next: Arc<Mutex<VecDeque<Next>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    pub(super) fn of(answers: impl IntoIterator<Item = Next>) -> Self {
        let script = Self::default();
        script.next.lock().extend(answers);
        script
    }

    /// Stripe, with a clock that has stopped.
    pub(super) async fn stripe(&self) -> Stripe {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(any(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = StripeConfig {
            secret_key: "sk_test_hunter2".into(),
            publishable_key: "pk_test_abc".to_owned(),
            webhook_secrets: vec!["whsec_hunter2".into()],
            statement_descriptor_suffix: "SHOP".to_owned(),
            api_url: format!("http://{address}"),
            ..StripeConfig::default()
        };
        let stripe = Stripe::open(&config, Clock::Fixed(NOW)).expect("valid");
        stripe.expect("it is on")
    }

    /// The next answer. Disputes are asked for while refunds are, so theirs is last in a script.
    fn take(&self, path: &str) -> Option<Next> {
        let mut next = self.next.lock();
        if path == "/v1/disputes" { next.pop_back() } else { next.pop_front() }
    }

    /// What was asked, in order, once the whole script was played.
    pub(super) fn asked(&self) -> Vec<String> {
        assert!(self.next.lock().is_empty(), "asked too little: {:?}", self.seen.lock());
        self.seen.lock().iter().map(|it| it.what.clone()).collect()
    }

    pub(super) fn seen(&self, index: usize) -> Seen {
        self.seen.lock()[index].clone()
    }
}

async fn answer(State(script): State<Script>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 100_000).await.expect("a body");
    let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let parameters = pairs.chain(form_urlencoded::parse(&body));
    let parameters = parameters.map(|it| (it.0.into_owned(), it.1.into_owned())).collect();
    let key = parts.headers.get("idempotency-key");
    let key = key.map(|it| it.to_str().expect("text").parse().expect("an id"));
    let what = format!("{} {}", parts.method, parts.uri.path());
    script.seen.lock().push(Seen { what, key, parameters });
    let next = script.take(parts.uri.path());
    let (status, replayed, body) = next.unwrap_or((418, false, json!("not in the script")));
    let status = StatusCode::from_u16(status).expect("a status");
    let mut answer = (status, body.to_string()).into_response();
    if replayed {
        answer.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    answer
}

pub(super) fn ok(body: Value) -> Next {
    (200, false, body)
}

pub(super) fn intent(status: &str, fields: Value) -> Value {
    let received = if status == "succeeded" { 1_999 } else { 0 };
    let mut intent = json!({
        "id": "pi_1", "object": "payment_intent", "status": status, "amount": 1_999,
        "amount_received": received, "currency": "eur", "client_secret": "pi_1_secret_hunter2",
        "metadata": { "payment_id": PAYMENT },
    });
    for (name, value) in fields.as_object().expect("fields") {
        intent[name] = value.clone();
    }
    intent
}

pub(super) fn plain(status: &str) -> Next {
    ok(intent(status, json!({})))
}

/// Without a means of payment, and none of ours.
pub(super) fn unconfirmed() -> Next {
    ok(intent("requires_payment_method", json!({ "metadata": {} })))
}

pub(super) fn list(data: Value) -> Next {
    ok(json!({ "object": "list", "data": data, "has_more": false }))
}

pub(super) fn error(status: u16, error: Value) -> Next {
    (status, false, json!({ "error": error }))
}

/// A failure that was stored for its key and is repeated.
pub(super) fn replayed_500() -> Next {
    (500, true, json!({ "error": { "type": "api_error" } }))
}

pub(super) fn key_used() -> Next {
    error(400, json!({ "type": "idempotency_error" }))
}

pub(super) fn authorization(token: &str) -> Authorization {
    Authorization {
        amount: 1_999,
        currency: currency("EUR"),
        token: token.into(),
        order_id: Some(Uuid::from_u128(9)),
        order_number: "1007".to_owned(),
        customer: None,
        save: false,
        return_url: "https://shop.test/orders/9".to_owned(),
    }
}

pub(super) fn currency(code: &str) -> Currency {
    code.to_owned().try_into().expect("a currency")
}

pub(super) fn charge(reference: Option<&str>) -> Charge {
    Charge {
        key: PAYMENT,
        reference: reference.map(str::to_owned),
        created_at: NOW,
        amount: 1_999,
        currency: currency("EUR"),
    }
}
