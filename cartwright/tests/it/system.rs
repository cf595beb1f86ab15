//! What an operator sees of every service, and repairs.

use chassis::db::Session;
use chassis::id;
use serde_json::{Value, json};

use crate::shop::{Live, eventually, places};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_sees_every_service_and_has_a_lost_event_handled_again() {
    for place in places().await {
        let shop = place.start().await;
        let admin = shop.admin().await;
        let health = shop.http.get("//health").await.expect(200);
        let kind = if place.kind == "sqlite" { "sqlite" } else { "postgres" };
        assert_eq!(health["gateway"]["version"], env!("CARGO_PKG_VERSION"));
        for service in cartwright::shop::NAMES {
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
        eventually(rating, |it| it["count"] == 2).await;
        shop.check().await;
        shop.stop().await;
    }
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
    .bind(sqlx::types::Json(envelope))
    .bind(now)
    .execute()
    .await
    .expect("a row");
    event.to_string()
}
