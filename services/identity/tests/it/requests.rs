//! What bad input gets.

use chassis::testing::{Database, databases};
use serde_json::json;

use super::*;

#[databases]
async fn every_wrong_field_is_named(database: Database) {
    let shop = shop(database).await;
    let body = json!({
        "email": "nobody", "password": "short", "name": "a\nb", "username": "a b",
    });
    let wrong = wrong_fields(shop.post("/auth/register", body).await);
    assert_eq!(wrong, ["email", "name", "password", "username"]);
    let body = json!({ "email": 5, "name": [], "colour": "red" });
    let wrong = wrong_fields(shop.post("/auth/register", body).await);
    assert_eq!(wrong, ["colour", "email", "name", "password"]);
}

#[databases]
async fn a_login_is_by_one_name(database: Database) {
    let shop = shop(database).await;
    for body in [
        json!({ "password": PASSWORD }),
        json!({ "email": "a@b.c", "username": "abc", "password": PASSWORD }),
    ] {
        assert_eq!(wrong_fields(shop.post("/auth/login", body).await), ["email"]);
    }
    let long = json!({ "email": "x".repeat(255), "password": "y".repeat(1025) });
    assert_eq!(wrong_fields(shop.post("/auth/login", long).await), ["email", "password"]);
}

#[databases]
async fn broken_bodies_are_refused_everywhere(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for (method, path) in [
        ("POST", "/auth/register"),
        ("POST", "/auth/login"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/password/forgot"),
        ("POST", "/auth/password/reset"),
        ("POST", "/auth/email/verify"),
        ("PATCH", "/users/me"),
        ("DELETE", "/users/me"),
        ("PUT", "/users/me/password"),
        ("POST", "/users/me/addresses"),
    ] {
        for (body, status) in [
            ("{", 400),
            ("", if path == "/auth/refresh" { 401 } else { 400 }),
            (r#"{"email":"\ud800"}"#, 400),
            (r#"{"name":"a\u0000b"}"#, 400),
            ("[]", 422),
            (r#"{"colour":"red"}"#, 422),
        ] {
            let call = shop.call(method, path).header("authorization", &ada.bearer());
            let answer = call.text(body.to_owned()).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path} {body}");
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
    }
}

#[databases]
async fn a_huge_body_is_refused(database: Database) {
    let shop = shop(database).await;
    let body = json!({ "email": "x".repeat(2 << 20), "password": PASSWORD });
    assert_eq!(shop.post("/auth/login", body).await.problem(413), "body_too_large");
}

#[databases]
async fn lists_have_limits(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    for path in ["/users", "/users/me/sessions", &format!("/users/{}/audit", admin.id)] {
        for (query, field) in [
            ("limit=1000000000", "limit"),
            ("limit=0", "limit"),
            ("limit=x", "limit"),
            ("cursor=nonsense", "cursor"),
        ] {
            let answer = shop.by(&admin, "GET", &format!("{path}?{query}"), Value::Null).await;
            assert_eq!(wrong_fields(answer), [field], "{path}?{query}");
        }
    }
    for (query, field) in [("role=king", "role"), ("active=maybe", "active")] {
        let answer = shop.by(&admin, "GET", &format!("/users?{query}"), Value::Null).await;
        assert_eq!(wrong_fields(answer), [field], "{query}");
    }
    let nul = shop.by(&admin, "GET", "/users?search=%00", Value::Null).await;
    assert_eq!(nul.problem(400), "malformed_query");
}

#[databases]
async fn every_route_declares_who_may_call_it(database: Database) {
    let shop = shop(database).await;
    let openapi = serde_json::to_value(&shop.service.openapi).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for (path, operations) in openapi["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["security"].is_array(), "{method} {path}");
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name), "{method} {path}");
        }
    }
    assert_eq!(names.len(), 34);
}
