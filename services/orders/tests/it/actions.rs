//! What is published where a customer has something to do for a payment.

use axum::Router;
use chassis::testing::{Database, User, call, databases, noon};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::catalog::END_HOLD;
use contracts::payments::{SHOW, Status};
use serde_json::{Value, json};

use crate::world::{World, living_world, world};

const KIND: &str = "order.payment_action_required";

fn until(told: &Value) -> DateTime<Utc> {
    told["until"].as_str().expect("a time").parse().expect("a time")
}

/// How many were published about an order, sent or not.
async fn count(router: &Router, order: &str) -> usize {
    let staff = User::with(&["orders:read"]);
    let path = format!("/api/v1/orders/{order}/events");
    let events = call(router, "GET", &path).user(&staff).await.expect(200);
    let items = events["items"].as_array().expect("a list");
    items.iter().filter(|it| it["type"] == KIND).count()
}

/// Runs the workers until so many were published.
async fn until_told(world: &mut World, order: &str, times: usize) {
    world.restart().await;
    let router = world.service.router.clone();
    let told = async || (count(&router, order).await == times).then_some(());
    world.work_until(told).await;
}

async fn pay(world: &World, user: &User, order: &str, token: &str) -> Value {
    let body = json!({ "payment": { "provider": "sandbox", "token": token } });
    world.call("POST", &format!("/orders/{order}/payments")).user(user).json(body).await.body
}

#[databases]
async fn a_customer_is_told_what_a_payment_asks_and_until_when(database: Database) {
    let world = world(database).await;
    let order = world.buy(&User::customer(), "k", "tok_3ds").await.expect(202);
    let guest = world.buy_as_guest("guest@example.com", "g", "tok_3ds").await;
    let told = world.published(KIND).await;
    let [of_user, of_guest] = &told[..] else { panic!("{told:?}") };
    let by = |it: &(i64, Value)| (it.0, it.1["order_id"].clone(), until(&it.1));
    let minutes = |it| noon() + TimeDelta::minutes(it);
    assert_eq!(by(of_user), (2, order["id"].clone(), minutes(10)), "{}", world.platform.kind);
    assert_eq!(by(of_guest), (2, json!(guest.id), minutes(3)));
    assert_eq!(of_guest.1["email"], "guest@example.com");
}

#[databases]
async fn looking_at_a_payment_again_tells_nothing_new(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_3ds").await.expect(202);
    let id = order["id"].as_str().unwrap();
    world.payment(2, |_| {}).await;
    let asked = world.asked(SHOW);
    world.until(|others| others.calls.asked(SHOW) > asked).await;
    assert_eq!(count(&world.service.router, id).await, 1, "{}", world.platform.kind);
    // Denied, the order waits for another payment: that is to be done.
    world.payment(3, |payment| payment.status = Status::Declined).await;
    until_told(&mut world, id, 2).await;
}

#[databases]
async fn a_customer_is_told_of_each_declined_payment_that_may_be_made_again(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let id = world.buy(&user, "k", "tok_declined").await.body["order_id"].clone();
    let id = id.as_str().unwrap();
    for (token, told) in [("tok_declined", 2), ("tok_declined", 3), ("tok_declined", 3)] {
        let before = world.published(KIND).await;
        let last = &before.last().unwrap().1;
        assert_eq!((&last["order_id"], until(last)), (&json!(id), noon() + TimeDelta::minutes(15)));
        pay(&world, &user, id, token).await;
        assert_eq!(world.published(KIND).await.len(), told, "{}", world.platform.kind);
    }
    let versions: Vec<_> = world.published(KIND).await.into_iter().map(|it| it.0).collect();
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

#[databases]
async fn nobody_is_told_of_a_payment_that_goes_through_or_finds_the_goods_gone(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    world.buy(&user, "k-1", "tok_visa").await.expect(201);
    assert!(world.published(KIND).await.is_empty(), "{}", world.platform.kind);
    let id = world.buy(&user, "k-2", "tok_declined").await.body["order_id"].clone();
    world.set_stock(0);
    let gone = pay(&world, &user, id.as_str().unwrap(), "tok_visa").await;
    assert_eq!(gone["code"], "out_of_stock");
    assert_eq!(world.published(KIND).await.len(), 1);
}

#[databases]
async fn who_pays_again_is_told_once_paying_is_possible(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    world.fail(END_HOLD, 1_000);
    let answer = world.buy(&user, "k", "tok_declined").await;
    let id = answer.body["order_id"].as_str().unwrap().to_owned();
    assert_eq!(count(&world.service.router, &id).await, 0, "{}", world.platform.kind);
    world.fail(END_HOLD, 0);
    until_told(&mut world, &id, 1).await;
}
