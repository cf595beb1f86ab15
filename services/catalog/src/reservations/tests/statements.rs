//! How many statements an order takes.

use chassis::testing::{Database, databases};
use contracts::catalog::Buyer;

use super::*;

/// An order of these SKUs by somebody who is logged in, as orders asks for it.
async fn ordered(db: &Db, n: u128, skus: &[&str]) -> Reserve {
    let mut lines = Vec::new();
    for sku in skus {
        let variant_id = stock::find(db, sku).await.unwrap().unwrap().variant_id;
        lines.push(StockLine { variant_id, ..StockLine::new(*sku, 2) });
    }
    let buyer = Buyer { user_id: Some(Uuid::from_u128(7)), carts: vec![Uuid::from_u128(8)] };
    Reserve { order_id: order(n), lines, buyer }
}

async fn counted<T>(db: &Db, run: impl Future<Output = T>) -> u64 {
    let before = db.statements();
    run.await;
    db.statements() - before
}

#[databases]
async fn an_order_takes_as_many_statements_as_one_line_does(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    let skus = ["A", "B", "C", "D", "E"];
    stocked(db, &skus, Policy::Deny, 10).await;
    for (n, skus) in [(1, &skus[..2]), (2, &skus)] {
        let request = ordered(db, n, skus).await;
        // Lines, the buyer's own holds, stock, ledger, events.
        let held = counted(db, async { hold(db, &request).await.unwrap() }).await;
        assert_eq!(held, 5, "{}", test.kind);
        // Lines twice, stock, ledger, events.
        let sold = counted(db, async { make_final(db, n).await.unwrap() }).await;
        assert_eq!(sold, 5, "{}", test.kind);
        // The same, and the variants' SKUs.
        let ship = Ship::whole(order(n));
        let shipped = step(db, noon(), async |books| fulfillment::ship(books, &ship).await);
        let shipped = counted(db, async { shipped.await.unwrap() }).await;
        assert_eq!(shipped, 6, "{}", test.kind);
    }
    assert_eq!((counts(db, "A").await, counts(db, "E").await), ((6, 0), (8, 0)));
    sound(&test).await;
}

#[databases]
async fn orders_of_the_same_goods_in_any_order_wait_for_each_other(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["A", "B", "C"], Policy::Deny, 30).await;
    let orders = (1..=12).map(|n| {
        let mut wanted = vec![("A", 1), ("B", 2), ("C", 3)];
        wanted.rotate_left(n as usize % 3);
        let request = asked(n, &wanted);
        async move { hold(db, &request).await }
    });
    let held = futures::future::join_all(orders).await;
    let held = held.into_iter().map(|it| it.map(drop).map_err(|it| it.code));
    let (held, refused): (Vec<_>, Vec<_>) = held.partition(Result::is_ok);
    assert_eq!((held.len(), refused.len()), (10, 2), "{refused:?} {}", test.kind);
    assert!(refused.iter().all(|it| *it == Err("out_of_stock".into())), "{refused:?}");
    assert_eq!(counts(db, "C").await, (30, 30));
    sound(&test).await;
}
