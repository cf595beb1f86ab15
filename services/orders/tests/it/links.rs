//! Links to orders: what their keys open, how long, and how somebody gets one.

use std::time::{Duration, Instant};

use chassis::db::Session;
use chassis::testing::{Answer, Call, Database, User, databases, noon};
use chrono::TimeDelta;
use contracts::orders::{IssueOrderKey, OpensOrder};
use serde_json::{Value, json};

use crate::world::{Guest, World, start_with, world};

const EMAIL: &str = "guest@example.com";

async fn issue(world: &World, order: &str) -> String {
    let order_id = order.parse().expect("an id");
    let request = IssueOrderKey { order_id, email: EMAIL.to_owned() };
    world.client().issue_key(&request).await.expect("a key").key.into()
}

fn with_key(world: &World, method: &str, path: &str, key: &str) -> Call {
    world.call(method, path).header("x-order-key", key)
}

async fn shown(world: &World, order: &str, key: &str) -> Answer {
    with_key(world, "GET", &format!("/orders/{order}"), key).await
}

#[databases]
async fn a_key_opens_its_order_and_no_other(database: Database) {
    let world = world(database).await;
    let one = world.buy_as_guest(EMAIL, "1", "tok_visa").await;
    let other = world.buy_as_guest(EMAIL, "2", "tok_visa").await;
    let own = world.buy(&User::customer(), "3", "tok_visa").await.expect(201);
    let key = issue(&world, &one.id).await;
    assert_ne!(key, one.token);
    for id in [&one.id, one.body["number"].as_str().unwrap()] {
        let seen = shown(&world, id, &key).await;
        assert_eq!(seen.headers["cache-control"], "private, no-store");
        assert!(seen.headers["vary"].to_str().unwrap().contains("x-order-key"));
        let seen = seen.expect(200);
        assert_eq!((&seen["id"], &seen["access_token"]), (&json!(one.id), &json!(null)));
    }
    for (id, key) in [
        (other.id.as_str(), key.as_str()),
        (own["id"].as_str().unwrap(), &key),
        (&one.id, &key[1..]),
        (&one.id, &"A".repeat(43)),
        (&one.id, ""),
        (&one.id, &one.token),
    ] {
        let refused = shown(&world, id, key).await;
        assert_eq!(refused.problem(404), "order_not_found", "{}", world.platform.kind);
    }
    let path = format!("/orders/{}/events", one.id);
    with_key(&world, "GET", &path, &key).await.expect(401);
    let kept = world.platform.db.query("SELECT hash FROM order_keys").one::<(Vec<u8>,)>().await;
    assert_ne!(kept.unwrap().0, key.as_bytes());
}

#[databases]
async fn with_a_key_an_order_is_paid_again_and_cancelled(database: Database) {
    let world = world(database).await;
    let Guest { id, .. } = world.buy_as_guest(EMAIL, "1", "tok_declined").await;
    let key = issue(&world, &id).await;
    let pay = async |payment: Value| {
        let call = with_key(&world, "POST", &format!("/orders/{id}/payments"), &key);
        call.json(json!({ "payment": payment })).await
    };
    let save = json!({ "provider": "sandbox", "token": "tok_visa", "save": true });
    assert_eq!(pay(save).await.expect(422)["errors"][0]["field"], "payment.save");
    let action = pay(json!({ "provider": "sandbox", "token": "tok_3ds" })).await.expect(202);
    assert_eq!(action["payment"]["next_action"]["type"], "confirm");
    let seen = shown(&world, &id, &key).await.expect(200);
    assert_eq!(seen["payment"]["next_action"], action["payment"]["next_action"]);
    let cancel = with_key(&world, "POST", &format!("/orders/{id}/cancel"), &key);
    let cancelled = cancel.json(json!({ "reason": "changed_mind" })).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled", "{}", world.platform.kind);
    let by = cancelled["history"].as_array().unwrap().last().unwrap()["by"]["kind"].clone();
    assert_eq!(by, "customer");
}

#[databases]
async fn a_key_lives_as_long_as_the_settings_say(database: Database) {
    let mut world = world(database).await;
    let order = world.buy_as_guest(EMAIL, "1", "tok_visa").await;
    let old = issue(&world, &order.id).await;
    let config = orders::Config { link_days: 2, ..orders::Config::default() };
    world.service = start_with(&world.platform, &world.others, config).await;
    let short = issue(&world, &order.id).await;
    for (days, of_short, of_old) in [(1, 200, 200), (2, 404, 200), (89, 404, 200), (90, 404, 404)] {
        world.at(noon() + TimeDelta::days(days)).await;
        for (key, status) in [(&short, of_short), (&old, of_old)] {
            let seen = shown(&world, &order.id, key).await.status;
            assert_eq!(seen, status, "after {days} days on {}", world.platform.kind);
        }
    }
}

#[databases]
async fn an_order_has_twenty_valid_keys_and_the_oldest_goes(database: Database) {
    let world = world(database).await;
    let order = world.buy_as_guest(EMAIL, "1", "tok_visa").await;
    let other = world.buy_as_guest(EMAIL, "2", "tok_visa").await;
    let of_other = issue(&world, &other.id).await;
    let mut keys = Vec::new();
    for _ in 0..21 {
        keys.push(issue(&world, &order.id).await);
    }
    assert_eq!(shown(&world, &order.id, &keys[0]).await.status, 404, "{}", world.platform.kind);
    for key in &keys[1..] {
        shown(&world, &order.id, key).await.expect(200);
    }
    shown(&world, &other.id, &of_other).await.expect(200);
}

#[databases]
async fn a_buyer_and_staff_revoke_all_links(database: Database) {
    let world = world(database).await;
    let order = world.buy_as_guest(EMAIL, "1", "tok_visa").await;
    let other = world.buy_as_guest(EMAIL, "2", "tok_visa").await;
    let of_other = issue(&world, &other.id).await;
    let path = format!("/orders/{}/keys", order.id);
    let stranger = User::with(&["orders:read"]);
    for refused in [world.call("DELETE", &path), world.call("DELETE", &path).user(&stranger)] {
        assert_eq!(refused.await.problem(404), "order_not_found");
    }
    let staff = User::with(&["orders:write"]);
    for who in ["token", "key", "staff"] {
        let keys = [issue(&world, &order.id).await, issue(&world, &order.id).await];
        let call = world.call("DELETE", &path);
        let call = match who {
            "token" => call.header("x-order-token", &order.token),
            "key" => call.header("x-order-key", &keys[0]),
            _ => call.user(&staff),
        };
        call.await.expect(204);
        for key in &keys {
            assert_eq!(shown(&world, &order.id, key).await.status, 404, "{who}");
        }
        let token = world.call("GET", &format!("/orders/{}", order.id));
        token.header("x-order-token", &order.token).await.expect(200);
    }
    shown(&world, &other.id, &of_other).await.expect(200);
    // What is sent after that opens it again.
    let next = issue(&world, &order.id).await;
    shown(&world, &order.id, &next).await.expect(200);
}

#[databases]
async fn an_order_of_an_account_is_opened_by_no_key(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    let id = order["id"].as_str().unwrap().parse().unwrap();
    let email = order["email"].as_str().unwrap().to_owned();
    let refused = world.client().issue_key(&IssueOrderKey { order_id: id, email }).await;
    assert!(refused.unwrap_err().to_string().contains("order_not_found"));
    for (user_id, opens) in [(Some(user.id()), true), (Some(User::customer().id()), false)] {
        let asked = OpensOrder { order_id: id, user_id, key: None };
        assert_eq!(world.client().opens(&asked).await.unwrap(), opens, "{}", world.platform.kind);
    }
}

async fn find(world: &World, number: &str, email: &str) -> Answer {
    let body = json!({ "number": number, "email": email });
    world.call("POST", "/orders/find").json(body).await
}

#[databases]
async fn a_link_is_sent_to_who_knows_number_and_address(database: Database) {
    let world = world(database).await;
    let guest = world.buy_as_guest(EMAIL, "1", "tok_visa").await;
    let own = world.buy(&User::customer(), "2", "tok_visa").await.expect(201);
    let number = guest.body["number"].as_str().unwrap();
    let (own_number, own_email) = (own["number"].as_str().unwrap(), own["email"].as_str().unwrap());
    let mut answers = Vec::new();
    for (number, email, sent) in [
        (number, EMAIL, 1),
        (&format!(" {} ", number.to_lowercase()), " Guest@Example.COM ", 2),
        (number, "eve@example.com", 2),
        (own_number, EMAIL, 2),
        ("CW-999999", EMAIL, 2),
        (guest.id.as_str(), EMAIL, 2),
        // Its mail leads to the page, where its owner logs in.
        (own_number, own_email, 3),
    ] {
        let began = Instant::now();
        let answer = find(&world, number, email).await;
        assert!(began.elapsed() >= Duration::from_millis(300), "{number} {email}");
        let told = world.published("order.link_requested").await;
        assert_eq!(told.len(), sent, "{} {number} {email}", world.platform.kind);
        answers.push((answer.status, answer.bytes));
    }
    assert_eq!(answers[0].0, 202);
    assert!(answers.iter().all(|it| it == &answers[0]), "{answers:?}");
    let told = world.published("order.link_requested").await;
    let numbers: Vec<_> = told.iter().map(|(_, data)| data["number"].clone()).collect();
    assert_eq!(numbers, [number, number, own_number]);
    assert_eq!(told[0].1["email"], EMAIL);
    let wrong = find(&world, "", "nobody").await.expect(422);
    assert_eq!(wrong["errors"].as_array().unwrap().len(), 2);
}

#[databases]
async fn an_order_is_sent_three_links_in_an_hour(database: Database) {
    let mut world = world(database).await;
    let one = world.buy_as_guest(EMAIL, "1", "tok_visa").await;
    let other = world.buy_as_guest(EMAIL, "2", "tok_visa").await;
    let [one, other] = [&one, &other].map(|it| it.body["number"].as_str().unwrap());
    for (minutes, number, sent) in [
        (0, one, 1),
        (20, one, 2),
        (30, one, 3),
        (31, one, 3),
        (31, other, 4),
        (59, one, 4),
        // The first one is an hour ago, the second is not.
        (60, one, 5),
        (61, one, 5),
        (80, one, 6),
    ] {
        world.at(noon() + TimeDelta::minutes(minutes)).await;
        find(&world, number, EMAIL).await.expect(202);
        let told = world.published("order.link_requested").await.len();
        assert_eq!(told, sent, "{minutes} {}", world.platform.kind);
    }
}

#[databases]
async fn many_searches_at_once_are_no_more(database: Database) {
    let world = world(database).await;
    let order = world.buy_as_guest(EMAIL, "1", "tok_visa").await;
    let number = order.body["number"].as_str().unwrap();
    let answers = futures::future::join_all((0..10).map(|_| find(&world, number, EMAIL))).await;
    assert!(answers.iter().all(|it| it.status == 202), "{}", world.platform.kind);
    assert_eq!(world.published("order.link_requested").await.len(), 3);
}
