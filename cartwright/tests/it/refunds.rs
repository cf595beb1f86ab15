//! Money and goods that go back, across orders, payments and catalog.

use chassis::testing::on;
use serde_json::{Value, json};

use crate::client::Http;
use crate::shop::{Live, Shape, address, eventually_answers};

async fn available(admin: &Http, sku: &str) -> Value {
    admin.get(&format!("/inventory/{sku}")).await.expect(200)["available"].clone()
}

/// Three lamps and a book, with shipping and an odd tax.
async fn bought(shop: &Live, customer: &Http) -> Value {
    shop.product("LAMP-1", 1_999, 10).await;
    shop.product("BOOK-1", 333, 10).await;
    let request = json!({
        "items": [{ "sku": "LAMP-1", "quantity": 3 }, { "sku": "BOOK-1", "quantity": 1 }],
        "shipping_address": address(),
        "payment": { "provider": "sandbox", "token": "tok_visa" },
    });
    customer.post("/orders", request).key("k").await.expect(201)
}

#[on(sqlite, postgres, apart)]
async fn lines_go_back_as_they_were_sold_and_a_cancel_puts_back_the_rest(shape: Shape) {
    let mut place = shape.place().await;
    place.config.orders.tax_basis_points = 825;
    let shop = place.start().await;
    let (customer, admin) = (shop.customer("ada").await, shop.admin().await);
    let order = bought(&shop, &customer).await;
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    let refunds = format!("/payments/{}/refunds", order["payment"]["id"].as_str().unwrap());
    let charged = |sku: &str| {
        let line = order["items"].as_array().unwrap().iter().find(|it| it["sku"] == sku);
        line.unwrap()["charged"]["amount"].as_i64().unwrap()
    };
    let total = order["total"]["amount"].as_i64().unwrap();
    assert_eq!(charged("LAMP-1") + charged("BOOK-1"), total);

    let two = json!({ "lines": [{ "sku": "LAMP-1", "quantity": 2, "restock": true }],
                      "reason": "damaged", "note": "the box was wet" });
    let refund = admin.post(&refunds, two).key("1").await.expect(201);
    assert_eq!(refund["amount"]["amount"], charged("LAMP-1") * 2 / 3);
    let stock = async || available(&admin, "LAMP-1").await;
    eventually_answers(stock, |it| *it == 9).await;
    let again = json!({ "lines": [{ "sku": "LAMP-1", "quantity": 2 }] });
    let again = admin.post(&refunds, again).key("2").await;
    assert_eq!(again.problem(409), "refund_exceeds_line");
    let seen = eventually_answers(
        async || admin.get(&path).await.expect(200),
        |it| it["payment_status"] == "partially_refunded",
    )
    .await;
    let last = seen["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["amount"], &last["reason"]), (&refund["amount"], &json!("damaged")));
    assert_eq!(last["by"]["user_id"], refund["staff"]);
    let seen = customer.get(&path).await.expect(200);
    assert_eq!(seen["items"][0]["refunded_quantity"], 2);
    assert_eq!(
        seen["history"].as_array().unwrap().last().unwrap()["by"],
        json!({ "kind": "staff" })
    );
    assert!(!seen.to_string().contains("the box was wet"));

    let cancelled = customer.call("POST", &format!("{path}/cancel")).await.expect(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["refunded"]["amount"]),
        (&json!("cancelled"), &json!(total))
    );
    for sku in ["LAMP-1", "BOOK-1"] {
        assert_eq!(available(&admin, sku).await, 10, "{sku} on {}", place.kind);
    }
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn what_was_refunded_in_full_and_not_shipped_is_cancelled_and_put_back(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let (customer, admin) = (shop.customer("ada").await, shop.admin().await);
    let order = bought(&shop, &customer).await;
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    let refunds = format!("/payments/{}/refunds", order["payment"]["id"].as_str().unwrap());
    admin.post(&refunds, json!({})).key("1").await.expect(201);
    let refunded = eventually_answers(
        async || customer.get(&path).await.expect(200),
        |it| it["payment_status"] == "refunded",
    )
    .await;
    assert_eq!(refunded["status"], "confirmed");
    assert_eq!(available(&admin, "LAMP-1").await, 7);
    // Nothing is broken: the goods are still taken.
    shop.check().await;
    let cancel = json!({ "status": "cancelled" });
    let cancelled = admin.call("PATCH", &format!("{path}/status")).json(cancel);
    assert_eq!(cancelled.await.expect(200)["status"], "cancelled");
    assert_eq!(available(&admin, "LAMP-1").await, 10, "{}", place.kind);
    shop.check().await;
    shop.stop().await;
}
