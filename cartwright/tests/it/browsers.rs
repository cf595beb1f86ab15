//! A browser's session goes on by its cookie in every shape of the shop.

use chassis::testing::on;
use serde_json::{Value, json};

use crate::client::{Http, Reply};
use crate::shop::Shape;

#[on(sqlite, postgres, apart)]
async fn a_browser_keeps_its_session_by_cookie_in_every_shape(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let address = shop.http.address();
    let page = shop.http.with("origin", &format!("http://{address}"));
    let register = json!({
        "email": "ada@example.com", "password": "correct horse battery", "name": "Ada",
        "session": "cookie",
    });
    let answer = page.post("/auth/register", register.clone()).await;
    let cookie = cookie(&answer);
    assert_eq!(answer.expect(201).get("refresh_token"), None, "{}", place.kind);
    // What a client says about proxies counts for nothing.
    let evil = shop.http.with("origin", "https://evil.example").with("cookie", &cookie);
    let evil = evil.with("x-forwarded-proto", "https").with("x-forwarded-host", "evil.example");
    assert_eq!(refresh(&evil).await.problem(403), "origin_not_allowed");
    let elsewhere = shop.http.with("host", "shop.example").with("cookie", &cookie);
    let elsewhere = elsewhere.with("origin", "http://shop.example");
    assert_eq!(refresh(&elsewhere).await.problem(403), "https_required");

    let refreshed = refresh(&page.with("cookie", &cookie)).await;
    let cookie = self::cookie(&refreshed);
    let token = refreshed.expect(200)["access_token"].as_str().map(str::to_owned);
    let ada = page.bearer(&token.expect("a token")).with("cookie", &cookie);
    assert_eq!(ada.get("/users/me").await.expect(200)["name"], "Ada");
    ada.call("POST", "/auth/logout").await.expect(204);
    let ended = refresh(&page.with("cookie", &cookie)).await;
    assert!(self::cookie(&ended).ends_with('='), "{ended:?}");
    assert_eq!(ended.problem(401), "session_ended");
    shop.stop().await;
}

async fn refresh(http: &Http) -> Reply {
    http.post("/auth/refresh", Value::Object(serde_json::Map::new())).await
}

/// What the browser sends from now on.
fn cookie(answer: &Reply) -> String {
    let set = answer.headers.get("set-cookie").and_then(|it| it.to_str().ok());
    let pair = set.and_then(|it| it.split(';').next()).expect("a cookie");
    assert!(pair.starts_with("__Host-cartwright_session="), "{pair}");
    pair.to_owned()
}
