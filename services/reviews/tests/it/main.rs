//! Reviews, over HTTP, on both databases.

mod moderation;
mod purchases;
mod reading;
mod writing;

use chassis::db::Session;
use chassis::service::Service;
use chassis::testing::{Call, Database, TestPlatform, User, call};
use contracts::catalog::{self, Offer};
use contracts::testing::{Catalog, Fake, offer};
use reviews::{Config, MIGRATIONS};
use serde_json::{Value, json};
use uuid::Uuid;

struct Shop {
    service: Service,
    platform: TestPlatform,
}

/// Has one variant.
const LAMP: Uuid = Uuid::from_u128(1);
/// Has two variants.
const SHIRT: Uuid = Uuid::from_u128(2);

/// A catalog with a lamp and shirts.
fn catalog() -> catalog::Client {
    let fake = Fake::<Catalog>::default();
    let of = |product_id, sku| Offer { product_id, ..offer(sku, 1999, 0) };
    fake.lock().offers = vec![of(LAMP, "LAMP-1"), of(SHIRT, "SHIRT-S"), of(SHIRT, "SHIRT-M")];
    catalog::Client::new(fake.channel())
}

async fn shop(database: Database, config: Config) -> Shop {
    let platform = database.platform(MIGRATIONS).await;
    let service = reviews::start(platform.platform.clone(), config, catalog());
    Shop { service: service.await.expect("a service"), platform }
}

impl Shop {
    fn call(&self, method: &str, path: &str) -> Call {
        call(&self.service.router, method, &format!("/api/v1{path}"))
    }

    fn review(&self, user: &User, product: Uuid, rating: i64) -> Call {
        let body = json!({ "product_id": product, "rating": rating,
                           "title": "Bright", "body": "It shines." });
        self.call("POST", "/reviews").user(user).json(body)
    }

    /// The path of a new review of the lamp.
    async fn reviewed(&self, user: &User, rating: i64) -> String {
        let review = self.review(user, LAMP, rating).await.expect(201);
        format!("/reviews/{}", review["id"].as_str().expect("an id"))
    }

    /// What the lamp's page says about its rating.
    async fn summary(&self) -> Value {
        let page = self.call("GET", &format!("/products/{LAMP}/reviews")).await.expect(200);
        page["summary"].clone()
    }

    /// The `(count, sum)` of every `rating.changed` told, with the version each belongs to.
    async fn published(&self) -> Vec<(i64, i64, i64)> {
        #[derive(chassis::db::Record)]
        struct Row {
            version: i64,
            data: chassis::db::Json<contracts::reviews::RatingChanged>,
        }
        let rows =
            "SELECT version, data FROM outbox WHERE type = 'rating.changed' ORDER BY sequence";
        let rows: Vec<Row> = self.platform.db.query(rows).all().await.expect("events");
        rows.into_iter().map(|it| (it.version, it.data.count, it.data.sum)).collect()
    }
}

/// A moderator.
fn moderator() -> User {
    User::with(&["reviews:moderate"])
}
