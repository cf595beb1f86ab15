//! Writes of stock beside sales and other writes: none undoes another.

use axum::http::StatusCode;
use chassis::testing::{Answer, Call, Database, databases};
use contracts::catalog::{Reserve, Restock, Ship, StockLine};
use serde_json::{Value, json};

use crate::{Shop, mug, shirt, shop, usd, wrong_fields};

fn units(quantity: i64) -> Reserve {
    let lines = vec![StockLine::new("MUG", quantity)];
    Reserve { order_id: chassis::id::new(), lines, buyer: Default::default() }
}

fn put(shop: &Shop, body: Value) -> Call {
    shop.write("PUT", "/inventory/MUG", body)
}

async fn stock(shop: &Shop) -> Answer {
    shop.write("GET", "/inventory/MUG", Value::Null).send().await
}

async fn etag(shop: &Shop) -> String {
    tag(&stock(shop).await)
}

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().expect("a tag").to_owned()
}

async fn books_agree(shop: &Shop) {
    let (db, none) = (&shop.test.db, Vec::<String>::new());
    assert_eq!(catalog::invariants::ledger(db).await.expect("an audit"), none);
    assert_eq!(catalog::invariants::overselling(db).await.expect("an audit"), none);
}

#[databases]
async fn an_adjustment_adds_to_whatever_there_is_and_never_takes_what_orders_have(
    database: Database,
) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.client().reserve(&units(3)).await.unwrap();
    let more = put(&shop, json!({ "adjust": 5, "reason": "Found behind the shelf" })).await;
    assert_eq!(more.expect(200)["on_hand"], 10);
    assert_eq!(put(&shop, json!({ "adjust": -7 })).await.expect(200)["on_hand"], 3);
    let refused = put(&shop, json!({ "adjust": -1 })).await.expect(409);
    assert_eq!(
        (&refused["code"], &refused["reserved"]),
        (&json!("stock_below_reserved"), &json!(3))
    );
    let ledger = shop.write("GET", "/inventory/MUG/ledger", Value::Null).await.expect(200);
    assert_eq!(ledger["items"][0]["delta_on_hand"], -7);
    assert_eq!(ledger["items"][0].get("reason"), None);
    assert_eq!(
        (&ledger["items"][1]["kind"], &ledger["items"][1]["reason"]),
        (&json!("adjust"), &json!("Found behind the shelf"))
    );
    // Where the policy lets it, below zero too.
    put(&shop, json!({ "adjust": 0, "policy": "continue" })).await.expect(200);
    assert_eq!(put(&shop, json!({ "adjust": -5 })).await.expect(200)["on_hand"], -2);
    books_agree(&shop).await;
}

/// 10 on the shelf, 8 of them sold and not shipped: a count of the shelf sells none of those again.
#[databases]
async fn what_is_sold_and_not_shipped_is_part_of_what_is_counted(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    put(&shop, json!({ "on_hand": 10 })).await.expect(200);
    let sold = units(8);
    shop.client().reserve(&sold).await.unwrap();
    shop.client().commit(sold.order_id).await.unwrap();
    let counted = put(&shop, json!({ "on_hand": 11, "expected": 10 })).await.expect(200);
    assert_eq!((&counted["allocated"], &counted["available"]), (&json!(8), &json!(3)));
    let refused = put(&shop, json!({ "adjust": -4 })).await.expect(409);
    assert_eq!(
        (&refused["code"], &refused["allocated"]),
        (&json!("stock_below_reserved"), &json!(8))
    );
    shop.client().ship(&Ship::whole(sold.order_id)).await.unwrap();
    let stale = put(&shop, json!({ "on_hand": 12, "expected": 11 })).await.expect(409);
    assert_eq!((&stale["code"], &stale["on_hand"]), (&json!("stock_changed"), &json!(3)));
    books_agree(&shop).await;
}

#[databases]
async fn a_write_says_one_figure_and_means_it(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    for (body, field) in [
        (json!({}), "adjust"),
        (json!({ "policy": "deny" }), "adjust"),
        (json!({ "adjust": null }), "adjust"),
        (json!({ "adjust": 1, "on_hand": 6 }), "adjust"),
        (json!({ "adjust": 1, "expected": 5 }), "expected"),
        (json!({ "expected": 5 }), "expected"),
        (json!({ "adjust": 1_000_000_001 }), "adjust"),
        (json!({ "adjust": 1_000_000_000 }), "adjust"),
        (json!({ "on_hand": 6, "expected": 1_000_000_001 }), "expected"),
        (json!({ "adjust": 1, "reason": "" }), "reason"),
        (json!({ "adjust": 1, "reason": "x".repeat(501) }), "reason"),
        (json!({ "adjust": 1, "reason": "4111 1111 1111 1111" }), "reason"),
    ] {
        let refused = put(&shop, body.clone()).await.expect(422);
        assert_eq!(wrong_fields(&refused), [field], "{body}");
    }
    assert_eq!(stock(&shop).await.body["on_hand"], 5);
}

#[databases]
async fn a_figure_that_goes_by_another_is_refused_with_the_one_there_is(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    put(&shop, json!({ "on_hand": 10 })).await.expect(200);
    put(&shop, json!({ "adjust": -8 })).await.expect(200);
    let refused = put(&shop, json!({ "on_hand": 11, "expected": 10 })).await.expect(409);
    assert_eq!(
        (&refused["code"], &refused["on_hand"], &refused["expected"]),
        (&json!("stock_changed"), &json!(2), &json!(10))
    );
    let set = put(&shop, json!({ "on_hand": 3, "expected": 2 })).await.expect(200);
    assert_eq!(set["on_hand"], 3);
    books_agree(&shop).await;
}

/// Two who have seen the same both write, at once: one of them is told.
#[databases]
async fn of_two_who_have_seen_the_same_one_writes(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    for round in 0..10 {
        let now = stock(&shop).await;
        let (seen, on_hand) = (tag(&now), now.body["on_hand"].as_i64().unwrap());
        let body = json!({ "on_hand": on_hand + 1, "expected": on_hand });
        let expecting = || put(&shop, body.clone()).send();
        let (one, two) = tokio::join!(expecting(), expecting());
        let mut codes = [one.status, two.status];
        codes.sort();
        assert_eq!(codes, [StatusCode::OK, StatusCode::CONFLICT], "round {round}");
        let stale = put(&shop, json!({ "adjust": 1 })).header("if-match", &seen).send().await;
        assert_eq!(stale.problem(412), "precondition_failed");

        let seen = etag(&shop).await;
        let matching = || put(&shop, json!({ "adjust": 1 })).header("if-match", &seen).send();
        let (one, two) = tokio::join!(matching(), matching());
        let mut codes = [one.status, two.status];
        codes.sort();
        assert_eq!(codes, [StatusCode::OK, StatusCode::PRECONDITION_FAILED], "round {round}");
        assert_eq!(stock(&shop).await.body["on_hand"], on_hand + 2);
    }
    books_agree(&shop).await;
}

#[databases]
async fn adjustments_and_sales_at_once_lose_nothing(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    put(&shop, json!({ "on_hand": 100 })).await.expect(200);
    let client = shop.client();
    let sell = async |_: usize| {
        let order = units(1);
        client.reserve(&order).await.unwrap();
        client.commit(order.order_id).await.unwrap();
    };
    let add = async |_: usize| drop(put(&shop, json!({ "adjust": 2 })).await.expect(200));
    let (sales, additions) =
        (futures::future::join_all((0..20).map(sell)), futures::future::join_all((0..20).map(add)));
    tokio::join!(sales, additions);
    let product = shop.get("/products/mug").await.expect(200);
    assert_eq!(product["available"], 100 - 20 + 40);
    books_agree(&shop).await;
}

#[databases]
async fn the_tag_is_another_one_after_every_movement(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let client = shop.client();
    let mut last = 0;
    let mut rises = async |what: &str| {
        let tag = etag(&shop).await;
        let version = tag.trim_matches('"').parse::<i64>().unwrap();
        assert!(version > last, "{what}: {version} after {last}");
        last = version;
    };
    rises("made").await;
    let (sold, other) = (units(1), units(1));
    client.reserve(&sold).await.unwrap();
    rises("held").await;
    client.commit(sold.order_id).await.unwrap();
    rises("sold").await;
    let (order_id, id) = (sold.order_id, sold.order_id);
    client.restock(&Restock { order_id, id, lines: None }).await.unwrap();
    rises("given back").await;
    client.reserve(&other).await.unwrap();
    rises("held").await;
    client.release(&other).await.unwrap();
    rises("let go").await;
    let shipped = units(1);
    client.reserve(&shipped).await.unwrap();
    client.commit(shipped.order_id).await.unwrap();
    rises("sold").await;
    client.ship(&Ship::whole(shipped.order_id)).await.unwrap();
    rises("shipped").await;
    let answer = put(&shop, json!({ "adjust": 1 })).send().await;
    assert_eq!(tag(&answer), etag(&shop).await);
    rises("adjusted").await;
    put(&shop, json!({ "on_hand": 9 })).await.expect(200);
    rises("counted").await;
    put(&shop, json!({ "adjust": 0, "policy": "continue" })).await.expect(200);
    rises("another policy").await;
    // What changes nothing is no movement. A SKU that is recreated goes on.
    let before = etag(&shop).await;
    put(&shop, json!({ "on_hand": 9 })).await.expect(200);
    assert_eq!(etag(&shop).await, before);
    shop.write("DELETE", "/products/mug", Value::Null).await.expect(204);
    shop.add(mug()).await;
    rises("made anew").await;
}

#[databases]
async fn if_match_is_read_as_it_is_meant(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let matching = async |value: &str| {
        put(&shop, json!({ "adjust": 1 })).header("if-match", value).send().await
    };
    let now = etag(&shop).await;
    assert_eq!(matching(&format!("\"0\", {now}")).await.status, 200);
    assert_eq!(matching("*").await.status, 200);
    for stale in [now.as_str(), "\"\"", &format!("W/{}", etag(&shop).await)] {
        let refused = matching(stale).await;
        assert_eq!(refused.body["on_hand"], 7, "{stale}");
        assert_eq!(refused.problem(412), "precondition_failed", "{stale}");
    }
    for broken in ["", "7", "\"7", "*, \"7\""] {
        assert_eq!(matching(broken).await.problem(400), "if_match_invalid", "{broken}");
    }
    let gone = shop.write("PUT", "/inventory/NONE", json!({ "adjust": 1 }));
    assert_eq!(gone.header("if-match", "*").await.problem(404), "sku_not_found");
    assert_eq!(stock(&shop).await.body["on_hand"], 7);
}

#[databases]
async fn each_row_of_a_bulk_has_its_own_outcome(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.add(json!({ "title": "Cup", "price": usd(1), "sku": "CUP", "on_hand": 5 })).await;
    shop.add(json!({ "title": "Pot", "price": usd(1), "sku": "POT", "on_hand": 5 })).await;
    let items = json!([
        { "sku": "MUG", "adjust": -2, "reason": "Broken" },
        { "sku": "CUP", "on_hand": 9, "expected": 5 },
        { "sku": "POT", "on_hand": 9, "expected": 4 },
        { "sku": "PAN", "adjust": 1 },
        { "sku": "POT", "adjust": 1 }
    ]);
    let done = shop.write("POST", "/inventory/bulk", json!({ "items": items })).await;
    let done = done.expect(200)["items"].clone();
    let row = |at: usize| {
        let problem = &done[at]["problem"];
        (done[at]["on_hand"].as_i64(), problem["code"].as_str(), problem["on_hand"].as_i64())
    };
    assert_eq!(row(0), (Some(3), None, None));
    assert_eq!(row(1), (Some(9), None, None));
    assert_eq!(row(2), (None, Some("stock_changed"), Some(5)));
    assert_eq!(row(3), (None, Some("sku_not_found"), None));
    assert_eq!(row(4), (None, Some("duplicate_item"), None));
    let ledger = shop.write("GET", "/inventory/MUG/ledger", Value::Null).await.expect(200);
    assert_eq!(ledger["items"][0]["reason"], "Broken");
    let many: Vec<Value> =
        (0..1_000).map(|n| json!({ "sku": format!("NONE-{n}"), "adjust": 1 })).collect();
    let done = shop.write("POST", "/inventory/bulk", json!({ "items": many })).await;
    assert_eq!(done.expect(200)["items"].as_array().unwrap().len(), 1_000);
    books_agree(&shop).await;
}

#[databases]
async fn a_product_s_body_says_the_stock_of_new_variants_only(database: Database) {
    let shop = shop(database).await;
    shop.add(shirt()).await;
    let variants = |body: &Value| body["variants"].as_array().unwrap().clone();
    let write = |body: Value| shop.write("PUT", "/products/linen-shirt", body);
    // The same figure is no change, a new variant begins with its own.
    let mut body = shirt();
    let mut more = variants(&body);
    more.push(json!({ "options": { "Size": "L", "Colour": "Red" }, "price": usd(1),
                      "on_hand": 8 }));
    body["variants"] = json!(more);
    let after = write(body.clone()).await.expect(200);
    let available: Vec<_> = variants(&after).iter().map(|it| it["available"].clone()).collect();
    assert_eq!(available, [3, 3, 3, 8]);
    // A different figure says what it is based on.
    body["variants"][1]["on_hand"] = json!(4);
    body["variants"][3]["on_hand"] = json!(9);
    let refused = write(body.clone()).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["variants[1].on_hand", "variants[3].on_hand"]);
    let detail = refused["errors"][1]["detail"].as_str().unwrap();
    assert!(detail.contains("there are 8 of") && detail.contains("`expected`"), "{detail}");
    body["variants"][1]["expected"] = json!(3);
    body["variants"][3]["expected"] = json!(7);
    let refused = write(body.clone()).await.expect(409);
    assert_eq!((&refused["code"], &refused["on_hand"]), (&json!("stock_changed"), &json!(8)));
    body["variants"][3]["expected"] = json!(8);
    // And is written with a SKU that is renamed.
    body["variants"][3]["sku"] = json!("LARGE");
    body["variants"][3]["id"] = variants(&after)[3]["id"].clone();
    let after = write(body).await.expect(200);
    let available: Vec<_> = variants(&after).iter().map(|it| it["available"].clone()).collect();
    assert_eq!(available, [3, 4, 3, 9]);
    assert_eq!(variants(&after)[3]["sku"], "LARGE");
    books_agree(&shop).await;
}

#[databases]
async fn a_flat_body_and_the_stock_of_a_product_go_by_the_same_rules(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.client().reserve(&units(2)).await.unwrap();
    for path in ["/products/mug", "/products/mug/stock"] {
        let patch = |body: Value| shop.write("PATCH", path, body);
        patch(json!({ "on_hand": 5 })).await.expect(200);
        let refused = patch(json!({ "on_hand": 6 })).await.expect(422);
        assert_eq!(wrong_fields(&refused), ["on_hand"], "{path}");
        let refused = patch(json!({ "on_hand": 6, "expected": 4 })).await;
        assert_eq!((refused.status.as_u16(), &refused.body["on_hand"]), (409, &json!(5)));
        let refused = patch(json!({ "expected": 4 })).await.expect(422);
        assert_eq!(wrong_fields(&refused), ["expected"], "{path}");
        let refused = patch(json!({ "on_hand": 5, "available": 4 })).await.expect(422);
        assert_eq!(wrong_fields(&refused), ["available"], "{path}");
        let written = patch(json!({ "on_hand": 6, "expected": 5 })).await.expect(200);
        assert_eq!(written["available"], 4, "{path}");
        // What a product says of itself can be written as it was read.
        assert_eq!(patch(json!({ "available": 4 })).await.expect(200)["available"], 4);
        assert_eq!(stock(&shop).await.body["on_hand"], 6);
        assert_eq!(patch(json!({ "available": 3 })).await.expect(200)["available"], 3);
        assert_eq!(stock(&shop).await.body["on_hand"], 5);
    }
    let fresh = json!({ "title": "Cup", "price": usd(1), "on_hand": 3, "expected": 2 });
    let refused = shop.write("POST", "/products", fresh).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["expected"]);
    books_agree(&shop).await;
}
