use chassis::testing::{Database, User, databases};
use serde_json::{Value, json};

use crate::{Shop, mug, shop, usd, wrong_fields};

/// The code of each item's problem; null where there is none.
fn outcomes(answer: &Value) -> Vec<Value> {
    let items = answer["items"].as_array().expect("items");
    let outcome = |it: &Value| {
        assert_eq!(it["ok"], it["problem"].is_null(), "{it}");
        it["problem"]["code"].clone()
    };
    items.iter().map(outcome).collect()
}

async fn products(shop: &Shop) -> Vec<Value> {
    let mut ids = Vec::new();
    for name in ["Cup", "Pot", "Lid"] {
        let product = json!({ "title": name, "price": usd(100), "sku": name, "on_hand": 2 });
        ids.push(shop.add(product).await["id"].clone());
    }
    ids
}

#[databases]
async fn several_products_are_changed_each_by_itself(database: Database) {
    let shop = shop(database).await;
    let ids = products(&shop).await;
    let unknown = json!(chassis::id::new());
    let bulk = async |action: &str, ids: Value| {
        let body = json!({ "ids": ids, "action": action });
        shop.write("POST", "/products/bulk", body).await.expect(200)
    };
    let done = bulk("archive", json!([ids[0], unknown, ids[1], ids[0]])).await;
    assert_eq!(
        outcomes(&done),
        [Value::Null, json!("product_not_found"), Value::Null, json!("duplicate_item")]
    );
    assert_eq!(done["items"][1]["id"], unknown);
    let page = shop.get("/products").await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    for (action, status) in [("draft", "draft"), ("publish", "active"), ("publish", "active")] {
        assert_eq!(outcomes(&bulk(action, json!([ids[0]])).await), [Value::Null]);
        let product = shop.write("GET", "/products/cup", Value::Null).await.expect(200);
        assert_eq!(product["status"], status);
        assert_eq!(product["variants"][0]["available"], 2, "stock stays");
    }
    // One that orders hold stays; the others go.
    let order = contracts::catalog::Reserve {
        buyer: Default::default(),
        order_id: chassis::id::new(),
        lines: vec![contracts::catalog::StockLine::new("Lid", 1)],
    };
    shop.client().reserve(&order).await.unwrap();
    let done = bulk("delete", json!([ids[2], ids[0], ids[1]])).await;
    assert_eq!(outcomes(&done), [json!("stock_reserved"), Value::Null, Value::Null]);
    let page = shop.get("/products").await.expect(200);
    assert_eq!(page["items"][0]["id"], ids[2]);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(catalog::invariants::ledger(&shop.test.db).await.unwrap(), Vec::<String>::new());
}

#[databases]
async fn several_skus_are_counted_each_by_itself(database: Database) {
    let shop = shop(database).await;
    products(&shop).await;
    let order = contracts::catalog::Reserve {
        buyer: Default::default(),
        order_id: chassis::id::new(),
        lines: vec![contracts::catalog::StockLine::new("Pot", 2)],
    };
    shop.client().reserve(&order).await.unwrap();
    let items = json!([
        { "sku": "Cup", "on_hand": 40 },
        { "sku": "Pot", "on_hand": 1 },
        { "sku": "Pan", "on_hand": 1 },
        { "sku": "Lid", "on_hand": 0 },
        { "sku": " Cup", "on_hand": 41 }
    ]);
    let done = shop.write("POST", "/inventory/bulk", json!({ "items": items })).await;
    let done = done.expect(200);
    assert_eq!(
        outcomes(&done),
        [
            Value::Null,
            json!("stock_below_reserved"),
            json!("sku_not_found"),
            Value::Null,
            json!("duplicate_item")
        ]
    );
    assert_eq!(done["items"][1]["problem"]["reserved"], 2);
    for (sku, on_hand) in [("Cup", 40), ("Pot", 2), ("Lid", 0)] {
        let stock = shop.write("GET", &format!("/inventory/{sku}"), Value::Null).await;
        assert_eq!(stock.expect(200)["on_hand"], on_hand, "{sku}");
    }
    let ledger = shop.write("GET", "/inventory/Cup/ledger", Value::Null).await.expect(200);
    assert_eq!(ledger["items"][0]["reference"], format!("user:{}", shop.staff.id()));
    assert_eq!(catalog::invariants::ledger(&shop.test.db).await.unwrap(), Vec::<String>::new());
}

#[databases]
async fn a_bulk_has_at_least_one_item_and_not_too_many(database: Database) {
    let shop = shop(database).await;
    let id = chassis::id::new();
    let one = json!({ "sku": "a", "adjust": 1 });
    for (path, body, fields) in [
        ("/products/bulk", json!({ "ids": [], "action": "publish" }), vec!["ids"]),
        ("/products/bulk", json!({ "ids": vec![id; 101], "action": "draft" }), vec!["ids"]),
        ("/products/bulk", json!({ "ids": [id], "action": "burn" }), vec!["action"]),
        ("/products/bulk", json!({ "ids": ["x"], "action": "draft" }), vec!["ids[0]"]),
        ("/inventory/bulk", json!({ "items": [] }), vec!["items"]),
        ("/inventory/bulk", json!({ "items": vec![one; 1_001] }), vec!["items"]),
        (
            "/inventory/bulk",
            json!({ "items": [
                { "sku": "a" },
                { "sku": "b", "adjust": 1 },
                { "sku": "c", "adjust": 1, "on_hand": 1 },
                { "sku": "d", "adjust": 1, "expected": 1 },
                { "sku": "e", "adjust": 1, "reason": "card 4111 1111 1111 1111" }
            ] }),
            vec!["items[4].reason"],
        ),
        (
            "/inventory/bulk",
            json!({ "items": [
                { "sku": "a" },
                { "sku": "b", "adjust": 1 },
                { "sku": "c", "adjust": 1, "on_hand": 1 },
                { "sku": "d", "adjust": 1, "expected": 1 }
            ] }),
            vec!["items[0].adjust", "items[2].adjust", "items[3].expected"],
        ),
        (
            "/inventory/bulk",
            json!({ "items": [{ "sku": "", "on_hand": -1 }] }),
            vec!["items[0].on_hand", "items[0].sku"],
        ),
    ] {
        let refused = shop.write("POST", path, body).await.expect(422);
        assert_eq!(wrong_fields(&refused), fields, "{path}");
        let customer = User::customer();
        let call = shop.call(axum::http::Method::POST, path).user(&customer).json(json!({}));
        assert_eq!(call.await.problem(403), "forbidden");
    }
}

#[databases]
async fn addresses_of_the_shop_are_no_names_of_products_or_categories(database: Database) {
    let shop = shop(database).await;
    let product = shop.add(json!({ "title": "Bulk", "price": usd(1) })).await;
    assert_eq!(product["slug"], "bulk-2");
    let slug = json!({ "title": "x", "slug": "imports", "price": usd(1) });
    let refused = shop.write("POST", "/products", slug).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["slug"]);
    let category = shop.add_category(json!({ "name": "Reorder" })).await;
    assert_eq!(category["slug"], "reorder-2");
    let slug = json!({ "name": "x", "slug": "reorder" });
    let refused = shop.write("POST", "/categories", slug).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["slug"]);
    shop.add(mug()).await;
}

async fn bulk(shop: &Shop, what: &str, items: Value) -> Value {
    shop.write("POST", &format!("/{what}/bulk"), json!({ "items": items })).await.expect(200)
}

#[databases]
async fn a_bulk_changes_status_tags_categories_vendor_and_type(database: Database) {
    let shop = shop(database).await;
    let ids = products(&shop).await;
    let kitchen = shop.add_category(json!({ "name": "Kitchen" })).await;
    let tagged = json!({ "tags": ["Blue", "old"], "categories": ["kitchen"] });
    shop.write("PATCH", "/products/cup", tagged.clone()).await.expect(200);
    shop.write("PATCH", "/products/pot", tagged).await.expect(200);
    let items = json!([
        { "id": ids[0], "add_tags": ["new", "BLUE"], "remove_tags": ["OLD", "never"],
          "add_categories": ["Garden"], "remove_categories": [kitchen["id"]], "vendor": "Harbour" },
        { "id": ids[1], "tags": ["one"], "categories": ["Garden", "kitchen"], "status": "draft",
          "product_type": "Pots" },
        { "id": ids[2], "remove_categories": ["Gardem"] },
        { "id": chassis::id::new(), "status": "draft" },
        { "id": ids[0], "status": "draft" },
    ]);
    let done = bulk(&shop, "products", items).await;
    assert_eq!(
        outcomes(&done),
        [
            Value::Null,
            Value::Null,
            json!("validation_failed"),
            json!("product_not_found"),
            json!("duplicate_item")
        ]
    );
    let problem = &done["items"][2]["problem"];
    assert_eq!(wrong_fields(problem), ["remove_categories[0]"]);
    let read = async |key: &str| {
        shop.write("GET", &format!("/products/{key}"), Value::Null).await.expect(200)
    };
    let slugs = |product: &Value| {
        let categories = product["categories"].as_array().unwrap().iter();
        let mut slugs: Vec<_> = categories.map(|it| it["slug"].clone()).collect();
        slugs.sort_by_key(Value::to_string);
        slugs
    };
    let cup = read("cup").await;
    assert_eq!(cup["tags"], json!(["Blue", "new"]));
    assert_eq!((slugs(&cup), &cup["vendor"]), (vec![json!("garden")], &json!("Harbour")));
    assert_eq!((&cup["status"], &cup["variants"][0]["available"]), (&json!("active"), &json!(2)));
    assert_eq!(done["items"][0]["version"], cup["version"]);
    let pot = read("pot").await;
    assert_eq!((&pot["tags"], &pot["status"]), (&json!(["one"]), &json!("draft")));
    assert_eq!(slugs(&pot), ["garden", "kitchen"]);
    assert_eq!(pot["product_type"], "Pots");
    // One category was made for both, and none for what was refused.
    let all = shop.get("/categories").await.expect(200);
    let all: Vec<_> = all["items"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(all, ["Garden", "Kitchen"]);
    // The same again changes nothing; deleting says no version.
    let again = json!([{ "id": ids[0], "add_tags": ["new"] }, { "id": ids[1], "delete": true }]);
    let done = bulk(&shop, "products", again).await;
    assert_eq!(done["items"][0], json!({ "id": ids[0], "ok": true, "version": cup["version"] }));
    assert_eq!(done["items"][1], json!({ "id": ids[1], "ok": true }));
    assert_eq!(shop.write("GET", "/products/pot", Value::Null).await.status, 404);
}

#[databases]
async fn a_row_is_written_at_the_version_that_was_seen(database: Database) {
    let shop = shop(database).await;
    let ids = products(&shop).await;
    let vendor = |seen: i64, vendor: &str| {
        json!([
            { "id": ids[0], "if_version": seen, "vendor": vendor },
            { "id": ids[1], "vendor": vendor },
        ])
    };
    let done = bulk(&shop, "products", vendor(1, "V1")).await;
    assert_eq!(outcomes(&done), [Value::Null, Value::Null]);
    let done = bulk(&shop, "products", vendor(1, "V2")).await;
    let changed = json!("precondition_failed");
    assert_eq!(outcomes(&done), [changed.clone(), Value::Null]);
    assert_eq!(done["items"][0]["problem"]["version"], 2);
    let delete = |seen: i64| json!([{ "id": ids[2], "if_version": seen, "delete": true }]);
    assert_eq!(outcomes(&bulk(&shop, "products", delete(7)).await), [changed.clone()]);
    assert_eq!(outcomes(&bulk(&shop, "products", delete(1)).await), [Value::Null]);
    let vendor = shop.get("/products/cup").await.expect(200)["vendor"].clone();
    assert_eq!(vendor, "V1");

    let rows = |version: i64| {
        json!([
            { "sku": "Cup", "if_version": version, "price": usd(500 + version) },
            { "sku": "Pot", "price": usd(500 + version) },
        ])
    };
    let done = bulk(&shop, "variants", rows(1)).await;
    assert_eq!(outcomes(&done), [Value::Null, Value::Null]);
    // That of the product's edit.
    assert_eq!(done["items"][0]["version"], 3);
    let done = bulk(&shop, "variants", rows(1)).await;
    assert_eq!(outcomes(&done), [changed.clone(), Value::Null]);

    let stock = shop.write("GET", "/inventory/Cup", Value::Null).send().await;
    let version: i64 = stock.headers["etag"].to_str().unwrap().trim_matches('"').parse().unwrap();
    let rows = json!([
        { "sku": "Cup", "if_version": version, "adjust": 1 },
        { "sku": "Pot", "if_version": version + 7, "adjust": 1 },
    ]);
    let done = bulk(&shop, "inventory", rows).await;
    assert_eq!(outcomes(&done), [Value::Null, changed]);
    assert_eq!(done["items"][0]["version"], version + 1);
    assert_eq!(done["items"][1]["problem"]["on_hand"], 2);
}

#[databases]
async fn a_bulk_changes_prices_costs_and_barcodes(database: Database) {
    let shop = shop(database).await;
    let shirt = shop.add(crate::shirt()).await;
    let mug = shop.add(mug()).await;
    let id = |product: &Value, at: usize| product["variants"][at]["id"].clone();
    let items = json!([
        { "sku": "LINEN-SHIRT-S-BLUE", "price": usd(10), "compare_at_price": usd(20),
          "cost": usd(5), "barcode": "4006381333931" },
        { "id": id(&mug, 0), "price": usd(11) },
        { "id": id(&shirt, 1), "price": usd(-1), "barcode": "x".repeat(300) },
        { "sku": "LINEN-SHIRT-M-RED", "cost": { "amount": 1, "currency": "EUR" } },
        { "sku": "NONE", "price": usd(1) },
        { "id": id(&shirt, 0), "price": usd(12) },
        { "sku": "mug", "price": usd(13) },
    ]);
    let done = bulk(&shop, "variants", items).await;
    assert_eq!(
        outcomes(&done),
        [
            Value::Null,
            Value::Null,
            json!("validation_failed"),
            json!("validation_failed"),
            json!("variant_not_found"),
            json!("duplicate_item"),
            json!("variant_not_found"),
        ]
    );
    assert_eq!(wrong_fields(&done["items"][2]["problem"]), ["price", "barcode"]);
    assert_eq!(wrong_fields(&done["items"][3]["problem"]), ["cost.currency"]);
    assert_eq!(
        done["items"][1],
        json!({ "id": id(&mug, 0), "sku": "MUG", "ok": true, "version": 2 })
    );
    let now = shop.write("GET", "/variants/LINEN-SHIRT-S-BLUE", Value::Null).await.expect(200);
    for (field, value) in [
        ("price", usd(10)),
        ("compare_at_price", usd(20)),
        ("cost", usd(5)),
        ("barcode", json!("4006381333931")),
        ("on_hand", json!(3)),
        ("version", json!(2)),
    ] {
        assert_eq!(now[field], value, "{field}");
    }
    let product = shop.get("/products/linen-shirt").await.expect(200);
    assert_eq!(product["variants"][1]["price"], usd(3100));
    assert_eq!((&product["version"], &product["price"]), (&json!(2), &usd(10)));
    assert_eq!(shop.get("/products/mug").await.expect(200)["price"], usd(11));
    let cleared = json!([{ "sku": "LINEN-SHIRT-S-BLUE", "cost": null, "barcode": null }]);
    assert_eq!(outcomes(&bulk(&shop, "variants", cleared).await), [Value::Null]);
    let now = shop.write("GET", "/variants/LINEN-SHIRT-S-BLUE", Value::Null).await.expect(200);
    assert_eq!((&now["cost"], &now["barcode"]), (&Value::Null, &Value::Null));
    assert_eq!(catalog::invariants::ledger(&shop.test.db).await.unwrap(), Vec::<String>::new());
}

#[databases]
async fn a_row_that_says_too_little_or_too_much_is_named(database: Database) {
    let shop = shop(database).await;
    let id = chassis::id::new();
    let items = |item: Value| json!({ "items": [{ "id": id, "status": "draft" }, item] });
    for (path, body, fields) in [
        ("/products/bulk", json!({ "items": [] }), vec!["items"]),
        ("/products/bulk", json!({}), vec!["items"]),
        ("/products/bulk", json!({ "ids": [id] }), vec!["action"]),
        ("/products/bulk", json!({ "ids": [id], "action": "draft", "items": [] }), vec!["items"]),
        ("/products/bulk", items(json!({ "id": id })), vec!["items[1].id"]),
        ("/products/bulk", items(json!({ "status": "draft" })), vec!["items[1].id"]),
        (
            "/products/bulk",
            items(json!({ "id": id, "tags": [], "add_tags": ["a"], "delete": true })),
            vec!["items[1].tags", "items[1].delete"],
        ),
        (
            "/products/bulk",
            items(json!({ "id": id, "categories": [], "remove_categories": ["a"] })),
            vec!["items[1].categories"],
        ),
        ("/products/bulk", items(json!({ "id": id, "price": 1 })), vec!["items[1].price"]),
        ("/variants/bulk", json!({ "items": [] }), vec!["items"]),
        (
            "/variants/bulk",
            json!({ "items": [
                { "price": usd(1) }, { "id": id, "sku": "A", "price": usd(1) }, { "id": id },
                { "sku": "A", "if_version": 3 }
            ] }),
            vec!["items[0].id", "items[1].sku", "items[2].id", "items[3].sku"],
        ),
        (
            "/variants/bulk",
            json!({ "items": [{ "sku": "A", "price": null, "title": "x" }] }),
            vec!["items[0].title"],
        ),
        (
            "/variants/bulk",
            json!({ "items": vec![json!({ "sku": "A", "price": usd(1) }); 1_001] }),
            vec!["items"],
        ),
    ] {
        let refused = shop.write("POST", path, body.clone()).await.expect(422);
        assert_eq!(wrong_fields(&refused), fields, "{path} {body}");
    }
}

/// As many rows as there may be, of a product with many variants, of others, and of none.
#[databases]
async fn a_thousand_rows_are_written_in_one_request(database: Database) {
    let shop = shop(database).await;
    let sizes: Vec<Value> = (0..200)
        .map(|n| {
            json!({ "sku": format!("BIG-{n}"), "options": { "Size": n.to_string() },
                    "price": usd(100), "on_hand": 1 })
        })
        .collect();
    let big = shop.add(json!({ "title": "Big", "variants": sizes })).await;
    products(&shop).await;
    let skus = (0..332).flat_map(|n| {
        let other = ["Cup", "Pot", "Lid"].get(n).map_or(format!("NONE-{n}"), |it| (*it).to_owned());
        [format!("BIG-{n}"), other, format!("GONE-{n}")]
    });
    let mut rows: Vec<Value> =
        skus.map(|sku| json!({ "sku": sku, "price": usd(90), "cost": usd(40) })).collect();
    rows.extend((0..4).map(|n| json!({ "sku": format!("MORE-{n}"), "price": usd(1) })));
    assert_eq!((rows.len(), &rows[300]["sku"]), (1_000, &json!("BIG-100")));
    rows[300]["price"] = usd(-1);
    let done = bulk(&shop, "variants", json!(rows)).await;
    let outcomes = outcomes(&done);
    assert_eq!(outcomes.iter().filter(|it| it.is_null()).count(), 199 + 3);
    assert_eq!(outcomes.iter().filter(|it| *it == "variant_not_found").count(), 797);
    assert_eq!(wrong_fields(&done["items"][300]["problem"]), ["price"]);
    for (sku, row) in done["items"].as_array().unwrap().iter().map(|it| &it["sku"]).zip(&rows) {
        assert_eq!(sku, &row["sku"], "in the order of the rows");
    }
    let now = shop.get("/products/big").await.expect(200);
    // One write of the product, whose other variants are as they were.
    assert_eq!(now["version"], big["version"].as_i64().unwrap() + 1);
    let prices = now["variants"].as_array().unwrap().iter().filter(|it| it["price"] == usd(90));
    assert_eq!((prices.count(), &now["variants"][100]["price"]), (199, &usd(100)));
    assert_eq!(now["available"], 200);
    assert_eq!(shop.get("/products/lid").await.expect(200)["price"], usd(90));
}
