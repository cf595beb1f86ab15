use chassis::testing::{Database, databases, noon, on};
use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::carts::Claim;
use crate::model::{PaymentStatus, Saga, Step};

#[databases]
async fn numbers_rise_and_orders_come_back_as_they_went_in(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (first, lines, saga) = accepted(&platform.db, "k-1").await;
    let (second, _, _) = accepted(&platform.db, "k-2").await;
    assert_eq!((first.number.as_str(), second.number.as_str()), ("CW-100001", "CW-100002"));
    assert_eq!(find(&platform.db, first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(find_by_number(&platform.db, "CW-100001").await.unwrap().unwrap().id, first.id);
    let found = find_by_key(&platform.db, &first.owner, "k-1").await.unwrap();
    assert_eq!(found.unwrap().id, first.id);
    assert_eq!(super::lines(&platform.db, first.id).await.unwrap(), lines);
    assert_eq!(super::saga(&platform.db, first.id).await.unwrap(), Some(saga));
}

#[databases]
async fn who_has_read_an_older_version_changes_nothing(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (order, lines, saga) = accepted(&platform.db, "k-1").await;
    let (mut mine, mut others) = (saga.clone(), saga);
    others.step = Step::Authorize;
    assert!(save_saga(&platform.db, &mut others).await.unwrap());
    mine.step = Step::Void;
    assert!(!save_saga(&platform.db, &mut mine).await.unwrap());

    let (mut mine, mut others) = (order.clone(), order);
    for (order, saved) in [(&mut others, true), (&mut mine, false)] {
        let mut tx = platform.db.begin().await.unwrap();
        order.status = Status::Confirmed;
        let done = save_order(&mut tx, order, Status::Pending, &lines, noon()).await.unwrap();
        assert_eq!(done, saved, "{}", platform.kind);
        tx.commit().await.unwrap();
    }
    assert_eq!(history(&platform.db, others.id).await.unwrap().len(), 2);
}

#[databases]
async fn a_due_saga_is_claimed_by_one_worker(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    for key in ["a", "b", "c", "d", "e"] {
        accepted(&platform.db, key).await;
    }
    let later = noon() + TimeDelta::seconds(11);
    let claims = (0..4).map(|_| due(&platform.db, later, 2));
    let claimed = futures::future::join_all(claims).await;
    let mut ids: Vec<_> = claimed.into_iter().flatten().map(|it| it.order_id).collect();
    ids.sort();
    let all = ids.len();
    ids.dedup();
    assert_eq!((ids.len(), all), (5, 5), "{}", platform.kind);
    assert!(due(&platform.db, later, 9).await.is_empty());
    // The process that held the leases is gone.
    assert_eq!(SAGAS.release_all(&platform.db, later).await.unwrap(), 5);
    let again = due(&platform.db, later, 9).await;
    assert_eq!(again.len(), 5);
}

#[databases]
async fn a_lease_keeps_the_worker_away(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    accepted(&platform.db, "k").await;
    let soon = noon() + TimeDelta::seconds(9);
    assert!(due(&platform.db, soon, 9).await.is_empty());
}

#[databases]
async fn a_saga_does_not_show_its_payment_token(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (_, _, saga) = accepted(&platform.db, "k").await;
    assert_eq!(saga.token, Some("tok_visa".into()));
    assert!(!format!("{saga:?}").contains("tok_visa"));
}

#[databases]
async fn an_order_that_is_not_decided_in_time_is_reported(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (order, _, _) = accepted(&platform.db, "k").await;
    let find = async |at| crate::invariants::violations(&platform.db, at).await.unwrap();
    assert!(find(noon() + TimeDelta::seconds(59)).await.is_empty());
    let found = find(noon() + TimeDelta::seconds(61)).await;
    assert_eq!(found, [format!("I5: order CW-100001 ({}) is stuck at reserve", order.id)]);
}

#[databases]
async fn an_order_is_placed_or_withdrawn_and_never_both(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let (placed, lines, saga) = accepted(db, "k-1").await;
    let mut tx = db.begin().await.unwrap();
    assert!(!withdraw(&mut tx, placed.id).await.unwrap(), "{}", platform.kind);
    assert!(!place(&mut tx, &mut placed.clone(), &lines, None, noon()).await.unwrap());
    tx.rollback().await.unwrap();
    let id = chassis::id::new();
    let requested = Order {
        id,
        number: id.to_string(),
        idempotency_key: "k-2".to_owned(),
        version: 0,
        ..placed.clone()
    };
    let mut tx = db.begin().await.unwrap();
    let saga = Saga { order_id: id, fence: 1, ..saga };
    request(&mut tx, &requested, &lines, &saga).await.unwrap();
    assert!(withdraw(&mut tx, id).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    assert!(!place(&mut tx, &mut requested.clone(), &lines, None, noon()).await.unwrap());
    tx.rollback().await.unwrap();
    assert_eq!(find(db, id).await.unwrap(), None);
    let left = db.query("SELECT count(*) FROM order_lines WHERE order_id = $1").bind(id);
    assert_eq!(left.one::<(i64,)>().await.unwrap(), (0,));
    // Its key is free, and the next order has the next number.
    let (next, _, _) = accepted(db, "k-2").await;
    assert_eq!(next.number, "CW-100002", "{}", platform.kind);
}

#[on(postgres)]
async fn an_order_that_is_not_stored_yet_holds_up_no_other(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let (mut slow, lines, mut saga) = accepted(db, "k-1").await;
    let (first, second) = (next_number(db).await.unwrap(), next_number(db).await.unwrap());
    assert_eq!((first, second), (Some(100_002), Some(100_003)));
    let mut frozen = db.begin().await.unwrap();
    slow.id = chassis::id::new();
    slow.idempotency_key = "k-2".to_owned();
    saga.order_id = slow.id;
    slow.version = 0;
    slow.number = slow.id.to_string();
    request(&mut frozen, &slow, &lines, &saga).await.unwrap();
    assert!(place(&mut frozen, &mut slow, &lines, first, noon()).await.unwrap());
    // While that one is not committed.
    let (third, _, _) = accepted_as(db, "k-3", second).await;
    assert_eq!(third.number, "CW-100003");
    assert_eq!(next_number(db).await.unwrap(), Some(100_004));
    frozen.commit().await.unwrap();
    assert_eq!(slow.number, "CW-100002");
}

#[databases]
async fn who_starts_alone_takes_over_leases_and_pauses(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (_, _, mut saga) = accepted(&platform.db, "k").await;
    // By a clock that was an hour ahead.
    saga.lease_until = noon() + TimeDelta::hours(1);
    saga.due_at = noon() + TimeDelta::hours(1);
    assert!(save_saga(&platform.db, &mut saga).await.unwrap());
    assert!(due(&platform.db, noon(), 9).await.is_empty());
    SAGAS.release_all(&platform.db, noon()).await.unwrap();
    assert_eq!(due(&platform.db, noon(), 9).await.len(), 1);
}

#[databases]
async fn a_saga_does_not_wait_for_a_clock_that_was_put_back(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let hour = TimeDelta::hours(1);
    let far = noon() + TimeDelta::minutes(2);
    for (due_at, lease_until) in [(noon() + hour, noon()), (noon(), noon() + hour)] {
        let (_, _, mut saga) = accepted(db, &due_at.to_string()).await;
        (saga.due_at, saga.lease_until) = (due_at, lease_until);
        assert!(save_saga(db, &mut saga).await.unwrap());
        assert!(due(db, noon(), 9).await.is_empty());
        assert_eq!(shorten_waits(db, noon(), far).await.unwrap(), 1);
        assert_eq!(shorten_waits(db, noon(), far).await.unwrap(), 0);
        let claimed = due(db, noon(), 9).await;
        assert_eq!(claimed.len(), 1, "{} {due_at}", platform.kind);
        // Its previous holder stops.
        assert!(!save_saga(db, &mut saga).await.unwrap());
    }
}

#[databases]
async fn a_customer_is_waited_for_as_long_as_before_when_the_clock_was_put_back(
    database: Database,
) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let (mut order, lines, mut saga) = accepted(db, "k").await;
    let (hour, quarter) = (TimeDelta::hours(1), TimeDelta::minutes(15));
    let then = noon() + hour;
    saga.step = Step::AwaitAction;
    (saga.due_at, saga.hold_until) = (then + quarter, Some(then + quarter));
    (saga.lease_until, saga.deadline) = (then, then + TimeDelta::minutes(10));
    let mut tx = db.begin().await.unwrap();
    assert!(save_saga(&mut tx, &mut saga).await.unwrap());
    assert!(save_order(&mut tx, &mut order, Status::Pending, &lines, then).await.unwrap());
    tx.commit().await.unwrap();
    let wrong = crate::invariants::violations(db, noon()).await.unwrap();
    assert_eq!(wrong.len(), 1, "{wrong:?}");

    for moved in [1, 0] {
        let far = noon() + TimeDelta::minutes(2);
        assert_eq!(shorten_waits(db, noon(), far).await.unwrap(), moved);
    }
    let near = super::saga(db, order.id).await.unwrap().unwrap();
    assert_eq!((near.due_at, near.lease_until), (noon() + quarter, noon()));
    assert_eq!(near.hold_until, Some(noon() + quarter));
    assert_eq!(near.deadline, noon() + TimeDelta::minutes(10));
    assert_eq!(crate::invariants::violations(db, noon()).await.unwrap(), Vec::<String>::new());
}

#[databases]
async fn a_payment_that_moves_wakes_its_saga_whatever_the_clock_showed_before(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let (order, _, mut saga) = accepted(db, "k").await;
    saga.step = Step::AwaitAction;
    saga.due_at = noon() + TimeDelta::minutes(16);
    saga.lease_until = noon() + TimeDelta::minutes(1);
    assert!(save_saga(db, &mut saga).await.unwrap());
    assert_eq!(wake(db, order.id, noon()).await.unwrap(), 1);
    let claimed = due(db, noon(), 9).await;
    assert_eq!(claimed.len(), 1, "{}", platform.kind);
}

#[databases]
async fn a_cart_is_claimed_only_as_it_was_read(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let (cart, merged) = (chassis::id::new(), chassis::id::new());
    let (first, lines, _) = accepted(db, "k-1").await;
    let (second, ..) = accepted(db, "k-2").await;
    let claim = async |cart: Uuid, order: Uuid, version, removed| {
        let mut tx = db.begin().await.unwrap();
        let claims = [Claim { cart_id: cart, version, removed }];
        let claimed = claim_carts(&mut tx, order, &claims).await.unwrap();
        if claimed {
            tx.commit().await.unwrap();
        }
        claimed
    };
    let decide = async |status| {
        let mut order = find(db, first.id).await.unwrap().unwrap();
        let from = order.status;
        (order.status, order.cart_id) = (status, Some(cart));
        let mut tx = db.begin().await.unwrap();
        assert!(save_order(&mut tx, &mut order, from, &lines, noon()).await.unwrap());
        tx.commit().await.unwrap();
    };
    assert!(claim(cart, first.id, 7, None).await);
    // And what went into it, for good: who has read that before cannot order it any more.
    assert!(claim(merged, first.id, i64::MAX, None).await);
    // Undecided, it keeps every state of the cart away.
    assert!(!claim(cart, second.id, 7, None).await, "{}", platform.kind);
    assert!(!claim(cart, second.id, 8, Some(first.id)).await);
    decide(Status::Confirmed).await;
    let last = last_order(db, cart).await.unwrap().unwrap();
    assert_eq!((last.order_id, last.state.as_str()), (first.id, "paid"));
    // Paid, everybody who has not read the cart without it.
    assert!(!claim(cart, second.id, 8, None).await);
    assert!(!claim(cart, second.id, 8, Some(second.id)).await);
    // Cancelled, only older states of the cart.
    decide(Status::Cancelled).await;
    assert!(!claim(cart, second.id, 6, None).await);
    assert!(!claim(merged, second.id, 7, None).await);
    assert!(claim(cart, second.id, 7, None).await, "{}", platform.kind);
}

#[databases]
async fn orders_that_are_undecided_at_an_upgrade_keep_their_carts(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let cart = chassis::id::new();
    let mut ids = Vec::new();
    for key in ["k-1", "k-2"] {
        let (order, ..) = accepted(db, key).await;
        ids.push(order.id);
    }
    db.migrate_down(crate::MIGRATIONS, crate::NAME, 2).await.unwrap();
    for (version, order) in (0_i64..).zip(&ids) {
        db.query("UPDATE orders SET cart_id = $2, cart_version = $3 WHERE id = $1")
            .bind(*order)
            .bind(cart)
            .bind(version)
            .execute()
            .await
            .unwrap();
    }
    db.query("UPDATE sagas SET payment_key = 'p-1', attempt = 2 WHERE order_id = $1")
        .bind(ids[1])
        .execute()
        .await
        .unwrap();
    db.migrate(crate::MIGRATIONS).await.unwrap();
    let last = last_order(db, cart).await.unwrap().unwrap();
    assert_eq!((last.order_id, last.state.as_str()), (ids[1], "undecided"));
    let key = payment_key(db, ids[1], "p-1").await.unwrap().unwrap();
    assert_eq!((key.attempt, key.fingerprint), (2, None), "{}", platform.kind);
    // Two of one cart, from before: `cartwright check` says so.
    let found = crate::invariants::carts(db).await.unwrap();
    assert!(found.iter().any(|it| it.contains("are both undecided")), "{found:?}");
}

#[databases]
async fn what_was_refunded_before_stands_where_its_goods_are(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let mut orders = Vec::new();
    for (key, status) in [
        ("never", Status::Confirmed),
        ("sent", Status::Shipped),
        ("there", Status::Delivered),
        ("gone", Status::Cancelled),
    ] {
        let (mut order, lines, _) = accepted(db, key).await;
        for (to, payment) in [
            (Status::Confirmed, PaymentStatus::Paid),
            (Status::Shipped, PaymentStatus::Paid),
            (Status::Delivered, PaymentStatus::Paid),
            (status, PaymentStatus::Refunded),
        ] {
            let passes = |it: Status| match it {
                Status::Shipped => matches!(status, Status::Shipped | Status::Delivered),
                Status::Delivered => status == Status::Delivered,
                _ => true,
            };
            if !passes(to) {
                continue;
            }
            let from = order.status;
            (order.status, order.payment_status) = (to, payment);
            order.refunded = if payment == PaymentStatus::Refunded { 2_499 } else { 0 };
            let mut tx = db.begin().await.unwrap();
            assert!(save_order(&mut tx, &mut order, from, &lines, noon()).await.unwrap());
            tx.commit().await.unwrap();
        }
        orders.push((order.id, status));
    }
    db.migrate_down(crate::MIGRATIONS, crate::NAME, 6).await.unwrap();
    let refunded = "SELECT count(*) FROM orders WHERE status = 'refunded'";
    let (count,): (i64,) = db.query(refunded).one().await.unwrap();
    assert_eq!(count, 3, "{}", platform.kind);
    db.migrate(crate::MIGRATIONS).await.unwrap();
    for (id, status) in orders {
        // Not all columns: a connection may know the statement as it was before.
        let now = "SELECT status, refunded FROM orders WHERE id = $1";
        let (now, back): (String, i64) = db.query(now).bind(id).one().await.unwrap();
        assert_eq!((now.as_str(), back), (status.as_str(), 2_499), "{}", platform.kind);
        assert_eq!(refunds(db, id).await.unwrap().len(), 1);
    }
    let found = crate::invariants::violations(db, noon()).await.unwrap();
    assert!(!found.iter().any(|it| it.contains("I12")), "{found:?}");
}

async fn accepted(db: &Db, key: &str) -> (Order, Vec<OrderLine>, Saga) {
    accepted_as(db, key, None).await
}

async fn accepted_as(db: &Db, key: &str, number: Option<i64>) -> (Order, Vec<OrderLine>, Saga) {
    let order = crate::testing::order(1_999, 500, 0);
    let id = order.id;
    let requested = Order { number: id.to_string(), version: 0, ..order };
    let mut order = Order { idempotency_key: key.to_owned(), ..requested };
    let lines = vec![OrderLine {
        position: 0,
        sku: "LAMP-1".to_owned(),
        product_id: id,
        variant_id: Some(id),
        title: "Lamp".to_owned(),
        variant_title: Some("Red".to_owned()),
        image: None,
        quantity: 1,
        unit_price: 1_999,
        total: 1_999,
        taxable: true,
        requires_shipping: true,
    }];
    let saga = Saga {
        order_id: id,
        step: Step::Reserve,
        fence: 1,
        attempt: 1,
        provider: "sandbox".to_owned(),
        token: Some("tok_visa".into()),
        save: false,
        rereserved: false,
        cancel: None,
        refusal: None,
        tries: 0,
        hold_until: None,
        next_action: None,
        on_shipment: false,
        capture_before: None,
        due_at: noon(),
        lease_until: noon() + TimeDelta::seconds(10),
        deadline: noon() + TimeDelta::minutes(10),
    };
    let mut tx = db.begin().await.unwrap();
    request(&mut tx, &order, &lines, &saga).await.unwrap();
    assert!(place(&mut tx, &mut order, &lines, number, noon()).await.unwrap());
    tx.commit().await.unwrap();
    (order, lines, saga)
}

async fn due(db: &Db, now: DateTime<Utc>, limit: i64) -> Vec<Saga> {
    SAGAS.claim(db, now, TimeDelta::seconds(10), limit).await.expect("sagas")
}
