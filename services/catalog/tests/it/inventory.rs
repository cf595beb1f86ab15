use chassis::clock::Clock;
use chassis::testing::{Database, databases, noon};
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

use crate::{Shop, mug, shirt, shop, usd, wrong_fields};

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
                "on_hand": 5, "allocated": 0, "reserved": 0, "available": 5, "version": 1,
                "product_slug": "mug",
                "product_title": "Mug", "product_status": "active",
                "variant_title": "Default Title",
                "updated_at": mugs["items"][0]["updated_at"]
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

#[databases]
async fn stock_is_found_in_every_script_and_case(database: Database) {
    let shop = shop(database).await;
    let oil = json!({ "title": "Größe Öl", "options": [{ "name": "Farbe", "values": ["Grün"] }],
        "variants": [{ "sku": "ÄB-1", "barcode": "4006381333931", "options": { "Farbe": "Grün" },
                       "price": usd(1000) }] });
    let oil = shop.add(oil).await;
    let pack = json!({ "title": "防水登山背包", "sku": "BP_7 日東", "price": usd(1000) });
    let pack = shop.add(pack).await;
    shop.add(json!({ "title": "ΚΑΦΈΣ \"Ёж\"", "sku": "K'9", "price": usd(1000) })).await;
    let found = async |text: &str| -> Vec<String> {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let path = format!("/inventory?count=true&search={text}");
        let page = shop.write("GET", &path, Value::Null).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert_eq!(page["total"], items.len(), "{text}");
        items.iter().map(|it| it["sku"].as_str().unwrap().to_owned()).collect()
    };
    for (text, sku) in [
        ("ÄB-1", "ÄB-1"),
        ("a\u{308}b-1", "ÄB-1"),
        ("ab", "ÄB-1"),
        ("GRÖSSE  öl", "ÄB-1"),
        ("grosse ol", "ÄB-1"),
        ("grun", "ÄB-1"),
        ("638133", "ÄB-1"),
        ("登山背", "BP_7 日東"),
        ("背包", "BP_7 日東"),
        ("東", "BP_7 日東"),
        ("p_7", "BP_7 日東"),
        ("ｂｐ＿７", "BP_7 日東"),
        ("καφεσ", "K'9"),
        ("καφες", "K'9"),
        ("\"ежик", ""),
        ("\"еж\"", "K'9"),
        ("k'9", "K'9"),
        ("default title", ""),
        ("p%7", ""),
        ("AND", ""),
    ] {
        let expected: &[&str] = if sku.is_empty() { &[] } else { &[sku] };
        assert_eq!(found(text).await, expected, "{text}");
    }
    // Both the key and what it is found by follow the product.
    let path = |of: &Value| format!("/products/{}", of["id"].as_str().unwrap());
    shop.write("PATCH", &path(&oil), json!({ "title": "Würfel" })).await.expect(200);
    assert_eq!(found("wurfel").await, ["ÄB-1"]);
    assert_eq!(found("grosse").await, [""; 0]);
    shop.write("DELETE", &path(&pack), Value::Null).await.expect(204);
    assert_eq!(found("背包").await, [""; 0]);
}

#[databases]
async fn changes_of_stock_are_listed_oldest_first(database: Database) {
    let test = database.platform(catalog::MIGRATIONS).await;
    let mut shop = Shop::start(test).await;
    shop.add(mug()).await;
    shop.add(shirt()).await;
    let noon = noon();
    shop.test.platform.clock = Clock::Fixed(noon + TimeDelta::minutes(5));
    let shop = Shop::start(shop.test).await;
    let counted = json!({ "on_hand": 7 });
    shop.write("PUT", "/inventory/LINEN-SHIRT-M-RED", counted).await.expect(200);
    let walk = async |since: TimeDelta| -> Vec<String> {
        let since = (noon + since).to_rfc3339_opts(SecondsFormat::Secs, true);
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/inventory?updated_since={since}&limit=1&count=true{cursor}");
            let page = shop.write("GET", &path, Value::Null).await.expect(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|it| it["sku"].to_string()));
            let Some(next) = page["next_cursor"].as_str() else {
                assert_eq!(page["total"], seen.len());
                return seen.iter().map(|it| it.trim_matches('"').to_owned()).collect();
            };
            cursor = format!("&cursor={next}");
        }
    };
    let (first, last) = (["LINEN-SHIRT-M-BLUE", "LINEN-SHIRT-S-BLUE", "MUG"], "LINEN-SHIRT-M-RED");
    assert_eq!(walk(TimeDelta::zero()).await, [&first[..], &[last]].concat());
    assert_eq!(walk(TimeDelta::seconds(1)).await, [last]);
    assert_eq!(walk(TimeDelta::minutes(5)).await, [last], "the time itself is part of it");
    assert_eq!(walk(TimeDelta::minutes(6)).await, [""; 0]);
    let plain = shop.write("GET", "/inventory?limit=1", Value::Null).await.expect(200);
    let cursor = plain["next_cursor"].as_str().unwrap();
    for (query, field) in [
        (format!("updated_since=2026-01-01T00:00:00Z&cursor={cursor}"), "cursor"),
        ("updated_since=yesterday".to_owned(), "updated_since"),
        ("updated_since=%2B100000-01-01T00:00:00Z".to_owned(), "updated_since"),
    ] {
        let path = format!("/inventory?{query}");
        let wrong = shop.write("GET", &path, Value::Null).await.expect(422);
        assert_eq!(wrong["errors"][0]["field"], field, "{query}");
    }
}

#[databases]
async fn a_parameter_that_there_is_not_is_refused(database: Database) {
    let shop = shop(database).await;
    let refused = async |method: &str, path: &str| -> (String, String) {
        let wrong = shop.write(method, path, Value::Null).await.expect(422);
        assert_eq!(wrong["code"], "validation_failed");
        let error = &wrong["errors"][0];
        (error["field"].as_str().unwrap().to_owned(), error["detail"].as_str().unwrap().to_owned())
    };
    for (path, field, hint) in [
        ("/inventory?lmit=5", "lmit", "did you mean `limit`?"),
        ("/inventory?limit=5&Search=x", "Search", "did you mean `search`?"),
        ("/products?in-stock=true", "in-stock", "did you mean `in_stock`?"),
        ("/products/mug?fields=id", "fields", "this operation has none"),
    ] {
        let expected = (field.to_owned(), format!("unknown parameter; {hint}"));
        assert_eq!(refused("GET", path).await, expected, "{path}");
    }
    assert_eq!(refused("DELETE", "/products/mug?force=1").await.0, "force");
    // Who may not call the operation learns nothing of it.
    shop.get("/inventory?lmit=5").await.expect(401);
    for fine in ["/products?", "/products?%6cimit=5", "/products?option=Size:S&option=Size:M"] {
        shop.get(fine).await.expect(200);
    }
}
