use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::*;
use crate::db::{Session, Tx};
use crate::inbox::{Failure, Handler};
use crate::outbox::Envelope;
use crate::service::{Platform, Service};
use crate::testing::{CHASSIS_ONLY, Database, User, call, databases, noon};

/// A service with this many events that nobody could handle.
async fn service(platform: &Platform, dead: u128) -> Service {
    for n in 1..=dead {
        let envelope = Envelope {
            specversion: "1.0".to_owned(),
            id: Uuid::from_u128(n),
            source: "/orders".to_owned(),
            kind: "order.created".to_owned(),
            subject: "7".to_owned(),
            time: noon(),
            datacontenttype: "application/json".to_owned(),
            traceparent: None,
            sequence: 3,
            data: json!({ "n": n as u64 }),
        };
        let insert = platform.db.query(
            "INSERT INTO inbox (consumer, event_id, type, envelope, status, attempts, received_at,
                                available_at, error)
             VALUES ('bell.orders', $1, $2, $3, 'dead', 5, $4, $4, 'no')",
        );
        let insert = insert.bind(envelope.id).bind(envelope.kind.clone());
        let insert = insert.bind(crate::db::Json(envelope)).bind(noon());
        insert.execute().await.expect("a row");
    }
    Service::new("bell", platform, OpenApiRouter::new())
}

#[databases]
async fn an_operator_sees_what_could_not_be_handled_page_by_page(database: Database) {
    let operator = User::with(&["system:read"]);
    let platform = database.platform(CHASSIS_ONLY).await;
    let router = service(&platform, 3).await.router;
    let get = |path: &str| call(&router, "GET", &format!("/api/v1/bell{path}")).user(&operator);
    let counts = get("/outbox").await.expect(200);
    assert_eq!(counts, json!({ "waiting": 0, "oldest_at": null, "dead_letters": 3 }));
    let mut cursor = String::new();
    for n in 1..=3 {
        let page = get(&format!("/dead-letters?limit=1{cursor}")).await.expect(200);
        let expected = json!([{
            "consumer": "bell.orders", "event_id": Uuid::from_u128(n), "type": "order.created",
            "source": "/orders", "subject": "7", "sequence": 3, "time": noon(),
            "received_at": noon(), "attempts": 5, "error": "no", "data": { "n": n as u64 },
        }]);
        assert_eq!(page["items"], expected, "{}", platform.kind);
        let next = page["next_cursor"].as_str().unwrap_or_default();
        cursor = if next.is_empty() { String::new() } else { format!("&cursor={next}") };
    }
    assert_eq!(cursor, "");
    for query in ["limit=0", "cursor=x"] {
        get(&format!("/dead-letters?{query}")).await.expect(422);
    }
    // Nobody else sees anything, and seeing is not repairing.
    let path = "/api/v1/bell/dead-letters/bell.orders/00000000-0000-0000-0000-000000000001";
    assert_eq!(call(&router, "GET", "/api/v1/bell/outbox").await.status, 401);
    for path in ["/api/v1/bell/outbox", "/api/v1/bell/dead-letters"] {
        let other = User::with(&["system:write"]);
        assert_eq!(call(&router, "GET", path).user(&other).await.problem(403), "forbidden");
    }
    let replay = call(&router, "POST", &format!("{path}/replay")).user(&operator).await;
    assert_eq!(replay.problem(403), "forbidden");
}

#[databases]
async fn an_operator_has_an_event_handled_again(database: Database) {
    let operator = User::with(&["system:read", "system:write"]);
    let platform = database.platform(CHASSIS_ONLY).await;
    let router = service(&platform, 2).await.router;
    let replay = async |consumer: &str, event: &str| {
        let path = format!("/api/v1/bell/dead-letters/{consumer}/{event}/replay");
        call(&router, "POST", &path).user(&operator).await
    };
    let event = Uuid::from_u128(2).to_string();
    replay("bell.orders", &event).await.expect(204);
    let row = "SELECT status, attempts FROM inbox WHERE event_id = $1";
    let row = platform.db.query(row).bind(Uuid::from_u128(2));
    assert_eq!(row.one::<(String, i64)>().await.unwrap(), ("pending".to_owned(), 0));
    for (consumer, event) in [("bell.orders", event.as_str()), ("x", event.as_str())] {
        assert_eq!(replay(consumer, event).await.problem(404), "dead_letter_not_found");
    }
    assert_eq!(replay("bell.orders", "x").await.problem(404), "not_found");
    let list = call(&router, "GET", "/api/v1/bell/dead-letters").user(&operator);
    assert_eq!(list.await.expect(200)["items"].as_array().unwrap().len(), 1);
    let health = call(&router, "GET", "/api/v1/bell/health").user(&operator).await.expect(200);
    assert_eq!(health["database_kind"], platform.kind);
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    let health = call(&router, "GET", "/api/v1/bell/health").await.expect(200);
    assert_eq!((&health["status"], &health["version"]), (&json!("healthy"), &Value::Null));
}

#[databases]
async fn an_operator_sees_all_queues_and_has_what_is_dead_tried_again(database: Database) {
    let operator = User::with(&["system:read", "system:write"]);
    let platform = database.platform(CHASSIS_ONLY).await;
    let service = service(&platform, 2).await.consumer("bell.orders", Deaf);
    let get = || call(&service.router, "GET", "/api/v1/bell/queues").user(&operator);
    let queue = |name: &str, waiting: i64, dead: i64| {
        json!({ "name": name, "waiting": waiting, "oldest_seconds": 0.0, "running": 0,
                "dead": dead })
    };
    let outbox = queue("bell.outbox", 0, 0);
    let queues = get().await.expect(200);
    assert_eq!(queues, json!([outbox, queue("bell.orders", 0, 2)]), "{}", platform.kind);
    let replay = async |queue: &str, user: &User| {
        let path = format!("/api/v1/bell/queues/{queue}/replay");
        call(&service.router, "POST", &path).user(user).await
    };
    let reader = User::with(&["system:read"]);
    assert_eq!(replay("bell.orders", &reader).await.problem(403), "forbidden");
    assert_eq!(replay("bell.users", &operator).await.problem(404), "queue_not_found");
    for (queue, replayed) in [("bell.outbox", 0), ("bell.orders", 2), ("bell.orders", 0)] {
        let answer = replay(queue, &operator).await.expect(200);
        assert_eq!(answer, json!({ "replayed": replayed }));
    }
    assert_eq!(get().await.expect(200), json!([outbox, queue("bell.orders", 2, 0)]));
    let metrics = crate::telemetry::start_metrics();
    service.queues.measure(&platform.db, &platform.clock).await.unwrap();
    let text = metrics.render();
    assert!(text.contains("queue_waiting{queue=\"bell.orders\"} 2"), "{text}");
    assert!(text.contains("events_unsent{service=\"bell\"} 0"), "{text}");
    let other = User::with(&["system:write"]);
    let forbidden = call(&service.router, "GET", "/api/v1/bell/queues").user(&other).await;
    assert_eq!(forbidden.problem(403), "forbidden");
}

/// Hears nothing.
struct Deaf;

impl Handler for Deaf {
    fn types(&self) -> &'static [&'static str] {
        &[]
    }

    fn handle<'a>(
        &'a self,
        _: &'a mut Tx,
        _: &'a Envelope,
    ) -> BoxFuture<'a, std::result::Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn every_service_has_operations_of_its_own() {
    let described = Service::describe("bell", OpenApiRouter::<()>::new());
    let described = serde_json::to_value(described).unwrap();
    let mut ids = Vec::new();
    for operations in described["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
            assert_eq!(operation["tags"], json!(["bell"]));
        }
    }
    ids.sort();
    assert_eq!(
        ids,
        [
            "bell_dead_letters.list",
            "bell_dead_letters.replay",
            "bell_health.get",
            "bell_outbox.get",
            "bell_queues.list",
            "bell_queues.replay",
        ]
    );
}
