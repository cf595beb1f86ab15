//! Payments from beginning to end: tokens, repetition, races and bad lines.

mod anything;
mod recovery;

use chassis::problem::Problem;
use chassis::testing::{Database, call, databases};
use contracts::payments::{AUTHORIZE, Authorize, SHOW};
use futures::future::join_all;
use uuid::Uuid;

use super::*;
use crate::model::{RefundStatus, State, Status, operation_id};
use crate::requests::{self, RefundRequest, Refunding};
use crate::testing::{Line, Shop, later, refund_of, request, shop};
use crate::worker::turn;

#[databases]
async fn orders_hear_what_the_provider_asks_of_a_customer_and_how_long_that_may_take(
    database: Database,
) {
    let shop = shop(database).await;
    let router = crate::internal::router(shop.app.clone());
    for (token, status, minutes) in [
        ("tok_3ds", "requires_action", serde_json::json!(30)),
        ("tok_processing", "processing", serde_json::json!(15)),
        ("tok_visa", "authorized", serde_json::Value::Null),
    ] {
        let asked = request(token);
        let named = serde_json::json!({ "payment_id": asked.payment_id });
        let call = |path| call(&router, "POST", path);
        let asked = call(AUTHORIZE.path()).json(serde_json::to_value(asked).unwrap());
        for answer in [asked.await, call(SHOW.path()).json(named).await] {
            let payment = answer.expect(200);
            assert_eq!(payment["status"], status, "{}", shop.platform.kind);
            assert_eq!(payment["hold_minutes"], minutes);
            let asks = payment["status"] == "requires_action";
            assert_eq!(payment["next_action"]["type"] == "confirm", asks, "{payment}");
        }
    }
}

#[databases]
async fn every_token_ends_as_it_should(database: Database) {
    let shop = shop(database).await;
    for (token, status, reason, captured) in [
        ("tok_visa", Status::Captured, None, 1999),
        ("tok_declined", Status::Declined, Some("card_declined"), 0),
        ("tok_insufficient_funds", Status::Declined, Some("insufficient_funds"), 0),
        ("tok_nonsense", Status::Declined, Some("invalid_token"), 0),
        ("tok_error", Status::Declined, Some("provider_error"), 0),
        ("tok_timeout", Status::Captured, None, 1999),
    ] {
        let asked = request(token);
        let id = asked.payment_id;
        requests::authorize(&shop.app, asked).await.unwrap();
        shop.finish().await;
        if shop.payment(id).await.status == Status::Authorized {
            requests::capture(&shop.app, id).await.unwrap();
            shop.finish().await;
        }
        let payment = shop.payment(id).await;
        assert_eq!(
            (payment.status, payment.reason.as_deref(), payment.captured),
            (status, reason, captured),
            "{token}"
        );
    }
    shop.assert_sound().await;
}

#[databases]
async fn a_timeout_is_unknown_at_first_and_found_captured_by_a_look_up(database: Database) {
    let shop = shop(database).await;
    let id = shop.authorized("tok_timeout").await;
    let payment = requests::capture(&shop.app, id).await.unwrap();
    assert_eq!((payment.status, payment.captured), (Status::Capturing, 0));
    let operation = operation(&shop, id, Kind::Capture).await;
    assert_eq!((operation.state, operation.attempts), (State::Unknown, 3));

    assert_eq!(turn(&shop.app).await.unwrap(), 1);
    let payment = requests::capture(&shop.app, id).await.unwrap();
    assert_eq!((payment.status, payment.captured), (Status::Captured, 1999));
    assert_eq!(turn(&shop.app).await.unwrap(), 0);
    assert_eq!(shop.published(id).await, ["captured"]);
    shop.assert_sound().await;
}

#[databases]
async fn an_error_of_the_provider_is_pending_at_first_and_then_declined(database: Database) {
    let shop = shop(database).await;
    let asked = request("tok_error");
    let id = asked.payment_id;
    let payment = requests::authorize(&shop.app, asked.clone()).await.unwrap();
    assert_eq!(payment.status, Status::Pending);
    turn(&shop.app).await.unwrap();
    let payment = requests::authorize(&shop.app, asked).await.unwrap();
    assert_eq!(payment.status, Status::Declined);
    assert_eq!(shop.published(id).await, ["declined"]);
    // Should the request still be on its way, it comes too late.
    let sandbox = crate::providers::Sandbox { db: shop.app.db.clone(), clock: shop.app.clock };
    let late = Authorization {
        amount: 1999,
        currency: shop.app.currency.clone(),
        token: "tok_visa".into(),
        order_id: None,
        order_number: String::new(),
        customer: None,
        save: false,
        return_url: String::new(),
    };
    let late = sandbox.authorize(id, &late).await.unwrap();
    assert_eq!(late.state, ChargeState::Voided);
    shop.assert_sound().await;
}

/// What a client sends of its customer's decision.
fn said(outcome: &str) -> Option<Value> {
    Some(json!({ "outcome": outcome }))
}

#[databases]
async fn three_d_secure_waits_for_the_customer(database: Database) {
    let shop = shop(database).await;
    for (outcome, status, reason) in [
        ("approve", Status::Authorized, None),
        ("deny", Status::Declined, Some("authentication_failed")),
    ] {
        let asked = request("tok_3ds");
        let id = asked.payment_id;
        let payment = requests::authorize(&shop.app, asked).await.unwrap();
        assert_eq!(payment.status, Status::RequiresAction);
        let early = requests::capture(&shop.app, id).await.unwrap_err();
        assert_eq!(early.code, "payment_not_authorized");
        // Said again, even differently, it is answered with what came of it.
        for outcome in [outcome, "approve", "deny"] {
            let payment = requests::confirm(&shop.app, id, said(outcome)).await.unwrap();
            assert_eq!((payment.status, payment.reason.as_deref()), (status, reason));
        }
        let told = shop.published(id).await;
        assert_eq!(told, ["requires_action", status.as_str()]);
    }
    let visa = shop.authorized("tok_visa").await;
    let needless = requests::confirm(&shop.app, visa, None).await.unwrap();
    assert_eq!(needless.status, Status::Authorized);
    shop.assert_sound().await;
}

#[databases]
async fn every_call_may_be_repeated(database: Database) {
    let shop = shop(database).await;
    let asked = request("tok_visa");
    let id = asked.payment_id;
    let refund = refund_of(id, Some(500));
    for _ in 0..3 {
        let payment = requests::authorize(&shop.app, asked.clone()).await.unwrap();
        assert_eq!(payment.status, Status::Authorized);
    }
    for _ in 0..3 {
        let payment = requests::capture(&shop.app, id).await.unwrap();
        assert_eq!(payment.status, Status::Captured);
    }
    for n in 0..3 {
        let Refunding { payment, replayed, .. } =
            requests::refund(&shop.app, refund.clone()).await.unwrap();
        assert_eq!((payment.refunded, replayed), (500, n > 0));
    }
    let payment = requests::authorize(&shop.app, asked).await.unwrap();
    assert_eq!(payment.status, Status::PartiallyRefunded);
    assert_eq!(shop.published(id).await, ["captured", "partially_refunded"]);
    let entries = store::entries(&shop.app.db, id, None, 10).await.unwrap();
    assert_eq!(entries.iter().map(|it| it.amount).sum::<i64>(), 0);
    assert_eq!(entries.len(), 4);
    shop.assert_sound().await;
}

#[databases]
async fn the_same_authorisation_in_parallel_is_one(database: Database) {
    let shop = shop(database).await;
    let asked = request("tok_visa");
    let id = asked.payment_id;
    let answers = together(8, |_| {
        let (app, asked) = (shop.app.clone(), asked.clone());
        async move { requests::authorize(&app, asked).await }
    });
    assert!(answers.await.iter().all(Result::is_ok));
    assert_eq!(shop.payment(id).await.status, Status::Authorized);
    let captures = together(8, |_| {
        let app = shop.app.clone();
        async move { requests::capture(&app, id).await }
    });
    assert!(captures.await.iter().all(Result::is_ok));
    assert_eq!(shop.payment(id).await.captured, 1999);
    assert_eq!(store::operations(&shop.app.db, id).await.unwrap().len(), 2);
    shop.assert_sound().await;
}

#[databases]
async fn a_known_id_with_other_details_is_refused(database: Database) {
    let shop = shop(database).await;
    let asked = request("tok_visa");
    requests::authorize(&shop.app, asked.clone()).await.unwrap();
    for other in [
        Authorize { amount: 2000, ..asked.clone() },
        Authorize { order_id: Uuid::now_v7(), ..asked.clone() },
    ] {
        let problem = requests::authorize(&shop.app, other).await.unwrap_err();
        assert_eq!(problem.code, "payment_mismatch");
    }
    assert_eq!(shop.payment(asked.payment_id).await.amount, 1999);
}

#[databases]
async fn what_must_not_be_stored_is_refused_first(database: Database) {
    let shop = shop(database).await;
    let good = request("tok_visa");
    for (bad, code) in [
        (request("4242424242424242"), "card_number_refused"),
        (request("4242 4242 4242 4242"), "card_number_refused"),
        (request("378282246310005"), "card_number_refused"),
        (request(""), "validation_failed"),
        (request("tok visa"), "validation_failed"),
        (request(&"t".repeat(256)), "validation_failed"),
        (Authorize { provider: "bank".to_owned(), ..good.clone() }, "validation_failed"),
        (Authorize { amount: -1, ..good.clone() }, "validation_failed"),
        (Authorize { amount: i64::MAX, ..good.clone() }, "validation_failed"),
        (Authorize { currency: "EUR".to_owned(), ..good.clone() }, "validation_failed"),
        (
            Authorize { order_token_hash: Some("short".to_owned()), ..good.clone() },
            "validation_failed",
        ),
    ] {
        let id = bad.payment_id;
        let problem = requests::authorize(&shop.app, bad).await.unwrap_err();
        assert_eq!((problem.code.as_ref(), problem.status), (code, 422));
        assert!(store::find(&shop.app.db, id).await.unwrap().is_none());
    }
}

#[databases]
async fn the_token_is_forgotten_once_it_is_no_longer_needed(database: Database) {
    let shop = shop(database).await;
    let id = shop.authorized("tok_visa").await;
    assert_eq!(operation(&shop, id, Kind::Authorize).await.input, None);
    let printed = format!("{:?}", chassis::Secret::from("tok_visa"));
    assert!(!printed.contains("visa"));
}

#[databases]
async fn capture_and_void_race_and_one_wins(database: Database) {
    let shop = shop(database).await;
    for _ in 0..10 {
        let id = shop.authorized("tok_visa").await;
        let answers = together(4, |n| {
            let app = shop.app.clone();
            async move {
                match n % 2 {
                    0 => requests::capture(&app, id).await.map(drop),
                    _ => requests::void(&app, id).await.map(drop),
                }
            }
        });
        let answers: Vec<_> = answers.await;
        let payment = shop.payment(id).await;
        match payment.status {
            Status::Captured => assert!(answers.iter().all(Result::is_ok)),
            Status::Voided => {
                let codes = answers.into_iter().filter_map(Result::err);
                assert!(codes.into_iter().all(|it| it.code == "payment_voided"));
                assert_eq!(payment.captured, 0);
            }
            other => panic!("{other:?}"),
        }
    }
    shop.assert_sound().await;
}

#[databases]
async fn a_void_before_the_authorisation_keeps_it_from_taking_effect(database: Database) {
    let shop = shop(database).await;
    let asked = request("tok_visa");
    let id = asked.payment_id;
    for _ in 0..2 {
        let payment = requests::void(&shop.app, id).await.unwrap();
        assert_eq!((payment.status, payment.order_id), (Status::Voided, None));
    }
    for _ in 0..2 {
        let payment = requests::authorize(&shop.app, asked.clone()).await.unwrap();
        assert_eq!(payment.status, Status::Voided);
        assert_eq!((payment.order_id, payment.amount), (Some(asked.order_id), 1999));
    }
    let capture = requests::capture(&shop.app, id).await.unwrap_err();
    assert_eq!((capture.code.as_ref(), capture.status), ("payment_voided", 409));
    shop.assert_sound().await;
}

#[databases]
async fn a_void_waits_for_an_authorisation_on_its_way_and_wins(database: Database) {
    let shop = shop(database).await;
    for (token, lines) in [
        ("tok_visa", vec![Line::AnswerLost; 3]),
        ("tok_visa", vec![Line::RequestLost; 3]),
        ("tok_3ds", vec![Line::AnswerLost; 3]),
        ("tok_declined", vec![Line::RequestLost; 3]),
        ("tok_error", vec![]),
    ] {
        shop.line(lines);
        let asked = request(token);
        let id = asked.payment_id;
        let payment = requests::authorize(&shop.app, asked.clone()).await.unwrap();
        assert_eq!(payment.status, Status::Pending, "{token}");
        for _ in 0..2 {
            let payment = requests::void(&shop.app, id).await.unwrap();
            assert_eq!(payment.status, Status::Voiding, "{token}");
        }
        let capture = requests::capture(&shop.app, id).await.unwrap_err();
        assert_eq!(capture.code, "payment_voided");
        shop.finish().await;
        let payment = requests::authorize(&shop.app, asked).await.unwrap();
        assert_eq!(payment.status, Status::Voided, "{token}");
        assert_eq!(shop.published(id).await.last().map(String::as_str), Some("voided"));
    }
    shop.assert_sound().await;
}

#[databases]
async fn a_void_while_capturing_answers_as_it_is(database: Database) {
    let shop = shop(database).await;
    let id = shop.authorized("tok_timeout").await;
    requests::capture(&shop.app, id).await.unwrap();
    let payment = requests::void(&shop.app, id).await.unwrap();
    assert_eq!(payment.status, Status::Capturing);
    shop.finish().await;
    let payment = requests::void(&shop.app, id).await.unwrap();
    assert_eq!(payment.status, Status::Captured);
    shop.assert_sound().await;
}

#[databases]
async fn concurrent_refunds_never_give_back_more_than_was_captured(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured().await;
    let answers = together(8, |_| {
        let app = shop.app.clone();
        async move { requests::refund(&app, refund_of(id, Some(600))).await }
    });
    let (done, refused): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 3, "{}", shop.platform.kind);
    for problem in refused.into_iter().filter_map(Result::err) {
        assert_eq!(problem.code, "refund_exceeds_payment");
    }
    let rest = requests::refund(&shop.app, refund_of(id, None)).await.unwrap();
    assert_eq!(rest.refund.unwrap().amount, 199);
    assert_eq!(shop.payment(id).await.status, Status::Refunded);
    // All is given back: nothing in particular is asked for, something more is refused.
    let nothing = requests::refund(&shop.app, refund_of(id, None)).await.unwrap();
    assert!(nothing.refund.is_none());
    let more = requests::refund(&shop.app, refund_of(id, Some(1))).await;
    assert_eq!(code(more), "refund_exceeds_payment");
    shop.assert_sound().await;
}

#[databases]
async fn a_refund_on_its_way_counts_as_given_back(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured().await;
    shop.line([Line::RequestLost; 3]);
    let refund = refund_of(id, Some(1500));
    let refunding = requests::refund(&shop.app, refund.clone()).await.unwrap();
    assert_eq!(refunding.refund.unwrap().status, RefundStatus::Pending);
    let more = requests::refund(&shop.app, refund_of(id, Some(500))).await;
    assert_eq!(code(more), "refund_exceeds_payment");
    shop.finish().await;
    let refunding = requests::refund(&shop.app, refund).await.unwrap();
    assert_eq!(refunding.payment.refunded, 1500);
    assert_eq!(refunding.refund.unwrap().status, RefundStatus::Succeeded);
    shop.assert_sound().await;
}

#[databases]
async fn a_refund_is_one_payments_and_needs_a_capture(database: Database) {
    let shop = shop(database).await;
    let (first, second) = (shop.captured().await, shop.captured().await);
    let refund = refund_of(first, Some(100));
    requests::refund(&shop.app, refund.clone()).await.unwrap();
    let other = RefundRequest { payment_id: second, ..refund.clone() };
    assert_eq!(code(requests::refund(&shop.app, other).await), "refund_mismatch");
    let other = RefundRequest { amount: Some(200), ..refund };
    assert_eq!(code(requests::refund(&shop.app, other).await), "refund_mismatch");
    let held = shop.authorized("tok_visa").await;
    let early = requests::refund(&shop.app, refund_of(held, None)).await;
    assert_eq!(code(early), "payment_not_captured");
    let nowhere = requests::refund(&shop.app, refund_of(Uuid::now_v7(), None)).await;
    assert_eq!(code(nowhere), "payment_not_found");
}

#[test]
fn look_ups_come_later_and_later_but_never_stop() {
    for (look_ups, most) in [(1, 400), (4, 3_200), (i64::MAX, 30_000)] {
        let pause = BACKOFF.after(look_ups).expect("another one").num_milliseconds();
        assert!((most / 2..=most).contains(&pause), "{look_ups}: {pause}");
    }
}

async fn operation(shop: &Shop, payment: Uuid, kind: Kind) -> Operation {
    let id = operation_id(payment, kind);
    store::find_operation(&shop.app.db, id).await.unwrap().expect("the operation")
}

fn code(answer: Result<Refunding, Problem>) -> String {
    answer.err().expect("a refusal").code.into_owned()
}

/// Runs `count` of them at the same time.
async fn together<F>(count: usize, each: impl Fn(usize) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let tasks = (0..count).map(|n| tokio::spawn(each(n)));
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}
