//! What a user puts in, changes and takes out.

use chassis::channel::Channel;
use chassis::testing::{Database, User, call, databases};
use contracts::catalog;
use insta::{allow_duplicates, assert_json_snapshot};
use serde_json::{Value, json};

use crate::{LAMP, MUG, SHIRT, of, shop};

#[databases]
async fn a_cart_shows_lines_with_prices(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    shop.add(LAMP, 2).user(&ada).await.expect(200);
    let cart = shop.add(MUG, 1).user(&ada).await.expect(200);
    assert_eq!(shop.call("GET", "/cart").user(&ada).await.expect(200), cart);
    allow_duplicates! { assert_json_snapshot!(cart, { ".id" => "[id]" }, @r#"
    {
      "currency": "USD",
      "id": "[id]",
      "item_count": 3,
      "items": [
        {
          "available": 5,
          "image": null,
          "product_id": "00000000-0000-0000-0000-000000000001",
          "purchasable": true,
          "quantity": 2,
          "sku": "LAMP-1",
          "slug": "lamp",
          "title": "lamp",
          "total": {
            "amount": 3998,
            "currency": "USD"
          },
          "unit_price": {
            "amount": 1999,
            "currency": "USD"
          },
          "variant_title": null
        },
        {
          "available": null,
          "image": null,
          "product_id": "00000000-0000-0000-0000-000000000002",
          "purchasable": true,
          "quantity": 1,
          "sku": "MUG-1",
          "slug": "mug",
          "title": "mug",
          "total": {
            "amount": 500,
            "currency": "USD"
          },
          "unit_price": {
            "amount": 500,
            "currency": "USD"
          },
          "variant_title": null
        }
      ],
      "subtotal": {
        "amount": 4498,
        "currency": "USD"
      },
      "updated_at": "2026-01-02T12:00:00Z",
      "version": 2
    }
    "#) };
}

#[databases]
async fn nobody_has_an_empty_cart(database: Database) {
    let shop = shop(database).await;
    let cart = shop.call("GET", "/cart").await.expect(200);
    assert_eq!(shop.call("GET", "/cart").user(&User::customer()).await.expect(200), cart);
    allow_duplicates! { assert_json_snapshot!(cart, @r#"
    {
      "currency": "USD",
      "id": null,
      "item_count": 0,
      "items": [],
      "subtotal": {
        "amount": 0,
        "currency": "USD"
      },
      "updated_at": null,
      "version": 0
    }
    "#) };
}

#[databases]
async fn adding_again_accumulates(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    shop.add(LAMP, 2).user(&ada).await.expect(200);
    shop.add(LAMP, 3).user(&ada).await.expect(200);
    assert_eq!(shop.lines(&ada).await, (of(&[(LAMP, 5)]), 2));
    assert_eq!(shop.lines(&User::customer()).await, (vec![], 0));
}

#[databases]
async fn twenty_adds_at_once_are_all_there(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    let calls: Vec<_> = (0..20).map(|_| tokio::spawn(shop.add(MUG, 3).user(&ada).send())).collect();
    for call in calls {
        call.await.unwrap().expect(200);
    }
    assert_eq!(shop.lines(&ada).await, (of(&[(MUG, 60)]), 20), "{}", shop.kind);
}

#[databases]
async fn a_product_with_one_variant_needs_no_sku(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    let lamp = json!({ "product_id": "00000000-0000-0000-0000-000000000001", "quantity": 1 });
    let cart = shop.call("POST", "/cart/items").user(&ada).json(lamp).await.expect(200);
    assert_eq!(cart["items"][0]["sku"], LAMP);

    let shirt = json!({ "product_id": SHIRT, "quantity": 1 });
    let problem = shop.call("POST", "/cart/items").user(&ada).json(shirt).await.expect(422);
    assert_eq!(problem["code"], "variant_required");
    assert_eq!(problem["skus"], json!(["SHIRT-S", "SHIRT-M"]));
}

#[databases]
async fn what_is_not_sold_cannot_be_added(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    assert_eq!(shop.add("NO-SUCH", 1).user(&ada).await.problem(404), "sku_not_found");
    let body = json!({ "product_id": ada.id(), "quantity": 1 });
    let answer = shop.call("POST", "/cart/items").user(&ada).json(body).await;
    assert_eq!(answer.problem(404), "product_not_found");
    assert_eq!(shop.lines(&ada).await, (vec![], 0));
}

#[databases]
async fn no_more_is_added_than_there_is(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    shop.add(LAMP, 4).user(&ada).await.expect(200);
    let problem = shop.add(LAMP, 2).user(&ada).await.expect(409);
    allow_duplicates! { assert_json_snapshot!(problem, @r#"
    {
      "available": 5,
      "code": "insufficient_stock",
      "detail": "only 5 of LAMP-1 are available; the cart has 4",
      "in_cart": 4,
      "sku": "LAMP-1",
      "status": 409,
      "title": "Conflict",
      "type": "/problems/insufficient_stock"
    }
    "#) };
    assert_eq!(shop.add(LAMP, 6).user(&ada).await.problem(409), "insufficient_stock");
    assert_eq!(shop.lines(&ada).await, (of(&[(LAMP, 4)]), 1));

    shop.add(MUG, 999).user(&ada).await.expect(200);
    assert_eq!(shop.add(MUG, 1).user(&ada).await.problem(422), "quantity_too_large");
}

#[databases]
async fn a_cart_has_a_limited_number_of_lines(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    for n in 0..100 {
        let sku = format!("S-{n}");
        shop.shelf.put(&sku, 100 + n, 1, None);
        shop.add(&sku, 1).user(&ada).await.expect(200);
    }
    assert_eq!(shop.add(MUG, 1).user(&ada).await.problem(422), "cart_full");
    let cart = shop.add("S-7", 1).user(&ada).await.expect(200);
    assert_eq!((&cart["item_count"], &cart["version"]), (&json!(101), &json!(101)));
}

#[databases]
async fn wrong_fields_are_named(database: Database) {
    let shop = shop(database).await;
    for (body, fields) in [
        (json!({ "quantity": 1 }), vec!["sku", "product_id"]),
        (json!({ "sku": LAMP, "product_id": SHIRT, "quantity": 1 }), vec!["sku", "product_id"]),
        (json!({ "sku": LAMP }), vec!["quantity"]),
        (json!({ "sku": LAMP, "quantity": 0 }), vec!["quantity"]),
        (json!({ "sku": LAMP, "quantity": -1 }), vec!["quantity"]),
        (json!({ "sku": LAMP, "quantity": 1000 }), vec!["quantity"]),
        (json!({ "sku": LAMP, "quantity": 1.5 }), vec!["quantity"]),
        (json!({ "sku": LAMP, "quantity": 1e30 }), vec!["quantity"]),
        (json!({ "sku": "", "quantity": 0 }), vec!["sku", "quantity"]),
        (json!({ "sku": "x".repeat(256), "quantity": 1 }), vec!["sku"]),
        (json!({ "sku": 5, "quantity": "1", "price": 1 }), vec!["sku", "quantity", "price"]),
        (json!({ "product_id": "lamp", "quantity": 1 }), vec!["product_id"]),
    ] {
        let answer = shop.call("POST", "/cart/items").json(body.clone()).await.expect(422);
        let errors = answer["errors"].as_array().unwrap().iter();
        let mut named: Vec<&str> = errors.map(|it| it["field"].as_str().unwrap()).collect();
        let mut fields = fields;
        named.sort_unstable();
        named.dedup();
        fields.sort_unstable();
        assert_eq!(named, fields, "{body}");
    }
    for text in ["{", "", "\"\\ud800\"", r#"{"sku": "A\u0000", "quantity": 1}"#] {
        let answer = shop.call("POST", "/cart/items").text(text.to_owned()).await;
        assert_eq!(answer.problem(400), "malformed_json", "{text}");
    }
    let huge = "x".repeat(2 << 20);
    let answer = shop.call("POST", "/cart/items").text(huge).await;
    assert_eq!(answer.problem(413), "body_too_large");
}

#[databases]
async fn a_quantity_can_be_changed(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    let change = |sku: &str, quantity: Value| {
        let call = shop.call("PATCH", &format!("/cart/items/{sku}"));
        call.user(&ada).json(json!({ "quantity": quantity }))
    };
    assert_eq!(change(LAMP, json!(1)).await.problem(404), "item_not_found");
    shop.add(LAMP, 2).user(&ada).await.expect(200);
    shop.add(MUG, 2).user(&ada).await.expect(200);
    change(LAMP, json!(5)).await.expect(200);
    assert_eq!(change(LAMP, json!(6)).await.problem(409), "insufficient_stock");
    assert_eq!(change("SHIRT-S", json!(1)).await.problem(404), "item_not_found");
    for wrong in [json!(-1), json!(1000), json!("2"), json!(null)] {
        assert_eq!(change(LAMP, wrong).await.problem(422), "validation_failed");
    }
    assert_eq!(shop.lines(&ada).await, (of(&[(LAMP, 5), (MUG, 2)]), 3));
    change(LAMP, json!(0)).await.expect(200);
    assert_eq!(shop.lines(&ada).await, (of(&[(MUG, 2)]), 4));
}

#[databases]
async fn an_item_can_be_taken_out_and_the_cart_emptied(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    shop.call("DELETE", "/cart").user(&ada).await.expect(204);
    shop.shelf.put("A/B ü", 9, 100, None);
    for sku in [LAMP, MUG, "A/B ü"] {
        shop.add(sku, 1).user(&ada).await.expect(200);
    }
    shop.call("DELETE", "/cart/items/A%2FB%20%C3%BC").user(&ada).await.expect(200);
    let path = format!("/cart/items/{LAMP}");
    let cart = shop.call("DELETE", &path).user(&ada).await.expect(200);
    assert_eq!(cart["items"].as_array().unwrap().len(), 1);
    assert_eq!(shop.call("DELETE", &path).user(&ada).await.problem(404), "item_not_found");
    let nul = shop.call("DELETE", "/cart/items/%00").user(&ada).await;
    assert_eq!(nul.problem(404), "not_found");
    assert_eq!(shop.call("DELETE", &path).await.problem(404), "item_not_found");

    shop.call("DELETE", "/cart").user(&ada).await.expect(204);
    assert_eq!(shop.lines(&ada).await, (vec![], 6));
}

#[databases]
async fn a_cart_tells_what_cannot_be_bought_any_more(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    shop.add(LAMP, 4).user(&ada).await.expect(200);
    shop.add(MUG, 1).user(&ada).await.expect(200);
    shop.shelf.put(LAMP, 1, 1500, Some(3));
    shop.shelf.take_away(MUG);
    let cart = shop.call("GET", "/cart").user(&ada).await.expect(200);
    allow_duplicates! { assert_json_snapshot!(cart, { ".id" => "[id]" }, @r#"
    {
      "currency": "USD",
      "id": "[id]",
      "item_count": 5,
      "items": [
        {
          "available": 3,
          "image": null,
          "product_id": "00000000-0000-0000-0000-000000000001",
          "purchasable": false,
          "quantity": 4,
          "sku": "LAMP-1",
          "slug": "lamp",
          "title": "lamp",
          "total": {
            "amount": 6000,
            "currency": "USD"
          },
          "unit_price": {
            "amount": 1500,
            "currency": "USD"
          },
          "variant_title": null
        },
        {
          "available": 0,
          "image": null,
          "product_id": null,
          "purchasable": false,
          "quantity": 1,
          "sku": "MUG-1",
          "slug": null,
          "title": null,
          "total": null,
          "unit_price": null,
          "variant_title": null
        }
      ],
      "notices": [
        {
          "code": "insufficient_stock",
          "detail": "only 3 of lamp can be bought now",
          "sku": "LAMP-1"
        },
        {
          "code": "item_not_for_sale",
          "detail": "MUG-1 is no longer sold",
          "sku": "MUG-1"
        }
      ],
      "subtotal": {
        "amount": 6000,
        "currency": "USD"
      },
      "updated_at": "2026-01-02T12:00:00Z",
      "version": 2
    }
    "#) };

    let mug = format!("/cart/items/{MUG}");
    let more = shop.call("PATCH", &mug).user(&ada).json(json!({ "quantity": 1 })).await;
    assert_eq!(more.problem(409), "item_not_for_sale");
    shop.call("DELETE", &mug).user(&ada).await.expect(200);
}

#[databases]
async fn without_the_catalog_nothing_changes(database: Database) {
    let platform = database.platform(cart::MIGRATIONS).await;
    let catalog = catalog::Client::new(Channel::to("catalog"));
    let service = cart::start(platform.platform.clone(), cart::Config::default(), catalog);
    let router = service.await.unwrap().router;
    let ada = User::customer();
    let body = json!({ "sku": LAMP, "quantity": 1 });
    let answer = call(&router, "POST", "/api/v1/cart/items").user(&ada).json(body).await;
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.problem(503), "unavailable");
    let cart = call(&router, "GET", "/api/v1/cart").user(&ada).await.expect(200);
    assert_eq!(cart["version"], 0);
}

#[databases]
async fn a_broken_bearer_token_is_refused(database: Database) {
    let shop = shop(database).await;
    let mut late = User::customer();
    late.claims.exp -= 601;
    assert_eq!(shop.call("GET", "/cart").user(&late).await.problem(401), "token_expired");
    let forged = shop.add(LAMP, 1).header("authorization", "Bearer x.y.z").await;
    assert_eq!(forged.problem(401), "token_invalid");
}

#[databases]
async fn what_changes_nothing_leaves_the_version_alone(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    shop.add(LAMP, 2).user(&ada).await.expect(200);
    let same = || {
        let call = shop.call("PATCH", &format!("/cart/items/{LAMP}")).user(&ada);
        call.json(json!({ "quantity": 2 }))
    };
    assert_eq!(same().await.expect(200)["version"], 1, "{}", shop.kind);
    let parallel = futures::future::join_all((0..4).map(|_| same().send())).await;
    assert!(parallel.into_iter().all(|it| it.expect(200)["version"] == 1), "{}", shop.kind);
    let other = shop.call("PATCH", &format!("/cart/items/{LAMP}")).user(&ada);
    assert_eq!(other.json(json!({ "quantity": 3 })).await.expect(200)["version"], 2);
    for _ in 0..2 {
        shop.call("DELETE", "/cart").user(&ada).await.expect(204);
        assert_eq!(shop.lines(&ada).await, (vec![], 3), "{}", shop.kind);
    }
    let guest = shop.add(MUG, 1).await.expect(200)["token"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let merge = shop.call("POST", "/cart/merge").user(&ada).header("x-cart-token", &guest);
        assert_eq!(merge.await.expect(200)["version"], 4, "{}", shop.kind);
    }
}

#[databases]
async fn a_line_never_becomes_another_product_that_has_its_sku_by_now(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    shop.add(MUG, 1).user(&ada).await.expect(200);
    // Deleted, and the SKU given to something dearer.
    shop.shelf.put(MUG, 9, 90_000, Some(9));
    let cart = shop.call("GET", "/cart").user(&ada).await.expect(200);
    assert_eq!(cart["notices"][0]["code"], "item_not_for_sale");
    assert_eq!(
        (&cart["items"][0]["title"], &cart["subtotal"]["amount"]),
        (&json!(null), &json!(0))
    );
    let more = json!({ "quantity": 2 });
    let refused = shop.call("PATCH", &format!("/cart/items/{MUG}")).user(&ada).json(more).await;
    assert_eq!(refused.problem(409), "item_not_for_sale");
    // Who wants the other one puts that one in.
    let cart = shop.add(MUG, 3).user(&ada).await.expect(200);
    assert_eq!(cart["items"][0]["quantity"], 3, "{}", shop.kind);
    assert_eq!(cart["items"][0]["unit_price"]["amount"], 90_000);
    assert_eq!(cart.get("notices"), None);
}
