//! What becomes of an order whose money goes back: booked once, goods put back once, whoever is
//! away.

use chassis::testing::{Database, User, databases};
use contracts::catalog::RESTOCK;
use contracts::orders::OrderRefunded;
use contracts::payments::{LATE_CAPTURE, PaymentUpdated, Refunded, RefundedLine, Status};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{LAMP, World, living_world, start, world};

/// Of the 44.98 for two lamps and their shipping, by this member of staff.
fn refund(amount: i64, staff: &User) -> Refunded {
    Refunded {
        id: Uuid::now_v7(),
        amount,
        reason: "damaged".to_owned(),
        staff: Some(staff.id()),
        restock: false,
        lines: vec![],
    }
}

fn lamps(quantity: i64, restock: bool) -> Vec<RefundedLine> {
    vec![RefundedLine { sku: "LAMP-1".to_owned(), quantity, restock }]
}

fn staff() -> User {
    User::with(&["orders:read", "orders:write"])
}

async fn bought(world: &World, user: &User) -> String {
    let order = world.buy(user, "k", "tok_visa").await.expect(201);
    order["id"].as_str().expect("an id").to_owned()
}

async fn show(world: &World, id: &str, user: &User) -> Value {
    world.call("GET", &format!("/orders/{id}")).user(user).await.expect(200)
}

async fn set(world: &World, id: &str, status: &str) -> chassis::testing::Answer {
    let path = format!("/orders/{id}/status");
    world.call("PATCH", &path).user(&staff()).json(json!({ "status": status })).await
}

/// The events that tell of refunds, oldest first.
async fn refund_events(world: &World, id: &str) -> Vec<OrderRefunded> {
    let path = format!("/orders/{id}/events");
    let told = world.call("GET", &path).user(&staff()).await.expect(200);
    let refunds = told["items"].as_array().expect("items").iter();
    let refunds = refunds.filter(|it| it["type"] == "order.refunded");
    refunds.map(|it| serde_json::from_value(it["data"].clone()).expect("an event")).collect()
}

#[databases]
async fn a_refund_is_booked_once_with_who_and_why(database: Database) {
    let world = world(database).await;
    let (user, clerk) = (User::customer(), staff());
    let id = bought(&world, &user).await;
    let first = Refunded { lines: lamps(1, false), ..refund(2_249, &clerk) };
    world.refund(&first).await;
    let event = world.refund_unheard(&refund(2_249, &clerk));
    // News comes twice, and under another version.
    world.hear(&[event.clone(), event]).await;

    let seen = show(&world, &id, &clerk).await;
    assert_eq!(
        (&seen["status"], &seen["payment_status"]),
        (&json!("confirmed"), &json!("refunded"))
    );
    assert_eq!((&seen["refunded"]["amount"], world.stock()), (&json!(4_498), 3));
    assert_eq!(seen["items"][0]["refunded_quantity"], 1);
    assert_eq!(seen["items"][0]["charged"]["amount"], 4_498);
    let history = seen["history"].as_array().unwrap();
    let entry = |at: usize| {
        let it = &history[history.len() - at];
        (it["amount"]["amount"].as_i64(), it["reason"].as_str(), it["payment_status"].as_str())
    };
    assert_eq!(entry(2), (Some(2_249), Some("damaged"), Some("partially_refunded")));
    assert_eq!(entry(1), (Some(2_249), Some("damaged"), Some("refunded")));
    let by = json!({ "kind": "staff", "user_id": clerk.id() });
    assert_eq!(history.last().unwrap()["by"], by);
    // The customer learns that it was staff, not who.
    let seen = show(&world, &id, &user).await;
    let kinds: Vec<_> = seen["history"].as_array().unwrap().iter().map(|it| &it["by"]).collect();
    assert_eq!(kinds[0], &json!({ "kind": "customer" }));
    assert_eq!(kinds.last().unwrap(), &&json!({ "kind": "staff" }), "{}", world.platform.kind);

    let told = refund_events(&world, &id).await;
    let parts: Vec<_> = told.iter().map(|it| (it.amount, it.refunded, it.full)).collect();
    assert_eq!(parts, [(2_249, 2_249, false), (2_249, 4_498, true)]);
    assert_eq!((told[0].refund_id, told[0].reason.as_deref()), (first.id, Some("damaged")));
    assert_eq!(told[1].payment_status, "refunded");
    assert_eq!(
        orders::invariants::violations(&world.platform.db, chassis::testing::noon()).await.unwrap(),
        [""; 0]
    );
}

#[databases]
async fn a_refund_puts_back_what_it_says_and_a_cancel_the_rest(database: Database) {
    let mut world = living_world(database).await;
    let (user, clerk) = (User::customer(), staff());
    let id = bought(&world, &user).await;
    world.fail(RESTOCK, 2);
    world.refund(&Refunded { lines: lamps(1, true), ..refund(2_249, &clerk) }).await;
    // Also after a restart.
    world.service = start(&world.platform, &world.others).await;
    world.until(|it| it.catalog.lock().offer(LAMP).available == Some(4)).await;
    let path = format!("/orders/{id}/cancel");
    world.call("POST", &path).user(&user).await;
    let seen = world.settle_at(&user, &id, "cancelled").await;
    assert_eq!(seen["payment_status"], "refunded");
    assert_eq!((seen["refunded"]["amount"].as_i64(), world.stock()), (Some(4_498), 5));
    let history = seen["history"].as_array().unwrap().iter();
    let given: Vec<_> = history
        .filter(|it| it["amount"].is_object())
        .map(|it| (it["amount"]["amount"].as_i64(), it["reason"].as_str()))
        .collect();
    let expected = [(Some(2_249), Some("damaged")), (Some(2_249), Some("customer_request"))];
    assert_eq!(given, expected, "{}", world.platform.kind);
}

#[databases]
async fn a_refund_without_lines_puts_back_everything(database: Database) {
    let mut world = living_world(database).await;
    let id = bought(&world, &User::customer()).await;
    world.refund(&Refunded { restock: true, ..refund(100, &staff()) }).await;
    world.until(|it| it.catalog.lock().offer(LAMP).available == Some(5)).await;
    assert_eq!(set(&world, &id, "shipped").await.problem(409), "nothing_to_ship");
    let seen = show(&world, &id, &staff()).await;
    assert_eq!(seen["payment_status"], "partially_refunded");
}

#[databases]
async fn what_was_refunded_in_full_is_shipped_and_delivered_all_the_same(database: Database) {
    let world = world(database).await;
    let (user, clerk) = (User::customer(), staff());
    let id = bought(&world, &user).await;
    world.refund(&refund(4_498, &clerk)).await;
    for status in ["shipped", "delivered"] {
        let seen = set(&world, &id, status).await.expect(200);
        assert_eq!(
            (&seen["status"], &seen["payment_status"]),
            (&json!(status), &json!("refunded"))
        );
    }
    assert_eq!(set(&world, &id, "cancelled").await.problem(409), "order_shipped");
    let cancel = world.call("POST", &format!("/orders/{id}/cancel")).user(&user);
    assert_eq!(cancel.await.problem(409), "order_shipped");
    let listed = |filter: &str| world.call("GET", &format!("/orders?{filter}")).user(&user).send();
    for (filter, count) in [
        ("status=delivered&payment_status=refunded", 1),
        ("status=delivered&payment_status=paid", 0),
    ] {
        let items = listed(filter).await.expect(200)["items"].as_array().unwrap().len();
        assert_eq!(items, count, "{filter}");
    }
    // It is no status any more.
    listed("status=refunded").await.expect(422);
}

#[databases]
async fn what_was_refunded_and_never_shipped_is_cancelled_and_put_back(database: Database) {
    let world = world(database).await;
    let (user, clerk) = (User::customer(), staff());
    let id = bought(&world, &user).await;
    world.refund(&refund(4_498, &clerk)).await;
    assert_eq!(world.stock(), 3);
    for _ in 0..2 {
        let seen = set(&world, &id, "cancelled").await.expect(200);
        assert_eq!(
            (&seen["status"], &seen["payment_status"]),
            (&json!("cancelled"), &json!("refunded"))
        );
        assert_eq!((world.stock(), world.asked(RESTOCK)), (5, 1));
    }
    let seen = show(&world, &id, &clerk).await;
    let last = seen["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["to"], &last["by"]["kind"]), (&json!("cancelled"), &json!("staff")));
    assert_eq!(refund_events(&world, &id).await.len(), 1, "{}", world.platform.kind);
}

#[databases]
async fn news_of_a_refund_may_come_after_the_cancel(database: Database) {
    let world = world(database).await;
    let (user, clerk) = (User::customer(), staff());
    let id = bought(&world, &user).await;
    let late = world.refund_unheard(&refund(1_000, &clerk));
    let cancel = world.call("POST", &format!("/orders/{id}/cancel")).user(&user);
    assert_eq!(cancel.await.expect(200)["payment_status"], "refunded");
    world.hear(&[late]).await;
    let seen = show(&world, &id, &user).await;
    assert_eq!(
        (&seen["status"], &seen["refunded"]["amount"]),
        (&json!("cancelled"), &json!(4_498))
    );
    let full: Vec<_> =
        refund_events(&world, &id).await.iter().map(|it| (it.amount, it.full)).collect();
    assert_eq!(full, [(3_498, false), (1_000, true)], "{}", world.platform.kind);
}

#[databases]
async fn a_cancel_that_gives_no_money_back_says_so(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let id = bought(&world, &user).await;
    world.others.payments.lock().refund_refused = true;
    let cancel = world.call("POST", &format!("/orders/{id}/cancel")).user(&user);
    assert_eq!(cancel.await.problem(409), "refund_refused");
    assert_eq!(set(&world, &id, "cancelled").await.problem(409), "refund_refused");
    assert_eq!(show(&world, &id, &user).await["status"], "confirmed");
    // Once the money went back another way, it can be.
    world.refund(&refund(4_498, &staff())).await;
    assert_eq!(set(&world, &id, "cancelled").await.expect(200)["status"], "cancelled");
    assert_eq!(world.stock(), 5, "{}", world.platform.kind);
}

#[databases]
async fn a_refund_that_comes_back_is_taken_off_the_order(database: Database) {
    let world = world(database).await;
    let (user, clerk) = (User::customer(), staff());
    let id = bought(&world, &user).await;
    let (first, second) = (refund(1_000, &clerk), refund(500, &clerk));
    world.refund(&first).await;
    world.refund(&second).await;
    assert_eq!(show(&world, &id, &user).await["refunded"]["amount"], 1_500);
    let came_back = |refund: &Refunded, amount: i64| {
        let mut all = world.others.payments.lock();
        let payment = all.payments.values_mut().next().expect("a payment");
        payment.refunded -= amount;
        let payment = payment.clone();
        PaymentUpdated { payment, refund: None, failed_refund: Some(refund.id) }
    };
    let event = came_back(&first, 1_000);
    world.hear(std::slice::from_ref(&event)).await;
    let shown = show(&world, &id, &user).await;
    assert_eq!(shown["refunded"]["amount"], 500, "{}", world.platform.kind);
    assert_eq!(shown["payment_status"], "partially_refunded");
    // Again, it is known.
    let version = shown["history"].as_array().unwrap().len();
    let again = PaymentUpdated { payment: event.payment.clone(), ..event };
    let again = chassis::testing::event("payments", again.payment.id, 99, &again);
    chassis::testing::deliver(&world.service, &[again]).await;
    let shown = show(&world, &id, &user).await;
    assert_eq!(shown["history"].as_array().unwrap().len(), version);
    let event = came_back(&second, 500);
    world.hear(&[event]).await;
    let shown = show(&world, &id, &user).await;
    assert_eq!(
        (&shown["refunded"]["amount"], &shown["payment_status"]),
        (&json!(0), &json!("paid"))
    );
}

#[databases]
async fn money_that_came_too_late_and_went_back_was_never_the_orders(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let declined = world.buy(&user, "k", "tok_declined").await;
    let id = declined.body["order_id"].as_str().expect("an id").to_owned();
    let late = Refunded { reason: LATE_CAPTURE.to_owned(), staff: None, ..refund(4_498, &user) };
    {
        let mut all = world.others.payments.lock();
        let payment = all.payments.values_mut().next().expect("a payment");
        (payment.status, payment.captured) = (Status::Captured, payment.amount);
    }
    world.refund(&late).await;
    let shown = show(&world, &id, &user).await;
    assert_eq!(
        (&shown["payment_status"], &shown["refunded"]["amount"]),
        (&json!("failed"), &json!(0))
    );
    // It is paid otherwise.
    let again = json!({ "payment": { "provider": "sandbox", "token": "tok_visa" } });
    let paid = world.call("POST", &format!("/orders/{id}/payments")).user(&user).json(again);
    let paid = paid.await.expect(200);
    assert_eq!((&paid["payment_status"], &paid["refunded"]["amount"]), (&json!("paid"), &json!(0)));
}
