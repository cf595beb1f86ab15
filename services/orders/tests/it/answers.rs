//! What becomes of an order where another service answers what does not fit.

use chassis::testing::{Database, User, databases};
use contracts::catalog::{COMMIT, QUOTE, RELEASE, RESERVE};
use contracts::payments::{AUTHORIZE, CAPTURE, REFUND, VOID};
use serde_json::json;

use crate::world::{living_world, world};

#[databases]
async fn what_may_be_held_is_let_go_and_the_request_was_none(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    for route in [QUOTE.path(), RESERVE.path()] {
        world.others.calls.misanswer(route, 1);
        assert_eq!(world.buy(&user, "k", "tok_visa").await.problem(500), "internal", "{route}");
    }
    assert_eq!((world.asked(RESERVE), world.asked(RELEASE), world.stock()), (1, 1, 5));
    let list = world.call("GET", "/orders?count=true").user(&user).await.expect(200);
    assert_eq!(list["total"], 0, "{}", world.platform.kind);
    assert_eq!(world.buy(&user, "k", "tok_visa").await.expect(201)["status"], "confirmed");
}

#[databases]
async fn before_money_has_moved_the_order_is_given_up_at_once(database: Database) {
    for route in [AUTHORIZE.path(), COMMIT.path()] {
        let world = world(database).await;
        let user = User::customer();
        world.others.calls.misanswer(route, 1);
        let order = world.buy(&user, "k", "tok_visa").await;
        let id = order.body["order_id"].as_str().or(order.body["id"].as_str()).unwrap().to_owned();
        let order = world.call("GET", &format!("/orders/{id}")).user(&user).await.expect(200);
        assert_eq!(
            (&order["status"], &order["payment_status"], &order["reason"]),
            (&json!("cancelled"), &json!("voided"), &json!("not_decided_in_time")),
            "{route}"
        );
        assert_eq!((world.asked(route), world.asked(VOID), world.stock()), (1, 1, 5));
    }
}

/// What was captured is not given back on a guess: it is asked for until it is known.
#[databases]
async fn money_that_may_have_moved_stays_until_it_is_known(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    world.others.calls.misanswer(CAPTURE, 2);
    let order = world.buy(&user, "k", "tok_visa").await.body;
    let order = world.settle(&user, order["id"].as_str().unwrap()).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("confirmed"), &json!("paid")));
    assert_eq!((world.asked(CAPTURE), world.asked(VOID), world.asked(REFUND)), (3, 0, 0));
    assert_eq!(world.stock(), 3, "{}", world.platform.kind);
}

#[databases]
async fn a_cancel_is_done_once_what_was_given_back_is_known(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    let id = order["id"].as_str().unwrap().to_owned();
    world.others.calls.misanswer(REFUND, 2);
    world.call("POST", &format!("/orders/{id}/cancel")).user(&user).await;
    let order = world.settle_at(&user, &id, "cancelled").await;
    assert_eq!(order["payment_status"], "refunded", "{}", world.platform.kind);
    let payments = world.others.payments.lock();
    let given: i64 = payments.payments.values().map(|it| it.refunded).sum();
    drop(payments);
    assert_eq!((given, world.asked(REFUND), world.stock()), (4_498, 3, 5));
}
