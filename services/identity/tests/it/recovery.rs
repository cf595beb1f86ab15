use chassis::testing::{Database, databases};
use chrono::TimeDelta;
use serde_json::json;

use super::*;

#[databases]
async fn a_forgotten_password_is_set_anew_by_mail(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let forgot = json!({ "email": " Ada@example.com" });
    shop.post("/auth/password/forgot", forgot).await.expect(202);
    let told = shop.published(ada.id).await;
    assert_eq!(told, ["user.registered", "user.password_reset_requested"], "{}", shop.kind());

    let token = shop.one_time_token(ada.id, "reset_password").await.expect(200);
    let body = json!({ "token": token["token"], "password": "another-harbour-8" });
    shop.post("/auth/password/reset", body.clone()).await.expect(204);
    let me = shop.by(&ada, "GET", "/users/me", Value::Null).await;
    assert_eq!(me.problem(401), "token_revoked");
    assert_eq!(shop.refresh(&ada.refresh).await.problem(401), "session_ended");
    shop.log_in("ada", PASSWORD).await.expect(401);
    let tokens = shop.log_in("ada", "another-harbour-8").await.expect(200);
    assert_eq!(tokens["user"]["email_verified"], json!(true));

    let again = shop.post("/auth/password/reset", body).await;
    assert_eq!(again.problem(422), "one_time_token_invalid");
}

#[databases]
async fn a_forgotten_password_reveals_nothing(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let before = shop.events().await.len();
    let unknown = json!({ "email": "nobody@example.com" });
    let unknown = shop.post("/auth/password/forgot", unknown).await;
    assert_eq!(shop.events().await.len(), before);
    let known = shop.post("/auth/password/forgot", json!({ "email": "ada@example.com" })).await;
    assert_eq!(shop.events().await.len(), before + 1);
    assert_eq!((unknown.status, unknown.bytes), (known.status, known.bytes));
}

#[databases]
async fn a_mailbox_is_not_flooded(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for _ in 0..8 {
        let forgot = json!({ "email": "ada@example.com" });
        shop.post("/auth/password/forgot", forgot).await.expect(202);
    }
    assert_eq!(shop.published(ada.id).await.len(), 1 + 5);
    for n in 0..8 {
        let answer = shop.by(&ada, "POST", "/auth/email/verify/resend", Value::Null).await;
        assert_eq!(answer.status.as_u16(), if n < 5 { 202 } else { 429 });
    }
    assert_eq!(shop.published(ada.id).await.len(), 1 + 5 + 5);
}

#[databases]
async fn a_reset_token_counts_for_an_hour(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let token = shop.one_time_token(ada.id, "reset_password").await.expect(200);
    let body = json!({ "token": token["token"], "password": "another-harbour-8" });
    let late = shop.later(TimeDelta::hours(1)).await;
    let refused = late.post("/auth/password/reset", body.clone()).await;
    assert_eq!(refused.problem(422), "one_time_token_invalid");
    let in_time = shop.later(TimeDelta::minutes(59)).await;
    in_time.post("/auth/password/reset", body).await.expect(204);
}

#[databases]
async fn only_the_latest_token_for_its_own_purpose_counts(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let old = shop.one_time_token(ada.id, "reset_password").await.expect(200);
    let new = shop.one_time_token(ada.id, "reset_password").await.expect(200);
    let verify = shop.one_time_token(ada.id, "verify_email").await.expect(200);
    for token in [&old["token"], &verify["token"], &json!("nonsense"), &json!("")] {
        let body = json!({ "token": token, "password": "another-harbour-8" });
        let refused = shop.post("/auth/password/reset", body).await;
        assert_eq!(refused.problem(422), "one_time_token_invalid");
    }
    let swapped = shop.post("/auth/email/verify", new.clone()).await;
    assert_eq!(swapped.problem(422), "one_time_token_invalid");
    // A refused password does not use the token up.
    for (password, status) in [("ada@example.com", 422), ("another-harbour-8", 204)] {
        let body = json!({ "token": new["token"], "password": password });
        shop.post("/auth/password/reset", body).await.expect(status);
    }
}

#[databases]
async fn an_address_is_verified_by_mail(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    shop.by(&ada, "POST", "/auth/email/verify/resend", Value::Null).await.expect(202);
    let token = shop.one_time_token(ada.id, "verify_email").await.expect(200);
    shop.post("/auth/email/verify", token.clone()).await.expect(204);
    let me = shop.by(&ada, "GET", "/users/me", Value::Null).await.expect(200);
    assert_eq!(me["email_verified"], json!(true));
    let again = shop.post("/auth/email/verify", token).await;
    assert_eq!(again.problem(422), "one_time_token_invalid");
    shop.by(&ada, "POST", "/auth/email/verify/resend", Value::Null).await.expect(202);
    let told = shop.published(ada.id).await;
    let expected = [
        "user.registered",
        "user.email_verification_requested",
        "user.updated",
        "user.email_verified",
    ];
    assert_eq!(told, expected, "{}", shop.kind());
}

#[databases]
async fn it_is_what_mails_take_it_for(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let channel = chassis::channel::Channel::to("identity");
    channel.bind(shop.service.internal.clone());
    let client = contracts::identity::Client::new(channel);
    contracts::testing::identity_suite(&client, ada.id, "ada@example.com").await;
}

#[databases]
async fn a_token_dies_with_the_address_it_was_sent_to(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let verify = shop.one_time_token(ada.id, "verify_email").await.expect(200);
    let reset = shop.one_time_token(ada.id, "reset_password").await.expect(200);
    let change = json!({ "email": "king@example.com", "current_password": PASSWORD });
    shop.by(&ada, "PATCH", "/users/me", change).await.expect(200);
    let answer = shop.post("/auth/email/verify", verify).await;
    assert_eq!(answer.problem(422), "one_time_token_invalid");
    let body = json!({ "token": reset["token"], "password": "another-harbour-8" });
    let answer = shop.post("/auth/password/reset", body).await;
    assert_eq!(answer.problem(422), "one_time_token_invalid");

    for (email, status) in [("ada@example.com", 404), ("king@example.com", 200)] {
        let body = json!({ "user_id": ada.id, "purpose": "verify_email", "email": email });
        let path = ONE_TIME_TOKENS.path();
        call(&shop.service.internal, "POST", path).json(body).await.expect(status);
    }
}

#[databases]
async fn who_is_not_active_gets_no_token(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    let path = format!("/users/{}", ada.id);
    shop.by(&admin, "PATCH", &path, json!({ "active": false })).await.expect(200);
    let before = shop.events().await.len();
    let forgot = json!({ "email": "ada@example.com" });
    shop.post("/auth/password/forgot", forgot).await.expect(202);
    assert_eq!(shop.events().await.len(), before);
    for user in [ada.id, Uuid::now_v7()] {
        let token = shop.one_time_token(user, "reset_password").await;
        assert_eq!(token.problem(404), "user_not_found");
    }
}
