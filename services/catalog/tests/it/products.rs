use serde_json::{Value, json};

use crate::{Shop, mug, shirt, shop, usd, wrong_fields};
use chassis::testing::{Database, User, databases};

#[databases]
async fn a_product_is_added_and_read_by_id_and_slug(database: Database) {
    let shop = shop(database).await;
    let added = shop.write("POST", "/products", shirt()).await;
    let location = added.headers["location"].to_str().unwrap().to_owned();
    let product = added.expect(201);
    assert_eq!(product["slug"], "linen-shirt");
    assert_eq!(product["price"], usd(2900));
    assert_eq!(product["variants"][2]["sku"], "LINEN-SHIRT-M-RED");
    assert_eq!(product["variants"][2]["title"], "M / Red");
    assert_eq!(product["variants"][2]["available"], 3);
    assert_eq!(product["rating"], json!({ "average": null, "count": 0 }));
    assert_eq!(product["options"][0], json!({ "name": "Size", "values": ["S", "M"] }));
    let id = product["id"].as_str().unwrap();
    assert_eq!(location, format!("/api/v1/products/{id}"));
    for key in [id, "linen-shirt"] {
        assert_eq!(shop.get(&format!("/products/{key}")).await.expect(200), product);
    }
    assert_eq!(shop.get("/products/gone").await.problem(404), "product_not_found");
    // Another one with the same title gets names of its own.
    let again = shop.add(shirt()).await;
    assert_eq!(again["slug"], "linen-shirt-2");
    assert_eq!(again["variants"][0]["sku"], "LINEN-SHIRT-S-BLUE-2");
}

#[databases]
async fn a_product_without_options_is_described_at_the_top(database: Database) {
    let shop = shop(database).await;
    let product = shop.add(mug()).await;
    assert_eq!(product["options"], json!([]));
    assert_eq!(product["variants"][0]["sku"], "MUG");
    assert_eq!(product["variants"][0]["title"], "Default Title");
    assert_eq!(product["variants"][0]["available"], 5);
    let patch = json!({ "price": usd(999), "compare_at_price": usd(1200) });
    let product = shop.write("PATCH", "/products/mug", patch).await.expect(200);
    assert_eq!(product["price"], usd(999));
    assert_eq!(product["compare_at_price"], usd(1200));
    assert_eq!(product["variants"][0]["available"], 5, "stock stays");
    let patch = json!({ "compare_at_price": null, "seo_title": "Buy a mug" });
    let product = shop.write("PATCH", "/products/mug", patch).await.expect(200);
    assert_eq!(product["compare_at_price"], Value::Null);
    assert_eq!(product["seo_title"], "Buy a mug");
    let cleared = shop.write("PATCH", "/products/mug", json!({ "seo_title": null })).await;
    assert_eq!(cleared.expect(200)["seo_title"], Value::Null);
}

#[databases]
async fn a_replaced_product_keeps_the_stock_of_its_variants(database: Database) {
    let shop = shop(database).await;
    let before = shop.add(shirt()).await;
    let mut body = shirt();
    body["title"] = json!("Linen Shirt, washed");
    for variant in body["variants"].as_array_mut().unwrap() {
        variant.as_object_mut().unwrap().remove("on_hand");
    }
    body["variants"].as_array_mut().unwrap().remove(0);
    // A renamed SKU takes its stock along.
    body["variants"][1]["sku"] = json!("RED-M");
    let after = shop.write("PUT", "/products/linen-shirt", body.clone()).await.expect(200);
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["variants"].as_array().unwrap().len(), 2);
    assert_eq!(after["variants"][0]["id"], before["variants"][1]["id"]);
    assert_eq!(after["variants"][1]["sku"], "RED-M");
    assert_eq!(after["variants"][1]["available"], 3);
    assert_eq!(after["version"], 2);
    // The same again changes nothing.
    let again = shop.write("PUT", "/products/linen-shirt", body).await.expect(200);
    assert_eq!(again, after);
    let gone = shop.write("GET", "/inventory/LINEN-SHIRT-S-BLUE", Value::Null).await;
    assert_eq!(gone.problem(404), "sku_not_found");
    assert_eq!(catalog::invariants::ledger(&shop.test.db).await.unwrap(), Vec::<String>::new());
}

#[databases]
async fn a_deleted_product_is_gone_unless_orders_hold_some_of_it(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let held = contracts::catalog::Reserve {
        buyer: Default::default(),
        order_id: chassis::id::new(),
        lines: vec![contracts::catalog::StockLine::new("MUG", 1)],
    };
    shop.client().reserve(&held).await.unwrap();
    let refused = shop.write("DELETE", "/products/mug", Value::Null).await;
    assert_eq!(refused.problem(409), "stock_reserved");
    let renamed = shop.write("PATCH", "/products/mug", json!({ "sku": "CUP" })).await;
    assert_eq!(renamed.problem(409), "stock_reserved");
    shop.client().release(&held).await.unwrap();
    shop.write("DELETE", "/products/mug", Value::Null).await.expect(204);
    assert_eq!(shop.get("/products/mug").await.problem(404), "product_not_found");
    assert_eq!(shop.get("/products").await.expect(200)["items"], json!([]));
    let again = shop.write("DELETE", "/products/mug", Value::Null).await;
    assert_eq!(again.problem(404), "product_not_found");
    // The name is free, and its ledger goes on.
    shop.add(mug()).await;
    assert_eq!(catalog::invariants::ledger(&shop.test.db).await.unwrap(), Vec::<String>::new());
}

#[databases]
async fn names_are_taken_once(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let slug = json!({ "title": "Other", "slug": "mug", "price": usd(1) });
    assert_eq!(shop.write("POST", "/products", slug).await.problem(409), "slug_taken");
    let sku = json!({ "title": "Other", "sku": " MUG ", "price": usd(1) });
    assert_eq!(shop.write("POST", "/products", sku).await.problem(409), "sku_taken");
    shop.add(json!({ "title": "Other", "price": usd(1) })).await;
    for patch in [json!({ "slug": "mug" }), json!({ "sku": "MUG" })] {
        let refused = shop.write("PATCH", "/products/other", patch).await;
        assert!(["slug_taken", "sku_taken"].contains(&refused.problem(409).as_str()));
    }
    let page = shop.get("/products?count=true").await.expect(200);
    assert_eq!(page["total"], 2, "what was refused left nothing");
}

#[databases]
async fn only_staff_writes_and_sees_what_is_not_for_sale(database: Database) {
    let shop = shop(database).await;
    let mut draft = mug();
    draft["status"] = json!("draft");
    for (user, status) in [(None, 401), (Some(User::customer()), 403)] {
        for (method, path) in [
            ("POST", "/products"),
            ("PUT", "/products/mug"),
            ("PATCH", "/products/mug"),
            ("DELETE", "/products/mug"),
            ("POST", "/products/mug/images"),
            ("PUT", "/products/mug/images"),
            ("GET", "/inventory"),
            ("GET", "/inventory/MUG"),
            ("PUT", "/inventory/MUG"),
            ("GET", "/inventory/MUG/ledger"),
            ("POST", "/categories"),
        ] {
            let method = method.parse().unwrap();
            let call = shop.call(method, path).json(draft.clone());
            let call = user.iter().fold(call, |call, user| call.user(user));
            assert_eq!(call.await.status.as_u16(), status, "{path}");
        }
    }
    shop.add(draft).await;
    for path in ["/products/mug", "/products/mug/images"] {
        assert_eq!(shop.get(path).await.problem(404), "product_not_found");
        shop.write("GET", path, Value::Null).await.expect(200);
        assert_eq!(shop.get(path).await.problem(404), "product_not_found");
    }
    assert_eq!(shop.get("/products").await.expect(200)["items"], json!([]));
    assert_eq!(shop.get("/products?status=draft").await.problem(403), "forbidden");
    let drafts = shop.write("GET", "/products?status=draft", Value::Null).await.expect(200);
    assert_eq!(drafts["items"][0]["slug"], "mug");
    assert_eq!(shop.get("/products?status=draft").await.problem(403), "forbidden");
}

#[databases]
async fn every_wrong_field_of_a_product_is_named(database: Database) {
    let shop = shop(database).await;
    let post = async |body: Value| shop.write("POST", "/products", body).await.expect(422);
    let problem = post(json!({ "title": "", "price": usd(-1), "tags": ["a,b"] })).await;
    assert_eq!(wrong_fields(&problem), ["title", "tags[0]", "price"]);
    let problem = post(json!({ "title": "A" })).await;
    assert_eq!(wrong_fields(&problem), ["price"]);
    let eur = json!({ "amount": 1, "currency": "EUR" });
    let problem = post(json!({ "title": "A", "price": eur })).await;
    assert_eq!(wrong_fields(&problem), ["price.currency"]);
    let problem = post(json!({ "title": 1, "price": usd(1), "colour": "red" })).await;
    assert_eq!(wrong_fields(&problem).len(), 2);
    let mut both = shirt();
    both["price"] = usd(1);
    assert_eq!(wrong_fields(&post(both).await), ["price"]);
    let mut unknown = mug();
    unknown["category_ids"] = json!([chassis::id::new()]);
    assert_eq!(wrong_fields(&post(unknown).await), ["category_ids"]);
    let mut large = mug();
    large["on_hand"] = json!(i64::MAX);
    assert_eq!(wrong_fields(&post(large).await), ["on_hand"]);
    let huge = json!({ "title": "x".repeat(2 << 20) });
    assert_eq!(shop.write("POST", "/products", huge).await.status, 413);
    for broken in ["{", "[]", r#"{"title":"\u0000","price":{"amount":1,"currency":"USD"}}"#] {
        let call = shop.write("POST", "/products", Value::Null).text(broken);
        assert!(call.await.status.is_client_error(), "{broken}");
    }
    assert_eq!(shop.get("/products?count=true").await.expect(200)["total"], 0);
}

#[databases]
async fn pictures_are_added_ordered_and_taken_away(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let add = async |url: &str, alt: Value| {
        shop.write("POST", "/products/mug/images", json!({ "url": url, "alt": alt })).await
    };
    add("https://example.com/1.jpg", json!("One")).await.expect(201);
    let images = add("https://example.com/2.jpg", Value::Null).await.expect(201);
    let ids: Vec<Value> =
        images["items"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    for url in ["javascript:alert(1)", "", "https://", "ftp://example.com/x"] {
        assert_eq!(wrong_fields(&add(url, Value::Null).await.expect(422)), ["url"]);
    }
    let order = json!({ "image_ids": [ids[1], ids[0]] });
    shop.write("PUT", "/products/mug/images", order).await.expect(200);
    let product = shop.get("/products/mug").await.expect(200);
    assert_eq!(product["images"][0]["url"], "https://example.com/2.jpg");
    assert_eq!(product["images"][0]["position"], 1);
    for order in [json!([ids[0]]), json!([ids[0], ids[0]]), json!([])] {
        let body = json!({ "image_ids": order });
        let refused = shop.write("PUT", "/products/mug/images", body).await.expect(422);
        assert_eq!(wrong_fields(&refused), ["image_ids"]);
    }
    let path = format!("/products/mug/images/{}", ids[1].as_str().unwrap());
    shop.write("DELETE", &path, Value::Null).await.expect(204);
    let again = shop.write("DELETE", &path, Value::Null).await;
    assert_eq!(again.problem(404), "image_not_found");
    let left = shop.get("/products/mug/images").await.expect(200);
    assert_eq!(left["items"][0]["alt"], "One");
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}

#[databases]
async fn a_picture_of_the_shop_is_served_for_good(database: Database) {
    let shop = shop(database).await;
    let Shop { test, .. } = &shop;
    catalog::demo::seed(&test.db, test.clock, &test.currency).await.unwrap();
    let product = shop.get("/products?limit=1").await.expect(200);
    let url = product["items"][0]["images"][0]["url"].as_str().unwrap();
    let path = url.strip_prefix("/api/v1").unwrap();
    let picture = shop.get(path).await;
    assert_eq!(picture.status, 200);
    assert_eq!(picture.headers["content-type"], "image/svg+xml");
    assert_eq!(picture.headers["x-content-type-options"], "nosniff");
    assert!(picture.headers["cache-control"].to_str().unwrap().contains("immutable"));
    let policy = picture.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"));
    for gone in ["00000000-0000-0000-0000-000000000000", "x"] {
        assert_eq!(shop.get(&format!("/media/{gone}")).await.status, 404);
    }
}
