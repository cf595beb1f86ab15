//! The catalog over HTTP, on every available database.

mod addresses;
mod bulk;
mod categories;
mod demand;
mod facets;
mod holds;
mod imports;
mod inventory;
mod media;
mod near;
mod offers;
mod products;
mod ratings;
mod reading;
mod sharing;
mod stock;
mod writes;

use axum::Router;
use axum::http::Method;
use catalog::Config;
use chassis::bus::Bus;
use chassis::channel::Channel;
use chassis::service::{Background, Service};
use chassis::testing::{Call, Database, TestPlatform, User, call};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A running catalog.
struct Shop {
    router: Router,
    internal: Router,
    staff: User,
    test: TestPlatform,
    /// Its workers and the directory of its index.
    running: Option<(Background, TempDir)>,
}

/// The way to an orders service that is not there.
fn nobody() -> contracts::orders::Client {
    contracts::orders::Client::new(chassis::channel::Channel::to("orders"))
}

async fn shop(database: Database) -> Shop {
    Shop::start(database.platform(catalog::MIGRATIONS).await).await
}

impl Shop {
    async fn start(test: TestPlatform) -> Self {
        let index = tempfile::tempdir().expect("a directory");
        let platform = test.platform.clone();
        let service =
            catalog::start(platform, Config::default(), index.path().to_owned(), nobody()).await;
        let service = service.expect("a catalog");
        let mut shop = Self::of(test, &service);
        let stop = CancellationToken::new();
        shop.running = Some((Background::start(&mut [service], &Bus::memory(), &stop), index));
        shop
    }

    /// A shop whose workers are not run here.
    fn of(test: TestPlatform, service: &Service) -> Self {
        Self {
            router: service.router.clone(),
            internal: service.internal.clone(),
            staff: User::with(&["catalog:write"]),
            test,
            running: None,
        }
    }

    fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    fn call(&self, method: Method, path: &str) -> Call {
        call(&self.router, method.as_str(), &format!("/api/v1{path}"))
    }

    /// A call by staff, with a body unless that is null.
    fn write(&self, method: &str, path: &str, body: Value) -> Call {
        let call = call(&self.router, method, &format!("/api/v1{path}")).user(&self.staff);
        if body.is_null() { call } else { call.json(body) }
    }

    async fn add(&self, body: Value) -> Value {
        self.write("POST", "/products", body).await.expect(201)
    }

    async fn add_category(&self, body: Value) -> Value {
        self.write("POST", "/categories", body).await.expect(201)
    }

    /// The catalog as other services ask it.
    fn client(&self) -> contracts::catalog::Client {
        let channel = Channel::to("catalog");
        channel.bind(self.internal.clone());
        contracts::catalog::Client::new(channel)
    }
}

/// The smallest product there can be.
fn mug() -> Value {
    json!({ "title": "Mug", "price": usd(1200), "sku": "MUG", "on_hand": 5 })
}

/// A product with options.
fn shirt() -> Value {
    let variant = |size: &str, colour: &str, price: i64| {
        json!({
            "options": { "Size": size, "Colour": colour },
            "price": usd(price),
            "on_hand": 3
        })
    };
    json!({
        "title": "Linen Shirt",
        "description": "<p>Cool.</p>",
        "vendor": "Harbour",
        "tags": ["linen", "summer"],
        "options": [
            { "name": "Size", "values": ["S", "M"] },
            { "name": "Colour", "values": ["Blue", "Red"] }
        ],
        "variants": [variant("S", "Blue", 3000), variant("M", "Blue", 3100), variant("M", "Red", 2900)]
    })
}

fn usd(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}

/// Names of the wrong fields of a 422.
fn wrong_fields(problem: &Value) -> Vec<&str> {
    assert_eq!(problem["code"], "validation_failed", "{problem}");
    let errors = problem["errors"].as_array().expect("errors");
    errors.iter().map(|it| it["field"].as_str().expect("a name")).collect()
}
