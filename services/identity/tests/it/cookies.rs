//! Sessions of browsers, whose refresh token is in a cookie.

use chassis::forwarded::ForwardedOrigin;
use chassis::testing::{Database, databases};
use chrono::TimeDelta;
use serde_json::json;

use super::browser::{Browser, NAME, SHOP, given, site};
use super::*;

/// What the access token of an answer may do.
async fn me(shop: &Shop, tokens: &Value) -> Answer {
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    shop.call("GET", "/users/me").header("authorization", &bearer).await
}

#[databases]
async fn a_browser_registers_and_logs_in_without_seeing_a_refresh_token(database: Database) {
    let shop = shop(database).await;
    let mut browser = Browser::new(&shop);
    let body = json!({
        "email": "ada@example.com", "password": PASSWORD, "name": "Ada", "session": "cookie",
    });
    let answer = browser.post("/auth/register", body).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let tokens = answer.expect(201);
    assert_eq!(tokens.get("refresh_token"), None, "{}", shop.kind());
    assert_eq!(browser.cookie().len(), 43);
    me(&shop, &tokens).await.expect(200);

    let tokens = Browser::new(&shop).log_in("ada").await.expect(200);
    assert_eq!(tokens.get("refresh_token"), None);
    me(&shop, &tokens).await.expect(200);
}

#[databases]
async fn whoever_keeps_a_token_is_given_no_cookie(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    for session in [json!({}), json!({ "session": "token" })] {
        let mut body = json!({ "username": "ada", "password": PASSWORD });
        body.as_object_mut().unwrap().extend(session.as_object().unwrap().clone());
        let answer = shop.post("/auth/login", body).await;
        assert_eq!(given(&answer), None);
        let ada = Person::of(&answer.expect(200));
        let answer = shop.refresh(&ada.refresh).await;
        assert_eq!(given(&answer), None);
        let next = Person::of(&answer.expect(200));
        shop.by(&next, "POST", "/auth/logout", Value::Null).await.expect(204);
    }
}

#[databases]
async fn a_cookie_is_rotated_with_every_refresh(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let mut browser = Browser::new(&shop);
    browser.log_in("ada").await.expect(200);
    for body in [Value::Null, json!({}), json!({ "refresh_token": null })] {
        let before = browser.cookie().to_owned();
        let tokens = browser.post("/auth/refresh", body).await.expect(200);
        assert_eq!(tokens.get("refresh_token"), None);
        assert_ne!(browser.cookie(), before);
        me(&shop, &tokens).await.expect(200);
    }
}

#[databases]
async fn a_cookie_may_come_in_lines_of_its_own(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let mut browser = Browser::new(&shop);
    browser.log_in("ada").await.expect(200);
    let line = format!("{NAME}={}", browser.cookie());
    let call = browser.call("/auth/refresh", None, Value::Null);
    call.header("cookie", "a=b").header("cookie", &line).await.expect(200);
}

#[databases]
async fn a_token_in_the_body_counts_more_than_the_cookie(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let mut browser = Browser::new(&shop);
    browser.log_in("ada").await.expect(200);
    let kept = browser.cookie().to_owned();
    browser.origin = None;
    let body = json!({ "refresh_token": ada.refresh });
    let tokens = browser.post("/auth/refresh", body).await.expect(200);
    assert_ne!(Person::of(&tokens).refresh, ada.refresh);
    assert_eq!(browser.cookie(), kept);
}

#[databases]
async fn only_pages_of_the_shop_may_ask_for_or_use_a_cookie(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let mut browser = Browser::new(&shop);
    browser.log_in("ada").await.expect(200);
    let kept = browser.cookie().to_owned();
    for origin in [
        None,
        Some(""),
        Some("null"),
        Some("https://evil.example"),
        Some("https://shop.example.evil.example"),
        Some("https://sub.shop.example"),
        Some("http://shop.example"),
        Some("https://shop.example:8443"),
        Some("https://shop.example/"),
    ] {
        browser.origin = origin;
        let register = json!({
            "email": "eve@example.com", "password": PASSWORD, "name": "E", "session": "cookie",
        });
        for answer in [
            browser.log_in("ada").await,
            browser.post("/auth/register", register).await,
            browser.refresh().await,
            browser.post("/auth/logout", Value::Null).await,
        ] {
            assert_eq!(answer.problem(403), "origin_not_allowed", "{origin:?}");
            assert_eq!(browser.cookie(), kept);
        }
    }
    browser.origin = Some(SHOP);
    browser.refresh().await.expect(200);
    // Nobody told the service what the shop's own address is.
    browser.site = ForwardedOrigin::default();
    browser.site.secure = true;
    assert_eq!(browser.refresh().await.problem(403), "origin_not_allowed");
}

#[databases]
async fn plain_http_is_for_this_machine_alone(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    for origin in [
        "http://localhost:8080",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://shop.localhost",
        "https://shop.example:8443",
    ] {
        let mut browser = Browser::new(&shop);
        (browser.site, browser.origin) = (site(origin), Some(origin));
        browser.log_in("ada").await.expect(200);
        browser.refresh().await.expect(200);
    }
    for origin in ["http://shop.example", "http://192.168.0.7:8080", "http://localhost.example"] {
        let mut browser = Browser::new(&shop);
        browser.log_in("ada").await.expect(200);
        (browser.site, browser.origin) = (site(origin), Some(origin));
        let refused = browser.log_in("ada").await;
        let detail = refused.body["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("HTTPS") && detail.contains("gateway.tls"), "{detail}");
        assert_eq!(refused.problem(403), "https_required", "{origin}");
        assert_eq!(browser.refresh().await.problem(403), "https_required");
        let logout = browser.post("/auth/logout", Value::Null).await;
        assert_eq!(logout.problem(403), "https_required");
    }
}

#[databases]
async fn without_a_cookie_there_is_no_session(database: Database) {
    let shop = shop(database).await;
    let mut browser = Browser::new(&shop);
    for origin in [Some(SHOP), None] {
        browser.origin = origin;
        for path in ["/auth/refresh", "/auth/logout"] {
            let answer = browser.post(path, Value::Null).await;
            assert_eq!(given(&answer), None);
            assert_eq!(answer.problem(401), "no_session", "{path}");
        }
    }
}

#[databases]
async fn a_cookie_that_no_longer_counts_is_taken_away(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let mut browser = Browser::new(&shop);
    for nonsense in ["", "x", &"x".repeat(5_000)] {
        browser.cookie = Some(nonsense.to_owned());
        assert_eq!(browser.refresh().await.problem(401), "refresh_token_invalid");
        assert_eq!(browser.cookie, None);
    }
    browser.log_in("ada").await.expect(200);
    let later = shop.later(TimeDelta::days(30)).await;
    let mut same = Browser { shop: &later, ..browser };
    assert_eq!(same.refresh().await.problem(401), "refresh_token_expired");
    assert_eq!(same.cookie, None);
}

#[databases]
async fn a_stolen_cookie_that_comes_back_ends_the_session(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let mut browser = Browser::new(&shop);
    browser.log_in("ada").await.expect(200);
    let stolen = browser.cookie().to_owned();
    let tokens = browser.refresh().await.expect(200);
    let later = shop.later(TimeDelta::seconds(11)).await;
    let mut thief = Browser { cookie: Some(stolen), ..Browser::new(&later) };
    assert_eq!(thief.refresh().await.problem(401), "refresh_token_reused");
    assert_eq!(thief.cookie, None);
    assert_eq!(me(&later, &tokens).await.problem(401), "token_revoked");
    let mut browser = Browser { shop: &later, ..browser };
    assert_eq!(browser.refresh().await.problem(401), "session_ended");
    assert_eq!(browser.cookie, None);
}

#[databases]
async fn tabs_that_reload_at_once_stay_logged_in(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let mut browser = Browser::new(&shop);
    browser.log_in("ada").await.expect(200);
    for _ in 0..3 {
        let sent = browser.cookie().to_owned();
        let tab = |_| {
            let call = browser.call("/auth/refresh", Some(&sent), Value::Null);
            tokio::spawn(async move { call.await })
        };
        let tabs: Vec<_> = (0..4).map(tab).collect();
        // The browser keeps what the last answer gave it.
        let mut last = None;
        for answer in tabs {
            let answer = answer.await.unwrap();
            last = given(&answer);
            me(&shop, &answer.expect(200)).await.expect(200);
        }
        browser.cookie = last;
    }
    let later = shop.later(TimeDelta::minutes(9)).await;
    Browser { shop: &later, ..browser }.refresh().await.expect(200);
}

#[databases]
async fn a_login_ends_the_session_whose_cookie_it_replaces(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    shop.register("bob").await;
    let mut browser = Browser::new(&shop);
    browser.log_in("ada").await.expect(200);
    for (name, old) in [("ada", "ada"), ("bob", "ada")] {
        let before = browser.cookie().to_owned();
        let tokens = browser.log_in(name).await.expect(200);
        let mut stale = Browser { cookie: Some(before), ..Browser::new(&shop) };
        assert_eq!(stale.refresh().await.problem(401), "session_ended", "{old}");
        me(&shop, &tokens).await.expect(200);
    }
    let before = browser.cookie().to_owned();
    let register = json!({
        "email": "eve@example.com", "password": PASSWORD, "name": "E", "session": "cookie",
    });
    browser.post("/auth/register", register).await.expect(201);
    browser.refresh().await.expect(200);
    let mut stale = Browser { cookie: Some(before), ..Browser::new(&shop) };
    assert_eq!(stale.refresh().await.problem(401), "session_ended");
    // A login that fails ends nothing.
    let wrong = json!({ "username": "ada", "password": "wrong", "session": "cookie" });
    browser.post("/auth/login", wrong).await.expect(401);
    browser.refresh().await.expect(200);
}

#[databases]
async fn a_logout_ends_the_session_and_takes_the_cookie_away(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let mut browser = Browser::new(&shop);
    // With the access token, and without one: it may have expired.
    for with_token in [true, false] {
        let tokens = browser.log_in("ada").await.expect(200);
        let old = browser.cookie().to_owned();
        let mut call = browser.call("/auth/logout", Some(&old), Value::Null);
        if with_token {
            let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
            call = call.header("authorization", &bearer);
        }
        let answer = call.await;
        assert_eq!(given(&answer).as_deref(), Some(""));
        answer.expect(204);
        assert_eq!(me(&shop, &tokens).await.problem(401), "token_revoked");
        assert_eq!(browser.refresh().await.problem(401), "session_ended");
        // Once more is no mistake, as long as there is a cookie to take away.
        browser.cookie = Some(old);
        browser.post("/auth/logout", Value::Null).await.expect(204);
        assert_eq!(browser.cookie, None);
    }
}

#[databases]
async fn a_logout_by_token_leaves_a_cookie_alone_that_does_not_count(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let mut browser = Browser::new(&shop);
    browser.log_in("ada").await.expect(200);
    browser.origin = Some("https://evil.example");
    let call = browser.call("/auth/logout", Some(browser.cookie()), Value::Null);
    let answer = call.header("authorization", &ada.bearer()).await;
    assert_eq!(given(&answer), None);
    answer.expect(204);
    browser.origin = Some(SHOP);
    browser.refresh().await.expect(200);
}

#[databases]
async fn a_password_change_keeps_this_browser_logged_in(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let (mut here, mut there) = (Browser::new(&shop), Browser::new(&shop));
    let tokens = here.log_in("ada").await.expect(200);
    there.log_in("ada").await.expect(200);
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let body = json!({ "current_password": PASSWORD, "new_password": "copper-orchard-9" });
    let call = shop.call("PUT", "/users/me/password").header("authorization", &bearer);
    call.json(body).await.expect(200);
    here.refresh().await.expect(200);
    assert_eq!(there.refresh().await.problem(401), "session_ended");
}

#[databases]
async fn a_cookie_is_never_a_fixed_one(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let body = json!({
        "username": "ada", "password": PASSWORD, "session": "cookie",
        "fixed_refresh_token": true,
    });
    let wrong = wrong_fields(Browser::new(&shop).post("/auth/login", body).await);
    assert_eq!(wrong, ["fixed_refresh_token"]);
    let body = json!({ "username": "ada", "password": PASSWORD, "session": "jar" });
    assert_eq!(wrong_fields(shop.post("/auth/login", body).await), ["session"]);
}

#[databases]
async fn a_browser_that_is_known_has_failures_of_its_own(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let mut browser = Browser::new(&shop);
    browser.log_in("ada").await.expect(200);
    browser.post("/auth/logout", Value::Null).await.expect(204);
    // Somebody in the same network uses up its guesses.
    for _ in 0..10 {
        shop.log_in("ada", "wrong").await.expect(401);
    }
    shop.log_in("ada", PASSWORD).await.expect(429);
    Browser::new(&shop).log_in("ada").await.expect(429);
    let known = browser.device.clone();
    browser.log_in("ada").await.expect(200);
    assert_eq!(browser.device, known, "{}", shop.kind());
    // What nobody was given makes no browser a known one.
    let mut liar = Browser { device: Some("made up".to_owned()), ..Browser::new(&shop) };
    liar.log_in("ada").await.expect(429);
    // Nor is it known to anybody else's account, until they have logged in with it.
    shop.register("eve").await;
    for _ in 0..10 {
        shop.log_in("eve", "wrong").await.expect(401);
    }
    browser.log_in("eve").await.expect(429);
}

#[databases]
async fn guesses_with_a_stolen_browser_come_to_an_end(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let mut browser = Browser::new(&shop);
    browser.log_in("ada").await.expect(200);
    let guess = json!({
        "email": "ada@example.com", "password": "wrong", "session": "cookie",
    });
    for _ in 0..10 {
        browser.post("/auth/login", guess.clone()).await.expect(401);
    }
    assert_eq!(browser.log_in("ada").await.problem(429), "too_many_attempts");
    // Its owner goes on with another one.
    Browser::new(&shop).log_in("ada").await.expect(200);
}

#[databases]
async fn several_people_may_use_one_browser(database: Database) {
    let shop = shop(database).await;
    let mut browser = Browser::new(&shop);
    for name in ["ada", "eve", "ada"] {
        if shop.log_in(name, PASSWORD).await.status == 401 {
            shop.register(name).await;
        }
        browser.log_in(name).await.expect(200);
    }
    let devices = "SELECT count(DISTINCT hash), count(*) FROM devices";
    let devices: (i64, i64) = shop.platform.db.query(devices).one().await.unwrap();
    assert_eq!(devices, (1, 2), "{}", shop.kind());
}
