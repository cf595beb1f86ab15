use chassis::testing::{Database, databases};
use serde_json::{Value, json};

use crate::{Shop, mug, shop, wrong_fields};

async fn child(shop: &Shop, name: &str, parent: &Value) -> Value {
    shop.add_category(json!({ "name": name, "parent_id": parent["id"] })).await
}

#[databases]
async fn categories_are_a_tree(database: Database) {
    let shop = shop(database).await;
    let home = shop.add_category(json!({ "name": "Home", "position": 2 })).await;
    let kitchen = child(&shop, "Kitchen", &home).await;
    let knives = child(&shop, "Knives & Boards", &kitchen).await;
    shop.add_category(json!({ "name": "Garden", "position": 1 })).await;
    assert_eq!(knives["slug"], "knives-boards");
    assert_eq!(knives["path"][0]["slug"], "home");
    assert_eq!(knives["path"][2]["slug"], "knives-boards");
    let flat = shop.get("/categories").await.expect(200);
    let slugs: Vec<_> = flat["items"].as_array().unwrap().iter().map(|it| &it["slug"]).collect();
    assert_eq!(slugs, ["garden", "home", "kitchen", "knives-boards"]);
    let tree = shop.get("/categories?tree=true").await.expect(200);
    assert_eq!(tree["items"].as_array().unwrap().len(), 2);
    let leaf = &tree["items"][1]["children"][0]["children"][0];
    assert_eq!(leaf["slug"], "knives-boards");
    assert_eq!(leaf["children"], json!([]));
    for key in ["home", home["id"].as_str().unwrap()] {
        assert_eq!(shop.get(&format!("/categories/{key}")).await.expect(200), home);
        let below = shop.get(&format!("/categories/{key}/subcategories")).await.expect(200);
        assert_eq!(below["items"], json!([kitchen]));
    }
    let part = shop.get("/categories?limit=2&offset=1&count=true").await.expect(200);
    assert_eq!(part, json!({ "items": [home, kitchen], "total": 4 }));
    let part = shop.get("/categories?limit=3&page=2").await.expect(200);
    assert_eq!(part, json!({ "items": [knives] }));
    let part = shop.get("/categories/home/subcategories?limit=1&page=2&count=true").await;
    assert_eq!(part.expect(200), json!({ "items": [], "total": 1 }));
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("page=1", "page"),
        ("limit=5&page=0", "page"),
        ("limit=5&page=1&offset=1", "page"),
        ("offset=-1", "offset"),
        ("tree=true&limit=5", "tree"),
    ] {
        let refused = shop.get(&format!("/categories?{query}")).await.expect(422);
        assert_eq!(wrong_fields(&refused), [field], "{query}");
    }
    for path in ["/categories/none", "/categories/none/subcategories"] {
        assert_eq!(shop.get(path).await.problem(404), "category_not_found");
    }
}

#[databases]
async fn a_product_names_its_categories(database: Database) {
    let shop = shop(database).await;
    let home = shop.add_category(json!({ "name": "Home" })).await;
    let cups = child(&shop, "Tea & Coffee", &home).await;
    let mut body = mug();
    body["categories"] = json!(["home", cups["id"], "Gifts", " gifts", "tea & coffee"]);
    let product = shop.add(body).await;
    let mut slugs: Vec<&str> = product["categories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["slug"].as_str().unwrap())
        .collect();
    slugs.sort_unstable();
    assert_eq!(slugs, ["gifts", "home", "tea-coffee"]);
    let made = shop.get("/categories/gifts").await.expect(200);
    assert_eq!((&made["name"], &made["parent_id"]), (&json!("Gifts"), &Value::Null));
    let patch = json!({ "categories": ["New"], "title": "Cup" });
    let product = shop.write("PATCH", "/products/mug", patch).await.expect(200);
    assert_eq!(product["categories"][0]["name"], "New");
    let listed = shop.get("/products?category=new").await.expect(200);
    assert_eq!(listed["items"], json!([product]));
    let nothing = json!({ "categories": [] });
    let product = shop.write("PATCH", "/products/mug", nothing).await.expect(200);
    assert_eq!(product["categories"], json!([]));
    for (names, field) in [
        (json!([chassis::id::new()]), "categories[0]"),
        (json!(["home", " "]), "categories[1]"),
        (json!(["a\nb"]), "categories[0]"),
        (json!(["x".repeat(256)]), "categories[0]"),
        (json!(vec!["home"; 51]), "categories"),
    ] {
        let patch = json!({ "categories": names });
        let refused = shop.write("PATCH", "/products/mug", patch).await.expect(422);
        assert_eq!(wrong_fields(&refused), [field]);
    }
    let both = json!({ "categories": ["home"], "category_ids": [] });
    let refused = shop.write("PATCH", "/products/mug", both).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["categories"]);
}

#[databases]
async fn a_category_never_goes_below_itself_or_too_deep(database: Database) {
    let shop = shop(database).await;
    let top = shop.add_category(json!({ "name": "1" })).await;
    let mut last = top.clone();
    for level in 2..=10 {
        last = child(&shop, &level.to_string(), &last).await;
    }
    let body = json!({ "name": "11", "parent_id": last["id"] });
    let refused = shop.write("POST", "/categories", body).await;
    assert_eq!(refused.problem(409), "category_too_deep");
    for parent in [&top, &last] {
        let body = json!({ "parent_id": parent["id"] });
        let refused = shop.write("PATCH", "/categories/1", body).await;
        assert_eq!(refused.problem(409), "category_cycle");
    }
    let side = shop.add_category(json!({ "name": "Side" })).await;
    let body = json!({ "parent_id": side["id"] });
    let refused = shop.write("PATCH", "/categories/1", body.clone()).await;
    assert_eq!(refused.problem(409), "category_too_deep");
    let moved = shop.write("PATCH", "/categories/10", body).await.expect(200);
    assert_eq!(moved["path"].as_array().unwrap().len(), 2);
    let moved = shop.write("PATCH", "/categories/10", json!({ "parent_id": null })).await;
    assert_eq!(moved.expect(200)["parent_id"], Value::Null);
    let body = json!({ "parent_id": chassis::id::new() });
    let refused = shop.write("PATCH", "/categories/10", body).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["parent_id"]);
}

#[databases]
async fn two_moves_at_once_make_no_cycle(database: Database) {
    let shop = shop(database).await;
    for n in 0..10 {
        let [a, b] = [format!("a{n}"), format!("b{n}")];
        let one = shop.add_category(json!({ "name": a })).await;
        let two = shop.add_category(json!({ "name": b })).await;
        let under = |name: &str, parent: &Value| {
            let body = json!({ "parent_id": parent["id"] });
            shop.write("PATCH", &format!("/categories/{name}"), body).send()
        };
        let (first, second) = tokio::join!(under(&a, &two), under(&b, &one));
        let refused = [first, second].into_iter().filter(|it| it.status == 409).count();
        assert_eq!(refused, 1, "{}", shop.test.kind);
        shop.get(&format!("/categories/{a}")).await.expect(200);
    }
}

#[databases]
async fn a_category_is_deleted_when_it_is_empty_and_its_products_stay(database: Database) {
    let shop = shop(database).await;
    let home = shop.add_category(json!({ "name": "Home" })).await;
    let cups = child(&shop, "Cups", &home).await;
    let mut body = mug();
    body["category_ids"] = json!([cups["id"]]);
    shop.add(body).await;
    let refused = shop.write("DELETE", "/categories/home", Value::Null).await;
    assert_eq!(refused.problem(409), "category_has_children");
    shop.write("DELETE", "/categories/cups", Value::Null).await.expect(204);
    let again = shop.write("DELETE", "/categories/cups", Value::Null).await;
    assert_eq!(again.problem(404), "category_not_found");
    assert_eq!(shop.get("/products/mug").await.expect(200)["categories"], json!([]));
    let listed = shop.get("/products?category=home").await.expect(200);
    assert_eq!(listed["items"], json!([]));
    shop.write("DELETE", "/categories/home", Value::Null).await.expect(204);
}

#[databases]
async fn a_category_is_replaced_and_its_slug_is_its_own(database: Database) {
    let shop = shop(database).await;
    let home = shop.add_category(json!({ "name": "Home" })).await;
    let other = child(&shop, "Home", &home).await;
    assert_eq!(other["slug"], "home-home");
    let body = json!({ "name": "Other", "slug": "home" });
    assert_eq!(shop.write("POST", "/categories", body.clone()).await.problem(409), "slug_taken");
    let put = shop.write("PUT", "/categories/home-home", body).await;
    assert_eq!(put.problem(409), "slug_taken");
    let body = json!({ "name": "Living", "slug": "living", "description": "<i>x</i><script>" });
    let put = shop.write("PUT", "/categories/home-home", body).await.expect(200);
    assert_eq!((&put["slug"], &put["description"]), (&json!("living"), &json!("<i>x</i>")));
    assert_eq!((&put["parent_id"], &put["version"]), (&Value::Null, &json!(2)));
    for (body, field) in [
        (json!({ "name": " " }), "name"),
        (json!({ "name": "x".repeat(256) }), "name"),
        (json!({ "name": "x", "slug": "a b" }), "slug"),
        (json!({ "name": "x", "slug": chassis::id::new() }), "slug"),
        (json!({ "name": "x", "colour": 1 }), "colour"),
    ] {
        let refused = shop.write("POST", "/categories", body.clone()).await.expect(422);
        assert_eq!(wrong_fields(&refused), [field], "{body}");
    }
    let gone = shop.write("PATCH", "/categories/none", json!({ "name": "x" })).await;
    assert_eq!(gone.problem(404), "category_not_found");
}

#[databases]
async fn categories_are_put_in_order_and_moved_at_once(database: Database) {
    let shop = shop(database).await;
    let home = shop.add_category(json!({ "name": "Home" })).await;
    let [kitchen, bath, garden] = [
        child(&shop, "Kitchen", &home).await,
        child(&shop, "Bath", &home).await,
        shop.add_category(json!({ "name": "Garden", "position": 7 })).await,
    ];
    let knives = child(&shop, "Knives", &kitchen).await;
    let mut product = mug();
    product["category_ids"] = json!([knives["id"]]);
    shop.add(product).await;
    let order = async |parent: &Value, ids: &[&Value]| {
        let ids: Vec<&Value> = ids.iter().map(|it| &it["id"]).collect();
        let body = json!({ "parent_id": parent["id"], "ids": ids });
        shop.write("POST", "/categories/reorder", body).await
    };
    let slugs = |answer: &Value| -> Vec<String> {
        let items = answer["items"].as_array().unwrap();
        items.iter().map(|it| it["slug"].as_str().unwrap().to_owned()).collect()
    };
    let below = order(&home, &[&garden, &kitchen]).await.expect(200);
    assert_eq!(slugs(&below), ["garden", "kitchen", "bath"]);
    let below = order(&home, &[&bath, &knives]).await.expect(200);
    assert_eq!(slugs(&below), ["bath", "knives", "garden", "kitchen"]);
    assert_eq!(below["items"][1]["path"][0]["slug"], "home");
    let version = below["items"][0]["version"].clone();
    let again = order(&home, &[&bath, &knives]).await.expect(200);
    assert_eq!(again["items"][0]["version"], version, "nothing changed");
    let top = order(&Value::Null, &[&kitchen, &home]).await.expect(200);
    assert_eq!(slugs(&top), ["kitchen", "home"]);
    // The product went along with its category.
    let listed = |category: &str| format!("/products?category={category}&count=true");
    assert_eq!(shop.get(&listed("kitchen")).await.expect(200)["total"], 0);
    assert_eq!(shop.get(&listed("home")).await.expect(200)["total"], 1);

    assert_eq!(order(&bath, &[&home]).await.problem(409), "category_cycle");
    let none = json!({ "id": chassis::id::new() });
    let refused = order(&home, &[&kitchen, &none]).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["ids[1]"]);
    let refused = order(&home, &[&kitchen, &kitchen]).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["ids[1]"]);
    let refused = order(&none, &[&kitchen]).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["parent_id"]);
    let refused = shop.write("POST", "/categories/reorder", json!({ "ids": [] })).await;
    assert_eq!(wrong_fields(&refused.expect(422)), ["parent_id"]);
    let refused = order(&home, &[]).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["ids"]);
    let top = shop.get("/categories?tree=true").await.expect(200);
    assert_eq!(slugs(&top), ["kitchen", "home"], "nothing of a refused order stays");
}
