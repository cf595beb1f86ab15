//! One purchase from the first look to the mail, and the ways it can end otherwise.

use chassis::testing::on;
use serde_json::json;

use crate::shop::{Shape, address, checkout, eventually_answers};

#[on(sqlite, postgres, apart)]
async fn a_customer_buys_and_everybody_hears_of_it(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let product = shop.product("LAMP-1", 1_999, 10).await;
    let customer = shop.customer("ada").await;

    let me = customer.get("/users/me").await.expect(200);
    assert_eq!(me["roles"], json!(["customer"]));
    let shown = shop.http.get(&format!("/products/{}", product["slug"].as_str().unwrap()));
    assert_eq!(shown.await.expect(200)["variants"][0]["available"], 10);
    let add = json!({ "product_id": product["id"], "quantity": 2 });
    let cart = customer.post("/cart/items", add).await.expect(200);
    assert_eq!(cart["items"][0]["sku"], "LAMP-1");
    assert_eq!(cart["subtotal"]["amount"], 3_998);

    let request = json!({
        "shipping_address": address(),
        "payment": { "provider": "sandbox", "token": "tok_visa" },
    });
    let order = customer.post("/orders/checkout", request).key("k-1").await.expect(201);
    assert_eq!(order["number"], "CW-100001");
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("confirmed"), &json!("paid")));
    let payment = format!("/payments/{}", order["payment"]["id"].as_str().unwrap());
    let payment = customer.get(&payment).await.expect(200);
    assert_eq!((&payment["status"], &payment["captured"]), (&json!("captured"), &order["total"]));

    let admin = shop.admin().await;
    let sent = eventually_answers(
        async || admin.get("/notifications/history").await.expect(200),
        |history| {
            history["items"].as_array().unwrap().iter().any(|it| {
                it["recipient"] == "ada@example.com"
                    && it["status"] == "logged"
                    && it["body"].as_str().unwrap().contains("CW-100001")
            })
        },
    );
    sent.await;
    eventually_answers(
        async || customer.get("/cart").await.expect(200),
        |cart| cart["items"] == json!([]),
    )
    .await;
    assert_eq!(shop.on_hand("LAMP-1").await, 8);
    let shown = shop.http.get(&format!("/products/{}", product["id"].as_str().unwrap()));
    assert_eq!(shown.await.expect(200)["variants"][0]["available"], 8);
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn a_declined_customer_pays_otherwise(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 1).await;
    let customer = shop.customer("ada").await;
    for (token, reason) in
        [("tok_declined", "card_declined"), ("tok_insufficient_funds", "insufficient_funds")]
    {
        let declined = customer.post("/orders", checkout("LAMP-1", token)).key(token).await;
        assert_eq!(declined.body["reason"], reason);
        let order = declined.body["order_id"].as_str().unwrap().to_owned();
        assert_eq!(declined.problem(402), "payment_declined");
        let cancel = customer.call("POST", &format!("/orders/{order}/cancel"));
        assert_eq!(cancel.await.expect(200)["status"], "cancelled");
    }
    let declined = customer.post("/orders", checkout("LAMP-1", "tok_declined")).key("k").await;
    let order = declined.body["order_id"].as_str().unwrap().to_owned();
    let again = json!({ "payment": { "provider": "sandbox", "token": "tok_visa" } });
    let pay = || customer.post(&format!("/orders/{order}/payments"), again.clone());
    // Nothing is held for it: somebody else gets the last one, and gives it back.
    let other = shop.customer("bob").await;
    let bought = other.post("/orders", checkout("LAMP-1", "tok_visa")).key("k").await;
    let bought = bought.expect(201);
    let gone = pay().await;
    assert_eq!((&gone.body["attempts_left"], &gone.body["order_id"]), (&json!(3), &json!(order)));
    assert_eq!(gone.problem(409), "out_of_stock");
    let cancel = format!("/orders/{}/cancel", bought["id"].as_str().unwrap());
    assert_eq!(other.call("POST", &cancel).await.expect(200)["status"], "cancelled");
    let paid = pay().await.expect(200);
    assert_eq!(paid["payment_status"], "paid");
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn a_declined_order_does_not_keep_its_goods_from_the_one_who_ordered(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 1).await;
    let customer = shop.customer("ada").await;
    let item = json!({ "sku": "LAMP-1", "quantity": 1 });
    customer.post("/cart/items", item).await.expect(200);
    let mut request = checkout("LAMP-1", "tok_declined");
    request.as_object_mut().unwrap().remove("items");
    let declined = customer.post("/orders", request).key("k").await;
    assert_eq!(declined.problem(402), "payment_declined");
    let cart = customer.get("/cart").await.expect(200);
    assert_eq!(cart["items"][0]["available"], 1, "{}: {cart:#}", place.kind);
    assert_eq!(cart["notices"], json!(null));
    let set = customer.call("PATCH", "/cart/items/LAMP-1").json(json!({ "quantity": 1 }));
    set.await.expect(200);
    // Bought otherwise than from the cart.
    let bought = customer.post("/orders", checkout("LAMP-1", "tok_visa")).key("l").await;
    assert_eq!(bought.expect(201)["status"], "confirmed");
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn a_customer_confirms_a_payment(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 5).await;
    for (outcome, status) in [("approve", "confirmed"), ("deny", "pending")] {
        let customer = shop.customer(outcome).await;
        let order = customer.post("/orders", checkout("LAMP-1", "tok_3ds")).key("k").await;
        assert!(order.headers.contains_key("location"));
        let order = order.expect(202);
        assert_eq!(order["payment"]["status"], "requires_action");
        let confirm = order["payment"]["next_action"]["href"].as_str().unwrap();
        let confirm = format!("/{confirm}");
        let stranger = shop.customer(&format!("not-{outcome}")).await;
        stranger.post(&confirm, json!({})).await.problem(404);
        customer.post(&confirm, json!({ "outcome": outcome })).await.expect(200);
        let path = format!("/orders/{}", order["id"].as_str().unwrap());
        eventually_answers(
            async || customer.get(&path).await.expect(200),
            |it| it["status"] == status && it["payment_status"] != "requires_action",
        )
        .await;
    }
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn an_unknown_outcome_is_looked_up(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 5).await;
    let customer = shop.customer("ada").await;
    let order = customer.post("/orders", checkout("LAMP-1", "tok_timeout")).key("k").await;
    assert!([201, 202].contains(&order.status.as_u16()), "{order:?}");
    let path = format!("/orders/{}", order.body["id"].as_str().unwrap());
    let decided = eventually_answers(
        async || customer.get(&path).await.expect(200),
        |it| it["status"] == "confirmed",
    );
    assert_eq!(decided.await["payment_status"], "paid");

    let failed = customer.post("/orders", checkout("LAMP-1", "tok_error")).key("e").await;
    let id = failed.body.get("order_id").or(failed.body.get("id")).unwrap();
    let path = format!("/orders/{}", id.as_str().unwrap());
    eventually_answers(
        async || customer.get(&path).await.expect(200),
        |it| it["payment_status"] == "failed",
    )
    .await;
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn a_guest_buys_with_a_cart_and_gets_the_money_back(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 5).await;
    let add = json!({ "sku": "LAMP-1", "quantity": 1 });
    let cart = shop.http.post("/cart/items", add).await;
    let token = cart.headers["x-cart-token"].to_str().unwrap().to_owned();
    let guest = shop.http.with("x-cart-token", &token);
    let mut request = checkout("LAMP-1", "tok_visa");
    request.as_object_mut().unwrap().remove("items");
    request["email"] = json!("guest@example.com");
    let order = guest.post("/orders", request).key("k").await.expect(201);
    let holder = shop.http.with("x-order-token", order["access_token"].as_str().unwrap());
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(holder.get(&path).await.expect(200)["email"], "guest@example.com");
    shop.http.get(&path).await.problem(404);
    eventually_answers(
        async || guest.get("/cart").await.expect(200),
        |cart| cart["items"] == json!([]),
    )
    .await;
    let cancelled = holder.call("POST", &format!("{path}/cancel")).await.expect(200);
    assert_eq!(cancelled["payment_status"], "refunded");
    assert_eq!(shop.on_hand("LAMP-1").await, 5);
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn staff_ships_and_refunds_and_a_buyer_reviews(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let product = shop.product("LAMP-1", 1_999, 5).await;
    let customer = shop.customer("ada").await;
    let order = customer.post("/orders", checkout("LAMP-1", "tok_visa")).key("k").await;
    let order = order.expect(201);
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    let admin = shop.admin().await;
    let shipped = json!({ "status": "shipped", "tracking_number": "1Z999" });
    admin.call("PATCH", &format!("{path}/status")).json(shipped).await.expect(200);
    customer.call("POST", &format!("{path}/cancel")).await.problem(409);

    let refunds = format!("/payments/{}/refunds", order["payment"]["id"].as_str().unwrap());
    customer.post(&refunds, json!({})).key("r").await.problem(403);
    let part = json!({ "amount": { "amount": 100, "currency": "USD" }, "reason": "damaged",
                        "note": "scratched" });
    admin.post(&refunds, part).key("r-1").await.expect(201);
    eventually_answers(
        async || customer.get(&path).await.expect(200),
        |it| it["payment_status"] == "partially_refunded",
    )
    .await;
    admin.post(&refunds, json!({})).key("r-2").await.expect(201);
    let refunded = eventually_answers(
        async || customer.get(&path).await.expect(200),
        |it| it["payment_status"] == "refunded",
    )
    .await;
    // The parcel is still on its way, and arrives.
    assert_eq!(refunded["status"], "shipped");
    let delivered = json!({ "status": "delivered" });
    admin.call("PATCH", &format!("{path}/status")).json(delivered).await.expect(200);

    let review = json!({ "product_id": product["id"], "rating": 4, "title": "Bright",
                         "body": "It lights the room." });
    let review = customer.post("/reviews", review).await.expect(201);
    assert_eq!(review["product_id"], product["id"]);
    let product = format!("/products/{}", product["id"].as_str().unwrap());
    eventually_answers(
        async || shop.http.get(&product).await.expect(200),
        |it| it["rating"]["count"] == 1 && it["rating"]["average"].as_f64() == Some(4.0),
    )
    .await;
    let reviews = shop.http.get(&format!("{product}/reviews")).await.expect(200);
    assert_eq!(reviews["items"][0]["title"], "Bright");
    shop.check().await;
    shop.stop().await;
}
