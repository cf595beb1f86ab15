//! Proof that a user reads the e-mails of their address.

use chassis::testing::{Database, databases};
use serde_json::json;

use super::*;

const VERIFIED: &str = "user.email_verified";

impl Shop {
    /// The user sets a new password with the link of an e-mail.
    async fn reset_password(&self, person: &Person) {
        let token = self.one_time_token(person.id, "reset_password").await.expect(200);
        let body = json!({ "token": token["token"], "password": PASSWORD });
        self.post("/auth/password/reset", body).await.expect(204);
    }

    /// The addresses that have been proven so far.
    async fn proven(&self) -> Vec<Value> {
        self.of_kind(VERIFIED).await.iter().map(|it| it["email"].clone()).collect()
    }
}

#[databases]
async fn an_address_is_proven_once_whichever_link_comes_first(database: Database) {
    for by_reset in [false, true] {
        let shop = shop(database).await;
        let ada = shop.register("ada").await;
        assert_eq!(shop.proven().await, [""; 0], "{}", shop.kind());
        for round in 0..2 {
            if by_reset == (round == 0) {
                shop.reset_password(&ada).await;
            } else {
                shop.verify(&ada).await;
            }
            let expected = json!({ "user_id": ada.id, "email": "ada@example.com" });
            assert_eq!(shop.of_kind(VERIFIED).await, [expected], "{} {round}", shop.kind());
        }
        shop.verify(&ada).await;
        shop.reset_password(&ada).await;
        assert_eq!(shop.proven().await, ["ada@example.com"]);
    }
}

#[databases]
async fn another_address_is_proven_anew(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    shop.verify(&ada).await;
    shop.change_email(&ada, "king").await.expect(200);
    assert_eq!(shop.proven().await, ["ada@example.com"]);
    shop.verify(&ada).await;
    shop.change_email(&ada, "ada").await.expect(200);
    shop.verify(&ada).await;
    let expected = ["ada@example.com", "king@example.com", "ada@example.com"];
    assert_eq!(shop.proven().await, expected, "{}", shop.kind());
}

#[databases]
async fn what_staff_write_as_an_address_is_not_proven(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    let (path, body) = (format!("/users/{}", ada.id), json!({ "email": "king@example.com" }));
    shop.by(&admin, "PATCH", &path, body).await.expect(200);
    assert_eq!(shop.proven().await, [""; 0], "{}", shop.kind());
    shop.verify(&ada).await;
    assert_eq!(shop.proven().await, ["king@example.com"]);
}

#[databases]
async fn an_address_that_is_put_back_is_proven_again(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    shop.verify(&ada).await;
    shop.change_email(&ada, "eve").await.expect(200);
    let undo = shop.undo_token(&ada, "ada").await.expect(200);
    shop.post("/auth/email/undo", undo).await.expect(204);
    assert_eq!(shop.proven().await, ["ada@example.com"; 2], "{}", shop.kind());
    // Whoever handles them in this order knows at the end that it is hers.
    let kinds = shop.published(ada.id).await;
    assert_eq!(kinds[kinds.len() - 2..], ["user.email_changed", VERIFIED]);
}

#[databases]
async fn an_undo_proves_only_what_was_not_proven(database: Database) {
    for proven_before in [false, true] {
        let shop = shop(database).await;
        let ada = shop.register("ada").await;
        shop.verify(&ada).await;
        shop.change_email(&ada, "eve").await.expect(200);
        let undo = shop.undo_token(&ada, "ada").await.expect(200);
        // She is faster than the link.
        shop.change_email(&ada, "ada").await.expect(200);
        if proven_before {
            shop.verify(&ada).await;
        }
        let changes = shop.of_kind("user.email_changed").await.len();
        shop.post("/auth/email/undo", undo).await.expect(204);
        assert_eq!(shop.proven().await, ["ada@example.com"; 2], "{}", shop.kind());
        assert_eq!(shop.of_kind("user.email_changed").await.len(), changes);
    }
}

#[databases]
async fn a_proof_that_cannot_be_published_is_none(database: Database) {
    let shop = shop(database).await;
    let (ada, bob) = (shop.register("ada").await, shop.register("bob").await);
    shop.verify(&bob).await;
    shop.break_at(VERIFIED).await;
    let verify = shop.one_time_token(ada.id, "verify_email").await.expect(200);
    let reset = shop.one_time_token(ada.id, "reset_password").await.expect(200);
    let reset = json!({ "token": reset["token"], "password": "another-harbour-8" });
    shop.post("/auth/email/verify", verify.clone()).await.expect(500);
    shop.post("/auth/password/reset", reset.clone()).await.expect(500);
    let me = shop.by(&ada, "GET", "/users/me", Value::Null).await.expect(200);
    assert_eq!(me["email_verified"], json!(false), "{}", shop.kind());
    shop.mend().await;
    // Both links still count.
    shop.post("/auth/email/verify", verify).await.expect(204);
    shop.post("/auth/password/reset", reset).await.expect(204);
    assert_eq!(shop.proven().await, ["bob@example.com", "ada@example.com"]);
}
