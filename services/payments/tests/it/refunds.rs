use chassis::testing::{User, call};
use contracts::payments::Status;
use serde_json::json;
use uuid::Uuid;

use crate::shop::{authorize, shops};

#[tokio::test]
async fn staff_gives_money_back() {
    for shop in shops().await {
        let id = shop.captured(&User::customer()).await;
        let part = json!({ "amount": { "amount": 500, "currency": "USD" }, "reason": "scratched" });
        let refund = shop.refund(id, "first", part).await.expect(201);
        assert_eq!(
            (&refund["status"], &refund["reason"], &refund["amount"]["amount"]),
            (&json!("succeeded"), &json!("scratched"), &json!(500))
        );
        let payment = shop.client.show(id).await.unwrap().unwrap();
        assert_eq!((payment.status, payment.refunded), (Status::PartiallyRefunded, 500));

        let rest = shop.refund(id, "second", json!({})).await.expect(201);
        assert_eq!(rest["amount"]["amount"], 1499);
        let payment = shop.client.show(id).await.unwrap().unwrap();
        assert_eq!((payment.status, payment.refunded), (Status::Refunded, 1999));

        let staff = User::with(&["payments:read"]);
        let listed = shop.get(&format!("/payments/{id}/refunds")).user(&staff).await.expect(200);
        let mut listed = listed["items"].as_array().unwrap().clone();
        listed.sort_by_key(|it| it["amount"]["amount"].as_i64());
        assert_eq!(listed, [refund, rest]);
    }
}

#[tokio::test]
async fn the_same_key_is_the_same_refund() {
    for shop in shops().await {
        let buyer = User::customer();
        let id = shop.captured(&buyer).await;
        let part = json!({ "amount": { "amount": 500, "currency": "USD" } });
        let first = shop.refund(id, "key", part.clone()).await;
        assert_eq!(first.headers.get("idempotent-replayed"), None);
        let first = first.expect(201);
        let again = shop.refund(id, "key", part.clone()).await;
        assert_eq!(again.headers["idempotent-replayed"], "true");
        assert_eq!(again.expect(201), first);
        for other in [json!({}), json!({ "amount": { "amount": 501, "currency": "USD" } })] {
            let answer = shop.refund(id, "key", other).await;
            assert_eq!(answer.problem(422), "idempotency_key_reused");
        }
        assert_eq!(shop.client.show(id).await.unwrap().unwrap().refunded, 500);
        // A key is the payment's own.
        let other = shop.captured(&buyer).await;
        shop.refund(other, "key", part).await.expect(201);
    }
}

#[tokio::test]
async fn the_same_key_in_parallel_gives_back_once() {
    for shop in shops().await {
        let id = shop.captured(&User::customer()).await;
        let answers: Vec<_> = (0..8)
            .map(|_| {
                let request =
                    call(&shop.service.router, "POST", &format!("/api/v1/payments/{id}/refunds"));
                let request = request
                    .user(&User::with(&["payments:refund"]))
                    .header("Idempotency-Key", "key")
                    .json(json!({ "amount": { "amount": 300, "currency": "USD" } }));
                tokio::spawn(request.send())
            })
            .collect();
        let mut first = 0;
        for answer in answers {
            let answer = answer.await.unwrap();
            first += i32::from(!answer.headers.contains_key("idempotent-replayed"));
            answer.expect(201);
        }
        assert_eq!(first, 1);
        assert_eq!(shop.client.show(id).await.unwrap().unwrap().refunded, 300);
    }
}

#[tokio::test]
async fn no_more_is_given_back_than_was_taken() {
    for shop in shops().await {
        let id = shop.captured(&User::customer()).await;
        let refund = |amount: i64| json!({ "amount": { "amount": amount, "currency": "USD" } });
        let answer = shop.refund(id, "1", refund(2000)).await.expect(409);
        assert_eq!(
            (&answer["code"], &answer["refundable"]),
            (&json!("refund_exceeds_payment"), &json!(1999))
        );
        shop.refund(id, "2", refund(1999)).await.expect(201);
        let answer = shop.refund(id, "3", refund(1)).await;
        assert_eq!(answer.problem(409), "refund_exceeds_payment");
        let answer = shop.refund(id, "4", json!({})).await;
        assert_eq!(answer.problem(409), "refund_exceeds_payment");
        let held = authorize(&User::customer(), "tok_visa");
        shop.client.authorize(&held).await.unwrap();
        let answer = shop.refund(held.payment_id, "5", json!({})).await;
        assert_eq!(answer.problem(409), "payment_not_captured");
        let answer = shop.refund(Uuid::now_v7(), "6", json!({})).await;
        assert_eq!(answer.problem(404), "payment_not_found");
    }
}

#[tokio::test]
async fn a_refund_is_for_staff_that_may() {
    for shop in shops().await {
        let buyer = User::customer();
        let id = shop.captured(&buyer).await;
        let request = || {
            let path = format!("/payments/{id}/refunds");
            shop.post(&path).header("Idempotency-Key", "key").json(json!({}))
        };
        assert_eq!(request().await.problem(401), "unauthenticated");
        assert_eq!(request().user(&buyer).await.problem(403), "forbidden");
        let reader = User::with(&["payments:read"]);
        assert_eq!(request().user(&reader).await.problem(403), "forbidden");
        assert_eq!(shop.client.show(id).await.unwrap().unwrap().refunded, 0);
    }
}

#[tokio::test]
async fn a_broken_refund_is_a_problem_and_changes_nothing() {
    for shop in shops().await {
        let id = shop.captured(&User::customer()).await;
        let staff = User::with(&["payments:refund"]);
        let path = format!("/payments/{id}/refunds");
        let answer = shop.post(&path).user(&staff).json(json!({})).await;
        assert_eq!(answer.problem(400), "idempotency_key_missing");
        for key in ["", "a b", &"k".repeat(256)] {
            let answer = shop.refund(id, key, json!({})).await;
            assert_eq!(answer.problem(400), "idempotency_key_invalid", "{key}");
        }
        for (body, field) in [
            (json!({ "amount": 500 }), "amount"),
            (json!({ "amount": { "amount": 0, "currency": "USD" } }), "amount"),
            (json!({ "amount": { "amount": -5, "currency": "USD" } }), "amount"),
            (json!({ "amount": { "amount": i64::MAX, "currency": "USD" } }), "amount"),
            (json!({ "amount": { "amount": 1.5, "currency": "USD" } }), "amount.amount"),
            (json!({ "amount": { "amount": 5, "currency": "EUR" } }), "amount.currency"),
            (json!({ "amount": { "amount": 5, "currency": "dollars" } }), "amount.currency"),
            (json!({ "reason": "r".repeat(501) }), "reason"),
            (json!({ "reason": 5 }), "reason"),
            (json!({ "colour": "red" }), "colour"),
        ] {
            let answer = shop.refund(id, "key", body.clone()).await.expect(422);
            assert_eq!(answer["errors"][0]["field"], field, "{body}");
        }
        for body in ["{", "", r#"{"reason":"\u0000"}"#, r#"{"reason":"\ud800"}"#] {
            let answer = shop.post(&path).user(&staff).header("Idempotency-Key", "key");
            assert_eq!(answer.text(body).await.problem(400), "malformed_json", "{body}");
        }
        let huge = shop.post(&path).user(&staff).header("Idempotency-Key", "key");
        let huge = huge.text("x".repeat(2 * 1024 * 1024)).await;
        assert_eq!(huge.problem(413), "body_too_large");
        assert_eq!(shop.client.show(id).await.unwrap().unwrap().refunded, 0);
    }
}
