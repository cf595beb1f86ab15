//! The provider against a server that answers as a script says.

use chassis::testing::in_time;
use serde_json::json;

use super::testing::*;
use super::*;
use crate::provider::{ChargeState, DisputeStatus};

async fn authorize(stripe: &Stripe) -> std::result::Result<ChargeSnapshot, Failure> {
    let request = authorization("ctoken_1");
    in_time("an authorisation", stripe.authorize(PAYMENT, &request)).await
}

async fn void(stripe: &Stripe) -> std::result::Result<ChargeSnapshot, Failure> {
    in_time("a void", stripe.void(KEY, &charge(None))).await
}

#[tokio::test]
async fn an_authorisation_is_confirmed_at_once_and_held_where_the_method_can() {
    let details = json!({ "type": "card", "card": { "capture_before": NOW.timestamp() } });
    let held = json!({ "id": "ch_1", "created": 0, "payment_method_details": details });
    let held = ok(intent("requires_capture", json!({ "latest_charge": held })));
    let script = Script::of([held]);
    let snapshot = authorize(&script.stripe().await).await.expect("held");
    assert_eq!((snapshot.reference.as_str(), snapshot.state), ("pi_1", ChargeState::Authorized));
    assert_eq!((snapshot.captured, snapshot.capture_before), (0, Some(NOW)));
    assert_eq!(script.asked(), ["POST /v1/payment_intents"]);
    let Seen { key, mut parameters, .. } = script.seen(0);
    assert_eq!(key, Some(PAYMENT));
    parameters
        .retain(|name, _| !name.starts_with("payment_method_options") || name.contains("[card]"));
    assert_eq!(
        json!(parameters),
        json!({
            "amount": "1999",
            "currency": "eur",
            "confirm": "true",
            "confirmation_token": "ctoken_1",
            "return_url": "https://shop.test/orders/9",
            "use_stripe_sdk": "true",
            "automatic_payment_methods[enabled]": "true",
            "capture_method": "automatic",
            "payment_method_options[card][capture_method]": "manual",
            "metadata[order_id]": Uuid::from_u128(9),
            "metadata[order_number]": "1007",
            "metadata[payment_id]": PAYMENT,
            "statement_descriptor_suffix": "SHOP",
            "expand[]": "latest_charge",
        })
    );
}

#[tokio::test]
async fn a_decline_is_a_charge_that_was_declined() {
    let declined = intent("requires_payment_method", json!({}));
    let card = json!({
        "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
        "message": "hunter2", "payment_intent": declined,
    });
    let token = json!({
        "type": "invalid_request_error", "code": "resource_missing", "param": "confirmation_token",
    });
    let script = Script::of([error(402, card), error(400, token)]);
    let stripe = script.stripe().await;
    let snapshot = authorize(&stripe).await.expect("declined");
    assert_eq!((snapshot.reference.as_str(), snapshot.state), ("pi_1", ChargeState::Declined));
    assert_eq!(snapshot.reason.as_deref(), Some("insufficient_funds"));
    assert_eq!(authorize(&stripe).await, Err(refused("invalid_token")));
    // Neither of these gets as far as to Stripe.
    for token in ["pm_1", "ctoken_", "ctoken_1&amount=1", "tok_visa"] {
        let request = authorization(token);
        assert_eq!(stripe.authorize(KEY, &request).await, Err(refused("invalid_token")));
    }
    let odd = Authorization { currency: currency("KWD"), ..authorization("ctoken_1") };
    assert_eq!(stripe.authorize(KEY, &odd).await, Err(refused("amount_not_supported")));
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn what_was_done_before_is_answered_as_it_is_now() {
    let (_, _, held) = plain("requires_capture");
    let script = Script::of([(200, true, held), plain("canceled")]);
    let snapshot = authorize(&script.stripe().await).await.expect("voided");
    assert_eq!(snapshot.state, ChargeState::Voided);
    assert_eq!(script.asked()[1], "GET /v1/payment_intents/pi_1");
}

#[tokio::test]
async fn an_action_is_data_for_the_browser_and_shows_no_secret() {
    let next = json!({ "next_action": { "type": "use_stripe_sdk" } });
    let script = Script::of([ok(intent("requires_action", next)), plain("requires_capture")]);
    let stripe = script.stripe().await;
    let snapshot = authorize(&stripe).await.expect("an action");
    assert_eq!(snapshot.state, ChargeState::RequiresAction);
    assert!(!format!("{snapshot:?}").contains("hunter2"), "{snapshot:?}");
    let action = snapshot.action.expect("an action");
    assert_eq!(action.data["client_secret"], "pi_1_secret_hunter2");

    assert!(stripe.check_input(&json!({})).is_ok() && stripe.check_input(&json!([])).is_err());
    let resumed = stripe.resume(&charge(Some("pi_1"))).await.expect("resumed");
    assert_eq!(resumed.state, ChargeState::Authorized);
    assert_eq!(script.asked()[1], "GET /v1/payment_intents/pi_1");
}

#[tokio::test]
async fn a_charge_is_found_by_its_payment_among_those_of_its_time() {
    let other = intent("succeeded", json!({ "id": "pi_2", "metadata": {} }));
    let script = Script::of([
        list(json!([other])),
        list(json!([other, intent("succeeded", json!({}))])),
        plain("succeeded"),
        list(json!([{ "id": "re_1", "amount": 500, "currency": "eur", "status": "failed" }])),
        list(json!([{
            "id": "dp_1", "amount": 1_999, "currency": "eur", "status": "needs_response",
            "reason": "fraudulent", "balance_transactions": [{ "amount": -1_999, "currency": "eur" }],
        }])),
    ]);
    let stripe = script.stripe().await;
    let found = stripe.look_up(&charge(None)).await.expect("known").expect("found");
    assert_eq!((found.state, found.captured), (ChargeState::Captured, 1_999));
    let money = (&found.refunds[..], &found.disputes[..]);
    let ([refund], [dispute]) = money else { panic!("one of each: {money:?}") };
    assert_eq!(refund.failure.as_deref(), Some("provider_error"));
    assert_eq!((dispute.status, dispute.withdrawn), (DisputeStatus::NeedsResponse, 1_999));
    let listed = script.seen(0).parameters;
    assert_eq!(listed["created[gte]"], (NOW.timestamp() - 300).to_string());
    assert_eq!(listed["created[lte]"], (NOW.timestamp() + 3_600).to_string());
    assert_eq!(script.asked()[2], "GET /v1/payment_intents/pi_1");

    let script = Script::of([list(json!([])), list(json!([]))]);
    assert_eq!(script.stripe().await.look_up(&charge(None)).await, Ok(None));
}

#[tokio::test]
async fn a_charge_of_another_account_is_not_one_that_never_was() {
    let missing = json!({ "type": "invalid_request_error", "code": "resource_missing" });
    let script = Script::of([error(404, missing)]);
    let lost = script.stripe().await.look_up(&charge(Some("pi_1"))).await;
    let Err(Failure::Unknown(cause)) = lost else { panic!("{lost:?}") };
    assert_eq!(cause, "Stripe has no pi_1 in the account and mode of the key");
}

#[tokio::test]
async fn a_capture_or_void_that_comes_second_answers_with_what_is() {
    let state = || {
        error(
            400,
            json!({ "type": "invalid_request_error", "code": "payment_intent_unexpected_state" }),
        )
    };
    let script = Script::of([
        plain("succeeded"),
        state(),
        plain("canceled"),
        plain("requires_capture"),
        state(),
        plain("succeeded"),
        plain("succeeded"),
        state(),
        plain("requires_capture"),
    ]);
    let stripe = script.stripe().await;
    let known = charge(Some("pi_1"));
    let captured = stripe.capture(KEY, &known, 1_000).await.expect("captured");
    assert_eq!((captured.state, captured.captured), (ChargeState::Captured, 1_999));
    assert_eq!(script.seen(0).parameters["amount_to_capture"], "1000");
    let voided = stripe.capture(KEY, &known, 1_999).await.expect("voided");
    assert_eq!(voided.state, ChargeState::Voided);
    let captured = stripe.void(KEY, &known).await.expect("captured");
    assert_eq!(captured.state, ChargeState::Captured);
    let captured = stripe.void(KEY, &known).await.expect("captured");
    assert_eq!(captured.state, ChargeState::Captured);
    let refusal = stripe.capture(KEY, &known, 5_000).await;
    assert_eq!(refusal, Err(refused("provider_error")));
    assert_eq!(script.asked().len(), 9);
}

#[tokio::test]
async fn a_void_takes_the_key_of_an_authorisation_that_has_not_arrived() {
    let nothing = || list(json!([]));
    let script = Script::of([nothing(), nothing(), unconfirmed(), plain("canceled"), key_used()]);
    let stripe = script.stripe().await;
    let voided = void(&stripe).await.expect("voided");
    assert_eq!((voided.reference.as_str(), voided.state), ("pi_1", ChargeState::Voided));
    let claim = script.seen(2);
    assert_eq!((claim.what.as_str(), claim.key), ("POST /v1/payment_intents", Some(PAYMENT)));
    assert!(!claim.parameters.contains_key("confirm"), "{claim:?}");
    assert_eq!(script.seen(3).what, "POST /v1/payment_intents/pi_1/cancel");
    // Now it arrives.
    assert!(matches!(authorize(&stripe).await, Err(Failure::Unknown(_))));
}

#[tokio::test]
async fn a_void_waits_for_an_authorisation_that_has_arrived() {
    let nothing = || list(json!([]));
    let found = || list(json!([intent("requires_capture", json!({}))]));
    let arrived = [nothing(), nothing(), key_used()];
    let script = Script::of(arrived.clone().into_iter().chain([nothing(), nothing()]));
    let running = void(&script.stripe().await).await;
    let Err(Failure::Unknown(cause)) = running else { panic!("{running:?}") };
    assert_eq!(cause, "the authorisation may still run at Stripe");

    let ended = [found(), plain("requires_capture"), plain("canceled")];
    let script = Script::of(arrived.into_iter().chain(ended));
    let voided = void(&script.stripe().await).await.expect("voided");
    assert_eq!(voided.state, ChargeState::Voided);
    assert_eq!(script.seen(5).what, "POST /v1/payment_intents/pi_1/cancel");
}

#[tokio::test]
async fn an_authorisation_that_failed_without_effect_is_voided_for_good() {
    let nothing = || list(json!([]));
    let script = Script::of([
        replayed_500(),
        nothing(),
        nothing(),
        key_used(),
        nothing(),
        nothing(),
        unconfirmed(),
        plain("canceled"),
    ]);
    let stripe = script.stripe().await;
    assert!(matches!(authorize(&stripe).await, Err(Failure::Unknown(_))));
    assert_eq!(void(&stripe).await.expect("voided").state, ChargeState::Voided);
    let record = script.seen(6);
    assert_eq!(record.what, "POST /v1/payment_intents");
    assert_ne!(record.key, Some(PAYMENT));
    assert_eq!(record.parameters["metadata[voided_payment_id]"], PAYMENT.to_string());
    script.asked();
}

#[tokio::test]
async fn a_key_that_repeats_a_failure_is_replaced() {
    let script = Script::of([replayed_500(), plain("succeeded")]);
    let known = charge(Some("pi_1"));
    let captured = script.stripe().await.capture(KEY, &known, 1_999).await.expect("captured");
    assert_eq!(captured.state, ChargeState::Captured);
    script.asked();
    let (first, second) = (script.seen(0), script.seen(1));
    assert_eq!((first.what, first.parameters), (second.what, second.parameters));
    assert_eq!(first.key, Some(KEY));
    assert_ne!(second.key, Some(KEY));
}

#[tokio::test]
async fn a_refund_has_one_key_after_the_other_and_never_two_at_a_time() {
    let first_500 = || (500, false, json!({ "error": { "type": "api_error" } }));
    let nothing = || list(json!([]));
    let made = json!({ "id": "re_1", "amount": 500, "currency": "eur", "status": "succeeded" });
    let known = charge(Some("pi_1"));
    // The first failure may still run, so the key is kept; a repeated one has ended.
    let script = Script::of([
        nothing(),
        first_500(),
        nothing(),
        replayed_500(),
        nothing(),
        first_500(),
        nothing(),
        replayed_500(),
        nothing(),
        ok(made),
    ]);
    let stripe = script.stripe().await;
    for _ in 0..2 {
        let failure = stripe.refund(KEY, &known, 500).await;
        assert!(matches!(failure, Err(Failure::Unknown(_))), "{failure:?}");
    }
    assert_eq!(stripe.refund(KEY, &known, 500).await.expect("a refund").reference, "re_1");
    script.asked();
    let [first, again, second, second_again, third] = [1, 3, 5, 7, 9].map(|it| script.seen(it).key);
    assert_eq!((first, again), (Some(KEY), Some(KEY)));
    assert_eq!(second, second_again);
    assert!(second != first && third != first && third != second);

    // A process that knows nothing of this finds the same keys.
    let script = Script::of([nothing(), replayed_500(), nothing(), first_500()]);
    assert!(script.stripe().await.refund(KEY, &known, 500).await.is_err());
    assert_eq!(script.seen(3).key, second);
}

#[tokio::test]
async fn money_is_given_back_once_even_after_stripe_has_forgotten_the_key() {
    let ours = json!({
        "id": "re_1", "amount": 500, "currency": "eur", "status": "pending",
        "metadata": { "refund_id": KEY, "payment_id": PAYMENT },
    });
    let script = Script::of([
        list(json!([])),
        ok(ours.clone()),
        list(json!([ours])),
        list(json!([])),
        replayed_500(),
        list(json!([ours])),
        list(json!([])),
        error(400, json!({ "type": "invalid_request_error", "code": "charge_already_refunded" })),
    ]);
    let stripe = script.stripe().await;
    let known = charge(Some("pi_1"));
    for _ in 0..3 {
        let refund = stripe.refund(KEY, &known, 500).await.expect("a refund");
        assert_eq!((refund.key, refund.amount, refund.failure), (Some(KEY), 500, None));
    }
    let refusal = stripe.refund(KEY, &known, 500).await;
    assert_eq!(refusal, Err(refused("charge_already_refunded")));
    let asked = script.asked();
    assert_eq!(asked.iter().filter(|it| it.starts_with("POST")).count(), 3, "{asked:?}");
    let made = script.seen(1);
    assert_eq!(made.key, Some(KEY));
    assert_eq!(made.parameters["payment_intent"], "pi_1");
    assert_eq!(made.parameters["metadata[refund_id]"], KEY.to_string());
}

#[tokio::test]
async fn a_refused_key_leaves_everything_open_and_staff_see_why() {
    let refused =
        || error(401, json!({ "type": "invalid_request_error", "message": "sk_test_hunter2" }));
    let script = Script::of([refused(), refused(), plain("requires_capture")]);
    let stripe = script.stripe().await;
    let known = charge(Some("pi_1"));
    for result in [authorize(&stripe).await, stripe.capture(KEY, &known, 1).await] {
        let Err(Failure::Unknown(cause)) = result else { panic!("{result:?}") };
        assert!(cause.contains("status 401") && !cause.contains("hunter2"), "{cause}");
    }
    assert!(stripe.pulse.health().keys_refused);
    stripe.resume(&known).await.expect("a charge");
    assert!(!stripe.pulse.health().keys_refused);
}

#[tokio::test]
async fn a_purchase_is_offered_what_stripe_can_express() {
    let stripe = Script::default().stripe().await;
    let offered = |code: &str, total| {
        let purchase = Purchase { country: None, currency: currency(code), total };
        match stripe.methods(&purchase).pop()?.tokens {
            TokenSource::Stripe(elements) => Some((elements.currency, elements.amount)),
            TokenSource::Test { .. } => None,
        }
    };
    assert_eq!(offered("ISK", Some(5)), Some(("isk".to_owned(), Some(500))));
    assert_eq!(offered("EUR", None), Some(("eur".to_owned(), None)));
    assert_eq!(offered("EUR", Some(0)), Some(("eur".to_owned(), None)));
    assert_eq!((offered("KWD", Some(1)), offered("CLF", None)), (None, None));
}

#[tokio::test]
async fn a_webhook_is_verified_before_it_is_read() {
    let stripe = Script::default().stripe().await;
    let object = json!({ "object": "payment_intent", "metadata": { "payment_id": PAYMENT } });
    let event = json!({
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "created": 1,
        "livemode": false, "api_version": null, "data": { "object": object },
    });
    let body = event.to_string();
    let headers = |secret: &str| {
        let signed = signature::sign(secret, NOW, body.as_bytes());
        HeaderMap::from_iter([("stripe-signature".parse().unwrap(), signed.parse().unwrap())])
    };
    let notices = stripe.webhook(&headers("whsec_hunter2"), body.as_bytes()).expect("notices");
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].subject, Some(PAYMENT.to_string()));
    let forged = stripe.webhook(&headers("whsec_forged"), body.as_bytes());
    assert_eq!(forged, Err(WebhookError::Rejected("the signature is wrong")));
    let unsigned = stripe.webhook(&HeaderMap::new(), body.as_bytes());
    assert_eq!(unsigned, Err(WebhookError::Rejected("there is no signature")));
}
