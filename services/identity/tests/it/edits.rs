//! Writes that are meant for a state of an account or an address.

use chassis::testing::{Answer, Database, databases};
use serde_json::json;

use super::addresses::home;
use super::*;

impl Shop {
    async fn matching(
        &self,
        tag: &str,
        who: &Person,
        method: &str,
        path: &str,
        body: Value,
    ) -> Answer {
        let call = self.call(method, path).header("authorization", &who.bearer());
        let call = call.header("if-match", tag);
        if body.is_null() { call.await } else { call.json(body).await }
    }
}

fn tag(answer: &Answer) -> &str {
    answer.headers["etag"].to_str().expect("a tag")
}

/// What a refused write says: the version there is, and what has changed.
fn refused(answer: Answer) -> (Value, Value) {
    let problem = answer.expect(412);
    assert_eq!(problem["code"], "precondition_failed", "{problem}");
    assert!(problem["updated_at"].is_string(), "{problem}");
    (problem["version"].clone(), problem["changed"].clone())
}

#[databases]
async fn an_account_is_written_in_the_state_that_is_meant(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    let path = format!("/users/{}", ada.id);
    let read = shop.by(&admin, "GET", &path, Value::Null).await;
    assert_eq!((tag(&read), &read.body["version"]), ("\"1\"", &json!(1)));
    let own = shop.by(&ada, "GET", "/users/me", Value::Null).await;
    assert_eq!((tag(&own), &own.body["version"]), ("\"1\"", &json!(1)));
    // Logging in changes nothing that anybody edits.
    shop.log_in("ada", PASSWORD).await.expect(200);

    let named = json!({ "name": "Ada Lovelace" });
    let mine = shop.matching("\"1\"", &ada, "PATCH", "/users/me", named.clone()).await;
    assert_eq!((tag(&mine), &mine.body["name"]), ("\"2\"", &json!("Ada Lovelace")));
    shop.by(&admin, "PATCH", &path, json!({ "phone": "+1 202 555 0100" })).await.expect(200);
    let whole =
        json!({ "email": "ada@example.com", "name": "A", "roles": ["customer"], "active": true });
    let before = shop.by(&admin, "GET", &path, Value::Null).await.expect(200);
    for (who, method, path, body) in [
        (&admin, "PATCH", path.as_str(), json!({ "name": "A" })),
        (&admin, "PUT", path.as_str(), whole.clone()),
        (&admin, "DELETE", path.as_str(), Value::Null),
        (&ada, "PATCH", "/users/me", json!({ "name": "A" })),
        (&ada, "DELETE", "/users/me", json!({ "password": PASSWORD })),
    ] {
        let stale = shop.matching("\"1\"", who, method, path, body.clone()).await;
        assert_eq!(refused(stale), (json!(3), json!(["name", "phone"])), "{method} {path}");
        let weak = shop.matching("W/\"3\"", who, method, path, body).await;
        assert_eq!(refused(weak), (json!(3), Value::Null), "{method} {path}");
    }
    assert_eq!(shop.by(&admin, "GET", &path, Value::Null).await.expect(200), before);
    let put = shop.matching("\"3\"", &admin, "PUT", &path, whole).await;
    assert_eq!(tag(&put), "\"4\"");
    shop.matching("*", &ada, "PATCH", "/users/me", named).await.expect(200);
    assert_eq!(shop.matching("\"5\"", &admin, "DELETE", &path, Value::Null).await.status, 204);
}

#[databases]
async fn an_address_is_written_in_the_state_that_is_meant(database: Database) {
    const PATH: &str = "/users/me/addresses";
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let first = shop.by(&ada, "POST", PATH, home()).await.expect(201);
    assert_eq!(first["version"], 1);
    let path = format!("{PATH}/{}", first["id"].as_str().expect("an id"));
    let read = shop.by(&ada, "GET", &path, Value::Null).await;
    assert_eq!(tag(&read), "\"1\"");
    let mut moved = home();
    moved["city"] = json!("Bath");
    let put = shop.matching("\"1\"", &ada, "PUT", &path, moved.clone()).await;
    assert_eq!((tag(&put), &put.body["version"]), ("\"2\"", &json!(2)));
    // Another one becomes the default: that is a change of this one, too.
    let mut other = home();
    other["is_default"] = json!(true);
    let other = shop.by(&ada, "POST", PATH, other).await.expect(201);
    let before = shop.by(&ada, "GET", &path, Value::Null).await.expect(200);
    assert_eq!((&before["is_default"], &before["version"]), (&json!(false), &json!(3)));
    for (method, body) in [("PUT", home()), ("DELETE", Value::Null)] {
        let stale = shop.matching("\"1\"", &ada, method, &path, body.clone()).await;
        assert_eq!(refused(stale), (json!(3), json!(["city", "is_default"])), "{method}");
        let weak = shop.matching("W/\"3\"", &ada, method, &path, body).await;
        assert_eq!(refused(weak), (json!(3), Value::Null), "{method}");
    }
    assert_eq!(shop.by(&ada, "GET", &path, Value::Null).await.expect(200), before);
    shop.matching("\"3\"", &ada, "PUT", &path, moved).await.expect(200);
    let other = format!("{PATH}/{}", other["id"].as_str().expect("an id"));
    assert_eq!(shop.matching("*", &ada, "DELETE", &other, Value::Null).await.status, 204);
    let default = shop.by(&ada, "GET", &path, Value::Null).await;
    assert_eq!((tag(&default), &default.body["is_default"]), ("\"5\"", &json!(true)));
    assert_eq!(shop.matching("\"5\"", &ada, "DELETE", &path, Value::Null).await.status, 204);
}
