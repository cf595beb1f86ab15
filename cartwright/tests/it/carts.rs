//! What is in a cart is charged once, whatever is done to the cart while its order is undecided.

use std::collections::BTreeMap;

use chassis::db::Session;
use chassis::testing::on;
use futures::StreamExt;
use futures::future::join;
use futures::stream::iter;
use serde_json::{Value, json};

use crate::client::{Http, Reply};
use crate::shop::{Live, Shape, address, eventually_answers};

/// Carts per case.
const CARTS: usize = 40;
/// How many of them at a time.
const AT_ONCE: usize = 8;

/// A guest with a cart.
struct Guest {
    http: Http,
    name: String,
}

impl Guest {
    /// A new guest who has put this SKU into a cart.
    async fn with(shop: &Live, sku: &str, name: String) -> Self {
        let add = json!({ "sku": sku, "quantity": 1 });
        let cart = shop.http.post("/cart/items", add).await;
        let token = cart.headers["x-cart-token"].to_str().expect("a token").to_owned();
        cart.expect(200);
        Self { http: shop.http.with("x-cart-token", &token), name }
    }

    async fn add(&self, sku: &str) {
        let add = json!({ "sku": sku, "quantity": 1 });
        self.http.post("/cart/items", add).await.expect(200);
    }

    async fn buy(&self, key: &str, request: Value) -> Reply {
        let mut request = request;
        request["email"] = json!(format!("{}@example.com", self.name));
        self.http.post("/orders/checkout", request).key(&format!("{}-{key}", self.name)).await
    }
}

/// A checkout of the cart.
pub fn of_cart(token: &str) -> Value {
    json!({
        "shipping_address": address(),
        "payment": { "provider": "sandbox", "token": token },
    })
}

fn superseding(token: &str) -> Value {
    let mut request = of_cart(token);
    request["supersede"] = json!(true);
    request
}

/// The customer approves the payment of a guest's order.
async fn confirm(shop: &Live, order: &Value) -> Reply {
    let holder = shop.http.with("x-order-token", order["access_token"].as_str().expect("a token"));
    let path = format!("/payments/{}/confirm", order["payment"]["id"].as_str().expect("an id"));
    holder.post(&path, json!({ "outcome": "approve" })).await
}

async fn decided(shop: &Live, order: &Value, status: &str) {
    let holder = shop.http.with("x-order-token", order["access_token"].as_str().expect("a token"));
    let path = format!("/orders/{}", order["id"].as_str().expect("an id"));
    eventually_answers(async || holder.get(&path).await.expect(200), |it| it["status"] == status)
        .await;
}

/// The order is accepted, and by and by it is paid.
async fn paid(shop: &Live, reply: Reply) -> Value {
    assert!([201, 202].contains(&reply.status.as_u16()), "{reply:?}");
    decided(shop, &reply.body, "confirmed").await;
    reply.body
}

/// Units of each SKU that are paid and not given back.
pub async fn sold(shop: &Live) -> BTreeMap<String, i64> {
    let db = shop.stores().get("orders").expect("a database");
    let sold: Vec<(String, i64)> = db
        .query(
            "SELECT sku, CAST(SUM(quantity) AS BIGINT) FROM order_lines
             JOIN orders ON orders.id = order_lines.order_id
             WHERE status = 'confirmed' AND payment_status = 'paid' GROUP BY sku",
        )
        .all()
        .await
        .expect("sums");
    sold.into_iter().collect()
}

/// Runs a case for many carts, and looks at what was sold.
async fn each(shop: &Live, case: &str, run: impl AsyncFn(Guest)) {
    let sku = format!("A-{case}");
    shop.product(&sku, 10_000, 1_000).await;
    iter(0..CARTS)
        .map(|n| Guest::with(shop, &sku, format!("{case}-{n}")))
        .buffer_unordered(AT_ONCE)
        .for_each_concurrent(AT_ONCE, async |guest| run(guest).await)
        .await;
    assert_eq!(sold(shop).await.get(&sku), Some(&(CARTS as i64)), "{case}: each was bought once");
    shop.check().await;
}

/// The first order's payment is on its way, and of unknown outcome; something is added.
async fn while_it_is_captured(shop: &Live, guest: Guest) {
    let first = guest.buy("1", of_cart("tok_timeout")).await;
    assert!([201, 202].contains(&first.status.as_u16()), "{first:?}");
    let first = first.body;
    guest.add("B").await;
    let second = guest.buy("2", of_cart("tok_visa")).await;
    if second.status != 409 {
        // The first was decided by then.
        let second = paid(shop, second).await;
        assert_eq!(second["items"].as_array().expect("items").len(), 1, "{second}");
        return;
    }
    assert_eq!(second.body["order_id"], first["id"]);
    assert_eq!(second.problem(409), "cart_already_ordered");
    // Its money may be on its way: it is not given up for another.
    let third = guest.buy("3", superseding("tok_visa")).await;
    if third.status == 409 {
        assert!(third.headers.contains_key("retry-after"), "{third:?}");
        assert_eq!(third.problem(409), "order_undecided");
    }
    decided(shop, &first, "confirmed").await;
    let last = paid(shop, guest.buy("3", superseding("tok_visa")).await).await;
    assert_eq!(last["items"].as_array().expect("items").len(), 1);
    assert_eq!(last["items"][0]["sku"], "B");
}

/// The first order waits for 3-D Secure; something is added.
async fn while_it_waits_for_its_customer(shop: &Live, guest: Guest) {
    let first = guest.buy("1", of_cart("tok_3ds")).await.expect(202);
    guest.add("B").await;
    let second = guest.buy("2", of_cart("tok_visa")).await;
    assert_eq!(second.body["order_id"], first["id"]);
    assert_eq!(second.problem(409), "cart_already_ordered");
    if guest.name.ends_with(['0', '2', '4', '6', '8']) {
        confirm(shop, &first).await.expect(200);
        decided(shop, &first, "confirmed").await;
        let last = paid(shop, guest.buy("3", of_cart("tok_visa")).await).await;
        assert_eq!(last["items"][0]["sku"], "B");
    } else {
        let last = paid(shop, guest.buy("3", superseding("tok_visa")).await).await;
        assert_eq!(last["items"].as_array().expect("items").len(), 2);
        assert_eq!(confirm(shop, &first).await.expect(200)["status"], "voided");
        decided(shop, &first, "cancelled").await;
    }
}

/// The guest's order waits for 3-D Secure; the guest logs in, and the cart goes into the user's.
async fn while_it_is_merged(shop: &Live, customer: &Http, guest: Guest) {
    let first = guest.buy("1", of_cart("tok_3ds")).await.expect(202);
    let token = guest.http.header("x-cart-token").expect("a token");
    customer.call("POST", "/cart/merge").header("x-cart-token", &token).await.expect(200);
    let buy = |key: &str| {
        customer.post("/orders/checkout", of_cart("tok_visa")).key(&format!("{}-{key}", guest.name))
    };
    let second = buy("2").await;
    assert_eq!(second.body["order_id"], first["id"], "{second:?}");
    assert_eq!(second.problem(409), "cart_already_ordered");
    confirm(shop, &first).await.expect(200);
    decided(shop, &first, "confirmed").await;
    assert_eq!(buy("3").await.problem(409), "cart_already_paid");
}

/// Two tabs: one buys, the other sets the quantity that is there already, and buys.
async fn in_two_tabs(shop: &Live, sku: &str, guest: Guest) {
    let other = async {
        let same = guest.http.call("PATCH", &format!("/cart/items/{sku}"));
        // The first tab may have been faster with everything.
        same.json(json!({ "quantity": 1 })).await;
        guest.buy("2", of_cart("tok_visa")).await
    };
    let (first, second) = join(guest.buy("1", of_cart("tok_visa")), other).await;
    let mut answers = [first, second];
    answers.sort_by_key(|it| it.status);
    let [bought, refused] = answers;
    let order = paid(shop, bought).await;
    let refused = refused.expect(409);
    assert_eq!(refused["order_id"], order["id"], "{refused}");
}

/// The order is paid, and no event has come to the cart; something is added.
async fn before_the_cart_hears_of_it(shop: &Live, guest: Guest) {
    paid(shop, guest.buy("1", of_cart("tok_visa")).await).await;
    guest.add("B").await;
    let second = paid(shop, guest.buy("2", of_cart("tok_visa")).await).await;
    assert_eq!(second["items"].as_array().expect("items").len(), 1, "{second}");
    let third = guest.buy("3", of_cart("tok_visa")).await;
    assert_eq!(third.body["order_id"], second["id"]);
    assert_eq!(third.problem(409), "cart_already_paid");
}

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn the_same_goods_are_never_charged_twice(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("B", 700, 1_000).await;
    each(&shop, "two-tabs", async |guest| in_two_tabs(&shop, "A-two-tabs", guest).await).await;
    each(&shop, "unheard", async |guest| before_the_cart_hears_of_it(&shop, guest).await).await;
    each(&shop, "action", async |guest| while_it_waits_for_its_customer(&shop, guest).await).await;
    each(&shop, "captured", async |guest| while_it_is_captured(&shop, guest).await).await;
    let bought = sold(&shop).await;
    assert_eq!(bought["B"], 3 * CARTS as i64, "{}", place.kind);
    shop.stop().await;
}

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn a_guests_order_counts_for_the_user_the_guest_becomes(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("A", 10_000, 1_000).await;
    let customer = shop.customer("ada").await;
    for n in 0..CARTS {
        let guest = Guest::with(&shop, "A", format!("merged-{n}")).await;
        while_it_is_merged(&shop, &customer, guest).await;
    }
    assert_eq!(sold(&shop).await["A"], CARTS as i64, "{}", place.kind);
    shop.check().await;
    shop.stop().await;
}

#[on(apart, flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_charges_nobody_twice(shape: Shape) {
    let mut place = shape.place().await;
    // Nobody listens there.
    place.config.bus.url = "amqp://guest:guest@127.0.0.1:1".to_owned();
    let shop = place.start().await;
    shop.product("A", 10_000, 1_000).await;
    shop.product("B", 700, 1_000).await;
    iter(0..CARTS)
        .map(|n| Guest::with(&shop, "A", format!("away-{n}")))
        .buffer_unordered(AT_ONCE)
        .for_each_concurrent(AT_ONCE, async |guest| before_the_cart_hears_of_it(&shop, guest).await)
        .await;
    let all = CARTS as i64;
    assert_eq!(sold(&shop).await, [("A".to_owned(), all), ("B".to_owned(), all)].into());
    shop.stop().await;
}
