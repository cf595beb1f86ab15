//! Guests' orders that join the account which has proven their address.

use chassis::db::Session;
use chassis::outbox::Envelope;
use chassis::testing::{Database, User, call, databases, deliver, event, noon};
use chrono::TimeDelta;
use contracts::identity::{UserDeleted, UserEmailChanged, UserEmailVerified};
use contracts::orders::IssueOrderKey;
use contracts::payments::{CAPTURE, Status};
use serde_json::{Value, json};

use crate::world::{World, checkout, living_world, world};

const EMAIL: &str = "ada@example.com";

fn verified(user: &User, version: i64, email: &str) -> Envelope {
    let news = UserEmailVerified { user_id: user.id(), email: email.to_owned() };
    event("identity", user.id(), version, &news)
}

fn changed(user: &User, version: i64) -> Envelope {
    let news: UserEmailChanged = serde_json::from_value(json!({
        "user_id": user.id(), "email": "new@example.com", "old_email": EMAIL, "name": "Ada",
        "can_undo": true,
    }))
    .expect("an event");
    event("identity", user.id(), version, &news)
}

fn deleted(user: &User, version: i64) -> Envelope {
    event("identity", user.id(), version, &UserDeleted { user_id: user.id() })
}

async fn orders_of(world: &World, user: &User) -> Vec<Value> {
    let list = world.call("GET", "/orders").user(user).await.expect(200);
    list["items"].as_array().expect("a list").clone()
}

/// Runs the workers until the user has so many orders.
async fn until_joined(world: &mut World, user: &User, count: usize) {
    world.restart().await;
    let router = world.service.router.clone();
    let joined = async || {
        let list = call(&router, "GET", "/api/v1/orders").user(user).await;
        let list = list.expect(200);
        (list["items"].as_array().map(Vec::len) == Some(count)).then_some(())
    };
    world.work_until(joined).await;
}

/// Runs the workers until nothing is left to join.
async fn until_settled(world: &mut World) {
    world.restart().await;
    let db = world.platform.db.clone();
    let settled = async || {
        let open = db.query("SELECT count(*) FROM proven_emails WHERE state = 'waiting'");
        (open.one::<(i64,)>().await.expect("a count").0 == 0).then_some(())
    };
    world.work_until(settled).await;
}

fn reasons(order: &Value) -> Vec<&str> {
    let history = order["history"].as_array().expect("a history").iter();
    history.filter_map(|it| it["reason"].as_str()).collect()
}

#[databases]
async fn whatever_a_guest_has_ordered_joins_the_account_that_proves_the_address(
    database: Database,
) {
    let mut world = world(database).await;
    let user = User::customer();
    let paid = world.buy_as_guest(" Ada@Example.com", "1", "tok_visa").await;
    let unpaid = world.buy_as_guest(EMAIL, "2", "tok_declined").await;
    let cancelled = world.buy_as_guest(EMAIL, "3", "tok_visa").await;
    let cancel = world.call("POST", &format!("/orders/{}/cancel", cancelled.id));
    cancel.header("x-order-token", &cancelled.token).await.expect(200);
    let other = world.buy_as_guest("eve@example.com", "4", "tok_visa").await;
    let by_user = world.buy(&User::customer(), "5", "tok_visa").await.expect(201);
    deliver(&world.service, &[verified(&user, 2, EMAIL)]).await;
    until_joined(&mut world, &user, 3).await;
    let ids: Vec<_> =
        orders_of(&world, &user).await.into_iter().map(|it| it["id"].clone()).collect();
    assert_eq!(ids, [&cancelled.id, &unpaid.id, &paid.id].map(|it| json!(it)));
    let staff = User::with(&["orders:read"]);
    for (id, user_id) in [(&other.id, json!(null)), (&paid.id, json!(user.id()))] {
        let shown = world.call("GET", &format!("/orders/{id}")).user(&staff).await.expect(200);
        assert_eq!(shown["user_id"], user_id, "{}", world.platform.kind);
    }
    let id = by_user["id"].as_str().unwrap();
    let shown = world.call("GET", &format!("/orders/{id}")).user(&staff).await.expect(200);
    assert_eq!(shown["user_id"], by_user["user_id"]);
    // Told again, or proven by somebody else later, nothing changes.
    let again = [verified(&user, 3, EMAIL), verified(&User::customer(), 1, EMAIL)];
    deliver(&world.service, &again).await;
    until_settled(&mut world).await;
    assert_eq!(orders_of(&world, &user).await.len(), 3);
    let events = format!("/orders/{}/events", paid.id);
    let events = world.call("GET", &events).user(&staff).await.expect(200);
    let kinds: Vec<_> = events["items"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
    assert_eq!(kinds, ["order.created", "order.status.updated", "order.joined"]);
}

#[databases]
async fn an_account_sees_that_an_order_joined_it_and_a_guest_sees_no_account(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    let order = world.buy_as_guest(EMAIL, "1", "tok_visa").await;
    let request = IssueOrderKey { order_id: order.id.parse().unwrap(), email: EMAIL.to_owned() };
    let key: String = world.client().issue_key(&request).await.unwrap().key.into();
    let path = format!("/orders/{}", order.id);
    let before = world.call("GET", &path).header("x-order-token", &order.token).await.expect(200);
    world.at(noon() + TimeDelta::hours(1)).await;
    deliver(&world.service, &[verified(&user, 2, EMAIL)]).await;
    until_joined(&mut world, &user, 1).await;
    // Whoever ordered may have given somebody else's address: nothing tells them of the account.
    for (header, secret) in [("x-order-token", &order.token), ("x-order-key", &key)] {
        let shown = world.call("GET", &path).header(header, secret).await.expect(200);
        assert_eq!(shown, before, "{header} on {}", world.platform.kind);
    }
    let shown = world.call("GET", &path).user(&user).await.expect(200);
    assert_eq!((&shown["user_id"], reasons(&shown)), (&json!(user.id()), vec!["joined_account"]));
    let joined = shown["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&joined["from"], &joined["to"]), (&json!("confirmed"), &json!("confirmed")));
    assert_eq!(joined["by"]["kind"], "system");
    // Who has an account logs in: no more links are made.
    assert!(world.client().issue_key(&request).await.is_err());
    let cancel = world.call("POST", &format!("{path}/cancel")).header("x-order-key", &key);
    let cancelled = cancel.await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["user_id"]), (&json!("cancelled"), &json!(null)));
    assert!(!reasons(&cancelled).contains(&"joined_account"));
}

#[databases]
async fn what_is_repeated_after_an_order_has_joined_is_the_guests(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    let secret = "A".repeat(43);
    let buy = async |world: &World| {
        let mut body = checkout("tok_visa");
        body["email"] = json!(EMAIL);
        let call = world.call("POST", "/orders").header("idempotency-key", "k");
        call.header("x-cart-token", &secret).json(body).await
    };
    let order = buy(&world).await.expect(201);
    deliver(&world.service, &[verified(&user, 2, EMAIL)]).await;
    until_joined(&mut world, &user, 1).await;
    let again = buy(&world).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.expect(201), order, "{}", world.platform.kind);
    // The same key of the account is another one.
    let own = world.buy(&user, "k", "tok_visa").await.expect(201);
    assert_ne!(own["id"], order["id"]);
}

#[databases]
async fn a_guests_new_order_joins_when_it_is_confirmed(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    deliver(&world.service, &[verified(&user, 2, EMAIL)]).await;
    until_settled(&mut world).await;
    let waits = world.buy_as_guest(EMAIL, "1", "tok_3ds").await;
    until_settled(&mut world).await;
    assert!(orders_of(&world, &user).await.is_empty(), "{}", world.platform.kind);
    world.payment(2, |payment| payment.status = Status::Authorized).await;
    until_joined(&mut world, &user, 1).await;
    assert_eq!(orders_of(&world, &user).await[0]["id"], json!(waits.id));
    let at_once = world.buy_as_guest(EMAIL, "2", "tok_visa").await;
    assert_eq!(at_once.body["status"], "confirmed");
    until_joined(&mut world, &user, 2).await;
}

#[databases]
async fn an_order_that_is_being_worked_on_joins_when_it_rests(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    world.fail(CAPTURE, 1_000);
    let order = world.buy_as_guest(EMAIL, "1", "tok_visa").await;
    deliver(&world.service, &[verified(&user, 2, EMAIL)]).await;
    assert_eq!(order.body["status"], "pending");
    world.fail(CAPTURE, 0);
    until_joined(&mut world, &user, 1).await;
    let shown = orders_of(&world, &user).await.pop().unwrap();
    assert_eq!(shown["status"], "confirmed", "{}", world.platform.kind);
}

#[databases]
async fn an_address_that_was_given_up_is_joined_no_more_whatever_comes_first(database: Database) {
    for ended in [changed, deleted] {
        for late in [false, true] {
            let mut world = world(database).await;
            let user = User::customer();
            let mut news = [verified(&user, 2, EMAIL), ended(&user, 3)];
            if late {
                news.reverse();
            }
            deliver(&world.service, &news).await;
            let order = world.buy_as_guest(EMAIL, "1", "tok_visa").await;
            until_settled(&mut world).await;
            let path = format!("/orders/{}", order.id);
            let staff = User::with(&["orders:read"]);
            let shown = world.call("GET", &path).user(&staff).await.expect(200);
            assert_eq!(shown["user_id"], json!(null), "{late} on {}", world.platform.kind);
            // Put back, it counts again, though it is told with the change of the same version.
            let back = [verified(&user, 4, EMAIL), changed(&user, 4)];
            deliver(&world.service, &back).await;
            until_joined(&mut world, &user, 1).await;
        }
    }
}

#[databases]
async fn an_account_that_is_deleted_takes_its_joined_orders_along(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    let order = world.buy_as_guest(EMAIL, "1", "tok_visa").await;
    let request = IssueOrderKey { order_id: order.id.parse().unwrap(), email: EMAIL.to_owned() };
    let key: String = world.client().issue_key(&request).await.unwrap().key.into();
    deliver(&world.service, &[verified(&user, 2, EMAIL)]).await;
    until_joined(&mut world, &user, 1).await;
    deliver(&world.service, &[deleted(&user, 3)]).await;
    let staff = User::with(&["orders:read"]);
    let path = format!("/orders/{}", order.id);
    let shown = world.call("GET", &path).user(&staff).await.expect(200);
    assert_eq!(shown["email"], "", "{}", world.platform.kind);
    let by_key = world.call("GET", &path).header("x-order-key", &key).await;
    assert_eq!(by_key.problem(404), "order_not_found");
    // A later order of a guest is nobody's.
    world.buy_as_guest(EMAIL, "2", "tok_visa").await;
    until_settled(&mut world).await;
    assert_eq!(orders_of(&world, &user).await.len(), 1);
}
