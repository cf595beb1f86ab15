//! How often one may ask.

use std::collections::BTreeMap;

use axum::Router;
use chassis::quota::Rate;
use chassis::testing::{User, call};
use gateway::Config;

use crate::shop;

/// So many at once, and one a minute after that.
fn bursts<const N: usize>(classes: [(&str, u32); N]) -> BTreeMap<String, Rate> {
    BTreeMap::from(classes.map(|(class, burst)| (class.to_owned(), Rate::new(1, burst))))
}

fn with_bursts<const N: usize>(classes: [(&str, u32); N]) -> Router {
    shop::open(Config { quotas: bursts(classes), ..Config::default() })
}

#[tokio::test]
async fn one_request_too_many_is_a_problem_that_tells_when_to_come_again() {
    let shop = with_bursts([("read", 2)]);
    for _ in 0..2 {
        let answer = call(&shop, "GET", "/api/v1/products").await;
        assert_eq!(answer.status, 200);
        assert!(!answer.headers.contains_key("ratelimit-limit"), "plain reads are not bothered");
    }
    let answer = call(&shop, "GET", "/api/v1/products").await;
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((55..=60).contains(&wait), "{wait}");
    assert_eq!(answer.headers["ratelimit-limit"], "2");
    assert_eq!(answer.headers["ratelimit-remaining"], "0");
    assert_eq!(answer.headers["ratelimit-reset"], answer.headers["retry-after"]);
    assert!(answer.headers.contains_key("x-request-id"));
    assert_eq!(answer.body["retry_after"], wait);
    assert_eq!(answer.problem(429), "rate_limited");
}

#[tokio::test]
async fn a_change_tells_what_is_left() {
    let shop = with_bursts([("write", 3)]);
    for left in ["2", "1", "0"] {
        let answer = call(&shop, "POST", "/api/v1/products").await;
        assert_eq!(answer.headers["ratelimit-remaining"], left);
        assert_eq!(answer.headers["ratelimit-limit"], "3");
        answer.expect(200);
    }
    assert_eq!(call(&shop, "POST", "/api/v1/products").await.status, 429);
}

#[tokio::test]
async fn classes_have_quotas_of_their_own() {
    let shop = with_bursts([("checkout", 1), ("login", 1)]);
    call(&shop, "POST", "/api/orders/checkout/").await.expect(200);
    assert_eq!(call(&shop, "POST", "/api/v1/orders/checkout").await.status, 429);
    assert_eq!(call(&shop, "POST", "/api/v1/products").await.status, 200);
    // Identity does not run here, but the limit comes first.
    assert_eq!(call(&shop, "POST", "/api/v1/auth/login").await.status, 503);
    assert_eq!(call(&shop, "POST", "/api/v1/auth/login").await.status, 429);
}

#[tokio::test]
async fn users_at_one_address_do_not_share_a_quota() {
    let shop = with_bursts([("write", 1)]);
    let (ada, bob) = (User::customer(), User::customer());
    for user in [&ada, &bob] {
        call(&shop, "POST", "/api/v1/products").user(user).await.expect(200);
        assert_eq!(call(&shop, "POST", "/api/v1/products").user(user).await.status, 429);
    }
    call(&shop, "POST", "/api/v1/products").await.expect(200);
    // A token that does not count makes nobody somebody.
    let forged = call(&shop, "POST", "/api/v1/products").header("authorization", "Bearer forged");
    assert_eq!(forged.await.status, 429);
}

#[tokio::test]
async fn an_account_does_not_help_at_the_login() {
    let shop = with_bursts([("login", 1)]);
    let login = || call(&shop, "POST", "/api/v1/auth/login");
    assert_eq!(login().user(&User::customer()).await.status, 503);
    assert_eq!(login().user(&User::customer()).await.status, 429);
}

#[tokio::test]
async fn what_watches_the_shop_is_not_limited() {
    let shop = with_bursts([("read", 1)]);
    for path in ["/ready", "/live"] {
        for _ in 0..3 {
            assert_eq!(call(&shop, "GET", path).await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn limits_can_be_turned_off() {
    let quotas = bursts([("read", 1)]);
    let shop = shop::open(Config { rate_limits: false, quotas, ..Config::default() });
    for _ in 0..3 {
        assert_eq!(call(&shop, "GET", "/api/v1/products").await.status, 200);
    }
}
