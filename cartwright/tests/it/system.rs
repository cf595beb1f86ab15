//! What an operator sees of every service, and repairs.

use std::net::TcpListener;

use cartwright::registry::NAMES;
use chassis::db::Session;
use chassis::id;
use chassis::testing::{Engine, is_left_out, on, redis_url};
use serde_json::{Value, json};

use crate::program::{Program, free_address};
use crate::shop::{Live, Shape, eventually_answers, sqlite};

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_sees_every_service_and_has_a_lost_event_handled_again(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let admin = shop.admin().await;
    let health = admin.get("//health").await.expect(200);
    let kind = if place.kind == "sqlite" { "sqlite" } else { "postgres" };
    assert_eq!(health["gateway"]["version"], env!("CARGO_PKG_VERSION"));
    for service in NAMES {
        let told = &health["services"][service];
        assert_eq!(told["version"], env!("CARGO_PKG_VERSION"), "{health}");
        assert_eq!(told["database_kind"], kind, "{health}");
        let outbox = admin.get(&format!("/{service}/outbox")).await.expect(200);
        assert_eq!(outbox["dead_letters"], 0, "{service}");
        let refused = shop.http.get(&format!("/{service}/dead-letters")).await;
        assert_eq!(refused.problem(401), "unauthenticated");
    }
    let product = shop.product("LAMP-1", 1_999, 5).await;
    let event = lose(&shop, &product).await;
    let outbox = admin.get("/catalog/outbox").await.expect(200);
    assert_eq!(outbox["dead_letters"], 1);
    let letters = admin.get("/catalog/dead-letters").await.expect(200);
    let [letter] = letters["items"].as_array().expect("items").as_slice() else {
        panic!("{letters}")
    };
    assert_eq!(letter["type"], "rating.changed");
    assert_eq!(letter["data"]["count"], 2);
    let path = format!("/catalog/dead-letters/catalog.ratings/{event}/replay");
    admin.call("POST", &path).await.expect(204);
    assert_eq!(admin.call("POST", &path).await.problem(404), "dead_letter_not_found");
    let path = format!("/products/{}", product["id"].as_str().expect("an id"));
    let rating = async || shop.http.get(&path).await.expect(200)["rating"].clone();
    eventually_answers(rating, |it| it["count"] == 2).await;
    lose(&shop, &product).await;
    let ratings = async || queues(&admin, "catalog").await["catalog.ratings"].clone();
    assert_eq!(ratings().await["dead"], 1);
    let path = "/catalog/queues/catalog.ratings/replay";
    assert_eq!(admin.call("POST", path).await.expect(200)["replayed"], 1);
    eventually_answers(ratings, |it| it["dead"] == 0 && it["waiting"] == 0).await;
    for (service, queue) in [
        ("catalog", "catalog.imports"),
        ("orders", "orders.sagas"),
        ("payments", "payments.operations"),
        ("notifications", "notifications.messages"),
    ] {
        assert_eq!(queues(&admin, service).await[queue]["dead"], 0, "{queue}");
    }
    shop.check().await;
    shop.stop().await;
}

/// The queues of a service by their names.
async fn queues(admin: &crate::client::Http, service: &str) -> Value {
    let queues = admin.get(&format!("/{service}/queues")).await.expect(200);
    let named = |it: &Value| (it["name"].as_str().expect("a name").to_owned(), it.clone());
    queues.as_array().expect("queues").iter().map(named).collect::<serde_json::Map<_, _>>().into()
}

/// What is told of the shop's parts, wherever they run.
fn details(health: &Value) -> usize {
    let text = health.to_string();
    ["\"version\"", "\"database_kind\"", "\"error\""]
        .map(|it| text.matches(it).count())
        .iter()
        .sum()
}

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn metrics_and_versions_are_for_operators_and_not_for_customers(shape: Shape) {
    let mut place = shape.place().await;
    if place.kind != "apart" && !is_left_out(&Engine::Redis) {
        place.config.redis.url = redis_url().await;
    }
    place.config.gateway.metrics_listen = "127.0.0.1:0".to_owned();
    let shop = place.start_here().await;
    let (operators, customer) = (shop.operators(), shop.customer("ada").await);
    for http in [&shop.http, &customer, &shop.admin().await] {
        assert_eq!(http.get("//metrics").await.problem(404), "not_found");
    }
    let metrics = async || {
        let metrics = operators.get("//metrics").await;
        assert_eq!(metrics.status, 200);
        Value::from(String::from_utf8_lossy(&metrics.bytes).into_owned())
    };
    let has =
        |line: &'static str| move |it: &Value| it.as_str().is_some_and(|it| it.contains(line));
    eventually_answers(metrics, has("gateway_requests_total{status=\"4xx\"}")).await;
    if !place.config.redis.url.is_empty() {
        eventually_answers(metrics, has("redis_up 1")).await;
        let health = shop.http.get("//health").await.expect(200);
        assert!(health["engines"]["redis"]["response_time_ms"].is_number(), "{health:#}");
    }
    for (http, told) in [(&shop.http, false), (&customer, false), (&operators, true)] {
        let health = http.get("//health").await.expect(200);
        assert_eq!(details(&health) > 0, told, "{health:#}");
        for service in NAMES {
            let one = &health["services"][service];
            assert_eq!(one["status"], "healthy", "{health:#}");
            assert_eq!(one["database_kind"].is_string(), told, "{health:#}");
            if http.address() == shop.http.address() {
                let one = http.get(&format!("/{service}/health")).await.expect(200);
                assert_eq!(details(&one), 0, "{one}");
            }
        }
    }
    let admin = shop.admin().await;
    for service in NAMES {
        let one = admin.get(&format!("/{service}/health")).await.expect(200);
        assert_eq!(one["version"], env!("CARGO_PKG_VERSION"), "{one}");
    }
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_for_metrics_that_is_taken_matters_only_where_it_was_chosen() {
    let mut place = sqlite();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    place.config.gateway.metrics_listen = address.clone();
    let said = place.fails(&["serve", "--listen", "127.0.0.1:0"]);
    let expected = format!("cannot listen on {address}: another program uses it");
    assert!(said.contains(&expected) && said.contains("gateway.metrics_listen"), "{said}");

    place.config.gateway.metrics_listen = gateway::METRICS_LISTEN.to_owned();
    // It may be somebody else's already.
    let _taken = TcpListener::bind(gateway::METRICS_LISTEN);
    let mut program = Program::start(&place, &[], free_address());
    program.ready().await;
    assert!(program.said().contains("metrics are not served"), "{}", program.said());
    program.stop().await;
}

/// Puts a rating of the product among the events that the catalog could not handle.
async fn lose(shop: &Live, product: &Value) -> String {
    let event = id::new();
    let envelope = json!({
        "specversion": "1.0", "id": event, "source": "/reviews", "type": "rating.changed",
        "subject": product["id"], "time": "2026-01-02T12:00:00Z",
        "datacontenttype": "application/json", "sequence": 1,
        "data": { "product_id": product["id"], "count": 2, "sum": 9 },
    });
    let now = chassis::clock::Clock::System.now();
    let db = shop.stores().get("catalog").expect("a database");
    db.query(
        "INSERT INTO inbox (consumer, event_id, type, envelope, status, attempts, received_at,
                            available_at, error)
         VALUES ('catalog.ratings', $1, 'rating.changed', $2, 'dead', 5, $3, $3, 'lost')",
    )
    .bind(event)
    .bind(chassis::db::Json(envelope))
    .bind(now)
    .execute()
    .await
    .expect("a row");
    event.to_string()
}
