//! A change of a product touches what it names: nothing else is lost.

use chassis::testing::{Call, Database, databases};
use contracts::catalog::{Buyer, Wanted};
use serde_json::{Value, json};

use crate::{Shop, mug, shirt, shop, usd, wrong_fields};

fn patch(shop: &Shop, body: Value) -> Call {
    shop.write("PATCH", "/products/linen-shirt", body)
}

fn variants(product: &Value) -> &Vec<Value> {
    product["variants"].as_array().expect("variants")
}

/// The named fields of each variant.
fn each(product: &Value, field: &str) -> Vec<Value> {
    variants(product).iter().map(|it| it[field].clone()).collect()
}

#[databases]
async fn variants_that_are_not_named_stay_with_their_stock(database: Database) {
    let shop = shop(database).await;
    let before = shop.add(shirt()).await;
    let by_sku = json!({ "variants": [{ "sku": " LINEN-SHIRT-M-BLUE ", "price": usd(100) }] });
    let after = patch(&shop, by_sku).await.expect(200);
    assert_eq!(each(&after, "price"), [usd(3000), usd(100), usd(2900)]);
    let by_id = json!({ "variants": [
        { "id": before["variants"][2]["id"], "barcode": "4006381333931", "cost": usd(7) },
        { "options": { "Size": "S", "Colour": "Blue" }, "price": usd(50) }
    ] });
    let after = patch(&shop, by_id).await.expect(200);
    assert_eq!(each(&after, "price"), [usd(50), usd(100), usd(2900)]);
    assert_eq!(after["variants"][2]["barcode"], "4006381333931");
    assert_eq!(after["variants"][2]["cost"], usd(7));
    for field in ["id", "sku", "options", "title", "available", "position", "weight_unit"] {
        assert_eq!(each(&after, field), each(&before, field), "{field}");
    }
    for (field, value) in [("options", &before["options"]), ("title", &before["title"])] {
        assert_eq!(&after[field], value);
    }
    for sku in each(&before, "sku") {
        let path = format!("/inventory/{}", sku.as_str().unwrap());
        assert_eq!(shop.write("GET", &path, Value::Null).await.expect(200)["on_hand"], 3);
    }
    // Null removes, what is left out stays, and the same again changes nothing.
    let body = json!({ "variants": [{ "sku": "LINEN-SHIRT-M-RED", "barcode": null }] });
    let after = patch(&shop, body.clone()).await.expect(200);
    assert_eq!(after["variants"][2]["barcode"], Value::Null);
    assert_eq!(after["variants"][2]["cost"], usd(7));
    assert_eq!(patch(&shop, body).await.expect(200), after);
    assert_eq!(catalog::invariants::ledger(&shop.test.db).await.unwrap(), Vec::<String>::new());
}

#[databases]
async fn a_variant_that_is_new_is_added_and_is_no_twin(database: Database) {
    let shop = shop(database).await;
    shop.add(shirt()).await;
    let new = json!({ "variants": [{
        "sku": "NEW", "options": { "Size": "L", "Colour": "Red" }, "price": usd(1), "on_hand": 4
    }] });
    let after = patch(&shop, new).await.expect(200);
    assert_eq!(variants(&after).len(), 4);
    assert_eq!(
        (&after["variants"][3]["sku"], &after["variants"][3]["available"]),
        (&json!("NEW"), &json!(4))
    );
    assert_eq!(after["options"][0]["values"], json!(["S", "M", "L"]));
    let refused =
        async |variants: Value| patch(&shop, json!({ "variants": variants })).await.expect(422);
    // A misspelt SKU is no second variant of the same options.
    let problem = refused(json!([
        { "sku": "NEW", "price": usd(9) },
        { "sku": "LINEN-SHIRT-X", "options": { "Size": "M", "Colour": "Red" }, "price": usd(1) }
    ]))
    .await;
    assert_eq!(wrong_fields(&problem), ["variants[1].options"]);
    let detail = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("LINEN-SHIRT-M-RED"), "{detail}");
    for (variants, fields) in [
        (json!([{ "sku": "TYPO", "price": usd(1) }]), vec!["variants[0].options"]),
        (
            json!([{ "sku": "XL", "options": { "Size": "XL", "Colour": "Red" } }]),
            vec!["variants[0].price"],
        ),
        (json!([{ "price": usd(1) }]), vec!["variants[0].id"]),
        (json!([{ "id": chassis::id::new(), "price": usd(1) }]), vec!["variants[0].id"]),
        (
            json!([{ "sku": "NEW", "price": usd(1) }, { "sku": "NEW", "price": usd(2) }]),
            vec!["variants[1].sku"],
        ),
        (json!([{ "sku": "NEW", "options": { "Colur": "Red" } }]), vec!["variants[0].options"]),
        (json!([{ "sku": "NEW", "options": { "Size": "M" } }]), vec!["variants[0].options"]),
        (
            json!([{ "id": after["variants"][3]["id"], "sku": "LINEN-SHIRT-M-RED" }]),
            vec!["variants[0].sku"],
        ),
        (
            json!([{ "sku": "NEW", "price": { "amount": 1, "currency": "EUR" }, "weight_unit": "x" }]),
            vec!["variants[0].price.currency"],
        ),
        (
            json!([{ "sku": "NEW", "weight_unit": "stone", "cost": usd(-1) }]),
            vec!["variants[0].cost", "variants[0].weight_unit"],
        ),
        (json!([{ "sku": "NEW", "colour": "red" }]), vec!["variants[0].colour"]),
        (json!([{ "sku": "NEW", "available": 3 }]), vec!["variants[0].available"]),
    ] {
        assert_eq!(wrong_fields(&refused(variants.clone()).await), fields, "{variants}");
    }
    let now = shop.write("GET", "/products/linen-shirt", Value::Null).await.expect(200);
    assert_eq!(now["version"], after["version"], "what was refused left nothing");
}

#[databases]
async fn options_that_are_not_named_stay(database: Database) {
    let shop = shop(database).await;
    shop.add(shirt()).await;
    let order = json!({ "options": [{ "name": "Size", "values": ["M"] }] });
    let after = patch(&shop, order).await.expect(200);
    assert_eq!(
        after["options"],
        json!([
            { "name": "Size", "values": ["M", "S"] },
            { "name": "Colour", "values": ["Blue", "Red"] }
        ])
    );
    // Every variant needs a value of an option that is added.
    let fit = json!([{ "name": "Fit", "values": [] }]);
    let some = json!({ "options": fit, "variants": [
        { "sku": "LINEN-SHIRT-M-RED", "options": { "Fit": "Slim" } }
    ] });
    let refused = patch(&shop, some).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["variants", "variants"]);
    let detail = refused["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("LINEN-SHIRT-S-BLUE") && detail.contains("Fit"), "{detail}");
    let all: Vec<Value> = each(&after, "sku")
        .into_iter()
        .map(|sku| json!({ "sku": sku, "options": { "Fit": "Slim" } }))
        .collect();
    let after = patch(&shop, json!({ "options": fit, "variants": all })).await.expect(200);
    assert_eq!(after["options"][2], json!({ "name": "Fit", "values": ["Slim"] }));
    assert_eq!(after["variants"][2]["title"], "M / Red / Slim");
    assert_eq!(each(&after, "available"), [3, 3, 3]);
    // A product without options gets some.
    shop.add(mug()).await;
    let body = json!({ "variants": [
        { "sku": "MUG", "options": { "Size": "Small" } },
        { "options": { "Size": "Large" }, "price": usd(1500) }
    ] });
    let after = shop.write("PATCH", "/products/mug", body).await.expect(200);
    assert_eq!(after["options"], json!([{ "name": "Size", "values": ["Small", "Large"] }]));
    assert_eq!(each(&after, "available"), [5, 0]);
}

#[databases]
async fn pictures_that_are_not_named_stay(database: Database) {
    let shop = shop(database).await;
    let url = |n: u8| format!("https://example.com/{n}.jpg");
    let mut body = mug();
    body["images"] = json!([{ "url": url(1), "alt": "One" }, { "url": url(2) }]);
    let before = shop.add(body).await;
    let patch = |body: Value| shop.write("PATCH", "/products/mug", body);
    let body = json!({ "images": [
        { "url": url(3), "alt": "Three" },
        { "url": url(1) },
        { "id": before["images"][1]["id"], "alt": "Two" }
    ] });
    let after = patch(body.clone()).await.expect(200);
    let shown: Vec<_> = after["images"].as_array().unwrap().iter().map(|it| &it["alt"]).collect();
    assert_eq!(shown, ["One", "Two", "Three"]);
    assert_eq!(after["images"][0]["id"], before["images"][0]["id"]);
    assert_eq!(patch(body).await.expect(200), after, "the same again adds nothing");
    for (images, field) in [
        (json!([{ "id": chassis::id::new() }]), "images[0].id"),
        (json!([{ "alt": "x" }]), "images[0].url"),
        (json!([{ "id": before["images"][0]["id"], "url": url(9) }]), "images[0].url"),
        (json!([{ "url": url(1) }, { "url": "javascript:x" }]), "images[1].url"),
        (json!([{ "url": url(1), "src": "x" }]), "images[0].src"),
        (json!([{ "url": url(1) }, { "id": before["images"][0]["id"] }]), "images[1].id"),
    ] {
        let refused = patch(json!({ "images": images })).await.expect(422);
        assert_eq!(wrong_fields(&refused), [field], "{images}");
    }
    // Asked for, those that are named are all there are.
    let all = json!({ "replace_images": true, "images": [
        { "url": url(4) }, { "url": url(3) }, { "url": url(3), "alt": "Again" }
    ] });
    let after = patch(all).await.expect(200);
    let shown: Vec<_> = after["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["url"].clone(), it["alt"].clone(), it["position"].clone()))
        .collect();
    assert_eq!(
        shown,
        [
            (json!(url(4)), Value::Null, json!(1)),
            (json!(url(3)), json!("Three"), json!(2)),
            (json!(url(3)), json!("Again"), json!(3))
        ]
    );
    let cleared = patch(json!({ "replace_images": true, "images": [] })).await.expect(200);
    assert_eq!(cleared["images"], json!([]));
}

#[databases]
async fn a_product_is_described_at_the_top_or_by_its_variants(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.add(shirt()).await;
    let both = json!({ "price": usd(1), "variants": [{ "sku": "MUG", "price": usd(2) }] });
    let refused = shop.write("PATCH", "/products/mug", both).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["variants"]);
    let refused = patch(&shop, json!({ "cost": usd(1) })).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["price"]);
    for (body, field) in [
        (json!({ "price": { "amount": 1, "currency": "EUR" } }), "price.currency"),
        (json!({ "cost": usd(-1) }), "cost"),
        (json!({ "sku": "a\u{7}" }), "sku"),
    ] {
        let refused = shop.write("PATCH", "/products/mug", body.clone()).await.expect(422);
        assert_eq!(wrong_fields(&refused), [field], "{body}");
    }
    let after = shop.write("PATCH", "/products/mug", json!({ "cost": usd(400) })).await;
    assert_eq!(after.expect(200)["variants"][0]["cost"], usd(400));
}

#[databases]
async fn changes_of_two_variants_at_once_lose_neither(database: Database) {
    let shop = shop(database).await;
    shop.add(shirt()).await;
    for round in 1..=10_i64 {
        let price = |sku: &str| {
            let sku = format!("LINEN-SHIRT-{sku}");
            patch(&shop, json!({ "variants": [{ "sku": sku, "price": usd(round) }] })).send()
        };
        let barcode = json!({ "barcode": round.to_string() });
        let third = shop.write("PATCH", "/variants/LINEN-SHIRT-M-RED", barcode).send();
        let (one, two, three) = tokio::join!(price("S-BLUE"), price("M-BLUE"), third);
        assert_eq!([one.status, two.status, three.status], [200, 200, 200]);
        let now = shop.write("GET", "/products/linen-shirt", Value::Null).await.expect(200);
        assert_eq!(each(&now, "price"), [usd(round), usd(round), usd(2900)]);
        assert_eq!(now["variants"][2]["barcode"], round.to_string());
    }
}

/// Whoever replaces a product may not have seen what it costs.
#[databases]
async fn a_cost_is_seen_by_staff_alone_and_stays_where_it_is_not_said(database: Database) {
    let shop = shop(database).await;
    let mut body = shirt();
    for variant in body["variants"].as_array_mut().unwrap() {
        variant["cost"] = usd(777_001);
    }
    let added = shop.add(body).await;
    assert_eq!(each(&added, "cost"), vec![usd(777_001); 3]);
    let mut body = shirt();
    body["title"] = json!("Shirt");
    body["variants"][0]["cost"] = Value::Null;
    body["variants"][1]["cost"] = usd(777_002);
    let replaced = shop.write("PUT", "/products/linen-shirt", body).await.expect(200);
    assert_eq!(each(&replaced, "cost"), [Value::Null, usd(777_002), usd(777_001)]);
    let mut flat = mug();
    flat["cost"] = usd(777_003);
    shop.add(flat).await;
    let kept = shop.write("PUT", "/products/mug", mug()).await.expect(200);
    assert_eq!(kept["variants"][0]["cost"], usd(777_003));
    for path in ["/products/linen-shirt", "/products/mug", "/products", "/products?search=mug"] {
        let public = shop.get(path).await.expect(200).to_string();
        assert!(!public.contains("\"cost\"") && !public.contains("7770"), "{path}: {public}");
    }
    let wanted = vec![Wanted { sku: Some("MUG".to_owned()), product_id: None, variant_id: None }];
    let offers = shop.client().quote(wanted, Buyer::default()).await.unwrap();
    assert!(!format!("{offers:?}").contains("7770"));
}
