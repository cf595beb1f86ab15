//! Where every product for sale is.

use chassis::testing::{Database, databases};
use serde_json::json;

use crate::{mug, shop, wrong_fields};

#[databases]
async fn all_products_for_sale_are_found_page_by_page(database: Database) {
    let shop = shop(database).await;
    let titles = ["One", "Two", "Three"];
    for title in titles {
        let mut product = mug();
        product["title"] = json!(title);
        product["sku"] = json!(title);
        shop.add(product).await;
    }
    let mut draft = mug();
    draft["status"] = json!("draft");
    shop.add(draft).await;
    let first = shop.get("/catalog/addresses?limit=2").await.expect(200);
    let cursor = first["next_cursor"].as_str().expect("more");
    let path = format!("/catalog/addresses?limit=2&cursor={cursor}");
    let second = shop.get(&path).await.expect(200);
    assert!(second["next_cursor"].is_null());
    let items = [&first, &second].map(|it| it["items"].as_array().expect("items").clone());
    let items: Vec<_> = items.concat();
    let slugs: Vec<&str> = items.iter().map(|it| it["slug"].as_str().expect("one")).collect();
    assert_eq!(slugs, ["one", "two", "three"]);
    assert_eq!(items[0], json!({ "slug": "one", "updated_at": "2026-01-02T12:00:00Z" }));
    let all = shop.get("/catalog/addresses").await.expect(200);
    assert_eq!(all["items"], json!(items));
}

#[databases]
async fn a_page_of_addresses_has_a_bound(database: Database) {
    let shop = shop(database).await;
    for (query, field) in [("limit=0", "limit"), ("limit=5001", "limit"), ("cursor=x", "cursor")] {
        let answer = shop.get(&format!("/catalog/addresses?{query}")).await;
        assert_eq!(wrong_fields(&answer.expect(422)), [field], "{query}");
    }
}
