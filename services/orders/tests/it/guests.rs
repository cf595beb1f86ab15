//! Guests: their keys, and the token that opens an order.

use chassis::testing::{Answer, Database, databases};
use serde_json::json;

use crate::world::{checkout, world};

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
