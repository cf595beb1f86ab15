//! One rule for e-mail addresses, wherever one is written.

use super::*;
use chassis::testing::{Database, databases};

fn new(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "name": "Ada" })
}

#[databases]
async fn an_address_is_the_same_however_it_is_written(database: Database) {
    let shop = shop(database).await;
    let kind = shop.kind();
    for (written, kept, also) in [
        (" Ada@Example.com ", "ada@example.com", "\tADA@EXAMPLE.COM\n"),
        ("ädä@example.com", "ädä@example.com", "A\u{308}D\u{61}\u{308}@example.com"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example", "ada@XN--BCHER-KVA.example"),
    ] {
        shop.post("/auth/register", new(written)).await.expect(201);
        let again = shop.post("/auth/register", new(also)).await;
        assert_eq!(again.problem(409), "email_taken", "{kind} {also:?}");
        for email in [written, kept, also] {
            let body = json!({ "email": email, "password": PASSWORD });
            let person = Person::of(&shop.post("/auth/login", body).await.expect(200));
            let me = shop.by(&person, "GET", "/users/me", Value::Null).await.expect(200);
            assert_eq!(me["email"], kept, "{kind}");
        }
        let body = json!({ "username": also, "password": PASSWORD });
        shop.post("/auth/login", body).await.expect(200);
        let forgot = json!({ "email": also });
        shop.post("/auth/password/forgot", forgot).await.expect(202);
    }
}

#[databases]
async fn what_is_no_address_is_refused_everywhere(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    for wrong in ["a@b", "ada@example", "ada", "", "\u{200b}", "ada@[127.0.0.1]"] {
        let change = json!({ "email": wrong, "current_password": PASSWORD });
        for answer in [
            shop.post("/auth/register", new(wrong)).await,
            shop.post("/auth/password/forgot", json!({ "email": wrong })).await,
            shop.by(&ada, "PATCH", "/users/me", change).await,
            shop.by(&admin, "POST", "/users", new(wrong)).await,
            shop.by(&admin, "PATCH", &format!("/users/{}", ada.id), json!({ "email": wrong }))
                .await,
        ] {
            assert_eq!(wrong_fields(answer), ["email"], "{} {wrong:?}", shop.kind());
        }
    }
    let change = json!({ "email": " Lovelace@Example.com", "current_password": PASSWORD });
    let me = shop.by(&ada, "PATCH", "/users/me", change).await.expect(200);
    assert_eq!(me["email"], "lovelace@example.com");
}

#[databases]
async fn a_name_of_nothing_visible_is_none(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for name in ["\u{200b}", "\u{200b}\u{feff} \u{202e}", "\u{3164}", "\u{2800}"] {
        let mut body = new("eve@example.com");
        body["name"] = json!(name);
        assert_eq!(wrong_fields(shop.post("/auth/register", body).await), ["name"], "{name:?}");
        let change = shop.by(&ada, "PATCH", "/users/me", json!({ "name": name })).await;
        assert_eq!(wrong_fields(change), ["name"], "{name:?}");
    }
}

#[databases]
async fn a_phone_number_is_kept_in_one_form(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for (written, kept) in
        [("+44 20 7946 0000", "+442079460000"), ("+1 (202) 555-0100", "+12025550100")]
    {
        let change = json!({ "phone": written });
        let me = shop.by(&ada, "PATCH", "/users/me", change).await.expect(200);
        assert_eq!(me["phone"], kept, "{}", shop.kind());
    }
    for wrong in ["020 7946 0000", "+44 20 7946", "12", "+1 202 555 0100 x7"] {
        let change = shop.by(&ada, "PATCH", "/users/me", json!({ "phone": wrong })).await;
        assert_eq!(wrong_fields(change), ["phone"], "{wrong}");
    }
}
