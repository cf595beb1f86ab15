//! Suggestions and related products.

use chassis::testing::{Database, databases, eventually};

use serde_json::{Value, json};

use crate::{Shop, mug, shirt, shop, usd, wrong_fields};

async fn soon(shop: &Shop, path: &str, expected: impl Fn(&Value) -> bool) -> Value {
    eventually(path, async || Some(shop.get(path).await.expect(200)).filter(&expected)).await
}

#[databases]
async fn who_types_is_told_what_there_is(database: Database) {
    let shop = shop(database).await;
    let top = shop.add_category(json!({ "name": "Linen & Wool" })).await;
    let product = shop.add(shirt()).await;
    let path = "/products/suggestions?q=lin";
    let found = soon(&shop, path, |it| it["products"] != json!([])).await;
    let expected = json!({
        "products": [{
            "id": product["id"], "slug": "linen-shirt", "title": "Linen Shirt",
            "image": null, "price": usd(2900),
        }],
        "categories": [{ "id": top["id"], "slug": "linen-wool", "name": "Linen & Wool" }],
    });
    assert_eq!(found, expected);
    assert_eq!(shop.get("/products/suggestions?q=LNEN").await.expect(200), expected);
    // Of what is gone at once, nothing is left.
    shop.write("DELETE", "/products/linen-shirt", Value::Null).await.expect(204);
    shop.write("DELETE", "/categories/linen-wool", Value::Null).await.expect(204);
    let none = json!({ "products": [], "categories": [] });
    assert_eq!(shop.get(path).await.expect(200), none);
    assert_eq!(shop.get("/products/suggestions?q=%25").await.expect(200), none);
    let long = "x".repeat(201);
    for query in ["", "?q=", &format!("?q={long}")] {
        let problem = shop.get(&format!("/products/suggestions{query}")).await.expect(422);
        assert_eq!(wrong_fields(&problem), ["q"], "{query}");
    }
}

#[databases]
async fn what_has_something_in_common_is_related(database: Database) {
    let shop = shop(database).await;
    let mut other = shirt();
    other["title"] = json!("Linen Trousers");
    shop.add(shirt()).await;
    shop.add(mug()).await;
    let other = shop.add(other).await;
    let path = "/products/linen-shirt/related";
    let found = soon(&shop, path, |it| it["items"] != json!([])).await;
    assert_eq!(found["items"], json!([other]));
    assert_eq!(shop.get("/products/mug/related").await.expect(200)["items"], json!([]));
    let patch = json!({ "title": "Slacks" });
    shop.write("PATCH", "/products/linen-trousers", patch).await.expect(200);
    assert_eq!(shop.get(path).await.expect(200)["items"][0]["title"], "Slacks");
    let draft = json!({ "status": "draft" });
    shop.write("PATCH", "/products/linen-shirt", draft).await.expect(200);
    assert_eq!(shop.get(path).await.problem(404), "product_not_found");
    let seen = shop.write("GET", path, Value::Null).await.expect(200);
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
    assert_eq!(shop.get("/products/none/related").await.problem(404), "product_not_found");
    for limit in ["0", "25", "x"] {
        let problem = shop.get(&format!("{path}?limit={limit}")).await.expect(422);
        assert_eq!(wrong_fields(&problem), ["limit"], "{limit}");
    }
}
