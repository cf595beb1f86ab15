//! What providers tell the shop, on its way through the gateway.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::post;
use chassis::quota::Rate;
use chassis::testing::call;
use futures::stream;
use gateway::{Config, Parts, Upstream};
use http::HeaderMap;
use serde_json::json;

use crate::shop;

const STRIPE: &str = "/api/v1/webhooks/stripe";
/// Bytes a webhook may have.
const MOST: usize = 256 * 1024;

/// A gateway before payments that answer with the webhook they got.
fn open(quotas: BTreeMap<String, Rate>) -> Router {
    let answer = async |headers: HeaderMap, body: Bytes| {
        assert_eq!(headers["stripe-signature"], "t=1,v1=2");
        body
    };
    let service = Router::new().route(STRIPE, post(answer));
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "payments", "version": "0" },
        "paths": { STRIPE: { "post": {
            "operationId": "stripe_webhooks.receive", "responses": {}, "security": [{}],
        } } },
    });
    let payments =
        Upstream { name: "payments", reach: service.into(), openapi: shop::described(document) };
    let parts = Parts { services: vec![payments], ..shop::parts(true) };
    gateway::router(Config { quotas, ..Config::default() }, parts).unwrap()
}

#[tokio::test]
async fn a_webhook_arrives_as_it_was_sent() {
    let shop = open(BTreeMap::new());
    for body in ["{ \"b\":1 ,\"a\":1e2}\n", "no JSON", "", "\u{0}\u{7f}"] {
        let webhook = call(&shop, "POST", STRIPE).header("stripe-signature", "t=1,v1=2");
        let webhook = webhook.header("content-type", "application/json").body(body).await;
        assert_eq!((webhook.status.as_u16(), &webhook.bytes[..]), (200, body.as_bytes()));
    }
    assert_eq!(call(&shop, "GET", STRIPE).await.status, 405);
    for nowhere in ["/api/v1/webhooks/other", "/api/v1/webhooks/stripe/more"] {
        assert_eq!(call(&shop, "POST", nowhere).await.status, 404, "{nowhere}");
    }
}

#[tokio::test]
async fn one_that_is_too_large_is_a_bad_request() {
    let shop = open(BTreeMap::new());
    let webhook = || call(&shop, "POST", STRIPE).header("stripe-signature", "t=1,v1=2");
    let much = vec![b'x'; MOST];
    assert_eq!(webhook().body(much.clone()).await.status, 200);
    let length = (MOST + 1).to_string();
    let told = webhook().header("content-length", &length).body("x").await;
    assert_eq!((&told.body["status"], &told.body["title"]), (&json!(400), &json!("Bad Request")));
    assert_eq!(told.problem(400), "body_too_large");
    let pieces = [much, vec![b'x']].map(Ok::<_, std::io::Error>);
    let untold = webhook().body(Body::from_stream(stream::iter(pieces))).await;
    assert_eq!(untold.status, 400, "{}", untold.body);
}

/// Of messages: a form, and a list that is longer than other webhooks.
#[tokio::test]
async fn what_is_told_of_messages_arrives_as_it_was_sent() {
    const SENDGRID: &str = "/api/v1/webhooks/sendgrid";
    const TWILIO: &str = "/api/v1/webhooks/twilio";
    let answer = async |headers: HeaderMap, body: Bytes| {
        assert_eq!(headers["x-twilio-signature"], "abc=");
        body
    };
    let service = Router::new().route(TWILIO, post(answer)).route(
        SENDGRID,
        post(async |body: Bytes| body).layer(axum::extract::DefaultBodyLimit::disable()),
    );
    let operation = |name: &str, most: usize| {
        json!({ "post": {
            "operationId": format!("{name}_webhooks.receive"), "responses": {}, "security": [{}],
            "x-body-limit": most,
        } })
    };
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "notifications", "version": "0" },
        "paths": {
            SENDGRID: operation("sendgrid", 1024 * 1024), TWILIO: operation("twilio", MOST),
        },
    });
    let notifications = Upstream {
        name: "notifications",
        reach: service.into(),
        openapi: shop::described(document),
    };
    let parts = Parts { services: vec![notifications], ..shop::parts(true) };
    let shop = gateway::router(Config::default(), parts).unwrap();
    let form = "MessageSid=SM1&To=%2B49151&Body=a+b%20c";
    let callback = call(&shop, "POST", TWILIO).header("x-twilio-signature", "abc=");
    let callback = callback.header("content-type", "application/x-www-form-urlencoded");
    let callback = callback.body(form).await;
    assert_eq!((callback.status.as_u16(), &callback.bytes[..]), (200, form.as_bytes()));
    let events = vec![b'x'; 768 * 1024];
    let list = call(&shop, "POST", SENDGRID).header("content-type", "application/json");
    assert_eq!(list.body(events.clone()).await.bytes, events);
    let more = call(&shop, "POST", SENDGRID).header("content-length", "1048577").body("x").await;
    assert_eq!(more.problem(400), "body_too_large");
}

#[tokio::test]
async fn a_burst_of_webhooks_has_a_quota_of_its_own() {
    let burst = |class: &str, burst| (class.to_owned(), Rate::new(1, burst));
    let shop = open(BTreeMap::from([burst("write", 1), burst("webhooks", 3)]));
    let webhook = || call(&shop, "POST", STRIPE).header("stripe-signature", "t=1,v1=2");
    for _ in 0..3 {
        assert_eq!(webhook().await.status, 200);
    }
    assert_eq!(webhook().await.problem(429), "rate_limited");
    let usual = gateway::RATE_LIMITS.iter().find(|it| it.name == "webhooks").unwrap();
    assert!(usual.per_address && usual.rate.burst.get() >= 1_000, "{usual:?}");
}
