//! Payments that are captured when their orders are shipped, across orders, payments and catalog.

use chassis::testing::on;
use contracts::payments::CaptureTiming;
use serde_json::{Value, json};

use crate::client::{Http, Reply};
use crate::shop::{Shape, checkout, eventually_answers};

fn path_of(order: &Value) -> String {
    format!("/orders/{}", order["id"].as_str().expect("an id"))
}

async fn payment(admin: &Http, order: &Value) -> Value {
    let id = order["payment"]["id"].as_str().expect("a payment");
    admin.get(&format!("/payments/{id}")).await.expect(200)
}

async fn set_status(admin: &Http, order: &Value, status: &str) -> Reply {
    let path = format!("{}/status", path_of(order));
    admin.call("PATCH", &path).json(json!({ "status": status })).await
}

#[on(sqlite, postgres, apart)]
async fn shipping_captures_a_cancel_voids_and_a_part_is_all_that_is_paid(shape: Shape) {
    let mut place = shape.place().await;
    place.config.payments.capture = CaptureTiming::OnShipment;
    let shop = place.start().await;
    let (customer, admin) = (shop.customer("ada").await, shop.admin().await);
    shop.product("LAMP-1", 1_999, 10).await;
    let buy = async |key: &str| {
        let order = customer.post("/orders", checkout("LAMP-1", "tok_visa")).key(key).await;
        let order = order.expect(201);
        assert_eq!(order["payment_status"], "authorized");
        assert_eq!(payment(&admin, &order).await["status"], "authorized");
        order
    };
    let (shipped, cancelled, part) = (buy("1").await, buy("2").await, buy("3").await);
    // Held, and that is right.
    shop.check().await;

    let seen = set_status(&admin, &shipped, "shipped").await;
    assert_eq!(seen.expect(200)["payment_status"], "paid");
    assert_eq!(payment(&admin, &shipped).await["captured"], shipped["total"]);

    let cancel = format!("{}/cancel", path_of(&cancelled));
    let seen = customer.call("POST", &cancel).await.expect(200);
    assert_eq!(seen["payment_status"], "voided");
    assert_eq!(payment(&admin, &cancelled).await["status"], "voided");

    let id = part["payment"]["id"].as_str().expect("a payment");
    let amount = json!({ "amount": { "amount": 500, "currency": "USD" } });
    admin.post(&format!("/payments/{id}/capture"), amount).await.expect(200);
    let look = async || admin.get(&path_of(&part)).await.expect(200);
    let seen = eventually_answers(look, |it| it["payment_status"] == "paid").await;
    assert_eq!((&seen["status"], &seen["captured"]["amount"]), (&json!("confirmed"), &json!(500)));
    set_status(&admin, &part, "shipped").await.expect(200);
    assert_eq!(payment(&admin, &part).await["captured"]["amount"], 500);
    shop.check().await;
    shop.stop().await;
}
