//! Slugs: what one may be, and where those lead that products and categories had before.

use axum::http::Method;
use chassis::db::{Session, sql};
use chassis::testing::{Answer, Database, databases, eventually};
use serde_json::{Value, json};

use crate::{Shop, mug, shop, usd, wrong_fields};

/// A product of this slug.
fn named(slug: &str, sku: &str) -> Value {
    json!({ "title": "A", "slug": slug, "sku": sku, "price": usd(100) })
}

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 301);
    assert_eq!(answer.headers["cache-control"], "no-cache");
    answer.headers["location"].to_str().unwrap()
}

async fn rename(shop: &Shop, path: &str, slug: &str) -> Value {
    shop.write("PATCH", path, json!({ "slug": slug })).await.expect(200)
}

#[databases]
async fn a_former_slug_leads_to_the_product(database: Database) {
    let shop = shop(database).await;
    let id = shop.add(mug()).await["id"].as_str().unwrap().to_owned();
    shop.get("/products/mug").await.expect(200);
    rename(&shop, "/products/mug", "cup").await;
    rename(&shop, "/products/cup", "tasse à thé").await;
    for old in ["mug", "cup"] {
        let path = format!("/products/{old}");
        for method in [Method::GET, Method::HEAD] {
            let moved = shop.call(method, &path).await;
            assert_eq!(location(&moved), "/api/v1/products/tasse%20%C3%A0%20th%C3%A9");
        }
        // A link is followed by who reads, not by who writes.
        for (method, path) in [("PATCH", path.clone()), ("DELETE", path.clone())] {
            let body = if method == "PATCH" { json!({ "title": "B" }) } else { Value::Null };
            assert_eq!(shop.write(method, &path, body).await.problem(404), "product_not_found");
        }
    }
    shop.get("/products/tasse%20%C3%A0%20th%C3%A9").await.expect(200);
    // A change of something else, or of nothing, keeps them.
    shop.write("PATCH", &format!("/products/{id}"), json!({ "title": "Tasse" })).await.expect(200);
    shop.write("PATCH", &format!("/products/{id}"), json!({ "title": "Tasse" })).await.expect(200);
    assert_eq!(shop.get("/products/mug").await.status, 301);
    // Back to what it was.
    rename(&shop, &format!("/products/{id}"), "mug").await;
    shop.get("/products/mug").await.expect(200);
    assert_eq!(location(&shop.get("/products/cup").await), "/api/v1/products/mug");

    // What is not for sale is nobody's to know.
    rename(&shop, "/products/mug", "hidden").await;
    shop.write("PATCH", "/products/hidden", json!({ "status": "draft" })).await.expect(200);
    assert_eq!(shop.get("/products/mug").await.problem(404), "product_not_found");
    assert_eq!(
        location(&shop.write("GET", "/products/mug", Value::Null).await),
        "/api/v1/products/hidden"
    );
    shop.write("DELETE", "/products/hidden", Value::Null).await.expect(204);
    let gone = shop.write("GET", "/products/mug", Value::Null).await;
    assert_eq!(gone.problem(404), "product_not_found");
}

#[databases]
async fn a_former_slug_can_be_somebody_else_s(database: Database) {
    let shop = shop(database).await;
    shop.add(named("a", "A")).await;
    rename(&shop, "/products/a", "b").await;
    // Who follows an old link wants what was there: a slug that nobody asked for leaves it.
    let made = json!({ "title": "A", "sku": "A-2", "price": usd(100) });
    assert_eq!(shop.add(made).await["slug"], "a-2");
    assert_eq!(location(&shop.get("/products/a").await), "/api/v1/products/b");
    shop.add(named("a", "A-3")).await;
    assert_eq!(shop.get("/products/a").await.expect(200)["variants"][0]["sku"], "A-3");
    // It does not come back with the other one's end.
    shop.write("DELETE", "/products/a", Value::Null).await.expect(204);
    assert_eq!(shop.get("/products/a").await.problem(404), "product_not_found");
    // Or by a change of slug.
    shop.add(named("c", "C")).await;
    rename(&shop, "/products/c", "d").await;
    rename(&shop, "/products/b", "c").await;
    assert_eq!(shop.get("/products/c").await.expect(200)["sku"], "A");
    assert_eq!(location(&shop.get("/products/b").await), "/api/v1/products/c");
    let taken = shop.write("PATCH", "/products/d", json!({ "slug": "c" })).await;
    assert_eq!(taken.problem(409), "slug_taken");
}

#[databases]
async fn a_former_slug_leads_to_the_category(database: Database) {
    let shop = shop(database).await;
    let cups = shop.add_category(json!({ "name": "Cups" })).await;
    shop.add(json!({ "title": "Mug", "sku": "M", "price": usd(1), "categories": ["cups"] })).await;
    shop.get("/categories/cups").await.expect(200);
    rename(&shop, "/categories/cups", "becher").await;
    let moved = shop.call(Method::HEAD, "/categories/cups").await;
    assert_eq!(location(&moved), "/api/v1/categories/becher");
    assert_eq!(location(&shop.get("/categories/cups").await), "/api/v1/categories/becher");
    let list = shop.get("/products?category=cups").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let refused = shop.write("PATCH", "/categories/cups", json!({ "name": "X" })).await;
    assert_eq!(refused.problem(404), "category_not_found");
    // A made-up slug leaves it, one that is asked for takes it.
    let other = shop.add_category(json!({ "name": "CUPS" })).await;
    assert_eq!(other["slug"], "cups-2");
    rename(&shop, "/categories/cups-2", "cups").await;
    assert_eq!(shop.get("/categories/cups").await.expect(200)["id"], other["id"]);
    rename(&shop, "/categories/becher", "tassen").await;
    rename(&shop, "/categories/tassen", "becher").await;
    assert_eq!(shop.get("/categories/becher").await.expect(200)["id"], cups["id"]);
    shop.write("DELETE", "/categories/becher", Value::Null).await.expect(204);
    assert_eq!(shop.get("/categories/tassen").await.problem(404), "category_not_found");
}

#[databases]
async fn a_slug_keeps_the_letters_of_every_script(database: Database) {
    let shop = shop(database).await;
    for (title, slug) in [
        ("Thai น้ำปลาแท้", "thai-น้ำปลาแท้"),
        ("हिन्दी किताब", "हिन्दी-किताब"),
        ("İstanbul Kahvesi", "istanbul-kahvesi"),
        ("Cafe\u{301} cre\u{300}me", "café-crème"),
    ] {
        let product = shop.add(json!({ "title": title, "price": usd(1) })).await;
        assert_eq!(product["slug"], slug);
        let shelf = shop.add_category(json!({ "name": title })).await;
        assert_eq!(shelf["slug"], slug);
    }
    // In whatever form its letters are encoded.
    for encoded in ["caf%C3%A9-cr%C3%A8me", "cafe%CC%81-cre%CC%80me"] {
        for path in ["products", "categories"] {
            let found = shop.get(&format!("/{path}/{encoded}")).await.expect(200);
            assert_eq!(found["slug"], "café-crème");
        }
        let list = shop.get(&format!("/products?category={encoded}")).await.expect(200);
        assert_eq!(list["items"], json!([]));
    }
    let kept = rename(&shop, "/products/istanbul-kahvesi", "the\u{301}").await;
    assert_eq!(kept["slug"], "thé");
}

#[databases]
async fn a_slug_that_misleads_is_refused(database: Database) {
    let shop = shop(database).await;
    shop.add(named("zw", "ZW")).await;
    shop.add(named("paypal", "PP")).await;
    shop.add_category(json!({ "name": "zw" })).await;
    shop.add_category(json!({ "name": "paypal" })).await;
    shop.add(named("other", "O")).await;
    shop.add_category(json!({ "name": "other" })).await;
    let misleading = ["..", ".", "z\u{200b}w", "zw\u{ad}", "a\u{202e}b", "a/b"];
    let alike = ["ZW", "ｚｗ", "раураl", "PayPal"];
    for slug in misleading.into_iter().chain(alike) {
        for (method, path, body) in [
            ("POST", "/products", named(slug, "N")),
            ("PATCH", "/products/other", json!({ "slug": slug })),
            ("POST", "/categories", json!({ "name": "N", "slug": slug })),
            ("PATCH", "/categories/other", json!({ "slug": slug })),
        ] {
            let refused = shop.write(method, path, body).await.expect(422);
            assert_eq!(wrong_fields(&refused), ["slug"], "{slug:?} {path}");
            let detail = refused["errors"][0]["detail"].as_str().unwrap();
            assert_eq!(detail.contains("looks like"), alike.contains(&slug), "{slug:?}: {detail}");
        }
    }
    // Its own slug in other letters is none of somebody else's.
    assert_eq!(rename(&shop, "/products/zw", "ZW").await["slug"], "ZW");
    assert_eq!(location(&shop.get("/products/zw").await), "/api/v1/products/ZW");
    // What only reads alike in one of the two is meant to differ.
    for slug in ["size-l", "size-1", "cafe", "café"] {
        shop.add(named(slug, slug)).await;
    }
}

#[databases]
async fn slugs_of_before_stay_until_they_are_changed(database: Database) {
    let test = database.platform(catalog::MIGRATIONS).await;
    let shop = Shop::start(test.clone()).await;
    let old = "zw\u{200b}";
    let id = shop.add(named("zw", "ZW")).await["id"].as_str().unwrap().to_owned();
    let other = shop.add(named("x", "X")).await["id"].as_str().unwrap().to_owned();
    // As an earlier version wrote them: two that look alike, and nobody knew.
    for (slug, sku) in [("ZW", "X"), (old, "ZW")] {
        let update = sql!(
            "UPDATE products SET slug = {slug}, slug_key = NULL
             WHERE id = (SELECT product_id FROM variants WHERE sku = {sku})"
        );
        shop.test.db.query(update).execute().await.unwrap();
    }
    // The same database, with a process that has just started.
    let shop = Shop::start(test).await;
    let known = async || {
        let count = shop.test.db.query("SELECT count(*) FROM products WHERE slug_key IS NULL");
        count.one::<(i64,)>().await.unwrap().0 == 0
    };
    eventually("the slugs are compared", known).await;
    for id in [&id, &other] {
        let path = format!("/products/{id}");
        let product = shop.get(&path).await.expect(200);
        let body = json!({ "slug": product["slug"], "title": "New" });
        let edited = shop.write("PATCH", &path, body).await.expect(200);
        assert_eq!((&edited["slug"], &edited["title"]), (&product["slug"], &json!("New")));
    }
    let refused = shop.write("POST", "/products", named("zw", "N")).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["slug"]);
    rename(&shop, &format!("/products/{id}"), "free").await;
    assert_eq!(location(&shop.get("/products/zw%E2%80%8B").await), "/api/v1/products/free");
}
