//! Wall clocks that are wrong, or are set while the shop runs: nothing is cancelled early, nothing
//! waits for longer than it was to, and no customer is told that they are not who they are.

use chassis::testing::{eventually, on};
use serde_json::{Value, json};

use crate::apart::second_copy;
use crate::client::Http;
use crate::program::{Program, free_address};
use crate::shop::{ADMIN, Place, Shape, checkout, eventually_answers, sqlite};

const HOUR: i64 = 3_600;

#[on(apart, flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_whose_clock_is_wrong_cancels_nothing_and_refuses_nobody(shape: Shape) {
    let mut place = shape.place().await;
    let second = second_copy(&mut place, "orders");
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 1_000).await;
    let first = place.ports.as_ref().expect("ports")["orders"];
    for wrong in [-HOUR, -HOUR / 3, HOUR / 3, HOUR] {
        place.set_clock(wrong);
        let mut copy = Program::start(&place, &["orders"], second);
        copy.ready().await;
        let customer = shop.customer(&format!("ada{wrong}")).await;
        let order = waiting(&customer.at(first)).await;
        for number in 0..10 {
            let bought = customer.at(second).post("/orders", checkout("LAMP-1", "tok_visa"));
            bought.key(&format!("{wrong}.{number}")).await.expect(201);
            let order = show(&customer, &order).await;
            assert_eq!(order["payment_status"], "requires_action", "{wrong}: {order:#}");
        }
        confirmed(&customer, &order).await;
        let health = shop.http.at(second).get("//health").await.expect(200);
        let offset = health["clock_offset_seconds"].as_f64().expect("a number");
        assert!((offset - wrong as f64).abs() < 60.0, "{health:#}");
        copy.stop().await;
    }
    shop.check().await;
    shop.stop().await;
}

#[on(apart, flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_whose_clock_is_wrong_knows_its_customers(shape: Shape) {
    let mut place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 1_000).await;
    let customer = shop.customer("ada").await;
    for wrong in [-HOUR, HOUR] {
        place.set_clock(wrong);
        let address = free_address();
        let mut gateway = Program::start(&place, &["gateway"], address);
        gateway.ready().await;
        let customer = customer.at(address);
        customer
            .post("/orders", checkout("LAMP-1", "tok_visa"))
            .key(&wrong.to_string())
            .await
            .expect(201);
        customer.get("/users/me").await.expect(200);
        gateway.stop().await;
    }
    shop.check().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_moves_no_shop_on_sqlite() {
    // One that was not running cannot know that the hour has not passed.
    let mut place = sqlite();
    for (step, killed) in [(-HOUR, false), (HOUR, false), (-HOUR, true)] {
        step_under(&mut place, step, killed).await;
    }
}

#[on(postgres, flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_moves_no_shop_on_postgresql(shape: Shape) {
    let mut place = shape.place().await;
    for (step, killed) in [(-HOUR, false), (HOUR, false), (-HOUR, true), (HOUR, true)] {
        step_under(&mut place, step, killed).await;
    }
}

/// Sets the clock while an order waits for its customer, and perhaps kills the process meanwhile.
async fn step_under(place: &mut Place, step: i64, killed: bool) {
    let case = format!("{} {step} {killed}", place.kind);
    place.set_clock(0);
    let (address, operators) = (free_address(), free_address());
    place.config.gateway.metrics_listen = operators.to_string();
    let mut shop = Program::start(place, &[], address);
    shop.ready().await;
    let http = Http::new(address);
    let sku = format!("LAMP-{}", case.replace(' ', "-"));
    stock_up(&http, &sku).await;
    let name = case.replace(' ', ".");
    let account = json!({ "email": format!("{name}@example.com"), "name": "Ada",
                          "password": "correct horse battery" });
    let customer = http.post("/auth/register", account).await.expect(201);
    let customer = http.bearer(customer["access_token"].as_str().expect("a token"));
    let order = customer.post("/orders", checkout(&sku, "tok_3ds")).key("k").await.expect(202);
    if killed {
        shop.kill();
    }
    place.set_clock(step);
    if killed {
        shop = Program::start(place, &[], address);
        shop.ready().await;
    } else {
        compared(&Http::new(operators), step).await;
    }
    // What is done meanwhile is done.
    customer.post("/orders", checkout(&sku, "tok_visa")).key("k2").await.expect(201);
    confirmed(&customer, &order).await;
    let check = place.command(&["check"]).output().expect("a check");
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(check.status.success(), "{case}: {said}{}", String::from_utf8_lossy(&check.stderr));
    shop.stop().await;
}

/// Waits until the process has looked at the clock again.
async fn compared(http: &Http, step: i64) {
    eventually("the clock is looked at", async || {
        let numbers = http.get("//metrics").await;
        let numbers = String::from_utf8_lossy(&numbers.bytes).into_owned();
        let offset = numbers.lines().find_map(|it| it.strip_prefix("clock_offset_seconds "));
        let offset: f64 = offset.and_then(|it| it.parse().ok()).unwrap_or_default();
        (offset - step as f64).abs() < 60.0
    })
    .await;
}

/// An order that waits for its customer.
async fn waiting(customer: &Http) -> Value {
    let order = customer.post("/orders", checkout("LAMP-1", "tok_3ds")).key("waiting").await;
    order.expect(202)
}

/// The customer does what they are waited for, and has bought.
async fn confirmed(customer: &Http, order: &Value) {
    let confirm = order["payment"]["next_action"]["href"].as_str().expect("an address");
    let outcome = json!({ "outcome": "approve" });
    customer.post(&format!("/{confirm}"), outcome).await.expect(200);
    eventually_answers(async || show(customer, order).await, |it| it["status"] == "confirmed")
        .await;
}

async fn show(customer: &Http, order: &Value) -> Value {
    let id = order["id"].as_str().expect("an id");
    customer.get(&format!("/orders/{id}")).await.expect(200)
}

async fn stock_up(http: &Http, sku: &str) {
    let login = json!({ "email": ADMIN.0, "password": ADMIN.1 });
    let admin = http.post("/auth/login", login).await.expect(200);
    let admin = http.bearer(admin["access_token"].as_str().expect("a token"));
    let product = json!({ "title": "Lamp", "status": "active",
        "variants": [{ "sku": sku, "price": { "amount": 1_999, "currency": "USD" } }] });
    admin.post("/products", product).await.expect(201);
    let path = format!("/inventory/{sku}");
    admin.call("PUT", &path).json(json!({ "on_hand": 100 })).await.expect(200);
}
