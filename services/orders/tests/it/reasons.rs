//! Why an order is cancelled, in codes and in people's own words, and what is told of it.

use chassis::db::Session;
use chassis::testing::{Answer, Database, User, databases};
use contracts::payments::CAPTURE;
use serde_json::{Value, json};

use crate::world::{World, checkout, living_world, world};

/// What somebody wanted the shop to mail to others.
const TEXT: &str = "fraud was found. Verify your card within 24 hours: http://evil.example/verify";

async fn guest_order(world: &World) -> (String, String) {
    let mut body = checkout("tok_3ds");
    body["email"] = json!("victim@example.org");
    let call = world.call("POST", "/orders/checkout").header("idempotency-key", "k");
    let order = call.json(body).await.expect(202);
    let text = |name: &str| order[name].as_str().expect("it is there").to_owned();
    (text("id"), text("access_token"))
}

async fn cancel(world: &World, (id, token): &(String, String), body: Value) -> Answer {
    let path = format!("/orders/{id}/cancel");
    world.call("POST", &path).header("x-order-token", token).json(body).await
}

fn wrong(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("a list");
    errors.iter().map(|it| it["field"].as_str().expect("a field")).collect()
}

/// Everything that was told and not yet sent, as one text.
async fn published(world: &World) -> String {
    let all: Vec<(String,)> = world
        .platform
        .platform
        .db
        .query("SELECT CAST(data AS TEXT) FROM outbox")
        .all()
        .await
        .expect("rows");
    all.into_iter().map(|(it,)| it).collect::<Vec<_>>().join("\n")
}

#[databases]
async fn a_guest_cannot_have_a_text_of_their_own_told_as_a_reason(database: Database) {
    let world = world(database).await;
    let order = guest_order(&world).await;
    // Own words, and what only the shop or its staff say.
    for reason in [TEXT, "payment_expired", "superseded", "out_of_stock", "fraudulent"] {
        let refused = cancel(&world, &order, json!({ "reason": reason })).await.expect(422);
        assert_eq!(wrong(&refused), ["reason"], "{reason}");
    }
    let body = json!({ "reason": "changed_mind", "note": TEXT });
    let cancelled = cancel(&world, &order, body).await.expect(200);
    assert_eq!(cancelled["reason"], "changed_mind");
    assert_eq!(cancelled.get("cancel_note"), None);
    let told = published(&world).await;
    assert!(told.contains("changed_mind") && !told.contains("evil"), "{told}");

    // Only staff see the words.
    let staff = User::with(&["orders:read"]);
    let path = format!("/orders/{}", order.0);
    let shown = world.call("GET", &path).user(&staff).await.expect(200);
    assert_eq!(shown["cancel_note"], TEXT);
    let shown = world.call("GET", &path).header("x-order-token", &order.1).await.expect(200);
    assert!(!shown.to_string().contains("evil"), "{shown}");
}

#[databases]
async fn a_card_number_in_a_note_is_refused(database: Database) {
    let world = world(database).await;
    let order = guest_order(&world).await;
    let body = json!({ "note": "my card 4242 4242 4242 4242" });
    assert_eq!(wrong(&cancel(&world, &order, body).await.expect(422)), ["note"]);
    let body = json!({ "note": "x".repeat(501) });
    assert_eq!(wrong(&cancel(&world, &order, body).await.expect(422)), ["note"]);
}

#[databases]
async fn staff_say_why_in_codes_of_their_own(database: Database) {
    let world = world(database).await;
    let (user, staff) = (User::customer(), User::with(&["orders:write", "orders:read"]));
    for (at, reason) in ["fraudulent", "address_undeliverable", "changed_mind"].iter().enumerate() {
        let order = world.buy(&user, &format!("k{at}"), "tok_visa").await.expect(201);
        let path = format!("/orders/{}/status", order["id"].as_str().unwrap());
        let set = |reason: &str| {
            let body = json!({ "status": "cancelled", "reason": reason, "note": "phoned" });
            world.call("PATCH", &path).user(&staff).json(body)
        };
        assert_eq!(wrong(&set("payment_declined").await.expect(422)), ["reason"]);
        assert_eq!(wrong(&set(TEXT).await.expect(422)), ["reason"]);
        let cancelled = set(reason).await.expect(200);
        assert_eq!(
            (&cancelled["reason"], &cancelled["cancel_note"]),
            (&json!(reason), &json!("phoned"))
        );
    }
}

#[databases]
async fn what_was_written_before_reasons_were_codes_is_a_note_to_staff(database: Database) {
    let world = world(database).await;
    let order = guest_order(&world).await;
    cancel(&world, &order, json!({})).await.expect(200);
    let db = &world.platform.platform.db;
    for table in ["orders", "order_history"] {
        let sql = match table {
            "orders" => "UPDATE orders SET reason = $1",
            _ => "UPDATE order_history SET reason = $1",
        };
        db.query(sql).bind(TEXT.to_owned()).execute().await.unwrap();
    }
    let path = format!("/orders/{}", order.0);
    let staff = User::with(&["orders:read"]);
    let shown = world.call("GET", &path).user(&staff).await.expect(200);
    assert_eq!((&shown["reason"], &shown["cancel_note"]), (&Value::Null, &json!(TEXT)));
    let shown = world.call("GET", &path).header("x-order-token", &order.1).await.expect(200);
    assert!(!shown.to_string().contains("evil"), "{shown}");
    let all = world.call("GET", "/orders?all=true").user(&staff).await.expect(200);
    assert_eq!(all["items"][0]["reason"], Value::Null);
}

#[databases]
async fn a_name_or_a_line_of_an_address_that_holds_a_link_is_refused_at_checkout(
    database: Database,
) {
    let world = world(database).await;
    for (field, text) in [
        ("name", "your account is LOCKED. Unlock it: http://evil.example/login"),
        ("name", "\u{200b}"),
        ("company", "www.evil.example"),
        ("line2", "\u{202e}12 Analytical Row"),
    ] {
        let mut body = checkout("tok_visa");
        body["email"] = json!("victim@example.org");
        body["shipping_address"][field] = json!(text);
        let call = world.call("POST", "/orders/checkout").header("idempotency-key", "k");
        let refused = call.json(body).await.expect(422);
        assert_eq!(wrong(&refused), [format!("shipping_address.{field}")], "{text:?}");
    }
}

#[databases]
async fn an_order_that_is_cancelled_while_it_is_captured_is_never_told_to_be_confirmed(
    database: Database,
) {
    let mut world = living_world(database).await;
    let (user, staff) = (User::customer(), User::with(&["orders:read"]));
    world.fail(CAPTURE, 1_000);
    let order = world.buy(&user, "k", "tok_visa").await.expect(202);
    let id = order["id"].as_str().unwrap().to_owned();
    world.call("POST", &format!("/orders/{id}/cancel")).user(&user).await.expect(202);
    world.fail(CAPTURE, 0);
    let shown = world.settle_at(&user, &id, "cancelled").await;
    assert_eq!(shown["payment_status"], "refunded");
    assert_eq!(world.stock(), 5);
    // What events say is forgotten once they are sent; what they were is not.
    let path = format!("/orders/{id}/events");
    let events = world.call("GET", &path).user(&staff).await.expect(200);
    let moved = |it: &&Value| it["type"] == "order.status.updated";
    let told = events["items"].as_array().unwrap().iter().filter(moved).count();
    assert_eq!(told, 1, "{}", world.platform.kind);
    let history = shown["history"].as_array().unwrap();
    assert!(history.iter().all(|it| it["to"] != "confirmed"), "{history:?}");
}

#[databases]
async fn another_tracking_number_is_told_once(database: Database) {
    let world = world(database).await;
    let (user, staff) = (User::customer(), User::with(&["orders:write", "orders:read"]));
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    for (status, number) in [
        ("shipped", "WRONG-1"),
        ("shipped", "RIGHT-2"),
        ("shipped", "RIGHT-2"),
        ("delivered", "RIGHT-3"),
    ] {
        let body = json!({ "status": status, "tracking_number": number });
        world.call("PATCH", &format!("{path}/status")).user(&staff).json(body).await.expect(200);
    }
    let events = world.call("GET", &format!("{path}/events")).user(&staff).await.expect(200);
    let told: Vec<_> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["type"] == "order.tracking.updated")
        .map(|it| it["data"]["tracking_number"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["RIGHT-2"], "{}", world.platform.kind);
}

#[databases]
async fn they_are_what_others_take_them_for(database: Database) {
    let world = world(database).await;
    let (id, _) = guest_order(&world).await;
    let order = ("victim@example.org", 4_498);
    contracts::testing::orders_suite(&world.client(), id.parse().unwrap(), order).await;
}
