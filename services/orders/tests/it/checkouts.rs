use chassis::clock::Clock;
use chassis::db::Session;
use chassis::testing::{Answer, Database, User, call, databases, noon};
use chrono::TimeDelta;
use contracts::cart::Cart;
use contracts::catalog::{COMMIT, RELEASE, RESERVE, StockLine};
use contracts::payments::{AUTHORIZE, CAPTURE, PROVIDERS, SHOW, Status};
use serde_json::json;
use uuid::Uuid;

use crate::world::{SHIRT, checkout, living_world, start, world};

#[databases]
async fn a_checkout_confirms_and_pays(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k-1", "tok_visa").await.expect(201);
    assert_eq!(order["number"], "CW-100001");
    assert_eq!(order["status"], "confirmed");
    assert_eq!(order["payment_status"], "paid");
    assert_eq!(order["fulfillment_status"], "unfulfilled");
    assert_eq!(order["subtotal"], json!({ "amount": 3998, "currency": "USD" }));
    assert_eq!(order["total"], json!({ "amount": 4498, "currency": "USD" }));
    assert_eq!(order["items"][0]["sku"], "LAMP-1");
    assert_eq!(order["email"], user.claims.email);
    assert_eq!(order["access_token"], json!(null));
    let history: Vec<_> =
        order["history"].as_array().unwrap().iter().map(|it| it["to"].clone()).collect();
    assert_eq!(history.first(), Some(&json!("pending")));
    assert_eq!(history.last(), Some(&json!("confirmed")));
    assert_eq!(world.stock(), 3);
}

#[databases]
async fn the_same_key_is_the_same_order(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let first = world.buy(&user, "k-1", "tok_visa").await.expect(201);
    let again = world.buy(&user, "k-1", "tok_visa").await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.expect(201), first);
    let other = world.buy(&user, "k-1", "tok_declined").await;
    assert_eq!(other.problem(422), "idempotency_key_reused");
    let stranger = world.buy(&User::customer(), "k-1", "tok_visa").await.expect(201);
    assert_ne!(stranger["id"], first["id"]);
    assert_eq!(world.asked(AUTHORIZE), 2);
}

#[databases]
async fn parallel_repetitions_are_one_order_with_equal_answers(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let calls = (0..20).map(|_| world.buy(&user, "k-1", "tok_visa"));
    let answers = futures::future::join_all(calls).await;
    let bodies: Vec<_> = answers.into_iter().map(|it| it.expect(201)).collect();
    assert!(bodies.iter().all(|it| *it == bodies[0]), "{}", world.platform.kind);
    assert_eq!(world.stock(), 3);
}

#[databases]
async fn the_cart_is_bought_once_per_version(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let lines = vec![StockLine::new("LAMP-1", 1)];
    let cart = Cart { id: Uuid::now_v7(), version: 7, lines, ..Cart::default() };
    world.others.cart.lock().carts.insert(user.id().to_string(), cart);
    let mut request = checkout("tok_visa");
    request.as_object_mut().unwrap().remove("items");
    let buy = |key: &str| {
        let call = world.call("POST", "/orders").user(&user).header("idempotency-key", key);
        call.json(request.clone())
    };
    let order = buy("k-1").await.expect(201);
    let second = buy("k-2").await;
    assert_eq!(second.body["order_id"], order["id"]);
    assert_eq!(second.problem(409), "cart_already_paid");
    world.others.cart.lock().carts.clear();
    assert_eq!(buy("k-1").await.expect(201), order);
    assert_eq!(buy("k-3").await.problem(422), "cart_empty");
}

#[databases]
async fn what_is_short_is_named_and_makes_no_order(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let mut request = checkout("tok_visa");
    request["items"][0]["quantity"] = json!(6);
    let buy = || {
        let call = world.call("POST", "/orders").user(&user).header("idempotency-key", "k");
        call.json(request.clone())
    };
    let refused = buy().await;
    assert_eq!(refused.body["skus"], json!([{ "sku": "LAMP-1", "requested": 6, "available": 5 }]));
    assert_eq!(refused.problem(409), "out_of_stock");
    assert_eq!(buy().await.problem(409), "out_of_stock");
    // No order, no number, nothing to write a mail about.
    let list = world.call("GET", "/orders?count=true").user(&user).await.expect(200);
    assert_eq!(list["total"], 0, "{}", world.platform.kind);
    let left = "SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM sagas)
                     + (SELECT count(*) FROM outbox)";
    let left = world.platform.db.query(left).one::<(i64,)>().await.unwrap();
    assert_eq!(left, (0,), "{}", world.platform.kind);
    assert_eq!((world.stock(), world.asked(AUTHORIZE)), (5, 0));
    // The goods come back: the same request is the first order.
    world.set_stock(6);
    assert_eq!(buy().await.expect(201)["number"], "CW-100001");
}

#[databases]
async fn many_equal_requests_for_what_is_sold_out_are_no_order(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    world.set_stock(1);
    let buys = (0..10).map(|_| world.buy(&user, "k", "tok_visa"));
    for answer in futures::future::join_all(buys).await {
        let code = answer.problem(409);
        assert!(["out_of_stock", "order_changed"].contains(&code.as_str()), "{code}");
    }
    let left = world.platform.db.query("SELECT count(*) FROM orders");
    assert_eq!(left.one::<(i64,)>().await.unwrap(), (0,), "{}", world.platform.kind);
}

#[databases]
async fn what_was_answered_for_is_an_order_though_it_turns_out_to_be_sold_out(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    world.fail(RESERVE, 1_000);
    let order = world.buy(&user, "k", "tok_visa").await.expect(202);
    assert_eq!(order["number"], "CW-100001", "{}", world.platform.kind);
    world.set_stock(0);
    world.fail(RESERVE, 0);
    let shown = world.settle(&user, order["id"].as_str().unwrap()).await;
    assert_eq!((&shown["status"], &shown["reason"]), (&json!("cancelled"), &json!("out_of_stock")));
}

#[databases]
async fn a_request_that_nobody_waits_for_any_more_is_brought_to_its_end_without_a_trace(
    database: Database,
) {
    let mut world = living_world(database).await;
    let user = User::customer();
    // The process ends while catalog is asked: what it has stored is all there is.
    world.fail(RESERVE, 1_000);
    world.buy(&user, "k", "tok_visa").await.expect(202);
    for back in ["DELETE FROM order_history", "UPDATE orders SET version = 0, number = 'none'"] {
        world.platform.db.query(back).execute().await.unwrap();
    }
    world.set_stock(0);
    world.fail(RESERVE, 0);
    world.service = start(&world.platform, &world.others).await;
    world.settle_to_nothing().await;
    assert!(world.asked(RELEASE) > 0);
}

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
async fn guests_without_a_cart_have_keys_of_their_own(database: Database) {
    let world = world(database).await;
    let buy = |email: &str| {
        let mut request = checkout("tok_visa");
        request["email"] = json!(email);
        let call = world.call("POST", "/orders").header("idempotency-key", "k");
        call.header("x-cart-token", "").json(request)
    };
    let first = buy("ada@example.com").await.expect(201);
    assert_ne!(buy("bob@example.com").await.expect(201)["id"], first["id"]);
}

#[databases]
async fn guests_who_send_the_same_key_and_address_do_not_meet(database: Database) {
    let world = world(database).await;
    let buy = |quantity: i64, secret: &str| {
        let mut request = checkout("tok_visa");
        request["email"] = json!("office@example.com");
        request["items"][0]["quantity"] = json!(quantity);
        let call = world.call("POST", "/orders").header("idempotency-key", "1");
        call.header("x-cart-token", secret).json(request)
    };
    let token =
        |reply: &Answer| Some(reply.headers.get("x-cart-token")?.to_str().unwrap().to_owned());
    let (one, other) = (buy(1, "").await, buy(2, "").await);
    let (mine, theirs) = (token(&one).unwrap(), token(&other).unwrap());
    let (one, other) = (one.expect(201), other.expect(201));
    assert_ne!(one["id"], other["id"], "{}", world.platform.kind);
    assert_ne!(mine, theirs);
    // Repeated without what only the first answer told: the order, and nothing to open it with.
    let again = buy(1, "").await;
    assert_eq!(token(&again), None);
    assert!(again.headers.contains_key("idempotent-replayed"));
    let again = again.expect(201);
    assert_eq!((&again["id"], &again["access_token"]), (&one["id"], &json!(null)));
    // With it, the same order opens, and the key is this guest's: for something else it is used.
    let shown = buy(1, &mine).await.expect(201);
    assert_eq!((&shown["id"], &shown["access_token"]), (&one["id"], &one["access_token"]));
    assert_eq!(buy(2, &mine).await.problem(422), "idempotency_key_reused");
    assert_eq!(buy(1, &theirs).await.problem(422), "idempotency_key_reused");
}

#[databases]
async fn an_undecided_order_goes_on_in_the_background_and_after_a_restart(database: Database) {
    for path in [RESERVE.path(), AUTHORIZE.path(), COMMIT.path(), CAPTURE.path()] {
        let mut world = living_world(database).await;
        let user = User::customer();
        world.fail(path, 1_000);
        let order = world.buy(&user, "k", "tok_visa").await.expect(202);
        let id = order["id"].as_str().unwrap().to_owned();
        world.service = start(&world.platform, &world.others).await;
        world.fail(path, 0);
        assert_eq!(world.settle(&user, &id).await["status"], "confirmed", "{path}");
        assert_eq!(world.stock(), 3);
    }
}

#[databases]
async fn money_is_not_held_for_ever_for_stock_that_does_not_answer(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    world.fail(COMMIT, 1_000);
    let order = world.buy(&user, "k", "tok_visa").await.expect(202);
    let id = order["id"].as_str().unwrap().to_owned();
    world.platform.platform.clock = Clock::Fixed(noon() + TimeDelta::minutes(11));
    world.service = start(&world.platform, &world.others).await;
    let shown = world.settle(&user, &id).await;
    assert_eq!(
        (&shown["status"], &shown["payment_status"], &shown["reason"]),
        (&json!("cancelled"), &json!("voided"), &json!("not_decided_in_time"))
    );
    assert_eq!(world.stock(), 5, "{}", world.platform.kind);
}

#[databases]
async fn a_guest_reads_the_order_with_its_token(database: Database) {
    let world = world(database).await;
    let mut request = checkout("tok_visa");
    let buy = |request: &serde_json::Value| {
        world.call("POST", "/orders").header("idempotency-key", "k").json(request.clone())
    };
    assert_eq!(buy(&request).await.body["errors"][0]["field"], "email");
    request["email"] = json!("Guest@Example.com");
    let order = buy(&request).await.expect(201);
    assert_eq!(order["email"], "guest@example.com");
    let token = order["access_token"].as_str().unwrap();
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    let shown = world.call("GET", &path).header("x-order-token", token).await.expect(200);
    assert_eq!(shown["number"], order["number"]);
    for wrong in ["", "x", &token[1..]] {
        let answer = world.call("GET", &path).header("x-order-token", wrong).await;
        assert_eq!(answer.problem(404), "order_not_found");
    }
    // Whoever sends the same once more could be anybody.
    assert_eq!(buy(&request).await.expect(201)["access_token"], json!(null));
}

#[databases]
async fn a_guest_with_a_secret_is_told_the_token_again(database: Database) {
    let world = world(database).await;
    let mut request = checkout("tok_visa");
    request["email"] = json!("guest@example.com");
    let (mine, other) = ("A".repeat(43), "B".repeat(42) + "A");
    let buy = |secret: &str| {
        let call = world.call("POST", "/orders").header("idempotency-key", "1");
        call.header("x-cart-token", secret).json(request.clone())
    };
    let order = buy(&mine).await.expect(201);
    assert_eq!(buy(&mine).await.expect(201)["access_token"], order["access_token"]);
    // Somebody else with the same key, address and order is somebody else.
    assert_ne!(buy(&other).await.expect(201)["id"], order["id"]);
    // What could be guessed is no secret: it is as if it were not there.
    request["items"][0]["quantity"] = json!(1);
    let buy = |secret: &str| {
        let call = world.call("POST", "/orders").header("idempotency-key", "1");
        call.header("x-cart-token", secret).json(request.clone())
    };
    let guessable = buy("x").await.expect(201);
    let replayed = buy("y").await.expect(201);
    assert_eq!(replayed["id"], guessable["id"]);
    assert_eq!(replayed["access_token"], json!(null));
}

#[databases]
async fn a_stranger_is_not_told_the_token_of_a_refused_order_either(database: Database) {
    let world = world(database).await;
    let mut request = checkout("tok_declined");
    request["email"] = json!("guest@example.com");
    let buy = || {
        let call = world.call("POST", "/orders").header("idempotency-key", "1");
        call.json(request.clone())
    };
    let first = buy().await;
    assert!(first.body["access_token"].is_string());
    first.expect(402);
    assert_eq!(buy().await.expect(402)["access_token"], json!(null));
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
async fn nobody_sees_anothers_order(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    for id in [order["id"].as_str().unwrap(), order["number"].as_str().unwrap()] {
        let path = format!("/orders/{id}");
        world.call("GET", &path).user(&user).await.expect(200);
        let stranger = User::customer();
        assert_eq!(world.call("GET", &path).user(&stranger).await.problem(404), "order_not_found");
        assert_eq!(world.call("GET", &path).await.problem(404), "order_not_found");
        let cancel = format!("{path}/cancel");
        assert_eq!(
            world.call("POST", &cancel).user(&stranger).await.problem(404),
            "order_not_found"
        );
        world.call("GET", &path).user(&User::with(&["orders:read"])).await.expect(200);
    }
    let others = world.call("GET", "/orders").user(&User::customer()).await.expect(200);
    assert_eq!(others["items"], json!([]));
    let all = world.call("GET", "/orders?all=true").user(&User::customer()).await;
    assert_eq!(all.problem(403), "forbidden");
    assert_eq!(world.call("GET", "/orders").await.problem(401), "unauthenticated");
}

#[databases]
async fn orders_are_listed_in_pages_newest_first(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    world.set_stock(100);
    for key in ["a", "b", "c"] {
        world.buy(&user, key, "tok_visa").await.expect(201);
    }
    let list = |query: &str| world.call("GET", &format!("/orders?{query}")).user(&user);
    let first = list("limit=2&count=true").await.expect(200);
    assert_eq!(first["total"], 3);
    assert_eq!(first["items"][0]["number"], "CW-100003");
    let next = format!("limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = list(&next).await.expect(200);
    assert_eq!(second["items"][0]["number"], "CW-100001");
    assert_eq!(second["next_cursor"], json!(null));
    for jump in ["limit=2&page=2", "limit=5&offset=2"] {
        assert_eq!(list(jump).await.expect(200)["items"], second["items"], "{jump}");
    }
    assert_eq!(list("page=1&offset=0").await.problem(422), "validation_failed");
    let staff = User::with(&["orders:read"]);
    let of_email =
        |email: &str| world.call("GET", &format!("/orders?count=true&email={email}")).user(&staff);
    let shouted = user.claims.email.to_ascii_uppercase();
    assert_eq!(of_email(&shouted).await.expect(200)["total"], 3);
    assert_eq!(list("status=shipped").await.expect(200)["items"], json!([]));
    let noon = "2026-01-02T12:00:00Z";
    for (query, found) in [
        ("payment_status=paid".to_owned(), 3),
        ("payment_status=failed".to_owned(), 0),
        ("search=cw-10000".to_owned(), 3),
        ("search=%20CW-100002%20".to_owned(), 1),
        (format!("search={}", &user.claims.email[4..20]), 3),
        ("search=lovelace".to_owned(), 3),
        ("search=%25".to_owned(), 0),
        ("search=100_02".to_owned(), 0),
        (format!("from={noon}"), 3),
        (format!("to={noon}"), 0),
        ("from=2026-01-01T00:00:00Z&to=2026-01-03T00:00:00Z".to_owned(), 3),
        ("from=2026-01-03T00:00:00Z".to_owned(), 0),
    ] {
        let page = list(&format!("count=true&{query}")).await.expect(200);
        assert_eq!(page["total"], found, "{query}");
        assert_eq!(page["items"].as_array().unwrap().len(), found, "{query}");
    }
    assert_eq!(list("from=yesterday").await.problem(422), "validation_failed");
    assert_eq!(list("limit=1000000000").await.problem(422), "validation_failed");
    assert_eq!(list("cursor=x").await.problem(422), "validation_failed");
}

#[databases]
async fn bad_input_is_named_and_changes_nothing(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let post = |body: String| {
        world.call("POST", "/orders").user(&user).header("idempotency-key", "k").text(body)
    };
    let missing = call(&world.service.router, "POST", "/api/v1/orders").user(&user);
    let missing = missing.json(checkout("tok_visa")).await;
    assert_eq!(missing.problem(400), "idempotency_key_missing");
    assert_eq!(post("{".to_owned()).await.problem(400), "malformed_json");
    let mut request = checkout("4242 4242 4242 4242");
    request["items"] = json!([
        { "sku": "LAMP-1", "quantity": 0 },
        { "sku": "x".repeat(300), "quantity": 1_000_000_000 },
    ]);
    request["shipping_address"]["country"] = json!("Atlantis");
    request["colour"] = json!("red");
    let unknown = post(request.to_string()).await;
    assert_eq!(unknown.body["errors"][0]["field"], "colour");
    request.as_object_mut().unwrap().remove("colour");
    let wrong = post(request.to_string()).await;
    let mut fields: Vec<_> = wrong.body["errors"].as_array().unwrap().iter().collect();
    fields.sort_by_key(|it| it["field"].to_string());
    let fields: Vec<_> = fields.iter().map(|it| it["field"].as_str().unwrap()).collect();
    assert_eq!(
        fields,
        [
            "items[0].quantity",
            "items[1].quantity",
            "items[1].sku",
            "payment.token",
            "shipping_address.country"
        ]
    );
    for (change, code) in [
        (json!([{ "quantity": 1 }]), "validation_failed"),
        (json!([{ "sku": "NOPE", "quantity": 1 }]), "item_unknown"),
        (json!([{ "product_id": SHIRT, "quantity": 1 }]), "variant_required"),
    ] {
        let mut request = checkout("tok_visa");
        request["items"] = change;
        assert_eq!(post(request.to_string()).await.problem(422), code);
    }
    let mut request = checkout("tok_visa");
    request["expected_total"] = json!({ "amount": 1, "currency": "USD" });
    assert_eq!(post(request.to_string()).await.problem(409), "total_changed");
    let mut request = checkout("tok_visa");
    request.as_object_mut().unwrap().remove("shipping_address");
    assert_eq!(post(request.to_string()).await.problem(422), "validation_failed");
    let list = world.call("GET", "/orders").user(&user).await.expect(200);
    assert_eq!(list["items"], json!([]));
}
