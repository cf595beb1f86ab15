//! Writes that are meant for a state of a review.

use chassis::testing::{Answer, Call, Database, User, databases};
use reviews::Config;
use serde_json::{Value, json};

use crate::{Shop, moderator, shop};

fn tag(answer: &Answer) -> &str {
    answer.headers["etag"].to_str().expect("a tag")
}

fn write(shop: &Shop, user: &User, method: &str, path: &str, body: Value) -> Call {
    let call = shop.call(method, path).user(user);
    if body.is_null() { call } else { call.json(body) }
}

#[databases]
async fn a_review_is_written_in_the_state_that_is_meant(database: Database) {
    let shop = shop(database, Config::default()).await;
    let (ada, moderator) = (User::customer(), moderator());
    let path = shop.reviewed(&ada, 4).await;
    for user in [&ada, &moderator] {
        let read = shop.call("GET", &path).user(user).await;
        assert_eq!((tag(&read), &read.body["version"]), ("\"1\"", &json!(1)));
    }
    let public = shop.call("GET", &path).await;
    assert!(!public.headers.contains_key("etag") && public.body.get("version").is_none());

    let text = json!({ "body": "It still shines." });
    let edited = write(&shop, &ada, "PATCH", &path, text.clone()).header("if-match", "\"1\"").await;
    assert_eq!((tag(&edited), &edited.body["version"]), ("\"2\"", &json!(2)));
    let status = format!("{path}/status");
    // What the moderator has read is not what would be approved.
    let before = shop.call("GET", &path).user(&ada).await.expect(200);
    for (user, method, path, body) in [
        (&moderator, "PATCH", &status, json!({ "status": "rejected", "reason": "Rude" })),
        (&moderator, "DELETE", &path, Value::Null),
        (&ada, "PATCH", &path, json!({ "rating": 1 })),
        (&ada, "PATCH", &path, text.clone()),
        (&ada, "DELETE", &path, Value::Null),
    ] {
        for (tag, changed) in [("\"1\"", json!(["body"])), ("W/\"2\"", Value::Null)] {
            let call = write(&shop, user, method, path, body.clone()).header("if-match", tag);
            let problem = call.await.expect(412);
            assert_eq!(problem["code"], "precondition_failed");
            assert_eq!(
                (&problem["version"], &problem["changed"]),
                (&json!(2), &changed),
                "{method} {path}"
            );
        }
    }
    assert_eq!(shop.call("GET", &path).user(&ada).await.expect(200), before);
    let verdict = json!({ "status": "rejected", "reason": "Rude" });
    let verdict =
        write(&shop, &moderator, "PATCH", &status, verdict).header("if-match", "\"2\"").await;
    assert_eq!(tag(&verdict), "\"3\"");
    let stale = write(&shop, &ada, "PATCH", &path, text).header("if-match", "\"2\"").await;
    assert_eq!(stale.expect(412)["changed"], json!(["reason", "status"]));
    let gone = write(&shop, &ada, "DELETE", &path, Value::Null).header("if-match", "*").await;
    assert_eq!(gone.status, 204);
}
