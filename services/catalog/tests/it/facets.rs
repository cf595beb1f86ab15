//! Lists that the index answers: options, ratings, facets; and what is popular.

use chassis::testing::{Database, databases, eventually};

use serde_json::{Value, json};

use crate::{Shop, mug, shirt, shop, usd, wrong_fields};

/// The page of a list once it has so many products on it.
async fn soon(shop: &Shop, query: &str, items: usize) -> Value {
    let path = format!("/products?{query}");
    eventually(format!("{items} products at {path}"), async || {
        let page = shop.get(&path).await.expect(200);
        (page["items"].as_array().expect("items").len() == items).then_some(page)
    })
    .await
}

#[databases]
async fn options_are_searched_for(database: Database) {
    let shop = shop(database).await;
    shop.add(shirt()).await;
    shop.add(mug()).await;
    soon(&shop, "facets=true", 2).await;
    for (query, items) in [
        ("option=Size:M", 1),
        ("option=Size:M&option=Size:XL", 1),
        ("option=Size:S&option=Colour:Red", 0),
        ("option=Size:M&option=Colour:Red&option=Colour:Blue&sort=price", 1),
        ("option=Size:XL", 0),
        ("option=", 2),
        ("min_rating=1", 0),
        ("facets=true&sort=popular", 2),
        ("facets=true&search=linen&option=Size:M", 1),
    ] {
        let page = soon(&shop, query, items).await;
        assert_eq!(page["facets"].is_object(), query.contains("facets"), "{query}");
    }
    for (query, field) in [
        ("option=Size", "option"),
        ("option=:M", "option"),
        ("option=Size:", "option"),
        (&"option=Size:M&".repeat(21), "option"),
        ("min_rating=0", "min_rating"),
        ("min_rating=6", "min_rating"),
        ("facets=maybe", "facets"),
        ("option=Size:M&sort=relevance", "sort"),
    ] {
        let problem = shop.get(&format!("/products?{query}")).await.expect(422);
        assert_eq!(wrong_fields(&problem), [field], "{query}");
    }
}

#[databases]
async fn facets_tell_what_could_be_chosen(database: Database) {
    let shop = shop(database).await;
    let top = shop.add_category(json!({ "name": "Clothing" })).await;
    let mut body = shirt();
    body["category_ids"] = json!([top["id"]]);
    shop.add(body).await;
    shop.add(mug()).await;
    soon(&shop, "facets=true", 2).await;
    let page = soon(&shop, "category=clothing&facets=true&count=true", 1).await;
    assert_eq!(page["total"], 1);
    let id = top["id"].clone();
    assert_eq!(
        page["facets"],
        json!({
            "categories": [{ "id": id, "slug": "clothing", "name": "Clothing", "count": 1 }],
            "price": { "min": usd(2900), "max": usd(2900) },
            "options": [
                { "name": "Colour", "values": [
                    { "value": "Blue", "count": 1 }, { "value": "Red", "count": 1 }] },
                { "name": "Size", "values": [
                    { "value": "M", "count": 1 }, { "value": "S", "count": 1 }] },
            ],
            "vendors": [{ "value": "Harbour", "count": 1 }],
            "ratings": [
                { "min": 4, "count": 0 }, { "min": 3, "count": 0 },
                { "min": 2, "count": 0 }, { "min": 1, "count": 0 }],
            "in_stock": 1,
        })
    );
    let none = soon(&shop, "facets=true&tag=none", 0).await;
    assert_eq!(none["facets"]["price"], Value::Null);
}

#[databases]
async fn what_the_index_answers_is_kept_until_it_goes_on(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let page = soon(&shop, "facets=true", 1).await;
    assert_eq!(shop.get("/products?facets=true").await.expect(200), page);
    // Details are true at once, what is found a moment later.
    shop.write("PATCH", "/products/mug", json!({ "title": "Cup" })).await.expect(200);
    assert_eq!(soon(&shop, "facets=true", 1).await["items"][0]["title"], "Cup");
    shop.add(shirt()).await;
    let page = soon(&shop, "facets=true", 2).await;
    assert_eq!(page["facets"]["in_stock"], 2);
    // Pages go on where they began, also where nobody asks for facets any more.
    let first = shop.get("/products?facets=true&limit=1").await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = shop.get(&format!("/products?limit=1&cursor={cursor}")).await.expect(200);
    assert_ne!(next["items"][0]["id"], first["items"][0]["id"]);
    assert_eq!(next["next_cursor"], Value::Null);
}
