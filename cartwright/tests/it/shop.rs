//! A shop of a test's own, on each kind of database.

use std::time::Duration;

use cartwright::config::Config;
use cartwright::serve::Running;
use cartwright::shop::NAMES;
use chassis::clock::Clock;
use chassis::testing::{Schemas, postgres_url};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::Http;

pub const ADMIN: (&str, &str) = ("admin@example.com", "correct horse battery");

/// Where a shop keeps its data, and how it is set up. It can be started again and again.
pub struct Place {
    pub kind: &'static str,
    pub config: Config,
    _directory: TempDir,
    _schemas: Option<Schemas>,
}

/// A shop that serves.
pub struct Live {
    pub running: Running,
    pub http: Http,
}

/// A place per database at hand: SQLite always, PostgreSQL where a server answers.
pub async fn places() -> Vec<Place> {
    let mut places = vec![sqlite()];
    places.extend(postgres().await);
    places
}

pub fn sqlite() -> Place {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut config = Config::default();
    config.server.data_dir = directory.path().join("data");
    config.server.listen = "127.0.0.1:0".to_owned();
    config.shop.demo = false;
    config.admin.email = ADMIN.0.to_owned();
    config.admin.password = ADMIN.1.to_owned();
    config.gateway.rate_limits = false;
    Place { kind: "sqlite", config, _directory: directory, _schemas: None }
}

/// Schemas of this test alone, one per service.
pub async fn postgres() -> Option<Place> {
    let url = postgres_url().await?;
    let suffixes: Vec<String> =
        NAMES.into_iter().chain(["sandbox"]).map(|it| format!("_{it}")).collect();
    let suffixes: Vec<&str> = suffixes.iter().map(String::as_str).collect();
    let schemas = Schemas::create(&url, &suffixes).await;
    let mut place = sqlite();
    place.config.database.url = schemas.url("_{service}");
    place._schemas = Some(schemas);
    // Two tests at a time, seven services each, on a server with a hundred connections.
    place.config.database.connections = 3;
    place.kind = "postgres";
    Some(place)
}

impl Place {
    pub async fn start(&self) -> Live {
        let running = Running::start(&self.config, &NAMES, Clock::System).await;
        let running = running.expect("the shop starts");
        let http = Http::new(running.address);
        Live { running, http }
    }
}

impl Live {
    pub async fn admin(&self) -> Http {
        let (email, password) = ADMIN;
        let login = json!({ "email": email, "password": password });
        let answer = self.http.post("/auth/login", login).await.expect(200);
        self.http.bearer(answer["access_token"].as_str().expect("a token"))
    }

    /// A new customer, logged in.
    pub async fn customer(&self, name: &str) -> Http {
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "password": "correct horse battery", "name": name });
        let answer = self.http.post("/auth/register", body).await.expect(201);
        self.http.bearer(answer["access_token"].as_str().expect("a token"))
    }

    /// A product with one variant, on sale.
    pub async fn product(&self, sku: &str, price: i64, on_hand: i64) -> Value {
        let body = json!({
            "title": format!("Product {sku}"),
            "description": "<p>Made for this test.</p>",
            "status": "active",
            "variants": [{ "sku": sku, "price": { "amount": price, "currency": "USD" } }],
        });
        let admin = self.admin().await;
        let product = admin.post("/products", body).await.expect(201);
        let stock = json!({ "on_hand": on_hand });
        admin.call("PUT", &format!("/inventory/{sku}")).json(stock).await.expect(200);
        product
    }

    pub async fn on_hand(&self, sku: &str) -> i64 {
        let stock = self.admin().await.get(&format!("/inventory/{sku}")).await.expect(200);
        stock["on_hand"].as_i64().expect("a number")
    }

    /// Nothing is broken, and nothing waits for longer than it may.
    pub async fn check(&self) {
        let found = cartwright::check::settle(self.running.stores(), Clock::System, true);
        let found = found.await.expect("a check");
        assert!(found.broken.is_empty() && found.waiting.is_empty(), "{found:#?}");
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }
}

pub fn address() -> Value {
    json!({ "name": "Ada Lovelace", "line1": "12 Analytical Row", "city": "London",
            "postal_code": "W1A 1AA", "country": "GB" })
}

/// A checkout of one unit of a SKU.
pub fn checkout(sku: &str, token: &str) -> Value {
    json!({
        "items": [{ "sku": sku, "quantity": 1 }],
        "shipping_address": address(),
        "payment": { "provider": "sandbox", "token": token },
    })
}

/// Asks again until it is as wanted; fails with the last answer after ten seconds.
pub async fn eventually<F>(mut ask: impl FnMut() -> F, wanted: impl Fn(&Value) -> bool) -> Value
where
    F: Future<Output = Value>,
{
    let mut last = Value::Null;
    for _ in 0..400 {
        last = ask().await;
        if wanted(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it does not happen: {last:#}");
}
