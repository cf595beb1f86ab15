//! Idempotency keys.

use std::sync::Arc;

use chassis::testing::{eventually, in_time};
use stripe_double::{Arm, Fault, Kind};

use crate::client::{elements, pay_form, start};

const INTENTS: &str = "/v1/payment_intents";
const FORM: &str = "amount=5000&currency=eur&metadata[a]=1";

#[tokio::test]
async fn a_key_replays_the_first_answer_for_a_day_and_refuses_another_body() {
    let api = start().await;
    let first = api.keyed("k", INTENTS, FORM).await;
    let again = api.keyed("k", INTENTS, "metadata[a]=1&currency=eur&amount=5000").await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert!(!first.headers.contains_key("idempotent-replayed"));

    let other = api.keyed("k", INTENTS, "amount=5001&currency=eur&metadata[a]=1").await;
    assert_eq!(other.refusal(), (400, "idempotency_error"));
    let elsewhere = api.keyed("k", "/v1/customers", "").await;
    assert_eq!(elsewhere.refusal(), (400, "idempotency_error"));

    api.double.advance(24 * 60 * 60 - 1);
    assert_eq!(api.keyed("k", INTENTS, FORM).await.id(), first.id());
    api.double.advance(1);
    assert_ne!(api.keyed("k", INTENTS, FORM).await.id(), first.id());
}

#[tokio::test]
async fn a_500_is_replayed_whether_or_not_the_work_was_done() {
    for (fault, charges) in [(Fault::ErrorBefore, 0), (Fault::ErrorAfter, 1)] {
        let api = start().await;
        let token = api.double.token("card", elements()).unwrap();
        api.double.arm(Arm::next(fault, "POST", INTENTS));
        for _ in 0..3 {
            assert_eq!(api.keyed("k", INTENTS, &pay_form(&token, "")).await.status, 500);
        }
        assert_eq!(api.double.objects(Kind::Charge).len(), charges, "{fault:?}");
    }
}

#[tokio::test]
async fn what_was_not_executed_and_what_a_proxy_answered_is_not_kept() {
    let api = start().await;
    let wrong = api.keyed("k", INTENTS, "amount=x&currency=eur").await;
    assert_eq!(wrong.refusal(), (400, "parameter_invalid_integer"));
    for fault in [Fault::ErrorUnsaved, Fault::RateLimited, Fault::Conflict] {
        api.double.arm(Arm::next(fault, "POST", INTENTS));
        let failed = api.keyed("k", INTENTS, FORM).await;
        assert!(matches!(failed.status, 500 | 429 | 409), "{fault:?}");
        assert_eq!(failed.headers.contains_key("retry-after"), failed.status == 429);
    }
    assert_eq!(api.double.objects(Kind::PaymentIntent).len(), 0);
    assert_eq!(api.keyed("k", INTENTS, FORM).await.status, 200);
}

#[tokio::test]
async fn a_decline_is_kept_under_its_key() {
    let api = start().await;
    let token = api.double.token("card_declined", elements()).unwrap();
    let form = pay_form(&token, "");
    let first = api.keyed("k", INTENTS, &form).await;
    let again = api.keyed("k", INTENTS, &form).await;
    assert_eq!((first.status, again.status), (402, 402));
    assert_eq!(first.text, again.text);
    assert_eq!(api.double.objects(Kind::PaymentIntent).len(), 1);
}

#[tokio::test]
async fn while_the_first_request_runs_its_key_is_in_use_also_if_its_client_has_gone() {
    let api = Arc::new(start().await);
    api.double.arm(Arm::next(Fault::Slow, "POST", INTENTS));
    let first = tokio::spawn({
        let api = Arc::clone(&api);
        async move { api.keyed("k", INTENTS, FORM).await.id() }
    });
    let mut held = api.double.held();
    in_time("the first is held", held.wait_for(|it| *it == 1)).await.unwrap();
    first.abort();
    let meanwhile = api.keyed("k", INTENTS, FORM).await;
    assert_eq!(meanwhile.refusal(), (409, "idempotency_key_in_use"));
    api.double.release();
    let done = eventually("the first is done", async || {
        let again = api.keyed("k", INTENTS, FORM).await;
        (again.status == 200).then(|| again.id())
    });
    assert_eq!(done.await, api.double.objects(Kind::PaymentIntent)[0]["id"]);
    assert_eq!(api.double.objects(Kind::PaymentIntent).len(), 1);
}
