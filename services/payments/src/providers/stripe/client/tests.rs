//! The client against a server that fails in every way there is.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response as Answered};
use axum::routing::any;
use chassis::clock::Clock;
use chassis::testing::in_time;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::providers::stripe::objects::Refund;

const KEY: Uuid = Uuid::from_u128(7);

/// A client of a server at an address.
fn client(address: SocketAddr, request_ms: u64) -> Client {
    let config = StripeConfig {
        secret_key: "sk_test_hunter2".into(),
        publishable_key: "pk_test_abc".to_owned(),
        api_url: format!("http://{address}"),
        request_ms,
        ..StripeConfig::default()
    };
    let pulse = Pulse::new(Clock::Fixed(DateTime::UNIX_EPOCH));
    Client::new(&config, Arc::new(pulse)).expect("a client")
}

/// A server that gives everybody the same answer.
async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn answering(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: Value,
) -> Client {
    let answer = move || async move {
        let mut answer = (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response();
        for (name, value) in headers {
            answer.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        answer
    };
    client(serve(Router::new().fallback(any(answer))).await, 5_000)
}

async fn refund(client: &Client) -> ApiResult<Refund> {
    let form = Form::default().with("amount", 1);
    in_time("a request", client.post("/v1/refunds", KEY, &form)).await.map(|it| it.object)
}

fn error(kind: &str, code: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": "hunter2" } })
}

/// What is known after a failure, in a word.
fn word(error: &ApiError) -> &'static str {
    match error {
        ApiError::Declined(_) => "declined",
        ApiError::Refused(_) => "refused",
        ApiError::KeyUsed => "key used",
        ApiError::KeyRefused { forbidden: true, .. } => "forbidden",
        ApiError::KeyRefused { .. } => "key refused",
        ApiError::Unknown { ended: true, .. } => "ended",
        ApiError::Unknown { .. } => "unknown",
    }
}

#[tokio::test]
async fn an_answer_says_whether_it_was_done_refused_or_nobody_knows() {
    type Case = (u16, &'static [(&'static str, &'static str)], Value, &'static str);
    let invalid = || error("invalid_request_error", "parameter_unknown");
    let api = || error("api_error", "");
    let cases: [Case; 16] = [
        (402, &[], error("card_error", "card_declined"), "declined"),
        (400, &[], invalid(), "refused"),
        (404, &[], error("invalid_request_error", "resource_missing"), "refused"),
        (400, &[("stripe-should-retry", "true")], invalid(), "unknown"),
        (400, &[], error("idempotency_error", ""), "key used"),
        (401, &[], error("invalid_request_error", "api_key_expired"), "key refused"),
        (403, &[], error("invalid_request_error", ""), "forbidden"),
        (409, &[], error("idempotency_error", "idempotency_key_in_use"), "unknown"),
        (409, &[("stripe-should-retry", "false")], invalid(), "refused"),
        (429, &[("retry-after", "2")], error("invalid_request_error", "rate_limit"), "unknown"),
        (500, &[], api(), "unknown"),
        (500, &[("idempotent-replayed", "true")], api(), "ended"),
        (500, &[("stripe-should-retry", "false")], api(), "ended"),
        (503, &[], json!("<html>"), "unknown"),
        (302, &[("location", "https://example.com")], json!(""), "unknown"),
        (200, &[], json!({ "id": 7 }), "unknown"),
    ];
    for (status, headers, body, said) in cases {
        let client = answering(status, headers, body.clone()).await;
        let failure = refund(&client).await.expect_err("no refund");
        assert_eq!(word(&failure), said, "{status} {headers:?} {body}");
        let text = format!("{failure} {failure:?} {:?}", client.pulse.health());
        assert!(!text.contains("hunter2"), "{text}");
        let refused = matches!(failure, ApiError::KeyRefused { .. });
        assert_eq!(client.pulse.health().keys_refused, refused);
        if matches!(failure, ApiError::Unknown { .. }) {
            let seen = client.pulse.health().last_failure.expect("a failure");
            assert!(seen.starts_with(&format!("POST /v1/refunds: status {status}")), "{seen}");
        }
    }
}

#[tokio::test]
async fn a_request_has_its_key_the_version_and_its_parameters() {
    type Seen = Arc<Mutex<Vec<(Option<String>, String, String)>>>;
    async fn note(State(seen): State<Seen>, request: Request<Body>) -> Answered {
        let (parts, body) = request.into_parts();
        let header = |name: &str| parts.headers.get(name).map(|it| it.to_str().unwrap().to_owned());
        let key = header("idempotency-key");
        let authorized = header("authorization").as_deref() == Some("Bearer sk_test_hunter2");
        let version = header("stripe-version").filter(|_| authorized).unwrap_or_default();
        let body = axum::body::to_bytes(body, 1_000).await.unwrap();
        seen.lock().push((key, version, String::from_utf8(body.to_vec()).unwrap()));
        json!({ "id": "re_1", "amount": 1, "currency": "usd", "status": "pending" })
            .to_string()
            .into_response()
    }
    let seen = Seen::default();
    let router = Router::new().fallback(any(note)).with_state(Arc::clone(&seen));
    let client = client(serve(router).await, 5_000);
    assert_eq!(refund(&client).await.expect("a refund").id, "re_1");
    let read: Refund = client.get("/v1/refunds/re_1", &Form::default()).await.expect("it");
    assert_eq!(read.status.as_deref(), Some("pending"));
    assert_eq!(client.pulse.health().last_answer_at, Some(DateTime::UNIX_EPOCH));
    let seen = seen.lock();
    let version = API_VERSION.to_owned();
    assert_eq!(seen[0], (Some(KEY.to_string()), version.clone(), "amount=1".to_owned()));
    assert_eq!(seen[1], (None, version, String::new()));
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    async fn page(Query(query): Query<BTreeMap<String, String>>) -> String {
        assert_eq!((query["charge"].as_str(), query["limit"].as_str()), ("ch_1", "100"));
        let from: usize = query.get("starting_after").map_or(0, |it| it[3..].parse().unwrap());
        let refund =
            |it: usize| json!({ "id": format!("re_{it}"), "amount": it, "currency": "usd" });
        let data: Vec<_> = (from + 1..=from + 2).map(refund).collect();
        json!({ "object": "list", "data": data, "has_more": from < 4 }).to_string()
    }
    let client = client(serve(Router::new().fallback(any(page))).await, 5_000);
    let query = Form::default().with("charge", "ch_1");
    let all: Vec<Refund> = client.list("/v1/refunds", &query, false, |_| true).await.expect("all");
    assert_eq!(all.iter().map(|it| it.amount).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    let third = |it: &Refund| it.amount == 3;
    let found: Vec<Refund> = client.list("/v1/refunds", &query, true, third).await.expect("one");
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn nothing_is_known_of_a_request_without_an_answer() {
    // A server that reads the request, does it, and is gone.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for cut in 0_usize.. {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 4_096]).await;
            let half = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{";
            if cut % 2 == 1 {
                let _ = connection.write_all(half).await;
            }
        }
    });
    let cut_off = client(address, 5_000);
    for _ in 0..2 {
        let failure = refund(&cut_off).await.expect_err("no answer");
        assert_eq!(word(&failure), "unknown");
        assert!(failure.to_string().contains("the connection was lost"), "{failure}");
    }

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let failure = refund(&client(closed, 5_000)).await.expect_err("no server");
    assert!(failure.to_string().starts_with("POST /v1/refunds: no connection"), "{failure}");

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slow = client(silent.local_addr().unwrap(), 50);
    let failure = refund(&slow).await.expect_err("no answer");
    assert!(failure.to_string().contains("no answer in time"), "{failure}");
    assert_eq!(word(&failure), "unknown");

    let slow = client(silent.local_addr().unwrap(), 5_000);
    assert!(futures::FutureExt::now_or_never(refund(&slow)).is_none(), "it has to wait");
    let cause = slow.pulse.health().last_failure.expect("a failure");
    assert_eq!(cause, "POST /v1/refunds: no answer before the caller gave up");
}

#[tokio::test]
async fn an_endless_answer_is_given_up() {
    let endless = || async {
        let chunk = bytes::Bytes::from_static(&[b' '; 65_536]);
        Body::from_stream(futures::stream::repeat_with(move || {
            Ok::<_, std::convert::Infallible>(chunk.clone())
        }))
    };
    let client = client(serve(Router::new().fallback(any(endless))).await, 60_000);
    let failure = refund(&client).await.expect_err("no answer");
    assert_eq!(failure.to_string(), "POST /v1/refunds: the answer is too large");
}

#[tokio::test]
async fn nothing_is_sent_while_stripe_wants_a_pause() {
    let limited = error("invalid_request_error", "rate_limit");
    let client = answering(429, &[("retry-after", "2")], limited).await;
    let failure = refund(&client).await.expect_err("no answer");
    assert!(failure.to_string().contains("status 429"), "{failure}");
    let failure = refund(&client).await.expect_err("a pause");
    assert_eq!(failure.to_string(), "POST /v1/refunds: not sent, Stripe has asked for a pause");
    let until = client.paused_until.lock().expect("a pause");
    assert_eq!(until, DateTime::UNIX_EPOCH + TimeDelta::seconds(2));
}
