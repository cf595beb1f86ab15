//! How lists go about it, on every database.

use chassis::db::Session;
use chassis::testing::{Database, TestPlatform, databases, noon};
use uuid::Uuid;

use super::*;
use crate::books::StockTx;
use crate::model::{Figure, NewProduct, NewVariant};
use crate::titles::TitleOrder;

const SORTS: [Sort; 9] = [
    Sort::Newest,
    Sort::Oldest,
    Sort::PriceUp,
    Sort::PriceDown,
    Sort::Title,
    Sort::TitleDown,
    Sort::Rating,
    Sort::Popular,
    Sort::Updated,
];

async fn add(test: &TestPlatform, title: &str, variants: &[(i64, i64)]) -> Uuid {
    let variant = |(at, (price, on_hand)): (usize, &(i64, i64))| NewVariant {
        options: [("Size".to_owned(), at.to_string())].into(),
        price: *price,
        figure: Some(Figure::Opening(*on_hand)),
        ..NewVariant::default()
    };
    let new = NewProduct {
        title: title.to_owned(),
        vendor: "Größe & Co".to_owned(),
        variants: variants.iter().enumerate().map(variant).collect(),
        ..NewProduct::default()
    };
    let mut tx = test.db.begin().await.unwrap();
    let mut books = StockTx::open(&mut tx, noon(), 0);
    let product = crate::products::create(&mut books, new).await.unwrap();
    tx.commit().await.unwrap();
    product.id
}

/// What the database says of how it would read a page.
async fn plan(test: &TestPlatform, page: &Select) -> String {
    if test.db.is_sqlite() {
        let plan = page.explain::<Found>(&test.db, "EXPLAIN QUERY PLAN", "p.");
        let plan: Vec<(i64, i64, i64, String)> = plan.all().await.unwrap();
        return plan.into_iter().map(|(.., step)| step + "\n").collect();
    }
    let mut tx = test.db.begin().await.unwrap();
    // What it would do with a table that is not as small as this one.
    for set in [
        "SET LOCAL enable_seqscan = off",
        "SET LOCAL enable_bitmapscan = off",
        "SET LOCAL enable_sort = off",
        "SET LOCAL enable_incremental_sort = off",
        "SET LOCAL enable_hashjoin = off",
        "SET LOCAL enable_mergejoin = off",
    ] {
        tx.query(set).execute().await.unwrap();
    }
    let plan: Vec<(String,)> = page.explain::<Found>(&mut tx, "EXPLAIN", "p.").all().await.unwrap();
    plan.into_iter().map(|(step,)| step + "\n").collect()
}

/// Checks that a page is a walk along an index that has its order.
async fn walks_along(test: &TestPlatform, page: &Select, indexes: &[&str]) {
    let plan = plan(test, page).await;
    let sorted = ["TEMP B-TREE", "Sort", "Seq Scan"].iter().any(|it| plan.contains(it));
    assert!(!sorted, "{}: {plan}", test.kind);
    assert!(indexes.iter().any(|it| plan.contains(it)), "{}, not {indexes:?}: {plan}", test.kind);
}

fn index_of(sort: Sort) -> &'static [&'static str] {
    match sort {
        Sort::Newest | Sort::Oldest => &["products_newest"],
        Sort::PriceUp | Sort::PriceDown => &["products_price"],
        Sort::Title | Sort::TitleDown => &["products_title_sort"],
        Sort::Rating => &["products_rating"],
        Sort::Popular => &["products_popular"],
        Sort::Updated => &["products_updated"],
    }
}

#[databases]
async fn every_list_is_a_walk_along_an_index(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let found = Found {
        id: Uuid::from_u128(7),
        price: 5,
        title_sort: "2a".to_owned(),
        rating_score: 1,
        sold: 1,
        views: 1,
        updated_at: noon(),
    };
    let list = Listing { limit: 20, ..Listing::default() };
    for sort in SORTS {
        for after in [None, Some(found.place(sort))] {
            for status in [Status::Active, Status::Draft, Status::Archived] {
                let listing = Listing { sort, status, after: after.clone(), ..list.clone() };
                let page = listing.page(Part::Whole, Along::Members, 21);
                walks_along(&test, &page, index_of(sort)).await;
            }
            // Members of a large category or with a frequent tag are found along the order.
            for (category, tag) in [(Some(Uuid::nil()), None), (None, Some("tools".to_owned()))] {
                let listing = Listing { sort, category, tag, after: after.clone(), ..list.clone() };
                let page = listing.page(Part::Whole, Along::Order, 21);
                walks_along(&test, &page, index_of(sort)).await;
            }
        }
    }
    let changes = Listing {
        sort: Sort::Updated,
        any_status: true,
        updated_since: Some(noon()),
        ..list.clone()
    };
    walks_along(&test, &changes.page(Part::Whole, Along::Members, 21), &["products_updated"]).await;
    let vendor = Listing { vendor: Some("Acme".to_owned()), ..list.clone() };
    let page = vendor.page(Part::Whole, Along::Members, 21);
    walks_along(&test, &page, &["products_vendor_key"]).await;
    let members: [(Sort, &[&str]); 4] = [
        (Sort::Newest, &["category_id=? AND", "product_categories_pkey", "sqlite_autoindex"]),
        (Sort::Oldest, &["category_id=? AND", "product_categories_pkey", "sqlite_autoindex"]),
        (Sort::PriceUp, &["product_categories_price"]),
        (Sort::PriceDown, &["product_categories_price"]),
    ];
    for (sort, indexes) in members {
        let listing = Listing { sort, category: Some(Uuid::nil()), ..list.clone() };
        let page = listing.page(Part::Whole, Along::Members, 21);
        walks_along(&test, &page, indexes).await;
    }
    for sort in [Sort::PriceUp, Sort::PriceDown] {
        for (category, above, across) in [
            (None, "products_price", "products_spread"),
            (Some(Uuid::nil()), "product_categories_price", "product_categories_spread"),
        ] {
            let listing = Listing { sort, category, min_price: Some(500), ..list.clone() };
            for (part, index) in [(Part::Above, above), (Part::Across, across)] {
                let page = listing.page(part, Along::Members, 21);
                walks_along(&test, &page, &[index]).await;
            }
        }
    }
}

/// The titles of a list, two at a time.
async fn titles(test: &TestPlatform, listing: &Listing) -> String {
    let mut listing = Listing { limit: 2, ..listing.clone() };
    let mut titles = Vec::new();
    loop {
        let (page, next) = page(&test.db, &listing).await.unwrap();
        titles.extend(page.into_iter().map(|it| it.title));
        listing.after = next;
        if listing.after.is_none() {
            let total = Totals::default().count(&test.db, &listing, COUNTED).await.unwrap();
            assert_eq!(total, titles.len() as i64, "{listing:?}");
            return titles.concat();
        }
    }
}

#[databases]
async fn one_variant_meets_all_conditions(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    add(&test, "a", &[(1000, 0), (1800, 5)]).await;
    add(&test, "b", &[(1100, 5), (1900, 0)]).await;
    add(&test, "c", &[(1500, 5)]).await;
    add(&test, "d", &[(1200, 0)]).await;
    add(&test, "e", &[(900, 1), (2500, 0)]).await;
    for (min_price, max_price, in_stock, expected) in [
        (None, None, None, "eabdc"),
        (Some(1500), None, None, "eabc"),
        (Some(1000), None, None, "eabdc"),
        (None, Some(1000), None, "ea"),
        (Some(1200), Some(1700), None, "dc"),
        (Some(1200), Some(1850), None, "adc"),
        (Some(1900), Some(1900), None, "b"),
        (Some(1200), Some(3000), None, "eabdc"),
        (Some(1850), None, Some(true), ""),
        (Some(1700), None, Some(true), "a"),
        (Some(1700), None, Some(false), "eb"),
        (None, Some(1200), Some(false), "ad"),
        (None, Some(1200), Some(true), "eb"),
        (Some(1200), Some(1700), Some(true), "c"),
        (Some(1200), Some(1700), Some(false), "d"),
        (None, None, Some(true), "eabc"),
        (None, None, Some(false), "d"),
    ] {
        let listing = Listing { min_price, max_price, in_stock, ..Listing::default() };
        let by_price = titles(&test, &Listing { sort: Sort::PriceUp, ..listing.clone() }).await;
        assert_eq!(by_price, expected, "{} {listing:?}", test.kind);
        for sort in SORTS {
            let mut found: Vec<char> =
                titles(&test, &Listing { sort, ..listing.clone() }).await.chars().collect();
            if sort == Sort::PriceDown {
                found.reverse();
                assert_eq!(found.iter().collect::<String>(), expected, "{listing:?}");
            }
            found.sort_unstable();
            let mut all: Vec<char> = expected.chars().collect();
            all.sort_unstable();
            assert_eq!(found, all, "{} {listing:?} {sort:?}", test.kind);
        }
        // What is skipped is skipped once.
        let skipping = Listing { sort: Sort::PriceUp, skip: 1, limit: 10, ..listing };
        let (rest, _) = page(&test.db, &skipping).await.unwrap();
        let rest: String = rest.into_iter().map(|it| it.title).collect();
        assert_eq!(rest, expected.get(1..).unwrap_or_default(), "{} {skipping:?}", test.kind);
    }
}

#[databases]
async fn long_lists_are_counted_once_in_a_while(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    for title in ["a", "b", "c"] {
        add(&test, title, &[(5, 5)]).await;
    }
    let totals = Totals::default();
    let count = async |exact| totals.count(&test.db, &Listing::default(), exact).await.unwrap();
    assert_eq!((count(3).await, count(2).await), (3, 3));
    add(&test, "d", &[(5, 5)]).await;
    assert_eq!((count(4).await, count(2).await), (4, 3), "{}", test.kind);
    let drafts = Listing { status: Status::Draft, ..Listing::default() };
    assert_eq!(totals.count(&test.db, &drafts, 0).await.unwrap(), 0);
}

#[databases]
async fn keys_of_another_order_are_renewed(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    for title in ["Zebra", "Äpfel", "Ost"] {
        add(&test, title, &[(500, 5), (900, 5)]).await;
    }
    let listing = Listing { sort: Sort::Title, ..Listing::default() };
    assert_eq!(titles(&test, &listing).await, "ÄpfelOstZebra");
    // As an older process writes.
    let older = "UPDATE products SET title_sort = '', title_order = '', price_max = 0
                 WHERE title = 'Ost'";
    test.db.query(older).execute().await.unwrap();
    let swedish = TitleOrder::of("sv");
    // Two at a time; the title of the first one changes in the moment between.
    let mut outdone = true;
    for left in [2, 1, 0] {
        let some = outdated(&test.db, swedish.name(), 2).await.unwrap();
        let keys = some.into_iter().map(|it| {
            let keys = swedish.keys(&it.title, &it.vendor);
            let title = if std::mem::take(&mut outdone) { "Other".to_owned() } else { it.title };
            Renewed { id: it.id, title, vendor: it.vendor, keys }
        });
        let mut tx = test.db.begin().await.unwrap();
        renew(&mut tx, keys.collect()).await.unwrap();
        tx.commit().await.unwrap();
        let outdated = outdated(&test.db, swedish.name(), 10).await.unwrap().len();
        assert!(outdated <= left, "{}: {outdated}", test.kind);
    }
    assert_eq!(titles(&test, &listing).await, "OstZebraÄpfel", "{}", test.kind);
    let dear = Listing { min_price: Some(900), ..listing };
    assert_eq!(titles(&test, &dear).await, "OstZebraÄpfel", "{}", test.kind);
    let vendor = Listing { vendor: Some("GROSSE & co".to_owned()), ..Listing::default() };
    assert_eq!(titles(&test, &vendor).await.chars().count(), 13, "{}", test.kind);
}
