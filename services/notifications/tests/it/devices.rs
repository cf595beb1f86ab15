use axum::Router;
use chassis::testing::{Answer, Database, User, call, databases};
use insta::{allow_duplicates, assert_json_snapshot};
use serde_json::{Value, json};

use crate::{fields, service, service_at, staff};

const PATH: &str = "/api/v1/users/me/devices";

async fn register(router: &Router, user: &User, body: Value) -> Answer {
    call(router, "POST", PATH).user(user).json(body).await
}

async fn devices(router: &Router, user: &User) -> Vec<Value> {
    let page = call(router, "GET", PATH).user(user).await.expect(200);
    page["items"].as_array().expect("items").clone()
}

#[databases]
async fn a_device_is_registered_once_and_removed(database: Database) {
    let (_platform, service) = service(database).await;
    let ada = User::customer();
    let phone = json!({ "token": "fcm:AbC-1", "platform": "ios", "name": "Ada's phone" });
    let device = register(&service.router, &ada, phone).await.expect(201);
    allow_duplicates! { assert_json_snapshot!(device, { ".id" => "[id]" }, @r#"
    {
      "created_at": "2026-01-02T12:00:00Z",
      "id": "[id]",
      "last_seen_at": "2026-01-02T12:00:00Z",
      "name": "Ada's phone",
      "platform": "ios"
    }
    "#) };
    let again = json!({ "token": "fcm:AbC-1", "platform": "ios" });
    let again = register(&service.router, &ada, again).await.expect(200);
    assert_eq!(again, device, "the name stays");
    assert_eq!(devices(&service.router, &ada).await, std::slice::from_ref(&device));

    let path = format!("{PATH}/{}", device["id"].as_str().unwrap());
    call(&service.router, "DELETE", &path).user(&ada).await.expect(204);
    assert!(devices(&service.router, &ada).await.is_empty());
    let gone = call(&service.router, "DELETE", &path).user(&ada).await;
    assert_eq!(gone.problem(404), "device_not_found");
}

#[databases]
async fn a_device_is_of_who_registered_it_last_and_nobody_elses(database: Database) {
    let (_platform, service) = service(database).await;
    let (ada, bob) = (User::customer(), User::customer());
    let body = json!({ "token": "shared", "platform": "web", "name": "Ada's laptop" });
    let device = register(&service.router, &ada, body).await.expect(201);
    let path = format!("{PATH}/{}", device["id"].as_str().unwrap());
    let strange = call(&service.router, "DELETE", &path).user(&bob).await;
    assert_eq!(strange.problem(404), "device_not_found");
    assert!(devices(&service.router, &bob).await.is_empty());

    let body = json!({ "token": "shared", "platform": "web" });
    let moved = register(&service.router, &bob, body).await.expect(200);
    assert_eq!(moved["name"], Value::Null, "what Ada called it is hers");
    assert!(devices(&service.router, &ada).await.is_empty());
    assert_eq!(devices(&service.router, &bob).await, [moved]);
}

#[databases]
async fn of_too_many_devices_the_longest_unused_one_goes(database: Database) {
    let (_platform, clock, service) = service_at(database).await;
    let (ada, bob) = (User::customer(), User::customer());
    let of = |it: usize| {
        json!({ "token": format!("device-{it}"), "platform": "android",
                                 "name": format!("{it}") })
    };
    register(&service.router, &bob, json!({ "token": "bobs", "platform": "web" }))
        .await
        .expect(201);
    for it in 0..20 {
        register(&service.router, &ada, of(it)).await.expect(201);
        clock.advance(chrono::TimeDelta::minutes(1));
    }
    // The oldest is in use again.
    register(&service.router, &ada, of(0)).await.expect(200);
    clock.advance(chrono::TimeDelta::minutes(1));
    register(&service.router, &ada, of(20)).await.expect(201);
    let left = devices(&service.router, &ada).await;
    let names: Vec<_> = left.iter().map(|it| it["name"].as_str().unwrap()).collect();
    let mut expected = vec!["20".to_owned(), "0".to_owned()];
    expected.extend((2..20).rev().map(|it| it.to_string()));
    assert_eq!(names, expected);
    assert_eq!(devices(&service.router, &bob).await.len(), 1);
}

#[databases]
async fn a_wrong_device_names_the_field(database: Database) {
    let (_platform, service) = service(database).await;
    let ada = User::customer();
    for (body, wrong) in [
        (json!({}), vec!["platform", "token"]),
        (json!({ "token": "", "platform": "ios" }), vec!["token"]),
        (json!({ "token": "a b", "platform": "ios" }), vec!["token"]),
        (json!({ "token": "x".repeat(2_049), "platform": "ios" }), vec!["token"]),
        (json!({ "token": format!("user:{}", ada.id()), "platform": "ios" }), vec!["token"]),
        (json!({ "token": "a", "platform": "windows" }), vec!["platform"]),
        (json!({ "token": "a", "platform": "ios", "name": " " }), vec!["name"]),
        (json!({ "token": "a", "platform": "ios", "name": "x".repeat(101) }), vec!["name"]),
        (json!({ "token": "a", "platform": "ios", "name": "http://evil.example" }), vec!["name"]),
        (json!({ "token": "a", "platform": "ios", "model": "x" }), vec!["model"]),
    ] {
        let answer = register(&service.router, &ada, body.clone()).await;
        assert_eq!(fields(&answer.expect(422)), wrong, "{body}");
    }
    // As long as one may be, and not to be compressed.
    let long: String =
        (0..2_048_u64).map(|it| char::from(b'!' + ((it * it * 31 + it * 7) % 90) as u8)).collect();
    register(&service.router, &ada, json!({ "token": long, "platform": "ios" })).await.expect(201);
    for method in ["GET", "POST"] {
        let stranger = call(&service.router, method, PATH).await;
        assert_eq!(stranger.problem(401), "unauthenticated");
    }
}

#[databases]
async fn staff_write_to_a_user_by_id_and_never_as_a_device(database: Database) {
    let (_platform, service) = service(database).await;
    let body = json!({ "to": "user:0190e5a0-0000-7000-8000-000000000001", "title": "Hi",
                       "body": "Hi" });
    let push = "/api/v1/notifications/push";
    let answer = call(&service.router, "POST", push).user(&staff()).json(body).await;
    assert_eq!(fields(&answer.expect(422)), ["to"]);
}
