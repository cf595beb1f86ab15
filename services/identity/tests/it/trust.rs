use chassis::auth::{ISSUER, Verifier};
use chassis::testing::{Database, User, databases};
use chrono::TimeDelta;
use contracts::identity::Trust;
use serde_json::json;

use super::*;

#[databases]
async fn anybody_can_verify_tokens_with_the_public_keys(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let trust: Trust = serde_json::from_value(shop.trust().await).unwrap();
    assert_eq!(shop.call("GET", "/auth/jwks").await.expect(200), trust.jwks);
    assert!(!trust.jwks.to_string().contains("\"d\""), "{}", trust.jwks);

    let verifier = Verifier::new(shop.platform.clock);
    verifier.set_keys(&serde_json::from_value(trust.jwks).unwrap());
    let claims = verifier.verify(&ada.access).unwrap().0;
    assert_eq!((claims.sub, claims.exp - claims.iat), (ada.id, 600));
    assert_eq!((claims.iss.as_str(), claims.email.as_str()), (ISSUER, "ada@example.com"));
    assert!(claims.roles.contains("customer") && claims.permissions.is_empty());
}

#[databases]
async fn every_process_signs_with_the_same_key(database: Database) {
    let platform = database.platform(identity::MIGRATIONS).await;
    let start = |_| {
        let platform = platform.clone();
        tokio::spawn(Shop::start(platform, Config::default()))
    };
    let mut jwks = Vec::new();
    for shop in (0..4).map(start).collect::<Vec<_>>() {
        jwks.push(shop.await.unwrap().trust().await["jwks"].clone());
    }
    assert_eq!(jwks[0]["keys"].as_array().unwrap().len(), 1, "{}", platform.kind);
    assert!(jwks.iter().all(|it| *it == jwks[0]), "{}", platform.kind);
}

#[databases]
async fn a_logged_out_session_is_listed_until_its_tokens_expire(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    assert_eq!(shop.trust().await["revocations"], json!({ "sessions": [], "users": {} }));
    shop.by(&ada, "POST", "/auth/logout", Value::Null).await.expect(204);
    let me = shop.by(&ada, "GET", "/users/me", Value::Null).await;
    assert_eq!(me.problem(401), "token_revoked");
    assert_eq!(shop.refresh(&ada.refresh).await.problem(401), "session_ended");
    assert_eq!(revoked_sessions(&shop).await, 1);
    let soon = shop.later(TimeDelta::seconds(604)).await;
    assert_eq!(revoked_sessions(&soon).await, 1);
    let later = shop.later(TimeDelta::seconds(605)).await;
    assert_eq!(revoked_sessions(&later).await, 0);
}

async fn revoked_sessions(shop: &Shop) -> usize {
    shop.trust().await["revocations"]["sessions"].as_array().unwrap().len()
}

#[databases]
async fn a_user_whose_rights_or_password_changed_is_listed(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    for (name, change, listed) in [
        ("ada", json!({ "roles": ["customer", "staff"] }), true),
        ("bob", json!({ "active": false }), true),
        ("cid", json!({ "password": "another-harbour-8" }), true),
        ("dan", json!({ "name": "Daniel" }), false),
    ] {
        let person = shop.register(name).await;
        let path = format!("/users/{}", person.id);
        shop.by(&admin, "PATCH", &path, change).await.expect(200);
        let users = shop.trust().await["revocations"]["users"].clone();
        let expected = if listed { json!(2) } else { Value::Null };
        assert_eq!(users[person.id.to_string()], expected, "{name}");
        let me = shop.by(&person, "GET", "/users/me", Value::Null).await;
        assert_eq!(me.status.as_u16(), if listed { 401 } else { 200 }, "{name}");
    }
}

#[databases]
async fn forged_and_expired_tokens_are_refused(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let me = |token: String| {
        let call = shop.call("GET", "/users/me");
        call.header("authorization", &format!("Bearer {token}"))
    };
    let (rest, _) = ada.access.rsplit_once('.').unwrap();
    let header = rest.split('.').next().unwrap();
    let foreign = User::customer().token();
    let claims = foreign.split('.').nth(1).unwrap();
    let signature = ada.access.rsplit('.').next().unwrap();
    for token in [
        foreign.clone(),
        format!("{rest}."),
        format!("{rest}.{}", "A".repeat(86)),
        format!("{header}.{claims}.{signature}"),
        "nonsense".to_owned(),
        ada.refresh.clone(),
    ] {
        assert_eq!(me(token.clone()).await.problem(401), "token_invalid", "{token}");
    }
    let later = shop.later(TimeDelta::minutes(10)).await;
    let expired = later.by(&ada, "GET", "/users/me", Value::Null).await;
    assert_eq!(expired.problem(401), "token_expired");
    assert_eq!(shop.call("GET", "/users/me").await.problem(401), "unauthenticated");
}
