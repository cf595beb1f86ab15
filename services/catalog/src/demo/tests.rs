use chassis::testing::{Database, TestPlatform, databases};

use super::*;
use crate::model::NewProduct;
use crate::store::{pictures, products};

async fn seeded(test: &TestPlatform) -> Seeded {
    seed(&test.db, test.clock, &test.currency).await.unwrap()
}

#[databases]
async fn the_demo_shop_is_complete_and_seeded_once(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    assert!(is_empty(&test.db).await.unwrap());
    let first = seeded(&test).await;
    assert!(first.products >= 24 && first.categories >= 6, "{first:?}");
    assert_eq!(seeded(&test).await, Seeded::default());
    assert!(!is_empty(&test.db).await.unwrap());
    let all = products::page(&test.db, Uuid::nil(), 100).await.unwrap();
    assert_eq!(all.len() as u64, first.products);
    for product in &all {
        let url = &product.images[0].url;
        let id = url.rsplit('/').next().unwrap().parse().unwrap();
        let picture = pictures::find(&test.db, id, None).await.unwrap().expect(url);
        assert!(picture.bytes.starts_with(b"<svg "));
        assert_eq!(product.category_ids.len(), 1, "{}", product.slug);
        assert!(product.price() > 0, "{}", product.slug);
    }
    assert!(crate::invariants::ledger(&test.db).await.unwrap().is_empty());
}

#[databases]
async fn a_shop_that_lost_something_gets_it_back(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    seeded(&test).await;
    let mut tx = test.db.begin().await.unwrap();
    let product = products::find_in(&mut tx, "stoneware-mug").await.unwrap().unwrap();
    let mut books = StockTx::open(&mut tx, test.clock.now(), LOW);
    crate::products::delete(&mut books, &product).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(seeded(&test).await, Seeded { categories: 0, products: 1 });
}

#[databases]
async fn what_staff_have_changed_stays(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    seeded(&test).await;
    let mut tx = test.db.begin().await.unwrap();
    let product = products::find_in(&mut tx, "stoneware-mug").await.unwrap().unwrap();
    let new = NewProduct { title: "Our Mug".to_owned(), ..NewProduct::from(&product) };
    let mut books = StockTx::open(&mut tx, test.clock.now(), LOW);
    crate::products::replace(&mut books, &product, new).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(seeded(&test).await, Seeded::default());
    let mug = products::find(&test.db, "stoneware-mug").await.unwrap().unwrap();
    assert_eq!(mug.title, "Our Mug");
}

#[databases]
async fn the_file_knows_the_categories_by_their_names(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let first = seeded(&test).await;
    let tree = store::categories::tree(&test.db).await.unwrap();
    assert_eq!(tree.all().len() as u64, first.categories, "the import has made another");
    let mug = products::find(&test.db, "stoneware-mug").await.unwrap().unwrap();
    assert_eq!(mug.category_ids, [tree.find("kitchen").unwrap().id]);
}

#[databases]
async fn prices_are_the_same_in_every_currency(database: Database) {
    for (code, price) in [("USD", 1_800), ("JPY", 18), ("KWD", 18_000), ("CLF", 180_000)] {
        let test = database.platform(crate::MIGRATIONS).await;
        let currency = code.to_owned().try_into().unwrap();
        seed(&test.db, test.clock, &currency).await.unwrap();
        let mug = products::find(&test.db, "stoneware-mug").await.unwrap().unwrap();
        assert_eq!(mug.price(), price, "{code}");
    }
}
