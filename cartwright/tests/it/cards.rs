//! Card numbers: none gets into the shop by any text a client may write, and none comes back.

use chassis::testing::on;
use serde_json::{Value, json};

use crate::bodies::{self, Text};
use crate::shop::{Shape, checkout, sqlite};

const CARD: &str = "4242 4242 4242 4242";

/// Texts that are not looked at, and why. Each is a field's name, of one operation where that
/// stands before it.
const EXEMPT: [(&str, &str); 20] = [
    ("sku", "a merchant's own number"),
    ("email", "an address of mail, which has a form of its own"),
    ("phone", "a telephone number"),
    ("password", "stored hashed; anything is one"),
    ("current_password", "compared, never stored"),
    ("new_password", "stored hashed; anything is one"),
    ("country", "one of a list"),
    ("currency", "one of a list"),
    ("language", "the tag of a language, which has a form of its own"),
    ("content_type", "a media type, which has a form of its own"),
    ("tracking_number", "a carrier's number"),
    ("to", "whom a message goes to: a mail address, a telephone number, a device"),
    ("POST /auth/login username", "looked up, never stored"),
    ("POST /auth/refresh refresh_token", "a token of the shop's own, looked up"),
    ("POST /auth/email/verify token", "a token of the shop's own, looked up"),
    ("POST /auth/email/undo token", "a token of the shop's own, looked up"),
    ("POST /auth/password/reset token", "a token of the shop's own, looked up"),
    ("POST /orders/find number", "looked up, never stored"),
    ("POST /notifications/email template", "the key of a template, looked up"),
    ("POST /users/me/devices token", "a token that a device's own service has made"),
];

/// What the shop says of its goods: written by staff, full of numbers of articles.
const GOODS: [&str; 3] = ["/api/v1/products", "/api/v1/categories", "/api/v1/inventory"];

fn is_exempt(operation: &bodies::Operation, text: &Text) -> bool {
    let name = text.field.rsplit('.').next().unwrap_or_default();
    let path = operation.path.trim_start_matches("/api/v1");
    let whole = format!("{} {path} {}", operation.method, text.field);
    !["", "binary"].contains(&text.format.as_str())
        || GOODS.iter().any(|it| operation.path.starts_with(it))
        || EXEMPT.iter().any(|(exempt, _)| *exempt == name || *exempt == whole)
}

/// A new text field is checked here, or listed above with the reason why it may have a card number.
#[tokio::test]
async fn every_text_of_every_operation_refuses_a_card_number() {
    let place = sqlite();
    let shop = place.start().await;
    let admin = shop.admin().await;
    let described = shop.http.get("//openapi.json").await.expect(200);
    let mut looked_at = 0;
    for operation in bodies::operations(&described) {
        for text in operation.texts().iter().filter(|it| !is_exempt(&operation, it)) {
            for written in [CARD, "378282246310005", "Take 4111-1111-1111-1111, please."] {
                // These have no blanks.
                let plain = ["payment.provider", "username"].contains(&text.field.as_str());
                let written = if plain {
                    written.replace(|it: char| !it.is_ascii_digit(), "")
                } else {
                    written.to_owned()
                };
                let mut body = operation.body();
                *body.pointer_mut(&text.pointer).expect("a text") = written.as_str().into();
                let call = admin.call(&operation.method, &operation.address).json(body);
                let reply = call.key("k").await;
                let shown = format!("{} {} {}", operation.method, operation.path, text.field);
                assert_eq!(reply.status.as_u16(), 422, "{shown}: {reply:?}");
                let named = reply.body["errors"].as_array().is_some_and(|errors| {
                    let of_cards = |it: &Value| {
                        it["field"] == text.field.as_str()
                            && it["detail"].as_str().is_some_and(|it| it.contains("card number"))
                    };
                    errors.iter().any(of_cards)
                });
                assert!(named, "{shown}: {}", reply.body);
                assert!(!reply.body.to_string().contains(&written), "{shown}: {}", reply.body);
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > 40, "only {looked_at} texts are looked at");
    shop.stop().await;
}

#[tokio::test]
async fn no_idempotency_key_is_a_card_number() {
    let place = sqlite();
    let shop = place.start().await;
    let admin = shop.admin().await;
    let described = shop.http.get("//openapi.json").await.expect(200);
    let mut looked_at = 0;
    for (path, operations) in described["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            if parameters.filter(|it| it["name"] == "Idempotency-Key").count() == 0 {
                continue;
            }
            for key in ["4242424242424242", "order-5555-5555-5555-4444"] {
                let call = admin.call(&method.to_uppercase(), &bodies::address(path));
                let reply = call.json(json!({})).key(key).await;
                assert!(!reply.body.to_string().contains(key), "{}", reply.body);
                assert_eq!(reply.problem(400), "idempotency_key_invalid", "{method} {path}");
            }
            looked_at += 1;
        }
    }
    assert!(looked_at >= 7, "only {looked_at} operations take a key");
    shop.stop().await;
}

/// Also where the request itself is broken, or the number stands where nobody asked for one.
#[tokio::test]
async fn no_answer_repeats_a_card_number() {
    let place = sqlite();
    let shop = place.start().await;
    let number = "4242424242424242";
    for body in [
        format!(r#"{{"{number}": 1}}"#),
        format!(r#"{{"{number}": 1, "{number}": 2}}"#),
        format!(r#"{{"items": "{number}"}}"#),
        format!(r#"{{"shipping_method": "{number}"}}"#),
        format!(r#"{{"items": [{{"sku": "A", "quantity": "{number}"}}]}}"#),
    ] {
        let reply = shop.http.call("POST", "/orders/quote").text(body.clone()).await;
        assert!((400..500).contains(&reply.status.as_u16()), "{body}: {reply:?}");
        assert!(!reply.body.to_string().contains("4242"), "{body}: {}", reply.body);
    }
    let reply = shop.http.get(&format!("/products?limit={number}x")).await;
    assert!(!reply.body.to_string().contains("4242"), "{}", reply.body);
    let named = shop.http.with("x-request-id", number).get("/products").await;
    assert_ne!(named.headers["x-request-id"], number, "a request's id is logged");
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn numbers_that_are_no_cards_are_taken_and_no_card_number_is_stored(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("4006381333931", 1_999, 5).await;
    let mut order = checkout("4006381333931", "tok_visa");
    let note = "EAN 5901234123457, IMEI 356938035643809, UPS 1Z999AA10123456784, DHL \
                00340434161094042557, call +49 1511 2345678";
    order["note"] = note.into();
    order["shipping_address"]["phone"] = "+49 1511 2345678".into();
    let customer = shop.customer("ada").await;
    let key = "6f0e3b86-4242-4242-8242-424242424242";
    let placed = customer.post("/orders", order.clone()).key(key).await.expect(201);
    assert_eq!(placed["note"], note);
    order["note"] = format!("my card is {CARD}").into();
    let refused = customer.post("/orders", order).key("k").await;
    assert_eq!(refused.problem(422), "validation_failed");
    let orders = customer.get("/orders").await.expect(200);
    assert_eq!(orders["items"].as_array().unwrap().len(), 1);
    shop.check().await;
    shop.stop().await;
}
