//! Clients of a FastAPI shop: bare lists by skip and limit, prices as numbers, 422 with a list.

use serde_json::{Value, json};

use super::{Client, PASSWORD, World, admin_login, fits, id, items};
use crate::shop::eventually_answers;

fn user() -> Value {
    json!({ "id": "uuid", "email": "text", "username": "text?", "is_active": "bool",
            "created_at": "time", "updated_at": "time" })
}

fn product() -> Value {
    json!({
        "id": "uuid", "sku": "text", "name": "text", "description": "text", "price": "number",
        "stock_quantity": "integer?", "is_active": "bool", "category": "text?",
        "created_at": "time", "updated_at": "time",
    })
}

fn order() -> Value {
    json!({
        "id": "uuid", "user_id": "uuid", "status": "text", "total_amount": "number",
        "items": [{ "product_id": "uuid", "product_name": "text", "quantity": "integer",
                    "unit_price": "number", "subtotal": "number" }],
        "created_at": "time", "updated_at": "time",
    })
}

fn message() -> Value {
    json!({ "id": "uuid", "channel": "text", "recipient": "text", "subject": "text?",
            "body": "text", "status": "text", "order_id": "uuid?", "error_message": "text?",
            "created_at": "time", "sent_at": "time?" })
}

/// The fields a 422 names.
fn wrong(answer: &Value) -> Vec<String> {
    let form = json!({ "detail": [{ "loc": "path", "msg": "text", "type": "text" }] });
    fits(answer, &form);
    let last = |it: &Value| {
        items(&it["loc"]).last().expect("a field").as_str().expect("a name").to_owned()
    };
    let mut fields: Vec<String> = items(&answer["detail"]).iter().map(last).collect();
    fields.sort_unstable();
    fields
}

pub async fn walk(world: &World) {
    let guest = world.client(4);
    let (staff, customer) = users(world, &guest).await;
    let cable = products(world, &guest, &staff, &customer).await;
    orders(world, &guest, &staff, &customer, &cable).await;
    notifications(world, &staff, &customer).await;
}

async fn users(world: &World, guest: &Client) -> (Client, Client) {
    let mut customer = guest.clone();
    for (prefix, name) in [("/users", "r4_ada"), ("/api/v1/users", "r4_bob")] {
        let new = json!({ "email": format!("{name}@EXAMPLE.com"), "username": name, "password": PASSWORD });
        let created = guest.post(&format!("{prefix}/register"), new.clone()).await.expect(201);
        fits(&created, &user());
        assert_eq!(created["email"], format!("{name}@example.com"));
        let taken = guest.post(&format!("{prefix}/register"), new).await.expect(409);
        fits(&taken, &json!({ "detail": "text" }));
        let login = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        let token = guest.post(&format!("{prefix}/login"), login).await.expect(200);
        fits(&token, &json!({ "access_token": "token", "token_type": "bearer" }));
        customer = guest.bearer(&token["access_token"]);
        let me = customer.shows(&format!("{prefix}/me"), &user()).await;
        assert_eq!(me["id"], created["id"]);
    }
    // As a form, which is what OAuth2 asks for.
    let form = guest.call("POST", "/users/login");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let form = form.raw("username=r4_ada&password=correct+horse+battery").await.expect(200);
    fits(&form, &json!({ "access_token": "token", "token_type": "bearer" }));
    let bad = json!({ "email": "no address", "username": "ab", "password": "short" });
    let bad = guest.post("/users/register", bad).await.expect(422);
    assert_eq!(wrong(&bad), ["email", "password", "username"]);
    let bad = json!({ "email": "r4_ada@example.com", "password": "wrong horse battery" });
    fits(&guest.post("/users/login", bad).await.expect(401), &json!({ "detail": "text" }));
    fits(&guest.get("/users/me").await.expect(401), &json!({ "detail": "text" }));
    world.rows.walked([34, 35, 36, 44, 45, 64]);
    let staff = guest.post("/users/login", admin_login()).await.expect(200);
    (guest.bearer(&staff["access_token"]), customer)
}

async fn products(world: &World, guest: &Client, staff: &Client, customer: &Client) -> Value {
    let new = |sku: &str, name: &str, price: f64| {
        json!({ "sku": sku, "name": name, "description": "Made of wire.", "price": price,
                "stock_quantity": 50, "category": "Electronics" })
    };
    guest.post("/products", new("r4-1", "Cable", 9.99)).await.expect(401);
    customer.post("/products", new("r4-1", "Cable", 9.99)).await.expect(403);
    let cable = staff.post("/products", new("r4-1", "Cable", 9.99)).await.expect(201);
    fits(&cable, &product());
    assert_eq!(
        (&cable["sku"], &cable["price"], &cable["category"], &cable["is_active"]),
        (&json!("R4-1"), &json!(9.99), &json!("Electronics"), &json!(true))
    );
    let taken = staff.post("/products", new("R4-1", "Other", 1.0)).await.expect(409);
    fits(&taken, &json!({ "detail": "text" }));
    let bad = json!({ "sku": "r4-9", "name": "", "price": -1 });
    assert_eq!(wrong(&staff.post("/products", bad).await.expect(422)), ["name", "price"]);
    let plug = staff.post("/api/v1/products", new("r4-2", "Plug", 4.5)).await.expect(201);

    let names = async |path: &str| {
        let list = guest.shows(path, &json!([product()])).await;
        let names = items(&list).iter().map(|it| it["name"].as_str().expect("a name").to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    for base in ["/products", "/api/v1/products"] {
        assert_eq!(names(&format!("{base}?category=Electronics")).await, "Plug Cable");
        assert_eq!(names(&format!("{base}?category=Electronics&sort_by=name")).await, "Cable Plug");
        assert_eq!(
            names(&format!("{base}?category=Electronics&sort_by=price&limit=1")).await,
            "Plug"
        );
        assert_eq!(names(&format!("{base}?category=Electronics&limit=1&offset=1")).await, "Cable");
        assert_eq!(
            names(&format!("{base}?category=Electronics&is_active=true")).await,
            "Plug Cable"
        );
        guest.get(&format!("{base}?is_active=false")).await.expect(403);
        guest.get(&format!("{base}?limit=0")).await.expect(422);
    }
    let found = async || guest.get("/products?name=plug").await.expect(200);
    eventually_answers(found, |it| it[0]["name"] == "Plug").await;

    for base in ["/products", "/api/v1/products"] {
        let path = format!("{base}/{}", id(&plug));
        assert_eq!(guest.shows(&path, &product()).await["sku"], "R4-2");
        let put = json!({ "name": "Socket", "description": "", "price": 5, "category": "Sockets" });
        let put = staff.put(&path, put).await.expect(200);
        fits(&put, &product());
        assert_eq!((&put["name"], &put["category"]), (&json!("Socket"), &json!("Sockets")));
        assert_eq!(
            staff.patch(&path, json!({ "name": "Plug" })).await.expect(200)["price"],
            json!(5.0)
        );
        let stock = staff.patch(&format!("{path}/stock"), json!({ "stock_quantity": 7 })).await;
        let stock = stock.expect(200);
        fits(&stock, &product());
        assert_eq!(stock["stock_quantity"], 7);
        customer.patch(&format!("{path}/stock"), json!({ "stock_quantity": 9 })).await.expect(403);
        let bad = staff.patch(&format!("{path}/stock"), json!({ "stock_quantity": -7 })).await;
        assert_eq!(wrong(&bad.expect(422)), ["stock_quantity"]);
    }
    // Deleted softly: nobody sees it, staff still does.
    let path = format!("/products/{}", id(&plug));
    customer.delete(&path).await.expect(403);
    assert!(staff.delete(&path).await.expect(204).is_null());
    guest.get(&path).await.expect(404);
    assert_eq!(staff.shows(&path, &product()).await["is_active"], false);
    let deleted = staff.get("/products?is_active=false").await.expect(200);
    assert!(items(&deleted).iter().any(|it| it["id"] == plug["id"]));
    world.rows.walked([89, 90, 91, 92, 93, 94, 95, 96, 107]);
    cable
}

async fn orders(world: &World, guest: &Client, staff: &Client, customer: &Client, cable: &Value) {
    let body =
        |quantity: i64| json!({ "items": [{ "product_id": id(cable), "quantity": quantity }] });
    guest.post("/orders", body(1)).await.expect(401);
    let first = customer.post("/orders", body(2)).await.expect(201);
    fits(&first, &order());
    // With the shipping of 5.00.
    assert_eq!(
        (&first["total_amount"], &first["items"][0]["unit_price"], &first["items"][0]["subtotal"]),
        (&json!(24.98), &json!(9.99), &json!(19.98))
    );
    let second = customer.post("/api/v1/orders?user_id=7", body(1)).await.expect(201);

    for base in ["/orders", "/api/v1/orders"] {
        let list = customer.shows(base, &json!([order()])).await;
        assert_eq!((id(&list[0]), id(&list[1])), (id(&second), id(&first)));
        let rest = customer.shows(&format!("{base}?skip=1&limit=5"), &json!([order()])).await;
        assert_eq!((items(&rest).len(), id(&rest[0])), (1, id(&first)));
        assert_eq!(customer.shows(&format!("{base}/{}", id(&first)), &order()).await, first);
        guest.get(&format!("{base}/{}", id(&first))).await.expect(401);
    }
    // What could not be had stays as a cancelled order.
    let short = customer.post("/orders", body(500)).await.expect(400);
    fits(&short, &json!({ "detail": "text", "available": "integer", "requested": "integer" }));
    assert_eq!((&short["available"], &short["requested"]), (&json!(47), &json!(500)));
    let unknown = json!({ "items": [{ "product_id": uuid::Uuid::nil(), "quantity": 1 }] });
    fits(&customer.post("/orders", unknown).await.expect(404), &json!({ "detail": "text" }));
    assert_eq!(wrong(&customer.post("/orders", body(0)).await.expect(422)), ["quantity"]);
    let stranger = json!({ "email": "r4_ada@example.com", "password": PASSWORD });
    let stranger = guest.post("/users/login", stranger).await.expect(200);
    let stranger = guest.bearer(&stranger["access_token"]);
    stranger.get(&format!("/orders/{}", id(&first))).await.expect(404);
    assert_eq!(stranger.get("/orders").await.expect(200), json!([]));

    for (base, order, way) in [
        ("/orders", &first, &["confirmed", "shipped", "delivered"][..]),
        ("/api/v1/orders", &second, &["cancelled"][..]),
    ] {
        let path = format!("{base}/{}/status", id(order));
        customer.patch(&path, json!({ "status": "shipped" })).await.expect(403);
        for status in way {
            let moved = staff.patch(&path, json!({ "status": status })).await.expect(200);
            fits(&moved, &self::order());
            assert_eq!(moved["status"], *status);
        }
        let back = staff.patch(&path, json!({ "status": "shipped" })).await.expect(409);
        fits(&back, &json!({ "detail": "text" }));
        assert_eq!(
            wrong(&staff.patch(&path, json!({ "status": "lost" })).await.expect(422)),
            ["status"]
        );
    }
    fits(&guest.get("/api/v1/orders/health").await.expect(200), &json!({ "status": "healthy" }));
    world.rows.walked([123, 124, 125, 126, 127, 128, 130]);
}

async fn notifications(world: &World, staff: &Client, customer: &Client) {
    let form = json!({ "items": [message()], "total": "integer", "page": "integer", "page_size": "integer" });
    customer.get("/notifications").await.expect(403);
    let sent = async || {
        staff.shows("/notifications?recipient=r4_bob%40example.com&page_size=2", &form).await
    };
    let list = eventually_answers(sent, |it| it["total"].as_i64() >= Some(3)).await;
    assert_eq!((&list["page"], &list["page_size"]), (&json!(1), &json!(2)));
    let path = "/notifications?recipient=r4_bob%40example.com&page_size=2&page=2&status=logged";
    let settled = async || staff.shows(path, &form).await;
    let second = eventually_answers(settled, |it| !items(&it["items"]).is_empty()).await;
    assert_eq!(second["page"], 2);
    let one = &second["items"][0];
    assert_eq!(one["status"], "logged");
    assert_eq!(staff.shows(&format!("/notifications/{}", id(one)), &message()).await, *one);
    let about =
        list["items"].as_array().expect("a list").iter().find_map(|it| it["order_id"].as_str());
    let about = about.expect("news of an order");
    let of_order = staff.shows(&format!("/notifications?order_id={about}"), &form).await;
    assert!(items(&of_order["items"]).iter().all(|it| it["order_id"] == about));
    // What was sent is not sent again.
    let again = staff.call("POST", &format!("/notifications/retry/{}", id(one))).await;
    fits(&again.expect(409), &json!({ "detail": "text" }));
    customer.call("POST", &format!("/notifications/retry/{}", id(one))).await.expect(403);
    let unknown = staff.call("POST", &format!("/notifications/retry/{}", uuid::Uuid::nil())).await;
    unknown.expect(404);
    world.rows.walked([145, 146, 147]);
}
