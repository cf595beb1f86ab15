use std::path::PathBuf;
use std::time::Duration;

use chassis::db::{Db, Session};
use chassis::testing::{TestPlatform, noon, platforms};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::document::Document;
use super::index::{Lock, Place};
use super::*;
use crate::model::{NewProduct, NewVariant, Policy, Product};

/// An index of these documents, and the directory it lives in.
fn index(documents: &[Document]) -> (Live, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let live = Live::create(dir.path(), 1).unwrap();
    let mut writer = live.writer().unwrap();
    for document in documents {
        writer.add(document).unwrap();
    }
    writer.commit(&Place::default()).unwrap();
    writer.close().unwrap();
    (live, dir)
}

fn document(title: &str) -> Document {
    Document {
        id: chassis::id::new(),
        title: title.to_owned(),
        description: String::new(),
        tags: vec![],
        vendor: String::new(),
        categories: vec![],
        price: 1000,
        in_stock: true,
        rating: 0,
        status: Status::Active,
        created_at: noon(),
    }
}

fn request(text: &str) -> Request {
    let filter = Filter::default();
    Request { text: text.to_owned(), filter, sort: Sort::default(), offset: 0, limit: 20 }
}

/// The places in `documents` of what is found.
fn found(live: &Live, documents: &[Document], request: &Request) -> Vec<usize> {
    let hits = live.find(request).unwrap();
    let place = |id| documents.iter().position(|it| it.id == id).unwrap();
    hits.ids.into_iter().map(place).collect()
}

#[test]
fn all_words_must_be_found_and_the_last_may_be_unfinished() {
    let documents = ["Blue Wool Jumper", "Blue Cotton Shirt", "Red Wool Shirt"].map(document);
    let (live, _dir) = index(&documents);
    for (text, expected) in [
        ("blue", vec![0, 1]),
        ("BLUE shirt", vec![1]),
        ("wool sh", vec![2]),
        ("j", vec![0]),
        ("sh wool", vec![]),
        ("green", vec![]),
        ("", vec![]),
        ("%&/", vec![]),
    ] {
        let mut hits = found(&live, &documents, &request(text));
        hits.sort_unstable();
        assert_eq!(hits, expected, "{text}");
    }
}

#[test]
fn typing_errors_are_forgiven_by_the_length_of_the_word() {
    let documents = ["Leather Bracelet", "Müller Lamp", "Cup 2000"].map(document);
    let (live, _dir) = index(&documents);
    for (text, expected) in [
        ("braclet", vec![0]),
        ("barcelet", vec![0]),
        ("brazelett", vec![0]),
        ("lether", vec![0]),
        ("muler", vec![1]),
        ("MULLER", vec![1]),
        ("limp", vec![1]),
        // Too many errors, too short a word, a number.
        ("brzlt", vec![]),
        ("leatrhre bracelet", vec![0]),
        ("cap", vec![]),
        ("2001", vec![]),
    ] {
        assert_eq!(found(&live, &documents, &request(text)), expected, "{text}");
    }
}

#[test]
fn a_frequent_word_finds_nothing_but_itself_unless_there_is_nothing() {
    let mut documents: Vec<Document> = (0..30).map(|_| document("Shirt")).collect();
    documents.push(document("Skirt"));
    documents.push(document("Linen Skirt"));
    let (live, _dir) = index(&documents);
    assert_eq!(live.find(&request("shirt")).unwrap().total, 30);
    assert_eq!(live.find(&request("skirt")).unwrap().total, 32);
    // The typing error makes a frequent word of a rare one.
    assert_eq!(found(&live, &documents, &request("linen shirt")), [31]);
}

#[test]
fn the_title_counts_more_than_the_description() {
    let mut in_description = document("Plate");
    in_description.description = "<p>Goes with every <b>mug</b>, mug, mug &amp; mug</p>".to_owned();
    let mut in_tags = document("Cup");
    in_tags.tags = vec!["Coffee Mug".to_owned()];
    let mut by_vendor = document("Bowl");
    by_vendor.vendor = "Mug & Co".to_owned();
    let documents = [
        in_description,
        in_tags,
        document("Mugs of every colour"),
        document("Mug"),
        by_vendor,
        document("A mug with many words in a long title"),
    ];
    let (live, _dir) = index(&documents);
    let order = found(&live, &documents, &request("mug"));
    assert_eq!(order.len(), 6);
    assert_eq!((order[0], order[1], order[2]), (3, 5, 2), "{order:?}");
    assert_eq!(order[5], 0, "{order:?}");
}

#[test]
fn filters_and_sorting_work_together_with_a_text() {
    let [lamps, tables] = [1, 2].map(Uuid::from_u128);
    let lamp = |title: &str, price: i64, rating: i64| Document {
        price,
        rating,
        categories: vec![lamps],
        created_at: noon() + chrono::TimeDelta::seconds(price),
        ..document(title)
    };
    let documents = [
        Document { tags: vec!["Brass".to_owned()], ..lamp("Lamp b", 2000, 4500) },
        Document { in_stock: false, ..lamp("Lamp a", 1000, 3000) },
        Document { vendor: "Lux Ltd".to_owned(), ..lamp("lamp C", 3000, 5000) },
        Document { categories: vec![tables], ..lamp("Lamp table", 4000, 0) },
        Document { status: Status::Draft, ..lamp("Lamp draft", 5000, 0) },
    ];
    let (live, _dir) = index(&documents);
    let filtered = |filter: Filter| {
        let request = Request { filter, sort: Sort::PriceUp, ..request("lamp") };
        found(&live, &documents, &request)
    };
    let any = Filter::default();
    assert_eq!(filtered(any.clone()), [1, 0, 2, 3]);
    let prices = Filter { min_price: Some(2000), max_price: Some(3000), ..any.clone() };
    assert_eq!(filtered(prices), [0, 2]);
    assert_eq!(filtered(Filter { min_price: Some(3001), ..any.clone() }), [3]);
    assert_eq!(filtered(Filter { categories: Some(vec![tables]), ..any.clone() }), [3]);
    assert_eq!(filtered(Filter { categories: Some(vec![]), ..any.clone() }), [0; 0]);
    assert_eq!(filtered(Filter { in_stock: Some(false), ..any.clone() }), [1]);
    assert_eq!(filtered(Filter { tag: Some("brass".to_owned()), ..any.clone() }), [0]);
    assert_eq!(filtered(Filter { vendor: Some("Lux Ltd".to_owned()), ..any.clone() }), [2]);
    assert_eq!(filtered(Filter { status: Status::Draft, ..any.clone() }), [4]);
    for (sort, order) in [
        (Sort::PriceDown, [3, 2, 0, 1]),
        (Sort::Newest, [3, 2, 0, 1]),
        (Sort::Title, [1, 0, 2, 3]),
        (Sort::Rating, [2, 0, 1, 3]),
    ] {
        let sorted = Request { sort, ..request("lamp") };
        assert_eq!(found(&live, &documents, &sorted), order, "{sort:?}");
    }
}

#[test]
fn pages_follow_each_other() {
    let documents: Vec<Document> = (0..25).map(|_| document("Lamp")).collect();
    let (live, _dir) = index(&documents);
    let mut seen = Vec::new();
    for offset in [0, 10, 20, 30] {
        let page = live.find(&Request { offset, limit: 10, ..request("lamp") }).unwrap();
        assert_eq!(page.total, 25);
        seen.extend(page.ids);
    }
    let mut all: Vec<Uuid> = documents.iter().map(|it| it.id).collect();
    seen.sort_unstable();
    all.sort_unstable();
    assert_eq!(seen, all);
}

#[test]
fn no_text_is_too_strange() {
    let (live, _dir) = index(&[document("Lamp")]);
    let long = "lamp ".repeat(10_000);
    for text in ["\0", "\u{fffd}\u{202e}lamp", "🦀", "AND OR NOT (", &long, &"x".repeat(100_000)]
    {
        live.find(&request(text)).unwrap();
    }
    assert_eq!(live.find(&request(&long)).unwrap().total, 1);
}

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
        let task = tokio::spawn(follow(search.clone(), db.clone(), stop.clone()));
        Self { search, db: db.clone(), stop, task }
    }

    /// Waits until all that was told so far is searchable, then counts what is found.
    async fn count(&self, text: &str) -> usize {
        let last = "SELECT xid, sequence FROM outbox ORDER BY xid DESC, sequence DESC LIMIT 1";
        let last = self.db.query(last).optional::<Position>().await.unwrap().unwrap_or_default();
        let reached = self.search.reached(last);
        tokio::time::timeout(Duration::from_secs(20), reached).await.expect("it follows");
        self.search.find(request(text)).await.unwrap().total
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// A change of products in a transaction of its own.
macro_rules! change {
    ($platform:expr, |$books:ident| $work:expr) => {{
        let mut tx = $platform.db.begin().await.unwrap();
        let mut $books = crate::books::Books::open(&mut tx, noon(), 0);
        let done = $work.await.unwrap();
        tx.commit().await.unwrap();
        done
    }};
}

fn lamp(title: &str, on_hand: i64) -> NewProduct {
    let on_hand = Some(on_hand);
    let variant = NewVariant { on_hand, policy: Some(Policy::Deny), ..NewVariant::default() };
    NewProduct { title: title.to_owned(), variants: vec![variant], ..NewProduct::default() }
}

async fn add(platform: &TestPlatform, title: &str) -> Product {
    change!(platform, |books| crate::products::create(&mut books, lamp(title, 5)))
}

#[tokio::test]
async fn a_change_can_be_found_soon() {
    for platform in platforms(crate::MIGRATIONS).await {
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
}

#[tokio::test]
async fn what_was_sold_out_is_found_so() {
    for platform in platforms(crate::MIGRATIONS).await {
        let dir = tempfile::tempdir().unwrap();
        let running = Running::start(dir.path(), &platform.db);
        let product = add(&platform, "Lamp").await;
        let sku = product.variants[0].sku.clone();
        // In one batch of events the last one counts.
        for (on_hand, in_stock) in [(3, true), (0, false), (0, false), (1, true), (0, false)] {
            let wish = crate::model::Wish { policy: None, on_hand: Some(on_hand) };
            change!(platform, |books| books.set(&sku, wish, "test"));
            running.count("lamp").await;
            let filter = Filter { in_stock: Some(in_stock), ..Filter::default() };
            let found = running.search.find(Request { filter, ..request("lamp") }).await.unwrap();
            assert_eq!(found.ids, [product.id], "{on_hand}, {platform:?}");
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn what_happened_meanwhile_is_caught_up_with() {
    for platform in platforms(crate::MIGRATIONS).await {
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
}

#[tokio::test]
async fn an_index_that_cannot_be_used_is_built_anew() {
    let spoil: [(&str, fn(&Path)); 8] = [
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
            let schema = tantivy::schema::Schema::builder().build();
            std::fs::create_dir(dir.join("7")).unwrap();
            tantivy::Index::create_in_dir(dir.join("7"), schema).unwrap();
            std::fs::remove_dir_all(dir.join("1")).unwrap();
        }),
        ("one that was never finished", |dir: &Path| {
            Live::create(dir, 2).unwrap();
            std::fs::remove_dir_all(dir.join("1")).unwrap();
        }),
    ];
    let platform = platforms(crate::MIGRATIONS).await.remove(0);
    add(&platform, "Lamp").await;
    for (what, spoil) in spoil {
        let dir = tempfile::tempdir().unwrap();
        Running::start(dir.path(), &platform.db).count_and_stop("lamp", 1).await;
        spoil(dir.path());
        Running::start(dir.path(), &platform.db).count_and_stop("lamp", 1).await;
        assert_eq!(numbers(dir.path()).len(), 1, "{what}");
    }
}

#[tokio::test]
async fn an_index_of_another_database_is_built_anew() {
    for platform in platforms(crate::MIGRATIONS).await {
        let dir = tempfile::tempdir().unwrap();
        for other in platforms(crate::MIGRATIONS).await {
            for n in 0..3 {
                add(&other, &format!("Table {n}")).await;
            }
            if other.kind == platform.kind {
                Running::start(dir.path(), &other.db).count_and_stop("table", 3).await;
            }
        }
        for n in 0..4 {
            add(&platform, &format!("Lamp {n}")).await;
        }
        let running = Running::start(dir.path(), &platform.db);
        assert_eq!(running.count("lamp").await, 4, "{platform:?}");
        assert_eq!(running.count("table").await, 0, "{platform:?}");
        running.stop().await;
    }
}

#[tokio::test]
async fn events_that_are_gone_mean_a_rebuild() {
    for platform in platforms(crate::MIGRATIONS).await {
        let dir = tempfile::tempdir().unwrap();
        add(&platform, "First Lamp").await;
        Running::start(dir.path(), &platform.db).count_and_stop("lamp", 1).await;
        add(&platform, "Second Lamp").await;
        add(&platform, "Third Lamp").await;
        let forget = "DELETE FROM outbox WHERE sequence < (SELECT max(sequence) FROM outbox)";
        platform.db.query(forget).execute().await.unwrap();
        Running::start(dir.path(), &platform.db).count_and_stop("lamp", 3).await;
    }
}

#[tokio::test]
async fn a_rebuild_loses_no_change() {
    for platform in platforms(crate::MIGRATIONS).await {
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
}

#[tokio::test]
async fn a_second_process_reads_what_the_first_writes() {
    let platform = platforms(crate::MIGRATIONS).await.remove(0);
    let dir = tempfile::tempdir().unwrap();
    add(&platform, "Lamp").await;
    Running::start(dir.path(), &platform.db).count_and_stop("lamp", 1).await;
    let lock = Lock::take(dir.path()).unwrap().unwrap();
    assert!(Lock::take(dir.path()).unwrap().is_none());
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

fn numbers(dir: &Path) -> Vec<u64> {
    super::index::numbers(dir).unwrap()
}

/// A file of the index with this ending.
fn file(dir: &Path, ending: &str) -> PathBuf {
    let files = std::fs::read_dir(dir.join("1")).unwrap().map(|it| it.unwrap().path());
    files.into_iter().find(|it| it.extension().is_some_and(|it| it == ending)).unwrap()
}
