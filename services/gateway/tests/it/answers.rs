//! What happens to an answer on its way to the client.

use axum::Router;
use chassis::testing::{Answer, call};
use gateway::Config;

use crate::shop;

fn open() -> Router {
    shop::open(Config::default())
}

fn with_origins(origins: &[&str]) -> Router {
    let cors_origins = origins.iter().map(|&it| it.to_owned()).collect();
    shop::open(Config { cors_origins, ..Config::default() })
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |it| it.to_str().unwrap())
}

#[tokio::test]
async fn a_browser_is_told_not_to_be_clever() {
    let shop = open();
    for path in ["/api/v1/products", "/nothing", "/", "/docs"] {
        let answer = call(&shop, "GET", path).await;
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&answer, "x-frame-options"), "DENY", "{path}");
        assert_eq!(header(&answer, "referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header(&answer, "cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(header(&answer, "cross-origin-resource-policy"), "same-origin", "{path}");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert_eq!(policy.contains("script-src 'self'"), path == "/docs", "{path}: {policy}");
    }
    let picture = call(&shop, "GET", "/api/v1/categories").await;
    assert_eq!(header(&picture, "cross-origin-resource-policy"), "cross-origin");
}

#[tokio::test]
async fn an_error_without_a_word_gets_one() {
    let answer = call(&open(), "GET", "/api/v1/inventory").await;
    assert_eq!(header(&answer, "content-type"), "application/problem+json");
    assert_eq!(answer.problem(409), "refused");
}

#[tokio::test]
async fn other_sites_are_strangers_unless_they_are_named() {
    let origin = "https://shop.example.com";
    let answer = call(&open(), "GET", "/api/v1/products").header("origin", origin).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), "");
    let shop = with_origins(&[origin]);
    let answer = call(&shop, "GET", "/api/v1/products").header("origin", origin).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), origin);
    assert_eq!(header(&answer, "vary"), "origin");
    assert!(header(&answer, "access-control-expose-headers").contains("x-cart-token"));
    for stranger in ["https://evil.example.com", "https://shop.example.com.evil.com", "null"] {
        let answer = call(&shop, "GET", "/api/v1/products").header("origin", stranger).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), "", "{stranger}");
        assert_eq!(header(&answer, "vary"), "origin", "caches must keep them apart");
    }
    let answer = call(&with_origins(&["*"]), "GET", "/").header("origin", "https://any.com").await;
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_preflight_is_answered_for_named_sites() {
    let shop = with_origins(&["https://shop.example.com"]);
    let preflight = |origin: &str| {
        call(&shop, "OPTIONS", "/api/v1/orders/checkout")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,idempotency-key")
    };
    let answer = preflight("https://shop.example.com").await;
    assert_eq!(answer.status, 200);
    assert_ne!(header(&answer, "x-request-id"), "", "it passes the layers before, too");
    assert_eq!(header(&answer, "access-control-allow-origin"), "https://shop.example.com");
    assert!(header(&answer, "access-control-allow-methods").contains("POST"));
    assert!(header(&answer, "access-control-allow-headers").contains("idempotency-key"));
    let answer = preflight("https://evil.example.com").await;
    assert_eq!(header(&answer, "access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_coding_is_a_wish_and_no_condition() {
    let shop = open();
    for accept in ["identity;q=0", "*;q=0", "zstd, identity;q=0", "nonsense;q=nonsense"] {
        let answer = call(&shop, "POST", "/api/v1/products").header("accept-encoding", accept);
        let answer = answer.await;
        assert_eq!(answer.status, 200, "what was done is not answered with 406: {accept}");
        assert_eq!(header(&answer, "content-encoding"), "", "{accept}");
    }
}

#[tokio::test]
async fn a_panic_behind_the_gateway_is_an_internal_error_in_the_journal() {
    let mut parts = shop::parts(true);
    let broken = Router::new().fallback(async || -> &'static str { panic!("broken") });
    parts.services[0].reach = broken.into();
    let gateway = gateway::Gateway::new(Config::default(), parts).unwrap();
    let shop = Router::new().fallback_service(gateway.clone());
    let answer = call(&shop, "GET", "/api/v1/products").header("x-request-id", "mine").await;
    assert_eq!(header(&answer, "x-request-id"), "mine");
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    assert_eq!(answer.problem(500), "internal");
    let state = call(&gateway.admin(), "GET", "/admin.json").header("host", "localhost").await;
    let state: serde_json::Value = serde_json::from_slice(&state.bytes).unwrap();
    assert_eq!(state["failures"][0]["request_id"], "mine", "{state}");
    assert_eq!(state["failures"][0]["reason"], "internal", "{state}");
}

#[tokio::test]
async fn a_setting_that_cannot_be_meant_is_named() {
    let wrong = |config| gateway::router(config, shop::parts(true)).unwrap_err().to_string();
    let config = Config { cors_origins: vec!["shop.example".to_owned()], ..Config::default() };
    assert!(wrong(config).starts_with("gateway.cors_origins is \"shop.example\""));
    let config = Config { trusted_proxies: vec!["everyone".to_owned()], ..Config::default() };
    assert!(wrong(config).starts_with("gateway.trusted_proxies is \"everyone\""));
    let config = Config { timeout_seconds: 0, ..Config::default() };
    assert!(wrong(config).starts_with("gateway.timeout_seconds"));
    let config = Config { read_timeout_seconds: 0, ..Config::default() };
    assert!(wrong(config).starts_with("gateway.read_timeout_seconds"));
}

#[tokio::test]
async fn a_long_answer_is_made_smaller_for_who_understands_it() {
    let shop = open();
    let plain = call(&shop, "GET", "/api/v1/products/1").await;
    assert_eq!(header(&plain, "content-encoding"), "");
    assert_eq!(header(&plain, "vary"), "accept-encoding");
    assert_eq!(header(&plain, "etag"), "\"v1\"");
    for (accept, coding) in [("gzip", "gzip"), ("gzip, br", "br"), ("br;q=0.1, gzip", "gzip")] {
        let small =
            call(&shop, "GET", "/api/v1/products/1").header("accept-encoding", accept).await;
        assert_eq!(header(&small, "content-encoding"), coding);
        assert_eq!(header(&small, "vary"), "accept-encoding");
        assert_eq!(header(&small, "etag"), "W/\"v1\"", "other bytes, other tag");
        assert_eq!(header(&small, "content-length"), "");
        assert!(small.bytes.len() * 4 < plain.bytes.len(), "{}", small.bytes.len());
    }
    let magic = call(&shop, "GET", "/api/v1/products/1").header("accept-encoding", "gzip").await;
    assert_eq!(magic.bytes[..2], [0x1f, 0x8b]);
}

#[tokio::test]
async fn the_tag_of_a_smaller_answer_is_understood() {
    let shop = open();
    for tag in ["\"v1\"", "W/\"v1\""] {
        let answer = call(&shop, "GET", "/api/v1/products/1").header("if-none-match", tag).await;
        assert_eq!(answer.status, 304, "{tag}");
        assert!(answer.bytes.is_empty());
    }
}

#[tokio::test]
async fn what_cannot_get_smaller_is_left_alone() {
    let shop = open();
    for (path, coding) in [
        ("/api/v1/inventory/a", ""),
        ("/api/v1/categories", ""),
        ("/api/v1/products/1/images", "zstd"),
    ] {
        let answer = call(&shop, "GET", path).header("accept-encoding", "gzip, br").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(header(&answer, "content-encoding"), coding, "{path}");
        assert_eq!(header(&answer, "vary"), "", "{path}");
    }
    let unknown = call(&shop, "GET", "/api/v1/products/1").header("accept-encoding", "zstd").await;
    assert_eq!((unknown.status.as_u16(), header(&unknown, "content-encoding")), (200, ""));
}
