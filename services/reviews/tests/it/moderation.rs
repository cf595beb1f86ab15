//! What moderators decide.

use chassis::testing::{Database, User, databases};
use reviews::Config;
use serde_json::{Value, json};

use crate::{LAMP, Shop, moderator, shop};

fn strict() -> Config {
    Config { auto_approve: false, ..Config::default() }
}

async fn decide(shop: &Shop, path: &str, status: &str) -> Value {
    let call = shop.call("PATCH", &format!("{path}/status")).user(&moderator());
    call.json(json!({ "status": status, "reason": "because" })).await.expect(200)
}

#[databases]
async fn a_review_waits_for_approval(database: Database) {
    let shop = shop(database, strict()).await;
    let ada = User::customer();
    let path = shop.reviewed(&ada, 4).await;
    assert_eq!(shop.call("GET", &path).user(&ada).await.expect(200)["status"], "pending");
    shop.call("GET", &path).user(&moderator()).await.expect(200);
    for other in [shop.call("GET", &path), shop.call("GET", &path).user(&User::customer())] {
        assert_eq!(other.await.problem(404), "review_not_found");
    }
    assert_eq!(shop.summary().await["count"], 0);

    decide(&shop, &path, "approved").await;
    decide(&shop, &path, "approved").await;
    let shown = shop.call("GET", &path).await.expect(200);
    assert_eq!((&shown["reason"], &shown["user_id"]), (&Value::Null, &Value::Null));
    let own = shop.call("GET", &path).user(&ada).await.expect(200);
    assert_eq!(own["reason"], "because");
    assert_eq!(shop.summary().await["count"], 1);

    decide(&shop, &path, "rejected").await;
    assert_eq!(shop.call("GET", &path).await.problem(404), "review_not_found");
    assert_eq!(shop.published().await, [(1, 1, 4), (2, 0, 0)], "{}", shop.platform.kind);
}

#[databases]
async fn an_edited_review_is_looked_at_again(database: Database) {
    let shop = shop(database, strict()).await;
    let ada = User::customer();
    let path = shop.reviewed(&ada, 4).await;
    decide(&shop, &path, "approved").await;
    let edit = shop.call("PATCH", &path).user(&ada).json(json!({ "body": "New." }));
    assert_eq!(edit.await.expect(200)["status"], "pending");
    assert_eq!(shop.published().await, [(1, 1, 4), (2, 0, 0)], "{}", shop.platform.kind);
}

#[databases]
async fn moderators_list_what_waits(database: Database) {
    let shop = shop(database, strict()).await;
    let mut paths = Vec::new();
    for rating in [1, 2, 3] {
        paths.push(shop.reviewed(&User::customer(), rating).await);
    }
    decide(&shop, &paths[1], "approved").await;
    let staff = moderator();
    let list = |query: &str| shop.call("GET", &format!("/reviews?{query}")).user(&staff);
    let pending = list("status=pending&count=true").await.expect(200);
    let ratings: Vec<_> =
        pending["items"].as_array().unwrap().iter().map(|it| &it["rating"]).collect();
    assert_eq!((ratings, &pending["total"]), (vec![&json!(3), &json!(1)], &json!(2)));
    let page = list("limit=2").await.expect(200);
    let next = format!("limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    let rest = list(&next).await.expect(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    for wrong in ["status=new", "limit=101", "cursor=x", "count=1"] {
        assert_eq!(list(wrong).await.problem(422), "validation_failed", "{wrong}");
    }
}

#[databases]
async fn only_moderators_decide_and_list(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let path = format!("{}/status", shop.reviewed(&ada, 4).await);
    let body = json!({ "status": "rejected" });
    let call = |method: &str, path: &str| shop.call(method, path).json(body.clone());
    for (method, path) in [("PATCH", path.as_str()), ("GET", "/reviews")] {
        assert_eq!(call(method, path).await.problem(401), "unauthenticated");
        assert_eq!(call(method, path).user(&ada).await.problem(403), "forbidden");
    }
    let staff = moderator();
    let missing = format!("/reviews/{LAMP}/status");
    let missing = call("PATCH", &missing).user(&staff).await;
    assert_eq!(missing.problem(404), "review_not_found");
    for wrong in [
        json!({}),
        json!({ "status": "great" }),
        json!({ "status": "rejected", "reason": "" }),
        json!({ "status": "rejected", "reason": "x".repeat(501) }),
        json!({ "status": "rejected", "rating": 1 }),
    ] {
        let answer = shop.call("PATCH", &path).user(&staff).json(wrong.clone()).await;
        assert_eq!(answer.problem(422), "validation_failed", "{wrong}");
    }
}
