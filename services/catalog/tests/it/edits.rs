//! Writes that are meant for a state: `If-Match` and the version of the object itself.

use chassis::testing::{Answer, Call, Database, databases};
use contracts::catalog::{Reserve, StockLine};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{Shop, mug, shirt, shop, usd};

const PATH: &str = "/products/mug";

impl Shop {
    fn matching(&self, tag: &str, method: &str, path: &str, body: Value) -> Call {
        self.write(method, path, body).header("if-match", tag)
    }

    async fn tag(&self, path: &str) -> String {
        tag(&self.write("GET", path, Value::Null).await)
    }
}

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().expect("a tag").to_owned()
}

/// What a refused write says has changed.
fn changed(answer: Answer) -> Value {
    let problem = answer.expect(412);
    assert_eq!(problem["code"], "precondition_failed", "{problem}");
    problem["changed"].clone()
}

#[databases]
async fn staff_read_the_tag_that_writes_compare_and_others_that_of_the_content(database: Database) {
    let shop = shop(database).await;
    let made = shop.write("POST", "/products", mug()).await;
    assert_eq!((tag(&made), &made.body["version"]), ("\"1\"".to_owned(), &json!(1)));
    // What is kept for everybody is not what staff get, whoever comes first.
    let public = shop.get("/products/mug").await;
    let staff = shop.write("GET", "/products/mug", Value::Null).await;
    assert_eq!(tag(&staff), "\"1\"");
    assert_ne!(tag(&public), "\"1\"");
    assert_eq!(public.headers["cache-control"], "no-cache");
    assert_eq!(staff.headers["cache-control"], "private, no-store");
    assert_eq!(tag(&shop.get("/products/mug").await), tag(&public));
    let known = shop.get("/products/mug").header("if-none-match", &tag(&public)).await;
    assert_eq!(known.status, 304);
    // The stock of the version may be another one by now.
    let again = shop.write("GET", "/products/mug", Value::Null).header("if-none-match", "\"1\"");
    assert_eq!(again.await.expect(200)["version"], 1);
    let images = shop.write("GET", "/products/mug/images", Value::Null).await;
    assert_eq!(tag(&images), "\"1\"");
    assert!(!shop.get("/products/mug/images").await.headers.contains_key("etag"));

    shop.add_category(json!({ "name": "Cups" })).await;
    assert_eq!(shop.tag("/categories/cups").await, "\"1\"");
    assert_ne!(tag(&shop.get("/categories/cups").await), "\"1\"");
}

#[databases]
async fn a_write_of_a_product_is_for_the_state_it_names(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let path = PATH;
    let title = |title: &str| json!({ "title": title });
    let first = shop.matching("\"1\"", "PATCH", path, title("Cup")).await;
    assert_eq!((tag(&first), &first.body["version"]), ("\"2\"".to_owned(), &json!(2)));
    // Without the header it goes through.
    shop.write("PATCH", path, json!({ "tags": ["blue"], "price": usd(900) })).await.expect(200);

    let image = json!({ "url": "https://img.example.com/a.png" });
    let added = shop.matching("\"3\"", "POST", "/products/mug/images", image.clone()).await;
    assert_eq!(tag(&added), "\"4\"");
    let id = added.body["items"][0]["id"].as_str().expect("an id").to_owned();
    let one = format!("/products/mug/images/{id}");
    let before = shop.write("GET", path, Value::Null).await.expect(200);
    let mut whole = mug();
    whole["title"] = json!("Bowl");
    let stale = || {
        [
            ("PATCH", path, title("Bowl")),
            ("PUT", path, whole.clone()),
            ("DELETE", path, Value::Null),
            ("POST", "/products/mug/images", image.clone()),
            ("PUT", "/products/mug/images", json!({ "image_ids": [id] })),
            ("PATCH", one.as_str(), json!({ "alt": "blue" })),
            ("DELETE", one.as_str(), Value::Null),
        ]
    };
    for (method, path, body) in stale() {
        let refused = shop.matching("\"2\"", method, path, body.clone()).await;
        assert_eq!(
            (&refused.body["version"], refused.body["updated_at"].is_string()),
            (&json!(4), true)
        );
        let names = json!(["images", "price", "tags", "variants[MUG].price"]);
        assert_eq!(changed(refused), names, "{method} {path}");
        // What is about the same is not the same; what never was says nothing.
        for tag in ["W/\"4\"", "\"5\"", "\"0\", W/\"4\"", "\"public\""] {
            let refused = shop.matching(tag, method, path, body.clone()).await;
            assert_eq!(refused.problem(412), "precondition_failed", "{tag} {method} {path}");
        }
        let malformed = shop.matching("4", method, path, body).await;
        assert_eq!(malformed.problem(400), "if_match_invalid");
    }
    assert_eq!(shop.write("GET", path, Value::Null).await.expect(200), before);

    let mut version = 4;
    // What removes the picture comes after what changes it, what removes the product last.
    for at in [5, 4, 3, 6, 0, 1] {
        let (method, path, body) = stale()[at].clone();
        let tag = if at == 3 { "*".to_owned() } else { format!("\"x\", \"{version}\"") };
        let done = shop.matching(&tag, method, path, body).await;
        assert!(done.status.is_success(), "{method} {path}: {}", done.body);
        let now = shop.write("GET", PATH, Value::Null).await.expect(200);
        version = now["version"].as_i64().expect("a version");
    }
    assert_eq!(
        shop.matching(&format!("\"{version}\""), "DELETE", path, Value::Null).await.status,
        204
    );
    let gone = shop.matching("*", "DELETE", path, Value::Null).await;
    assert_eq!(gone.problem(404), "product_not_found");
}

#[databases]
async fn a_refusal_names_the_variants_that_changed(database: Database) {
    let shop = shop(database).await;
    let shirt = shop.add(shirt()).await;
    let path = "/products/linen-shirt";
    let sku = |at: usize| shirt["variants"][at]["sku"].as_str().expect("a SKU").to_owned();
    let mut variants = shirt["variants"].clone();
    let keep = |variants: &Value| {
        let keep = |it: &Value| {
            json!({ "id": it["id"], "sku": it["sku"], "options": it["options"],
                    "price": it["price"], "barcode": it["barcode"] })
        };
        Value::from(variants.as_array().expect("variants").iter().map(keep).collect::<Vec<_>>())
    };
    variants[1]["barcode"] = json!("4006381333931");
    let written =
        shop.write("PATCH", path, json!({ "variants": keep(&variants) })).await.expect(200);
    let versions = written["variants"].as_array().expect("variants").iter();
    let versions: Vec<_> = versions.map(|it| it["version"].as_i64()).collect();
    assert_eq!(versions, [Some(1), Some(2), Some(1)], "the revision that edited it");
    variants[0]["price"] = usd(2_000);
    shop.write("PATCH", path, json!({ "variants": keep(&variants) })).await.expect(200);

    let stale = async |version: i64| {
        let tag = format!("\"{version}\"");
        changed(shop.matching(&tag, "PATCH", path, json!({ "title": "Shirt" })).await)
    };
    let barcode = format!("variants[{}].barcode", sku(1));
    let price = format!("variants[{}].price", sku(0));
    assert_eq!(stale(2).await, json!(["price", price]));
    assert_eq!(stale(1).await, json!(["price", price, barcode]));
    let mut rest = keep(&variants);
    rest.as_array_mut().expect("variants").remove(0);
    let mut whole =
        json!({ "title": "Linen Shirt", "options": shirt["options"], "variants": rest });
    whole["tags"] = shirt["tags"].clone();
    shop.matching("\"3\"", "PUT", path, whole).await.expect(200);
    let names = stale(3).await;
    assert!(names.as_array().expect("names").contains(&json!("variants")), "{names}");
}

#[databases]
async fn a_write_of_a_category_is_for_the_state_it_names(database: Database) {
    let shop = shop(database).await;
    shop.add_category(json!({ "name": "Cups" })).await;
    let path = "/categories/cups";
    let renamed = shop.matching("\"1\"", "PATCH", path, json!({ "name": "Mugs" })).await;
    assert_eq!((tag(&renamed), &renamed.body["version"]), ("\"2\"".to_owned(), &json!(2)));
    shop.write("PATCH", path, json!({ "description": "To drink from" })).await.expect(200);
    let before = shop.write("GET", path, Value::Null).await.expect(200);
    for (method, body) in [
        ("PATCH", json!({ "position": 3 })),
        ("PUT", json!({ "name": "Cups", "slug": "cups" })),
        ("DELETE", Value::Null),
    ] {
        let refused = shop.matching("\"2\"", method, path, body.clone()).await;
        assert_eq!(changed(refused), json!(["description"]), "{method}");
        let refused = shop.matching("W/\"3\"", method, path, body).await;
        assert_eq!(refused.problem(412), "precondition_failed", "{method}");
    }
    assert_eq!(shop.write("GET", path, Value::Null).await.expect(200), before);
    shop.matching("\"3\"", "PUT", path, json!({ "name": "Cups", "slug": "cups" }))
        .await
        .expect(200);
    shop.matching("\"4\"", "PATCH", path, json!({ "position": 3 })).await.expect(200);
    assert_eq!(shop.matching("\"5\"", "DELETE", path, Value::Null).await.status, 204);
}

/// Sales move the stock all the time: editors are in nobody's way but their own.
#[databases]
async fn of_many_who_write_over_the_same_version_one_wins_beside_a_storm_of_sales(
    database: Database,
) {
    const EDITORS: usize = 8;
    let shop = shop(database).await;
    let mut many = mug();
    many["on_hand"] = json!(10_000);
    shop.add(many).await;
    let client = shop.client();
    let sales = async {
        for _ in 0..60 {
            let lines = vec![StockLine::new("MUG", 1)];
            let order = Reserve { order_id: chassis::id::new(), lines, buyer: Default::default() };
            client.reserve(&order).await.expect("units");
            client.commit(order.order_id).await.expect("a sale");
        }
    };
    let edits = async {
        for round in 1..=5_i64 {
            let read = shop.write("GET", PATH, Value::Null).await;
            assert_eq!(tag(&read), format!("\"{round}\""), "sales do not change it");
            let edit = |editor: usize| {
                let body = json!({ "title": format!("Mug {round}.{editor}") });
                shop.matching(&tag(&read), "PATCH", PATH, body).send()
            };
            let answers = join_all((0..EDITORS).map(edit)).await;
            let (won, lost): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|it| it.status == 200);
            assert_eq!((won.len(), lost.len()), (1, EDITORS - 1));
            for it in lost {
                assert_eq!(changed(it), json!(["title"]));
            }
            let now = shop.write("GET", PATH, Value::Null).await.expect(200);
            assert_eq!(now["title"], won[0].body["title"], "nobody wrote over the one who won");
        }
    };
    futures::join!(sales, edits);
    let stock = shop.write("GET", "/inventory/MUG", Value::Null).await;
    assert_eq!(stock.body["allocated"], 60);
    assert_eq!(
        tag(&stock),
        format!("\"{}\"", stock.body["version"]),
        "of the stock it is the stock's"
    );
    let product = shop.write("GET", PATH, Value::Null).await.expect(200);
    assert_eq!((&product["version"], &product["available"]), (&json!(6), &json!(9_940)));
}
