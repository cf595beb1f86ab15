//! Clients of a Django shop behind `/api/v1`: pages by limit and offset, cart and reviews.

use serde_json::{Value, json};

use crate::shop::checkout;

use super::{Client, PASSWORD, World, admin_login, fits, id, items};

fn page(of: Value) -> Value {
    json!({ "count": "integer", "next": "url?", "previous": "url?", "results": [of] })
}

fn user() -> Value {
    json!({ "id": "uuid", "email": "text", "username": "text?", "name": "text",
            "is_active": "bool", "roles": "texts", "date_joined": "time" })
}

fn category() -> Value {
    json!({ "id": "uuid", "name": "text", "slug": "text", "parent": "uuid?" })
}

fn product() -> Value {
    json!({
        "id": "uuid", "title": "text", "slug": "text", "description": "text", "price": "decimal",
        "categories": [{ "id": "uuid", "name": "text", "slug": "text" }], "image": "text?",
        "sku": "text", "barcode": "text?", "stock": "integer?", "rank": "number?",
        "popularity": "integer", "sales_count": "integer",
        "created_at": "time", "updated_at": "time",
    })
}

fn cart() -> Value {
    json!({
        "id": "uuid?", "total": "decimal",
        "items": [{ "product_id": "uuid?", "title": "text?", "quantity": "integer",
                    "price": "decimal?", "total": "decimal?" }],
    })
}

fn review() -> Value {
    json!({ "id": "uuid", "product_id": "uuid", "user": "text", "rating": "integer",
            "comment": "text", "created_at": "time" })
}

pub async fn walk(world: &World) {
    let guest = world.client(2);
    let (staff, customer) = users(world, &guest).await;
    let kettle = products(world, &guest, &staff, &customer).await;
    cart_and_reviews(world, &guest, &customer, &kettle).await;
}

async fn users(world: &World, guest: &Client) -> (Client, Client) {
    let new = |name: &str| json!({ "email": format!("{name}@example.com"), "username": name, "password": PASSWORD });
    let ada = guest.post("/api/v1/users/", new("r2-ada")).await.expect(201);
    fits(&ada, &user());
    let bob = guest.post("/api/v1/users/", new("r2-bob")).await.expect(201);
    let log_in = async |body: Value| {
        let pair = guest.post("/api/v1/token/", body).await.expect(200);
        fits(&pair, &json!({ "access": "token", "refresh": "token" }));
        let next = json!({ "refresh": pair["refresh"] });
        let next = guest.post("/api/v1/token/refresh/", next).await.expect(200);
        fits(&next, &json!({ "access": "token" }));
        guest.bearer(&next["access"])
    };
    let customer = log_in(json!({ "email": "r2-ada@example.com", "password": PASSWORD })).await;
    let other = log_in(json!({ "email": "r2-bob@example.com", "password": PASSWORD })).await;
    let staff = log_in(admin_login()).await;
    world.rows.walked([28, 29, 57]);

    customer.get("/api/v1/users/").await.expect(403);
    let list = staff.shows("/api/v1/users/", &json!([user()])).await;
    assert!(items(&list).contains(&ada) && items(&list).contains(&bob));
    let path = format!("/api/v1/users/{}/", id(&bob));
    assert_eq!(staff.shows(&path, &user()).await, bob);
    let named = staff.post(&path, json!({ "name": "Bob" })).await.expect(200);
    assert_eq!(named["name"], "Bob");
    let named = staff.put(&path, json!({ "name": "Robert", "is_active": true })).await.expect(200);
    assert_eq!((&named["name"], &named["email"]), (&json!("Robert"), &bob["email"]));
    // The collection means the caller's own account.
    let own = customer.put("/api/v1/users/", json!({ "name": "Ada" })).await.expect(200);
    assert_eq!((id(&own), &own["name"]), (id(&ada), &json!("Ada")));
    let refused = other.delete("/api/v1/users/").json(json!({ "password": "wrong" })).await;
    assert!(refused.expect(400)["password"][0].is_string());
    other.delete("/api/v1/users/").json(json!({ "password": PASSWORD })).await.expect(204);
    staff.get(&path).await.expect(404);
    let third = guest.post("/api/v1/users/", new("r2-eve")).await.expect(201);
    let path = format!("/api/v1/users/{}/", id(&third));
    customer.delete(&path).await.expect(403);
    staff.delete(&path).await.expect(204);
    staff.get(&path).await.expect(404);
    world.rows.walked([56, 58, 59, 60, 61, 62, 63]);
    (staff, customer)
}

async fn products(world: &World, guest: &Client, staff: &Client, customer: &Client) -> Value {
    // Categories are made by staff of the shop itself.
    let admin = world.shop.admin().await;
    let home = admin.post("/categories", json!({ "name": "Kitchen" })).await.expect(201);
    let below = json!({ "name": "Kettles", "parent_id": home["id"] });
    let below = admin.post("/categories", below).await.expect(201);
    let list = guest.shows("/api/v1/categories/", &page(category())).await;
    assert!(items(&list["results"]).len() <= 10, "{list}");
    let path = format!("/api/v1/categories/{}/", id(&home));
    let shown = guest.shows(&path, &category()).await;
    assert_eq!(shown["name"], "Kitchen");
    let children = guest.shows(&format!("{path}subcategories/"), &page(category())).await;
    assert_eq!((id(&children["results"][0]), &children["count"]), (id(&below), &json!(1)));
    world.rows.walked([77, 78, 79, 101]);

    let categories = format!("{},{}", id(&home), id(&below));
    let new = json!({ "title": "Copper Kettle", "description": "Sings.", "price": "49.90",
                      "categories": categories, "stock": 4, "barcode": "4006381333931",
                      "image": "https://pictures.example.com/kettle.png" });
    guest.post("/api/v1/products/", new.clone()).await.expect(401);
    customer.post("/api/v1/products/", new.clone()).await.expect(403);
    let kettle = staff.post("/api/v1/products/", new).await.expect(201);
    fits(&kettle, &product());
    assert_eq!(kettle["slug"], "copper-kettle");
    assert_eq!(kettle["barcode"], "4006381333931");
    assert_eq!(kettle["image"], "https://pictures.example.com/kettle.png");
    assert_eq!(items(&kettle["categories"]).len(), 2);
    // The same as a form.
    let form = staff.call("POST", "/api/v1/products/");
    let form = form.header("content-type", "multipart/form-data; boundary=x").raw(
        "--x\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\nTea pot\r\n\
         --x\r\ncontent-disposition: form-data; name=\"price\"\r\n\r\n15.00\r\n\
         --x\r\ncontent-disposition: form-data; name=\"stock\"\r\n\r\n3\r\n--x--\r\n",
    );
    let pot = form.await.expect(201);
    fits(&pot, &product());
    assert_eq!((&pot["title"], &pot["stock"]), (&json!("Tea pot"), &json!(3)));

    let first = guest.shows("/api/v1/products/", &page(product())).await;
    assert_eq!((id(&first["results"][0]), id(&first["results"][1])), (id(&pot), id(&kettle)));
    let second = guest.shows("/api/v1/products/?limit=1&offset=1", &page(product())).await;
    assert_eq!((items(&second["results"]).len(), id(&second["results"][0])), (1, id(&kettle)));
    let next = second["next"].as_str().expect("a link");
    assert!(next.contains("limit=1") && next.contains("offset=2"), "{next}");
    let filtered =
        format!("/api/v1/products/?category={}&price__gte=49.90&price__lte=50", id(&home));
    assert_eq!(guest.shows(&filtered, &page(product())).await["count"], 1);

    let path = format!("/api/v1/products/{}/", id(&kettle));
    assert_eq!(guest.shows(&path, &product()).await["title"], "Copper Kettle");
    let put = json!({ "title": "Steel Kettle", "description": "Whistles.", "price": "39.90" });
    let put = staff.put(&path, put).await.expect(200);
    assert_eq!(
        (&put["title"], &put["price"], &put["stock"]),
        (&json!("Steel Kettle"), &json!("39.90"), &json!(4))
    );
    let patched = staff.patch(&path, json!({ "price": 35.5 })).await.expect(200);
    fits(&patched, &product());
    assert_eq!(patched["price"], "35.50");
    customer.delete(&path).await.expect(403);
    staff.delete(&format!("/api/v1/products/{}/", id(&pot))).await.expect(204);
    guest.get(&format!("/api/v1/products/{}/", id(&pot))).await.expect(404);
    world.rows.walked([80, 81, 82, 83, 84, 85, 105]);
    patched
}

async fn cart_and_reviews(world: &World, guest: &Client, customer: &Client, kettle: &Value) {
    let me = customer.put("/api/v1/users/", json!({})).await.expect(200);
    guest.get("/api/v1/cart/").await.expect(401);
    let item = json!({ "user_id": id(&me), "product_id": id(kettle), "quantity": 2 });
    guest.post("/api/v1/cart/add/", item.clone()).await.expect(401);
    let added = customer.post("/api/v1/cart/add/", item).await.expect(200);
    fits(&added, &cart());
    assert_eq!(added["total"], "71.00");
    assert_eq!(customer.shows("/api/v1/cart/", &cart()).await, added);
    let unknown = json!({ "product_id": uuid::Uuid::nil(), "quantity": 1 });
    customer.post("/api/v1/cart/add/", unknown).await.expect(404);
    world.rows.walked([110, 111]);

    let path = format!("/api/v1/reviews/{}/", id(kettle));
    assert_eq!(guest.shows(&path, &page(review())).await["count"], 0);
    let new = json!({ "product_id": id(kettle), "rating": 4, "comment": "It sings." });
    guest.post("/api/v1/reviews/", new.clone()).await.expect(401);
    let written = customer.post("/api/v1/reviews/", new.clone()).await.expect(201);
    fits(&written, &review());
    customer.post("/api/v1/reviews/", new).await.expect(409);
    let wrong = json!({ "product_id": id(kettle), "rating": 6, "comment": "" });
    let wrong = customer.post("/api/v1/reviews/", wrong).await.expect(400);
    assert!(wrong["rating"][0].is_string() && wrong["comment"][0].is_string(), "{wrong}");
    // One pattern, two meanings: a product's reviews, and one review.
    let list = guest.shows(&path, &page(review())).await;
    assert_eq!((&list["count"], &list["results"]), (&json!(1), &json!([written])));
    let one = guest.shows(&format!("/api/v1/reviews/{}/", id(&written)), &review()).await;
    assert_eq!(one, written);
    guest.get(&format!("/api/v1/reviews/{}/", uuid::Uuid::nil())).await.expect(404);
    let rank = async || guest.get(&format!("/api/v1/products/{}/", id(kettle))).await.expect(200);
    crate::shop::eventually_answers(rank, |it| it["rank"] == json!(4.0)).await;
    world.rows.walked([104, 138, 139, 140]);

    // Somebody buys one elsewhere; it has been looked at often by now.
    let mut order = checkout(kettle["sku"].as_str().expect("a SKU"), "tok_visa");
    order["email"] = json!("r2_buyer@example.com");
    world.shop.http.post("/orders", order).key("r2").await.expect(201);
    crate::shop::eventually_answers(rank, |it| {
        it["popularity"].as_i64() >= Some(2) && it["sales_count"] == json!(1)
    })
    .await;
    world.rows.walked([103, 106]);
}
