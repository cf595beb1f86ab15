//! Paying for an order: attempts, what a customer has to do, and what is not paid at all.

use chassis::clock::Clock;
use chassis::db::Session;
use chassis::testing::{Database, User, call, databases, noon};
use chrono::TimeDelta;
use contracts::catalog::RESERVE;
use contracts::payments::{AUTHORIZE, PROVIDERS, SHOW, Status, VOID};
use serde_json::json;

use crate::world::{checkout, living_world, start, world};

#[databases]
async fn a_payment_that_cannot_be_asked_for_may_be_tried_otherwise(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    // It has been switched off a moment ago.
    world.fail(PROVIDERS, 1);
    world.others.payments.lock().switched_off = true;
    let refused = world.buy(&user, "k", "tok_visa").await;
    assert_eq!(refused.body["reason"], "validation_failed");
    assert_eq!(refused.body["attempts_left"], 3);
    let id = refused.body["order_id"].as_str().unwrap().to_owned();
    refused.expect(402);
    world.others.payments.lock().switched_off = false;
    let again = json!({ "payment": { "provider": "sandbox", "token": "tok_visa" } });
    let call = world.call("POST", &format!("/orders/{id}/payments")).user(&user).json(again);
    assert_eq!(call.await.expect(200)["payment_status"], "paid");
}

#[databases]
async fn after_four_declined_payments_the_order_is_given_up(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    let id = world.buy(&user, "k", "tok_declined").await.body["order_id"].clone();
    let id = id.as_str().unwrap().to_owned();
    let path = format!("/orders/{id}/payments");
    let again = json!({ "payment": { "provider": "sandbox", "token": "tok_declined" } });
    for left in [2, 1, 0] {
        let answer = world.call("POST", &path).user(&user).json(again.clone()).await;
        assert_eq!(answer.body["attempts_left"], left);
        answer.expect(402);
    }
    let answer = world.call("POST", &path).user(&user).json(again).await;
    assert_eq!(answer.problem(409), "payment_not_expected");
    assert_eq!(world.settle(&user, &id).await["status"], "cancelled");
    assert_eq!(world.stock(), 5);
}

#[databases]
async fn a_customers_action_is_waited_for(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let answer = world.buy(&user, "k", "tok_3ds").await;
    let location = answer.headers["location"].to_str().unwrap().to_owned();
    let order = answer.expect(202);
    assert_eq!(order["payment"]["status"], "requires_action");
    let confirm = format!("/api/v1/payments/{}/confirm", order["payment"]["id"].as_str().unwrap());
    assert_eq!(order["payment"]["next_action"]["href"], confirm);
    world.payment(2, |payment| payment.status = Status::Authorized).await;
    let mut world = world;
    let shown = world.settle(&user, order["id"].as_str().unwrap()).await;
    assert_eq!(shown["status"], "confirmed");
    assert!(location.ends_with(shown["id"].as_str().unwrap()));
}

#[databases]
async fn a_customers_action_is_asked_for_once(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_3ds").await.expect(202);
    let id = order["id"].as_str().unwrap().to_owned();
    // Payments tells of the action as well; the worker looks, and nothing has changed.
    world.payment(2, |_| {}).await;
    let asked = world.asked(SHOW);
    let others = world.others.clone();
    let looked = move |_: &str| others.calls.asked(SHOW) > asked;
    world.settle_when(&user, &id, looked).await;
    let shown = world.call("GET", &format!("/orders/{id}")).user(&user).await.expect(200);
    assert_eq!(shown["history"], order["history"], "{}", world.platform.kind);
}

#[databases]
async fn the_token_of_an_order_that_was_given_up_is_forgotten(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    world.fail(AUTHORIZE, 1_000);
    let order = world.buy(&user, "k", "tok_visa").await.expect(202);
    let cancel = format!("/orders/{}/cancel", order["id"].as_str().unwrap());
    world.call("POST", &cancel).user(&user).await;
    let kept = world.platform.db.query("SELECT count(*) FROM sagas WHERE token IS NOT NULL");
    assert_eq!(kept.one::<(i64,)>().await.unwrap(), (0,), "{}", world.platform.kind);
}

#[databases]
async fn another_payment_sent_many_times_at_once_is_one(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let declined = world.buy(&user, "k-1", "tok_declined").await;
    let path = format!("/orders/{}/payments", declined.body["order_id"].as_str().unwrap());
    let pay = (0..10).map(|_| {
        let call = world.call("POST", &path).user(&user).header("idempotency-key", "p-1");
        call.json(json!({ "payment": { "provider": "sandbox", "token": "tok_visa" } })).send()
    });
    for answer in futures::future::join_all(pay).await {
        assert_eq!(answer.expect(200)["status"], "confirmed", "{}", world.platform.kind);
    }
    assert_eq!(world.others.payments.lock().payments.len(), 2);
}

#[databases]
async fn what_costs_nothing_needs_no_payment(database: Database) {
    let world = world(database).await;
    world.set_price(0);
    let user = User::customer();
    for (key, payment) in [
        ("none", json!(null)),
        ("declined", json!({ "provider": "sandbox", "token": "tok_declined" })),
    ] {
        let mut request = checkout("tok_visa");
        request["payment"] = payment;
        request["items"][0]["quantity"] = json!(1);
        let call = world.call("POST", "/orders").user(&user).header("idempotency-key", key);
        let order = call.json(request).await.expect(201);
        assert_eq!(
            (&order["status"], &order["payment_status"], &order["payment"]),
            (&json!("confirmed"), &json!("paid"), &json!(null))
        );
    }
    assert_eq!((world.stock(), world.asked(AUTHORIZE)), (3, 0));
    // What costs something needs one.
    world.set_price(1_999);
    let mut request = checkout("tok_visa");
    request.as_object_mut().unwrap().remove("payment");
    let call = world.call("POST", "/orders").user(&user).header("idempotency-key", "k");
    let refused = call.json(request).await.expect(422);
    assert_eq!(refused["errors"][0]["field"], "payment");
    assert_eq!(world.stock(), 3);
}

#[databases]
async fn a_payment_nobody_takes_makes_no_order(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    for (payment, field) in [
        (json!({ "provider": "stripe", "token": "tok_visa" }), "payment.provider"),
        (json!({ "provider": "sandbox", "token": "tok visa" }), "payment.token"),
        (json!({ "provider": "sandbox", "token": "tok_visa\n" }), "payment.token"),
        (json!({ "provider": "sandbox", "token": "" }), "payment.token"),
    ] {
        let mut request = checkout("tok_visa");
        request["payment"] = payment.clone();
        let call = world.call("POST", "/orders").user(&user).header("idempotency-key", "k");
        let refused = call.json(request).await.expect(422);
        assert_eq!(refused["errors"][0]["field"], field, "{payment}");
    }
    assert_eq!((world.stock(), world.asked(RESERVE)), (5, 0));
    let all = world.call("GET", "/orders?count=true").user(&user).await.expect(200);
    assert_eq!(all["total"], 0);
    // The next number is the first.
    let order = world.buy(&user, "k", "tok_declined").await;
    assert_eq!(order.body["number"], "CW-100001");
    let path = format!("/orders/{}/payments", order.body["order_id"].as_str().unwrap());
    let again = json!({ "payment": { "provider": "stripe", "token": "tok_visa" } });
    let refused = world.call("POST", &path).user(&user).json(again).await.expect(422);
    assert_eq!(refused["errors"][0]["field"], "payment.provider");
    // It was no attempt.
    let again = json!({ "payment": { "provider": "sandbox", "token": "tok_declined" } });
    let declined = world.call("POST", &path).user(&user).json(again).await;
    assert_eq!(declined.body["attempts_left"], 2);
}

#[databases]
async fn a_payments_service_that_is_away_keeps_nobody_from_ordering(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    world.fail(PROVIDERS, 1_000);
    world.fail(AUTHORIZE, 1_000);
    let order = world.buy(&user, "k", "tok_visa").await.expect(202);
    world.fail(AUTHORIZE, 0);
    let id = order["id"].as_str().unwrap().to_owned();
    assert_eq!(world.settle(&user, &id).await["status"], "confirmed");
}

#[databases]
async fn the_key_of_an_attempt_is_that_attempts_for_ever(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let id = world.buy(&user, "k", "tok_declined").await.body["order_id"].clone();
    let path = format!("/orders/{}/payments", id.as_str().unwrap());
    let pay = |key: &str, token: &str| {
        let call = world.call("POST", &path).user(&user).header("idempotency-key", key);
        call.json(json!({ "payment": { "provider": "sandbox", "token": token } }))
    };
    let first = pay("p-1", "tok_declined").await.expect(402);
    assert_eq!(first["attempts_left"], 2);
    assert_eq!(pay("p-1", "tok_visa").await.problem(422), "idempotency_key_reused");
    assert_eq!(pay("p-2", "tok_declined").await.expect(402)["attempts_left"], 1);
    // An old key that comes late says what came of it then, and is no new attempt.
    for _ in 0..2 {
        let late = pay("p-1", "tok_declined").await;
        assert_eq!(late.headers["idempotent-replayed"], "true");
        assert_eq!(late.expect(402), first, "{}", world.platform.kind);
    }
    let late = pay("p-1", "tok_visa").await;
    assert_eq!(late.problem(422), "idempotency_key_reused");
    let paid = pay("p-3", "tok_visa").await.expect(200);
    assert_eq!(paid["payment_status"], "paid");
    for (key, token, status) in [("p-1", "tok_declined", 402), ("p-3", "tok_visa", 200)] {
        let again = pay(key, token).await;
        assert_eq!(again.headers["idempotent-replayed"], "true");
        again.expect(status);
    }
    assert_eq!(world.others.payments.lock().payments.len(), 4);
}

#[databases]
async fn a_bank_may_take_days_and_the_order_waits_for_it(database: Database) {
    for (answer, status, payment_status) in [
        (Status::Captured, "confirmed", "paid"),
        (Status::Authorized, "confirmed", "paid"),
        (Status::Declined, "pending", "failed"),
    ] {
        let mut world = world(database).await;
        let user = User::customer();
        world.others.payments.lock().hold_minutes = Some(3 * 1_440);
        let order = world.buy(&user, "k", "tok_processing").await.expect(202);
        assert_eq!(order["payment_status"], "processing", "{}", world.platform.kind);
        assert_eq!(order["payment"]["next_action"], json!(null));
        let until = noon() + TimeDelta::days(3);
        let held: Vec<_> = world.others.catalog.lock().awaiting.values().copied().collect();
        assert_eq!((held, world.stock()), (vec![until], 3));
        world
            .payment(2, |payment| {
                payment.status = answer;
                payment.captured = if answer == Status::Captured { payment.amount } else { 0 };
            })
            .await;
        let id = order["id"].as_str().unwrap();
        let router = world.service.router.clone();
        let path = format!("/api/v1/orders/{id}");
        let decided = async || {
            let shown = call(&router, "GET", &path).user(&user).await.expect(200);
            (shown["payment_status"] == payment_status).then_some(shown)
        };
        let shown = world.work_until(decided).await;
        assert_eq!(shown["status"], status, "{answer:?}");
    }
}

#[databases]
async fn an_order_whose_bank_takes_too_long_is_given_up_once_the_bank_has_decided(
    database: Database,
) {
    let mut world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_processing").await.expect(202);
    let id = order["id"].as_str().unwrap().to_owned();
    // Nobody said how long it takes: a day.
    world.platform.platform.clock = Clock::Fixed(noon() + TimeDelta::days(1));
    world.service = start(&world.platform, &world.others).await;
    world.until(|others| others.calls.asked(VOID) > 0).await;
    let staff = User::with(&["orders:read"]);
    let shown = world.call("GET", &format!("/orders/{id}")).user(&staff).await.expect(200);
    assert_eq!(shown["status"], "pending", "the money may still come");
    world.platform.platform.clock = Clock::Fixed(noon() + TimeDelta::days(2));
    world.service = start(&world.platform, &world.others).await;
    world.payment(3, |payment| payment.status = Status::Voided).await;
    let shown = world.settle(&staff, &id).await;
    assert_eq!(shown["reason"], "payment_expired");
    assert_eq!(world.stock(), 5);
}

#[databases]
async fn only_the_customer_sees_what_a_payment_asks_of_them(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_3ds").await.expect(202);
    assert_eq!(order["payment"]["next_action"]["type"], "confirm");
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    let shown = world.call("GET", &path).user(&user).await.expect(200);
    assert_eq!(shown["payment"]["next_action"], order["payment"]["next_action"]);
    let staff = User::with(&["orders:read"]);
    let shown = world.call("GET", &path).user(&staff).await.expect(200);
    assert_eq!(shown["payment"]["next_action"], json!(null));
    let list = world.call("GET", "/orders").user(&user).await.expect(200);
    assert_eq!(list["data"][0]["payment"]["next_action"], json!(null), "{list}");
    let events = "SELECT count(*) FROM outbox WHERE CAST(data AS TEXT) LIKE '%next_action%'";
    let events = world.platform.db.query(events).one::<(i64,)>().await.unwrap();
    assert_eq!(events, (0,), "{}", world.platform.kind);
}

#[databases]
async fn a_disputed_order_is_flagged(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    assert_eq!(order["disputed"], false);
    world.payment(9, |payment| payment.disputed = true).await;
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    let shown = world.call("GET", &path).user(&user).await.expect(200);
    assert_eq!((&shown["disputed"], &shown["payment_status"]), (&json!(true), &json!("paid")));
}
