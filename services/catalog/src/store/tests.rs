//! Lists, categories and products, on every database.

use chassis::db::Db;
use chassis::testing::{Database, TestPlatform, databases, noon};
use uuid::Uuid;

use super::listing::{Listing, Place, Sort};
use super::{categories, listing, products};
use crate::books::StockTx;
use crate::categories::NewCategory;
use crate::model::{Figure, NewProduct, NewVariant, Policy, Rating, Status};

const NAMES: [(&str, i64, &str); 6] = [
    ("Anvil", 500, "Acme"),
    ("bellows", 300, "Acme"),
    ("Chisel", 300, "Best"),
    ("Drill", 900, "Best"),
    ("Éclair", 100, "Acme"),
    ("Drill", 900, "Acme"),
];

/// Six products; those at even places in `category`.
async fn filled(test: &TestPlatform, category: Option<Uuid>) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for (at, (title, price, vendor)) in NAMES.iter().enumerate() {
        let new = NewProduct {
            title: (*title).to_owned(),
            vendor: (*vendor).to_owned(),
            tags: if at < 3 { vec!["Tools".to_owned()] } else { vec![] },
            category_ids: category.filter(|_| at % 2 == 0).into_iter().collect(),
            variants: vec![NewVariant {
                price: *price,
                figure: Some(Figure::Opening(at as i64)),
                policy: (at == 5).then_some(Policy::Untracked),
                ..NewVariant::default()
            }],
            ..NewProduct::default()
        };
        ids.push(create(&test.db, new).await);
    }
    ids
}

async fn create(db: &Db, new: NewProduct) -> Uuid {
    let mut tx = db.begin().await.unwrap();
    let mut books = StockTx::open(&mut tx, noon(), 0);
    let product = crate::products::create(&mut books, new).await.unwrap();
    tx.commit().await.unwrap();
    product.id
}

async fn category(db: &Db, name: &str, parent_id: Option<Uuid>) -> Uuid {
    let mut tx = db.begin().await.unwrap();
    let mut books = StockTx::open(&mut tx, noon(), 0);
    let new = NewCategory { parent_id, name: name.to_owned(), ..NewCategory::default() };
    let category = crate::categories::create(&mut books, new).await.unwrap();
    tx.commit().await.unwrap();
    category.id
}

async fn move_to(db: &Db, id: Uuid, parent_id: Option<Uuid>) {
    let mut tx = db.begin().await.unwrap();
    let mut books = StockTx::open(&mut tx, noon(), 0);
    let change = |old: &crate::model::Category| NewCategory {
        parent_id,
        name: old.name.clone(),
        ..NewCategory::default()
    };
    crate::categories::replace(&mut books, &id.to_string(), change).await.unwrap();
    tx.commit().await.unwrap();
}

/// Titles of all pages, two products at a time.
async fn titles(db: &Db, listing: Listing) -> Vec<String> {
    let count = listing::count(db, &listing).await.unwrap();
    let mut listing = Listing { limit: 2, ..listing };
    let mut titles = Vec::new();
    loop {
        let (page, next) = listing::page(db, &listing).await.unwrap();
        titles.extend(page.into_iter().map(|it| it.title));
        listing.after = next;
        if listing.after.is_none() {
            assert_eq!(titles.len() as i64, count);
            return titles;
        }
    }
}

#[databases]
async fn every_order_goes_through_all_products_once(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let ids = filled(&test, None).await;
    let mut tx = test.db.begin().await.unwrap();
    for (id, sum) in [(ids[1], 5), (ids[3], 4)] {
        let rating = Rating { count: 1, sum };
        products::set_rating(&mut tx, id, rating, 1, noon()).await.unwrap().unwrap();
    }
    tx.commit().await.unwrap();
    for (sort, expected) in [
        (Sort::Newest, ["Drill", "Éclair", "Drill", "Chisel", "bellows", "Anvil"]),
        (Sort::PriceUp, ["Éclair", "bellows", "Chisel", "Anvil", "Drill", "Drill"]),
        (Sort::PriceDown, ["Drill", "Drill", "Anvil", "Chisel", "bellows", "Éclair"]),
        (Sort::Title, ["Anvil", "bellows", "Chisel", "Drill", "Drill", "Éclair"]),
        (Sort::Rating, ["bellows", "Drill", "Drill", "Éclair", "Chisel", "Anvil"]),
    ] {
        let listing = Listing { sort, ..Listing::default() };
        assert_eq!(titles(&test.db, listing).await, expected, "{} {sort:?}", test.kind);
    }
}

#[databases]
async fn every_filter_filters_in_every_order(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let above = category(&test.db, "Above", None).await;
    let below = category(&test.db, "Below", Some(above)).await;
    filled(&test, Some(below)).await;
    let all = Listing::default();
    let filters = [
        (Listing { category: Some(below), ..all.clone() }, "Anvil Chisel Éclair"),
        (Listing { category: Some(above), ..all.clone() }, "Anvil Chisel Éclair"),
        (Listing { tag: Some("TOOLS".into()), ..all.clone() }, "Anvil bellows Chisel"),
        (Listing { vendor: Some("Best".into()), ..all.clone() }, "Chisel Drill"),
        (
            Listing { min_price: Some(300), max_price: Some(500), ..all.clone() },
            "Anvil bellows Chisel",
        ),
        (Listing { in_stock: Some(false), ..all.clone() }, "Anvil"),
        (Listing { in_stock: Some(true), min_price: Some(500), ..all.clone() }, "Drill Drill"),
        (
            Listing {
                category: Some(above),
                tag: Some("tools".into()),
                max_price: Some(400),
                vendor: Some("Best".into()),
                in_stock: Some(true),
                ..all.clone()
            },
            "Chisel",
        ),
        (Listing { category: Some(Uuid::nil()), ..all.clone() }, ""),
        (Listing { status: Status::Draft, ..all.clone() }, ""),
    ];
    for (listing, expected) in filters {
        let sorts = [Sort::Newest, Sort::PriceUp, Sort::PriceDown, Sort::Title, Sort::Rating];
        for sort in sorts {
            let mut found = titles(&test.db, Listing { sort, ..listing.clone() }).await;
            found.sort_by_key(|it| it.to_lowercase());
            assert_eq!(found.join(" "), expected, "{} {listing:?} {sort:?}", test.kind);
        }
    }
}

#[test]
fn a_place_belongs_to_one_order() {
    let place = Place::PriceUp(5, Uuid::nil());
    assert!(place.fits(Sort::PriceUp));
    assert!(!place.fits(Sort::PriceDown) && !place.fits(Sort::Newest));
}

#[databases]
async fn a_moved_category_takes_its_products_along(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    let one = category(db, "One", None).await;
    let two = category(db, "Two", None).await;
    let middle = category(db, "Middle", Some(one)).await;
    let leaf = category(db, "Leaf", Some(middle)).await;
    let other = category(db, "Other", Some(one)).await;
    let new = |category_ids: Vec<Uuid>, title: &str| NewProduct {
        title: title.to_owned(),
        category_ids,
        variants: vec![NewVariant::default()],
        ..NewProduct::default()
    };
    create(db, new(vec![leaf], "a")).await;
    create(db, new(vec![leaf, other], "b")).await;
    create(db, new(vec![middle, two], "c")).await;
    let listed = async |category| {
        let listing = Listing { category: Some(category), sort: Sort::Title, ..Listing::default() };
        titles(db, listing).await.concat()
    };
    assert_eq!((listed(one).await, listed(two).await), ("abc".into(), "c".into()));
    move_to(db, middle, Some(two)).await;
    assert_eq!((listed(one).await, listed(two).await), ("b".into(), "abc".into()));
    assert_eq!((listed(middle).await, listed(leaf).await), ("abc".into(), "ab".into()));
    move_to(db, leaf, None).await;
    assert_eq!((listed(two).await, listed(leaf).await), ("c".into(), "ab".into()));
    let mut tx = db.begin().await.unwrap();
    let mut books = StockTx::open(&mut tx, noon(), 0);
    crate::categories::delete(&mut books, &middle.to_string()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((listed(two).await, listed(one).await), ("c".into(), "b".into()));
    assert!(categories::tree(db).await.unwrap().get(middle).is_none());
}

#[databases]
async fn an_older_rating_changes_nothing(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let ids = filled(&test, None).await;
    let rate = async |version, sum| {
        let mut tx = test.db.begin().await.unwrap();
        let rating = Rating { count: 2, sum };
        let set = products::set_rating(&mut tx, ids[0], rating, version, noon()).await;
        tx.commit().await.unwrap();
        set.unwrap()
    };
    assert_eq!(rate(3, 9).await, Some(("anvil".to_owned(), 2)));
    assert_eq!(rate(3, 2).await, None);
    assert_eq!(rate(1, 2).await, None);
    let product = products::find(&test.db, "anvil").await.unwrap().unwrap();
    assert_eq!(product.rating, Rating { count: 2, sum: 9 });
    assert_eq!(product.rating.average(), Some(4.5));
}

#[databases]
async fn what_is_written_is_read_back_the_same(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let shelf = category(&test.db, "Shelf", None).await;
    let new = NewProduct {
        slug: Some("A Handle, kept as it is".to_owned()),
        title: "Rope".to_owned(),
        description: "<b>Strong</b>".to_owned(),
        tags: vec!["One".to_owned(), "Two".to_owned()],
        images: vec![("https://example.com/a.jpg".to_owned(), Some("A".to_owned()))],
        seo_title: Some("Rope!".to_owned()),
        category_ids: vec![shelf],
        variants: [("Short", 100), ("Long", 200)]
            .map(|(length, price)| NewVariant {
                options: [("Length".to_owned(), length.to_owned())].into(),
                price,
                compare_at_price: Some(price * 2),
                barcode: Some("123".to_owned()),
                figure: Some(Figure::Opening(3)),
                ..NewVariant::default()
            })
            .to_vec(),
        ..NewProduct::default()
    };
    let mut tx = test.db.begin().await.unwrap();
    let mut books = StockTx::open(&mut tx, noon(), 0);
    let written = crate::products::create(&mut books, new.clone()).await.unwrap();
    let same = crate::products::replace(&mut books, &written, new).await.unwrap();
    assert_eq!(same, None, "{}", test.kind);
    tx.commit().await.unwrap();
    for key in [written.slug.clone(), written.id.to_string()] {
        let read = products::find(&test.db, &key).await.unwrap().unwrap();
        assert_eq!(read, written, "{}", test.kind);
    }
    assert_eq!(products::find(&test.db, "rope").await.unwrap(), None);
    assert_eq!(products::by_ids(&test.db, &[Uuid::nil(), written.id]).await.unwrap().len(), 1);
}
