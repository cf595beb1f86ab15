use chassis::db::{Db, Session};
use chassis::testing::{Database, TestPlatform, databases, noon};
use contracts::catalog::{Buyer, Reserve, StockLine};

use super::*;
use crate::invariants::{self, OrderStock};
use crate::model::{Figure, NewProduct, NewVariant, Policy, Product, Stock, StockChange};
use crate::products;
use crate::store::products as goods;

mod shelf;

/// One step in a transaction of its own.
async fn step<T>(db: &Db, run: impl AsyncFnOnce(&mut StockTx<'_>) -> Result<T>) -> Result<T> {
    let mut tx = db.begin().await?;
    let mut books = StockTx::open(&mut tx, noon(), 5);
    let done = run(&mut books).await?;
    tx.commit().await?;
    Ok(done)
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn variant(name: &str, sku: &str, on_hand: Option<i64>) -> NewVariant {
    NewVariant {
        sku: Some(sku.to_owned()),
        options: [("Kind".to_owned(), name.to_owned())].into(),
        figure: on_hand.map(Figure::Opening),
        ..NewVariant::default()
    }
}

/// A product with a variant of ten units for each SKU.
async fn stocked(db: &Db, title: &str, skus: &[&str]) -> Product {
    let variants = skus.iter().map(|it| variant(it, it, Some(10))).collect();
    let new = NewProduct { title: title.to_owned(), variants, ..NewProduct::default() };
    step(db, async |books| products::create(books, new).await).await.unwrap()
}

async fn product(db: &Db, id: Uuid) -> Product {
    let mut tx = db.begin().await.unwrap();
    goods::find_in(&mut tx, &id.to_string()).await.unwrap().unwrap()
}

/// Gives a product's variants other SKUs, by name; one without is removed.
async fn rename(db: &Db, old: &Product, skus: &[(&str, Option<&str>)]) -> Result<()> {
    let variants = skus.iter().filter_map(|(name, sku)| Some(variant(name, (*sku)?, None)));
    let (title, variants) = (old.title.clone(), variants.collect());
    let new = NewProduct { title, variants, slug: Some(old.slug.clone()), ..NewProduct::default() };
    step(db, async |books| products::replace(books, old, new).await).await.map(drop)
}

/// On hand, allocated and reserved.
async fn counts(db: &Db, sku: &str) -> [i64; 3] {
    let it: Stock = stock::find(db, sku).await.unwrap().unwrap();
    [it.on_hand, it.allocated, it.reserved]
}

async fn hold(db: &Db, order: u128, lines: &[(&str, i64)]) -> Result<()> {
    let lines = lines.iter().map(|(sku, quantity)| StockLine::new(*sku, *quantity)).collect();
    let request = Reserve { order_id: id(order), lines, buyer: Buyer::default() };
    let time = chrono::TimeDelta::minutes(15);
    step(db, async |books| reservations::reserve(books, &request, time).await).await.map(drop)
}

async fn sell(db: &Db, order: u128, lines: &[(&str, i64)]) {
    hold(db, order, lines).await.unwrap();
    step(db, async |books| reservations::commit(books, id(order)).await).await.unwrap();
}

async fn send(db: &Db, order: u128) {
    step(db, async |books| ship(books, &Ship::whole(id(order))).await).await.unwrap();
}

/// Everything of an order.
async fn cancel(db: &Db, order: u128) {
    let request = Restock { order_id: id(order), id: id(order), lines: None };
    step(db, async |books| restock(books, &request).await).await.unwrap();
}

async fn give_back(db: &Db, order: u128, refund: u128, lines: &[(&str, i64)]) {
    let lines = lines.iter().map(|(sku, quantity)| StockLine::new(*sku, *quantity)).collect();
    let request = Restock { order_id: id(order), id: id(refund), lines: Some(lines) };
    step(db, async |books| restock(books, &request).await).await.unwrap();
}

async fn count(db: &Db, sku: &str, on_hand: i64) -> Result<()> {
    let wish = StockChange { figure: Some(Figure::Count(on_hand)), policy: None };
    step(db, async |books| books.set(sku, wish, "test").await).await.map(drop)
}

async fn of_order(db: &Db, order: u128) -> OrderStock {
    let all = invariants::of_orders(db).await.unwrap();
    all.into_iter().find(|it| it.order_id == id(order)).unwrap()
}

async fn violations(db: &Db) -> Vec<String> {
    let mut all = invariants::overselling(db).await.unwrap();
    all.extend(invariants::ledger(db).await.unwrap());
    all
}

async fn sound(test: &TestPlatform) {
    assert_eq!(violations(&test.db).await, Vec::<String>::new(), "{}", test.kind);
}

#[databases]
async fn sold_units_are_on_hand_until_they_are_shipped_and_each_movement_counts_once(
    database: Database,
) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, "Lamp", &["A"]).await;
    hold(db, 1, &[("A", 4)]).await.unwrap();
    assert_eq!(counts(db, "A").await, [10, 0, 4]);
    for _ in 0..2 {
        step(db, async |books| reservations::commit(books, id(1)).await).await.unwrap();
        assert_eq!(counts(db, "A").await, [10, 4, 0]);
    }
    assert_eq!(stock::find(db, "A").await.unwrap().unwrap().available(), Some(6));
    for _ in 0..2 {
        send(db, 1).await;
        assert_eq!(counts(db, "A").await, [6, 0, 0]);
    }
    assert_eq!(of_order(db, 1).await.shipped, 4);
    for _ in 0..2 {
        // Three came back.
        give_back(db, 1, 90, &[("A", 3)]).await;
        assert_eq!(counts(db, "A").await, [9, 0, 0]);
    }
    // More than is out is not put back.
    give_back(db, 1, 91, &[("A", 3), ("B", 1)]).await;
    give_back(db, 1, 92, &[("A", 1)]).await;
    assert_eq!(counts(db, "A").await, [10, 0, 0]);
    assert_eq!((of_order(db, 1).await.out(), of_order(db, 1).await.restocked), (0, 4));
    let ledger = stock::ledger(db, "A", i64::MAX, 10).await.unwrap();
    let moved: Vec<_> = ledger
        .iter()
        .map(|it| (it.kind.as_str(), it.delta_on_hand, it.delta_allocated, it.delta_reserved))
        .collect();
    assert_eq!(
        moved,
        [
            ("restock", 1, 0, 0),
            ("restock", 3, 0, 0),
            ("ship", -4, -4, 0),
            ("commit", 0, 4, -4),
            ("reserve", 0, 0, 4),
            ("created", 10, 0, 0),
        ]
    );
    sound(&test).await;
}

#[databases]
async fn who_counts_the_shelf_is_right_and_cannot_sell_it_again(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, "Lamp", &["A"]).await;
    sell(db, 1, &[("A", 4)]).await;
    // Ten are on the shelf, four of them sold.
    count(db, "A", 10).await.unwrap();
    assert_eq!(counts(db, "A").await, [10, 4, 0]);
    assert_eq!(hold(db, 2, &[("A", 7)]).await.unwrap_err().code, "out_of_stock");
    hold(db, 2, &[("A", 6)]).await.unwrap();
    count(db, "A", 12).await.unwrap();
    assert_eq!(counts(db, "A").await, [12, 4, 6]);
    let problem = count(db, "A", 9).await.unwrap_err();
    assert_eq!((problem.status, problem.code.as_ref()), (409, "stock_below_reserved"));
    assert_eq!(problem.members["allocated"], 4);
    send(db, 1).await;
    assert_eq!(counts(db, "A").await, [8, 0, 6]);
    sound(&test).await;
}

#[databases]
async fn back_orders_are_filled_by_what_arrives(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, "Lamp", &["A"]).await;
    let wish = StockChange { figure: Some(Figure::Count(0)), policy: Some(Policy::Continue) };
    step(db, async |books| books.set("A", wish, "test").await).await.unwrap();
    sell(db, 1, &[("A", 3)]).await;
    assert_eq!(counts(db, "A").await, [0, 3, 0]);
    let wish = StockChange { figure: Some(Figure::Count(5)), policy: Some(Policy::Deny) };
    step(db, async |books| books.set("A", wish, "test").await).await.unwrap();
    assert_eq!(hold(db, 2, &[("A", 3)]).await.unwrap_err().code, "out_of_stock");
    send(db, 1).await;
    assert_eq!(counts(db, "A").await, [2, 0, 0]);
    sound(&test).await;
}

#[databases]
async fn what_is_put_back_before_the_parcel_leaves_is_not_in_it(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, "Lamps", &["A", "B"]).await;
    sell(db, 1, &[("A", 4), ("B", 2)]).await;
    give_back(db, 1, 90, &[("A", 1), ("B", 9)]).await;
    assert_eq!((counts(db, "A").await, counts(db, "B").await), ([10, 3, 0], [10, 0, 0]));
    send(db, 1).await;
    assert_eq!((counts(db, "A").await, counts(db, "B").await), ([7, 0, 0], [10, 0, 0]));
    cancel(db, 1).await;
    cancel(db, 1).await;
    assert_eq!((counts(db, "A").await, counts(db, "B").await), ([10, 0, 0], [10, 0, 0]));
    // Nothing is left to be sent, and of a hold or of nobody's order nothing is.
    send(db, 1).await;
    hold(db, 2, &[("A", 1)]).await.unwrap();
    send(db, 2).await;
    send(db, 3).await;
    assert_eq!(counts(db, "A").await, [10, 0, 1]);
    sound(&test).await;
}

#[databases]
async fn units_go_back_to_their_variant_whatever_has_its_sku(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    let lamps = stocked(db, "Lamps", &["A", "B", "C"]).await;
    sell(db, 1, &[("A", 4), ("B", 2)]).await;
    rename(db, &lamps, &[("A", Some("A-2")), ("B", None), ("C", Some("C"))]).await.unwrap();
    // Both SKUs are others' now.
    stocked(db, "Cups", &["A", "B"]).await;
    assert_eq!(counts(db, "A-2").await, [10, 4, 0]);
    sound(&test).await;
    give_back(db, 1, 90, &[("A", 1)]).await;
    assert_eq!(counts(db, "A-2").await, [10, 3, 0]);
    send(db, 1).await;
    assert_eq!(counts(db, "A-2").await, [7, 0, 0]);
    assert_eq!(invariants::notes(db).await.unwrap(), [""; 0]);
    cancel(db, 1).await;
    assert_eq!(counts(db, "A-2").await, [10, 0, 0]);
    assert_eq!((counts(db, "A").await, counts(db, "B").await), ([10, 0, 0], [10, 0, 0]));
    let notes = invariants::notes(db).await.unwrap();
    assert!(notes.len() == 1 && notes[0].contains("2 units sold as B"), "{notes:?}");
    sound(&test).await;
}

#[databases]
async fn a_sku_that_another_has_taken_over_is_not_held_for_who_wanted_the_one_before(
    database: Database,
) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    let lamps = stocked(db, "Lamps", &["A", "B"]).await;
    let wanted = lamps.variants.iter().find(|it| it.sku == "A").unwrap().id;
    rename(db, &lamps, &[("A", Some("A-2")), ("B", Some("B"))]).await.unwrap();
    stocked(db, "Cups", &["A"]).await;
    let line = StockLine { variant_id: Some(wanted), ..StockLine::new("A", 1) };
    let request = Reserve { order_id: id(1), lines: vec![line], buyer: Buyer::default() };
    let time = chrono::TimeDelta::minutes(15);
    let held = step(db, async |books| reservations::reserve(books, &request, time).await).await;
    assert_eq!(held.unwrap_err().code, "out_of_stock");
    assert_eq!(counts(db, "A").await, [10, 0, 0]);
}

/// As it was before: sold units have left `on_hand`, and nothing says whether they were shipped.
async fn sold_before(db: &Db, order: u128, sku: &str, quantity: i64) {
    sell(db, order, &[(sku, quantity)]).await;
    let mut tx = db.begin().await.unwrap();
    tx.query("UPDATE stock SET on_hand = on_hand - $2, allocated = allocated - $2 WHERE sku = $1")
        .bind(sku.to_owned())
        .bind(quantity)
        .execute()
        .await
        .unwrap();
    tx.query("UPDATE reservation SET allocated = FALSE WHERE order_id = $1")
        .bind(id(order))
        .execute()
        .await
        .unwrap();
    tx.query(
        "UPDATE stock_ledger SET delta_on_hand = -delta_allocated, delta_allocated = 0
         WHERE kind = 'commit' AND sku = $1 AND delta_allocated > 0",
    )
    .bind(sku.to_owned())
    .execute()
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn book_order(db: &Db, order: u128, shipped: bool) {
    step(db, async |books| book(books, id(order), shipped).await).await.unwrap();
}

#[databases]
async fn what_was_sold_before_is_booked_once_in_whatever_order_it_is_shipped(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, "Lamp", &["A"]).await;
    for order in 1..=5 {
        sold_before(db, order, "A", 1).await;
    }
    assert_eq!(counts(db, "A").await, [5, 0, 0]);
    sound(&test).await;
    assert!(invariants::notes(db).await.unwrap()[0].starts_with("5 orders were sold before"));
    // Booked, then shipped.
    for _ in 0..2 {
        book_order(db, 1, false).await;
        assert_eq!(counts(db, "A").await, [6, 1, 0]);
    }
    send(db, 1).await;
    book_order(db, 1, false).await;
    assert_eq!(counts(db, "A").await, [5, 0, 0]);
    // Shipped, while orders was just asked.
    send(db, 2).await;
    book_order(db, 2, false).await;
    assert_eq!(counts(db, "A").await, [5, 0, 0]);
    // Shipped before, and come back.
    book_order(db, 3, true).await;
    give_back(db, 3, 90, &[("A", 1)]).await;
    assert_eq!(counts(db, "A").await, [6, 0, 0]);
    // Cancelled, while orders was just asked.
    cancel(db, 4).await;
    book_order(db, 4, false).await;
    assert_eq!(counts(db, "A").await, [7, 0, 0]);
    // Booked, then cancelled.
    book_order(db, 5, false).await;
    cancel(db, 5).await;
    assert_eq!(counts(db, "A").await, [8, 0, 0], "of ten, two are away");
    assert_eq!(invariants::notes(db).await.unwrap(), [""; 0]);
    assert!(store::unbooked(db, 10).await.unwrap().is_empty());
    sound(&test).await;
}
