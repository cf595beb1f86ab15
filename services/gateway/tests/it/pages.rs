//! What the gateway answers itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use chassis::testing::{User, call, in_time};
use gateway::{Config, Engine, Gateway, Parts, Upstream};
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

fn engine(name: &'static str, answer: Result<(), &'static str>) -> Engine {
    let probe = move || Box::pin(std::future::ready(answer.map_err(Into::into))) as _;
    Engine { name, probe: Arc::new(probe) }
}

/// The requests to services that do not answer.
#[derive(Default)]
struct Unanswered {
    /// Who waits holds it.
    now: Arc<()>,
    most_at_once: AtomicUsize,
}

impl Unanswered {
    async fn wait<T>(&self) -> T {
        let _waits = self.now.clone();
        self.most_at_once.fetch_max(Arc::strong_count(&self.now) - 1, Ordering::SeqCst);
        std::future::pending().await
    }
}

fn with_health(statuses: &[(&'static str, u16)]) -> Router {
    Router::new().fallback_service(gateway(statuses, Vec::new()))
}

/// A shop with a service per status of its health; 0 is one that does not answer.
fn gateway(statuses: &[(&'static str, u16)], engines: Vec<Engine>) -> Gateway {
    gateway_of(statuses, engines, &Arc::default())
}

fn gateway_of(
    statuses: &[(&'static str, u16)],
    engines: Vec<Engine>,
    unanswered: &Arc<Unanswered>,
) -> Gateway {
    let services = statuses.iter().map(|&(name, status)| {
        let unanswered = unanswered.clone();
        let health = move || async move {
            let said = json!({ "version": "4.5.6", "database_kind": "sqlite" });
            match StatusCode::from_u16(status) {
                Ok(status) => (status, axum::Json(said)),
                Err(_) => unanswered.wait().await,
            }
        };
        let router = Router::new().route(&format!("/api/v1/{name}/health"), get(health));
        let document = json!({
            "openapi": "3.1.0", "info": { "title": name, "version": "0" }, "paths": {}
        });
        Upstream { name, reach: router.into(), openapi: described(document) }
    });
    let parts = Parts { services: services.collect(), engines, ..parts(true) };
    Gateway::new(Config::default(), parts).unwrap()
}

#[tokio::test]
async fn a_shop_is_healthy_when_all_services_are() {
    let shop = with_health(&[("catalog", 200), ("orders", 200)]);
    let health = call(&shop, "GET", "/health").await.expect(200);
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["timestamp"], "2026-01-02T12:00:00Z");
    assert_eq!(health["gateway"], json!({ "status": "healthy" }));
    for service in ["catalog", "orders"] {
        let health = health["services"][service].as_object().unwrap();
        assert_eq!(health["status"], "healthy");
        assert!(health["response_time_ms"].as_f64().unwrap() >= 0.0);
        assert_eq!(health.len(), 2, "nothing else is told to everybody: {health:?}");
    }
}

#[tokio::test]
async fn versions_and_errors_are_told_to_operators_alone() {
    let shop = gateway(&[("catalog", 200), ("orders", 0)], vec![engine("redis", Err("cut off"))]);
    let public = Router::new().fallback_service(shop.clone());
    let health = || call(&public, "GET", "/health");
    let operators = shop.operators("10.0.0.1:9464".parse().unwrap());
    for (seen, asked) in [
        (false, health()),
        (false, health().user(&User::with(&["orders:read"]))),
        (true, health().user(&User::with(&["system:read"]))),
        (true, call(&operators, "GET", "/health")),
    ] {
        let told = asked.await;
        assert_eq!(told.headers["cache-control"], "no-store");
        let told = told.expect(200);
        assert_eq!(told["status"], "degraded");
        assert_eq!(told["engines"]["redis"]["status"], "unhealthy");
        let details = [
            ("/gateway/version", "1.2.3"),
            ("/services/catalog/version", "4.5.6"),
            ("/services/catalog/database_kind", "sqlite"),
            ("/services/orders/error", "the deadline has passed"),
            ("/engines/redis/error", "cut off"),
        ];
        for (place, detail) in details {
            let found = told.pointer(place).map(|it| it.as_str().unwrap());
            assert_eq!(found, seen.then_some(detail), "{place}: {told:#}");
        }
    }
    let expired = health().header("authorization", "Bearer nonsense").await;
    assert_eq!(expired.problem(401), "token_invalid");
}

#[tokio::test]
async fn a_shop_without_one_of_its_engines_is_degraded() {
    for (answer, status) in [(Ok(()), "healthy"), (Err("cut off"), "degraded")] {
        let shop = gateway(&[("catalog", 200)], vec![engine("bus", answer)]);
        let public = Router::new().fallback_service(shop);
        let health = call(&public, "GET", "/health").await.expect(200);
        assert_eq!(health["status"], status, "{health:#}");
        assert!(health["engines"]["bus"]["response_time_ms"].as_f64().unwrap() >= 0.0);
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
    let silent = ["catalog", "orders", "identity", "payments", "reviews", "notifications"];
    let all: Vec<_> = silent.into_iter().map(|it| (it, 0)).chain([("cart", 200)]).collect();
    let unanswered = Arc::<Unanswered>::default();
    let shop = Router::new().fallback_service(gateway_of(&all, Vec::new(), &unanswered));
    let health = in_time("an answer", call(&shop, "GET", "/health").send()).await.expect(200);
    assert_eq!(unanswered.most_at_once.load(Ordering::SeqCst), silent.len());
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["services"]["catalog"]["status"], "unhealthy");
}

#[tokio::test]
async fn the_numbers_are_for_operators_alone_and_count_what_was_asked() {
    let shop = Gateway::new(Config::default(), parts(true)).unwrap();
    let public = Router::new().fallback_service(shop.clone());
    call(&public, "GET", "/api/v1/products").await.expect(200);
    call(&public, "GET", "/nothing").await.expect(404);
    assert_eq!(call(&public, "GET", "/metrics").await.problem(404), "not_found");
    let operators = shop.operators("0.0.0.0:9464".parse().unwrap());
    let answer = call(&operators, "GET", "/metrics").await;
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
    assert!(number("gateway_requests_total{status=\"4xx\"}") >= 2.0);
    assert_eq!(number("gateway_rejected_total{class=\"login\"}"), 0.0);
}

#[tokio::test]
async fn on_this_machine_alone_the_numbers_are_not_for_pages_of_other_sites() {
    let shop = Gateway::new(Config::default(), parts(true)).unwrap();
    let operators = shop.operators("127.0.0.1:9464".parse().unwrap());
    for (host, status) in [("127.0.0.1:9464", 200), ("localhost:9464", 200), ("evil.example", 421)]
    {
        for path in ["/metrics", "/health"] {
            let answer = call(&operators, "GET", path).header("host", host).await;
            assert_eq!(answer.status, status, "{host}{path}");
        }
    }
}
