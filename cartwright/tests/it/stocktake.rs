//! What is on the shelf: counted while orders wait to be sent, and taken over from before that was
//! kept.

use cartwright::registry::DATABASES;
use cartwright::shop::Stores;
use chassis::testing::on;
use serde_json::{Value, json};

use crate::client::Http;
use crate::shop::{Live, Place, Shape, checkout, eventually_answers};

async fn buy(customer: &Http, key: &str, quantity: i64) -> String {
    let mut request = checkout("LAMP-1", "tok_visa");
    request["items"][0]["quantity"] = json!(quantity);
    let order = customer.post("/orders", request).key(key).await.expect(201);
    order["id"].as_str().expect("an id").to_owned()
}

async fn ship(admin: &Http, order: &str) {
    let path = format!("/orders/{order}/status");
    admin.call("PATCH", &path).json(json!({ "status": "shipped" })).await.expect(200);
}

fn counts(stock: &Value) -> [i64; 3] {
    ["on_hand", "allocated", "available"].map(|it| stock[it].as_i64().expect("a number"))
}

/// The stock once it is that: on hand, allocated and available.
async fn becomes(admin: &Http, wanted: [i64; 3]) {
    let ask = async || admin.get("/inventory/LAMP-1").await.expect(200);
    eventually_answers(ask, |it| counts(it) == wanted).await;
}

#[on(sqlite, postgres, apart)]
async fn staff_count_ten_of_which_four_are_sold_and_six_can_be_bought(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 10).await;
    let (customer, admin) = (shop.customer("ada").await, shop.admin().await);
    let order = buy(&customer, "k", 4).await;
    let count = admin.call("PUT", "/inventory/LAMP-1").json(json!({ "on_hand": 10 }));
    assert_eq!(counts(&count.await.expect(200)), [10, 4, 6]);
    let mut seven = checkout("LAMP-1", "tok_visa");
    seven["items"][0]["quantity"] = json!(7);
    let refused = customer.post("/orders", seven).key("k-7").await.problem(409);
    assert_eq!(refused, "out_of_stock");
    shop.check().await;
    ship(&admin, &order).await;
    becomes(&admin, [6, 0, 6]).await;
    buy(&customer, "k-6", 6).await;
    becomes(&admin, [6, 6, 0]).await;
    shop.check().await;
    shop.stop().await;
}

/// The catalog as a version left it that took what was sold off `on_hand` at once.
async fn back_to_before(place: &Place) {
    let stores = Stores::open_alone(&place.config, &DATABASES).await.expect("databases");
    for store in stores.all() {
        let (name, db, migrations) = store.expect("migrations");
        if name == "catalog" {
            db.migrate_down(migrations, "catalog", 11).await.expect("down");
        }
    }
    stores.close().await;
}

async fn sells(shop: &Live) -> Http {
    shop.product("LAMP-1", 1_999, 10).await;
    shop.customer("ada").await
}

#[on(sqlite, postgres, apart)]
async fn what_was_sold_before_is_on_the_shelf_until_it_is_shipped(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let customer = sells(&shop).await;
    let admin = shop.admin().await;
    let mut orders = Vec::new();
    for key in ["sent", "waits", "cancelled", "refunded"] {
        orders.push(buy(&customer, key, 2).await);
    }
    ship(&admin, &orders[0]).await;
    becomes(&admin, [8, 6, 2]).await;
    customer.call("POST", &format!("/orders/{}/cancel", orders[2])).await.expect(200);
    becomes(&admin, [8, 4, 4]).await;
    shop.stop().await;
    back_to_before(&place).await;

    let shop = place.start().await;
    let admin = shop.admin().await;
    becomes(&admin, [8, 4, 4]).await;
    ship(&admin, &orders[1]).await;
    becomes(&admin, [6, 2, 4]).await;
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn nobody_is_refused_by_what_they_hold_themselves(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let lamp = shop.product("LAMP-1", 1_999, 1).await;
    let (ada, bob) = (shop.customer("ada").await, shop.customer("bob").await);
    let item = json!({ "sku": "LAMP-1", "quantity": 1 });
    for customer in [&ada, &bob] {
        customer.post("/cart/items", item.clone()).await.expect(200);
    }
    let mut cart = checkout("LAMP-1", "tok_3ds");
    cart.as_object_mut().unwrap().remove("items");
    let order = ada.post("/orders", cart).key("k-1").await.expect(202);
    // The last one is held for her order, which waits for her.
    let (own, other) = (ada.get("/cart").await.expect(200), bob.get("/cart").await.expect(200));
    let bought = |cart: &Value| cart["items"][0]["purchasable"].clone();
    assert_eq!((bought(&own), bought(&other)), (json!(true), json!(false)), "{}", place.kind);
    assert_eq!(own["notices"], Value::Null);
    let change = json!({ "quantity": 1 });
    ada.call("PATCH", "/cart/items/LAMP-1").json(change).await.expect(200);
    let cancel = format!("/orders/{}/cancel", order["id"].as_str().unwrap());
    assert_eq!(ada.post(&cancel, json!({})).await.expect(200)["status"], "cancelled");

    // What she holds outside of orders is hers to buy.
    let hold = format!("/products/{}/reservations", lamp["id"].as_str().unwrap());
    ada.post(&hold, json!({ "quantity": 1 })).await.expect(201);
    let refused = bob.post("/orders", checkout("LAMP-1", "tok_visa")).key("b").await;
    assert_eq!(refused.problem(409), "out_of_stock", "{}", place.kind);
    buy(&ada, "k-2", 1).await;
    shop.check().await;
    shop.stop().await;
}
