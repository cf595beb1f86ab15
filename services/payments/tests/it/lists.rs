use chassis::testing::{Database, User, databases};
use serde_json::{Value, json};

use crate::shop::{Shop, authorize, shop};

#[databases]
async fn staff_lists_payments(database: Database) {
    let shop = shop(database).await;
    let buyer = User::customer();
    let mut orders = Vec::new();
    for token in ["tok_visa", "tok_declined", "tok_3ds"] {
        let asked = authorize(&buyer, token);
        shop.client.authorize(&asked).await.unwrap();
        orders.push((asked.order_id, asked.payment_id));
    }
    let list = async |query: &str| shop.list(&format!("/payments{query}")).await;
    let all = list("?count=true").await;
    assert_eq!((all["items"].as_array().unwrap().len(), &all["total"]), (3, &json!(3)));
    let declined = list("?status=declined").await;
    assert_eq!(declined["items"][0]["reason"], "card_declined");
    assert_eq!(declined["items"].as_array().unwrap().len(), 1);
    let (order, payment) = orders[2];
    let of_order = list(&format!("?order_id={order}")).await;
    assert_eq!(of_order["items"][0]["id"], payment.to_string());
    assert_eq!(of_order["items"].as_array().unwrap().len(), 1);

    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = list(&format!("?limit=2{cursor}")).await;
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    seen.sort();
    let mut expected: Vec<_> = orders.iter().map(|(_, it)| it.to_string()).collect();
    expected.sort();
    assert_eq!(seen, expected);
}

#[databases]
async fn a_ledger_shows_both_sides_of_every_movement(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured(&User::customer()).await;
    let part = json!({ "amount": { "amount": 500, "currency": "USD" } });
    shop.refund(id, "k1", part).await.expect(201);
    let ledger = shop.list(&format!("/payments/{id}/ledger")).await;
    let mut entries: Vec<_> = ledger["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["account"].as_str().unwrap(), it["amount"]["amount"].as_i64().unwrap()))
        .collect();
    assert_eq!(entries.iter().map(|it| it.1).sum::<i64>(), 0);
    entries.sort_unstable();
    assert_eq!(
        entries,
        [("provider:sandbox", -500), ("provider:sandbox", 1999), ("sales", -1999), ("sales", 500)]
    );
    let first = shop.list(&format!("/payments/{id}/ledger?limit=3")).await;
    let next = first["next_cursor"].as_str().unwrap();
    let rest = shop.list(&format!("/payments/{id}/ledger?limit=3&cursor={next}")).await;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &json!(null)));
}

#[databases]
async fn lists_are_for_staff(database: Database) {
    let shop = shop(database).await;
    let buyer = User::customer();
    let id = shop.captured(&buyer).await;
    for path in [
        "/payments".to_owned(),
        format!("/payments/{id}/refunds"),
        format!("/payments/{id}/ledger"),
    ] {
        assert_eq!(shop.get(&path).await.problem(401), "unauthenticated");
        let answer = shop.get(&path).user(&buyer).await;
        assert_eq!(answer.problem(403), "forbidden", "{path}");
    }
    let staff = User::with(&["payments:read"]);
    let none = uuid::Uuid::now_v7();
    for path in [format!("/payments/{none}/refunds"), format!("/payments/{none}/ledger")] {
        assert_eq!(shop.get(&path).user(&staff).await.problem(404), "payment_not_found");
    }
}

#[databases]
async fn a_wrong_query_names_its_field(database: Database) {
    let shop = shop(database).await;
    let staff = User::with(&["payments:read"]);
    let id = shop.captured(&staff).await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("cursor=!", "cursor"),
        ("cursor=e30", "cursor"),
        ("colour=red", "colour"),
    ] {
        for path in [
            "/payments".to_owned(),
            format!("/payments/{id}/refunds"),
            format!("/payments/{id}/ledger"),
        ] {
            let answer = shop.get(&format!("{path}?{query}")).user(&staff).await.expect(422);
            assert_eq!(answer["code"], "validation_failed");
            let named = answer["errors"][0]["field"].as_str().unwrap();
            let detail = answer["errors"][0]["detail"].as_str().unwrap();
            assert!(named == field || detail.contains(field), "{path}?{query}: {answer}");
        }
    }
    for query in ["status=lost", "order_id=1", "status=captured&status=declined"] {
        let answer = shop.get(&format!("/payments?{query}")).user(&staff).await;
        assert_eq!(answer.problem(422), "validation_failed", "{query}");
    }
}

impl Shop {
    async fn list(&self, path: &str) -> Value {
        self.get(path).user(&User::with(&["payments:read"])).await.expect(200)
    }
}

#[databases]
async fn the_ways_to_pay_are_listed_for_everybody(database: Database) {
    let shop = shop(database).await;
    let methods = shop.get("/payments/methods").await.expect(200);
    let card = &methods["data"][0];
    assert_eq!((&card["provider"], &card["kind"]), (&json!("sandbox"), &json!("card")));
    assert_eq!(card["tokens"]["type"], "test");
    let token = &card["tokens"]["tokens"][0];
    assert_eq!(token, &json!({ "token": "tok_visa", "outcome": "succeeds" }));
    for same in ["?currency=usd", "?total=1&currency=USD"] {
        assert_eq!(shop.get(&format!("/payments/methods{same}")).await.expect(200), methods);
    }
    for none in ["?total=0", "?currency=EUR"] {
        let methods = shop.get(&format!("/payments/methods{none}")).await.expect(200);
        assert_eq!(methods, json!({ "data": [] }), "{none}");
    }
    for wrong in ["?total=-1", "?currency=dollars", "?total=much", "?colour=red"] {
        let refused = shop.get(&format!("/payments/methods{wrong}")).await;
        assert!([400, 422].contains(&refused.status.as_u16()), "{wrong}: {}", refused.status);
    }
}
