//! What authors do.

use chassis::channel::Channel;
use chassis::testing::{Database, User, call, databases};
use contracts::catalog;
use insta::{allow_duplicates, assert_json_snapshot};
use reviews::Config;
use serde_json::{Value, json};

use crate::{LAMP, SHIRT, moderator, shop};

#[databases]
async fn a_review_is_public_at_once(database: Database) {
    let shop = shop(database, Config::default()).await;
    let answer = shop.review(&User::customer(), LAMP, 4).await;
    let location = answer.headers["location"].to_str().unwrap().to_owned();
    let written = answer.expect(201);
    assert_eq!(location, format!("/api/v1/reviews/{}", written["id"].as_str().unwrap()));
    let shown = call(&shop.service.router, "GET", &location).await.expect(200);
    allow_duplicates! { assert_json_snapshot!(shown, { ".id" => "[id]" }, @r#"
    {
      "author": "Ada E.",
      "body": "It shines.",
      "created_at": "2026-01-02T12:00:00Z",
      "id": "[id]",
      "product_id": "00000000-0000-0000-0000-000000000001",
      "rating": 4,
      "status": "approved",
      "title": "Bright",
      "updated_at": "2026-01-02T12:00:00Z",
      "verified_purchase": false
    }
    "#) };
    assert_eq!(shop.published().await, [(1, 1, 4)], "{}", shop.platform.kind);
    shop.review(&User::customer(), SHIRT, 4).await.expect(201);
}

#[databases]
async fn text_is_stored_as_it_was_written(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let text = "<script>alert(1)</script>\n'; DROP TABLE reviews; -- {{ 7 * 7 }} 😀";
    let body = json!({ "product_id": LAMP, "rating": 1, "title": " 😀 <b> ", "body": text });
    let review = shop.call("POST", "/reviews").user(&ada).json(body).await.expect(201);
    assert_eq!((&review["title"], &review["body"]), (&json!(" 😀 <b> "), &json!(text)));
}

#[databases]
async fn a_product_is_reviewed_once_per_user(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let path = shop.reviewed(&ada, 4).await;
    assert_eq!(shop.review(&ada, LAMP, 1).await.problem(409), "review_exists");
    shop.review(&User::customer(), LAMP, 1).await.expect(201);
    assert_eq!(shop.published().await, [(1, 1, 4), (2, 2, 5)]);
    shop.call("DELETE", &path).user(&ada).await.expect(204);
    shop.review(&ada, LAMP, 2).await.expect(201);
    assert_eq!(shop.published().await[2..], [(3, 1, 1), (4, 2, 3)]);
}

#[databases]
async fn the_same_review_sent_at_once_is_one_review(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let calls: Vec<_> = (0..8).map(|_| tokio::spawn(shop.review(&ada, LAMP, 5).send())).collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap().status.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409], "{}", shop.platform.kind);
    assert_eq!(shop.published().await, [(1, 1, 5)]);
}

#[databases]
async fn reviews_at_once_are_all_counted(database: Database) {
    let shop = shop(database, Config::default()).await;
    let calls: Vec<_> = (0..12)
        .map(|n| tokio::spawn(shop.review(&User::customer(), LAMP, n % 5 + 1).send()))
        .collect();
    for call in calls {
        call.await.unwrap().expect(201);
    }
    let told = shop.published().await;
    assert_eq!(told.len(), 12, "{}", shop.platform.kind);
    assert!(told.contains(&(12, 12, 33)), "{}: {told:?}", shop.platform.kind);
    assert_eq!(shop.summary().await["count"], 12);
}

#[databases]
async fn what_is_not_sold_cannot_be_reviewed(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let answer = shop.review(&ada, ada.id(), 4).await;
    assert_eq!(answer.problem(404), "product_not_found");
}

#[databases]
async fn without_the_catalog_nothing_is_reviewed(database: Database) {
    let platform = database.platform(reviews::MIGRATIONS).await;
    let catalog = catalog::Client::new(Channel::to("catalog"));
    let service = reviews::start(platform.platform.clone(), Config::default(), catalog);
    let router = service.await.unwrap().router;
    let body = json!({ "product_id": LAMP, "rating": 1, "title": "a", "body": "b" });
    let call = call(&router, "POST", "/api/v1/reviews").user(&User::customer()).json(body);
    assert_eq!(call.await.problem(503), "unavailable");
}

#[databases]
async fn guests_write_nothing(database: Database) {
    let shop = shop(database, Config::default()).await;
    let path = shop.reviewed(&User::customer(), 4).await;
    for (method, path) in [("POST", "/reviews"), ("PATCH", &path), ("DELETE", &path)] {
        let answer = shop.call(method, path).json(json!({})).await;
        assert_eq!(answer.problem(401), "unauthenticated", "{method}");
    }
}

#[databases]
async fn wrong_fields_are_named(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let path = shop.reviewed(&User::customer(), 4).await;
    let good = json!({ "product_id": LAMP, "rating": 4, "title": "a", "body": "b" });
    for (field, wrong) in [
        ("product_id", json!("lamp")),
        ("product_id", json!(null)),
        ("rating", json!(0)),
        ("rating", json!(6)),
        ("rating", json!(-1)),
        ("rating", json!(4.5)),
        ("rating", json!("5")),
        ("rating", json!(1e30)),
        ("title", json!("")),
        ("title", json!(" \t ")),
        ("title", json!("a\nb")),
        ("title", json!("x".repeat(121))),
        ("body", json!(" \n ")),
        ("body", json!("bell \u{7}")),
        ("body", json!("x".repeat(5001))),
        ("status", json!("approved")),
    ] {
        let mut body = good.clone();
        body[field] = wrong.clone();
        let answer = shop.call("POST", "/reviews").user(&ada).json(body).await.expect(422);
        assert_eq!(answer["errors"][0]["field"], field, "{wrong}: {answer}");
        if field != "product_id" {
            let change = shop.call("PATCH", &path).user(&ada).json(json!({ field: wrong }));
            assert_eq!(change.await.problem(422), "validation_failed", "{field} {wrong}");
        }
    }
    let all = shop.call("POST", "/reviews").user(&ada).json(json!({})).await.expect(422);
    assert_eq!(all["errors"].as_array().unwrap().len(), 3, "{all}");
    let brief = json!({ "product_id": LAMP, "rating": 5, "body": "Bright." });
    let brief = shop.call("POST", "/reviews").user(&ada).json(brief).await.expect(201);
    assert_eq!((&brief["title"], &brief["body"]), (&json!(""), &json!("Bright.")));
    for text in ["{", r#"{"title": "\u0000"}"#, r#"{"title": "\ud800"}"#] {
        let answer = shop.call("POST", "/reviews").user(&ada).text(text).await;
        assert_eq!(answer.problem(400), "malformed_json", "{text}");
    }
    let huge = shop.call("POST", "/reviews").user(&ada).text("x".repeat(2 << 20)).await;
    assert_eq!(huge.problem(413), "body_too_large");
}

#[databases]
async fn an_author_changes_a_review(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let path = shop.reviewed(&ada, 4).await;
    let change = |user: &User, body: Value| shop.call("PATCH", &path).user(user).json(body);
    let changed = change(&ada, json!({ "rating": 2, "body": "It broke." })).await.expect(200);
    assert_eq!(changed["body"], "It broke.");
    assert_eq!(changed["title"], "Bright");
    change(&ada, json!({ "title": "Dark" })).await.expect(200);
    change(&ada, json!({})).await.expect(200);
    assert_eq!(shop.published().await, [(1, 1, 4), (2, 1, 2)], "{}", shop.platform.kind);
    for other in [User::customer(), moderator()] {
        let answer = change(&other, json!({ "rating": 5 })).await;
        assert_eq!(answer.problem(404), "review_not_found");
    }
    assert_eq!(shop.summary().await["average"], 2.0);
}

#[databases]
async fn authors_and_moderators_delete_a_review(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let path = shop.reviewed(&ada, 4).await;
    let eve = shop.call("DELETE", &path).user(&User::customer()).await;
    assert_eq!(eve.problem(404), "review_not_found");
    shop.call("DELETE", &path).user(&ada).await.expect(204);
    assert_eq!(shop.call("DELETE", &path).user(&ada).await.problem(404), "review_not_found");
    let path = shop.reviewed(&ada, 3).await;
    shop.call("DELETE", &path).user(&moderator()).await.expect(204);
    assert_eq!(shop.published().await, [(1, 1, 4), (2, 0, 0), (3, 1, 3), (4, 0, 0)]);
    assert_eq!(shop.summary().await["average"], Value::Null);
    let nonsense = shop.call("DELETE", "/reviews/nonsense").user(&ada).await;
    assert_eq!(nonsense.problem(404), "not_found");
}
