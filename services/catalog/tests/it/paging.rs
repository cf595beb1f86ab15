//! Lists that change while they are read, and the orders they come in.

use std::collections::{BTreeMap, HashMap, HashSet};

use catalog::Config;
use chassis::bus::Bus;
use chassis::db::Session;
use chassis::service::{Background, Platform};
use chassis::testing::{Database, TestPlatform, User, databases, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Shop, mug, nobody, shop, usd, wrong_fields};

const WORDS: [&str; 6] = ["Äpfel", "brass lamp", "Éclair", "lamp", "Zebra lamp", "Ost"];

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }
}

/// What a product is sorted by.
fn key(sort: &str, it: &Value) -> Value {
    match sort {
        "price" | "-price" => it["price"]["amount"].clone(),
        "title" | "-title" => it["title"].clone(),
        "rating" => it["rating"].clone(),
        "popular" => json!([it["sold"], it["views"]]),
        "relevance" => it["title"].clone(),
        "updated_at" => it["updated_at"].clone(),
        _ => Value::Null,
    }
}

async fn page(shop: &Shop, query: &str, cursor: &str) -> Value {
    let path = format!("/products?{query}&cursor={cursor}");
    shop.get(&path).await.expect(200)
}

/// A shop that is written to by people who edit, buy, rate and delete.
struct Busy {
    shop: Shop,
    _index: TempDir,
    dice: Dice,
    /// The products there are, as they were read last.
    products: BTreeMap<String, Value>,
    written: usize,
}

impl Busy {
    async fn new(database: Database, count: usize) -> Self {
        let test = database.platform(catalog::MIGRATIONS).await;
        let index = tempfile::tempdir().unwrap();
        let mut busy = Self {
            shop: start(&test, "en", index.path()).await,
            _index: index,
            dice: Dice(11),
            products: BTreeMap::new(),
            written: 0,
        };
        for _ in 0..count {
            busy.add().await;
        }
        busy
    }

    fn title(&mut self) -> &'static str {
        WORDS[self.dice.below(WORDS.len())]
    }

    fn price(&mut self) -> i64 {
        1000 + self.dice.below(4) as i64
    }

    async fn add(&mut self) {
        self.written += 1;
        let sku = format!("S-{}", self.written);
        let (title, price) = (self.title(), self.price());
        let body = json!({
            "title": title, "price": usd(price), "sku": sku, "on_hand": 1 + self.dice.below(3),
        });
        let product = self.shop.add(body).await;
        self.products.insert(product["id"].as_str().unwrap().to_owned(), product);
    }

    fn any(&mut self) -> (String, Value) {
        let at = self.dice.below(self.products.len());
        let (id, product) = self.products.iter().nth(at).unwrap();
        (id.clone(), product.clone())
    }

    /// Some changes; returns what was changed, as it is now, and what was deleted.
    async fn change(&mut self) -> (HashSet<String>, HashSet<String>) {
        let mut changed = HashSet::new();
        for _ in 0..4 {
            let (id, product) = self.any();
            let path = format!("/products/{id}");
            let edit = match self.dice.below(6) {
                0 => json!({ "title": self.title() }),
                1 => json!({ "price": usd(self.price()) }),
                2 => {
                    let sku = product["variants"][0]["sku"].as_str().unwrap();
                    let count = json!({ "on_hand": self.dice.below(2) });
                    self.shop.write("PUT", &format!("/inventory/{sku}"), count).await.expect(200);
                    Value::Null
                }
                3 => {
                    let (sold, sum) = (self.dice.below(3) as i64, self.dice.below(5) as i64);
                    let counts = "UPDATE products SET sold = $2, rating_count = 1, rating_sum = $3,
                                  rating_score = $3 * 1000 WHERE id = $1";
                    let id: Uuid = id.parse().unwrap();
                    let counts = self.shop.test.db.query(counts).bind(id).bind(sold).bind(sum);
                    counts.execute().await.unwrap();
                    // So that cached answers and the index know.
                    json!({ "seo_title": format!("{sold} {sum} {}", self.written) })
                }
                _ => json!({ "seo_title": format!("x{}", self.written) }),
            };
            self.written += 1;
            if !edit.is_null() {
                self.shop.write("PATCH", &path, edit).await.expect(200);
            }
            let now = self.shop.get(&path).await.expect(200);
            self.products.insert(id.clone(), now);
            changed.insert(id);
        }
        let (id, _) = self.any();
        self.shop.write("DELETE", &format!("/products/{id}"), Value::Null).await.expect(204);
        self.products.remove(&id);
        self.add().await;
        (changed, [id].into())
    }

    /// Until the index has come so far.
    async fn settled(&mut self) {
        self.written += 1;
        let marker = format!("Marker{}", self.written);
        let body = json!({ "title": marker, "price": usd(1), "status": "draft" });
        let draft = self.shop.add(body).await;
        let path = format!("/products?search={marker}&status=draft");
        eventually(&path, async || {
            let found = self.shop.write("GET", &path, Value::Null).await;
            found.status == 200 && found.body["items"][0]["id"] == draft["id"]
        })
        .await;
    }

    /// Reads a list to its end, with changes after each page; checks how often each is seen.
    async fn read(&mut self, query: &str, sort: &str, indexed: bool) {
        if indexed {
            self.settled().await;
        }
        let fits = |it: &Value| {
            let title = it["title"].as_str().unwrap();
            (!query.contains("in_stock=true") || it["in_stock"] == true)
                && (!query.contains("search=lamp") || title.contains("lamp"))
                && (!query.contains("min_price=1001") || it["price"]["amount"] != 1000)
        };
        // Those that match when the list is begun, and stop to do so or change their key.
        let mut there: HashMap<String, Value> = self.products.clone().into_iter().collect();
        there.retain(|_, it| fits(it));
        let mut changes: HashMap<String, usize> = HashMap::new();
        let mut lost: HashSet<String> = HashSet::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let path = format!("{query}&sort={sort}&limit=5");
        let mut cursor = String::new();
        loop {
            let page = page(&self.shop, &path, &cursor).await;
            for item in page["items"].as_array().unwrap() {
                *seen.entry(item["id"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = next.to_owned();
            let (changed, gone) = self.change().await;
            lost.extend(gone);
            for id in changed {
                let Some(now) = self.products.get(&id) else { continue };
                if let Some(before) = there.get(&id)
                    && key(sort, before) != key(sort, now)
                {
                    *changes.entry(id.clone()).or_default() += 1;
                }
                if !fits(now) {
                    lost.insert(id);
                } else if let Some(known) = there.get_mut(&id) {
                    *known = now.clone();
                }
            }
            if indexed {
                self.settled().await;
            }
        }
        let kept = there.keys().filter(|id| !lost.contains(*id) && !changes.contains_key(*id));
        assert!(kept.clone().count() > 3, "{path}: all have changed");
        for id in kept {
            assert_eq!(seen.get(id), Some(&1), "{path}: {}", there[id]);
        }
        for (id, times) in seen {
            let changed = changes.get(&id).copied().unwrap_or_default();
            assert!(times <= 1 + changed, "{path}: {times} times, {changed} changes");
        }
    }
}

#[databases]
async fn what_keeps_its_place_is_seen_once_in_lists_of_the_database(database: Database) {
    let mut busy = Busy::new(database, 36).await;
    for sort in ["newest", "oldest", "price", "-price", "title", "-title", "rating", "popular"] {
        busy.read("count=true", sort, false).await;
    }
    busy.read("in_stock=true", "price", false).await;
    busy.read("min_price=1001", "price", false).await;
}

#[databases]
async fn what_keeps_its_place_is_seen_once_in_lists_of_the_index(database: Database) {
    let mut busy = Busy::new(database, 36).await;
    for sort in ["newest", "created_at", "price", "-price", "title", "-title", "rating", "popular"]
    {
        busy.read("facets=true&in_stock=true", sort, true).await;
    }
    busy.read("search=lamp", "relevance", true).await;
}

#[databases]
async fn a_page_of_a_number_leads_on_by_a_cursor(database: Database) {
    let shop = shop(database).await;
    for n in 0..7 {
        let title = format!("Lamp {n}");
        shop.add(json!({ "title": title, "price": usd(500) })).await;
    }
    let all = async |query: &str| {
        let path = format!("/products?{query}&count=true");
        eventually(query, async || {
            let page = shop.get(&path).await;
            (page.status == 200 && page.body["total"] == 7).then_some(page.body)
        })
        .await
    };
    for query in ["facets=true&sort=price", "sort=price", "search=lamp", "facets=true&sort=title"] {
        let first = all(&format!("{query}&page=1&limit=3")).await;
        let jumped = all(&format!("{query}&page=2&limit=3")).await;
        let next = format!("{query}&limit=3&count=true");
        let second = page(&shop, &next, first["next_cursor"].as_str().unwrap()).await;
        assert_eq!(second["items"], jumped["items"], "{query}");
        assert_eq!(second["total"], 7, "{query}");
        let last = page(&shop, &next, second["next_cursor"].as_str().unwrap()).await;
        assert_eq!(last["items"].as_array().unwrap().len(), 1, "{query}");
        assert_eq!(last["next_cursor"], Value::Null, "{query}");
        // Nothing follows a page that is full and the last one.
        let whole = all(&format!("{query}&page=1&limit=7")).await;
        assert_eq!(whole["next_cursor"], Value::Null, "{query}");
    }
    // A cursor is of the list it came from.
    let cursor = all("facets=true&sort=price&limit=3").await["next_cursor"].clone();
    let cursor = cursor.as_str().unwrap();
    for query in ["facets=true&sort=title", "sort=-price", "search=lamp", "sort=updated_at"] {
        let problem = shop.get(&format!("/products?{query}&cursor={cursor}")).await.expect(422);
        let fields = wrong_fields(&problem);
        assert!(fields == ["cursor"] || fields == ["sort"], "{query}: {fields:?}");
    }
}

#[databases]
async fn a_filter_holds_for_one_variant(database: Database) {
    let shop = shop(database).await;
    let variant = |sku: &str, size: &str, price: i64, on_hand: i64| json!({ "sku": sku, "options": { "Size": size }, "price": usd(price), "on_hand": on_hand });
    shop.add(json!({
        "title": "Half sold", "vendor": "F",
        "variants": [variant("F-S", "S", 1000, 0), variant("F-M", "M", 1800, 5)],
    }))
    .await;
    shop.add(mug()).await;
    eventually("the index has come so far", async || {
        let all = shop.get("/products?facets=true&count=true").await;
        all.status == 200 && all.body["total"] == 2
    })
    .await;
    for (query, found) in [
        ("option=Size:S", true),
        ("option=Size:S&in_stock=true", false),
        ("option=Size:S&in_stock=false", true),
        ("option=Size:M&in_stock=true", true),
        ("min_price=1500", true),
        ("min_price=1500&facets=true", true),
        ("min_price=1500&in_stock=false", false),
        ("min_price=1100&max_price=1700", false),
        ("min_price=1100&max_price=1700&facets=true", false),
        ("option=Size:M&max_price=1200", false),
        ("option=size:m", true),
        ("vendor=f", true),
        ("vendor=f&facets=true&option=SIZE:M", true),
        ("max_price=1000&in_stock=true", false),
        ("max_price=1000&in_stock=true&facets=true", false),
    ] {
        let vendor = if query.contains("vendor") { "" } else { "vendor=F&" };
        let page = shop.get(&format!("/products?{vendor}count=true&{query}")).await.expect(200);
        assert_eq!(page["total"], u8::from(found), "{query}");
        assert_eq!(page["items"].as_array().unwrap().len(), usize::from(found), "{query}");
    }
    // Selling the last of a size takes the product from that size's list, though others are left.
    shop.write("PUT", "/inventory/F-S", json!({ "on_hand": 1 })).await.expect(200);
    for (on_hand, total) in [(1, 1), (0, 0)] {
        shop.write("PUT", "/inventory/F-S", json!({ "on_hand": on_hand })).await.expect(200);
        eventually("the index knows", async || {
            let page = shop.get("/products?option=Size:S&in_stock=true&count=true").await;
            page.expect(200)["total"] == total
        })
        .await;
    }
}

#[databases]
async fn changes_are_listed_since_a_time(database: Database) {
    let shop = shop(database).await;
    let active = shop.add(mug()).await;
    let draft = json!({ "title": "Draft", "price": usd(1), "status": "draft" });
    let draft = shop.add(draft).await;
    let staff = User::with(&["catalog:write"]);
    let since = active["updated_at"].as_str().unwrap().to_owned();
    let list = async |query: &str, as_staff: bool| {
        let call = shop.get(&format!("/products?{query}"));
        let call = if as_staff { call.user(&staff) } else { call };
        let page = call.await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        let slugs: Vec<String> = items.map(|it| it["slug"].as_str().unwrap().to_owned()).collect();
        slugs.join(" ")
    };
    let changes = format!("updated_since={since}");
    // What is public is not what staff see, whoever asks first.
    assert_eq!(list(&changes, false).await, "mug");
    assert_eq!(list(&changes, true).await, "mug draft");
    assert_eq!(list(&changes, false).await, "mug");
    assert_eq!(list(&format!("{changes}&status=draft"), true).await, "draft");
    assert_eq!(list(&format!("{changes}&sort=updated_at"), true).await, "mug draft");
    assert_eq!(list("updated_since=2999-01-01T00:00:00Z", true).await, "");
    assert_eq!(list("sort=updated_at", false).await, "mug");
    let moved = "UPDATE products SET updated_at = $1 WHERE slug = 'mug'";
    let later = chassis::testing::noon() + chrono::TimeDelta::hours(1);
    shop.test.db.query(moved).bind(later).execute().await.unwrap();
    let page = shop.get(&format!("/products?{changes}&limit=1")).user(&staff).await.expect(200);
    assert_eq!(page["items"][0]["id"], draft["id"]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let path = format!("/products?{changes}&limit=1&cursor={cursor}");
    let page = shop.get(&path).user(&staff).await.expect(200);
    assert_eq!((&page["items"][0]["id"], &page["next_cursor"]), (&active["id"], &Value::Null));
    for (query, field) in [
        ("updated_since=yesterday", "updated_since"),
        ("updated_since=2026-01-01", "updated_since"),
        (&format!("{changes}&sort=price"), "sort"),
        (&format!("{changes}&search=mug"), "updated_since"),
        ("sort=updated_at&facets=true", "sort"),
    ] {
        let problem = shop.get(&format!("/products?{query}")).await.expect(422);
        assert_eq!(wrong_fields(&problem), [field], "{query}");
    }
}

/// A shop in a language, until it is dropped.
async fn start(test: &TestPlatform, language: &str, index: &std::path::Path) -> Shop {
    let platform = Platform { language: language.to_owned(), ..test.platform.clone() };
    // No views are added up meanwhile, which would change what is popular.
    let config = Config { views_seconds: 3600, ..Config::default() };
    let service = catalog::start(platform, config, index.to_owned(), nobody()).await.unwrap();
    let mut shop = Shop::of(TestPlatform::clone(test), &service);
    let stop = CancellationToken::new();
    let background = Background::start(&mut [service], &Bus::memory(), &stop);
    shop.running = Some((background, tempfile::tempdir().unwrap()));
    shop
}

#[databases]
async fn titles_sort_in_the_language_of_the_shop(database: Database) {
    let test = database.platform(catalog::MIGRATIONS).await;
    let index = tempfile::tempdir().unwrap();
    let german = start(&test, "de", index.path()).await;
    for title in ["Zebra", "Äpfel", "Éclair", "Ost", "eclipse"] {
        german.add(json!({ "title": title, "price": usd(1) })).await;
    }
    let titles = async |shop: &Shop, query: &str| {
        let page = shop.get(&format!("/products?{query}")).await;
        let items = page.body["items"].as_array().cloned().unwrap_or_default();
        let titles = items.iter().map(|it| it["title"].as_str().unwrap().to_owned());
        titles.collect::<Vec<_>>().join(" ")
    };
    let expected = "Äpfel Éclair eclipse Ost Zebra";
    assert_eq!(titles(&german, "sort=title").await, expected);
    assert_eq!(titles(&german, "sort=-title").await, "Zebra Ost eclipse Éclair Äpfel");
    eventually("the index has them", async || {
        titles(&german, "sort=title&facets=true").await == expected
    })
    .await;
    drop(german);
    // In another language the same titles come in another order, soon and everywhere.
    let other = tempfile::tempdir().unwrap();
    for (language, index, expected) in [
        ("sv", &other, "Éclair eclipse Ost Zebra Äpfel"),
        ("en", &other, "Äpfel Éclair eclipse Ost Zebra"),
    ] {
        let shop = start(&test, language, index.path()).await;
        for query in ["sort=title", "sort=title&facets=true"] {
            eventually(format!("{query} in {language}"), async || {
                titles(&shop, query).await == expected
            })
            .await;
        }
    }
}
