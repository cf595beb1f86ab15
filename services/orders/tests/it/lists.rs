//! Who sees which orders, and their list.

use chassis::testing::{Database, User, databases};
use serde_json::json;

use crate::world::world;

#[databases]
async fn nobody_sees_anothers_order(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    for id in [order["id"].as_str().unwrap(), order["number"].as_str().unwrap()] {
        let path = format!("/orders/{id}");
        world.call("GET", &path).user(&user).await.expect(200);
        let stranger = User::customer();
        assert_eq!(world.call("GET", &path).user(&stranger).await.problem(404), "order_not_found");
        assert_eq!(world.call("GET", &path).await.problem(404), "order_not_found");
        let cancel = format!("{path}/cancel");
        assert_eq!(
            world.call("POST", &cancel).user(&stranger).await.problem(404),
            "order_not_found"
        );
        world.call("GET", &path).user(&User::with(&["orders:read"])).await.expect(200);
    }
    let others = world.call("GET", "/orders").user(&User::customer()).await.expect(200);
    assert_eq!(others["items"], json!([]));
    let all = world.call("GET", "/orders?all=true").user(&User::customer()).await;
    assert_eq!(all.problem(403), "forbidden");
    assert_eq!(world.call("GET", "/orders").await.problem(401), "unauthenticated");
}

#[databases]
async fn orders_are_listed_in_pages_newest_first(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    world.set_stock(100);
    for key in ["a", "b", "c"] {
        world.buy(&user, key, "tok_visa").await.expect(201);
    }
    let list = |query: &str| world.call("GET", &format!("/orders?{query}")).user(&user);
    let first = list("limit=2&count=true").await.expect(200);
    assert_eq!(first["total"], 3);
    assert_eq!(first["items"][0]["number"], "CW-100003");
    let next = format!("limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = list(&next).await.expect(200);
    assert_eq!(second["items"][0]["number"], "CW-100001");
    assert_eq!(second["next_cursor"], json!(null));
    for jump in ["limit=2&page=2", "limit=5&offset=2"] {
        assert_eq!(list(jump).await.expect(200)["items"], second["items"], "{jump}");
    }
    assert_eq!(list("page=1&offset=0").await.problem(422), "validation_failed");
    let staff = User::with(&["orders:read"]);
    let of_email =
        |email: &str| world.call("GET", &format!("/orders?count=true&email={email}")).user(&staff);
    let shouted = user.claims.email.to_ascii_uppercase();
    assert_eq!(of_email(&shouted).await.expect(200)["total"], 3);
    assert_eq!(list("status=shipped").await.expect(200)["items"], json!([]));
    let noon = "2026-01-02T12:00:00Z";
    for (query, found) in [
        ("payment_status=paid".to_owned(), 3),
        ("payment_status=failed".to_owned(), 0),
        ("search=cw-10000".to_owned(), 3),
        ("search=%20CW-100002%20".to_owned(), 1),
        (format!("search={}", &user.claims.email[4..20]), 3),
        ("search=lovelace".to_owned(), 3),
        ("search=%25".to_owned(), 0),
        ("search=100_02".to_owned(), 0),
        (format!("from={noon}"), 3),
        (format!("to={noon}"), 0),
        ("from=2026-01-01T00:00:00Z&to=2026-01-03T00:00:00Z".to_owned(), 3),
        ("from=2026-01-03T00:00:00Z".to_owned(), 0),
    ] {
        let page = list(&format!("count=true&{query}")).await.expect(200);
        assert_eq!(page["total"], found, "{query}");
        assert_eq!(page["items"].as_array().unwrap().len(), found, "{query}");
    }
    assert_eq!(list("from=yesterday").await.problem(422), "validation_failed");
    assert_eq!(list("limit=1000000000").await.problem(422), "validation_failed");
    assert_eq!(list("cursor=x").await.problem(422), "validation_failed");
}
