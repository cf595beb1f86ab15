//! What is in a cart is bought once, whatever is done to the cart meanwhile.

use chassis::testing::{Answer, Database, User, databases};
use contracts::cart::{Cart, REMOVE_PURCHASED};
use contracts::catalog::StockLine;
use contracts::payments::{AUTHORIZE, CAPTURE, Status, VOID};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, checkout, living_world, start, world};

/// A secret of the form a cart token has.
fn secret(letter: &str) -> String {
    letter.repeat(42) + "A"
}

impl World {
    /// The cart of this owner from now on.
    fn fill(&self, owner: &str, cart: Cart) {
        self.others.cart.lock().carts.insert(owner.to_owned(), cart);
    }

    /// Something is put into the cart.
    fn add(&self, owner: &str, quantity: i64) {
        let mut carts = self.others.cart.lock();
        let cart = carts.carts.get_mut(owner).expect("a cart");
        cart.version += 1;
        match cart.lines.first_mut() {
            Some(line) => line.quantity += quantity,
            None => cart.lines = lamps(quantity),
        }
    }

    async fn buy_cart(&self, user: &User, key: &str, request: Value) -> Answer {
        let call = self.call("POST", "/orders/checkout").user(user).header("idempotency-key", key);
        call.json(request).await
    }

    async fn order(&self, user: &User, id: &Value) -> Value {
        let path = format!("/orders/{}", id.as_str().expect("an id"));
        self.call("GET", &path).user(user).await.expect(200)
    }
}

fn lamps(quantity: i64) -> Vec<StockLine> {
    vec![StockLine::new("LAMP-1", quantity)]
}

fn cart(quantity: i64) -> Cart {
    Cart { id: Uuid::now_v7(), version: 7, lines: lamps(quantity), ..Cart::default() }
}

/// A checkout of the cart.
fn of_cart(token: &str) -> Value {
    let mut request = checkout(token);
    request.as_object_mut().expect("an object").remove("items");
    request
}

fn superseding(token: &str) -> Value {
    let mut request = of_cart(token);
    request["supersede"] = json!(true);
    request
}

#[databases]
async fn a_cart_has_one_undecided_order_whatever_is_done_to_it(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let owner = user.id().to_string();
    world.fill(&owner, cart(1));
    let first = world.buy_cart(&user, "k-1", of_cart("tok_3ds")).await.expect(202);
    for key in ["k-2", "k-3"] {
        world.add(&owner, 1);
        let second = world.buy_cart(&user, key, of_cart("tok_visa")).await;
        assert_eq!(second.body["order_id"], first["id"], "{}", world.platform.kind);
        assert_eq!(second.body["number"], first["number"]);
        assert_eq!(second.body["payment_status"], "requires_action");
        assert!(second.body["detail"].as_str().unwrap().contains("supersede"));
        assert_eq!(second.problem(409), "cart_already_ordered");
    }
    // It costs what it costs all the same.
    world.call("POST", "/orders/quote").user(&user).await.expect(200);
    assert_eq!(world.asked(AUTHORIZE), 1);
}

#[databases]
async fn who_starts_over_pays_once(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let owner = user.id().to_string();
    world.fill(&owner, cart(1));
    let first = world.buy_cart(&user, "k-1", of_cart("tok_3ds")).await.expect(202);
    world.add(&owner, 1);
    let second = world.buy_cart(&user, "k-2", superseding("tok_visa")).await.expect(201);
    assert_eq!(second["items"][0]["quantity"], 2);
    let first = world.order(&user, &first["id"]).await;
    assert_eq!(
        (&first["status"], &first["payment_status"], &first["reason"]),
        (&json!("cancelled"), &json!("voided"), &json!("superseded"))
    );
    let captured = world.others.payments.lock();
    let captured: i64 = captured.payments.values().map(|it| it.captured).sum();
    assert_eq!(json!(captured), second["total"]["amount"]);
    // The void was known before the new payment was asked for.
    let asked = world.others.calls.all();
    let place = |path: &str| asked.iter().rposition(|it| *it == path);
    assert!(place(VOID.path()) < place(AUTHORIZE.path()), "{asked:?}");
}

#[databases]
async fn nothing_new_is_charged_while_it_is_not_known_what_became_of_the_old(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    world.fill(&user.id().to_string(), cart(1));
    let first = world.buy_cart(&user, "k-1", of_cart("tok_3ds")).await.expect(202);
    world.fail(VOID, 1_000);
    for _ in 0..2 {
        let second = world.buy_cart(&user, "k-2", superseding("tok_visa")).await;
        assert_eq!(second.headers["retry-after"], "2");
        assert_eq!(second.body["order_id"], first["id"]);
        assert_eq!(second.problem(409), "order_undecided", "{}", world.platform.kind);
    }
    assert_eq!(world.asked(AUTHORIZE), 1);
    world.fail(VOID, 0);
    world.settle_at(&user, first["id"].as_str().unwrap(), "cancelled").await;
    world.buy_cart(&user, "k-2", superseding("tok_visa")).await.expect(201);
}

#[databases]
async fn an_order_that_turns_out_to_be_paid_is_not_bought_again(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    let owner = user.id().to_string();
    world.fill(&owner, cart(1));
    world.fail(CAPTURE, 1_000);
    let first = world.buy_cart(&user, "k-1", of_cart("tok_visa")).await.expect(202);
    let second = world.buy_cart(&user, "k-2", superseding("tok_visa")).await;
    assert_eq!(second.problem(409), "order_undecided", "{}", world.platform.kind);
    world.fail(CAPTURE, 0);
    world.settle_at(&user, first["id"].as_str().unwrap(), "confirmed").await;
    let second = world.buy_cart(&user, "k-2", superseding("tok_visa")).await;
    assert_eq!(second.body["order_id"], first["id"]);
    assert_eq!(second.body["payment_status"], "paid");
    assert_eq!(second.problem(409), "cart_already_paid");
    assert_eq!(world.asked(AUTHORIZE), 1);
}

#[databases]
async fn a_declined_order_gives_way_to_the_next_checkout(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let owner = user.id().to_string();
    world.fill(&owner, cart(3));
    let first = world.buy_cart(&user, "k-1", of_cart("tok_declined")).await;
    let id = first.body["order_id"].clone();
    first.expect(402);
    // Of five there are enough for one order of four only.
    world.add(&owner, 1);
    let second = world.buy_cart(&user, "k-2", of_cart("tok_visa")).await.expect(201);
    assert_eq!(second["items"][0]["quantity"], 4);
    let first = world.order(&user, &id).await;
    assert_eq!((&first["status"], &first["reason"]), (&json!("cancelled"), &json!("superseded")));
    let again = json!({ "payment": { "provider": "sandbox", "token": "tok_visa" } });
    let path = format!("/orders/{}/payments", id.as_str().unwrap());
    let late = world.call("POST", &path).user(&user).json(again).await;
    assert_eq!(late.problem(409), "payment_not_expected");
    assert_eq!(world.stock(), 1, "{}", world.platform.kind);
}

#[databases]
async fn what_was_paid_is_out_of_the_cart_though_no_event_ever_comes(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let owner = user.id().to_string();
    world.fill(&owner, cart(2));
    let first = world.buy_cart(&user, "k-1", of_cart("tok_visa")).await.expect(201);
    let second = world.buy_cart(&user, "k-2", of_cart("tok_visa")).await;
    assert_eq!(second.body["order_id"], first["id"]);
    assert_eq!(second.problem(409), "cart_already_paid", "{}", world.platform.kind);
    let quote = world.call("POST", "/orders/quote").user(&user).await;
    assert_eq!(quote.problem(422), "cart_empty");
    world.add(&owner, 1);
    let third = world.buy_cart(&user, "k-3", of_cart("tok_visa")).await.expect(201);
    assert_eq!(third["items"][0]["quantity"], 1);
    // Asked for once per order: the cart says what has left it.
    assert_eq!(world.asked(REMOVE_PURCHASED), 1);
    assert_eq!(world.stock(), 2);
}

#[databases]
async fn a_cart_that_cannot_be_asked_sells_nothing_twice(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let owner = user.id().to_string();
    world.fill(&owner, cart(1));
    world.buy_cart(&user, "k-1", of_cart("tok_visa")).await.expect(201);
    world.add(&owner, 1);
    world.fail(REMOVE_PURCHASED, 1);
    let second = world.buy_cart(&user, "k-2", of_cart("tok_visa")).await;
    assert_eq!(second.problem(503), "unavailable");
    let second = world.buy_cart(&user, "k-2", of_cart("tok_visa")).await.expect(201);
    assert_eq!(second["items"][0]["quantity"], 1, "{}", world.platform.kind);
}

#[databases]
async fn an_order_of_a_guests_cart_counts_where_that_cart_went(database: Database) {
    let world = world(database).await;
    let (user, guest) = (User::customer(), secret("g"));
    let theirs = cart(1);
    world.fill(&guest, theirs.clone());
    let mut request = of_cart("tok_3ds");
    request["email"] = json!("ada@example.com");
    let call = world.call("POST", "/orders").header("idempotency-key", "k");
    let first = call.header("x-cart-token", &guest).json(request).await.expect(202);
    // The guest logs in, and the cart goes into the user's.
    world.others.cart.lock().carts.clear();
    let merged = Cart { merged: vec![theirs.id], ..cart(1) };
    world.fill(&user.id().to_string(), merged);
    let second = world.buy_cart(&user, "k-1", of_cart("tok_visa")).await;
    assert_eq!(second.body["order_id"], first["id"], "{}", world.platform.kind);
    assert_eq!(second.problem(409), "cart_already_ordered");
    world.payment(2, |payment| payment.status = Status::Authorized).await;
    let mut world = world;
    let token = first["access_token"].as_str().unwrap();
    world.settle_guest(token, first["id"].as_str().unwrap(), "confirmed").await;
    let second = world.buy_cart(&user, "k-1", of_cart("tok_visa")).await;
    assert_eq!(second.problem(409), "cart_already_paid", "{}", world.platform.kind);
    world.add(&user.id().to_string(), 2);
    let third = world.buy_cart(&user, "k-2", of_cart("tok_visa")).await.expect(201);
    assert_eq!(third["items"][0]["quantity"], 2);
}

#[databases]
async fn many_checkouts_of_one_cart_at_once_are_one_order(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    world.fill(&user.id().to_string(), cart(1));
    let keys: Vec<String> = (0..12).map(|n| format!("k-{n}")).collect();
    let buys = keys.iter().map(|key| world.buy_cart(&user, key, of_cart("tok_visa")));
    let mut bought = 0;
    for answer in futures::future::join_all(buys).await {
        match answer.status.as_u16() {
            201 => bought += 1,
            _ => {
                let code = answer.problem(409);
                let known = ["cart_already_ordered", "cart_already_paid"];
                assert!(known.contains(&code.as_str()), "{code}");
            }
        }
    }
    assert_eq!((bought, world.stock()), (1, 4), "{}", world.platform.kind);
}

#[databases]
async fn a_checkout_that_starts_over_does_not_cancel_itself(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    world.fill(&user.id().to_string(), cart(1));
    world.buy_cart(&user, "k-1", of_cart("tok_3ds")).await.expect(202);
    let buys = (0..8).map(|_| world.buy_cart(&user, "k-2", superseding("tok_visa")));
    let answers = futures::future::join_all(buys).await;
    let bodies: Vec<Value> = answers.into_iter().map(|it| it.expect(201)).collect();
    assert!(bodies.iter().all(|it| it["id"] == bodies[0]["id"]), "{}", world.platform.kind);
    assert_eq!(world.stock(), 4);
}

#[databases]
async fn a_restart_forgets_no_undecided_order(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    let owner = user.id().to_string();
    world.fill(&owner, cart(1));
    world.buy_cart(&user, "k-1", of_cart("tok_3ds")).await.expect(202);
    world.service = start(&world.platform, &world.others).await;
    world.add(&owner, 1);
    let second = world.buy_cart(&user, "k-2", of_cart("tok_visa")).await;
    assert_eq!(second.problem(409), "cart_already_ordered");
}
