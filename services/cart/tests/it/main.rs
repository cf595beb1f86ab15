//! The cart, over HTTP, on both databases.

mod bought;
mod guests;
mod items;
mod reports;

use cart::{Config, MIGRATIONS};
use chassis::service::Service;
use chassis::testing::{Call, Database, TestPlatform, User, call};
use contracts::catalog::{self, Offer};
use contracts::testing::{Catalog, Fake, offer};
use serde_json::{Value, json};
use uuid::Uuid;

/// A shop with one lamp, of which 5 are there, and a mug without a limit.
struct Shop {
    service: Service,
    shelf: Shelf,
    kind: &'static str,
    _platform: TestPlatform,
}

/// The catalog.
#[derive(Clone, Default)]
struct Shelf(Fake<Catalog>);

const LAMP: &str = "LAMP-1";
const MUG: &str = "MUG-1";
/// Comes in two variants.
const SHIRT: Uuid = Uuid::from_u128(3);

impl Shelf {
    /// Each product has one variant.
    fn put(&self, sku: &str, product: u128, unit_price: i64, available: Option<i64>) {
        let offer = Offer {
            product_id: Uuid::from_u128(product),
            variant_id: Some(Uuid::from_u128(product << 64)),
            available,
            ..offer(sku, unit_price, 0)
        };
        self.take_away(sku);
        self.0.lock().offers.push(offer);
    }

    fn take_away(&self, sku: &str) {
        self.0.lock().offers.retain(|it| it.sku != sku);
    }
}

async fn shop(database: Database) -> Shop {
    let platform = database.platform(MIGRATIONS).await;
    let shelf = Shelf::default();
    shelf.put(LAMP, 1, 1999, Some(5));
    shelf.put(MUG, 2, 500, None);
    shelf.put("SHIRT-S", 3, 900, Some(9));
    shelf.put("SHIRT-M", 3, 900, Some(9));
    let catalog = catalog::Client::new(shelf.0.channel());
    let service = cart::start(platform.platform.clone(), Config::default(), catalog)
        .await
        .expect("a service");
    Shop { service, shelf, kind: platform.kind, _platform: platform }
}

impl Shop {
    fn call(&self, method: &str, path: &str) -> Call {
        call(&self.service.router, method, &format!("/api/v1{path}"))
    }

    fn add(&self, sku: &str, quantity: i64) -> Call {
        self.call("POST", "/cart/items").json(json!({ "sku": sku, "quantity": quantity }))
    }

    /// The SKUs and quantities of a user's cart, and its version.
    async fn lines(&self, user: &User) -> (Vec<(String, i64)>, i64) {
        let cart = self.call("GET", "/cart").user(user).await.expect(200);
        (lines(&cart), cart["version"].as_i64().expect("a number"))
    }
}

fn lines(cart: &Value) -> Vec<(String, i64)> {
    let items = cart["items"].as_array().expect("a list").iter();
    items
        .map(|it| {
            (
                it["sku"].as_str().expect("a text").to_owned(),
                it["quantity"].as_i64().expect("a number"),
            )
        })
        .collect()
}

fn of(lines: &[(&str, i64)]) -> Vec<(String, i64)> {
    lines.iter().map(|(sku, quantity)| ((*sku).to_owned(), *quantity)).collect()
}
