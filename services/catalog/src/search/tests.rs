//! The index and its database, over stops, damage and rebuilds.

use std::fs::File;
use std::path::{Path, PathBuf};

use catalog_search::{Filter, Request, Search, Sort, follow};
use chassis::db::{Db, Session};
use chassis::feed::Position;
use chassis::testing::{Database, TestPlatform, databases, eventually, in_time, noon};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Products;
use crate::model::{Figure, NewProduct, NewVariant, Policy, Product};

/// A search that follows a database.
struct Running {
    search: Search,
    db: Db,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(dir: &Path, db: &Db) -> Self {
        let (search, stop) = (Search::open(dir).unwrap(), CancellationToken::new());
        let task = tokio::spawn(follow(search.clone(), Products(db.clone()), stop.clone()));
        Self { search, db: db.clone(), stop, task }
    }

    /// Waits until all that was told so far is searchable, then counts what is found.
    async fn count(&self, text: &str) -> usize {
        let last = "SELECT xid, sequence FROM outbox ORDER BY xid DESC, sequence DESC LIMIT 1";
        let last = self.db.query(last).optional::<Position>().await.unwrap().unwrap_or_default();
        in_time("it follows", self.search.reached(last)).await;
        self.search.find(request(text)).await.unwrap().total
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

fn request(text: &str) -> Request {
    let (text, filter) = (Some(text.to_owned()), Filter::default());
    Request { text, filter, sort: Sort::default(), offset: 0, limit: 20, facets: None }
}

/// A change of products in a transaction of its own.
macro_rules! change {
    ($platform:expr, |$books:ident| $work:expr) => {{
        let mut tx = $platform.db.begin().await.unwrap();
        let mut $books = crate::books::StockTx::open(&mut tx, noon(), 0);
        let done = $work.await.unwrap();
        tx.commit().await.unwrap();
        done
    }};
}

fn lamp(title: &str, on_hand: i64) -> NewProduct {
    let figure = Some(Figure::Opening(on_hand));
    let variant = NewVariant { figure, policy: Some(Policy::Deny), ..NewVariant::default() };
    NewProduct { title: title.to_owned(), variants: vec![variant], ..NewProduct::default() }
}

async fn add(platform: &TestPlatform, title: &str) -> Product {
    change!(platform, |books| crate::products::create(&mut books, lamp(title, 5)))
}

#[databases]
async fn a_change_can_be_found_soon(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &platform.db);
    assert_eq!(running.count("lamp").await, 0, "{platform:?}");
    let product = add(&platform, "Brass Lamp").await;
    assert_eq!(running.count("brass").await, 1, "{platform:?}");
    let new = NewProduct { title: "Copper Lamp".to_owned(), ..NewProduct::from(&product) };
    let product =
        change!(platform, |books| crate::products::replace(&mut books, &product, new)).unwrap();
    assert_eq!(running.count("brass").await, 0, "{platform:?}");
    assert_eq!(running.count("copper").await, 1, "{platform:?}");
    change!(platform, |books| crate::products::delete(&mut books, &product));
    assert_eq!(running.count("copper").await, 0, "{platform:?}");
    running.stop().await;
}

#[databases]
async fn what_was_sold_out_is_found_so(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &platform.db);
    let product = add(&platform, "Lamp").await;
    let sku = product.variants[0].sku.clone();
    // In one batch of events the last one counts.
    for (on_hand, in_stock) in [(3, true), (0, false), (0, false), (1, true), (0, false)] {
        let wish = crate::model::StockChange { policy: None, figure: Some(Figure::Count(on_hand)) };
        change!(platform, |books| books.set(&sku, wish, "test"));
        running.count("lamp").await;
        let filter = Filter { in_stock: Some(in_stock), ..Filter::default() };
        let found = running.search.find(Request { filter, ..request("lamp") }).await.unwrap();
        assert_eq!(found.ids, [product.id], "{on_hand}, {platform:?}");
    }
    running.stop().await;
}

#[databases]
async fn what_happened_meanwhile_is_caught_up_with(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let dir = tempfile::tempdir().unwrap();
    add(&platform, "First Lamp").await;
    let running = Running::start(dir.path(), &platform.db);
    assert_eq!(running.count("lamp").await, 1);
    running.stop().await;
    for n in 0..20 {
        add(&platform, &format!("Lamp {n}")).await;
    }
    // What is there can be found at once, the rest soon.
    let search = Search::open(dir.path()).unwrap();
    assert_eq!(search.find(request("lamp")).await.unwrap().total, 1);
    let running = Running::start(dir.path(), &platform.db);
    assert_eq!(running.count("lamp").await, 21, "{platform:?}");
    assert_eq!(numbers(dir.path()), [1], "no rebuild");
    running.stop().await;
}

#[databases]
async fn what_was_sold_and_looked_at_is_brought_in(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let dir = tempfile::tempdir().unwrap();
    let [first, second, third] =
        [add(&platform, "Lamp").await, add(&platform, "Lamp").await, add(&platform, "Lamp").await];
    let running = Running::start(dir.path(), &platform.db);
    assert_eq!(running.count("lamp").await, 3);
    running.stop().await;
    let mut tx = platform.db.begin().await.unwrap();
    crate::store::products::add_sold(&mut tx, second.id, 1).await.unwrap();
    crate::store::products::add_views(&mut tx, first.id, 5).await.unwrap();
    tx.commit().await.unwrap();
    let running = Running::start(dir.path(), &platform.db);
    let popular = || Request { sort: Sort::Popular, ..request("lamp") };
    eventually("it is counted at the start", async || {
        // Without the views the newer one would be before the first.
        running.search.find(popular()).await.unwrap().ids == [second.id, first.id, third.id]
    })
    .await;
    running.stop().await;
}

/// Does harm to the index in a directory.
type Spoil = fn(&Path);

#[tokio::test]
async fn an_index_that_cannot_be_used_is_built_anew() {
    let spoil: [(&str, Spoil); 8] = [
        ("no index", |dir: &Path| std::fs::remove_dir_all(dir.join("1")).unwrap()),
        ("no meta.json", |dir: &Path| std::fs::remove_file(dir.join("1/meta.json")).unwrap()),
        ("a broken meta.json", |dir: &Path| std::fs::write(dir.join("1/meta.json"), "{").unwrap()),
        ("a damaged file", |dir: &Path| {
            let path = file(dir, "term");
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[5] ^= 0xff;
            std::fs::write(path, bytes).unwrap();
        }),
        ("a missing file", |dir: &Path| std::fs::remove_file(file(dir, "idx")).unwrap()),
        ("an empty file", |dir: &Path| std::fs::write(file(dir, "fast"), "").unwrap()),
        ("another schema", |dir: &Path| {
            edit(&dir.join("1/meta.json"), |meta| meta["schema"][0]["name"] = "key".into());
        }),
        ("one that was never finished", |dir: &Path| {
            edit(&dir.join("1/meta.json"), |meta| meta["payload"] = Value::Null);
        }),
    ];
    let platform = Database::Sqlite.platform(crate::MIGRATIONS).await;
    add(&platform, "Lamp").await;
    for (what, spoil) in spoil {
        let dir = tempfile::tempdir().unwrap();
        Running::start(dir.path(), &platform.db).count_and_stop("lamp", 1).await;
        let mark = dir.path().join("1/mark");
        std::fs::write(&mark, "").unwrap();
        spoil(dir.path());
        Running::start(dir.path(), &platform.db).count_and_stop("lamp", 1).await;
        assert!(!mark.exists(), "{what}: the old one is still there");
        assert_eq!(numbers(dir.path()).len(), 1, "{what}");
    }
}

#[databases]
async fn an_index_of_another_database_is_built_anew(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let dir = tempfile::tempdir().unwrap();
    let other = database.platform(crate::MIGRATIONS).await;
    for n in 0..3 {
        add(&other, &format!("Table {n}")).await;
    }
    Running::start(dir.path(), &other.db).count_and_stop("table", 3).await;
    for n in 0..4 {
        add(&platform, &format!("Lamp {n}")).await;
    }
    let running = Running::start(dir.path(), &platform.db);
    assert_eq!(running.count("lamp").await, 4, "{platform:?}");
    assert_eq!(running.count("table").await, 0, "{platform:?}");
    running.stop().await;
}

#[databases]
async fn events_that_are_gone_mean_a_rebuild(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let dir = tempfile::tempdir().unwrap();
    add(&platform, "First Lamp").await;
    Running::start(dir.path(), &platform.db).count_and_stop("lamp", 1).await;
    add(&platform, "Second Lamp").await;
    add(&platform, "Third Lamp").await;
    let forget = "DELETE FROM outbox WHERE sequence < (SELECT max(sequence) FROM outbox)";
    platform.db.query(forget).execute().await.unwrap();
    Running::start(dir.path(), &platform.db).count_and_stop("lamp", 3).await;
}

#[databases]
async fn a_rebuild_loses_no_change(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let dir = tempfile::tempdir().unwrap();
    for n in 0..10 {
        add(&platform, &format!("Lamp {n}")).await;
    }
    let running = Running::start(dir.path(), &platform.db);
    for n in 10..40 {
        add(&platform, &format!("Lamp {n}")).await;
    }
    assert_eq!(running.count("lamp").await, 40, "{platform:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_second_process_reads_what_the_first_writes() {
    let platform = Database::Sqlite.platform(crate::MIGRATIONS).await;
    let dir = tempfile::tempdir().unwrap();
    add(&platform, "Lamp").await;
    Running::start(dir.path(), &platform.db).count_and_stop("lamp", 1).await;
    let lock = File::create(dir.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let second = Running::start(dir.path(), &platform.db);
    assert_eq!(second.search.find(request("lamp")).await.unwrap().total, 1);
    add(&platform, "Second Lamp").await;
    drop(lock);
    assert_eq!(second.count("lamp").await, 2);
    second.stop().await;
}

impl Running {
    async fn count_and_stop(self, text: &str, expected: usize) {
        assert_eq!(self.count(text).await, expected);
        self.stop().await;
    }
}

/// The numbers of the indexes in a directory.
fn numbers(dir: &Path) -> Vec<u64> {
    let names = std::fs::read_dir(dir).unwrap().map(|it| it.unwrap().file_name());
    names.filter_map(|it| it.to_str().unwrap().parse().ok()).collect()
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, value.to_string()).unwrap();
}

/// A file of the index with this ending.
fn file(dir: &Path, ending: &str) -> PathBuf {
    let files = std::fs::read_dir(dir.join("1")).unwrap().map(|it| it.unwrap().path());
    files.into_iter().find(|it| it.extension().is_some_and(|it| it == ending)).unwrap()
}
