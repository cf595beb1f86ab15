//! What happens to a request on its way to a service.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use chassis::testing::{User, call};
use gateway::Config;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::shop;

fn open() -> Router {
    shop::open(Config::default())
}

#[tokio::test]
async fn a_path_leads_to_its_service_however_it_is_written() {
    let shop = open();
    for path in ["/api/v1/products", "/api/products", "/api/products/", "/api/v1/products/"] {
        let asked = format!("{path}?search=red%20shoes&limit=2");
        let reached = call(&shop, "GET", &asked).await.expect(200);
        assert_eq!(reached["uri"], "/api/v1/products?search=red%20shoes&limit=2", "{path}");
    }
    let product = call(&shop, "GET", "/api/products/caf%C3%A9/").await.expect(200);
    assert_eq!(product["id"], "café");
}

#[tokio::test]
async fn an_unknown_path_is_a_problem() {
    let shop = open();
    for path in
        ["/nothing", "/api", "/api/v1", "/api/v1/nothing", "/api/v2/products", "/api/v1/auth"]
    {
        let answer = call(&shop, "GET", path).await;
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
        assert_eq!(answer.problem(404), "not_found", "{path}");
    }
    // Known to the gateway, but not to the service.
    assert_eq!(call(&shop, "GET", "/api/v1/products/1/nothing").await.problem(404), "not_found");
}

#[tokio::test]
async fn what_services_tell_each_other_cannot_be_reached() {
    let shop = open();
    for path in [
        "/internal/reserve",
        "/api/v1/internal/reserve",
        "/api/internal/reserve",
        "/api/v1/products/../../../internal/reserve",
        "/api/v1/../../internal/reserve",
        "/%69nternal/reserve",
    ] {
        assert_eq!(call(&shop, "POST", path).await.problem(404), "not_found", "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_which_are_right() {
    let shop = open();
    for (method, path, allowed) in [
        ("DELETE", "/api/v1/products", "GET,HEAD,POST"),
        ("POST", "/api/v1/products/1", "GET,HEAD"),
        ("OPTIONS", "/api/v1/products", "GET,HEAD,POST"),
        ("POST", "/health", "GET,HEAD"),
        ("PUT", "/docs", "GET,HEAD"),
    ] {
        let answer = call(&shop, method, path).await;
        assert_eq!(answer.headers["allow"], allowed, "{method} {path}");
        assert_eq!(answer.problem(405), "method_not_allowed", "{method} {path}");
    }
}

#[tokio::test]
async fn a_service_that_does_not_run_here_is_unavailable() {
    let answer = call(&open(), "GET", "/api/v1/cart").await;
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.problem(503), "service_unavailable");
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_not_waited_for() {
    let most = |timeout_seconds, read_timeout_seconds| Config {
        timeout_seconds,
        read_timeout_seconds,
        ..Config::default()
    };
    for (method, config) in [("GET", most(600, 1)), ("POST", most(1, 600))] {
        let answer = call(&shop::open(config), method, "/api/v1/categories/1").await;
        assert_eq!(answer.problem(504), "gateway_timeout", "{method}");
    }
}

#[tokio::test]
async fn a_service_that_runs_nowhere_is_away_and_not_named() {
    let answer = call(&open(), "GET", "/.well-known/jwks.json").await.expect(503);
    assert_eq!(answer["code"], "service_unavailable");
    assert!(!answer.to_string().contains("identity"), "{answer}");
}

#[tokio::test]
async fn a_path_that_is_no_text_is_a_problem() {
    let shop = open();
    for path in ["/api/v1/products/%00", "/api/v1/products/%ff", "/api/v1/products/%zz", "/%"] {
        assert_eq!(call(&shop, "GET", path).await.problem(400), "malformed_path", "{path}");
    }
}

#[tokio::test]
async fn too_much_of_anything_is_a_problem() {
    let shop = open();
    let long = format!("/api/v1/products?search={}", "x".repeat(9000));
    assert_eq!(call(&shop, "GET", &long).await.problem(414), "uri_too_long");
    let answer = call(&shop, "GET", "/api/v1/products").header("x-much", &"x".repeat(40_000)).await;
    assert_eq!(answer.problem(431), "headers_too_large");
    let answer = call(&shop, "POST", "/api/v1/products").header("content-length", "1048577").await;
    assert_eq!(answer.problem(413), "body_too_large");
    let answer = call(&shop, "POST", "/api/v1/orders").header("content-length", "65537").await;
    assert!(answer.body["detail"].as_str().unwrap().contains("at most 65536 bytes"), "{answer:?}");
    assert_eq!(answer.problem(413), "body_too_large");
}

#[tokio::test]
async fn every_answer_has_an_id_and_the_service_knows_it() {
    let shop = open();
    let answer = call(&shop, "GET", "/api/v1/products").header("x-request-id", "mine-1.2_3").await;
    assert_eq!(answer.headers["x-request-id"], "mine-1.2_3");
    assert_eq!(answer.body["headers"]["x-request-id"], "mine-1.2_3");
    for path in ["/api/v1/products", "/nothing", "/health"] {
        let answer = call(&shop, "GET", path).header("x-request-id", "not a <decent> one").await;
        let id = answer.headers["x-request-id"].to_str().unwrap();
        assert!(id.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-'), "{id}");
        if let Some(known) = answer.body["headers"].get("x-request-id") {
            assert_eq!(known, id);
        }
    }
}

#[tokio::test]
async fn claims_about_who_asks_do_not_reach_a_service() {
    let user = User::customer();
    let reached = call(&open(), "GET", "/api/v1/products")
        .user(&user)
        .header("x-user-id", "1")
        .header("x-roles", "admin")
        .header("x-forwarded-for", "6.6.6.6")
        .header("connection", "keep-alive, x-cart-token")
        .header("keep-alive", "timeout=5")
        .header("x-cart-token", "named by Connection")
        .header("x-order-token", "kept")
        .await
        .expect(200);
    let names: Vec<&String> = reached["headers"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["authorization", "x-order-token", "x-request-id"]);
}

#[tokio::test]
async fn an_invalid_token_is_the_services_to_refuse() {
    let answer =
        call(&open(), "GET", "/api/v1/products").header("authorization", "Bearer no").await;
    assert_eq!(answer.expect(200)["headers"]["authorization"], "Bearer no");
}

/// What the service takes for the client's address, and for the shop's as the client named it.
async fn seen(trusted: &[&str], forwarded: &str) -> [Value; 2] {
    let trusted_proxies = trusted.iter().map(|&it| it.to_owned()).collect();
    let shop = shop::open(Config { trusted_proxies, ..Config::default() });
    let mut request = Request::get("/api/v1/products")
        .header("host", "shop.example")
        .header("x-forwarded-for", forwarded)
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "public.example");
    let peer: SocketAddr = "10.0.0.1:4000".parse().unwrap();
    request.extensions_mut().unwrap().insert(ConnectInfo(peer));
    let answer = shop.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let echo: Value = serde_json::from_slice(&body).unwrap();
    ["peer", "site"].map(|it| echo[it].clone())
}

#[tokio::test]
async fn the_service_learns_the_clients_address_and_the_shops() {
    assert_eq!(seen(&[], "1.1.1.1").await, ["10.0.0.1:4000", "http://shop.example"]);
    let proxy = ["10.0.0.0/8"];
    assert_eq!(seen(&proxy, "6.6.6.6, 1.1.1.1").await, ["1.1.1.1:0", "https://public.example"]);
}

#[tokio::test]
async fn what_an_outer_router_left_behind_does_not_confuse_the_service() {
    let shop = Router::new().route("/{*rest}", axum::routing::any_service(open()));
    let product = call(&shop, "GET", "/api/v1/products/7").await.expect(200);
    assert_eq!(product["id"], "7");
}

#[tokio::test]
async fn a_head_is_answered_like_a_get_without_its_body() {
    let answer = call(&open(), "HEAD", "/api/v1/products/7").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["etag"], "\"v1\"");
    assert!(answer.bytes.is_empty());
}

#[tokio::test]
async fn a_method_nobody_knows_is_not_allowed() {
    let method = Method::from_bytes(b"BREW").unwrap();
    assert_eq!(
        call(&open(), method.as_str(), "/api/v1/products").await.problem(405),
        "method_not_allowed"
    );
}
