use chassis::testing::noon;

use super::index::{Lock, Place};
use super::*;

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
        choices: vec![],
        rating: 0,
        sold: 0,
        views: 0,
        status: Status::Active,
        created_at: noon(),
    }
}

fn request(text: &str) -> Request {
    let filter = Filter::default();
    let (text, sort) = (Some(text.to_owned()), Sort::default());
    Request { text, filter, sort, offset: 0, limit: 20, facets: None }
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
fn one_is_found_among_many() {
    // More of them than typing errors are looked for.
    let mut documents: Vec<Document> = (0..30).map(|_| document("Women's Dresses")).collect();
    documents.extend((0..30).map(|_| document("Dress of a Woman")));
    documents.extend((0..30).map(|_| document("For Women")));
    let (live, _dir) = index(&documents);
    for (text, total) in
        [("dress", 60), ("dresses", 60), ("dres", 60), ("women dress", 30), ("womens", 60)]
    {
        assert_eq!(live.find(&request(text)).unwrap().total, total, "{text}");
    }
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
        document("Mugwort of every colour"),
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

#[test]
fn one_process_writes_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let lock = Lock::take(dir.path()).unwrap();
    assert!(lock.is_some() && Lock::take(dir.path()).unwrap().is_none());
    drop(lock);
    assert!(Lock::take(dir.path()).unwrap().is_some());
}

mod facets;
mod near;
