use chassis::testing::{Answer, Database, User, databases};
use contracts::cart::Cart;
use contracts::catalog::{RESERVE, StockLine};
use contracts::testing::offer;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{LAMP, SHIRT, World, checkout, start_with, world};

fn fill_cart(world: &World, owner: &str) {
    let lines = vec![StockLine::new("LAMP-1", 2)];
    let cart = Cart { id: Uuid::now_v7(), version: 3, lines, ..Cart::default() };
    world.others.cart.lock().carts.insert(owner.to_owned(), cart);
}

async fn quote(world: &World, body: Value) -> Answer {
    world.call("POST", "/orders/quote").json(body).await
}

fn usd(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}

#[databases]
async fn a_quote_tells_what_a_cart_would_cost_and_how_it_can_be_sent(database: Database) {
    let world = world(database).await;
    let (user, guest) = (User::customer(), "A".repeat(43));
    fill_cart(&world, &user.id().to_string());
    fill_cart(&world, &guest);
    let lines = json!([{
        "sku": "LAMP-1", "product_id": offer(LAMP, 0, 0).product_id, "slug": "lamp", "title": "Lamp",
        "variant_title": null, "image": null, "quantity": 2, "unit_price": usd(1_999),
        "total": usd(3_998), "available": 5,
    }]);
    let expected = json!({
        "items": lines, "subtotal": usd(3_998), "shipping": usd(500), "tax": usd(0),
        "total": usd(4_498), "shipping_required": true, "shipping_method": "standard",
        "shipping_methods": [
            { "code": "standard", "name": "Standard", "price": usd(500) },
            { "code": "express", "name": "Express", "price": usd(1_500) },
        ],
    });
    let by = || world.call("POST", "/orders/quote");
    assert_eq!(by().user(&user).await.expect(200), expected);
    assert_eq!(by().user(&user).json(json!({})).await.expect(200), expected);
    assert_eq!(by().header("x-cart-token", &guest).await.expect(200), expected);
    let items = json!({ "items": [{ "sku": "LAMP-1", "quantity": 2 }] });
    assert_eq!(quote(&world, items).await.expect(200), expected);

    let express = by().user(&user).json(json!({ "shipping_method": "express" }));
    let express = express.await.expect(200);
    assert_eq!(express["shipping"], usd(1_500));
    assert_eq!(express["total"], usd(5_498));
    assert_eq!(express["shipping_method"], "express");
    assert_eq!(express["shipping_methods"], expected["shipping_methods"]);
    assert_eq!((world.stock(), world.asked(RESERVE)), (5, 0));
}

#[databases]
async fn a_quote_is_what_the_checkout_charges(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    for (number, method) in [None, Some("standard"), Some("express")].into_iter().enumerate() {
        let mut request = checkout("tok_visa");
        request["items"][0]["quantity"] = json!(1);
        if let Some(method) = method {
            request["shipping_method"] = json!(method);
        }
        let asked = json!({ "items": request["items"], "shipping_method": method });
        let quoted = quote(&world, asked).await.expect(200);
        request["expected_total"] = quoted["total"].clone();
        let call = world.call("POST", "/orders").user(&user);
        let call = call.header("idempotency-key", &format!("k-{number}")).json(request);
        let order = call.await.expect(201);
        for sum in ["subtotal", "shipping", "tax", "total", "shipping_method"] {
            assert_eq!(order[sum], quoted[sum], "{method:?} {sum}");
        }
        let id = order["id"].as_str().unwrap();
        let shown = world.call("GET", &format!("/orders/{id}")).user(&user).await.expect(200);
        assert_eq!(shown["shipping_method"], method.unwrap_or("standard"));
    }
}

#[databases]
async fn what_is_not_sent_has_no_way_to_be_sent(database: Database) {
    let world = world(database).await;
    // What is free is not shipped either.
    world.set_price(0);
    let items = json!({ "items": [{ "sku": "LAMP-1", "quantity": 1 }] });
    let quoted = quote(&world, items).await.expect(200);
    assert_eq!(quoted["shipping_required"], false);
    assert_eq!(quoted["shipping_method"], json!(null));
    assert_eq!(quoted["shipping_methods"], json!([]));
    assert_eq!(quoted["total"], usd(0));
    let order = world.buy(&User::customer(), "k", "tok_visa").await.expect(201);
    assert_eq!(order["shipping_method"], json!(null));
}

#[databases]
async fn a_way_that_is_not_offered_is_named(database: Database) {
    let world = world(database).await;
    let items = json!([{ "sku": "LAMP-1", "quantity": 1 }]);
    let config = orders::Config { shipping_express: 0, ..orders::Config::default() };
    let plain = World {
        service: start_with(&world.platform, &world.others, config).await,
        platform: world.platform.clone(),
        others: world.others.clone(),
    };
    let quoted = quote(&plain, json!({ "items": items })).await.expect(200);
    assert_eq!(quoted["shipping_methods"].as_array().map(Vec::len), Some(1));
    for (world, method, detail) in [
        (&plain, "express", "is not offered; must be one of: standard"),
        (&world, "drone", "unknown variant `drone`, expected `standard` or `express`"),
    ] {
        let refused = quote(world, json!({ "items": items, "shipping_method": method })).await;
        let error = json!({ "field": "shipping_method", "detail": detail });
        assert_eq!(refused.expect(422)["errors"], json!([error]));
        let mut request = checkout("tok_visa");
        request["shipping_method"] = json!(method);
        let call = world.call("POST", "/orders").user(&User::customer());
        let refused = call.header("idempotency-key", "k").json(request).await;
        assert_eq!(refused.expect(422)["errors"], json!([error]));
    }
    assert_eq!(world.asked(RESERVE), 0);
}

#[databases]
async fn what_cannot_be_bought_cannot_be_quoted(database: Database) {
    let world = world(database).await;
    let empty = world.call("POST", "/orders/quote");
    assert_eq!(empty.await.problem(422), "cart_empty");
    let empty = world.call("POST", "/orders/quote").user(&User::customer());
    assert_eq!(empty.await.problem(422), "cart_empty");
    for (item, code) in [
        (json!({ "sku": "NOPE", "quantity": 1 }), "item_unknown"),
        (json!({ "product_id": SHIRT, "quantity": 1 }), "variant_required"),
        (json!({ "quantity": 1 }), "validation_failed"),
        (json!({ "sku": "LAMP-1", "quantity": 0 }), "validation_failed"),
    ] {
        let refused = quote(&world, json!({ "items": [item] })).await;
        assert_eq!(refused.problem(422), code, "{item}");
    }
    assert_eq!(quote(&world, json!({ "items": [] })).await.problem(422), "validation_failed");
    // What is short is told, as the cart does; only a checkout has to refuse it.
    let many = quote(&world, json!({ "items": [{ "sku": "LAMP-1", "quantity": 6 }] })).await;
    assert_eq!(many.expect(200)["items"][0]["available"], 5);
}
