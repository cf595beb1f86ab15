use chassis::db::Db;
use chassis::id;
use chassis::testing::{Database, databases, noon};
use chrono::TimeDelta;
use contracts::cart::Purchase;

use super::*;
use crate::MIGRATIONS;

fn line(sku: &str, quantity: i64) -> StockLine {
    StockLine::new(sku, quantity)
}

fn guest() -> Owner {
    Owner::Guest("hash".to_owned())
}

/// A guest's cart with these lines, at version 1.
async fn cart(db: &Db, lines: &[StockLine]) -> Uuid {
    let cart = id::new();
    create(db, cart, "hash".to_owned(), noon()).await.unwrap();
    for line in lines {
        put(db, cart, line).await.unwrap();
    }
    cart
}

async fn add_to_cart(db: &Db, user: Uuid, line: &StockLine, cap: i64) -> bool {
    let mut tx = db.begin().await.unwrap();
    let cart = open(&mut tx, id::new(), user, noon()).await.unwrap();
    let added = add(&mut tx, cart, line, cap).await.unwrap();
    if added {
        tx.commit().await.unwrap();
    }
    added
}

async fn lines_of(db: &Db, cart: Uuid) -> Vec<StockLine> {
    load(db, cart).await.unwrap().unwrap().lines
}

#[databases]
async fn a_cart_comes_back_in_the_order_it_was_filled(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let lines = [line("Z", 1), line("A", 2), line("M", 3)];
    let id = cart(&it.db, &lines).await;
    let found = find(&it.db, &guest()).await.unwrap().unwrap();
    assert_eq!(found, Cart { id, version: 1, updated_at: noon(), lines: lines.to_vec() });
    assert_eq!(load(&it.db, id).await.unwrap(), Some(found));
    assert_eq!(find(&it.db, &Owner::User(id::new())).await.unwrap(), None);
}

#[databases]
async fn adding_in_parallel_loses_nothing_and_makes_one_cart(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let user = id::new();
    let tasks: Vec<_> = (0..12)
        .map(|n| {
            let db = it.db.clone();
            let line = line(if n % 2 == 0 { "EVEN" } else { "ODD" }, 2);
            tokio::spawn(async move { add_to_cart(&db, user, &line, 999).await })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    let cart = find(&it.db, &Owner::User(user)).await.unwrap().unwrap();
    assert_eq!(cart.version, 12, "{}", it.kind);
    let quantities: Vec<i64> = cart.lines.iter().map(|it| it.quantity).collect();
    assert_eq!(quantities, [12, 12], "{}", it.kind);
}

#[databases]
async fn nothing_is_added_beyond_the_cap(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let user = id::new();
    assert!(!add_to_cart(&it.db, user, &line("A", 6), 5).await);
    assert!(add_to_cart(&it.db, user, &line("A", 3), 5).await);
    assert!(!add_to_cart(&it.db, user, &line("A", 3), 5).await);
    assert!(add_to_cart(&it.db, user, &line("A", 2), 5).await);
    let cart = find(&it.db, &Owner::User(user)).await.unwrap().unwrap();
    assert_eq!((cart.version, cart.lines), (2, vec![line("A", 5)]), "{}", it.kind);
}

#[databases]
async fn lines_are_changed_removed_and_cleared(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let id = cart(&it.db, &[line("A", 1), line("B", 2), line("C", 3)]).await;
    assert!(change(&it.db, id, &line("A", 9)).await.unwrap());
    assert!(!change(&it.db, id, &line("X", 9)).await.unwrap());
    assert!(remove(&it.db, id, "B").await.unwrap());
    assert!(!remove(&it.db, id, "B").await.unwrap());
    put(&it.db, id, &line("C", 4)).await.unwrap();
    assert_eq!(lines_of(&it.db, id).await, [line("A", 9), line("C", 4)]);
    clear(&it.db, id).await.unwrap();
    assert_eq!(lines_of(&it.db, id).await, []);
}

#[databases]
async fn a_change_raises_the_version(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let id = cart(&it.db, &[]).await;
    let later = noon() + TimeDelta::hours(1);
    assert_eq!(touch(&it.db, &guest(), later).await.unwrap(), Some(id));
    let found = find(&it.db, &guest()).await.unwrap().unwrap();
    assert_eq!((found.version, found.updated_at), (2, later));
    assert_eq!(touch(&it.db, &Owner::User(id), later).await.unwrap(), None);
}

#[databases]
async fn a_cart_unchanged_since_the_order_is_emptied(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let id = cart(&it.db, &[line("A", 2), line("B", 1)]).await;
    settled(&it.db, id, 1, &[line("A", 2), line("B", 1)]).await;
    let found = find(&it.db, &guest()).await.unwrap().unwrap();
    assert_eq!((found.version, found.lines), (2, vec![]), "{}", it.kind);
}

#[databases]
async fn only_what_was_bought_leaves_a_cart_that_went_on(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let id = cart(&it.db, &[line("A", 5), line("B", 1), line("C", 1)]).await;
    settled(&it.db, id, 0, &[line("A", 2), line("B", 3), line("GONE", 1)]).await;
    assert_eq!(lines_of(&it.db, id).await, [line("A", 3), line("C", 1)], "{}", it.kind);
    settled(&it.db, id::new(), 1, &[line("A", 1)]).await;
    assert_eq!(lines_of(&it.db, id).await, [line("A", 3), line("C", 1)], "{}", it.kind);
}

#[databases]
async fn what_went_into_another_cart_is_subtracted_there(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let old = cart(&it.db, &[line("A", 2)]).await;
    let user = id::new();
    let mut tx = it.db.begin().await.unwrap();
    let (guests, into) = lock_guest(&mut tx, "hash".to_owned(), noon()).await.unwrap().unwrap();
    assert_eq!((guests, into), (old, None));
    let new = open(&mut tx, id::new(), user, noon()).await.unwrap();
    put(&mut tx, new, &line("A", 3)).await.unwrap();
    mark_merged(&mut tx, old, new).await.unwrap();
    let again = lock_guest(&mut tx, "hash".to_owned(), noon()).await.unwrap();
    assert_eq!(again, Some((old, Some(new))));
    tx.commit().await.unwrap();

    assert_eq!(find(&it.db, &guest()).await.unwrap(), None);
    assert_eq!(touch(&it.db, &guest(), noon()).await.unwrap(), None);
    settled(&it.db, old, 1, &[line("A", 2)]).await;
    assert_eq!(lines_of(&it.db, new).await, [line("A", 1)], "{}", it.kind);
}

#[databases]
async fn an_order_leaves_its_cart_once_whoever_asks(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let id = cart(&it.db, &[line("A", 5)]).await;
    let order = id::new();
    let bought = [line("A", 2)];
    let asks = (0..4).map(|_| settled_as(&it.db, order, id, 0, &bought));
    futures::future::join_all(asks).await;
    let found = load(&it.db, id).await.unwrap().unwrap();
    assert_eq!((found.version, found.lines), (2, vec![line("A", 3)]), "{}", it.kind);
    // Another order that finds nothing of it changes nothing.
    settled(&it.db, id, 0, &[line("B", 2)]).await;
    assert_eq!(load(&it.db, id).await.unwrap().unwrap().version, 2, "{}", it.kind);
}

#[databases]
async fn a_checkout_sees_merged_carts_and_what_has_left_them(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let old = cart(&it.db, &[line("A", 2)]).await;
    let user = id::new();
    let mut tx = it.db.begin().await.unwrap();
    let new = open(&mut tx, id::new(), user, noon()).await.unwrap();
    put(&mut tx, new, &line("B", 1)).await.unwrap();
    put(&mut tx, new, &line("A", 3)).await.unwrap();
    mark_merged(&mut tx, old, new).await.unwrap();
    tx.commit().await.unwrap();
    let (first, second) = (id::new(), id::new());
    settled_as(&it.db, first, old, 1, &[line("A", 2)]).await;
    settled_as(&it.db, second, new, 0, &[line("C", 2)]).await;
    let seen = for_checkout(&it.db, &Owner::User(user)).await.unwrap().unwrap();
    assert_eq!((seen.id, seen.merged.as_slice()), (new, [old].as_slice()), "{}", it.kind);
    assert_eq!(seen.lines, [line("B", 1), line("A", 1)], "{}", it.kind);
    let purchases: std::collections::HashSet<_> = seen.purchases.into_iter().collect();
    assert_eq!(purchases, [first, second].into(), "{}", it.kind);
    assert_eq!(for_checkout(&it.db, &guest()).await.unwrap(), None);
}

#[databases]
async fn old_carts_are_deleted_with_their_lines(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let id = cart(&it.db, &[line("A", 2)]).await;
    let user = id::new();
    assert!(add_to_cart(&it.db, user, &line("A", 1), 9).await);
    let later = noon() + TimeDelta::seconds(1);
    assert_eq!(delete_older(&it.db, noon(), noon(), 10).await.unwrap(), 0);
    assert_eq!(delete_older(&it.db, later, noon(), 10).await.unwrap(), 1);
    assert_eq!(load(&it.db, id).await.unwrap(), None);
    assert!(find(&it.db, &Owner::User(user)).await.unwrap().is_some());
    assert_eq!(delete_older(&it.db, later, later, 10).await.unwrap(), 1);
    let lines: (i64,) = it.db.query("SELECT count(*) FROM lines").one().await.unwrap();
    assert_eq!(lines, (0,), "{}", it.kind);
}

async fn settled(db: &Db, cart: Uuid, ordered: i64, lines: &[StockLine]) {
    settled_as(db, id::new(), cart, ordered, lines).await;
}

async fn settled_as(db: &Db, order: Uuid, cart: Uuid, ordered: i64, lines: &[StockLine]) {
    let (order_id, cart_id, lines) = (order, cart, lines.to_vec());
    let purchase = Purchase { order_id, cart_id, cart_version: ordered, lines };
    let mut tx = db.begin().await.unwrap();
    remove_purchased(&mut tx, &purchase, noon()).await.unwrap();
    tx.commit().await.unwrap();
}
