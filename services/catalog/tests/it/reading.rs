use chassis::testing::{Answer, Database, TestPlatform, databases, eventually};
use serde_json::{Value, json};

use crate::{Shop, mug, shirt, shop, usd, wrong_fields};

fn etag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().expect("a tag").to_owned()
}

#[databases]
async fn who_has_an_answer_is_told_so_until_it_changes(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.add_category(json!({ "name": "Cups" })).await;
    for path in ["/products/mug", "/products", "/products?sort=price", "/categories/cups"] {
        let first = shop.get(path).await;
        let tag = etag(&first);
        assert!(tag.starts_with('"'), "a strong tag: {tag}");
        let again = shop.get(path).header("if-none-match", &tag).await;
        assert_eq!(again.status, 304, "{path}");
        assert!(again.bytes.is_empty());
        assert_eq!(etag(&again), tag);
        let other = shop.get(path).header("if-none-match", "\"other\"").await;
        assert_eq!(other.bytes, first.bytes);
    }
    let tag = etag(&shop.get("/products/mug").await);
    let patch = json!({ "title": "Cup" });
    shop.write("PATCH", "/products/mug", patch).await.expect(200);
    let changed = shop.get("/products/mug").header("if-none-match", &tag).await;
    assert_eq!(changed.expect(200)["title"], "Cup");
}

#[databases]
async fn a_write_is_visible_at_once(database: Database) {
    let shop = shop(database).await;
    let product = shop.add(mug()).await;
    let shelf = shop.add_category(json!({ "name": "Cups" })).await;
    let show = async |path: &str| shop.get(path).await.expect(200);
    let read = async || {
        let page = show("/products").await;
        let stocked = show("/products?in_stock=true").await["items"].as_array().unwrap().len();
        (show("/products/mug").await, page["items"][0].clone(), stocked)
    };
    let (shown, listed, stocked) = read().await;
    assert_eq!((&shown, &listed, stocked), (&product, &product, 1));
    let change = json!({ "price": usd(5), "category_ids": [shelf["id"]] });
    let product = shop.write("PATCH", "/products/mug", change).await.expect(200);
    assert_eq!(read().await, (product.clone(), product, 1));
    shop.write("PUT", "/inventory/MUG", json!({ "on_hand": 0 })).await.expect(200);
    let (shown, listed, stocked) = read().await;
    assert_eq!(shown["variants"][0]["available"], 0);
    assert_eq!((&shown["available"], &shown["in_stock"]), (&json!(0), &json!(false)));
    assert_eq!((shown, stocked), (listed, 0));
    shop.write("PATCH", "/categories/cups", json!({ "name": "Mugs" })).await.expect(200);
    let (shown, listed, _) = read().await;
    assert_eq!(shown["categories"][0]["name"], "Mugs");
    assert_eq!(shown, listed);
    shop.add(shirt()).await;
    assert_eq!(show("/products").await["items"].as_array().unwrap().len(), 2);
}

#[databases]
async fn a_hold_shows_in_what_is_available(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.get("/products/mug").await.expect(200);
    shop.get("/products").await.expect(200);
    let order = contracts::catalog::Reserve {
        buyer: Default::default(),
        order_id: chassis::id::new(),
        lines: vec![contracts::catalog::StockLine::new("MUG", 2)],
    };
    shop.client().reserve(&order).await.unwrap();
    let product = shop.get("/products/mug").await.expect(200);
    assert_eq!(product["variants"][0]["available"], 3);
    let page = shop.get("/products").await.expect(200);
    assert_eq!(page["items"][0]["variants"][0]["available"], 3);
}

#[databases]
async fn a_write_of_another_process_is_visible_soon(database: Database) {
    let shop = shop(database).await;
    let other = Shop::start(TestPlatform::clone(&shop.test)).await;
    shop.add(mug()).await;
    let shelf = shop.add_category(json!({ "name": "Cups" })).await;
    let there = async |path: &'static str, expected: &dyn Fn(&Value) -> bool| {
        eventually(path, async || {
            let answer = other.get(path).await;
            answer.status == 200 && expected(&answer.body)
        })
        .await;
    };
    there("/products/mug", &|it| it["title"] == "Mug").await;
    there("/products", &|it| it["items"][0]["title"] == "Mug").await;
    there("/categories", &|it| it["items"][0]["name"] == "Cups").await;
    let change = json!({ "title": "Cup", "category_ids": [shelf["id"]] });
    shop.write("PATCH", "/products/mug", change).await.expect(200);
    there("/products/mug", &|it| it["title"] == "Cup").await;
    there("/products?category=cups", &|it| it["items"][0]["title"] == "Cup").await;
    shop.write("PUT", "/inventory/MUG", json!({ "on_hand": 77 })).await.expect(200);
    there("/products/mug", &|it| it["variants"][0]["available"] == 77).await;
    shop.write("DELETE", "/categories/cups", Value::Null).await.expect(204);
    there("/categories", &|it| it["items"] == json!([])).await;
    there("/products/mug", &|it| it["categories"] == json!([])).await;
}

#[databases]
async fn a_list_comes_in_pages_in_the_order_asked_for(database: Database) {
    let shop = shop(database).await;
    for n in 1..=5 {
        let title = format!("Thing {n}");
        shop.add(json!({ "title": title, "price": usd(1000 - n % 3) })).await;
    }
    for (sort, expected) in [
        ("", "54321"),
        ("newest", "54321"),
        ("price", "25143"),
        ("-price", "34152"),
        ("title", "12345"),
    ] {
        let mut cursor = String::new();
        let mut found = String::new();
        for _ in 0..3 {
            let path = format!("/products?limit=2&count=true&sort={sort}&cursor={cursor}");
            let page = shop.get(&path).await.expect(200);
            assert_eq!(page["total"], 5);
            for item in page["items"].as_array().unwrap() {
                found.push(item["title"].as_str().unwrap().chars().last().unwrap());
            }
            cursor = page["next_cursor"].as_str().unwrap_or_default().to_owned();
        }
        assert_eq!((found.as_str(), cursor.as_str()), (expected, ""), "{sort}");
        for jump in ["limit=2&page=3", "limit=7&offset=4"] {
            let path = format!("/products?count=true&sort={sort}&{jump}");
            let page = shop.get(&path).await.expect(200);
            assert_eq!((&page["total"], &page["next_cursor"]), (&json!(5), &Value::Null));
            let [last] = page["items"].as_array().unwrap().as_slice() else { panic!("{page}") };
            assert!(last["title"].as_str().unwrap().ends_with(&expected[4..]), "{path}");
        }
    }
}

#[databases]
async fn a_list_is_filtered(database: Database) {
    let shop = shop(database).await;
    let top = shop.add_category(json!({ "name": "Clothing" })).await;
    let below = json!({ "name": "Shirts", "parent_id": top["id"] });
    let below = shop.add_category(below).await;
    let mut body = shirt();
    body["category_ids"] = json!([below["id"]]);
    shop.add(body).await;
    shop.add(mug()).await;
    for (query, expected) in [
        ("category=clothing", "linen-shirt"),
        ("category=CLOTHING", "linen-shirt"),
        ("category=shirts&search=", "linen-shirt"),
        ("tag=Linen", "linen-shirt"),
        ("vendor=Harbour", "linen-shirt"),
        ("min_price=2900", "linen-shirt"),
        ("max_price=2899", "mug"),
        ("min_price=1&max_price=2899&in_stock=true", "mug"),
        ("in_stock=false", ""),
        ("tag=none", ""),
        ("utm_source=mail&max_price=2899", "mug"),
    ] {
        let page = shop.get(&format!("/products?count=true&{query}")).await.expect(200);
        let items = page["items"].as_array().unwrap();
        let slugs: Vec<&str> = items.iter().map(|it| it["slug"].as_str().unwrap()).collect();
        assert_eq!(slugs.join(" "), expected, "{query}");
        assert_eq!(page["total"], items.len(), "{query}");
    }
}

#[databases]
async fn a_search_forgives_and_is_filtered(database: Database) {
    let shop = shop(database).await;
    shop.add(shirt()).await;
    shop.add(mug()).await;
    let found = async |query: &str| {
        eventually(query, async || {
            let page = shop.get(&format!("/products?{query}&count=true")).await;
            (page.status == 200 && page.body["total"] != 0).then_some(page.body)
        })
        .await
    };
    for query in ["search=linnen+shirt", "search=linen&tag=summer&sort=title"] {
        let page = found(query).await;
        assert_eq!(page["items"][0]["slug"], "linen-shirt", "{query}");
        assert_eq!(page["total"], 1);
    }
    let beyond = shop.get("/products?search=linen&limit=1&page=2&count=true").await.expect(200);
    assert_eq!((&beyond["items"], &beyond["total"]), (&json!([]), &json!(1)));
    let none = shop.get("/products?search=linen&max_price=100").await.expect(200);
    assert_eq!(none["items"], json!([]));
    for strange in ["%22", "a%20AND%20(", "%F0%9F%9B%92", "*", "title%3Ax"] {
        shop.get(&format!("/products?search={strange}")).await.expect(200);
    }
}

#[databases]
async fn every_wrong_part_of_a_query_is_named(database: Database) {
    let shop = shop(database).await;
    let place = chassis::page::encode(&json!({ "newest": chassis::id::new() }));
    for (query, field) in [
        ("limit=1000000000", "limit"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("min_price=-1", "min_price"),
        ("min_price=1.5", "min_price"),
        ("min_price=2&max_price=1", "max_price"),
        ("sort=size", "sort"),
        ("sort=relevance", "sort"),
        ("in_stock=maybe", "in_stock"),
        ("offset=10001", "offset"),
        ("page=0", "page"),
        ("page=1&offset=1", "page"),
        ("search=x&page=2&cursor=abc", "page"),
        ("status=sold", "status"),
        ("category=none", "category"),
        ("cursor=abc", "cursor"),
        (&format!("sort=price&cursor={place}"), "cursor"),
        (&format!("search=x&cursor={place}"), "cursor"),
        (&format!("search={}", "x".repeat(201)), "search"),
    ] {
        let problem = shop.get(&format!("/products?{query}")).await.expect(422);
        assert_eq!(wrong_fields(&problem), [field], "{query}");
    }
    assert_eq!(shop.get("/products?search=%00").await.problem(400), "malformed_query");
    for path in ["/products/%00", "/products/%ff", "/products/..%2f"] {
        assert_eq!(shop.get(path).await.status, 404, "{path}");
    }
}
