//! The stock of products, and units held outside of orders.

use chassis::testing::{Database, User, databases};
use serde_json::{Value, json};

use crate::{Shop, mug, shirt, shop, wrong_fields};

async fn available(shop: &Shop) -> Value {
    shop.get("/products/mug").await.expect(200)["available"].clone()
}

async fn books_agree(shop: &Shop) {
    assert_eq!(
        catalog::invariants::ledger(&shop.test.db).await.expect("an audit"),
        Vec::<String>::new()
    );
    assert_eq!(
        catalog::invariants::overselling(&shop.test.db).await.expect("an audit"),
        Vec::<String>::new()
    );
}

#[databases]
async fn the_stock_of_a_product_with_one_variant_is_set(database: Database) {
    let shop = shop(database).await;
    let mug = shop.add(json!({
        "title": "Mug", "price": crate::usd(1200), "sku": "MUG", "barcode": "4006381333931"
    }));
    let mug = mug.await;
    assert_eq!(mug["variants"][0]["barcode"], "4006381333931");
    let other = json!({ "barcode": "96385074", "price": crate::usd(1100) });
    let other = shop.write("PATCH", "/products/mug", other).await.expect(200);
    assert_eq!(other["variants"][0]["barcode"], "96385074");
    shop.add(shirt()).await;
    let set = async |product: &str, body: Value| {
        shop.write("PATCH", &format!("/products/{product}/stock"), body).await
    };
    for key in ["mug", mug["id"].as_str().unwrap()] {
        let product = set(key, json!({ "available": 9 })).await.expect(200);
        assert_eq!((&product["available"], &product["in_stock"]), (&json!(9), &json!(true)));
    }
    let ledger = shop.write("GET", "/inventory/MUG/ledger", Value::Null).await.expect(200);
    assert_eq!(ledger["items"][0]["reference"], format!("user:{}", shop.staff.id()));
    for on_hand in [json!(-1), json!("9"), json!(1.5), json!(i64::MAX)] {
        let refused = set("mug", json!({ "on_hand": on_hand })).await.expect(422);
        assert_eq!(wrong_fields(&refused), ["on_hand"]);
    }
    let refused = set("linen-shirt", json!({ "on_hand": 1 })).await;
    assert_eq!(refused.body["skus"].as_array().unwrap().len(), 3);
    assert_eq!(refused.problem(422), "variant_required");
    assert_eq!(set("none", json!({ "on_hand": 1 })).await.problem(404), "product_not_found");
    let path = "/api/v1/products/mug/stock";
    let call = || chassis::testing::call(&shop.router, "PATCH", path);
    let body = json!({ "on_hand": 1 });
    assert_eq!(call().json(body.clone()).await.problem(401), "unauthenticated");
    let customer = call().user(&User::customer()).json(body).await;
    assert_eq!(customer.problem(403), "forbidden");
    books_agree(&shop).await;
}

#[databases]
async fn held_units_are_nobody_elses_until_they_are_let_go(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.write("PUT", "/inventory/MUG", json!({ "on_hand": 15 })).await.expect(200);
    let [ada, bob] = [User::customer(), User::customer()];
    let hold = |user: &User, key: &str, quantity: i64| {
        let path = "/api/v1/products/mug/reservations";
        let call = chassis::testing::call(&shop.router, "POST", path).user(user);
        call.header("idempotency-key", key).json(json!({ "quantity": quantity }))
    };
    let held = hold(&ada, "a", 3).await.expect(201);
    assert_eq!((&held["sku"], &held["quantity"]), (&json!("MUG"), &json!(3)));
    assert_eq!(available(&shop).await, 12);
    // Said again it is the same hold; another one of the same name is refused.
    assert_eq!(hold(&ada, "a", 3).await.expect(201), held);
    assert_eq!(hold(&ada, "a", 1).await.problem(409), "reservation_differs");
    let short = hold(&bob, "a", 13).await;
    let line = json!({ "sku": "MUG", "requested": 13, "available": 12 });
    assert_eq!(short.body["skus"], json!([line]));
    assert_eq!(short.problem(409), "out_of_stock");

    let path = format!("/api/v1/products/mug/reservations/{}", held["id"].as_str().unwrap());
    let let_go = |user: &User| chassis::testing::call(&shop.router, "DELETE", &path).user(user);
    // Another user's id leads to nothing of another user.
    let_go(&bob).await.expect(204);
    assert_eq!(available(&shop).await, 12);
    let_go(&ada).await.expect(204);
    let_go(&ada).await.expect(204);
    assert_eq!(available(&shop).await, 15);
    assert_eq!(hold(&ada, "a", 3).await.problem(409), "reservation_released");
    books_agree(&shop).await;
}

#[databases]
async fn a_customer_cannot_hold_the_whole_stock(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.write("PUT", "/inventory/MUG", json!({ "on_hand": 500 })).await.expect(200);
    let hold = |user: &User, quantity: i64| {
        let path = "/api/v1/products/mug/reservations";
        let call = chassis::testing::call(&shop.router, "POST", path).user(user);
        call.json(json!({ "quantity": quantity }))
    };
    let ada = User::customer();
    assert_eq!(hold(&ada, 21).await.problem(409), "hold_limit");
    hold(&ada, 15).await.expect(201);
    assert_eq!(hold(&ada, 6).await.problem(409), "hold_limit");
    hold(&ada, 5).await.expect(201);
    assert_eq!(available(&shop).await, 480);
    hold(&shop.staff, 480).await.expect(201);
    assert_eq!(available(&shop).await, 0);
    books_agree(&shop).await;
}

#[databases]
async fn what_cannot_be_held_is_said(database: Database) {
    let shop = shop(database).await;
    shop.add(shirt()).await;
    let mut draft = mug();
    draft["status"] = json!("draft");
    shop.add(draft).await;
    let user = User::customer();
    let hold = |product: &str, body: Value| {
        let path = format!("/api/v1/products/{product}/reservations");
        chassis::testing::call(&shop.router, "POST", &path).user(&user).json(body)
    };
    let one = || json!({ "quantity": 1 });
    assert_eq!(hold("linen-shirt", one()).await.problem(422), "variant_required");
    let sku = json!({ "quantity": 1, "sku": "LINEN-SHIRT-M-RED" });
    assert_eq!(hold("linen-shirt", sku).await.expect(201)["sku"], "LINEN-SHIRT-M-RED");
    let foreign = json!({ "quantity": 1, "sku": "MUG" });
    assert_eq!(hold("linen-shirt", foreign).await.problem(404), "sku_not_found");
    assert_eq!(hold("mug", one()).await.problem(404), "product_not_found");
    for quantity in [json!(0), json!(-1), json!(1000), json!("1")] {
        let refused = hold("linen-shirt", json!({ "quantity": quantity })).await.expect(422);
        assert_eq!(wrong_fields(&refused), ["quantity"]);
    }
    let path = "/api/v1/products/linen-shirt/reservations";
    let nobody = chassis::testing::call(&shop.router, "POST", path).json(one()).await;
    assert_eq!(nobody.problem(401), "unauthenticated");
}
