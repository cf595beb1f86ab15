use chassis::db::{Db, Session};
use chassis::testing::{Database, TestPlatform, databases, noon};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use contracts::catalog::{Restock, Ship};

use super::*;
use crate::model::{Figure, NewProduct, NewVariant, Policy, StockChange};
use crate::{fulfillment, invariants, products};

mod statements;
mod unpaid;

use unpaid::{awaits, ended};

const HOLD: TimeDelta = TimeDelta::minutes(15);
const LOW: i64 = 5;

/// A product with one variant per SKU, all alike.
async fn stocked(db: &Db, skus: &[&str], policy: Policy, on_hand: i64) {
    let mut tx = db.begin().await.unwrap();
    let mut books = StockTx::open(&mut tx, noon(), LOW);
    let variant = |sku: &&str| NewVariant {
        sku: Some((*sku).to_owned()),
        options: [("Kind".to_owned(), (*sku).to_owned())].into(),
        policy: Some(policy),
        figure: Some(Figure::Opening(on_hand)),
        ..NewVariant::default()
    };
    let new = NewProduct {
        title: skus.join(" "),
        variants: skus.iter().map(variant).collect(),
        ..NewProduct::default()
    };
    products::create(&mut books, new).await.unwrap();
    tx.commit().await.unwrap();
}

fn order(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn lines(lines: &[(&str, i64)]) -> Vec<StockLine> {
    let line = |(sku, quantity): &(&str, i64)| StockLine::new(*sku, *quantity);
    lines.iter().map(line).collect()
}

fn asked(n: u128, wanted: &[(&str, i64)]) -> Reserve {
    Reserve { order_id: order(n), lines: lines(wanted), buyer: Default::default() }
}

/// One step in a transaction of its own.
async fn step<T>(
    db: &Db,
    at: DateTime<Utc>,
    run: impl AsyncFnOnce(&mut StockTx<'_>) -> Result<T>,
) -> Result<T> {
    let mut tx = db.begin().await?;
    let mut books = StockTx::open(&mut tx, at, LOW);
    let done = run(&mut books).await?;
    tx.commit().await?;
    Ok(done)
}

async fn hold(db: &Db, request: &Reserve) -> Result<Reservation> {
    step(db, noon(), async |books| reserve(books, request, HOLD).await).await
}

async fn make_final(db: &Db, n: u128) -> Result<()> {
    step(db, noon(), async |books| commit(books, order(n)).await).await
}

async fn release_hold(db: &Db, request: &Reserve) -> Result<()> {
    step(db, noon(), async |books| release(books, request).await).await
}

/// All of an order goes back.
async fn put_back(db: &Db, request: &Reserve) -> Result<()> {
    let order_id = request.order_id;
    let request = Restock { order_id, id: order_id, lines: None };
    step(db, noon(), async |books| fulfillment::restock(books, &request).await).await
}

async fn end_at(db: &Db, n: u128, at: DateTime<Utc>) -> bool {
    step(db, at, async |books| expire(books, order(n)).await).await.unwrap()
}

/// What is on hand and not sold, and what is reserved.
async fn counts(db: &Db, sku: &str) -> (i64, i64) {
    let it = stock::find(db, sku).await.unwrap().unwrap();
    (it.on_hand - it.allocated, it.reserved)
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
async fn an_order_holds_takes_and_puts_back_and_each_counts_once(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["A", "B"], Policy::Deny, 10).await;
    let request = asked(1, &[("B", 2), ("A", 3)]);
    for _ in 0..2 {
        let held = hold(db, &request).await.unwrap();
        assert_eq!(held.expires_at, noon() + HOLD);
        assert_eq!((counts(db, "A").await, counts(db, "B").await), ((10, 3), (10, 2)));
    }
    assert_eq!(invariants::held_orders(db).await.unwrap(), [order(1)]);
    for _ in 0..2 {
        make_final(db, 1).await.unwrap();
        assert_eq!((counts(db, "A").await, counts(db, "B").await), ((7, 0), (8, 0)));
    }
    let sold = invariants::of_orders(db).await.unwrap();
    assert_eq!((sold.len(), sold[0].order_id, sold[0].allocated), (1, order(1), 5));
    hold(db, &request).await.unwrap();
    release_hold(db, &request).await.unwrap();
    assert_eq!(counts(db, "A").await, (7, 0), "what was taken stays taken");
    for _ in 0..2 {
        put_back(db, &request).await.unwrap();
        assert_eq!((counts(db, "A").await, counts(db, "B").await), ((10, 0), (10, 0)));
    }
    assert_eq!(make_final(db, 1).await.unwrap_err().code, "reservation_gone");
    assert_eq!(hold(db, &request).await.unwrap_err().code, "reservation_released");
    sound(&test).await;
}

#[databases]
async fn what_is_let_go_can_never_be_held_again(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["A"], Policy::Deny, 10).await;
    let held = asked(1, &[("A", 3)]);
    hold(db, &held).await.unwrap();
    // The second one was never held: its request is still on its way.
    let late = asked(2, &[("A", 3)]);
    for request in [&held, &late] {
        release_hold(db, request).await.unwrap();
        release_hold(db, request).await.unwrap();
        put_back(db, request).await.unwrap();
        assert_eq!(hold(db, request).await.unwrap_err().code, "reservation_released");
    }
    assert_eq!(counts(db, "A").await, (10, 0));
    assert_eq!(make_final(db, 3).await.unwrap_err().code, "reservation_gone");
    sound(&test).await;
}

#[databases]
async fn a_hold_ends_and_can_be_had_again(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["A"], Policy::Deny, 10).await;
    let request = asked(1, &[("A", 4)]);
    hold(db, &request).await.unwrap();
    assert!(!end_at(db, 1, noon() + HOLD - TimeDelta::seconds(1)).await);
    let due = store::overdue(db, noon() + HOLD, 10).await.unwrap();
    assert_eq!(due, [order(1)]);
    assert!(end_at(db, 1, noon() + HOLD).await);
    assert!(!end_at(db, 1, noon() + HOLD).await);
    assert_eq!(counts(db, "A").await, (10, 0));
    assert_eq!(make_final(db, 1).await.unwrap_err().code, "reservation_gone");
    hold(db, &request).await.unwrap();
    assert_eq!(counts(db, "A").await, (10, 4));
    assert!(end_at(db, 1, noon() + HOLD).await);
    let told: Vec<(i64,)> = db
        .query("SELECT version FROM outbox WHERE type = 'reservation.expired' ORDER BY version")
        .all()
        .await
        .unwrap();
    assert_eq!(told, [(1,), (2,)]);
    sound(&test).await;
}

#[databases]
async fn a_hold_asked_for_again_late_lasts_longer(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["A"], Policy::Deny, 10).await;
    let request = asked(1, &[("A", 4)]);
    hold(db, &request).await.unwrap();
    let late = noon() + TimeDelta::minutes(14);
    let again = step(db, late, async |books| reserve(books, &request, HOLD).await).await;
    assert_eq!(again.unwrap().expires_at, late + HOLD);
    assert!(!end_at(db, 1, noon() + HOLD).await);
    make_final(db, 1).await.unwrap();
    sound(&test).await;
}

#[databases]
async fn what_is_short_is_named_and_nothing_is_held(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["A", "B", "C"], Policy::Deny, 5).await;
    let short = asked(1, &[("C", 6), ("A", 5), ("GONE", 1), ("B", 9)]);
    let problem = hold(db, &short).await.unwrap_err();
    assert_eq!((problem.status, problem.code.as_ref()), (409, "out_of_stock"));
    assert_eq!(
        problem.members["skus"],
        serde_json::json!([
            { "sku": "B", "requested": 9, "available": 5 },
            { "sku": "C", "requested": 6, "available": 5 },
            { "sku": "GONE", "requested": 1, "available": 0 },
        ])
    );
    assert_eq!(counts(db, "A").await, (5, 0));
    // Nothing was written, so the order may ask for less.
    hold(db, &asked(1, &[("A", 5)])).await.unwrap();
    for other in [&[("A", 4)][..], &[("A", 5), ("B", 1)], &[("B", 1)]] {
        let problem = hold(db, &asked(1, other)).await.unwrap_err();
        assert_eq!(problem.code, "reservation_differs");
    }
    assert_eq!(counts(db, "B").await, (5, 0));
    sound(&test).await;
}

#[databases]
async fn stock_that_sells_on_is_counted_and_untracked_stock_is_not(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["ON"], Policy::Continue, 1).await;
    stocked(db, &["FREE"], Policy::Untracked, 1).await;
    let request = asked(1, &[("ON", 3), ("FREE", 900)]);
    hold(db, &request).await.unwrap();
    assert_eq!((counts(db, "ON").await, counts(db, "FREE").await), ((1, 3), (1, 0)));
    // From here on it would be counted; what was held before is not.
    let wish = StockChange { policy: Some(Policy::Deny), figure: None };
    step(db, noon(), async |books| books.set("FREE", wish, "test").await).await.unwrap();
    make_final(db, 1).await.unwrap();
    assert_eq!((counts(db, "ON").await, counts(db, "FREE").await), ((-2, 0), (1, 0)));
    put_back(db, &request).await.unwrap();
    assert_eq!((counts(db, "ON").await, counts(db, "FREE").await), ((1, 0), (1, 0)));
    sound(&test).await;
}

#[databases]
async fn a_low_stock_is_told_once_when_it_gets_there(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["A"], Policy::Deny, 8).await;
    for (n, quantity) in [(1, 2), (2, 1), (3, 1)] {
        hold(db, &asked(n, &[("A", quantity)])).await.unwrap();
    }
    let low: Vec<(i64,)> =
        db.query("SELECT version FROM outbox WHERE type = 'stock.low'").all().await.unwrap();
    assert_eq!(low, [(3,)], "created, held (6 left), held (5 left)");
    let changed: Vec<(i64,)> = db
        .query("SELECT version FROM outbox WHERE type = 'stock.changed' ORDER BY version")
        .all()
        .await
        .unwrap();
    assert_eq!(changed, [(2,), (3,), (4,)]);
}

#[databases(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_buyers_of_fifty_units_make_fifty_orders(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    stocked(&test.db, &["A", "B"], Policy::Deny, 50).await;
    let mut buyers = tokio::task::JoinSet::new();
    for n in 0..200 {
        let db = test.db.clone();
        // Half of them ask for the two lines the other way round.
        let both = [("A", 1), ("B", 1)];
        let wanted = if n % 2 == 0 { both } else { [both[1], both[0]] };
        buyers.spawn(async move { hold(&db, &asked(n, &wanted)).await });
    }
    let outcomes = buyers.join_all().await;
    let refused = outcomes.iter().filter_map(|it| it.as_ref().err());
    assert!(refused.clone().all(|it| it.code == "out_of_stock"), "{}", test.kind);
    assert_eq!(refused.count(), 150, "{}", test.kind);
    assert_eq!(counts(&test.db, "A").await, (50, 50));
    sound(&test).await;
}

#[databases(flavor = "multi_thread", worker_threads = 4)]
async fn one_order_asking_twenty_times_at_once_holds_once(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    stocked(&test.db, &["A", "B"], Policy::Deny, 50).await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let db = test.db.clone();
        tries.spawn(async move { hold(&db, &asked(1, &[("A", 2), ("B", 1)])).await });
    }
    for outcome in tries.join_all().await {
        assert_eq!(outcome.unwrap().expires_at, noon() + HOLD, "{}", test.kind);
    }
    assert_eq!(counts(&test.db, "A").await, (50, 2));
    sound(&test).await;
}

#[databases(flavor = "multi_thread", worker_threads = 4)]
async fn of_commit_release_and_expiry_exactly_one_wins(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    stocked(&test.db, &["A"], Policy::Deny, 100).await;
    let mut left = 100;
    for n in 0..30 {
        let request = asked(n, &[("A", 1)]);
        hold(&test.db, &request).await.unwrap();
        let [one, two, three] = [test.db.clone(), test.db.clone(), test.db.clone()];
        let (taken, expired, released) = tokio::join!(
            tokio::spawn(async move { make_final(&one, n).await.is_ok() }),
            tokio::spawn(async move { end_at(&two, n, noon() + HOLD).await }),
            tokio::spawn(async move { release_hold(&three, &request).await }),
        );
        let (taken, expired) = (taken.unwrap(), expired.unwrap());
        released.unwrap().unwrap();
        assert!(!(taken && expired), "{}", test.kind);
        left -= i64::from(taken);
        assert_eq!(counts(&test.db, "A").await, (left, 0), "{}", test.kind);
    }
    sound(&test).await;
}

#[databases(flavor = "multi_thread", worker_threads = 4)]
async fn a_hold_and_its_release_at_once_leave_nothing_held(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    stocked(&test.db, &["A", "B"], Policy::Deny, 100).await;
    for n in 0..30 {
        let request = asked(n, &[("A", 1), ("B", 1)]);
        let (one, two) = (test.db.clone(), test.db.clone());
        let (first, second) = (request.clone(), request.clone());
        let (held, released) = tokio::join!(
            tokio::spawn(async move { hold(&one, &first).await }),
            tokio::spawn(async move { release_hold(&two, &second).await }),
        );
        if let Err(problem) = held.unwrap() {
            assert_eq!(problem.code, "reservation_released", "{}", test.kind);
        }
        released.unwrap().unwrap();
        assert_eq!(counts(&test.db, "A").await, (100, 0), "{}", test.kind);
    }
    sound(&test).await;
}

/// One thing that can happen to the stock.
#[derive(Clone, Debug)]
enum Event {
    Hold {
        order: u128,
        a: i64,
        b: i64,
    },
    Commit(u128),
    Release(u128),
    Restock(u128),
    /// Some of the first line goes back, for one of a few refunds.
    Refund(u128, u128, i64),
    Ship(u128),
    Await(u128),
    End(u128),
    /// All holds that are over after so many minutes.
    Pass(i64),
    Set {
        sku: bool,
        on_hand: i64,
        policy: Policy,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let order = 0..6_u128;
    let policy = prop_oneof![
        4 => Just(Policy::Deny),
        1 => Just(Policy::Continue),
        1 => Just(Policy::Untracked)
    ];
    prop_oneof![
        4 => (order.clone(), 1..6_i64, 1..6_i64)
            .prop_map(|(order, a, b)| Event::Hold { order, a, b }),
        3 => order.clone().prop_map(Event::Commit),
        2 => order.clone().prop_map(Event::Release),
        1 => order.clone().prop_map(Event::Restock),
        2 => (order.clone(), 0..4_u128, 1..4_i64)
            .prop_map(|(order, n, quantity)| Event::Refund(order, n, quantity)),
        2 => order.clone().prop_map(Event::Ship),
        2 => order.clone().prop_map(Event::Await),
        2 => order.prop_map(Event::End),
        1 => (1..20_i64).prop_map(Event::Pass),
        2 => (any::<bool>(), 0..12_i64, policy)
            .prop_map(|(sku, on_hand, policy)| Event::Set { sku, on_hand, policy }),
    ]
}

/// Applies an event at a time; a refusal is an outcome like any other.
async fn apply(db: &Db, case: u128, at: &mut DateTime<Utc>, event: &Event) -> Result<()> {
    let id = |order: u128| order + case * 10;
    let (a, b) = (format!("A{case}"), format!("B{case}"));
    let request = |order, qa, qb| asked(id(order), &[(&a, qa), (&b, qb)]);
    match *event {
        Event::Hold { order, a, b } => {
            let request = request(order, a, b);
            step(db, *at, async |books| reserve(books, &request, HOLD).await).await.map(drop)
        }
        Event::Commit(order) => make_final(db, id(order)).await,
        Event::Release(order) => release_hold(db, &request(order, 1, 1)).await,
        Event::Restock(order) => put_back(db, &request(order, 1, 1)).await,
        Event::Refund(order, n, quantity) => {
            let (order_id, id) = (self::order(id(order)), self::order(1_000_000 + case * 10 + n));
            let lines = Some(lines(&[(&a, quantity)]));
            let request = Restock { order_id, id, lines };
            step(db, *at, async |books| fulfillment::restock(books, &request).await).await
        }
        Event::Ship(order) => {
            let parcel = Ship::whole(self::order(id(order)));
            step(db, *at, async |books| fulfillment::ship(books, &parcel).await).await
        }
        Event::Await(order) => awaits(db, id(order)).await.map(drop),
        Event::End(order) => {
            ended(db, id(order)).await;
            Ok(())
        }
        Event::Pass(minutes) => {
            *at += TimeDelta::minutes(minutes);
            for order in store::overdue(db, *at, 100).await? {
                step(db, *at, async |books| expire(books, order).await).await?;
            }
            Ok(())
        }
        Event::Set { sku, on_hand, policy } => {
            let wish = StockChange { policy: Some(policy), figure: Some(Figure::Count(on_hand)) };
            let sku = if sku { &a } else { &b };
            step(db, *at, async |books| books.set(sku, wish, "test").await).await.map(drop)
        }
    }
}

#[databases]
fn whatever_happens_the_books_are_right(database: Database) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let test = runtime.block_on(database.platform(crate::MIGRATIONS));
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let case = std::cell::Cell::new(0_u128);
    let events = proptest::collection::vec(event(), 1..40);
    let outcome = runner.run(&events, |events| {
        case.set(case.get() + 1);
        runtime.block_on(async {
            let case = case.get();
            let skus = [format!("A{case}"), format!("B{case}")];
            stocked(&test.db, &[&skus[0], &skus[1]], Policy::Deny, 10).await;
            let mut at = noon();
            for event in &events {
                if let Err(problem) = apply(&test.db, case, &mut at, event).await {
                    prop_assert_eq!(problem.status, 409, "{:?}: {}", event, problem);
                }
                prop_assert_eq!(violations(&test.db).await, Vec::<String>::new());
            }
            Ok(())
        })
    });
    outcome.unwrap_or_else(|error| panic!("{}: {error}", test.kind));
}
