//! Clients of a Django shop that log in at `/auth/token/`: plain lists, prices as decimal texts.

use serde_json::{Value, json};

use super::{Client, PASSWORD, World, admin_login, fits, id, items};

fn product() -> Value {
    json!({ "id": "uuid", "name": "text", "description": "text", "price": "decimal",
            "stock": "integer?" })
}

fn order() -> Value {
    json!({
        "id": "uuid", "status": "text", "total": "decimal", "created_at": "time",
        "items": [{ "product_id": "uuid", "name": "text", "quantity": "integer", "price": "decimal" }],
    })
}

pub async fn walk(world: &World) {
    let guest = world.client(0);
    health(world, &guest).await;
    let (staff, customer) = auth(world, &guest).await;
    let lamp = products(world, &guest, &staff, &customer).await;
    reserve(world, &staff, &customer, &lamp).await;
    orders(world, &guest, &customer, &lamp).await;
}

async fn health(world: &World, guest: &Client) {
    for (row, name) in
        [(22, "auth"), (65, "catalog"), (116, "order"), (135, "payment"), (141, "notification")]
    {
        let path = match name {
            "auth" | "catalog" => format!("/{name}/health/"),
            _ => format!("/{name}s/health/"),
        };
        let up = json!({ "status": format!("{name}-service-up") });
        assert_eq!(guest.get(&path).await.expect(200), up);
        world.rows.walked([row]);
    }
}

/// Staff and a customer, logged in.
async fn auth(world: &World, guest: &Client) -> (Client, Client) {
    world.shop.customer("r0").await;
    let log_in = async |body: Value| {
        let pair = guest.post("/auth/token/", body).await.expect(200);
        fits(&pair, &json!({ "access": "token", "refresh": "token" }));
        pair
    };
    let pair = log_in(json!({ "email": "r0@example.com", "password": PASSWORD })).await;
    let customer = guest.bearer(&pair["access"]);
    let me = customer.get("/auth/me/").await.expect(200);
    fits(&me, &json!({ "id": "uuid", "email": "r0@example.com" }));

    let wrong = json!({ "email": "r0@example.com", "password": "wrong horse battery" });
    let refused = guest.post("/auth/token/", wrong).await.expect(401);
    fits(&refused, &json!({ "detail": "text" }));
    let missing =
        guest.post("/auth/token/", json!({ "email": "r0@example.com" })).await.expect(400);
    assert!(missing["password"][0].is_string(), "{missing}");
    fits(&guest.get("/auth/me/").await.expect(401), &json!({ "detail": "text" }));

    // Such clients keep the refresh token they were given.
    for _ in 0..3 {
        let refresh = json!({ "refresh": pair["refresh"] });
        let next = guest.post("/auth/token/refresh/", refresh).await.expect(200);
        fits(&next, &json!({ "access": "token" }));
        guest.bearer(&next["access"]).get("/auth/me/").await.expect(200);
    }
    guest.post("/auth/token/refresh/", json!({ "refresh": "x" })).await.expect(401);
    world.rows.walked([23, 24, 25, 38, 40]);
    (guest.bearer(&log_in(admin_login()).await["access"]), customer)
}

/// A product that is for sale.
async fn products(world: &World, guest: &Client, staff: &Client, customer: &Client) -> Value {
    let new = json!({ "name": "Lamp", "description": "Bright.", "price": "19.99", "stock": 10 });
    guest.post("/catalog/products/", new.clone()).await.expect(401);
    customer.post("/catalog/products/", new.clone()).await.expect(403);
    let lamp = staff.post("/catalog/products/", new).await.expect(201);
    fits(&lamp, &product());
    assert_eq!(
        (&lamp["name"], &lamp["price"], &lamp["stock"]),
        (&json!("Lamp"), &json!("19.99"), &json!(10))
    );
    let path = format!("/catalog/products/{}/", id(&lamp));
    assert_eq!(guest.get(&path).await.expect(200), lamp);
    let list = guest.get("/catalog/products/").await.expect(200);
    fits(&list, &json!([product()]));
    assert!(items(&list).contains(&lamp));

    let whole = json!({ "name": "Desk lamp", "description": "", "price": "24.50", "stock": 8 });
    let put = staff.put(&path, whole).await.expect(200);
    fits(&put, &product());
    assert_eq!((&put["name"], &put["price"]), (&json!("Desk lamp"), &json!("24.50")));
    let patched = staff.patch(&path, json!({ "price": 21 })).await.expect(200);
    assert_eq!((&patched["price"], &patched["stock"]), (&json!("21.00"), &json!(8)));
    customer.patch(&path, json!({ "price": "0.01" })).await.expect(403);
    for (body, field) in [
        (json!({ "price": "21.999" }), "price"),
        (json!({ "price": "cheap" }), "price"),
        (json!({ "name": "" }), "name"),
    ] {
        let refused = staff.patch(&path, body).await.expect(400);
        assert!(refused[field][0].is_string(), "{field}: {refused}");
    }
    let gone = staff.post("/catalog/products/", json!({ "name": "Gone", "price": "1.00" })).await;
    let gone = format!("/catalog/products/{}/", id(&gone.expect(201)));
    assert!(staff.delete(&gone).await.expect(204).is_null());
    fits(&guest.get(&gone).await.expect(404), &json!({ "detail": "text" }));
    world.rows.walked([42, 66, 67, 68, 69, 70, 71]);
    patched
}

async fn reserve(world: &World, staff: &Client, customer: &Client, lamp: &Value) {
    let path = format!("/catalog/products/{}/reserve/", id(lamp));
    let held = customer.post(&path, json!({ "quantity": 1 })).await.expect(200);
    let form =
        json!({ "id": "uuid", "product_id": "uuid", "quantity": "integer", "expires_at": "time" });
    fits(&held, &form);
    let stock = customer.get(&format!("/catalog/products/{}/", id(lamp))).await.expect(200);
    assert_eq!(stock["stock"], 7);
    let short = staff.post(&path, json!({ "quantity": 8 })).await.expect(409);
    fits(&short, &json!({ "detail": "text" }));
    customer.delete(&format!("{path}{}/", id(&held))).await.expect(204);
    world.rows.walked([72]);
}

async fn orders(world: &World, guest: &Client, customer: &Client, lamp: &Value) {
    let body = json!({ "items": [{ "product_id": id(lamp), "quantity": 2 }] });
    guest.post("/orders/orders/", body.clone()).await.expect(401);
    let bought = customer.post("/orders/orders/", body.clone()).key("r0-1").await.expect(201);
    fits(&bought, &order());
    assert_eq!(bought["status"], "PAID");
    assert_eq!(
        (&bought["items"][0]["price"], &bought["items"][0]["quantity"]),
        (&json!("21.00"), &json!(2))
    );
    let stock = guest.get(&format!("/catalog/products/{}/", id(lamp))).await.expect(200);
    assert_eq!(stock["stock"], 6);
    // The same request once more is the same order; without a key it is another one.
    let again = customer.post("/orders/orders/", body.clone()).key("r0-1").await.expect(201);
    assert_eq!(id(&again), id(&bought));
    let other = customer.post("/orders/orders/", body).await.expect(201);
    assert_ne!(id(&other), id(&bought));
    let list = customer.get("/orders/orders/").await.expect(200);
    fits(&list, &json!([order()]));
    assert_eq!(items(&list).len(), 2);
    assert_eq!(
        id(&customer.get(&format!("/orders/orders/{}/", id(&bought))).await.expect(200)),
        id(&bought)
    );

    let unknown = json!({ "items": [{ "product_id": uuid::Uuid::nil(), "quantity": 1 }] });
    fits(
        &customer.post("/orders/orders/", unknown).await.expect(404),
        &json!({ "detail": "text" }),
    );
    let short = json!({ "items": [{ "product_id": id(lamp), "quantity": 5 }] });
    fits(&customer.post("/orders/orders/", short).await.expect(409), &json!({ "detail": "text" }));
    world.rows.walked([117, 131, 133, 134]);
}
