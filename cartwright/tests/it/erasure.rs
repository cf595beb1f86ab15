//! Who deletes their account is nowhere any more but where the law wants them to be.

use chassis::testing::{eventually, on};

use chassis::db::{Db, Session, Sql};
use serde_json::json;

use crate::shop::{Live, Shape, address, checkout, eventually_answers};

/// In the name of the account and in both of its addresses.
const WORD: &str = "erase-me";
const PASSWORD: &str = "correct horse battery";

/// Where the word is: `database.table` for each table that has it anywhere.
async fn found(shop: &Live) -> Vec<String> {
    let mut found = Vec::new();
    for store in shop.stores().all() {
        let (name, db, _) = store.expect("a database");
        for table in tables(db).await {
            if holds(db, &table).await {
                found.push(format!("{name}.{table}"));
            }
        }
    }
    found
}

async fn tables(db: &Db) -> Vec<String> {
    const TABLES: Sql = Sql {
        sqlite: "SELECT name FROM sqlite_master WHERE type = 'table'",
        postgres: "SELECT CAST(table_name AS TEXT) FROM information_schema.tables
                   WHERE table_schema = current_schema()",
    };
    let names: Vec<(String,)> = db.query(TABLES).all().await.expect("names of tables");
    names.into_iter().map(|(name,)| name).collect()
}

async fn holds(db: &Db, table: &str) -> bool {
    let count = if db.is_sqlite() {
        let columns = format!("SELECT name FROM pragma_table_info('{table}')").leak();
        let columns: Vec<(String,)> = db.query(&*columns).all().await.expect("columns");
        let any: Vec<String> =
            columns.iter().map(|(it,)| format!("CAST(\"{it}\" AS TEXT) LIKE '%{WORD}%'")).collect();
        format!("SELECT count(*) FROM \"{table}\" WHERE {}", any.join(" OR "))
    } else {
        format!("SELECT count(*) FROM \"{table}\" AS r WHERE CAST(r AS TEXT) LIKE '%{WORD}%'")
    };
    let count: (i64,) = db.query(&*count.leak()).one().await.expect("a count");
    count.0 > 0
}

/// Waits until the word is nowhere; fails with where it still is.
async fn gone(shop: &Live) {
    eventually("the word is nowhere", async || {
        let left = found(shop).await;
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
}

#[on(sqlite, postgres, apart)]
async fn a_deleted_account_is_in_no_table_of_any_database(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let product = shop.product("LAMP-1", 1_999, 50).await;
    let ada = shop.customer(WORD).await;
    let order = ada.post("/orders", checkout("LAMP-1", "tok_visa")).key("k").await.expect(201);
    let mut home = address();
    home["name"] = json!(WORD);
    ada.post("/users/me/addresses", home).await.expect(201);
    ada.post("/cart/items", json!({ "sku": "LAMP-1", "quantity": 1 })).await.expect(200);
    let review = json!({ "product_id": product["id"], "rating": 4, "title": "Good",
                         "body": "It lights." });
    ada.post("/reviews", review).await.expect(201);
    let email = format!("{WORD}@example.com");
    let wrong = json!({ "email": email, "password": "wrong" });
    shop.http.post("/auth/login", wrong).await.expect(401);
    let forgot = json!({ "email": email });
    shop.http.post("/auth/password/forgot", forgot).await.expect(202);
    let moved = json!({ "email": format!("new-{WORD}@example.com"),
                        "current_password": PASSWORD });
    ada.call("PATCH", "/users/me").json(moved).await.expect(200);
    let before = found(&shop).await;
    assert!(before.len() > 3, "{before:?}");

    // At once: some of what was told is still on its way.
    let body = json!({ "password": PASSWORD });
    ada.call("DELETE", "/users/me").json(body).await.expect(204);
    gone(&shop).await;

    // The order goes on, and its invoice can be written.
    let admin = shop.admin().await;
    let path = format!("/orders/{}", order["id"].as_str().expect("an id"));
    let ship = json!({ "status": "shipped", "tracking_number": "1Z999" });
    admin.call("PATCH", &format!("{path}/status")).json(ship).await.expect(200);
    let shown = admin.get(&path).await.expect(200);
    assert_eq!((&shown["email"], &shown["status"]), (&json!(""), &json!("shipped")));
    assert_eq!(shown["shipping_address"]["name"], address()["name"]);
    let history = async || admin.get("/notifications/history?limit=100").await.expect(200);
    let told = |it: &serde_json::Value| {
        it["items"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|it| it["template"] == "order_shipped" && it["status"] == "skipped")
    };
    eventually_answers(history, told).await;
    gone(&shop).await;
    shop.check().await;
    shop.stop().await;
}
