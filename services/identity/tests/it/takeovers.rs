//! An account that somebody has taken over, and how its owner gets it back.

use chassis::testing::{Database, databases};
use chrono::TimeDelta;
use serde_json::json;

use super::*;

const DAY: TimeDelta = TimeDelta::days(1);

impl Shop {
    /// The user shows that they read the e-mails of their address.
    pub async fn verify(&self, person: &Person) {
        let token = self.one_time_token(person.id, "verify_email").await.expect(200);
        self.post("/auth/email/verify", token).await.expect(204);
    }

    pub async fn change_email(&self, person: &Person, name: &str) -> Answer {
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "current_password": PASSWORD });
        self.by(person, "PATCH", "/users/me", body).await
    }

    /// What the mail to an address the account had would carry.
    pub async fn undo_token(&self, person: &Person, name: &str) -> Answer {
        let email = format!("{name}@example.com");
        let body = json!({ "user_id": person.id, "purpose": "undo_email_change", "email": email });
        call(&self.service.internal, "POST", ONE_TIME_TOKENS.path()).json(body).await
    }

    /// The address the account has, as the last event says.
    async fn address(&self, person: &Person) -> Value {
        let events = self.events().await;
        let mine =
            |it: &&Published| it.subject == person.id.to_string() && it.kind == "user.updated";
        events.iter().rfind(mine).unwrap().data["email"].clone()
    }
}

#[databases]
async fn an_undone_change_gives_the_account_back_to_who_reads_the_old_address(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    shop.verify(&ada).await;
    // A thief with her password.
    shop.change_email(&ada, "eve").await.expect(200);
    let told = shop.of_kind("user.email_changed").await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["old_email"], &told[0]["email"], &told[0]["can_undo"]),
        (&json!("ada@example.com"), &json!("eve@example.com"), &json!(true))
    );
    let thief = Person::of(&shop.log_in("eve", PASSWORD).await.expect(200));

    let token = shop.undo_token(&ada, "ada").await.expect(200);
    shop.post("/auth/email/undo", token.clone()).await.expect(204);
    assert_eq!(shop.address(&ada).await, "ada@example.com");
    // Nobody is logged in, and the password the thief knows is worth nothing.
    for session in [&ada, &thief] {
        let me = shop.by(session, "GET", "/users/me", Value::Null).await;
        assert_eq!(me.problem(401), "token_revoked");
        assert_eq!(shop.refresh(&session.refresh).await.problem(401), "session_ended");
    }
    for name in ["ada", "eve"] {
        assert_eq!(shop.log_in(name, PASSWORD).await.problem(401), "invalid_credentials");
    }
    // The way back in is a mail to the old address.
    let reset = shop.of_kind("user.password_reset_requested").await;
    assert_eq!(reset.last().unwrap()["email"], "ada@example.com");
    let reset = shop.one_time_token(ada.id, "reset_password").await.expect(200);
    let body = json!({ "token": reset["token"], "password": "another-harbour-8" });
    shop.post("/auth/password/reset", body).await.expect(204);
    let tokens = shop.log_in("ada", "another-harbour-8").await.expect(200);
    assert_eq!(tokens["user"]["email_verified"], json!(true));
    // It works once.
    assert_eq!(shop.post("/auth/email/undo", token).await.problem(422), "one_time_token_invalid");
}

#[databases]
async fn the_oldest_address_wins_whichever_link_is_used_first(database: Database) {
    for thief_first in [false, true] {
        let shop = shop(database).await;
        let ada = shop.register("ada").await;
        shop.verify(&ada).await;
        // The thief moves it on, and verifies what is theirs.
        shop.change_email(&ada, "eve").await.expect(200);
        shop.verify(&ada).await;
        shop.change_email(&ada, "eve-2").await.expect(200);
        let first = shop.undo_token(&ada, "ada").await.expect(200);
        let second = shop.undo_token(&ada, "eve").await.expect(200);
        if thief_first {
            shop.post("/auth/email/undo", second.clone()).await.expect(204);
            assert_eq!(shop.address(&ada).await, "eve@example.com");
        }
        shop.post("/auth/email/undo", first).await.expect(204);
        assert_eq!(shop.address(&ada).await, "ada@example.com");
        let late = shop.post("/auth/email/undo", second).await;
        assert_eq!(late.problem(422), "one_time_token_invalid", "{}", shop.kind());
        assert_eq!(shop.address(&ada).await, "ada@example.com");
        assert_eq!(shop.undo_token(&ada, "eve").await.problem(404), "user_not_found");
    }
}

#[databases]
async fn a_change_can_be_undone_for_seven_days(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    shop.verify(&ada).await;
    shop.change_email(&ada, "king").await.expect(200);
    let token = shop.undo_token(&ada, "ada").await.expect(200);
    let late = shop.later(DAY * 7).await;
    let refused = late.post("/auth/email/undo", token.clone()).await;
    assert_eq!(refused.problem(422), "one_time_token_invalid");
    assert_eq!(late.undo_token(&ada, "ada").await.problem(404), "user_not_found");
    let in_time = shop.later(DAY * 7 - TimeDelta::seconds(1)).await;
    in_time.post("/auth/email/undo", token).await.expect(204);
    assert_eq!(shop.address(&ada).await, "ada@example.com");
}

#[databases]
async fn only_a_verified_address_can_be_gone_back_to(database: Database) {
    let shop = shop(database).await;
    // Somebody registered with an address that is not theirs, and puts that right.
    let ada = shop.register("ada").await;
    shop.change_email(&ada, "king").await.expect(200);
    assert_eq!(shop.of_kind("user.email_changed").await[0]["can_undo"], json!(false));
    assert_eq!(shop.undo_token(&ada, "ada").await.problem(404), "user_not_found");
}

#[databases]
async fn an_address_that_can_be_gone_back_to_is_nobody_elses(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    shop.verify(&ada).await;
    shop.change_email(&ada, "eve").await.expect(200);
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "name": "Eve" });
    let taken = shop.post("/auth/register", body.clone()).await;
    assert_eq!(taken.problem(409), "email_taken");
    let bob = shop.register("bob").await;
    assert_eq!(shop.change_email(&bob, "ada").await.problem(409), "email_taken");
    // Its own account may, and after the week anybody may.
    let later = shop.later(DAY * 7).await;
    later.post("/auth/register", body).await.expect(201);
}

#[databases]
async fn what_staff_change_is_told_but_not_undone_by_a_mail(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    shop.verify(&ada).await;
    shop.change_email(&ada, "eve").await.expect(200);
    let path = format!("/users/{}", ada.id);
    let body = json!({ "email": "ada-2@example.com" });
    shop.by(&admin, "PATCH", &path, body).await.expect(200);
    let told = shop.of_kind("user.email_changed").await;
    assert_eq!(told.last().unwrap()["can_undo"], json!(false));
    for name in ["ada", "eve"] {
        assert_eq!(shop.undo_token(&ada, name).await.problem(404), "user_not_found");
    }
}

#[databases]
async fn a_new_password_is_told_whoever_sets_it(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    let body = json!({ "current_password": PASSWORD, "new_password": "another-harbour-8" });
    shop.by(&ada, "PUT", "/users/me/password", body).await.expect(200);
    let reset = shop.one_time_token(ada.id, "reset_password").await.expect(200);
    let body = json!({ "token": reset["token"], "password": "another-harbour-9" });
    shop.post("/auth/password/reset", body).await.expect(204);
    let path = format!("/users/{}", ada.id);
    let body = json!({ "password": "another-harbour-10" });
    shop.by(&admin, "PATCH", &path, body).await.expect(200);
    let told = shop.of_kind("user.password_changed").await;
    let hers = told.iter().filter(|it| it["email"] == "ada@example.com").count();
    assert_eq!(hers, 3, "{}", shop.kind());
}

#[databases]
async fn a_copied_refresh_token_is_told_once(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    shop.refresh(&ada.refresh).await.expect(200);
    let later = shop.later(TimeDelta::seconds(11)).await;
    assert_eq!(later.refresh(&ada.refresh).await.problem(401), "refresh_token_reused");
    assert_eq!(later.refresh(&ada.refresh).await.problem(401), "session_ended");
    let told = shop.of_kind("session.refresh_token_reused").await;
    assert_eq!(told.len(), 1, "{}", shop.kind());
    assert_eq!(told[0]["email"], "ada@example.com");
}

#[databases]
async fn a_deleted_account_keeps_no_address(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    shop.verify(&ada).await;
    shop.change_email(&ada, "king").await.expect(200);
    shop.by(&ada, "DELETE", "/users/me", json!({ "password": PASSWORD })).await.expect(204);
    let (left,): (i64,) =
        shop.platform.db.query("SELECT count(*) FROM email_changes").one().await.unwrap();
    assert_eq!(left, 0);
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "name": "Ada" });
    shop.post("/auth/register", body).await.expect(201);
}
