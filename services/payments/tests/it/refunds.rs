use chassis::testing::{Database, User, call, databases};
use contracts::orders::SHARES;
use contracts::payments::Status;
use serde_json::json;
use uuid::Uuid;

use crate::shop::{authorize, shop};

#[databases]
async fn staff_gives_money_back(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured(&User::customer()).await;
    let part = json!({ "amount": { "amount": 500, "currency": "USD" }, "reason": "damaged",
                        "note": "scratched" });
    let refund = shop.refund(id, "first", part).await.expect(201);
    assert_eq!(
        (&refund["status"], &refund["reason"], &refund["note"], &refund["amount"]["amount"]),
        (&json!("succeeded"), &json!("damaged"), &json!("scratched"), &json!(500))
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

#[databases]
async fn the_same_key_is_the_same_refund(database: Database) {
    let shop = shop(database).await;
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

#[databases]
async fn the_same_key_in_parallel_gives_back_once(database: Database) {
    let shop = shop(database).await;
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

#[databases]
async fn no_more_is_given_back_than_was_taken(database: Database) {
    let shop = shop(database).await;
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

#[databases]
async fn a_refund_is_for_staff_that_may(database: Database) {
    let shop = shop(database).await;
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

#[databases]
async fn a_broken_refund_is_a_problem_and_changes_nothing(database: Database) {
    let shop = shop(database).await;
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
        (json!({ "reason": "because" }), "reason"),
        (json!({ "note": "n".repeat(501) }), "note"),
        (json!({ "note": "4111 1111 1111 1111" }), "note"),
        (json!({ "lines": [{ "sku": "A", "quantity": 0 }] }), "lines[0].quantity"),
        (json!({ "lines": [{ "sku": "A", "quantity": 1000 }] }), "lines[0].quantity"),
        (json!({ "lines": [{ "sku": "", "quantity": 1 }] }), "lines[0].sku"),
        (json!({ "lines": [{ "quantity": 1 }] }), "lines[0].sku"),
        (
            json!({ "lines": [{ "sku": "A", "quantity": 1 }, { "sku": "A", "quantity": 1 }] }),
            "lines",
        ),
        (json!({ "reason": 5 }), "reason"),
        (json!({ "colour": "red" }), "colour"),
    ] {
        let answer = shop.refund(id, "key", body.clone()).await.expect(422);
        assert_eq!(answer["errors"][0]["field"], field, "{body}");
    }
    for body in ["{", "", r#"{"note":"\u0000"}"#, r#"{"note":"\ud800"}"#] {
        let answer = shop.post(&path).user(&staff).header("Idempotency-Key", "key");
        assert_eq!(answer.text(body).await.problem(400), "malformed_json", "{body}");
    }
    let huge = shop.post(&path).user(&staff).header("Idempotency-Key", "key");
    let huge = huge.text("x".repeat(2 * 1024 * 1024)).await;
    assert_eq!(huge.problem(413), "body_too_large");
    assert_eq!(shop.client.show(id).await.unwrap().unwrap().refunded, 0);
}

#[databases]
async fn lines_are_given_back_as_they_were_sold(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured(&User::customer()).await;
    shop.sold(&[("A", 3, 1_000), ("B", 1, 999)]);
    let two = json!({ "lines": [{ "sku": "A", "quantity": 2, "restock": true },
                                { "sku": "B", "quantity": 1 }], "reason": "returned" });
    let refund = shop.refund(id, "1", two).await.expect(201);
    assert_eq!(refund["amount"]["amount"], 666 + 999);
    let usd = |amount| json!({ "amount": amount, "currency": "USD" });
    let lines = json!([
        { "sku": "A", "quantity": 2, "amount": usd(666), "restock": true },
        { "sku": "B", "quantity": 1, "amount": usd(999), "restock": false },
    ]);
    assert_eq!((&refund["lines"], &refund["restock"]), (&lines, &json!(false)));
    // Each unit once.
    let again = |quantity| json!({ "lines": [{ "sku": "A", "quantity": quantity }] });
    let refused = shop.refund(id, "2", again(2)).await.expect(409);
    assert_eq!(
        (&refused["code"], &refused["sku"], &refused["refundable"]),
        (&json!("refund_exceeds_line"), &json!("A"), &json!(1))
    );
    let unknown = shop.refund(id, "2", json!({ "lines": [{ "sku": "C", "quantity": 1 }] }));
    assert_eq!(unknown.await.expect(422)["errors"][0]["field"], "lines[0].sku");
    let last = shop.refund(id, "3", again(1)).await.expect(201);
    assert_eq!(last["amount"]["amount"], 334, "{}", shop.kind);
    let payment = shop.client.show(id).await.unwrap().unwrap();
    assert_eq!((payment.status, payment.refunded), (Status::Refunded, 1_999));
}

#[databases]
async fn an_amount_beside_lines_is_given_back_instead(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured(&User::customer()).await;
    shop.sold(&[("A", 1, 1_000), ("B", 1, 999), ("FREE", 1, 0)]);
    let body = |lines: serde_json::Value, amount: i64| match amount {
        0 => json!({ "lines": lines }),
        _ => json!({ "lines": lines, "amount": { "amount": amount, "currency": "USD" } }),
    };
    let a = json!([{ "sku": "A", "quantity": 1 }]);
    let refund = shop.refund(id, "1", body(a.clone(), 1_500)).await.expect(201);
    assert_eq!(
        (&refund["amount"]["amount"], &refund["lines"][0]["amount"]["amount"]),
        (&json!(1_500), &json!(1_000))
    );
    assert_eq!(shop.refund(id, "2", body(a, 1)).await.problem(409), "refund_exceeds_line");
    let free = json!([{ "sku": "FREE", "quantity": 1 }]);
    assert_eq!(shop.refund(id, "3", body(free, 0)).await.problem(409), "nothing_to_refund");
    // Of what was captured 499 are left, whatever B was sold for.
    let b = json!([{ "sku": "B", "quantity": 1 }]);
    let refused = shop.refund(id, "4", body(b.clone(), 0)).await.expect(409);
    assert_eq!(
        (&refused["code"], &refused["refundable"]),
        (&json!("refund_exceeds_payment"), &json!(499))
    );
    shop.refund(id, "5", body(b, 499)).await.expect(201);
}

#[databases(flavor = "multi_thread", worker_threads = 4)]
async fn refunds_of_one_line_at_once_give_back_no_unit_twice(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured(&User::customer()).await;
    shop.sold(&[("A", 3, 1_000), ("B", 1, 999)]);
    let answers: Vec<_> = (0..8)
        .map(|at| {
            let path = format!("/api/v1/payments/{id}/refunds");
            let request = call(&shop.service.router, "POST", &path)
                .user(&User::with(&["payments:refund"]))
                .header("Idempotency-Key", &format!("key-{at}"))
                .json(json!({ "lines": [{ "sku": "A", "quantity": 2 }] }));
            tokio::spawn(request.send())
        })
        .collect();
    let mut given = 0;
    for answer in answers {
        let answer = answer.await.unwrap();
        match answer.status.as_u16() {
            201 => given += 1,
            _ => assert_eq!(answer.problem(409), "refund_exceeds_line"),
        }
    }
    assert_eq!(given, 1, "{}", shop.kind);
    assert_eq!(shop.client.show(id).await.unwrap().unwrap().refunded, 666);
}

#[databases]
async fn lines_need_orders_and_an_amount_does_not(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured(&User::customer()).await;
    let lines = json!({ "lines": [{ "sku": "A", "quantity": 1 }] });
    shop.orders.calls().fail(SHARES, u32::MAX);
    shop.refund(id, "1", lines.clone()).await.expect(503);
    let part = json!({ "amount": { "amount": 500, "currency": "USD" }, "restock": true });
    assert_eq!(shop.refund(id, "2", part).await.expect(201)["restock"], true);
    shop.orders.calls().fail(SHARES, 0);
    shop.sold(&[("A", 2, 1_000), ("B", 1, 999)]);
    let first = shop.refund(id, "1", lines.clone()).await.expect(201);
    // What was done is told again, orders or not.
    shop.orders.calls().fail(SHARES, u32::MAX);
    assert_eq!(shop.refund(id, "1", lines).await.expect(201), first);
    let listed = shop.get(&format!("/payments/{id}/refunds"));
    let listed = listed.user(&User::with(&["payments:read"])).await.expect(200);
    let of_line = |it: &serde_json::Value| it["lines"][0]["sku"] == "A";
    assert!(listed["items"].as_array().unwrap().iter().any(of_line), "{listed}");
}
