//! Bad input, wherever it may enter: a problem that names what is wrong, never a 5xx.

use chassis::testing::{eventually, on};
use contracts::identity::TRUST;
use serde_json::{Value, json};

use crate::bodies::{address, operations};
use crate::client::Http;
use crate::shop::{Shape, checkout, sqlite};

/// Bodies that are wrong for every route that takes JSON.
fn broken() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        "",
        "{",
        "null",
        "[]",
        "\"text\"",
        "5",
        "{\"\\u0000\": 1}",
        "{\"name\": \"\\ud800\"}",
        "{\"a\": {\"b\": {\"c\": []}}}",
        "{\"unknown_field\": 1}",
        "{\"unknown_field\": 1, \"unknown_field\": 1}",
    ]
    .iter()
    .map(|it| it.as_bytes().to_vec())
    .collect();
    bodies.push(b"{\"name\": \"\xff\xfe\"}".to_vec());
    bodies.push("[".repeat(100_000).into_bytes());
    bodies.push(format!("{{\"name\": \"{}\"}}", "x".repeat(2 * 1024 * 1024)).into_bytes());
    bodies
}

/// Values of every wrong kind for a single field.
fn wrong_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(i64::MAX),
        json!(1e300),
        json!(""),
        json!("\u{0}"),
        json!("x".repeat(100_000)),
        json!([]),
        json!({}),
        json!([[[]]]),
    ]
}

#[on(sqlite, postgres, apart)]
async fn broken_bodies_are_refused_everywhere(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let admin = shop.admin().await;
    shop.product("LAMP-1", 1_999, 5).await;
    let described = shop.http.get("//openapi.json").await.expect(200);
    for (path, operations) in described["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            // A body that may be absent may be anything absent-like.
            if operation["requestBody"]["required"] != json!(true) {
                continue;
            }
            for body in broken() {
                let call = admin.call(&method.to_uppercase(), &address(path));
                let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
                let reply = call.key("k").text(body).await;
                let status = reply.status.as_u16();
                assert!((400..500).contains(&status), "{method} {path} {shown}: {reply:?}");
                assert!(reply.body["code"].is_string(), "{method} {path} {shown}: {reply:?}");
            }
        }
    }
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn a_wrong_field_is_named_and_changes_nothing(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let admin = shop.admin().await;
    shop.product("LAMP-1", 1_999, 5).await;
    let register =
        json!({ "email": "a@example.com", "password": "correct horse battery", "name": "A" });
    let product = json!({ "title": "T", "variants": [{ "sku": "T-1", "price": { "amount": 1, "currency": "USD" } }] });
    let review = json!({ "product_id": "00000000-0000-0000-0000-000000000000", "rating": 5, "title": "t", "body": "b" });
    let mail = json!({ "to": "a@example.com", "subject": "s", "body": "b" });
    for (path, good) in [
        ("/auth/register", register),
        ("/auth/login", json!({ "email": "a@example.com", "password": "x" })),
        ("/auth/refresh", json!({ "refresh_token": "x" })),
        ("/products", product),
        ("/categories", json!({ "name": "C" })),
        ("/cart/items", json!({ "sku": "LAMP-1", "quantity": 1 })),
        ("/orders", checkout("LAMP-1", "tok_visa")),
        ("/reviews", review),
        ("/notifications/email", mail),
    ] {
        let fields: Vec<String> = good.as_object().unwrap().keys().cloned().collect();
        for field in fields {
            for wrong in wrong_values() {
                let mut body = good.clone();
                body[&field] = wrong.clone();
                let reply = admin.post(path, body).key("k").await;
                assert!(reply.status.as_u16() < 500, "{path} {field} {wrong}: {reply:?}");
                if reply.status.as_u16() == 422 && reply.body["code"] == "validation_failed" {
                    let errors = reply.body["errors"].as_array().unwrap();
                    let named =
                        errors.iter().any(|it| it["field"].as_str().unwrap().starts_with(&field));
                    // A product without variants needs a price of its own.
                    let named = named || (field == "variants" && errors[0]["field"] == "price");
                    assert!(named, "{path} {field} {wrong}: {}", reply.body);
                }
            }
        }
    }
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn hostile_addresses_and_queries_are_refused(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let admin = shop.admin().await;
    for path in [
        "/products/%00",
        "/products/%ff",
        "/products/..%2f..%2fetc%2fpasswd",
        "/products?limit=1000000000",
        "/products?limit=-1",
        "/products?limit=abc",
        "/products?cursor=%00",
        "/products?cursor=AAAA",
        "/products?min_price=x",
        "/products?min_price=99999999999999999999",
        "/products?sort=;DROP+TABLE+products",
        "/products?search=%00",
        "/orders?limit=0",
        "/orders?cursor=e30",
        "/orders/%27%20OR%201=1",
        "/categories/nope",
        "/inventory/NOPE",
        "/payments/not-a-uuid",
        "/reviews/not-a-uuid",
        "/users/not-a-uuid",
        "/notifications/history?limit=101",
        "/nothing",
        &format!("/{}", TRUST.path()),
        &format!("//api/v1{}", TRUST.path()),
        "//api/v2/products",
    ] {
        let reply = admin.get(path).await;
        let status = reply.status.as_u16();
        assert!((400..500).contains(&status), "{path}: {reply:?}");
        assert!(reply.body["code"].is_string(), "{path}: {reply:?}");
    }
    let odd = format!("/products?search={}", "%F0%9F%98%80".repeat(20));
    shop.http.get(&odd).await.expect(200);
    shop.http.get("/products?search=%22%28%20AND%20%2B-").await.expect(200);
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn tokens_that_do_not_count_are_refused(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let customer = shop.customer("ada").await;
    customer.get("/users/me").await.expect(200);
    let good = shop.http.post(
        "/auth/login",
        json!({ "email": "ada@example.com", "password": "correct horse battery" }),
    );
    let good = good.await.expect(200)["access_token"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = good.split('.').collect();
    let none = "eyJhbGciOiJub25lIn0";
    for token in [
        String::new(),
        "x".to_owned(),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{none}.{}.", parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], parts[2].chars().rev().collect::<String>()),
        good.to_uppercase(),
        "a".repeat(8_000),
    ] {
        let reply = shop.http.bearer(&token).get("/users/me").await;
        assert_eq!(reply.status.as_u16(), 401, "{token}: {reply:?}");
    }
    for scheme in ["Basic YTpi", "Bearer", good.as_str()] {
        let reply = shop.http.with("authorization", scheme).get("/users/me").await;
        assert_eq!(reply.status.as_u16(), 401, "{scheme}");
    }
    // Who one is comes from the token alone.
    let forged = shop.http.with("x-user-id", "1").with("x-roles", "admin");
    forged.get("/users/me").await.problem(401);
    customer.with("x-roles", "admin").get("/users").await.problem(403);
    logged_out(&shop.http, &good).await;
    shop.stop().await;
}

/// A logout is in force a moment later.
async fn logged_out(http: &Http, token: &str) {
    let user = http.bearer(token);
    user.call("POST", "/auth/logout").await.expect(204);
    let refused = async || user.get("/users/me").await.status == 401;
    eventually("the token no longer counts", refused).await;
}

#[on(sqlite, postgres, apart)]
async fn the_key_of_a_checkout_is_required_and_bound_to_its_request(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 5).await;
    let customer = shop.customer("ada").await;
    let order = || customer.post("/orders/checkout", checkout("LAMP-1", "tok_visa"));
    assert_eq!(order().await.problem(400), "idempotency_key_missing");
    for key in ["", " ", "ä", &"x".repeat(256)] {
        assert!(order().key(key).await.problem(400).starts_with("idempotency_key"));
    }
    order().key("k").await.expect(201);
    let other = customer.post("/orders", checkout("LAMP-1", "tok_declined")).key("k").await;
    assert_eq!(other.problem(422), "idempotency_key_reused");
    shop.check().await;
    shop.stop().await;
}

#[tokio::test]
async fn a_key_that_is_there_twice_and_a_body_too_large_are_refused_everywhere() {
    let shop = sqlite().start().await;
    let admin = shop.admin().await;
    let described = shop.http.get("//openapi.json").await.expect(200);
    for operation in operations(&described) {
        let call = || admin.call(&operation.method, &operation.address).key("k");
        let twice = call().text("{\"a\": 1, \"a\": 2}").await;
        assert!(twice.body["detail"].as_str().unwrap().contains("twice"), "{twice:?}");
        assert_eq!(twice.problem(400), "malformed_json");
        let large = call().text(" ".repeat(operation.limit + 1)).await;
        let said = format!("at most {} bytes", operation.limit);
        assert!(large.body["detail"].as_str().unwrap().contains(&said), "{large:?}");
        assert_eq!(large.problem(413), "body_too_large");
        let most = call().text(" ".repeat(operation.limit)).await;
        assert_eq!(most.problem(400), "malformed_json", "{}", operation.path);
    }
    shop.stop().await;
}

#[tokio::test]
async fn a_list_is_too_long_before_it_is_looked_at() {
    let shop = sqlite().start().await;
    let items = vec![json!({}); 20_000];
    let reply = shop.http.post("/orders/quote", json!({ "items": items })).await;
    assert_eq!(reply.body["errors"].as_array().unwrap().len(), 1, "{}", reply.body);
    assert_eq!(reply.body["errors"][0]["field"], "items");
    assert_eq!(reply.problem(422), "validation_failed");
    shop.stop().await;
}
