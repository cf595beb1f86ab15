use axum::http::Method;
use chassis::testing::{Answer, Database, User, databases, eventually};
use serde_json::{Value, json};

use crate::{Shop, shop, usd, wrong_fields};

const APPAREL: &[u8] = include_bytes!("../data/apparel.csv");
const FLIPKART: &[u8] = include_bytes!("../data/flipkart-cut.csv");

const BAD: &str = "Handle,Title,Variant Price,Variant SKU,Image Src\n\
                   mug,Mug,12.00,MUG,\n\
                   cup,Cup,,CUP,\n\
                   pot,Pot,20.00,POT,ftp://example.com/pot.png\n\
                   ,Lid,1.00,LID,\n";

async fn send(shop: &Shop, query: &str, file: impl Into<Vec<u8>>) -> Answer {
    let call = shop.call(Method::POST, &format!("/products/imports{query}")).user(&shop.staff);
    call.header("content-type", "text/csv").body(file.into()).await
}

/// The import once it has ended.
async fn ended(shop: &Shop, import: &Value) -> Value {
    let path = format!("/products/imports/{}", import["id"].as_str().expect("an id"));
    eventually("the import has ended", async || {
        let import = shop.write("GET", &path, Value::Null).await.expect(200);
        let goes_on = ["waiting", "running"].contains(&import["state"].as_str().expect("a state"));
        if goes_on { Err(import) } else { Ok(import) }
    })
    .await
}

#[databases]
async fn a_preview_changes_nothing_and_tells_what_is_wrong(database: Database) {
    let shop = shop(database).await;
    let preview = send(&shop, "?dry_run=true", BAD).await.expect(200);
    assert_eq!(
        preview,
        json!({
            "rows": 4, "products": 4, "created": 2, "updated": 0, "unchanged": 0, "stock_kept": 0,
            "failed": 2,
            "errors": [
                { "row": 3, "column": "Variant Price", "product": "cup",
                  "message": "Variant Price is empty" },
                { "row": 5, "column": "Handle", "product": "", "message": "Handle is empty" }
            ],
            "warnings": [
                { "row": 4, "product": "pot", "message":
                  "the picture \"ftp://example.com/pot.png\" is left out: not a web address" }
            ],
            "sample": [
                { "slug": "mug", "title": "Mug", "variants": 1, "price": usd(1200),
                  "action": "create" },
                { "slug": "pot", "title": "Pot", "variants": 1, "price": usd(2000),
                  "action": "create" }
            ]
        })
    );
    assert_eq!(shop.get("/products").await.expect(200)["items"], json!([]));
    let imports = shop.write("GET", "/products/imports", Value::Null).await.expect(200);
    assert_eq!(imports["items"], json!([]));
    let preview = send(&shop, "?dry_run=true", FLIPKART).await.expect(200);
    assert_eq!((&preview["created"], &preview["failed"]), (&json!(49), &json!(3)));
    assert_eq!(preview["sample"].as_array().unwrap().len(), 20);
}

#[databases]
async fn good_rows_land_although_others_are_bad(database: Database) {
    let shop = shop(database).await;
    let sent = send(&shop, "?file_name=spring%202026.csv", BAD).await;
    let location = sent.headers["location"].to_str().unwrap().to_owned();
    let sent = sent.expect(202);
    assert_eq!(location, format!("/api/v1/products/imports/{}", sent["id"].as_str().unwrap()));
    assert_eq!((&sent["state"], &sent["rows"]), (&json!("waiting"), &json!(4)));
    let import = ended(&shop, &sent).await;
    assert_eq!(import["state"], "done", "{import}");
    assert_eq!(import["file_name"], "spring 2026.csv");
    assert_eq!(import["created_by"], json!(shop.staff.id()));
    let counts = ["rows_done", "created", "updated", "unchanged", "failed"];
    assert_eq!(counts.map(|it| import[it].as_i64().unwrap()), [4, 2, 0, 0, 2]);
    assert_eq!(import["errors"][0]["row"], 3);
    assert_eq!(import["warnings"][0]["product"], "pot");
    assert_eq!(import["finished_at"], import["created_at"], "the clock stands");
    assert_eq!(shop.get("/products/mug").await.expect(200)["price"], usd(1200));

    // Once more changes nothing; another price changes one product.
    let again = ended(&shop, &send(&shop, "", BAD).await.expect(202)).await;
    assert_eq!(counts.map(|it| again[it].as_i64().unwrap()), [4, 0, 0, 2, 2]);
    let dearer = BAD.replace("12.00", "13.00");
    let preview = send(&shop, "?dry_run=true", dearer.clone()).await.expect(200);
    assert_eq!(preview["sample"][0]["action"], "update");
    let third = ended(&shop, &send(&shop, "", dearer).await.expect(202)).await;
    assert_eq!(counts.map(|it| third[it].as_i64().unwrap()), [4, 0, 1, 1, 2]);

    let page = shop.write("GET", "/products/imports?limit=2", Value::Null).await.expect(200);
    assert_eq!(page["items"][0]["id"], third["id"]);
    assert!(page["items"][0].get("errors").is_none());
    let next = page["next_cursor"].as_str().unwrap();
    let path = format!("/products/imports?cursor={next}");
    let page = shop.write("GET", &path, Value::Null).await.expect(200);
    assert_eq!(page["items"][0]["id"], import["id"]);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
}

#[databases]
async fn a_file_sets_the_stock_of_what_exists_only_if_told_to(database: Database) {
    let file = "Handle,Title,Variant Price,Variant SKU,Variant Inventory Tracker,\
                Variant Inventory Qty\nmug,Mug,12.00,MUG,shopify,10\n";
    let shop = shop(database).await;
    ended(&shop, &send(&shop, "", file).await.expect(202)).await;
    let adjust = async |units: i64| {
        shop.write("PUT", "/inventory/MUG", json!({ "adjust": units })).await.expect(200)
    };
    assert_eq!(adjust(-3).await["on_hand"], 7);
    let told =
        |it: &Value| ["updated", "unchanged", "stock_kept"].map(|name| it[name].as_i64().unwrap());
    let preview = send(&shop, "?dry_run=true", file).await.expect(200);
    assert_eq!(told(&preview), [0, 1, 1]);
    let kept = ended(&shop, &send(&shop, "", file).await.expect(202)).await;
    assert_eq!((told(&kept), &kept["set_stock"]), ([0, 1, 1], &json!(false)));
    assert_eq!(adjust(0).await["on_hand"], 7);
    let preview = send(&shop, "?dry_run=true&set_stock=true", file).await.expect(200);
    assert_eq!(told(&preview), [1, 0, 0]);
    let set = ended(&shop, &send(&shop, "?set_stock=true", file).await.expect(202)).await;
    assert_eq!((told(&set), &set["set_stock"]), ([1, 0, 0], &json!(true)));
    assert_eq!(adjust(0).await["on_hand"], 10);
}

#[databases]
async fn real_files_are_imported(database: Database) {
    let shop = shop(database).await;
    let apparel = ended(&shop, &send(&shop, "", APPAREL).await.expect(202)).await;
    let flipkart = ended(&shop, &send(&shop, "", FLIPKART).await.expect(202)).await;
    for (import, created) in [(apparel, 20), (flipkart, 49)] {
        assert_eq!((&import["state"], &import["created"]), (&json!("done"), &json!(created)));
        assert_eq!(import["rows"], import["rows_done"]);
    }
    assert_eq!(shop.get("/products?count=true&limit=1").await.expect(200)["total"], 69);
    let latin = b"Handle,Title,Variant Price\ncafe,Caf\xe9,1\ntea,Tea,1\n".to_vec();
    let import = ended(&shop, &send(&shop, "", latin).await.expect(202)).await;
    assert_eq!(import["created"], 1);
    assert_eq!(import["errors"][0]["message"], "field 2 is not UTF-8");
    assert_eq!(catalog::invariants::ledger(&shop.test.db).await.unwrap(), Vec::<String>::new());
}

#[databases]
async fn a_file_that_cannot_be_used_is_refused_at_once(database: Database) {
    let shop = shop(database).await;
    for (file, message) in [
        (&b""[..], "the file is empty"),
        (b"Title,Variant Price\nMug,1\n", "the column \"Handle\" is missing"),
        (b"Handle;Title\nmug;Mug\n", "not semicolons"),
        (b"PK\x03\x04\x00\x00", "looks like a spreadsheet"),
        (b"\xff\xfeH\x00a\x00n\x00", "CSV UTF-8"),
        (b"Handle,Title,Title\n", "twice"),
    ] {
        for query in ["", "?dry_run=true"] {
            let refused = send(&shop, query, file).await.expect(422);
            assert_eq!(refused["code"], "import_unreadable");
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.contains(message), "{detail}");
        }
    }
    let large = send(&shop, "", vec![b'x'; (32 << 20) + 1]).await;
    assert_eq!(large.problem(413), "body_too_large");
    let refused = send(&shop, "?dry_run=maybe", BAD).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["dry_run"]);
    let missing = format!("/products/imports/{}", chassis::id::new());
    let missing = shop.write("GET", &missing, Value::Null).await;
    assert_eq!(missing.problem(404), "import_not_found");
    let customer = User::customer();
    for (method, path) in [
        (Method::POST, "/products/imports".to_owned()),
        (Method::GET, "/products/imports".to_owned()),
        (Method::GET, format!("/products/imports/{}", chassis::id::new())),
    ] {
        let nobody = shop.call(method.clone(), &path).await;
        assert_eq!(nobody.problem(401), "unauthenticated");
        let call = shop.call(method, &path).user(&customer);
        assert_eq!(call.await.problem(403), "forbidden");
    }
}
