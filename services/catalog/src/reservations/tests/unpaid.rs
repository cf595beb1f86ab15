//! Holds that are ended before their time, and those without money, which take at most a share.

use super::*;
use chassis::testing::{Database, databases};

/// Minutes a customer has for an action in these tests.
const ACTION: TimeDelta = TimeDelta::minutes(3);

/// Whether the order still holds its stock while its customer does something.
pub(super) async fn awaits(db: &Db, n: u128) -> Result<bool> {
    let request = AwaitAction { order_id: order(n), until: noon() + ACTION };
    step(db, noon(), async |books| await_action(books, &request, 20).await).await
}

pub(super) async fn ended(db: &Db, n: u128) {
    step(db, noon(), async |books| end_hold(books, order(n), "test").await).await.unwrap();
}

#[databases]
async fn a_hold_that_was_ended_can_be_had_again_and_is_ended_once(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["A"], Policy::Deny, 10).await;
    let request = asked(1, &[("A", 4)]);
    ended(db, 1).await;
    for _ in 0..2 {
        hold(db, &request).await.unwrap();
        assert_eq!(counts(db, "A").await, (10, 4));
        ended(db, 1).await;
        ended(db, 1).await;
        assert_eq!(counts(db, "A").await, (10, 0));
        assert_eq!(make_final(db, 1).await.unwrap_err().code, "reservation_gone");
    }
    hold(db, &request).await.unwrap();
    make_final(db, 1).await.unwrap();
    ended(db, 1).await;
    assert_eq!(counts(db, "A").await, (6, 0), "what was taken stays taken");
    let ledger = stock::ledger(db, "A", i64::MAX, 100).await.unwrap();
    let ends: Vec<_> = ledger.iter().filter(|it| it.kind == "release").collect();
    assert!(ends.len() == 2 && ends.iter().all(|it| it.reference == "test"), "{}", test.kind);
    sound(&test).await;
}

#[databases]
async fn holds_that_await_an_action_take_at_most_their_share(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["A", "B"], Policy::Deny, 14).await;
    // 20 % of 14 is 2.8: two units.
    for (n, wanted, held) in [
        (1, vec![("A", 1)], true),
        (2, vec![("A", 2), ("B", 1)], false),
        (3, vec![("A", 1), ("B", 1)], true),
        (4, vec![("B", 1), ("A", 1)], false),
        (5, vec![("B", 1)], true),
        (6, vec![("B", 14 - 2)], false),
    ] {
        hold(db, &asked(n, &wanted)).await.unwrap();
        for _ in 0..2 {
            assert_eq!(awaits(db, n).await.unwrap(), held, "{} order {n}", test.kind);
        }
    }
    assert_eq!((counts(db, "A").await, counts(db, "B").await), ((14, 2), (14, 2)));
    // Who goes on without a hold takes it once it is authorised; the others do as ever.
    for n in [2, 4] {
        assert_eq!(make_final(db, n).await.unwrap_err().code, "reservation_gone");
    }
    hold(db, &asked(2, &[("A", 2), ("B", 1)])).await.unwrap();
    for n in [1, 2, 3, 5] {
        make_final(db, n).await.unwrap();
    }
    assert_eq!((counts(db, "A").await, counts(db, "B").await), ((10, 0), (11, 0)));
    // There is room again, also for one that had none before.
    hold(db, &asked(4, &[("A", 1), ("B", 1)])).await.unwrap();
    assert!(awaits(db, 4).await.unwrap());
    sound(&test).await;
}

#[databases]
async fn a_hold_that_awaits_an_action_ends_with_the_time_for_it(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["A"], Policy::Deny, 10).await;
    hold(db, &asked(1, &[("A", 1)])).await.unwrap();
    assert!(awaits(db, 1).await.unwrap());
    assert!(!end_at(db, 1, noon() + ACTION - TimeDelta::seconds(1)).await);
    assert!(end_at(db, 1, noon() + ACTION).await);
    assert!(!awaits(db, 1).await.unwrap(), "nothing is held any more");
    // Held again for money that is there it is like any other.
    hold(db, &asked(1, &[("A", 1)])).await.unwrap();
    assert!(!end_at(db, 1, noon() + ACTION).await);
    hold(db, &asked(2, &[("A", 2)])).await.unwrap();
    assert!(awaits(db, 2).await.unwrap(), "{}: the first one does not count", test.kind);
    assert!(!awaits(db, 3).await.unwrap(), "nobody knows that one");
    sound(&test).await;
}

#[databases]
async fn one_unit_may_always_await_an_action_and_what_cannot_be_sold_out_any_number(
    database: Database,
) {
    let test = database.platform(crate::MIGRATIONS).await;
    let db = &test.db;
    stocked(db, &["ONE"], Policy::Deny, 1).await;
    stocked(db, &["ON"], Policy::Continue, 1).await;
    stocked(db, &["FREE"], Policy::Untracked, 1).await;
    hold(db, &asked(1, &[("ON", 50), ("FREE", 50), ("ONE", 1)])).await.unwrap();
    assert!(awaits(db, 1).await.unwrap(), "{}", test.kind);
    sound(&test).await;
}

#[databases(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_await_an_action_at_once_exactly_the_share_is_held(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    stocked(&test.db, &["A", "B"], Policy::Deny, 50).await;
    let mut buyers = tokio::task::JoinSet::new();
    for n in 0..40 {
        let db = test.db.clone();
        let both = [("A", 1), ("B", 1)];
        let wanted = if n % 2 == 0 { both } else { [both[1], both[0]] };
        buyers.spawn(async move {
            hold(&db, &asked(n, &wanted)).await?;
            awaits(&db, n).await
        });
    }
    let held = buyers.join_all().await.into_iter().filter(|it| *it.as_ref().unwrap()).count();
    assert_eq!(held, 10, "{}", test.kind);
    assert_eq!(counts(&test.db, "A").await, (50, 10));
    assert_eq!(counts(&test.db, "B").await, (50, 10));
    sound(&test).await;
}

#[databases(flavor = "multi_thread", worker_threads = 4)]
async fn a_hold_that_is_marked_taken_and_ended_at_once_is_one_of_these(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    stocked(&test.db, &["A"], Policy::Deny, 100).await;
    let mut left = 100;
    for n in 0..30 {
        hold(&test.db, &asked(n, &[("A", 1)])).await.unwrap();
        let [one, two, three] = [test.db.clone(), test.db.clone(), test.db.clone()];
        let (taken, marked, done) = tokio::join!(
            tokio::spawn(async move { make_final(&one, n).await.is_ok() }),
            tokio::spawn(async move { awaits(&two, n).await }),
            tokio::spawn(async move { ended(&three, n).await }),
        );
        marked.unwrap().unwrap();
        done.unwrap();
        left -= i64::from(taken.unwrap());
        assert_eq!(counts(&test.db, "A").await, (left, 0), "{}", test.kind);
    }
    sound(&test).await;
}
