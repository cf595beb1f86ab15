//! Faults, and what browsers load.

use stripe_double::{Arm, Fault, Kind};

use crate::client::{elements, pay_form, start};

const INTENTS: &str = "/v1/payment_intents";

#[tokio::test]
async fn a_connection_is_cut_before_the_work_or_after_it() {
    let api = start().await;
    let token = api.double.token("card", elements()).unwrap();
    let form = pay_form(&token, "");
    for (fault, charges) in [("cut_before", 0), ("cut_after", 1), ("cut_after", 1)] {
        let headers = [("idempotency-key", "k"), ("stripe-double-fault", fault)];
        assert!(api.send("POST", INTENTS, &form, &headers).await.is_err(), "{fault}");
        assert_eq!(api.double.objects(Kind::Charge).len(), charges, "{fault}");
    }
    let again = api.keyed("k", INTENTS, &form).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(api.double.objects(Kind::Charge).len(), 1);
    // What came, for who looks for secrets where none should be.
    let log = api.double.requests();
    assert!(log.iter().all(|it| it.body == form && it.idempotency_key.as_deref() == Some("k")));
    assert_eq!(log.iter().map(|it| it.status).collect::<Vec<_>>(), [None, None, None, Some(200)]);
}

#[tokio::test]
async fn answers_are_spoiled_and_armed_faults_hit_what_they_are_for() {
    let api = start().await;
    let path = format!("{INTENTS}/{}", api.pay("card", "").await.id());
    let armed = Arm { after: 1, ..Arm::next(Fault::Truncated, "GET", &path) };
    api.double.arm(armed);
    assert_eq!(api.get(&path).await.status, 200);
    assert_eq!(api.post("/v1/customers", "").await.status, 200);
    assert!(api.send("GET", &path, "", &[]).await.is_err());
    let headers = [("stripe-double-fault", "wrong_type")];
    let page = api.send("GET", &path, "", &headers).await.unwrap();
    assert_eq!((page.status, &page.headers["content-type"]), (200, &"text/html".parse().unwrap()));
    api.double.set_down(true);
    assert!(api.send("GET", &path, "", &[]).await.is_err());
    // The control API is there all the same.
    assert_eq!(api.post("/_double/down", r#"{"down": false}"#).await.status, 200);
    assert_eq!(api.get(&path).await.body["status"], "succeeded");
}

#[tokio::test]
async fn what_the_control_api_does_it_does_to_the_account() {
    let api = start().await;
    let elements = elements();
    let wanted = format!(r#"{{"method": "card", "elements": {elements}}}"#);
    let token = api.post("/_double/token", &wanted).await.id();
    let paid = api.post(INTENTS, &pay_form(&token, "")).await.id();
    let arm = r#"{"fault": "error_after", "path": "/v1/refunds"}"#;
    assert_eq!(api.post("/_double/arm", arm).await.status, 200);
    let refund = format!("payment_intent={paid}&amount=100");
    assert_eq!(api.post("/v1/refunds", &refund).await.status, 500);
    let wanted = format!(r#"{{"intent": "{paid}", "amount": 50}}"#);
    let by_hand = api.post("/_double/refund", &wanted).await.id();
    let wanted = format!(r#"{{"refund": "{by_hand}"}}"#);
    assert_eq!(api.post("/_double/fail_refund", &wanted).await.status, 200);
    let refunds = api.get("/_double/objects/refund").await.body;
    assert_eq!(refunds.as_array().map(Vec::len), Some(2));
    let fee = 5000 * 29 / 1000 + 30;
    assert_eq!(api.get("/_double/balance").await.body["eur"], 5000 - 100 - fee);
    for (name, body) in
        [("refund", r#"{"intent": "pi_1"}"#), ("arm", r#"{"fault": "x"}"#), ("x", "")]
    {
        assert_eq!(api.post(&format!("/_double/{name}"), body).await.status, 400, "{name}");
    }
}

#[tokio::test]
async fn browsers_get_the_script_and_pages_with_nothing_inline() {
    let api = start().await;
    let script = api.get("/stripe.js").await;
    assert!(script.text.contains("window.Stripe") && !script.text.contains("API_VERSION"));
    let all = api.get("/pages/element?currency=eur").await;
    let held = api.get("/pages/element?currency=eur&manual=true").await;
    assert!(all.text.contains("value=\"ideal\"") && !held.text.contains("value=\"ideal\""));
    for page in [all, held, api.get("/pages/bank").await] {
        assert!(page.headers["content-security-policy"].to_str().unwrap().contains("'none'"));
        assert!(!page.text.contains("<style") && !page.text.contains("<script>"));
    }
    let waiting = api.pay("ideal", "").await;
    let secret = waiting.body["client_secret"].as_str().unwrap();
    let form = format!("client_secret={secret}&approved=true");
    let said = api.post("/pages/answer", &form).await;
    let url = said.body["url"].as_str().unwrap();
    let expected = format!("http://shop.test/orders/1?lang=de&payment_intent={}", waiting.id());
    assert!(url.starts_with(&expected) && url.ends_with("&redirect_status=succeeded"), "{url}");
    assert_eq!(api.intent(&waiting.id()).await["status"], "succeeded");
}
