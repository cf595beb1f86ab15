//! What the gateway answers itself.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use chassis::testing::call;
use gateway::{Config, Parts, Upstream};
use serde_json::json;

use crate::shop::{described, open, parts};

#[tokio::test]
async fn the_front_door_tells_who_answers_and_where_to_go() {
    let shop = open(Config::default());
    let who = call(&shop, "GET", "/").await.expect(200);
    assert_eq!(who["name"], "Cartwright");
    assert_eq!(who["version"], "1.2.3");
    for (name, link) in who["links"].as_object().unwrap() {
        let status = call(&shop, "GET", link.as_str().unwrap()).await.status;
        assert_eq!(status, 200, "{name}");
    }
}

#[tokio::test]
async fn readiness_follows_the_process_and_life_does_not() {
    let (ready, watched) = tokio::sync::watch::channel(false);
    let shop = gateway::router(Config::default(), Parts { ready: watched, ..parts(true) }).unwrap();
    assert_eq!(call(&shop, "GET", "/ready").await.problem(503), "not_ready");
    assert_eq!(call(&shop, "GET", "/live").await.status, 200);
    ready.send(true).unwrap();
    assert_eq!(call(&shop, "GET", "/ready").await.expect(200), json!({ "status": "ready" }));
    ready.send(false).unwrap();
    assert_eq!(call(&shop, "GET", "/ready/").await.problem(503), "not_ready");
}

/// A shop with a service per status of its health; 0 is one that does not answer.
fn with_health(statuses: &[(&'static str, u16)]) -> Router {
    let services = statuses.iter().map(|&(name, status)| {
        let health = move || async move {
            let said = json!({ "version": "4.5.6", "database_kind": "sqlite" });
            match StatusCode::from_u16(status) {
                Ok(status) => (status, axum::Json(said)),
                Err(_) => std::future::pending().await,
            }
        };
        let router = Router::new().route(&format!("/api/v1/{name}/health"), get(health));
        let document = json!({
            "openapi": "3.1.0", "info": { "title": name, "version": "0" }, "paths": {}
        });
        Upstream { name, reach: router.into(), openapi: described(document) }
    });
    let parts = Parts { services: services.collect(), ..parts(true) };
    gateway::router(Config::default(), parts).unwrap()
}

#[tokio::test]
async fn a_shop_is_healthy_when_all_services_are() {
    let shop = with_health(&[("catalog", 200), ("orders", 200)]);
    let health = call(&shop, "GET", "/health").await.expect(200);
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["timestamp"], "2026-01-02T12:00:00Z");
    assert_eq!(health["gateway"], json!({ "status": "healthy", "version": "1.2.3" }));
    for service in ["catalog", "orders"] {
        assert_eq!(health["services"][service]["status"], "healthy");
        assert!(health["services"][service]["response_time_ms"].as_f64().unwrap() >= 0.0);
        assert_eq!(health["services"][service]["version"], "4.5.6");
        assert_eq!(health["services"][service]["database_kind"], "sqlite");
    }
}

#[tokio::test]
async fn a_shop_with_a_sick_service_is_degraded() {
    let shop = with_health(&[("catalog", 503), ("orders", 200)]);
    let health = call(&shop, "GET", "/health").await.expect(200);
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["services"]["catalog"]["status"], "unhealthy");
    assert_eq!(health["services"]["orders"]["status"], "healthy");
}

#[tokio::test]
async fn a_shop_with_only_sick_services_is_unhealthy() {
    let shop = with_health(&[("catalog", 503), ("orders", 404)]);
    let health = call(&shop, "GET", "/health/").await.expect(503);
    assert_eq!(health["status"], "unhealthy");
    assert_eq!(health["gateway"]["status"], "healthy");
}

#[tokio::test]
async fn services_that_do_not_answer_are_waited_for_together_and_not_long() {
    let shop = with_health(&[("catalog", 0), ("orders", 0), ("cart", 200)]);
    let began = std::time::Instant::now();
    let health = call(&shop, "GET", "/health").await.expect(200);
    assert!((2..4).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["services"]["catalog"]["status"], "unhealthy");
}

#[tokio::test]
async fn the_numbers_count_what_was_asked() {
    let shop = open(Config::default());
    call(&shop, "GET", "/api/v1/products").await.expect(200);
    call(&shop, "GET", "/nothing").await.expect(404);
    let answer = call(&shop, "GET", "/metrics").await;
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    let text = String::from_utf8(answer.bytes.to_vec()).unwrap();
    let number = |name: &str| -> f64 {
        let line = text.lines().find(|it| it.starts_with(name));
        line.unwrap_or_else(|| panic!("no {name}: {text}"))
            .rsplit(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    assert!(number("gateway_requests_total{status=\"2xx\"}") >= 1.0);
    assert!(number("gateway_requests_total{status=\"4xx\"}") >= 1.0);
    assert!(number("gateway_requests_in_flight") >= 1.0, "this one");
    assert_eq!(number("gateway_rejected_total{class=\"login\"}"), 0.0);
}
