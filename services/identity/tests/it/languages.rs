//! The language that e-mails to a user are written in.

use chassis::testing::{Database, databases};
use chrono::TimeDelta;
use serde_json::json;

use super::browser::Browser;
use super::*;

/// Every event that an e-mail is written for.
const MAILED: [&str; 8] = [
    "user.registered",
    "user.email_verification_requested",
    "user.password_reset_requested",
    "user.email_changed",
    "user.password_changed",
    "session.refresh_token_reused",
    "session.new_device",
    "user.closed",
];

impl Shop {
    async fn language(&self, person: &Person) -> Value {
        self.by(person, "GET", "/users/me", Value::Null).await.expect(200)["language"].clone()
    }
}

#[databases]
async fn a_user_has_the_language_they_register_with(database: Database) {
    let shop = shop(database).await;
    for (n, (body, headers, kept)) in [
        (json!(null), &[][..], json!(null)),
        (json!("DE-at"), &["fr"][..], json!("de")),
        (json!(null), &["en;q=0.7, fr-CA"][..], json!("fr")),
        // The lines of a header are one list.
        (json!(null), &["en;q=0.7", "it;q=0.8"][..], json!("it")),
        (json!(null), &["*", "klingon"][..], json!(null)),
    ]
    .into_iter()
    .enumerate()
    {
        let mut call = shop.call("POST", "/auth/register");
        for header in headers {
            call = call.header("accept-language", header);
        }
        let email = format!("ada-{n}@example.com");
        let new = json!({ "email": email, "password": PASSWORD, "name": "Ada", "language": body });
        let answer = call.json(new).await.expect(201);
        assert_eq!(answer["user"]["language"], kept, "{} {headers:?}", shop.kind());
        assert_eq!(shop.language(&Person::of(&answer)).await, kept);
        let told = shop.of_kind("user.registered").await;
        assert_eq!(told.last().unwrap()["language"], kept);
    }
}

#[databases]
async fn a_user_changes_their_language(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for (language, kept) in [("de", "de"), ("fr-CA", "fr"), ("GSW", "gsw")] {
        let body = json!({ "language": language });
        let me = shop.by(&ada, "PATCH", "/users/me", body).await.expect(200);
        assert_eq!(me["language"], kept, "{}", shop.kind());
        assert_eq!(shop.language(&ada).await, kept);
    }
    // What says nothing about it leaves it as it is.
    shop.by(&ada, "PATCH", "/users/me", json!({ "name": "Ada King" })).await.expect(200);
    assert_eq!(shop.language(&ada).await, "gsw");
    let me = shop.by(&ada, "PATCH", "/users/me", json!({ "language": null })).await.expect(200);
    assert_eq!(me["language"], Value::Null);
    assert_eq!(shop.of_kind("user.updated").await.len(), 5);
}

#[databases]
async fn what_is_no_language_is_refused_everywhere(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    let path = format!("/users/{}", ada.id);
    for wrong in [json!("german"), json!(""), json!("de_AT"), json!("*"), json!(7)] {
        let change = json!({ "language": wrong });
        let new = json!({
            "email": "eve@example.com", "password": PASSWORD, "name": "Eve", "language": wrong,
        });
        for answer in [
            shop.post("/auth/register", new.clone()).await,
            shop.by(&ada, "PATCH", "/users/me", change.clone()).await,
            shop.by(&admin, "PATCH", &path, change).await,
            shop.by(&admin, "POST", "/users", new).await,
        ] {
            assert_eq!(wrong_fields(answer), ["language"], "{} {wrong}", shop.kind());
        }
    }
    assert_eq!(shop.language(&ada).await, Value::Null);
}

#[databases]
async fn staff_see_and_change_the_language_of_a_user(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let new = json!({ "email": "ada@example.com", "password": PASSWORD, "name": "Ada" });
    let call = shop.call("POST", "/users").header("authorization", &admin.bearer());
    let ada = call.header("accept-language", "fr").json(new).await.expect(201);
    // The header says what the staff read.
    assert_eq!(ada["language"], Value::Null, "{}", shop.kind());
    let path = format!("/users/{}", ada["id"].as_str().unwrap());
    shop.by(&admin, "PATCH", &path, json!({ "language": "de" })).await.expect(200);
    let seen = shop.by(&admin, "GET", &path, Value::Null).await.expect(200);
    assert_eq!(seen["language"], "de");
    let mut whole = json!({
        "email": "ada@example.com", "name": "Ada", "roles": ["customer"], "active": true,
        "language": "fr",
    });
    let seen = shop.by(&admin, "PUT", &path, whole.clone()).await.expect(200);
    assert_eq!(seen["language"], "fr");
    whole.as_object_mut().unwrap().remove("language");
    let seen = shop.by(&admin, "PUT", &path, whole).await.expect(200);
    assert_eq!(seen["language"], Value::Null);
}

#[databases]
async fn every_event_that_is_mailed_says_in_which_language(database: Database) {
    let shop = shop(database).await;
    let mut browser = Browser::new(&shop);
    let new = json!({
        "email": "ada@example.com", "password": PASSWORD, "name": "Ada", "session": "cookie",
        "language": "de",
    });
    browser.post("/auth/register", new).await.expect(201);
    Browser::new(&shop).log_in("ada").await.expect(200);
    let ada = Person::of(&shop.log_in("ada", PASSWORD).await.expect(200));
    shop.by(&ada, "POST", "/auth/email/verify/resend", Value::Null).await.expect(202);
    let forgot = json!({ "email": "ada@example.com" });
    shop.post("/auth/password/forgot", forgot).await.expect(202);
    shop.verify(&ada).await;
    shop.change_email(&ada, "king").await.expect(200);
    let undo = shop.undo_token(&ada, "ada").await.expect(200);
    shop.post("/auth/email/undo", undo).await.expect(204);
    let reset = shop.one_time_token(ada.id, "reset_password").await.expect(200);
    let body = json!({ "token": reset["token"], "password": PASSWORD });
    shop.post("/auth/password/reset", body).await.expect(204);
    let ada = Person::of(&shop.log_in("ada", PASSWORD).await.expect(200));
    shop.refresh(&ada.refresh).await.expect(200);
    let later = shop.later(TimeDelta::seconds(11)).await;
    later.refresh(&ada.refresh).await.expect(401);
    let ada = Person::of(&shop.log_in("ada", PASSWORD).await.expect(200));
    shop.by(&ada, "DELETE", "/users/me", json!({ "password": PASSWORD })).await.expect(204);

    for kind in MAILED {
        let told = shop.of_kind(kind).await;
        assert!(!told.is_empty(), "{} {kind}", shop.kind());
        for data in told {
            assert_eq!(data["language"], "de", "{} {kind}", shop.kind());
        }
    }
    let language = "SELECT count(*) FROM users WHERE language IS NOT NULL";
    let (left,): (i64,) = shop.platform.db.query(language).one().await.unwrap();
    assert_eq!(left, 0, "a deleted account has no language");
}
