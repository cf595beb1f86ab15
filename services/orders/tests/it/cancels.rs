use chassis::testing::{Database, User, databases};
use contracts::catalog::RESTOCK;
use contracts::payments::{CAPTURE, PaymentUpdated, REFUND, Status, VOID};
use serde_json::json;

use crate::world::{living_world, start, world};

#[databases]
async fn a_paid_order_is_refunded_and_restocked(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    let path = format!("/orders/{}/cancel", order["id"].as_str().unwrap());
    let reason = json!({ "reason": "changed_mind" });
    let cancelled = world.call("POST", &path).user(&user).json(reason).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled["payment_status"], "refunded");
    assert_eq!(cancelled["reason"], "changed_mind");
    assert_eq!(world.stock(), 5);
    // Once more changes nothing.
    world.call("POST", &path).user(&user).await.expect(200);
    assert_eq!((world.stock(), world.asked(REFUND)), (5, 1));
}

#[databases]
async fn an_unpaid_order_is_voided(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_3ds").await.expect(202);
    let path = format!("/orders/{}/cancel", order["id"].as_str().unwrap());
    let cancelled = world.call("POST", &path).user(&user).await.expect(200);
    assert_eq!(cancelled["payment_status"], "voided");
    assert_eq!((world.stock(), world.asked(VOID)), (5, 1));
}

#[databases]
async fn a_capture_on_its_way_is_waited_for_and_refunded(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    world.fail(CAPTURE, 1_000);
    let order = world.buy(&user, "k", "tok_visa").await.expect(202);
    let id = order["id"].as_str().unwrap().to_owned();
    world.fail(REFUND, 2);
    let path = format!("/orders/{id}/cancel");
    world.call("POST", &path).user(&user).await.expect(202);
    world.fail(CAPTURE, 0);
    let shown = world.settle_at(&user, &id, "cancelled").await;
    assert_eq!(
        (&shown["status"], &shown["payment_status"]),
        (&json!("cancelled"), &json!("refunded"))
    );
    assert_eq!(world.stock(), 5);
}

#[databases]
async fn what_was_shipped_stays_sold(database: Database) {
    let world = world(database).await;
    let (user, staff) = (User::customer(), User::with(&["orders:write", "orders:read"]));
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    let set = |status: &str| {
        let body = json!({ "status": status, "tracking_number": "1Z999" });
        world.call("PATCH", &format!("{path}/status")).json(body)
    };
    assert_eq!(set("shipped").user(&user).await.problem(403), "forbidden");
    assert_eq!(set("delivered").user(&staff).await.problem(409), "status_not_allowed");
    let shipped = set("shipped").user(&staff).await.expect(200);
    assert_eq!(shipped["tracking_number"], "1Z999");
    assert_eq!(shipped["fulfillment_status"], "fulfilled");
    let right = json!({ "status": "shipped", "tracking_number": "1Z998" });
    let right = world.call("PATCH", &format!("{path}/status")).user(&staff).json(right).await;
    assert_eq!(right.expect(200)["tracking_number"], "1Z998");
    let cancel = world.call("POST", &format!("{path}/cancel")).user(&user).await;
    assert_eq!(cancel.problem(409), "order_shipped");
    assert_eq!(set("delivered").user(&staff).await.expect(200)["status"], "delivered");
    assert_eq!(set("confirmed").user(&staff).await.problem(409), "status_not_allowed");
}

#[databases]
async fn a_refund_told_without_its_details_shows_in_the_order(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    let mut payment = world.others.payments.lock().payments.values().next().cloned().unwrap();
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    for (version, refunded, status, shown) in [
        (5, 100, Status::PartiallyRefunded, ("confirmed", "partially_refunded")),
        (6, 250, Status::PartiallyRefunded, ("confirmed", "partially_refunded")),
        (7, payment.amount, Status::Refunded, ("confirmed", "refunded")),
        // Old news.
        (5, 100, Status::PartiallyRefunded, ("confirmed", "refunded")),
    ] {
        (payment.status, payment.refunded) = (status, refunded);
        let event = PaymentUpdated { payment: payment.clone(), refund: None, failed_refund: None };
        let event = chassis::testing::event("payments", payment.id, version, &event);
        chassis::testing::deliver(&world.service, &[event]).await;
        let order = world.call("GET", &path).user(&user).await.expect(200);
        assert_eq!(
            (order["status"].as_str(), order["payment_status"].as_str()),
            (Some(shown.0), Some(shown.1))
        );
        let most = if shown.1 == "refunded" { payment.amount } else { refunded };
        assert_eq!(order["refunded"]["amount"], most);
    }
}

#[databases]
async fn what_became_of_the_money_is_known_whoever_ends_the_cancel(database: Database) {
    for (token, confirmed, ended) in [("tok_3ds", 202, "voided"), ("tok_visa", 201, "refunded")] {
        let mut world = living_world(database).await;
        let user = User::customer();
        let order = world.buy(&user, "k", token).await.expect(confirmed);
        let id = order["id"].as_str().unwrap().to_owned();
        world.fail(RESTOCK, 1_000);
        world.call("POST", &format!("/orders/{id}/cancel")).user(&user).await.expect(202);
        world.service = start(&world.platform, &world.others).await;
        world.fail(RESTOCK, 0);
        let shown = world.settle_at(&user, &id, "cancelled").await;
        assert_eq!(shown["payment_status"], ended, "{}", world.platform.kind);
    }
}

#[databases]
async fn what_cost_nothing_can_be_cancelled(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    world.set_price(0);
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    assert_eq!(order["total"]["amount"], 0);
    let path = format!("/orders/{}/cancel", order["id"].as_str().unwrap());
    let cancelled = world.call("POST", &path).user(&user).await.expect(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["payment_status"]),
        (&json!("cancelled"), &json!("refunded"))
    );
    assert_eq!(world.stock(), 5);
}

#[databases]
async fn a_refund_before_the_capture_is_known_is_not_forgotten(database: Database) {
    for (part, status, ends) in [
        (100, Status::PartiallyRefunded, ("confirmed", "partially_refunded", 3)),
        (4_498, Status::Refunded, ("cancelled", "refunded", 5)),
    ] {
        let mut world = living_world(database).await;
        let user = User::customer();
        world.fail(CAPTURE, 1_000);
        let order = world.buy(&user, "k", "tok_visa").await.expect(202);
        let id = order["id"].as_str().unwrap().to_owned();
        let refund = |payment: &mut contracts::payments::Payment| {
            (payment.status, payment.captured, payment.refunded) = (status, 4_498, part);
        };
        world.payment(5, refund).await;
        world.fail(CAPTURE, 0);
        let shown = world.settle_at(&user, &id, ends.0).await;
        assert_eq!(shown["payment_status"], ends.1, "{}", world.platform.kind);
        assert_eq!(world.stock(), ends.2);
    }
}

#[databases(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_is_shipped_or_cancelled_never_both(database: Database) {
    let world = world(database).await;
    let (user, staff) = (User::customer(), User::with(&["orders:write"]));
    world.set_stock(1_000);
    for round in 0..60 {
        let order = world.buy(&user, &format!("k-{round}"), "tok_visa").await.expect(201);
        let path = format!("/orders/{}", order["id"].as_str().unwrap());
        let ship = world.call("PATCH", &format!("{path}/status"));
        let ship = ship.user(&staff).json(json!({ "status": "shipped" })).send();
        let cancel = world.call("POST", &format!("{path}/cancel")).user(&user).send();
        let (ship, cancel) = (tokio::spawn(ship), tokio::spawn(cancel));
        let (shipped, cancelled) = (ship.await.unwrap(), cancel.await.unwrap());
        let both = shipped.status == 200 && cancelled.status.is_success();
        assert!(!both, "{}: {:#}", world.platform.kind, cancelled.body);
    }
}
