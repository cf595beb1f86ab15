//! Changes that are meant for a state of an order.

use chassis::testing::{Answer, Call, Database, User, databases};
use contracts::payments::Status;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::world::{World, living_world, world};

fn staff() -> User {
    User::with(&["orders:write", "orders:read"])
}

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().expect("a tag").to_owned()
}

async fn read(world: &World, id: &str) -> Answer {
    world.call("GET", &format!("/orders/{id}")).user(&staff()).await
}

fn set(world: &World, id: &str, tag: &str, body: Value) -> Call {
    let call = world.call("PATCH", &format!("/orders/{id}/status")).user(&staff());
    call.json(body).header("if-match", tag)
}

fn cancel(world: &World, user: &User, id: &str, tag: &str) -> Call {
    world.call("POST", &format!("/orders/{id}/cancel")).user(user).header("if-match", tag)
}

/// What a refused change says.
fn refused(answer: Answer) -> (Value, Value) {
    let problem = answer.expect(412);
    assert_eq!(problem["code"], "precondition_failed", "{problem}");
    assert!(problem["updated_at"].is_string(), "{problem}");
    (problem["version"].clone(), problem["changed"].clone())
}

#[databases]
async fn an_order_is_changed_in_the_state_that_is_meant(database: Database) {
    let world = living_world(database).await;
    let user = User::customer();
    let bought = world.buy(&user, "k", "tok_visa").await.expect(201);
    let id = bought["id"].as_str().expect("an id");
    let seen = read(&world, id).await;
    let (paid, version) = (tag(&seen), seen.body["version"].as_i64().expect("a version"));
    assert_eq!(paid, format!("\"{version}\""));
    let own = world.call("GET", &format!("/orders/{id}")).user(&user).await;
    assert_eq!(tag(&own), paid);

    let shipped = set(&world, id, &paid, json!({ "status": "shipped" })).await;
    assert_eq!(shipped.body["status"], "shipped", "{}", shipped.body);
    let shipped = tag(&read(&world, id).await);
    let number = json!({ "status": "shipped", "tracking_number": "1Z 999" });
    let stale = refused(set(&world, id, &paid, number.clone()).await);
    assert_eq!(stale, (json!(version + 1), json!(["fulfillment_status", "status"])));
    let weak = refused(set(&world, id, &format!("W/{shipped}"), number.clone()).await);
    assert_eq!(weak, (json!(version + 1), Value::Null));
    for user in [&staff(), &user] {
        let stale = refused(cancel(&world, user, id, &paid).await);
        assert_eq!(stale.0, json!(version + 1), "before it is said that it is too late");
    }
    assert_eq!(tag(&read(&world, id).await), shipped, "nothing was written");
    set(&world, id, &shipped, number).await.expect(200);
    let delivered = json!({ "status": "delivered" });
    let stale = refused(set(&world, id, &shipped, delivered.clone()).await);
    assert_eq!(stale.1, json!(["tracking_number"]));
    set(&world, id, "*", delivered.clone()).await.expect(200);
    let plain = world.call("PATCH", &format!("/orders/{id}/status")).user(&staff());
    plain.json(delivered).await.expect(200);
}

#[databases]
async fn a_cancel_is_of_the_order_its_customer_has_seen(database: Database) {
    let world = living_world(database).await;
    let user = User::customer();
    let bought = world.buy(&user, "k", "tok_visa").await.expect(201);
    let id = bought["id"].as_str().expect("an id");
    let seen = tag(&read(&world, id).await);
    let before = read(&world, id).await.body;
    for stale in ["\"0\"", &format!("W/{seen}")] {
        refused(cancel(&world, &user, id, stale).await);
        refused(set(&world, id, stale, json!({ "status": "cancelled" })).await);
    }
    assert_eq!(read(&world, id).await.body, before);
    let done = cancel(&world, &user, id, &seen).await;
    assert_eq!(done.expect(200)["status"], "cancelled");
    let again = refused(cancel(&world, &user, id, &seen).await);
    assert!(again.1.as_array().expect("names").contains(&json!("status")), "{again:?}");
}

#[databases]
async fn of_several_who_ship_or_cancel_what_they_have_seen_one_does(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let bought = world.buy(&user, "k", "tok_visa").await.expect(201);
    let id = bought["id"].as_str().expect("an id");
    assert_eq!(
        world.others.payments.lock().payments.values().next().map(|it| it.status),
        Some(Status::Captured)
    );
    let seen = tag(&read(&world, id).await);
    let number = |at: usize| {
        let body = json!({ "status": "shipped", "tracking_number": format!("1Z {at}") });
        set(&world, id, &seen, body).send()
    };
    let answers = join_all((0..5).map(number)).await;
    let won: Vec<_> = answers.iter().filter(|it| it.status == 200).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|it| it.status == 412).count(), 4, "{answers:?}");
    let now = read(&world, id).await.body;
    assert_eq!(now["tracking_number"], won[0].body["tracking_number"]);
}
