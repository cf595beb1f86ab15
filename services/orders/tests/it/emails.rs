//! Who orders, by e-mail; and how an order is found again.

use chassis::testing::{Database, User, databases};
use serde_json::json;

use crate::world::{checkout, world};

#[databases]
async fn a_guest_writes_an_address_as_people_do(database: Database) {
    let world = world(database).await;
    let kind = world.platform.kind;
    let buy = async |email: &str| {
        let mut request = checkout("tok_visa");
        request["items"][0]["quantity"] = json!(1);
        request["email"] = json!(email);
        let key = uuid::Uuid::now_v7().to_string();
        world.call("POST", "/orders").header("idempotency-key", &key).json(request).await
    };
    for (written, kept) in [
        (" Ada@Example.com ", "ada@example.com"),
        ("ädä@example.com", "ädä@example.com"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
    ] {
        let order = buy(written).await.expect(201);
        assert_eq!(order["email"], kept, "{kind} {written}");
    }
    for wrong in ["a@b", "ada@example", "ada", "\u{200b}", "ada@example.com, eve@example.com"] {
        let refused = buy(wrong).await.expect(422);
        assert_eq!(refused["errors"][0]["field"], "email", "{kind} {wrong}");
    }

    let staff = User::with(&["orders:read"]);
    for (query, found) in [
        ("email=%20ADA%40example.com", 1),
        ("email=ada%40b%C3%BCcher.example", 1),
        ("search=ada%40b%C3%BCcher.example&all=true", 1),
        ("search=Ada%40Example.com&all=true", 1),
        ("search=example&all=true", 3),
    ] {
        let list = world.call("GET", &format!("/orders?{query}")).user(&staff).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), found, "{kind} {query}");
    }
}

#[databases]
async fn an_order_is_found_by_its_number_in_any_case(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    let number = order["number"].as_str().unwrap();
    let staff = User::with(&["orders:read", "orders:write"]);
    for written in [number.to_owned(), number.to_lowercase(), format!("%20{number}%20")] {
        for who in [&user, &staff] {
            let shown = world.call("GET", &format!("/orders/{written}")).user(who).await;
            assert_eq!(shown.expect(200)["id"], order["id"], "{} {written}", world.platform.kind);
        }
        let path = format!("/orders/{written}/events");
        world.call("GET", &path).user(&staff).await.expect(200);
        let path = format!("/orders?all=true&search={written}");
        let list = world.call("GET", &path).user(&staff).await.expect(200);
        assert_eq!(list["items"][0]["id"], order["id"]);
    }
    let path = format!("/orders/{}/status", number.to_lowercase());
    let shipped = json!({ "status": "shipped" });
    let shipped = world.call("PATCH", &path).user(&staff).json(shipped).await.expect(200);
    assert_eq!(shipped["status"], "shipped");
    let nothing = world.call("GET", "/orders/cw-999999").user(&user).await;
    assert_eq!(nothing.problem(404), "order_not_found");
}
