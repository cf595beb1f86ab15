use chassis::testing::{Database, databases};
use serde_json::{Value, json};

use crate::{mug, shirt, shop, wrong_fields};

#[databases]
async fn stock_is_counted_but_never_below_what_orders_hold(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let order = contracts::catalog::Reserve {
        buyer: Default::default(),
        order_id: chassis::id::new(),
        lines: vec![contracts::catalog::StockLine::new("MUG", 3)],
    };
    shop.client().reserve(&order).await.unwrap();
    let put = async |body: Value| shop.write("PUT", "/inventory/MUG", body).await;
    let set = put(json!({ "on_hand": 10 })).await.expect(200);
    assert_eq!(
        (&set["on_hand"], &set["reserved"], &set["available"]),
        (&json!(10), &json!(3), &json!(7))
    );
    assert_eq!(shop.write("GET", "/inventory/MUG", Value::Null).await.expect(200), set);
    let refused = put(json!({ "on_hand": 2 })).await.expect(409);
    assert_eq!(
        (&refused["code"], &refused["reserved"]),
        (&json!("stock_below_reserved"), &json!(3))
    );
    let set = put(json!({ "on_hand": 2, "policy": "continue" })).await.expect(200);
    assert_eq!(set["available"], Value::Null);
    assert_eq!(
        put(json!({ "on_hand": 2, "policy": "deny" })).await.problem(409),
        "stock_below_reserved"
    );
    put(json!({ "on_hand": 3, "policy": "deny" })).await.expect(200);
    for on_hand in [json!(-1), json!(i64::MAX), json!("1"), json!(1.5)] {
        let refused = put(json!({ "on_hand": on_hand })).await.expect(422);
        assert_eq!(wrong_fields(&refused), ["on_hand"], "{on_hand}");
    }
    let gone = shop.write("PUT", "/inventory/NONE", json!({ "on_hand": 1 })).await;
    assert_eq!(gone.problem(404), "sku_not_found");
    assert_eq!(catalog::invariants::ledger(&shop.test.db).await.unwrap(), Vec::<String>::new());
}

#[databases]
async fn the_ledger_tells_every_change(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.write("PUT", "/inventory/MUG", json!({ "on_hand": 9 })).await.expect(200);
    shop.write("PUT", "/inventory/MUG", json!({ "on_hand": 9 })).await.expect(200);
    let page = shop.write("GET", "/inventory/MUG/ledger?limit=1", Value::Null).await.expect(200);
    assert_eq!(page["items"][0]["kind"], "set");
    assert_eq!(page["items"][0]["delta_on_hand"], 4);
    assert_eq!(page["items"][0]["reference"], format!("user:{}", shop.staff.id()));
    let cursor = page["next_cursor"].as_str().unwrap();
    let path = format!("/inventory/MUG/ledger?cursor={cursor}");
    let page = shop.write("GET", &path, Value::Null).await.expect(200);
    assert_eq!(page["items"][0]["kind"], "created");
    assert_eq!(page["next_cursor"], Value::Null);
    let gone = shop.write("GET", "/inventory/NONE/ledger", Value::Null).await;
    assert_eq!(gone.problem(404), "sku_not_found");
}

#[databases]
async fn stock_is_listed_and_what_is_low_is_found(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.add(shirt()).await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/inventory?limit=3&cursor={cursor}");
        let path = path.trim_end_matches("&cursor=");
        let page = shop.write("GET", path, Value::Null).await.expect(200);
        seen.extend(page["items"].as_array().unwrap().iter().map(|it| it["sku"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        next.clone_into(&mut cursor);
    }
    assert_eq!(seen, ["LINEN-SHIRT-M-BLUE", "LINEN-SHIRT-M-RED", "LINEN-SHIRT-S-BLUE", "MUG"]);
    let low = shop.write("GET", "/inventory?low=4", Value::Null).await.expect(200);
    assert_eq!(low["items"].as_array().unwrap().len(), 3);
    for query in ["low=-1", "limit=0", "limit=101"] {
        let path = format!("/inventory?{query}");
        shop.write("GET", &path, Value::Null).await.expect(422);
    }
}

#[databases]
async fn stock_is_found_by_what_it_is_of(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let product = shop.add(shirt()).await;
    let list = async |query: &str| {
        let path = format!("/inventory?count=true&{query}");
        shop.write("GET", &path, Value::Null).await.expect(200)
    };
    let skus = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|it| it["sku"].as_str().unwrap().to_owned()).collect()
    };
    let mugs = list("search=uG").await;
    assert_eq!(
        mugs,
        json!({
            "items": [{
                "sku": "MUG", "product_id": mugs["items"][0]["product_id"], "policy": "deny",
                "on_hand": 5, "allocated": 0, "reserved": 0, "available": 5,
                "product_slug": "mug",
                "product_title": "Mug", "product_status": "active",
                "variant_title": "Default Title"
            }],
            "next_cursor": null,
            "total": 1
        })
    );
    let id = product["id"].as_str().unwrap();
    let shirts = list(&format!("product_id={id}&limit=2")).await;
    assert_eq!(skus(&shirts), ["LINEN-SHIRT-M-BLUE", "LINEN-SHIRT-M-RED"]);
    assert_eq!(shirts["total"], 3);
    let cursor = shirts["next_cursor"].as_str().unwrap();
    let rest = list(&format!("product_id={id}&cursor={cursor}")).await;
    assert_eq!(skus(&rest), ["LINEN-SHIRT-S-BLUE"]);
    assert_eq!(list("search=linen%20s").await["total"], 3, "of the title");
    assert_eq!(list("search=linen&low=2").await["total"], 0);
    assert_eq!(list("search=%20").await["total"], 4);
    for text in ["%25", "_", "%5C", "M_G"] {
        assert_eq!(list(&format!("search={text}")).await["total"], 0, "{text}");
    }
}
