//! The saga resumes after a kill at any point: before and after each commit and each call.
//!
//! A shop on a runtime of its own is stopped at the n-th point it passes during a checkout, as a
//! kill would: nothing after it happens, what is in memory is gone. The next process over the
//! same data must bring the order to its end, and everything must agree.

use std::time::Duration;

use cartwright::registry::NAMES;
use cartwright::shop::Stores;
use chassis::db::Session;
use chassis::fault;
use chassis::testing::{eventually, eventually_spawned, on};
use serde_json::{Value, json};
use stripe_double::{Double, Kind, Options};
use tokio::runtime::Runtime;

use crate::shop::{ADMIN, Place, Shape, checkout, eventually_answers};

/// How many points the whole way of a checkout may pass at most; it takes about half of it.
const AT_MOST: i64 = 250;

#[on(sqlite, postgres)]
fn a_checkout_survives_a_kill_at_any_point(shape: Shape) {
    let place = runtime().block_on(shape.place());
    points(&place, "tok_visa", "confirmed", 1);
}

/// All processes at once, as when the machine goes down. Not at every point: there are eight to
/// start each time, and between the points is the same code.
#[on(apart)]
fn a_checkout_survives_the_end_of_all_processes(shape: Shape) {
    let mut place = runtime().block_on(shape.place());
    // What is left of the runtime before may hold its ports for a moment more.
    place.config.connections.reuse_port = true;
    points(&place, "tok_visa", "confirmed", 5);
}

#[on(sqlite, postgres)]
fn a_cancel_survives_a_kill_at_any_point(shape: Shape) {
    let place = runtime().block_on(shape.place());
    points(&place, "cancel", "cancelled", 1);
}

/// Not at every point: up to the payment it is the way of a checkout.
#[on(sqlite, postgres)]
fn a_parcel_survives_a_kill_at_many_points(shape: Shape) {
    let place = runtime().block_on(shape.place());
    points(&place, "ship", "shipped", 2);
}

/// A declined order releases its stock and takes it again with the next payment. Not at every
/// point: the way is that of a checkout, and the steps between the two payments are few.
#[on(sqlite, postgres)]
fn a_second_payment_survives_a_kill_at_many_points(shape: Shape) {
    let place = runtime().block_on(shape.place());
    points(&place, "again", "confirmed", 3);
}

/// An order that waited for its customer without a hold takes its goods when it is authorised.
#[on(sqlite, postgres)]
fn a_confirmed_payment_survives_a_kill_at_many_points(shape: Shape) {
    let mut place = runtime().block_on(shape.place());
    place.config.catalog.unpaid_share = 0;
    points(&place, "confirm", "confirmed", 3);
}

/// Money goes back once and goods go back once, whichever process was in the middle of it. Not at
/// every point: the way to the order is that of a checkout.
#[on(sqlite, postgres)]
fn a_refund_with_restock_survives_a_kill_at_many_points(shape: Shape) {
    let place = runtime().block_on(shape.place());
    points(&place, "refund", "confirmed", 3);
}

/// A provider with books of its own: each order is charged once there, and nothing stays held that
/// nobody pays for, wherever the shop was killed.
#[on(sqlite, postgres)]
fn a_payment_at_a_provider_survives_a_kill_at_many_points(shape: Shape) {
    // It outlives the shops, as a provider does.
    let outside = runtime();
    let options = Options { delivers: false, ..Options::default() };
    let double = outside.block_on(Double::start(options)).expect("a double of Stripe");
    let mut place = outside.block_on(shape.place());
    let stripe = &mut place.config.payments.stripe;
    stripe.secret_key = "sk_test_double".into();
    stripe.publishable_key = "pk_test_double".to_owned();
    stripe.api_url = double.url();
    let token = || {
        let held = json!({ "card": { "capture_method": "manual" } });
        let elements = json!({ "mode": "payment", "amount": 2_499, "currency": "usd",
                               "capture_method": "automatic", "payment_method_options": held });
        let token = double.token("card", elements).expect("a test card");
        json!({ "provider": "stripe", "token": token })
    };
    points_paid_with(&place, "stripe", "confirmed", 3, &token);
    let intents = double.objects(Kind::PaymentIntent);
    let taken = |it: &&Value| it["amount_received"] == 2_499 && it["status"] == "succeeded";
    let open = |it: &&Value| it["amount_capturable"] != 0;
    assert_eq!(intents.iter().find(open), None);
    assert_eq!(intents.iter().filter(taken).count(), orders(&outside, &place));
}

/// How many orders the customer has.
fn orders(runtime: &Runtime, place: &Place) -> usize {
    runtime.block_on(async {
        let shop = place.start_here().await;
        let all = login(&shop.http).await.get("/orders?count=true").await.expect(200);
        shop.stop().await;
        all["total"].as_u64().expect("a count") as usize
    })
}

/// Kills at the first point, then `step` points later, ... until the way is shorter than that. On
/// PostgreSQL, where a shop starts more slowly, at a third of these: the code between is the same.
fn points(place: &Place, how: &str, end: &str, step: usize) {
    let token = match how {
        "again" => "tok_declined",
        "confirm" => "tok_3ds",
        _ => "tok_visa",
    };
    let payment = || json!({ "provider": "sandbox", "token": token });
    points_paid_with(place, how, end, step, &payment);
}

/// The same, each order with a payment of its own.
fn points_paid_with(place: &Place, how: &str, end: &str, step: usize, payment: &dyn Fn() -> Value) {
    prepare(place);
    let step = if place.kind == "postgres" { step * 3 } else { step };
    let (how, end) = (how.to_owned(), end.to_owned());
    for (orders, point) in (1..).zip((0..AT_MOST).step_by(step)) {
        let key = format!("{how}-{point}");
        let payment = payment();
        let reached = killed_at(place, point, &how, &key, &payment);
        resumed(place, (&how, &key, &payment), &end, orders);
        if !reached {
            eprintln!("{how} on {}: {point} points", place.kind);
            assert!(point > 20, "only {point} points: is everything still wired?");
            return;
        }
    }
    panic!("more than {AT_MOST} points in one checkout");
}

fn prepare(place: &Place) {
    let runtime = runtime();
    runtime.block_on(async {
        let shop = place.start_here().await;
        shop.product("LAMP-1", 1_999, 1_000_000).await;
        shop.customer("ada").await;
        shop.stop().await;
    });
}

/// One process that dies at the given point. False if it got through before.
fn killed_at(place: &Place, point: i64, how: &str, key: &str, payment: &Value) -> bool {
    fault::disarm();
    let runtime = runtime();
    let reached = runtime.block_on(async {
        let shop = place.start_here().await;
        let customer = login(&shop.http).await;
        let staff = login_as(&shop.http, ADMIN).await;
        fault::arm(point);
        let (how, key, payment) = (how.to_owned(), key.to_owned(), payment.clone());
        let way = tokio::spawn(async move { way(&customer, &staff, (&how, &key, &payment)).await });
        tokio::select! {
            () = fault::reached() => true,
            ended = async {
                let ended = way.await;
                // The rest of the way is in the background: mail, cart, projections. On a machine
                // so busy that it takes longer, fewer points are tried.
                tokio::time::sleep(Duration::from_millis(700)).await;
                ended
            } => {
                ended.expect("the way ends well");
                false
            }
        }
    });
    runtime.shutdown_background();
    reached
}

/// Time passes: what the dead process had leased is free again. An embedded shop frees it at its
/// start by itself, because it knows that nobody else can hold a lease.
async fn leases_end(place: &Place) {
    if place.kind == "sqlite" {
        return;
    }
    let stores = Stores::open_as_they_are(&place.config, &NAMES).await.expect("databases");
    for store in stores.all() {
        let (name, db, _) = store.expect("a database");
        let own = match name {
            "orders" => "UPDATE sagas SET lease_until = created_at FROM orders WHERE id = order_id",
            "payments" => "UPDATE operations SET lease_until = NULL",
            "notifications" => "UPDATE messages SET lease_until = NULL WHERE state = 'sending'",
            _ => "SELECT 1",
        };
        for statement in ["UPDATE outbox SET lease_until = NULL WHERE sent_at IS NULL", own] {
            // The dead process's connections may hold locks for a moment more.
            let ended = async || db.query(statement).execute().await.is_ok();
            eventually(format!("leases of {name} end"), ended).await;
        }
    }
    stores.close().await;
}

/// The next process: the client repeats its request, the order ends, everything agrees.
fn resumed(place: &Place, (how, key, payment): Wanted<'_>, end: &str, orders: i64) {
    fault::disarm();
    let runtime = runtime();
    runtime.block_on(async {
        leases_end(place).await;
        let shop = place.start_here().await;
        let customer = login(&shop.http).await;
        let staff = login_as(&shop.http, ADMIN).await;
        let order = way(&customer, &staff, (how, key, payment)).await;
        let path = format!("/orders/{}", order["id"].as_str().expect("an id"));
        let ask = async || customer.get(&path).await.expect(200);
        let order = eventually_answers(ask, |it| it["status"] == end).await;
        if how == "refund" {
            let ask = async || customer.get(&path).await.expect(200);
            eventually_answers(ask, |it| it["payment_status"] == "refunded").await;
            let admin = shop.admin().await;
            let stock = async || admin.get("/inventory/LAMP-1").await.expect(200);
            eventually_answers(stock, |it| it["available"] == 1_000_000).await;
        }
        let all = customer.get("/orders?count=true").await.expect(200);
        assert_eq!(all["total"], orders, "{key}: one order per key");
        let admin = shop.admin().await;
        let query =
            format!("/notifications/history?order_id={}", order["id"].as_str().expect("an id"));
        let ask = async || admin.get(&query).await.expect(200);
        let mails = |history: &Value, template: &str| {
            let items = history["items"].as_array().expect("items");
            let decided = |it: &&Value| it["status"] == "logged" || it["status"] == "skipped";
            items.iter().filter(|it| it["template"] == template).filter(decided).count()
        };
        // What was cancelled before its money came is never told to be confirmed.
        let last = if end == "cancelled" { "order_cancelled" } else { "order_confirmed" };
        let history = eventually_answers(ask, |it| mails(it, last) >= 1).await;
        assert_eq!(mails(&history, last), 1, "{key}");
        assert!(mails(&history, "order_confirmed") <= 1, "{key}");
        shop.check().await;
        shop.stop().await;
    });
}

/// What the client wants: how it goes, under which key, and paid with what.
type Wanted<'a> = (&'a str, &'a str, &'a Value);

/// What the client does, again and again with the same key until it has an answer.
async fn way(
    customer: &crate::client::Http,
    staff: &crate::client::Http,
    (how, key, payment): Wanted<'_>,
) -> Value {
    let mut request = checkout("LAMP-1", "");
    request["payment"] = payment.clone();
    if how == "confirm" {
        // More than may wait for a customer.
        request["items"][0]["quantity"] = json!(2);
    }
    let order = eventually_spawned("an order", || async {
        let reply = customer.post("/orders", request.clone()).key(key).await;
        match reply.status.as_u16() {
            201 | 202 => Ok(reply.body),
            // A declined or a cancelled order answers its repeated checkout so.
            402 | 409 => Ok(json!({ "id": reply.body["order_id"] })),
            _ => Err(reply.body),
        }
    })
    .await;
    let path = format!("/orders/{}", order["id"].as_str().expect("an id"));
    let ask = async || customer.get(&path).await.expect(200);
    match how {
        "cancel" => {
            eventually_answers(ask, |it| it["status"] != "pending").await;
            customer.call("POST", &format!("{path}/cancel")).await;
        }
        "ship" => {
            eventually_answers(ask, |it| it["status"] != "pending").await;
            let shipped = json!({ "status": "shipped" });
            staff.call("PATCH", &format!("{path}/status")).json(shipped).await.expect(200);
        }
        "refund" => {
            let order = eventually_answers(ask, |it| it["status"] != "pending").await;
            let path =
                format!("/payments/{}/refunds", order["payment"]["id"].as_str().expect("one"));
            let body = json!({ "lines": [{ "sku": "LAMP-1", "quantity": 1, "restock": true }] });
            let refund = || staff.post(&path, body.clone()).key(key);
            let done = async || json!(refund().await.status.as_u16());
            eventually_answers(done, |it| *it == 201).await;
        }
        "again" => {
            let body = json!({ "payment": { "provider": "sandbox", "token": "tok_visa" } });
            let pay = || customer.post(&format!("{path}/payments"), body.clone()).key(key);
            let paid = async || json!(pay().await.status.as_u16());
            eventually_answers(paid, |it| *it == 200).await;
        }
        "confirm" => {
            let order = eventually_answers(ask, |it| it["payment_status"] != "pending").await;
            // Said twice it is what it was.
            if let Some(confirm) = order["payment"]["next_action"]["href"].as_str() {
                customer.post(&format!("/{confirm}"), json!({ "outcome": "approve" })).await;
            }
        }
        _ => {}
    }
    order
}

async fn login(http: &crate::client::Http) -> crate::client::Http {
    login_as(http, ("ada@example.com", "correct horse battery")).await
}

async fn login_as(
    http: &crate::client::Http,
    (email, password): (&str, &str),
) -> crate::client::Http {
    let login = json!({ "email": email, "password": password });
    let answer = http.post("/auth/login", login).await.expect(200);
    http.bearer(answer["access_token"].as_str().expect("a token"))
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}
