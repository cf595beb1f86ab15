//! What the API does not take.

use serde_json::json;
use stripe_double::{Kind, Options};

use crate::client::{elements, pay_form, start};

const INTENTS: &str = "/v1/payment_intents";

#[tokio::test]
async fn parameters_that_are_unknown_missing_or_wrong_are_refused_by_name() {
    let api = start().await;
    let base = "amount=5000&currency=eur";
    for (form, code, param) in [
        (format!("{base}&colour=red"), "parameter_unknown", "colour"),
        (
            format!("{base}&payment_method_options[card][colour]=red"),
            "parameter_unknown",
            "payment_method_options[card][colour]",
        ),
        (
            format!("{base}&payment_method_options[sepa_debit][capture_method]=manual"),
            "parameter_unknown",
            "payment_method_options[sepa_debit][capture_method]",
        ),
        ("currency=eur".to_owned(), "parameter_missing", "amount"),
        ("amount=50.0&currency=eur".to_owned(), "parameter_invalid_integer", "amount"),
        (format!("{base}&description="), "parameter_invalid_empty", "description"),
        (format!("{base}&metadata=x"), "invalid_request_error", "metadata"),
        (format!("{base}&capture_method=later"), "invalid_request_error", "capture_method"),
        (format!("{base}&return_url=http://a.b"), "invalid_request_error", "return_url"),
        (format!("{base}&expand[]=colour"), "invalid_request_error", "expand"),
        (format!("{base}&customer=cus_1"), "resource_missing", "customer"),
        ("amount=1&currency=eur".to_owned(), "amount_too_small", "amount"),
        ("amount=1050&currency=isk".to_owned(), "parameter_invalid_integer", "amount"),
        ("amount=1005&currency=kwd".to_owned(), "parameter_invalid_integer", "amount"),
        (format!("{base}&statement_descriptor=X"), "invalid_request_error", "statement_descriptor"),
        (
            format!("{base}&statement_descriptor_suffix=123"),
            "invalid_request_error",
            "statement_descriptor_suffix",
        ),
    ] {
        let answer = api.post(INTENTS, &form).await;
        assert_eq!(answer.refusal(), (400, code), "{form}");
        assert_eq!(answer.body["error"]["param"], param, "{form}");
    }
    assert_eq!(api.double.objects(Kind::PaymentIntent).len(), 0);
}

#[tokio::test]
async fn keys_and_versions_have_to_be_right() {
    let api = start().await;
    let intent = api.post(INTENTS, "amount=5000&currency=eur").await;
    let path = format!("{INTENTS}/{}", intent.id());
    let other = Options::default();
    let secret = intent.body["client_secret"].as_str().unwrap();
    let public = format!("Bearer {}", other.publishable_key);
    let live = format!("Bearer {}", other.other_secret_key);
    // The user of basic authentication, as curl sends it.
    let basic = "Basic c2tfdGVzdF9kb3VibGU6";
    for (path, name, value, expected) in [
        (path.as_str(), "authorization", "Bearer sk_test_wrong", (401, "invalid_request_error")),
        (&path, "authorization", public.as_str(), (400, "payment_intent_invalid_parameter")),
        (INTENTS, "authorization", &public, (403, "secret_key_required")),
        (&path, "authorization", &live, (404, "resource_missing")),
        (&path, "authorization", basic, (200, "")),
        (&path, "stripe-version", "2020-08-27", (400, "invalid_request_error")),
        ("/v1/nothing", "accept", "*/*", (404, "invalid_request_error")),
    ] {
        let answer = api.send("GET", path, "", &[(name, value)]).await.unwrap();
        assert_eq!(answer.refusal(), expected, "{path} {name}: {value}");
    }
    let json = [("content-type", "application/json")];
    assert_eq!(api.send("POST", INTENTS, "{}", &json).await.unwrap().status, 400);

    // The publishable key sees an intent with its client secret, and browsers may read that.
    let shown = format!("{path}?client_secret={secret}");
    let shown = api.send("GET", &shown, "", &[("authorization", &public)]).await.unwrap();
    assert_eq!(shown.body["status"], "requires_payment_method");
    assert!(shown.body.get("metadata").is_none());
    assert_eq!(shown.headers["access-control-allow-origin"], "*");
    assert!(!intent.headers.contains_key("access-control-allow-origin"));

    api.double.revoke_key(true);
    assert_eq!(api.get(&path).await.refusal(), (401, "api_key_expired"));
}

#[tokio::test]
async fn a_token_pays_once_within_twelve_hours_and_only_what_its_elements_showed() {
    let api = start().await;
    let token = api.double.token("card", elements()).unwrap();
    assert_eq!(api.post(INTENTS, &pay_form(&token, "")).await.status, 200);
    let again = api.post(INTENTS, &pay_form(&token, "")).await;
    assert_eq!(again.refusal(), (400, "invalid_request_error"));

    let late = api.double.token("card", elements()).unwrap();
    api.double.advance(12 * 60 * 60);
    assert_eq!(api.post(INTENTS, &pay_form(&late, "")).await.status, 400);

    for (name, value) in [
        ("amount", json!(4999)),
        ("currency", json!("usd")),
        ("capture_method", json!("manual")),
        ("setup_future_usage", json!("off_session")),
        ("payment_method_options", json!({ "card": { "capture_method": "manual" } })),
    ] {
        let mut elements = elements();
        elements[name] = value;
        let token = api.double.token("card", elements).unwrap();
        let answer = api.post(INTENTS, &pay_form(&token, "")).await;
        assert_eq!(answer.status, 400, "{name}");
        let param = answer.body["error"]["param"].as_str().unwrap();
        assert!(param.starts_with(name), "{param}");
    }
    assert_eq!(api.double.objects(Kind::PaymentIntent).len(), 1);
}
