//! What all of the five shops promise beside their paths: how accounts, tokens and passwords are
//! treated, and that each listener serves its own clients only.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::db::Session;
use contracts::catalog::QUOTE;
use serde_json::{Value, json};

use super::{PASSWORD, World, admin_login, fits, id};
use crate::shop::{checkout, eventually_answers};

pub async fn walk(world: &World) {
    tokens(world).await;
    accounts(world).await;
    listeners(world).await;
    refunded(world).await;
}

/// Every service verifies a token by itself: signature and time.
async fn tokens(world: &World) {
    let guest = world.client(1);
    let tokens = guest.post("/auth/login", admin_login()).await.expect(200);
    let token = tokens["access_token"].as_str().expect("a token");
    let claims = token.split('.').nth(1).and_then(|it| URL_SAFE_NO_PAD.decode(it).ok());
    let claims: Value = serde_json::from_slice(&claims.expect("claims")).expect("JSON");
    let life = claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time");
    assert_eq!(tokens["expires_in"], life);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs() as i64;
    assert!((claims["exp"].as_i64().expect("a time") - now - life).abs() < 60);
    // A forged one counts nowhere.
    let (head, signature) = token.rsplit_once('.').expect("a signature");
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for (listener, path) in [
        (0, "/auth/me/"),
        (1, "/orders/"),
        (2, "/api/v1/cart/"),
        (3, "/api/profile/"),
        (4, "/orders"),
    ] {
        let client = world.client(listener);
        client.bearer(&json!(token)).get(path).await.expect(200);
        client.bearer(&json!(forged)).get(path).await.expect(401);
    }
    world.rows.walked([39, 41]);
}

async fn accounts(world: &World) {
    // The first administrator came from the settings; another one is made by a command.
    let listener = world.client(2);
    listener.post("/api/v1/token/", admin_login()).await.expect(200);
    let output = world.command(&[
        "user",
        "create",
        "--email",
        "root2@example.com",
        "--role",
        "admin",
        "--password",
        PASSWORD,
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let login = json!({ "email": "root2@example.com", "password": PASSWORD });
    let pair = listener.post("/api/v1/token/", login).await.expect(200);
    listener.bearer(&pair["access"]).get("/api/v1/users/").await.expect(200);
    world.rows.walked([50, 51]);

    let hashes = "SELECT password_hash FROM users";
    let identity = world.shop.stores().get("identity").expect("identity");
    let hashes: Vec<(String,)> = identity.query(hashes).all().await.expect("hashes");
    assert!(hashes.len() >= 2 && hashes.iter().all(|(it,)| it.starts_with("$argon2id$")));
    world.rows.walked([43]);

    let document = world.shop.http.get("//openapi.json").await.expect(200);
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    world.rows.walked([46]);
}

/// A path of one shop is nothing to the listener of another.
async fn listeners(world: &World) {
    let detail = json!({ "detail": "text" });
    for (listener, path) in [
        (0, "/api/products/"),
        (1, "/catalog/products/"),
        (2, "/auth/login"),
        (3, "/api/v1/token/"),
        (4, "/cart/"),
    ] {
        fits(&world.client(listener).get(path).await.expect(404), &detail);
        fits(&world.client(listener).get(QUOTE.path()).await.expect(404), &detail);
    }
    let wrong = world.client(0).call("DELETE", "/auth/token/").await;
    assert_eq!(wrong.headers["allow"], "POST");
    fits(&wrong.expect(405), &detail);
    let malformed = world.client(0).call("POST", "/auth/token/").text("{").await.expect(400);
    fits(&malformed, &detail);
}

/// What was given back in full is what it always was to these clients, though to us it is still
/// confirmed, and may be shipped.
async fn refunded(world: &World) {
    world.shop.product("BACK-1", 1_999, 5).await;
    let customer = world.shop.customer("back").await;
    let order = checkout("BACK-1", "tok_visa");
    let order = customer.post("/orders", order).key("back").await.expect(201);
    let path = format!("/orders/{}", id(&order));
    let admin = world.shop.admin().await;
    let refunds = format!("/payments/{}/refunds", id(&order["payment"]));
    admin.post(&refunds, json!({})).key("back").await.expect(201);
    eventually_answers(
        async || customer.get(&path).await.expect(200),
        |it| it["payment_status"] == "refunded",
    )
    .await;
    let tokens = world.client(1).post("/auth/login", admin_login()).await.expect(200);
    for status in ["confirmed", "shipped"] {
        let body = json!({ "status": status });
        if status == "shipped" {
            admin.call("PATCH", &format!("{path}/status")).json(body).await.expect(200);
        }
        assert_eq!(customer.get(&path).await.expect(200)["status"], status);
        for (listener, path, shown) in [
            (0, format!("/orders{path}/"), "CANCELLED"),
            (1, format!("{path}/"), "refunded"),
            (3, format!("/api{path}/"), "cancelled"),
            (4, path.clone(), "refunded"),
        ] {
            let client = world.client(listener).bearer(&tokens["access_token"]);
            assert_eq!(client.get(&path).await.expect(200)["status"], shown, "{listener}");
        }
    }
}
