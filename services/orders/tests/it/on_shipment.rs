//! Orders whose payments are captured when they are shipped.

use chassis::db::Session;
use chassis::testing::{Answer, Database, User, databases, noon};
use chrono::TimeDelta;
use contracts::catalog::COMMIT;
use contracts::payments::{CAPTURE, CaptureTiming, EXPIRED, REFUND, Refunded, Status, VOID};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, living_world, world};

/// Two lamps and their shipping.
const TOTAL: i64 = 4_498;

fn staff() -> User {
    User::with(&["orders:read", "orders:write"])
}

/// From now on payments are held until the shipment.
fn hold(world: &World) {
    let mut payments = world.others.payments.lock();
    payments.capture = CaptureTiming::OnShipment;
    payments.capture_before = Some(noon() + TimeDelta::days(7));
}

/// An order that waits for its shipment; its id.
async fn waiting(world: &World, user: &User) -> String {
    hold(world);
    let order = world.buy(user, "k", "tok_visa").await.expect(201);
    assert_eq!(states(&order), ("confirmed", "authorized"), "{}", world.platform.kind);
    order["id"].as_str().expect("an id").to_owned()
}

async fn ship(world: &World, id: &str) -> Answer {
    let path = format!("/orders/{id}/status");
    world.call("PATCH", &path).user(&staff()).json(json!({ "status": "shipped" })).await
}

async fn show(world: &World, id: &str) -> Value {
    world.call("GET", &format!("/orders/{id}")).user(&staff()).await.expect(200)
}

fn states(order: &Value) -> (&str, &str) {
    let state = |name: &str| order[name].as_str().expect("a state");
    (state("status"), state("payment_status"))
}

async fn claim(world: &World) -> orders::invariants::Claim {
    let db = &world.platform.db;
    assert_eq!(orders::invariants::violations(db, noon()).await.expect("an audit"), [""; 0]);
    orders::invariants::claims(db).await.expect("an audit").remove(0)
}

#[databases]
async fn an_order_is_paid_when_it_is_shipped(database: Database) {
    let world = world(database).await;
    let id = waiting(&world, &User::customer()).await;
    assert_eq!((world.asked(CAPTURE), world.stock()), (0, 3));
    let seen = show(&world, &id).await;
    assert_eq!(seen["payment"]["capture_before"], "2026-01-09T12:00:00Z");
    assert_eq!(seen["captured"]["amount"], 0);
    let resting = claim(&world).await;
    assert!(resting.done && resting.on_shipment, "{resting:?}");

    let shipped = ship(&world, &id).await.expect(200);
    assert_eq!(states(&shipped), ("shipped", "paid"));
    assert_eq!((&shipped["captured"]["amount"], world.asked(CAPTURE)), (&json!(TOTAL), 1));
    assert_eq!(shipped["payment"]["capture_before"], json!(null));
    let last = shipped["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["to"], &last["payment_status"]), (&json!("shipped"), &json!("paid")));
    assert_eq!(last["by"]["kind"], "staff");
    // What payments publishes of it is no news.
    let version = |order: Value| order["history"].as_array().unwrap().len();
    let before = version(shipped);
    world.payment(4, |_| ()).await;
    assert_eq!(version(show(&world, &id).await), before);
}

#[databases]
async fn a_method_that_holds_nothing_is_paid_at_once(database: Database) {
    let mut world = world(database).await;
    hold(&world);
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_processing").await.expect(202);
    let captured = |payment: &mut contracts::payments::Payment| {
        (payment.status, payment.captured) = (Status::Captured, payment.amount);
    };
    world.payment(2, captured).await;
    let shown = world.settle(&user, order["id"].as_str().unwrap()).await;
    assert_eq!(states(&shown), ("confirmed", "paid"), "{}", world.platform.kind);
}

#[databases]
async fn without_the_money_nothing_is_shipped_and_staff_decide(database: Database) {
    let mut world = living_world(database).await;
    let id = waiting(&world, &User::customer()).await;
    world.fail(CAPTURE, 1);
    ship(&world, &id).await.expect(503);
    let set = |status, reason: Option<&str>| {
        let mut all = world.others.payments.lock();
        let payment = all.payments.values_mut().next().expect("a payment");
        (payment.status, payment.reason) = (status, reason.map(str::to_owned));
    };
    set(Status::Capturing, None);
    let refused = ship(&world, &id).await;
    assert_eq!(refused.headers["retry-after"], "2");
    assert_eq!(refused.problem(409), "payment_capturing");
    set(Status::Declined, Some("card_declined"));
    // Whether what payments publishes has arrived or not.
    for news in [false, true] {
        if news {
            world.payment(4, |_| ()).await;
        }
        let refused = ship(&world, &id).await;
        assert_eq!(refused.body["reason"], "card_declined");
        assert_eq!(refused.problem(409), "payment_not_captured");
    }
    let seen = show(&world, &id).await;
    assert_eq!(states(&seen), ("confirmed", "voided"), "{}", world.platform.kind);
    assert_eq!(seen["reason"], "payment_declined");
    let path = format!("/orders/{id}/cancel");
    world.call("POST", &path).user(&staff()).await;
    let seen = world.settle_at(&staff(), &id, "cancelled").await;
    assert_eq!((&seen["reason"], world.stock()), (&json!("cancelled_by_shop"), 5));
    assert_eq!(world.asked(REFUND), 0);
}

#[databases]
async fn a_cancel_before_the_shipment_releases_the_money(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let id = waiting(&world, &user).await;
    let cancel = world.call("POST", &format!("/orders/{id}/cancel")).user(&user);
    assert_eq!(states(&cancel.await.expect(200)), ("cancelled", "voided"));
    assert_eq!((world.asked(VOID), world.asked(REFUND), world.asked(CAPTURE)), (1, 0, 0));
    assert_eq!(world.stock(), 5, "{}", world.platform.kind);
    ship(&world, &id).await.expect(409);
}

#[databases]
async fn an_expired_authorization_shows_in_the_order(database: Database) {
    let world = world(database).await;
    let id = waiting(&world, &User::customer()).await;
    for version in [4, 5] {
        let expire = |payment: &mut contracts::payments::Payment| {
            (payment.status, payment.reason) = (Status::Voided, Some(EXPIRED.to_owned()));
        };
        world.payment(version, expire).await;
    }
    let seen = show(&world, &id).await;
    assert_eq!(states(&seen), ("confirmed", "voided"), "{}", world.platform.kind);
    assert_eq!(seen["reason"], "authorization_expired");
    let history = seen["history"].as_array().unwrap();
    let said = history.iter().filter(|it| it["reason"] == "authorization_expired");
    assert_eq!(said.count(), 1, "{history:?}");
    let refused = ship(&world, &id).await;
    assert_eq!(refused.body["reason"], EXPIRED);
    assert_eq!(refused.problem(409), "payment_not_captured");
    assert_eq!(claim(&world).await.payment_status, "voided");
}

#[databases]
async fn a_process_that_ends_after_the_capture_leaves_a_paid_order(database: Database) {
    let world = world(database).await;
    let id = waiting(&world, &User::customer()).await;
    // It was captured for the shipment, which was never stored.
    let captured = |payment: &mut contracts::payments::Payment| {
        (payment.status, payment.captured) = (Status::Captured, payment.amount);
    };
    world.payment(4, captured).await;
    let seen = show(&world, &id).await;
    assert_eq!(states(&seen), ("confirmed", "paid"), "{}", world.platform.kind);
    assert_eq!(seen["captured"]["amount"], TOTAL);
    assert_eq!(states(&ship(&world, &id).await.expect(200)), ("shipped", "paid"));
    assert_eq!(world.asked(CAPTURE), 0);
    let told = "SELECT count(*) FROM outbox WHERE type = 'order.status.updated'";
    let told = world.platform.db.query(told).one::<(i64,)>().await.expect("events");
    assert_eq!(told, (2,), "confirmed, and shipped");
}

#[databases]
async fn what_staff_captured_of_an_order_is_what_it_costs(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    hold(&world);
    // Before the order has come to rest, and nobody asks the catalog meanwhile.
    world.fail(COMMIT, 1_000);
    let order = world.buy(&user, "k", "tok_visa").await.expect(202);
    let id = order["id"].as_str().unwrap();
    let part = |payment: &mut contracts::payments::Payment| {
        (payment.status, payment.captured) = (Status::Captured, 1_000);
    };
    world.payment(4, part).await;
    world.fail(COMMIT, 0);
    let seen = world.settle(&user, id).await;
    assert_eq!(states(&seen), ("confirmed", "paid"), "{}", world.platform.kind);
    assert_eq!(
        (&seen["captured"]["amount"], &seen["total"]["amount"]),
        (&json!(1_000), &json!(TOTAL))
    );
    assert_eq!(claim(&world).await.charged, 1_000);
    let refund = |amount| Refunded {
        id: Uuid::now_v7(),
        amount,
        reason: "damaged".to_owned(),
        staff: Some(staff().id()),
        restock: false,
        lines: vec![],
    };
    world.refund(&refund(400)).await;
    assert_eq!(show(&world, id).await["payment_status"], "partially_refunded");
    world.refund(&refund(600)).await;
    let seen = show(&world, id).await;
    assert_eq!(
        (&seen["payment_status"], &seen["refunded"]["amount"]),
        (&json!("refunded"), &json!(1_000))
    );
    assert_eq!(claim(&world).await.charged, 1_000);
}
