use chassis::testing::{Answer, Database, User, databases};
use contracts::payments::{CaptureTiming, Status};
use payments::Config;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::shop::{Shop, authorize, shop, shop_with};

fn staff() -> User {
    User::with(&["payments:capture"])
}

async fn capture(shop: &Shop, id: Uuid, body: Value) -> Answer {
    shop.post(&format!("/payments/{id}/capture")).user(&staff()).json(body).await
}

fn usd(amount: i64) -> Value {
    json!({ "amount": { "amount": amount, "currency": "USD" } })
}

#[databases]
async fn staff_capture_a_part_once_and_the_rest_is_released(database: Database) {
    let shop = shop(database).await;
    let buyer = User::customer();
    let asked = authorize(&buyer, "tok_visa");
    let id = asked.payment_id;
    shop.client.authorize(&asked).await.unwrap();
    let refused = capture(&shop, id, usd(2000)).await;
    assert_eq!(refused.body["capturable"], 1999);
    assert_eq!(refused.problem(409), "capture_exceeds_payment");
    for wrong in [usd(0), usd(-1), json!({ "amount": { "amount": 700, "currency": "EUR" } })] {
        assert_eq!(capture(&shop, id, wrong).await.problem(422), "validation_failed");
    }
    for _ in 0..2 {
        let shown = capture(&shop, id, usd(700)).await.expect(200);
        assert_eq!(
            (&shown["status"], &shown["captured"]["amount"]),
            (&json!("captured"), &json!(700)),
            "{}",
            shop.kind
        );
    }
    for other in [usd(701), usd(1999), json!({})] {
        let refused = capture(&shop, id, other).await;
        assert_eq!(refused.body["captured"], 700);
        assert_eq!(refused.problem(409), "capture_mismatch");
    }
    // The order's own capture finds what was taken, and no more can be given back.
    let payment = shop.client.capture(id).await.unwrap();
    assert_eq!((payment.status, payment.captured), (Status::Captured, 700));
    let all = shop.refund(id, "all", json!({})).await.expect(201);
    assert_eq!(all["amount"]["amount"], 700);
    let payment = shop.client.show(id).await.unwrap().unwrap();
    assert_eq!((payment.status, payment.refunded), (Status::Refunded, 700));
}

#[databases]
async fn what_is_not_held_is_not_captured(database: Database) {
    let shop = shop(database).await;
    let buyer = User::customer();
    for (token, code) in [
        ("tok_declined", "capture_declined"),
        ("tok_3ds", "payment_not_authorized"),
        ("tok_processing", "payment_not_authorized"),
    ] {
        let asked = authorize(&buyer, token);
        shop.client.authorize(&asked).await.unwrap();
        let refused = capture(&shop, asked.payment_id, json!({})).await;
        assert_eq!(refused.problem(409), code, "{token}");
    }
    let asked = authorize(&buyer, "tok_visa");
    shop.client.authorize(&asked).await.unwrap();
    shop.client.void(asked.payment_id).await.unwrap();
    let path = format!("/payments/{}/capture", asked.payment_id);
    let refused = shop.post(&path).user(&staff()).await;
    assert_eq!(refused.problem(409), "payment_voided");
    assert_eq!(capture(&shop, Uuid::now_v7(), json!({})).await.problem(404), "payment_not_found");
    for other in [&buyer, &User::with(&["payments:read", "payments:refund"])] {
        shop.post(&path).user(other).await.expect(403);
    }
}

#[databases]
async fn orders_are_told_when_a_payment_is_to_be_captured(database: Database) {
    let held = CaptureTiming::OnShipment;
    let capture_by_method = [("sandbox_card".to_owned(), held)].into();
    let shop = shop_with(database, Config { capture_by_method, ..Config::default() }).await;
    let buyer = User::customer();
    let asked = authorize(&buyer, "tok_visa");
    let told = shop.client.authorize(&asked).await.unwrap();
    assert_eq!((told.status, told.capture), (Status::Authorized, held), "{}", shop.kind);
    let again = shop.client.show(asked.payment_id).await.unwrap().unwrap();
    assert_eq!(again.capture_before, told.capture_before);
    assert!(told.capture_before.is_some());
    let shown = shop.get(&format!("/payments/{}", asked.payment_id)).user(&buyer).await.expect(200);
    assert_eq!(shown["capture"], "on_shipment");
    assert!(shown["capture_before"].is_string(), "{shown}");
}
