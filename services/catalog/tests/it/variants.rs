//! One variant at a time: read, added, changed and deleted.

use chassis::testing::{Database, User, databases};
use contracts::catalog::{Reserve, StockLine};
use serde_json::{Value, json};

use crate::{Shop, mug, public, shirt, shop, usd, wrong_fields};

async fn books_agree(shop: &Shop) {
    let wrong = catalog::invariants::ledger(&shop.test.db).await.expect("an audit");
    assert_eq!(wrong, Vec::<String>::new());
}

fn held(sku: &str) -> Reserve {
    let lines = vec![StockLine::new(sku, 1)];
    Reserve { order_id: chassis::id::new(), lines, buyer: Default::default() }
}

#[databases]
async fn a_variant_is_read_by_its_id_and_its_sku(database: Database) {
    let shop = shop(database).await;
    let product = shop.add(shirt()).await;
    shop.client().reserve(&held("LINEN-SHIRT-M-RED")).await.unwrap();
    let read =
        async |key: &str| shop.write("GET", &format!("/variants/{key}"), Value::Null).send().await;
    let id = product["variants"][2]["id"].as_str().unwrap();
    let variant = read(id).await;
    assert_eq!(variant.headers["etag"], "\"1\"");
    let variant = variant.expect(200);
    assert_eq!(read("LINEN-SHIRT-M-RED").await.expect(200), variant);
    for (field, value) in [
        ("sku", json!("LINEN-SHIRT-M-RED")),
        ("title", json!("M / Red")),
        ("price", usd(2900)),
        ("cost", Value::Null),
        ("on_hand", json!(3)),
        ("allocated", json!(0)),
        ("reserved", json!(1)),
        ("available", json!(2)),
        ("version", json!(1)),
        ("product_id", product["id"].clone()),
        ("product_slug", json!("linen-shirt")),
        ("product_title", json!("Linen Shirt")),
        ("product_status", json!("active")),
    ] {
        assert_eq!(variant[field], value, "{field}");
    }
    // SKUs are a merchant's own, with slashes and all.
    let odd = json!({ "title": "Odd", "price": usd(1), "sku": "A/B C%1" });
    let odd = shop.add(odd).await;
    assert_eq!(read("A%2FB%20C%251").await.expect(200)["id"], odd["variants"][0]["id"]);
    for gone in ["NONE", "00000000-0000-0000-0000-000000000000", "linen-shirt"] {
        assert_eq!(read(gone).await.problem(404), "variant_not_found");
    }
    for (user, status) in [(None, 401), (Some(User::customer()), 403)] {
        for (method, path) in [
            ("GET", "/variants/MUG"),
            ("PATCH", "/variants/MUG"),
            ("DELETE", "/variants/MUG"),
            ("POST", "/variants/bulk"),
            ("POST", "/products/linen-shirt/variants"),
        ] {
            let call = shop.call(method.parse().unwrap(), path).json(json!({}));
            let call = user.iter().fold(call, |call, user| call.user(user));
            assert_eq!(call.await.status.as_u16(), status, "{method} {path}");
        }
    }
}

#[databases]
async fn a_variant_is_changed_and_its_product_with_it(database: Database) {
    let shop = shop(database).await;
    let product = shop.add(shirt()).await;
    let patch = |sku: &str, body: Value| shop.write("PATCH", &format!("/variants/{sku}"), body);
    let body = json!({
        "sku": "RED/M", "options": { "Size": "XL" }, "price": usd(2500),
        "compare_at_price": usd(3500), "cost": usd(1100), "barcode": " 4006381333931 ",
        "weight_grams": 180, "weight_unit": "g", "requires_shipping": false, "taxable": false,
        "tax_code": "P0000000", "image": "https://example.com/red.jpg",
        "inventory_policy": "continue"
    });
    let answer = patch("LINEN-SHIRT-M-RED", body.clone()).send().await;
    assert_eq!(answer.headers["etag"], "\"2\"");
    let variant = answer.expect(200);
    for (field, value) in body.as_object().unwrap() {
        match field.as_str() {
            "options" => assert_eq!(variant["options"], json!({ "Size": "XL", "Colour": "Red" })),
            "barcode" => assert_eq!(variant["barcode"], "4006381333931"),
            _ => assert_eq!(&variant[field], value, "{field}"),
        }
    }
    assert_eq!(
        (&variant["title"], &variant["on_hand"], &variant["available"]),
        (&json!("XL / Red"), &json!(3), &Value::Null)
    );
    let after = shop.get("/products/linen-shirt").await.expect(200);
    assert_eq!(after["version"], 2);
    assert_eq!(after["variants"][2]["sku"], "RED/M");
    assert_eq!(after["variants"][2]["id"], product["variants"][2]["id"]);
    assert_eq!(after["options"][0]["values"], json!(["S", "M", "XL"]));
    assert_eq!(after["variants"][0], public(product.clone())["variants"][0]);
    // Null removes; what is left out stays; the same again changes nothing.
    let body = json!({ "cost": null, "compare_at_price": null, "image": null });
    let variant = patch("RED%2FM", body.clone()).await.expect(200);
    assert_eq!((&variant["cost"], &variant["image"]), (&Value::Null, &Value::Null));
    assert_eq!((&variant["price"], &variant["version"]), (&usd(2500), &json!(3)));
    assert_eq!(patch("RED%2FM", body).await.expect(200), variant);
    // Stock goes by the same rules as everywhere.
    let refused = patch("RED%2FM", json!({ "on_hand": 9 })).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["on_hand"]);
    let counted = patch("RED%2FM", json!({ "on_hand": 9, "expected": 3 })).await.expect(200);
    assert_eq!((&counted["on_hand"], &counted["version"]), (&json!(9), &json!(3)));
    books_agree(&shop).await;
}

#[databases]
async fn a_variant_that_would_be_wrong_is_refused(database: Database) {
    let shop = shop(database).await;
    let product = shop.add(shirt()).await;
    shop.add(mug()).await;
    for (body, field) in [
        (json!({ "options": { "Size": "S", "Colour": "Blue" } }), "options"),
        (json!({ "options": { "Fit": "Slim" } }), "options"),
        (json!({ "options": { "Size": "" } }), "options"),
        (json!({ "sku": "LINEN-SHIRT-S-BLUE" }), "sku"),
        (json!({ "id": product["variants"][0]["id"] }), "id"),
        (json!({ "price": usd(-1) }), "price"),
        (json!({ "price": { "amount": 1, "currency": "EUR" } }), "price.currency"),
        (json!({ "cost": { "amount": 1, "currency": "EUR" } }), "cost.currency"),
        (json!({ "image": "javascript:x" }), "image"),
        (json!({ "colour": "red" }), "colour"),
        (json!({ "expected": 3 }), "expected"),
    ] {
        let call = shop.write("PATCH", "/variants/LINEN-SHIRT-M-RED", body.clone());
        assert_eq!(wrong_fields(&call.await.expect(422)), [field], "{body}");
    }
    let taken = shop.write("PATCH", "/variants/LINEN-SHIRT-M-RED", json!({ "sku": "MUG" })).await;
    assert_eq!(taken.problem(409), "sku_taken");
    let own = json!({ "id": product["variants"][2]["id"], "price": usd(2900) });
    shop.write("PATCH", "/variants/LINEN-SHIRT-M-RED", own).await.expect(200);
    shop.client().reserve(&held("MUG")).await.unwrap();
    let renamed = shop.write("PATCH", "/variants/MUG", json!({ "sku": "CUP" })).await;
    assert_eq!(renamed.problem(409), "stock_reserved");
    let now = shop.get("/products/linen-shirt").await.expect(200);
    assert_eq!(now["version"], 1, "what was refused left nothing");
}

#[databases]
async fn a_variant_is_added_with_its_stock(database: Database) {
    let shop = shop(database).await;
    shop.add(shirt()).await;
    let add = |body: Value| shop.write("POST", "/products/linen-shirt/variants", body);
    let new = json!({
        "options": { "Size": "L", "Colour": "Green" }, "price": usd(3200), "cost": usd(900),
        "on_hand": 6
    });
    let added = add(new.clone()).send().await;
    let location = added.headers["location"].to_str().unwrap().to_owned();
    let added = added.expect(201);
    assert_eq!(location, format!("/api/v1/variants/{}", added["id"].as_str().unwrap()));
    assert_eq!(added["sku"], "LINEN-SHIRT-L-GREEN");
    assert_eq!(
        (&added["position"], &added["on_hand"], &added["cost"]),
        (&json!(4), &json!(6), &usd(900))
    );
    let path = location.strip_prefix("/api/v1").unwrap();
    assert_eq!(shop.write("GET", path, Value::Null).await.expect(200), added);
    let product = shop.get("/products/linen-shirt").await.expect(200);
    assert_eq!(product["options"][1]["values"], json!(["Blue", "Red", "Green"]));
    let versions: Vec<_> =
        product["variants"].as_array().unwrap().iter().map(|it| it["version"].clone()).collect();
    assert_eq!(versions, [1, 1, 1, 2]);
    for (body, field) in [
        (new, "options"),
        (json!({ "price": usd(1) }), "options"),
        (json!({ "options": { "Size": "L" }, "price": usd(1) }), "options"),
        (json!({ "options": { "Size": "L", "Colour": "Red" } }), "price"),
        (
            json!({ "sku": "LINEN-SHIRT-M-RED", "price": usd(1),
                    "options": { "Size": "L", "Colour": "Red" } }),
            "sku",
        ),
        (
            json!({ "id": chassis::id::new(), "price": usd(1),
                    "options": { "Size": "L", "Colour": "Red" } }),
            "id",
        ),
    ] {
        assert_eq!(wrong_fields(&add(body.clone()).await.expect(422)), [field], "{body}");
    }
    shop.add(mug()).await;
    let taken =
        json!({ "sku": "MUG", "price": usd(1), "options": { "Size": "L", "Colour": "Red" } });
    assert_eq!(add(taken).await.problem(409), "sku_taken");
    let second = shop.write("POST", "/products/mug/variants", json!({ "price": usd(1) })).await;
    assert_eq!(wrong_fields(&second.expect(422)), ["options"]);
    let nowhere = shop.write("POST", "/products/gone/variants", json!({ "price": usd(1) })).await;
    assert_eq!(nowhere.problem(404), "product_not_found");
    books_agree(&shop).await;
}

#[databases]
async fn a_variant_is_deleted_unless_it_is_held_or_the_last_one(database: Database) {
    let shop = shop(database).await;
    let product = shop.add(shirt()).await;
    let delete = |key: &str| shop.write("DELETE", &format!("/variants/{key}"), Value::Null);
    let order = held("LINEN-SHIRT-S-BLUE");
    shop.client().reserve(&order).await.unwrap();
    assert_eq!(delete("LINEN-SHIRT-S-BLUE").await.problem(409), "stock_reserved");
    shop.client().release(&order).await.unwrap();
    delete("LINEN-SHIRT-S-BLUE").await.expect(204);
    assert_eq!(delete("LINEN-SHIRT-S-BLUE").await.problem(404), "variant_not_found");
    let stock = shop.write("GET", "/inventory/LINEN-SHIRT-S-BLUE", Value::Null).await;
    assert_eq!(stock.problem(404), "sku_not_found");
    let after = shop.get("/products/linen-shirt").await.expect(200);
    assert_eq!(after["options"][0]["values"], json!(["M"]));
    // Those that moved up were not edited.
    let left = &after["variants"][0];
    assert_eq!((&left["position"], &left["version"]), (&json!(1), &json!(1)));
    assert_eq!((&left["id"], &left["available"]), (&product["variants"][1]["id"], &json!(3)));
    delete(left["id"].as_str().unwrap()).await.expect(204);
    assert_eq!(delete("LINEN-SHIRT-M-RED").await.problem(409), "last_variant");
    shop.write("GET", "/variants/LINEN-SHIRT-M-RED", Value::Null).await.expect(200);
    books_agree(&shop).await;
}

#[databases]
async fn a_variant_is_written_at_the_version_that_was_seen(database: Database) {
    let shop = shop(database).await;
    shop.add(shirt()).await;
    let patch = |tag: &str, price: i64| {
        let call =
            shop.write("PATCH", "/variants/LINEN-SHIRT-M-RED", json!({ "price": usd(price) }));
        call.header("if-match", tag)
    };
    patch("\"1\"", 10).await.expect(200);
    let stale = patch("\"1\"", 20).send().await;
    assert_eq!(stale.body["version"], 2);
    assert_eq!(stale.problem(412), "precondition_failed");
    patch("*", 30).await.expect(200);
    let delete = |tag: &str| {
        let call = shop.write("DELETE", "/variants/LINEN-SHIRT-M-RED", Value::Null);
        call.header("if-match", tag)
    };
    assert_eq!(delete("\"2\"").await.problem(412), "precondition_failed");
    // Sales are no edits.
    shop.client().reserve(&held("LINEN-SHIRT-S-BLUE")).await.unwrap();
    let other = shop.write("PATCH", "/variants/LINEN-SHIRT-S-BLUE", json!({ "price": usd(1) }));
    other.header("if-match", "\"1\"").await.expect(200);
    delete("\"3\"").await.expect(204);
    let new = json!({ "options": { "Size": "L", "Colour": "Red" }, "price": usd(1) });
    let add = |tag: &str| {
        let call = shop.write("POST", "/products/linen-shirt/variants", new.clone());
        call.header("if-match", tag)
    };
    assert_eq!(add("\"1\"").await.problem(412), "precondition_failed");
    let version = shop.get("/products/linen-shirt").await.expect(200)["version"].clone();
    add(&format!("\"{version}\"")).await.expect(201);
}
