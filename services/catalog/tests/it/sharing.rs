//! Copies of the catalog that share answers: never an older one than the database's feed allows.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chassis::cache::{Cache, Store};
use chassis::db::Session;
use chassis::testing::{Database, TestPlatform, eventually, on};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::Shop;

/// A cache within this process that counts how often something was put there.
#[derive(Clone, Default)]
struct Kept {
    values: Arc<Mutex<HashMap<String, Bytes>>>,
    puts: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
}

impl Store for Kept {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Bytes>> {
        let value = self.values.lock().get(key).cloned();
        Box::pin(async move { value })
    }

    fn put(&self, key: String, value: Bytes, _: Duration) {
        self.puts.fetch_add(1, Ordering::SeqCst);
        self.values.lock().insert(key, value);
    }
}

impl Kept {
    fn puts(&self) -> usize {
        self.puts.load(Ordering::SeqCst)
    }

    /// The last transaction that any answer here has seen.
    fn seen(&self) -> i64 {
        let values = self.values.lock();
        let heads = values.values().filter_map(|it| it.split(|byte| *byte == b'\n').next());
        let seen = heads.filter_map(|it| serde_json::from_slice::<(i64, Value)>(it).ok());
        seen.map(|it| it.0).max().unwrap_or_default()
    }
}

/// The platform with a shared cache.
async fn platform(database: Database, kept: &Kept) -> TestPlatform {
    let mut platform = database.platform(catalog::MIGRATIONS).await;
    platform.platform.cache = Cache::over(kept.clone());
    platform
}

async fn lamp(shop: &Shop, slug: &str) -> Value {
    let variants = json!([{ "sku": slug, "price": { "amount": 1_999, "currency": "USD" } }]);
    let lamp = json!({ "title": "Lamp", "slug": slug, "status": "active", "variants": variants });
    shop.add(lamp).await
}

async fn title(shop: &Shop, path: &str) -> String {
    let shown = shop.get(path).await.expect(200);
    shown["title"].as_str().expect("a title").to_owned()
}

/// Asks until answers are shared.
async fn until_shared(shop: &Shop, kept: &Kept) {
    let before = kept.puts();
    eventually("an answer that is shared", async || {
        // Another query each time, so that it is not answered from the memory of the process.
        let asked = kept.asked.fetch_add(1, Ordering::SeqCst);
        shop.get(&format!("/products?max_price={}", 1_000_000 + asked)).await.expect(200);
        kept.puts() > before
    })
    .await;
}

/// Asks until an answer is shared that has seen all changes so far.
async fn until_all_is_seen(shop: &Shop, kept: &Kept) {
    let last = shop.test.db.query("SELECT max(xid) FROM outbox").one::<(i64,)>();
    let (last,) = last.await.expect("a transaction");
    eventually("an answer that has seen all", async || {
        until_shared(shop, kept).await;
        kept.seen() >= last
    })
    .await;
}

#[on(postgres, flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_starts_cold_is_given_what_others_have_read(database: Database) {
    let kept = Kept::default();
    let platform = platform(database, &kept).await;
    let first = Shop::start(platform.clone()).await;
    let products: Vec<String> = (0..20).map(|n| format!("lamp-{n}")).collect();
    for slug in &products {
        lamp(&first, slug).await;
    }
    // What is read once the feed has passed the changes is of use to others.
    until_all_is_seen(&first, &kept).await;
    for slug in &products {
        first.get(&format!("/products/{slug}")).await.expect(200);
    }
    let second = Shop::start(platform).await;
    until_shared(&second, &kept).await;
    let puts = kept.puts();
    for slug in &products {
        let path = format!("/products/{slug}");
        let (one, other) = (first.get(&path).await, second.get(&path).await);
        assert_eq!(one.headers["etag"], other.headers["etag"]);
        assert_eq!(one.bytes, other.bytes);
    }
    assert_eq!(kept.puts(), puts, "what it reads itself it would share");
}

#[on(postgres, flavor = "multi_thread", worker_threads = 2)]
async fn no_product_is_called_like_a_list(database: Database) {
    let kept = Kept::default();
    let platform = platform(database, &kept).await;
    let first = Shop::start(platform.clone()).await;
    lamp(&first, "lamp").await;
    until_shared(&first, &kept).await;
    let query = "max_price=5000";
    let (puts, mut asked) = (kept.puts(), 0);
    let list = eventually("an answer that is shared", async || {
        asked += 1;
        // The answer is shared once the feed has passed the change.
        let list = first.get(&format!("/products?{query}&min_price={asked}")).await.expect(200);
        (kept.puts() > puts).then_some(list)
    });
    assert!(list.await["items"].is_array());
    let second = Shop::start(platform).await;
    until_shared(&second, &kept).await;
    for shop in [&first, &second] {
        let keys: Vec<String> = kept.values.lock().keys().cloned().collect();
        for key in keys {
            // Whatever another kind is kept by, with and without what comes before it.
            let parts: Vec<&str> = key.split(':').collect();
            for from in 0..parts.len() {
                let name = parts[from..].join(":");
                if name == "lamp" {
                    continue;
                }
                let path = format!("/products/{}", percent(&name));
                assert_eq!(shop.get(&path).await.problem(404), "product_not_found", "{name}");
            }
        }
        let old = format!("/products/{}", percent(&format!("/products?{query}")));
        assert_eq!(shop.get(&old).await.problem(404), "product_not_found");
    }
}

/// A text as one segment of a path.
fn percent(text: &str) -> String {
    text.bytes().map(|it| format!("%{it:02X}")).collect()
}

#[on(postgres, flavor = "multi_thread", worker_threads = 2)]
async fn a_write_shows_at_once_where_it_was_made_and_soon_everywhere_and_never_goes_back(
    database: Database,
) {
    let kept = Kept::default();
    let platform = platform(database, &kept).await;
    let (here, there) = (Shop::start(platform.clone()).await, Shop::start(platform).await);
    let id = lamp(&here, "lamp").await["id"].as_str().expect("an id").to_owned();
    let path = format!("/products/{id}");
    until_shared(&here, &kept).await;
    until_shared(&there, &kept).await;
    for round in 0..30 {
        // Now one copy writes, now the other.
        let (writer, reader) = if round % 3 == 0 { (&there, &here) } else { (&here, &there) };
        let wanted = format!("Lamp {round}");
        writer.write("PATCH", &path, json!({ "title": wanted })).await.expect(200);
        assert_eq!(title(writer, &path).await, wanted);
        eventually(format!("the other copy's answer of round {round}"), async || {
            let seen = title(reader, &path).await == wanted;
            assert_eq!(title(writer, &path).await, wanted, "round {round}");
            seen
        })
        .await;
        for _ in 0..5 {
            assert_eq!(title(writer, &path).await, wanted, "round {round}");
            assert_eq!(title(reader, &path).await, wanted, "round {round}");
        }
    }
}
