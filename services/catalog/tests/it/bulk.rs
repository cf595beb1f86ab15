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
