use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use chassis::db::{Session, Sql};
use chassis::testing::{Database, call, databases};
use chrono::TimeDelta;
use identity::Config;
use insta::{allow_duplicates, assert_json_snapshot};
use serde_json::json;

use super::*;

#[databases]
async fn a_customer_registers_and_is_logged_in(database: Database) {
    let shop = shop(database).await;
    let body = json!({
        "email": " Ada@Example.com ", "password": PASSWORD, "name": "Ada Lovelace",
        "username": "Ada.L",
    });
    let tokens = shop.post("/auth/register", body).await.expect(201);
    allow_duplicates! { assert_json_snapshot!(tokens, {
        ".user.id" => "[id]", ".access_token" => "[token]", ".refresh_token" => "[token]",
    }, @r#"
    {
      "access_token": "[token]",
      "expires_in": 600,
      "refresh_token": "[token]",
      "token_type": "Bearer",
      "user": {
        "active": true,
        "created_at": "2026-01-02T12:00:00Z",
        "email": "ada@example.com",
        "email_verified": false,
        "id": "[id]",
        "language": null,
        "last_login_at": null,
        "name": "Ada Lovelace",
        "permissions": [],
        "phone": null,
        "roles": [
          "customer"
        ],
        "updated_at": "2026-01-02T12:00:00Z",
        "username": "ada.l"
      }
    }
    "#) };
    let ada = Person::of(&tokens);
    let me = shop.by(&ada, "GET", "/users/me", Value::Null).await.expect(200);
    assert_eq!(me, tokens["user"]);
    assert_eq!(shop.published(ada.id).await, ["user.registered"], "{}", shop.kind());
}

#[databases]
async fn a_login_takes_the_address_or_the_username(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for login in [
        json!({ "email": "ada@example.com", "password": PASSWORD }),
        json!({ "email": " ADA@example.com", "password": PASSWORD }),
        json!({ "username": "ada", "password": PASSWORD }),
        json!({ "username": "Ada", "password": PASSWORD }),
        json!({ "username": "ada@example.com", "password": PASSWORD }),
    ] {
        let answer = shop.post("/auth/login", login).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        let tokens = answer.expect(200);
        let again = Person::of(&tokens);
        assert_eq!(again.id, ada.id);
        assert_ne!(again.refresh, ada.refresh);
        assert_eq!(tokens["user"]["last_login_at"], "2026-01-02T12:00:00Z");
    }
}

#[databases]
async fn a_failed_login_reveals_nothing(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let gone = shop.register("gone").await;
    let path = format!("/users/{}", gone.id);
    shop.by(&admin, "PATCH", &path, json!({ "active": false })).await.expect(200);
    shop.register("ada").await;
    let mut answers = Vec::new();
    for login in [
        json!({ "email": "ada@example.com", "password": "wrong" }),
        json!({ "email": "nobody@example.com", "password": PASSWORD }),
        json!({ "username": "nobody", "password": PASSWORD }),
        json!({ "email": "gone@example.com", "password": PASSWORD }),
        json!({ "email": "not an address", "password": PASSWORD }),
    ] {
        answers.push(shop.post("/auth/login", login).await.expect(401));
    }
    assert_eq!(answers[0]["code"], "invalid_credentials");
    assert!(answers.iter().all(|it| *it == answers[0]), "{answers:?}");
}

#[databases]
async fn an_address_and_a_username_are_unique(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    for (email, username, code) in [
        ("ADA@example.com", "other", "email_taken"),
        ("other@example.com", "ADA", "username_taken"),
        ("ada@example.com", "ada", "email_taken"),
    ] {
        let body = json!({
            "email": email, "password": PASSWORD, "name": "Ada", "username": username,
        });
        assert_eq!(shop.post("/auth/register", body).await.problem(409), code);
    }
}

#[databases]
async fn of_many_who_want_an_address_one_gets_it(database: Database) {
    let shop = shop(database).await;
    let register = |n: usize| {
        let body = json!({
            "email": "ada@example.com", "password": PASSWORD, "name": format!("Ada {n}"),
        });
        let call = shop.call("POST", "/auth/register").json(body);
        tokio::spawn(async move { call.await.status.as_u16() })
    };
    let mut statuses = Vec::new();
    for answer in (0..6).map(register).collect::<Vec<_>>() {
        statuses.push(answer.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409], "{}", shop.kind());
}

#[databases]
async fn a_weak_password_is_refused(database: Database) {
    let shop = shop(database).await;
    for password in ["short", "password", "PassWord123", "ada@example.com", &"x".repeat(129)] {
        let body = json!({ "email": "ada@example.com", "password": password, "name": "Ada" });
        let wrong = wrong_fields(shop.post("/auth/register", body).await);
        assert_eq!(wrong, ["password"], "{password}");
    }
}

#[databases]
async fn failed_logins_are_throttled_per_login(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    shop.register("eve").await;
    for _ in 0..10 {
        assert_eq!(shop.log_in("ada", "wrong").await.problem(401), "invalid_credentials");
    }
    let refused = shop.log_in("ada", PASSWORD).await;
    assert_eq!(refused.headers["retry-after"], "900");
    assert_eq!(refused.problem(429), "too_many_attempts");
    shop.log_in("eve", PASSWORD).await.expect(200);

    let later = shop.later(TimeDelta::minutes(15)).await;
    later.log_in("ada", PASSWORD).await.expect(200);
}

/// The shop as somebody with this address meets it.
fn from(shop: &Shop, ip: &str) -> Router {
    let peer: SocketAddr = format!("{ip}:5000").parse().unwrap();
    shop.service.router.clone().layer(Extension(ConnectInfo(peer)))
}

async fn log_in_from(shop: &Shop, ip: &str, login: &str, password: &str) -> Answer {
    let body = json!({ "username": login, "password": password });
    call(&from(shop, ip), "POST", "/api/v1/auth/login").json(body).await
}

#[databases]
async fn a_stranger_locks_nobody_out(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for n in 0..11 {
        let guess = log_in_from(&shop, &format!("198.51.100.{n}"), "ada", "wrong").await;
        assert_eq!(guess.status, if n < 10 { 401 } else { 429 }, "{}", shop.kind());
    }
    log_in_from(&shop, "192.0.2.1", "ada", PASSWORD).await.expect(200);
    // What the owner does elsewhere gives the stranger no more guesses.
    log_in_from(&shop, "198.51.100.1", "ada", PASSWORD).await.expect(429);
    // Nor do the guesses keep somebody who is logged in from anything.
    let body = json!({ "current_password": PASSWORD, "new_password": "another-harbour-8" });
    shop.by(&ada, "PUT", "/users/me/password", body).await.expect(200);
}

#[databases]
async fn a_thousand_networks_lock_nobody_out_either(database: Database) {
    // Told apart from the first failure by nothing but its network.
    const MORE: Sql = Sql {
        sqlite: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
                 INSERT INTO attempts (id, kind, account, network, address, at)
                 SELECT randomblob(16), kind, account, 'network ' || i, address, at FROM attempts, n",
        postgres: "INSERT INTO attempts (id, kind, account, network, address, at)
                   SELECT gen_random_uuid(), kind, account, 'network ' || i, address, at
                   FROM attempts, generate_series(1, 1000) AS i",
    };
    let shop = shop(database).await;
    shop.register("ada").await;
    log_in_from(&shop, "198.51.100.1", "ada", "wrong").await.expect(401);
    shop.platform.db.query(MORE).execute().await.unwrap();
    for _ in 0..2 {
        log_in_from(&shop, "192.0.2.1", "ada", PASSWORD).await.expect(200);
    }
}

#[databases]
async fn failures_do_not_tell_which_logins_belong_together(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    for _ in 0..10 {
        log_in_from(&shop, "198.51.100.1", "ada", "wrong").await.expect(401);
    }
    for login in ["ada@example.com", "nobody@example.com", "nobody"] {
        log_in_from(&shop, "198.51.100.1", login, "wrong").await.expect(401);
    }
    for login in ["ada", "Ada", "nobody-2"] {
        let tenth = log_in_from(&shop, "198.51.100.1", login, "wrong").await;
        assert_eq!(tenth.status, if login == "nobody-2" { 401 } else { 429 });
    }
}

#[databases]
async fn a_new_password_by_mail_ends_the_wait(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for _ in 0..10 {
        shop.log_in("ada", "wrong").await.expect(401);
    }
    let token = shop.one_time_token(ada.id, "reset_password").await.expect(200);
    let body = json!({ "token": token["token"], "password": "another-harbour-8" });
    shop.post("/auth/password/reset", body).await.expect(204);
    shop.log_in("ada", "another-harbour-8").await.expect(200);
}

#[databases]
async fn an_unknown_login_is_throttled_like_any_other(database: Database) {
    let shop = shop(database).await;
    for _ in 0..10 {
        shop.log_in("nobody", "wrong").await.expect(401);
    }
    assert_eq!(shop.log_in("nobody", "wrong").await.problem(429), "too_many_attempts");
}

#[databases]
async fn a_success_forgives_the_failures_before_it(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    for _ in 0..2 {
        for _ in 0..9 {
            shop.log_in("ada", "wrong").await.expect(401);
        }
        shop.log_in("ada", PASSWORD).await.expect(200);
    }
}

#[databases]
async fn guesses_at_once_do_not_slip_through(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let guess = |_| {
        let body = json!({ "email": "ada@example.com", "password": "wrong" });
        let call = shop.call("POST", "/auth/login").json(body);
        tokio::spawn(async move { call.await.status.as_u16() })
    };
    let mut statuses = Vec::new();
    for answer in (0..25).map(guess).collect::<Vec<_>>() {
        statuses.push(answer.await.unwrap());
    }
    let tried = statuses.iter().filter(|it| **it == 401).count();
    let refused = statuses.iter().filter(|it| **it == 429).count();
    assert_eq!((tried, refused), (10, 15), "{}", shop.kind());
}

#[databases]
async fn right_logins_at_once_are_no_failures(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let log_in = |_| {
        let body = json!({ "email": "ada@example.com", "password": PASSWORD });
        let call = shop.call("POST", "/auth/login").json(body);
        tokio::spawn(async move { call.await.expect(200) })
    };
    for answer in (0..25).map(log_in).collect::<Vec<_>>() {
        answer.await.unwrap();
    }
}

#[databases]
async fn guesses_at_who_is_not_active_count_too(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    let path = format!("/users/{}", ada.id);
    shop.by(&admin, "PATCH", &path, json!({ "active": false })).await.expect(200);
    for _ in 0..10 {
        assert_eq!(shop.log_in("ada", PASSWORD).await.problem(401), "invalid_credentials");
    }
    assert_eq!(shop.log_in("ada", PASSWORD).await.problem(429), "too_many_attempts");
}

#[databases]
async fn failed_logins_are_throttled_per_address(database: Database) {
    let config = Config { failures_per_address: 5, ..Config::default() };
    let shop = shop_with(database, config).await;
    shop.register("ada").await;
    let log_in = async |ip: &str, name: &str, password: &str| {
        log_in_from(&shop, ip, &format!("{name}@example.com"), password).await
    };
    for n in 0..5 {
        log_in("192.0.2.1", &format!("guess{n}"), "wrong").await.expect(401);
    }
    let refused = log_in("192.0.2.1", "ada", PASSWORD).await;
    assert_eq!(refused.problem(429), "too_many_attempts");
    log_in("192.0.2.2", "ada", PASSWORD).await.expect(200);
}

#[databases]
async fn a_hash_of_another_shop_is_accepted_and_replaced(database: Database) {
    // Made by Python's bcrypt 5.0 and by Django 5.2.
    const BCRYPT: &str = "$2b$10$.dL/y2/H3DRKLWqsEECQ2.Oww2B32oKCEqPcsDhjDSGCJ7SWw96oG";
    const DJANGO: &str = "pbkdf2_sha256$1000000$q8Zr2VtP0xNcYd51mKbLwE\
                          $X+k1rAADsG/aUmdjWSv5Pgph6tUEuoTQzQtjuR2nTl8=";
    let shop = shop(database).await;
    for (name, hash) in [("ada", BCRYPT), ("eve", DJANGO)] {
        let person = shop.register(name).await;
        let db = &shop.platform.db;
        db.query("UPDATE users SET password_hash = $1 WHERE id = $2")
            .bind(hash)
            .bind(person.id)
            .execute()
            .await
            .unwrap();
        shop.log_in(name, "wrong").await.expect(401);
        shop.log_in(name, PASSWORD).await.expect(200);
        let (stored,) = db
            .query("SELECT password_hash FROM users WHERE id = $1")
            .bind(person.id)
            .one::<(String,)>()
            .await
            .unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        shop.log_in(name, PASSWORD).await.expect(200);
    }
}

#[databases]
async fn a_full_queue_is_told_to_come_back(database: Database) {
    let config = Config { hash_concurrency: 1, hash_queue: 0, ..Config::default() };
    let shop = shop_with(database, config).await;
    shop.register("ada").await;
    let log_in = |n: usize| {
        let email = if n == 0 { "ada@example.com" } else { &format!("{n}@example.com") };
        let body = json!({ "email": email, "password": PASSWORD });
        let call = shop.call("POST", "/auth/login").json(body);
        tokio::spawn(async move { call.await })
    };
    let mut refused = 0;
    for answer in (0..8).map(log_in).collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        if answer.status == 503 {
            assert_eq!(answer.headers["retry-after"], "1");
            assert_eq!(answer.problem(503), "busy");
            refused += 1;
        } else {
            assert!(matches!(answer.status.as_u16(), 200 | 401), "{answer:?}");
        }
    }
    assert!(refused > 0, "{}", shop.kind());
    shop.log_in("ada", PASSWORD).await.expect(200);
}

#[databases]
async fn no_secret_is_stored_as_it_is(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let reset = shop.one_time_token(ada.id, "reset_password").await.expect(200);
    let secrets = [PASSWORD, &ada.access, &ada.refresh, reset["token"].as_str().unwrap()];
    let events: Vec<Value> = shop.events().await.into_iter().map(|it| it.data.0).collect();
    let events = json!(events).to_string();
    for secret in secrets {
        assert!(!events.contains(secret), "{events}");
    }
    let hashes: Vec<(Vec<u8>,)> =
        shop.platform.db.query("SELECT hash FROM refresh_tokens").all().await.unwrap();
    assert!(hashes.iter().all(|(hash,)| hash.len() == 32));
}
