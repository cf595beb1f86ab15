//! What becomes of payments, refunds and disputes.

use serde_json::{Value, json};
use stripe_double::Kind;

use crate::client::{Api, RETURN_URL, start, start_with};

const DAY: i64 = 24 * 60 * 60;

#[tokio::test]
async fn a_part_of_what_is_held_is_captured_and_the_rest_released() {
    for releases_are_refunds in [true, false] {
        let api = start_with(|it| it.releases_are_refunds = releases_are_refunds).await;
        let held = api.hold("card").await;
        assert_eq!(held.body["status"], "requires_capture");
        let path = format!("/v1/payment_intents/{}", held.id());
        let capture = format!("{path}/capture");
        let too_much = api.post(&capture, "amount_to_capture=5001").await;
        assert_eq!(too_much.refusal(), (400, "amount_too_large"));
        let taken = api.post(&capture, "amount_to_capture=3000&expand[]=latest_charge").await;
        assert_eq!(
            (
                &taken.body["status"],
                &taken.body["amount_received"],
                &taken.body["amount_capturable"]
            ),
            (&json!("succeeded"), &json!(3000), &json!(0))
        );
        let released = if releases_are_refunds { 2000 } else { 0 };
        let charge = &taken.body["latest_charge"];
        assert_eq!(charge["amount_captured"], 3000);
        assert_eq!(charge["amount_refunded"], released);
        assert!(charge.get("refunds").is_none());

        for action in ["capture", "cancel"] {
            let answer = api.post(&format!("{path}/{action}"), "").await;
            assert_eq!(answer.refusal(), (400, "payment_intent_unexpected_state"), "{action}");
        }
        let refund = |amount: i64| format!("payment_intent={}&amount={amount}", held.id());
        assert_eq!(api.post("/v1/refunds", &refund(3001)).await.status, 400);
        assert_eq!(api.post("/v1/refunds", &refund(3000)).await.status, 200);
        let more = api.post("/v1/refunds", &refund(1)).await;
        assert_eq!(more.refusal(), (400, "charge_already_refunded"));
        let fee = 3000 * 29 / 1000 + 30;
        assert_eq!(api.double.balance()["eur"], -fee);
    }
}

#[tokio::test]
async fn a_hold_ends_by_itself_after_seven_days() {
    let api = start().await;
    let held = api.hold("card").await.id();
    let before = &api.intent(&held).await["latest_charge"]["payment_method_details"]["card"];
    assert_eq!(before["capture_before"], api.double.now() + 7 * DAY);
    api.double.advance(7 * DAY - 1);
    assert_eq!(api.intent(&held).await["status"], "requires_capture");
    api.double.advance(1);
    let ended = api.intent(&held).await;
    assert_eq!(
        (&ended["status"], &ended["cancellation_reason"]),
        (&json!("canceled"), &json!("automatic"))
    );
    assert_eq!(api.double.balance().len(), 0);
}

#[tokio::test]
async fn a_decline_leaves_an_intent_that_can_be_paid_otherwise() {
    let api = start().await;
    for (method, code, bank) in [
        ("card_declined", "card_declined", "generic_decline"),
        ("card_insufficient_funds", "card_declined", "insufficient_funds"),
        ("card_expired", "expired_card", "expired_card"),
        ("card_incorrect_cvc", "incorrect_cvc", "incorrect_cvc"),
        ("card_lost", "card_declined", "lost_card"),
    ] {
        let declined = api.pay(method, "").await;
        assert_eq!(declined.refusal(), (402, code));
        let error = &declined.body["error"];
        assert_eq!(error["decline_code"], bank);
        assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
        let id = error["payment_intent"]["id"].as_str().unwrap();
        let form = format!("payment_method=pm_card_visa&return_url={RETURN_URL}");
        let paid = api.post(&format!("/v1/payment_intents/{id}/confirm"), &form).await;
        assert_eq!(paid.body["status"], "succeeded");
        assert_eq!(paid.body["last_payment_error"], Value::Null);
    }
}

#[tokio::test]
async fn a_customer_authenticates_or_not_and_debits_take_days() {
    let api = start().await;
    for (method, approved, then) in [
        ("card_3ds", true, "succeeded"),
        ("card_3ds", false, "requires_payment_method"),
        ("card_3ds_declined", true, "requires_payment_method"),
        ("ideal", true, "succeeded"),
        ("ideal", false, "requires_payment_method"),
    ] {
        let waiting = api.pay(method, "").await;
        assert_eq!(waiting.body["status"], "requires_action");
        let next = &waiting.body["next_action"];
        let kind = if method == "ideal" { "redirect_to_url" } else { "use_stripe_sdk" };
        assert_eq!(next["type"], kind);
        api.double.authenticate(&waiting.id(), approved).unwrap();
        assert_eq!(api.intent(&waiting.id()).await["status"], then, "{method} {approved}");
        assert!(api.double.authenticate(&waiting.id(), true).is_err());
    }
    for (method, then) in
        [("sepa_debit", "succeeded"), ("sepa_debit_fails", "requires_payment_method")]
    {
        let debit = api.pay(method, "").await;
        assert_eq!(debit.body["status"], "processing");
        let cancel = api.post(&format!("/v1/payment_intents/{}/cancel", debit.id()), "").await;
        assert_eq!(cancel.refusal(), (400, "payment_intent_unexpected_state"));
        api.double.advance(5 * DAY);
        assert_eq!(api.intent(&debit.id()).await["status"], then);
    }
}

#[tokio::test]
async fn a_refund_fails_after_it_was_accepted_and_its_money_comes_back() {
    let api = start().await;
    let paid = api.pay("card_refund_fails", "").await.id();
    let before = api.double.balance()["eur"];
    let form = format!("payment_intent={paid}&amount=1000&metadata[refund_id]=r1");
    let refund = api.post("/v1/refunds", &form).await;
    assert_eq!(refund.body["status"], "succeeded");
    assert_eq!(api.double.balance()["eur"], before - 1000);
    api.double.advance(DAY);
    let failed = api.get(&format!("/v1/refunds/{}", refund.id())).await.body;
    assert_eq!(
        (&failed["status"], &failed["metadata"]["refund_id"]),
        (&json!("failed"), &json!("r1"))
    );
    let charge = &api.intent(&paid).await["latest_charge"];
    assert_eq!(charge["amount_refunded"], 0);
    assert_eq!(charge["refunds"]["data"][0]["failure_reason"], "expired_or_canceled_card");
    assert_eq!(api.double.balance()["eur"], before);
    // What is in vain can be tried again.
    assert_eq!(api.double.refund(&paid, None).map(|_| ()), Ok(()));
    assert!(kinds(&api).contains(&"refund.failed".to_owned()));
}

#[tokio::test]
async fn disputes_take_the_money_and_give_it_back_only_if_they_are_won() {
    let api = start().await;
    for (won, back) in [(true, 5000), (false, 0)] {
        let paid = api.pay("card", "").await.id();
        let before = api.double.balance()["eur"];
        let dispute = api.double.open_dispute(&paid, None, false).unwrap();
        assert_eq!(api.double.balance()["eur"], before - 5000 - 1500);
        let shown = api.get(&format!("/v1/disputes?payment_intent={paid}")).await.body;
        let shown = &shown["data"][0];
        assert_eq!((&shown["id"], &shown["status"]), (&json!(dispute), &json!("needs_response")));
        assert_eq!(shown["balance_transactions"][0]["amount"], -5000);
        let refund = api.post("/v1/refunds", &format!("payment_intent={paid}")).await;
        assert_eq!(refund.refusal(), (400, "charge_disputed"));
        let evidence = "submit=true&evidence[uncategorized_text]=It was delivered.";
        let answered = api.post(&format!("/v1/disputes/{dispute}"), evidence).await;
        assert_eq!(answered.body["status"], "under_review");
        api.double.close_dispute(&dispute, won).unwrap();
        assert_eq!(api.double.balance()["eur"], before - 5000 - 1500 + back);
    }
    let inquired = api.pay("card_inquiry", "").await.id();
    let dispute = api.get(&format!("/v1/disputes?payment_intent={inquired}")).await.body;
    assert_eq!(dispute["data"][0]["status"], "warning_needs_response");
    assert_eq!(dispute["data"][0]["balance_transactions"], json!([]));
}

#[tokio::test]
async fn lists_are_newest_first_and_go_on_where_a_page_ends() {
    let api = start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        api.double.advance(10);
        ids.insert(0, api.post("/v1/payment_intents", "amount=5000&currency=eur").await.id());
    }
    let since = api.double.now() - 30;
    let mut path = format!("/v1/payment_intents?created[gte]={since}&limit=3");
    let first = api.get(&path).await.body;
    let of = |page: &Value| {
        page["data"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (of(&first), &first["has_more"]),
        (ids[..3].iter().map(|it| json!(it)).collect(), &json!(true))
    );
    path += &format!("&starting_after={}", ids[2]);
    let second = api.get(&path).await.body;
    assert_eq!((of(&second), &second["has_more"]), (vec![json!(ids[3])], &json!(false)));
}

#[tokio::test]
async fn saved_cards_are_listed_and_detached() {
    let api = start().await;
    let customer = api.post("/v1/customers", "email=a@example.com").await.id();
    let mut elements = crate::client::elements();
    elements["setup_future_usage"] = json!("off_session");
    let token = api.double.token("card", elements).unwrap();
    let more = format!("&customer={customer}&setup_future_usage=off_session");
    let form = crate::client::pay_form(&token, &more);
    let paid = api.post("/v1/payment_intents", &form).await;
    let list = format!("/v1/payment_methods?customer={customer}&type=card");
    let saved = api.get(&list).await.body;
    assert_eq!(saved["data"][0]["id"], paid.body["payment_method"]);
    let detach = format!("/v1/payment_methods/{}/detach", saved["data"][0]["id"].as_str().unwrap());
    assert_eq!(api.post(&detach, "").await.body["customer"], Value::Null);
    assert_eq!(api.get(&list).await.body["data"], json!([]));
    assert_eq!(api.post(&detach, "").await.status, 400);
}

fn kinds(api: &Api) -> Vec<String> {
    let events = api.double.objects(Kind::Event);
    events.iter().map(|it| it["type"].as_str().expect("a type").to_owned()).collect()
}
