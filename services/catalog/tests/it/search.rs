//! What a search finds, and what is suggested while somebody types.

use chassis::testing::{Database, databases, eventually};

use serde_json::{Value, json};

use crate::{Shop, mug, shop, usd};

fn jumper(category: &Value) -> Value {
    json!({
        "title": "Wool jumper",
        "vendor": "Harbour & Pine",
        "product_type": "Knitwear",
        "category_ids": [category["id"]],
        "tags": ["merino"],
        "options": [
            { "name": "Size", "values": ["M"] },
            { "name": "Colour", "values": ["Burgundy"] }
        ],
        "variants": [{
            "sku": "WJ-RED-M", "barcode": "4006381333931", "price": usd(1000),
            "options": { "Size": "M", "Colour": "Burgundy" }, "on_hand": 2
        }]
    })
}

/// The slugs of what a search finds, and whether that is only a part of what was looked for.
async fn search(shop: &Shop, text: &str) -> (Vec<String>, bool) {
    let query = form(text);
    let page = shop.get(&format!("/products?search={query}")).await.expect(200);
    (slugs(&page["items"]), page["partial"] == true)
}

async fn suggest(shop: &Shop, text: &str) -> Vec<String> {
    let query = form(text);
    slugs(&shop.get(&format!("/products/suggestions?q={query}")).await.expect(200)["products"])
}

fn slugs(items: &Value) -> Vec<String> {
    let items = items.as_array().expect("items").iter();
    items.map(|it| it["slug"].as_str().expect("a slug").to_owned()).collect()
}

/// As it stands in an address.
fn form(text: &str) -> String {
    text.bytes().map(|it| format!("%{it:02X}")).collect()
}

async fn soon(shop: &Shop, text: &str) {
    let there = async || (!search(shop, text).await.0.is_empty()).then_some(());
    eventually(format!("{text} is found"), there).await;
}

#[databases]
async fn a_product_is_found_by_codes_options_type_and_category(database: Database) {
    let shop = shop(database).await;
    let above = shop.add_category(json!({ "name": "Cosy Things" })).await;
    let category = json!({ "name": "Pullovers", "parent_id": above["id"] });
    let category = shop.add_category(category).await;
    shop.add(jumper(&category)).await;
    let title = "Trail running shoes";
    let shoes = json!({ "title": title, "sku": "KT-INS114-DRE", "price": usd(1000), "on_hand": 1 });
    shop.add(shoes).await;
    soon(&shop, "jumper").await;
    soon(&shop, "trail").await;
    for (text, slug) in [
        ("KT-INS114-DRE", "trail-running-shoes"),
        ("ktins114dre", "trail-running-shoes"),
        ("ins114", "trail-running-shoes"),
        ("WJ-RED-M", "wool-jumper"),
        ("4006381333931", "wool-jumper"),
        ("333931", "wool-jumper"),
        ("burgundy jumper", "wool-jumper"),
        ("knitwear", "wool-jumper"),
        ("pullovers", "wool-jumper"),
        ("cosy jumper", "wool-jumper"),
        ("merino", "wool-jumper"),
        ("harbour", "wool-jumper"),
    ] {
        assert_eq!(search(&shop, text).await, (vec![slug.to_owned()], false), "{text}");
        assert_eq!(suggest(&shop, text).await, [slug], "{text}");
    }
    // Nothing of the product has changed.
    let path = format!("/categories/{}", category["id"].as_str().expect("an id"));
    shop.write("PATCH", &path, json!({ "name": "Sweatshirts" })).await.expect(200);
    assert_eq!(search(&shop, "sweatshirts").await.0, ["wool-jumper"]);
    assert_eq!(search(&shop, "pullovers").await.0, [""; 0]);
    assert_eq!(suggest(&shop, "sweatshirts").await, ["wool-jumper"]);
}

#[databases]
async fn some_of_the_words_are_found_and_marked(database: Database) {
    let shop = shop(database).await;
    for title in
        ["Red wool coat", "防水登山背包大容量多功能戶外旅行雙肩包男女通用款", "Herrenlaufschuhe"]
    {
        shop.add(json!({ "title": title, "price": usd(1000), "on_hand": 1 })).await;
    }
    shop.add(mug()).await;
    for text in ["coat", "背包", "schuhe", "mug"] {
        soon(&shop, text).await;
    }
    let coat = || vec!["red-wool-coat".to_owned()];
    assert_eq!(search(&shop, "red coat").await, (coat(), false));
    assert_eq!(search(&shop, "the red coat").await, (coat(), true));
    assert_eq!(search(&shop, "red coat for women").await, (coat(), true));
    assert_eq!(search(&shop, "blorgwibble").await, (vec![], false));
    let whole = shop.get("/products?search=red+coat").await.expect(200);
    assert!(whole.get("partial").is_none(), "{whole}");
    assert_eq!(search(&shop, "laufschuhe").await, (vec!["herrenlaufschuhe".to_owned()], false));
}

#[databases]
async fn suggestions_tell_names_with_signs_apart(database: Database) {
    let shop = shop(database).await;
    let mut slugs = Vec::new();
    for title in ["The C++ book", "C# in a nutshell"] {
        let body = json!({ "title": title, "price": usd(1000), "on_hand": 1 });
        let slug = shop.add(body).await["slug"].as_str().expect("a slug").to_owned();
        let there = async || search(&shop, title).await.0.contains(&slug).then_some(());
        eventually(format!("{title} is found"), there).await;
        slugs.push(slug);
    }
    // Kept answers are of the text as it was typed.
    for _ in 0..2 {
        assert_eq!(suggest(&shop, "c++").await, slugs[..1]);
        assert_eq!(suggest(&shop, "c#").await, slugs[1..]);
        assert_eq!(suggest(&shop, "c").await.len(), 2);
    }
}
