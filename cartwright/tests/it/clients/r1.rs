//! Clients of a Django shop with documented pages: `{count, next, previous, results}`, tokens
//! with `expires_in`, cart and orders in one.

use serde_json::{Value, json};

use super::{Client, PASSWORD, World, admin_login, fits, id, items};
use crate::shop::eventually_answers;

fn page(of: Value) -> Value {
    json!({ "count": "integer", "next": "url?", "previous": "url?", "results": [of] })
}

fn user() -> Value {
    json!({ "id": "uuid", "email": "text", "username": "text?", "full_name": "text",
            "phone": "text?", "is_active": "bool", "date_joined": "time" })
}

fn category() -> Value {
    json!({ "id": "uuid", "name": "text", "slug": "text", "description": "text", "parent": "uuid?" })
}

fn product() -> Value {
    json!({
        "id": "uuid", "name": "text", "slug": "text", "description": "text", "price": "decimal",
        "sku": "text", "in_stock": "bool", "stock_count": "integer?", "images": "texts",
        "categories": [{ "id": "uuid", "name": "text", "slug": "text" }],
        "created_at": "time", "updated_at": "time",
    })
}

fn cart() -> Value {
    json!({
        "id": "uuid?", "total": "decimal", "item_count": "integer",
        "items": [{ "product_id": "uuid?", "sku": "text", "name": "text?", "quantity": "integer",
                    "price": "decimal?", "total": "decimal?" }],
    })
}

fn order() -> Value {
    json!({
        "id": "uuid", "order_number": "text", "status": "text", "payment_status": "text",
        "subtotal": "decimal", "shipping": "decimal", "tax": "decimal", "total": "decimal",
        "tracking_number": "text?", "created_at": "time", "updated_at": "time",
        "items": [{ "product_id": "uuid", "sku": "text", "name": "text", "quantity": "integer",
                    "price": "decimal", "total": "decimal" }],
    })
}

fn message() -> Value {
    json!({ "id": "uuid", "channel": "text", "recipient": "text", "subject": "text?",
            "body": "text", "status": "text", "error_message": "text?", "created_at": "time",
            "sent_at": "time?" })
}

pub async fn walk(world: &World) {
    let guest = world.client(1);
    let (staff, customer) = auth(world, &guest).await;
    users(world, &guest, &staff, &customer).await;
    let lamp = products(world, &guest, &staff).await;
    orders(world, &guest, &staff, &customer, &lamp).await;
    notifications(world, &staff, &customer).await;
}

async fn auth(world: &World, guest: &Client) -> (Client, Client) {
    let new = json!({ "email": "R1@Example.com", "password": PASSWORD, "full_name": "Ada One" });
    let created = guest.post("/users/", new).await.expect(201);
    fits(&created, &user());
    assert_eq!(created["email"], "r1@example.com");

    let login = json!({ "email": "r1@example.com", "password": PASSWORD });
    let tokens = guest.post("/auth/login", login).await.expect(200);
    let form = json!({ "access_token": "token", "refresh_token": "token", "token_type": "bearer",
                       "expires_in": "integer", "user": user() });
    fits(&tokens, &form);
    let wrong = json!({ "email": "r1@example.com", "password": "wrong horse" });
    fits(&guest.post("/auth/login", wrong).await.expect(401), &json!({ "detail": "text" }));

    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    let next = guest.post("/auth/refresh/", refresh).await.expect(200);
    fits(&next, &form);
    let token = next["refresh_token"].as_str().expect("a token");
    let next = guest.get("/auth/refresh").header("x-refresh-token", token).await.expect(200);
    fits(&next, &form);
    guest.get("/auth/refresh").await.expect(400);

    // A forgotten password: the answer tells nobody whether there is an account.
    for email in ["r1@example.com", "nobody@example.com"] {
        let asked =
            guest.post("/auth/password/reset/", json!({ "email": email })).await.expect(200);
        fits(&asked, &json!({ "detail": "text" }));
    }
    let confirm = json!({ "token": "x", "new_password": "battery horse correct" });
    guest.post("/auth/password/reset/confirm/", confirm).await.expect(400);
    let mails = async || world.shop.admin().await.get("/notifications/history").await.expect(200);
    eventually_answers(mails, |it| it.to_string().contains("password")).await;
    world.rows.walked([26, 27, 47]);

    let staff = guest.post("/auth/login", admin_login()).await.expect(200);
    (guest.bearer(&staff["access_token"]), guest.bearer(&next["access_token"]))
}

async fn users(world: &World, guest: &Client, staff: &Client, customer: &Client) {
    let profile = customer.shows("/users/profile/", &user()).await;
    assert_eq!(profile["full_name"], "Ada One");
    let changed = json!({ "full_name": "Ada Two", "phone": "+1 202 555 0100" });
    let changed = customer.put("/users/profile/", changed).await.expect(200);
    assert_eq!(
        (&changed["full_name"], &changed["phone"]),
        (&json!("Ada Two"), &json!("+12025550100"))
    );
    let taken = json!({ "email": "r1@example.com", "password": PASSWORD, "full_name": "Other" });
    fits(&guest.post("/users/", taken).await.expect(409), &json!({ "detail": "text" }));
    let wrong = json!({ "email": "no address", "password": "short", "full_name": "" });
    let refused = guest.post("/users/", wrong).await.expect(400);
    for field in ["email", "password", "full_name"] {
        assert!(refused[field][0].is_string(), "{field}: {refused}");
    }

    customer.get("/users/").await.expect(403);
    let list = staff.shows("/users/?search=r1&page=1&page_size=5", &page(user())).await;
    assert_eq!((&list["count"], &list["results"]), (&json!(1), &json!([changed])));
    let path = format!("/users/{}/", id(&changed));
    assert_eq!(staff.shows(&path, &user()).await, changed);
    customer.get(&path).await.expect(403);
    let put = staff.put(&path, json!({ "full_name": "Ada Three", "is_active": true })).await;
    assert_eq!(put.expect(200)["full_name"], "Ada Three");
    staff.get(&format!("/users/{}/", uuid::Uuid::nil())).await.expect(404);
    world.rows.walked([48, 49, 52, 53, 54, 55]);
}

async fn products(world: &World, guest: &Client, staff: &Client) -> Value {
    let garden = json!({ "name": "Garden", "description": "Outside." });
    guest.post("/categories/", garden.clone()).await.expect(401);
    let garden = staff.post("/categories/", garden).await.expect(201);
    fits(&garden, &category());
    let categories = guest.shows("/categories/?page_size=100", &page(category())).await;
    assert!(items(&categories["results"]).contains(&garden));

    let new = |name: &str, price: &str, stock: i64| {
        json!({ "name": name, "description": "For the garden.", "price": price,
                "stock_count": stock, "categories": ["garden"],
                "images": ["https://pictures.example.com/1.jpg"] })
    };
    let spade = staff.post("/products/", new("Spade", "30.00", 5)).await.expect(201);
    fits(&spade, &product());
    assert_eq!(spade["images"], json!(["https://pictures.example.com/1.jpg"]));
    assert_eq!(spade["categories"][0]["id"], garden["id"]);
    assert_eq!((&spade["in_stock"], &spade["stock_count"]), (&json!(true), &json!(5)));
    let rake = staff.post("/products/", new("Rake", "12.50", 0)).await.expect(201);
    assert_eq!(rake["in_stock"], false);
    let hose = staff.post("/products/", new("Hose", "20.00", 9)).await.expect(201);
    assert_eq!(guest.shows(&format!("/products/{}/", id(&hose)), &product()).await, hose);

    let names = async |query: &str| {
        let path = format!("/products/?category=garden&{query}");
        let list = guest.shows(&path, &page(product())).await;
        let names = items(&list["results"]).iter().map(|it| it["name"].as_str().expect("a name"));
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("").await, "Hose Rake Spade");
    assert_eq!(names("ordering=price").await, "Rake Hose Spade");
    assert_eq!(names("ordering=-price").await, "Spade Hose Rake");
    assert_eq!(names("ordering=name").await, "Hose Rake Spade");
    assert_eq!(names("price_min=12.51&price_max=20").await, "Hose");
    assert_eq!(names("in_stock=true&ordering=price").await, "Hose Spade");
    let found = async || guest.get("/products/?search=spade").await.expect(200);
    eventually_answers(found, |it| it["results"][0]["name"] == "Spade").await;

    // From page to page by the links.
    let first = guest.shows("/products/?category=garden&page_size=2", &page(product())).await;
    assert_eq!((&first["count"], &first["previous"]), (&json!(3), &Value::Null));
    let follow = async |link: &Value| {
        let link = link.as_str().expect("a link");
        let path = &link[link.find("/products").expect("a path")..];
        guest.shows(path, &page(product())).await
    };
    let second = follow(&first["next"]).await;
    assert_eq!((items(&second["results"]).len(), &second["next"]), (1, &Value::Null));
    assert_eq!(follow(&second["previous"]).await["results"], first["results"]);
    guest.get("/products/?page=0").await.expect(400);
    world.rows.walked([73, 74, 75, 76, 97, 98, 99, 100, 102]);
    spade
}

async fn orders(world: &World, guest: &Client, staff: &Client, customer: &Client, spade: &Value) {
    guest.get("/cart/").await.expect(401);
    let empty = customer.shows("/cart/", &cart()).await;
    assert_eq!((&empty["items"], &empty["total"]), (&json!([]), &json!("0.00")));
    let item = json!({ "product_id": id(spade), "quantity": 2 });
    let filled = customer.post("/cart/items/", item.clone()).await.expect(200);
    fits(&filled, &cart());
    assert_eq!((&filled["total"], &filled["item_count"]), (&json!("60.00"), &json!(2)));
    assert_eq!(customer.shows("/cart/", &cart()).await, filled);
    let many = json!({ "product_id": id(spade), "quantity": 4 });
    customer.post("/cart/items/", many).await.expect(409);
    guest.post("/cart/items/", item).await.expect(401);

    guest.call("POST", "/orders/").await.expect(401);
    let bought = customer.call("POST", "/orders/").await.expect(201);
    fits(&bought, &order());
    assert_eq!(
        (&bought["status"], &bought["payment_status"], &bought["total"]),
        (&json!("confirmed"), &json!("paid"), &json!("60.00"))
    );
    let cart = async || customer.get("/cart/").await.expect(200);
    eventually_answers(cart, |it| it["items"] == json!([])).await;
    // It is told that all of it is bought; who never had anything in it, that it is empty.
    fits(&customer.call("POST", "/orders/").await.expect(409), &json!({ "detail": "text" }));
    fits(&staff.call("POST", "/orders/").await.expect(400), &json!({ "detail": "text" }));
    let list = customer.shows("/orders/", &page(order())).await;
    assert_eq!((&list["count"], &list["results"]), (&json!(1), &json!([bought])));

    let path = format!("/orders/{}/status/", id(&bought));
    let shipped = json!({ "status": "shipped", "tracking_number": "1Z999" });
    customer.patch(&path, shipped.clone()).await.expect(403);
    let shipped = staff.patch(&path, shipped).await.expect(200);
    fits(&shipped, &order());
    assert_eq!(shipped["status"], "shipped");
    let seen = customer.shows(&format!("/orders/{}/", id(&bought)), &order()).await;
    assert_eq!(seen["tracking_number"], "1Z999");
    world.rows.walked([108, 109, 118, 119, 129, 136]);
}

async fn notifications(world: &World, staff: &Client, customer: &Client) {
    let email = json!({ "recipient": "bob@example.com", "subject": "Hello", "message": "World" });
    customer.post("/notifications/email/", email.clone()).await.expect(403);
    let email = staff.post("/notifications/email/", email).await.expect(201);
    fits(&email, &message());
    let sms = json!({ "recipient": "+4915112345678", "message": "Hello" });
    let sms = staff.post("/notifications/sms/", sms).await.expect(201);
    fits(&sms, &message());
    let wrong =
        staff.post("/notifications/sms/", json!({ "recipient": "me", "message": "x" })).await;
    assert!(wrong.expect(400)["recipient"][0].is_string());
    let sent = async || {
        let path = "/notifications/history/?recipient=bob%40example.com&page_size=1";
        staff.shows(path, &page(message())).await
    };
    let sent = eventually_answers(sent, |it| it["results"][0]["status"] == "logged").await;
    assert_eq!(id(&sent["results"][0]), id(&email));
    world.rows.walked([142, 143, 144]);
}
