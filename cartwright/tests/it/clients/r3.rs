//! Clients of a Django shop that log in by username: bare lists, a checkout that answers 200.

use serde_json::{Value, json};

use super::{Client, PASSWORD, World, admin_login, fits, id, items};
use crate::shop::eventually_answers;

fn product() -> Value {
    json!({ "id": "uuid", "name": "text", "slug": "text", "description": "text",
            "price": "decimal", "stock": "integer?", "category": "text?", "created_at": "time" })
}

fn cart() -> Value {
    json!({
        "id": "uuid?", "total_price": "decimal",
        "items": [{ "product_id": "uuid?", "product_name": "text?", "quantity": "integer",
                    "price": "decimal?" }],
    })
}

fn order() -> Value {
    json!({
        "id": "uuid", "user_id": "uuid", "status": "text", "total_price": "decimal",
        "items": [{ "product_id": "uuid", "product_name": "text", "quantity": "integer",
                    "price": "decimal" }],
        "created_at": "time",
    })
}

pub async fn walk(world: &World) {
    let guest = world.client(3);
    let customer = auth(world, &guest).await;
    let mug = products(world, &guest).await;
    cart_and_checkout(world, &guest, &customer, &mug).await;
    orders(world, &guest, &customer, &mug).await;
}

async fn auth(world: &World, guest: &Client) -> Client {
    let profile =
        json!({ "id": "uuid", "username": "text", "email": "text", "phone_number": "text?" });
    let mut last = guest.clone();
    // As documented, and as the other shop really had it.
    for (prefix, name) in [("/api/auth", "r3-ada"), ("/api", "r3-bob")] {
        let new = json!({ "username": name, "email": format!("{name}@example.com"), "password": PASSWORD });
        let created = guest.post(&format!("{prefix}/register/"), new.clone()).await.expect(201);
        fits(&created, &profile);
        fits(
            &guest.post(&format!("{prefix}/register/"), new).await.expect(409),
            &json!({ "detail": "text" }),
        );
        let login = json!({ "username": name, "password": PASSWORD });
        let pair = guest.post(&format!("{prefix}/login/"), login).await.expect(200);
        fits(&pair, &json!({ "refresh": "token", "access": "token" }));
        let next = guest.post("/api/refresh/", json!({ "refresh": pair["refresh"] })).await;
        let next = next.expect(200);
        fits(&next, &json!({ "access": "token" }));
        last = guest.bearer(&next["access"]);
        let me = last.shows("/api/profile/", &profile).await;
        assert_eq!((&me, &me["username"]), (&created, &json!(name)));
    }
    let missing = guest.post("/api/auth/register/", json!({})).await.expect(400);
    for field in ["username", "email", "password"] {
        assert!(missing[field][0].is_string(), "{field}: {missing}");
    }
    guest.get("/api/profile/").await.expect(401);
    world.rows.walked([30, 31, 32, 33]);
    last
}

async fn products(world: &World, guest: &Client) -> Value {
    let admin = world.shop.admin().await;
    let shelf = admin.post("/categories", json!({ "name": "Cups" })).await.expect(201);
    let new = json!({ "title": "Blue Mug", "price": { "amount": 1_200, "currency": "USD" },
                      "on_hand": 20, "category_ids": [shelf["id"]] });
    let made = admin.post("/products", new).await.expect(201);
    let list = guest.shows("/api/products/", &json!([product()])).await;
    let mug = items(&list).iter().find(|it| it["id"] == made["id"]).expect("the mug").clone();
    assert_eq!(
        (&mug["slug"], &mug["price"], &mug["category"]),
        (&json!("blue-mug"), &json!("12.00"), &json!("Cups"))
    );
    assert_eq!(guest.shows(&format!("/api/products/{}/", id(&mug)), &product()).await, mug);
    // What a browser has already is not sent again.
    let first = guest.get("/api/products/").await;
    if let Some(tag) = first.headers.get("etag").and_then(|it| it.to_str().ok()) {
        let again = guest.get("/api/products/").header("if-none-match", tag).await;
        assert_eq!(again.status, 304);
    }
    let category = json!({ "id": "uuid", "name": "text", "slug": "text" });
    let categories = guest.shows("/api/categories/", &json!([category])).await;
    let cups = items(&categories).iter().find(|it| it["id"] == shelf["id"]).expect("the shelf");
    assert_eq!(guest.shows(&format!("/api/categories/{}/", id(cups)), &category).await, *cups);
    world.rows.walked([86, 87, 88]);
    mug
}

async fn cart_and_checkout(world: &World, guest: &Client, customer: &Client, mug: &Value) {
    guest.get("/api/cart/").await.expect(401);
    let one = json!({ "product_id": id(mug) });
    fits(&customer.post("/api/cart/add_item/", one).await.expect(200), &cart());
    let two = json!({ "product_id": id(mug), "quantity": 2 });
    let filled = customer.post("/api/cart/add_item/", two).await.expect(200);
    let [line] = items(&filled["items"]).as_slice() else { panic!("one line: {filled}") };
    assert_eq!((&line["quantity"], &filled["total_price"]), (&json!(3), &json!("36.00")));
    assert_eq!(customer.shows("/api/cart/", &cart()).await, filled);
    customer.call("POST", "/api/cart/clear/").await.expect(200);
    assert_eq!(customer.shows("/api/cart/", &cart()).await["items"], json!([]));
    world.rows.walked([112, 113, 114, 115]);

    let body = json!({ "items": [{ "product_id": id(mug), "quantity": 2 }] });
    guest.post("/api/orders/checkout/", body.clone()).await.expect(401);
    let bought = customer.post("/api/orders/checkout/", body).await.expect(200);
    fits(&bought, &order());
    // With the shipping of 5.00.
    assert_eq!((&bought["status"], &bought["total_price"]), (&json!("completed"), &json!("29.00")));
    // Without items it is the stored cart, whoever the body says it is for.
    let one = json!({ "product_id": id(mug), "quantity": 1 });
    customer.post("/api/cart/add_item/", one).await.expect(200);
    let cart = json!({ "user_id": 1 });
    let bought = customer.post("/api/orders/checkout/", cart).await.expect(200);
    assert_eq!(bought["total_price"], "17.00");
    let stock = async || guest.get(&format!("/api/products/{}/", id(mug))).await.expect(200);
    eventually_answers(stock, |it| it["stock"] == 17).await;
    world.rows.walked([120]);
}

async fn orders(world: &World, guest: &Client, customer: &Client, mug: &Value) {
    guest.get("/api/orders/").await.expect(401);
    let list = customer.shows("/api/orders/", &json!([order()])).await;
    assert_eq!(items(&list).len(), 2);
    let body = json!({ "items": [{ "product_id": id(mug), "quantity": 1 }] });
    let placed = customer.post("/api/orders/", body).await.expect(201);
    fits(&placed, &order());
    let path = format!("/api/orders/{}/", id(&placed));
    assert_eq!(customer.shows(&path, &order()).await, placed);
    let staff = guest.post(
        "/api/login/",
        json!({ "username": admin_login()["email"], "password": admin_login()["password"] }),
    );
    let staff = guest.bearer(&staff.await.expect(200)["access"]);
    for change in [
        customer.patch(&path, json!({ "status": "completed" })),
        customer.put(&path, json!({ "status": "completed" })),
    ] {
        change.await.expect(403);
    }
    assert_eq!(staff.patch(&path, json!({ "status": "completed" })).await.expect(200), placed);
    assert_eq!(
        staff.put(&path, json!({ "status": "completed" })).await.expect(200)["id"],
        placed["id"]
    );
    let wrong = staff.patch(&path, json!({ "status": "lost" })).await.expect(400);
    assert!(wrong["status"][0].is_string(), "{wrong}");
    let stranger = json!({ "username": "r3-ada", "password": PASSWORD });
    let stranger = guest.post("/api/login/", stranger).await.expect(200);
    let stranger = guest.bearer(&stranger["access"]);
    stranger.get(&path).await.expect(404);
    stranger.delete(&path).await.expect(404);
    assert!(customer.delete(&path).await.expect(204).is_null());
    assert_eq!(customer.get(&path).await.expect(200)["status"], "cancelled");
    world.rows.walked([121, 122]);
}
