//! A checkout: its key, what is short, and how an undecided one comes to its end.

use chassis::clock::Clock;
use chassis::db::Session;
use chassis::testing::{Database, User, call, databases, noon};
use chrono::TimeDelta;
use contracts::cart::Cart;
use contracts::catalog::{COMMIT, RELEASE, RESERVE, StockLine};
use contracts::payments::{AUTHORIZE, CAPTURE};
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
