//! Keys that Stripe refuses, and a Stripe that is away or wants a pause: payments wait, nothing is
//! lost, staff see why, and afterwards all goes on.

use chassis::service::Service;
use chassis::testing::{Database, User, call, eventually};
use stripe_double::{Arm, Fault};

use super::books::assert_books;
use super::*;

/// What `GET /payments/providers` says of Stripe.
async fn health(shop: &Shop) -> Value {
    let router = crate::router().with_state(shop.app.clone());
    let service = Service::new(crate::NAME, &shop.platform, router);
    let staff = User::with(&["payments:read"]);
    let answer = call(&service.router, "GET", "/api/v1/payments/providers").user(&staff).await;
    let providers = answer.expect(200);
    let stripe = providers["data"].as_array().expect("a list").iter().find(|it| it["name"] == NAME);
    stripe.expect("Stripe")["health"].clone()
}

/// Payments at every stage, and something that is asked for each of them now.
async fn ask_for_everything(shop: &Shop) -> [(Uuid, Status); 4] {
    let [captured, voided] = [shop.pay("card").await.id, shop.pay("card").await.id];
    let (refunded, confirmed) = (shop.paid("card").await.id, shop.pay("card_3ds").await.id);
    shop.double.authenticate(&shop.intent(confirmed).await, true).expect("it waits");
    [
        (captured, Status::Captured),
        (voided, Status::Voided),
        (refunded, Status::Refunded),
        (confirmed, Status::Authorized),
    ]
}

async fn ask(shop: &Shop, [captured, voided, refunded, confirmed]: [(Uuid, Status); 4]) {
    assert_eq!(shop.capture(captured.0).await.status, Status::Capturing);
    assert_eq!(shop.void(voided.0).await.status, Status::Voiding);
    assert_eq!(shop.refund(refunded.0, None).await.refund_pending, AMOUNT);
    assert_eq!(shop.confirm(confirmed.0).await.status, Status::Pending);
}

#[tokio::test]
async fn while_keys_are_refused_payments_wait_and_staff_see_why() {
    for case in ["wrong", "revoked", "of the other mode"] {
        let mut shop = shop(Database::Sqlite).await;
        let payments = ask_for_everything(&shop).await;
        assert_eq!(health(&shop).await["keys_refused"], false);
        let right = shop.app.config.stripe.clone();
        match case {
            "wrong" => shop.restart_with(|it| it.stripe.secret_key = "sk_test_wrong".into()),
            "revoked" => shop.double.revoke_key(true),
            _ => shop.restart_with(|it| {
                it.stripe.secret_key = "sk_live_double".into();
                it.stripe.publishable_key = "pk_live_double".to_owned();
            }),
        }
        ask(&shop, payments).await;
        shop.pass(TimeDelta::hours(30)).await;
        assert_eq!(shop.on_its_way().await.len(), 8, "{case}: {:?}", shop.on_its_way().await);
        let health = health(&shop).await;
        if case != "of the other mode" {
            assert_eq!(health["keys_refused"], true, "{case}");
            assert!(health["last_failure"].as_str().expect("a text").contains("401"), "{health}");
            let payment = shop.pay("card").await;
            assert_eq!(payment.status, Status::Pending);
        } else {
            let why = health["last_failure"].as_str().expect("a text");
            assert!(why.contains("account and mode of the key"), "{why}");
        }
        shop.double.revoke_key(false);
        shop.restart_with(|it| it.stripe = right);
        shop.finish().await;
        for (id, status) in payments {
            assert_eq!(shop.payment(id).await.status, status, "{case}");
        }
        assert_eq!(self::health(&shop).await["keys_refused"], false);
        assert_books(&shop).await;
    }
}

#[tokio::test]
async fn while_stripe_is_away_payments_wait() {
    let shop = shop(Database::Sqlite).await;
    let payments = ask_for_everything(&shop).await;
    shop.double.set_down(true);
    ask(&shop, payments).await;
    let new = shop.pay("card").await.id;
    shop.pass(TimeDelta::hours(2)).await;
    assert_eq!(shop.on_its_way().await.len(), 10, "{:?}", shop.on_its_way().await);
    assert!(!health(&shop).await["last_failure_at"].is_null());
    shop.double.set_down(false);
    shop.finish().await;
    for (id, status) in payments {
        assert_eq!(shop.payment(id).await.status, status);
    }
    // An authorisation that nobody has heard of for so long is given up, and can be tried again.
    let new = shop.payment(new).await;
    assert_eq!((new.status, new.reason.as_deref()), (Status::Declined, Some("provider_error")));
    assert_eq!(shop.paid("card").await.captured, AMOUNT);
    assert_books(&shop).await;
}

#[tokio::test]
async fn a_pause_that_stripe_asks_for_is_kept() {
    let shop = shop(Database::Sqlite).await;
    let id = shop.pay("card").await.id;
    shop.double.arm(Arm::next(Fault::RateLimited, "POST", "/capture"));
    let sent = shop.double.requests().len();
    assert_eq!(shop.capture(id).await.status, Status::Capturing);
    shop.work().await;
    assert_eq!(shop.double.requests().len(), sent + 1, "it has asked for a second's pause");
    shop.clock.advance(TimeDelta::seconds(1));
    shop.work().await;
    shop.finish().await;
    assert_eq!(shop.payment(id).await.status, Status::Captured);
    assert_books(&shop).await;
}

/// Slower than the shop is patient: the customer has an answer, and the payment its end.
#[tokio::test]
async fn a_slow_stripe_keeps_no_customer_waiting() {
    let settings = |it: &mut Config| it.answer_ms = 100;
    let shop = shop_with(Database::Sqlite, settings, |_| {}).await;
    shop.double.arm(Arm::next(Fault::Slow, "POST", "/v1/payment_intents"));
    let payment = shop.pay("card").await;
    assert_eq!(payment.status, Status::Pending);
    let mut held = shop.double.held();
    held.wait_for(|it| *it == 1).await.expect("it waits at Stripe");
    shop.double.release();
    let arrived = async || shop.payment(payment.id).await.status == Status::Authorized;
    eventually("its answer is written down", arrived).await;
    assert_eq!(shop.published(payment.id).await, ["authorized"]);
    assert_books(&shop).await;
}
