use chassis::testing::{Database, databases};
use serde_json::json;

use super::*;

const PATH: &str = "/users/me/sessions";

#[databases]
async fn a_user_sees_and_ends_their_sessions(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let phone = shop.call("POST", "/auth/login").header("user-agent", "Phone/1.0").json(body);
    let phone = Person::of(&phone.await.expect(200));
    let list = shop.by(&ada, "GET", PATH, Value::Null).await.expect(200);
    let sessions = list["items"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!(
        (&sessions[0]["user_agent"], &sessions[0]["current"]),
        (&json!("Phone/1.0"), &json!(false))
    );
    assert_eq!(sessions[1]["current"], json!(true));
    assert!(!list.to_string().contains("user_id"));

    let path = format!("{PATH}/{}", sessions[0]["id"].as_str().unwrap());
    shop.by(&ada, "DELETE", &path, Value::Null).await.expect(204);
    let me = shop.by(&phone, "GET", "/users/me", Value::Null).await;
    assert_eq!(me.problem(401), "token_revoked");
    let again = shop.by(&ada, "DELETE", &path, Value::Null).await;
    assert_eq!(again.problem(404), "session_not_found");
    shop.by(&ada, "GET", "/users/me", Value::Null).await.expect(200);
}

#[databases]
async fn sessions_of_others_do_not_exist(database: Database) {
    let shop = shop(database).await;
    let (ada, eve) = (shop.register("ada").await, shop.register("eve").await);
    let list = shop.by(&ada, "GET", PATH, Value::Null).await.expect(200);
    let path = format!("{PATH}/{}", list["items"][0]["id"].as_str().unwrap());
    let answer = shop.by(&eve, "DELETE", &path, Value::Null).await;
    assert_eq!(answer.problem(404), "session_not_found");
    shop.by(&ada, "GET", "/users/me", Value::Null).await.expect(200);
}

#[databases]
async fn sessions_come_in_pages(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for _ in 0..2 {
        shop.log_in("ada", PASSWORD).await.expect(200);
    }
    let path = format!("{PATH}?limit=2");
    let first = shop.by(&ada, "GET", &path, Value::Null).await.expect(200);
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("{path}&cursor={cursor}");
    let second = shop.by(&ada, "GET", &path, Value::Null).await.expect(200);
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!(second["items"][0]["current"], json!(true));
    assert_eq!(second["next_cursor"], Value::Null);
}

#[databases]
async fn a_login_beyond_a_hundred_ends_the_oldest_session(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for n in 0..99_u128 {
        let insert = "INSERT INTO sessions
             (id, user_id, created_at, last_used_at, expires_at)
             SELECT $1, user_id, created_at, last_used_at, expires_at FROM sessions
             WHERE user_id = $2 LIMIT 1";
        let db = &shop.platform.db;
        db.query(insert).bind(Uuid::from_u128(n)).bind(ada.id).execute().await.unwrap();
    }
    shop.log_in("ada", PASSWORD).await.expect(200);
    assert_eq!(shop.published(Uuid::from_u128(0)).await, ["session.revoked"], "{}", shop.kind());
    assert_eq!(shop.published(Uuid::from_u128(1)).await, [""; 0]);
    shop.by(&ada, "GET", "/users/me", Value::Null).await.expect(200);
}
