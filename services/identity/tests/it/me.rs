use chassis::testing::{Database, databases};
use serde_json::json;

use super::*;

#[databases]
async fn a_user_changes_their_own_account(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let change = json!({ "name": " Ada King ", "username": "King", "phone": "+44 20 7946 0000" });
    let me = shop.by(&ada, "PATCH", "/users/me", change).await.expect(200);
    assert_eq!((&me["name"], &me["username"]), (&json!("Ada King"), &json!("king")));
    let change = json!({ "username": null, "phone": null });
    let me = shop.by(&ada, "PATCH", "/users/me", change).await.expect(200);
    assert_eq!((&me["username"], &me["phone"]), (&Value::Null, &Value::Null));
    assert_eq!(me["name"], "Ada King");
    assert_eq!(shop.by(&ada, "GET", "/users/me", Value::Null).await.expect(200), me);
    shop.by(&ada, "PATCH", "/users/me", json!({})).await.expect(200);
    let told = shop.published(ada.id).await;
    assert_eq!(told, ["user.registered", "user.updated", "user.updated"], "{}", shop.kind());
}

#[databases]
async fn nobody_gives_themselves_rights(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for field in ["roles", "permissions", "active", "id"] {
        let change = json!({ field: ["admin"] });
        assert_eq!(wrong_fields(shop.by(&ada, "PATCH", "/users/me", change).await), [field]);
    }
}

#[databases]
async fn another_address_needs_the_password_and_a_mail(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let token = shop.one_time_token(ada.id, "verify_email").await.expect(200);
    shop.post("/auth/email/verify", token).await.expect(204);
    let to = |password: Value| json!({ "email": "King@example.com", "current_password": password });
    for wrong in [Value::Null, json!("wrong")] {
        let answer = shop.by(&ada, "PATCH", "/users/me", to(wrong)).await;
        assert_eq!(wrong_fields(answer), ["current_password"]);
    }
    let me = shop.by(&ada, "PATCH", "/users/me", to(json!(PASSWORD))).await.expect(200);
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("king@example.com"), &json!(false)));
    shop.log_in("king", PASSWORD).await.expect(200);
    shop.log_in("ada", PASSWORD).await.expect(401);
    assert!(shop.published(ada.id).await.contains(&"user.email_verification_requested".to_owned()));
}

#[databases]
async fn a_taken_address_or_username_cannot_be_changed_to(database: Database) {
    let shop = shop(database).await;
    shop.register("eve").await;
    let ada = shop.register("ada").await;
    for (change, code) in [
        (json!({ "email": "eve@example.com", "current_password": PASSWORD }), "email_taken"),
        (json!({ "username": "EVE" }), "username_taken"),
    ] {
        let answer = shop.by(&ada, "PATCH", "/users/me", change).await;
        assert_eq!(answer.problem(409), code);
    }
}

#[databases]
async fn another_password_ends_the_other_sessions(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let phone = Person::of(&shop.log_in("ada", PASSWORD).await.expect(200));
    let body = json!({ "current_password": PASSWORD, "new_password": "another-harbour-8" });
    let answer = shop.by(&ada, "PUT", "/users/me/password", body).await.expect(200);
    let fresh = Person { access: answer["access_token"].as_str().unwrap().into(), ..ada.clone() };
    for old in [&ada, &phone] {
        let me = shop.by(old, "GET", "/users/me", Value::Null).await;
        assert_eq!(me.problem(401), "token_revoked");
    }
    shop.by(&fresh, "GET", "/users/me", Value::Null).await.expect(200);
    shop.refresh(&ada.refresh).await.expect(200);
    assert_eq!(shop.refresh(&phone.refresh).await.problem(401), "session_ended");
    shop.log_in("ada", PASSWORD).await.expect(401);
    shop.log_in("ada", "another-harbour-8").await.expect(200);
}

#[databases]
async fn a_password_is_changed_only_by_who_knows_it(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for (current, new, field) in [
        ("wrong", "another-harbour-8", "current_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, "password1", "new_password"),
        (PASSWORD, "ada@example.com", "new_password"),
    ] {
        let body = json!({ "current_password": current, "new_password": new });
        let answer = shop.by(&ada, "PUT", "/users/me/password", body).await;
        assert_eq!(wrong_fields(answer), [field], "{new}");
    }
    let guess = json!({ "current_password": "wrong", "new_password": "another-harbour-8" });
    for _ in 0..9 {
        shop.by(&ada, "PUT", "/users/me/password", guess.clone()).await.expect(422);
    }
    let refused = shop.by(&ada, "PUT", "/users/me/password", guess).await;
    assert_eq!(refused.problem(429), "too_many_attempts");
    // Another session has guesses of its own.
    let phone = Person::of(&shop.log_in("ada", PASSWORD).await.expect(200));
    let body = json!({ "current_password": PASSWORD, "new_password": "another-harbour-8" });
    shop.by(&phone, "PUT", "/users/me/password", body).await.expect(200);
}

#[databases]
async fn a_deleted_account_leaves_no_trace_of_a_person(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    shop.by(&ada, "POST", "/users/me/addresses", super::addresses::home()).await.expect(201);
    let wrong = shop.by(&ada, "DELETE", "/users/me", json!({ "password": "wrong" })).await;
    assert_eq!(wrong_fields(wrong), ["password"]);
    let body = json!({ "password": PASSWORD });
    shop.by(&ada, "DELETE", "/users/me", body).await.expect(204);

    let me = shop.by(&ada, "GET", "/users/me", Value::Null).await;
    assert_eq!(me.problem(401), "token_revoked");
    assert_eq!(shop.refresh(&ada.refresh).await.problem(401), "session_ended");
    assert_eq!(shop.log_in("ada", PASSWORD).await.problem(401), "invalid_credentials");
    assert_eq!(shop.published(ada.id).await, ["user.registered", "user.deleted", "user.closed"]);
    let token = shop.one_time_token(ada.id, "reset_password").await;
    assert_eq!(token.problem(404), "user_not_found");
    let left = "SELECT (SELECT count(*) FROM addresses) + (SELECT count(*) FROM devices)";
    let (left,) = shop.platform.db.query(left).one::<(i64,)>().await.unwrap();
    assert_eq!(left, 0);
    // The address is free again.
    assert_ne!(shop.register("ada").await.id, ada.id);
}

#[databases]
async fn the_end_of_an_account_is_published_for_a_last_mail(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let (ada, bob) = (shop.register("ada").await, shop.register("bob").await);
    let path = format!("/users/{}", bob.id);
    shop.by(&admin, "PATCH", &path, json!({ "language": "de" })).await.expect(200);
    let password = json!({ "password": PASSWORD });
    shop.by(&ada, "DELETE", "/users/me", json!({ "password": "wrong" })).await.expect(422);
    shop.by(&ada, "DELETE", "/users/me", password).await.expect(204);
    shop.by(&admin, "DELETE", &path, Value::Null).await.expect(204);
    shop.by(&admin, "DELETE", &path, Value::Null).await.expect(404);
    let told = shop.of_kind("user.closed").await;
    let of = |person: &Person, name: &str, language: Value| {
        let email = format!("{name}@example.com");
        json!({ "user_id": person.id, "email": email, "name": name, "language": language })
    };
    assert_eq!(told, [of(&ada, "ada", json!(null)), of(&bob, "bob", json!("de"))]);
}

#[databases]
async fn an_account_ends_with_its_events_or_not_at_all(database: Database) {
    let shop = shop(database).await;
    let password = json!({ "password": PASSWORD });
    let ada = shop.register("ada").await;
    shop.by(&ada, "DELETE", "/users/me", password.clone()).await.expect(204);
    let eve = shop.register("eve").await;
    shop.break_at("user.closed").await;
    shop.by(&eve, "DELETE", "/users/me", password.clone()).await.expect(500);
    shop.by(&eve, "GET", "/users/me", Value::Null).await.expect(200);
    assert_eq!(shop.of_kind("user.deleted").await.len(), 1, "{}", shop.kind());
    shop.mend().await;
    shop.by(&eve, "DELETE", "/users/me", password).await.expect(204);
    assert_eq!(shop.of_kind("user.deleted").await.len(), 2);
}
