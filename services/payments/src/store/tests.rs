use chassis::db::{Db, Error};
use chassis::testing::{Database, databases, noon};
use chrono::TimeDelta;
use futures::future::join_all;

use super::*;
use crate::model::State;

#[databases]
async fn a_payment_comes_back_as_it_went_in_and_is_inserted_once(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let new = new_payment();
    let inserted = insert(&platform.db, &new, noon()).await.unwrap();
    assert!(insert(&platform.db, &new, noon()).await.unwrap().is_none());
    let found = find(&platform.db, new.id).await.unwrap().unwrap();
    assert_eq!(inserted, Some(found.clone()));
    assert_eq!(
        (found.order_id, found.status, found.amount, found.currency.as_str(), found.version),
        (new.order_id, Status::Pending, 1999, "USD", 1)
    );
    assert_eq!(find(&platform.db, Uuid::now_v7()).await.unwrap(), None);
}

#[databases]
async fn only_a_note_of_a_void_is_adopted(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let asked = new_payment();
    let note = NewPayment { order_id: None, status: Status::Voided, ..new_payment() };
    let adopter = NewPayment { id: note.id, ..new_payment() };
    insert(&platform.db, &asked, noon()).await.unwrap();
    insert(&platform.db, &note, noon()).await.unwrap();
    assert!(adopt(&platform.db, &adopter, noon()).await.unwrap());
    assert!(!adopt(&platform.db, &adopter, noon()).await.unwrap());
    assert!(!adopt(&platform.db, &asked, noon()).await.unwrap());
    let adopted = find(&platform.db, note.id).await.unwrap().unwrap();
    assert_eq!((adopted.order_id, adopted.version), (adopter.order_id, 2));
    assert_eq!(adopted.status, Status::Voided);
}

#[databases]
async fn a_payment_is_saved_under_the_version_it_was_read_with(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let id = inserted(&platform.db).await.id;
    let mut tx = platform.db.begin().await.unwrap();
    let mut payment = lock(&mut tx, id).await.unwrap().unwrap();
    let mut stale = payment.clone();
    payment.status = Status::Captured;
    payment.captured = 1999;
    payment.reference = Some("sandbox_1".to_owned());
    save(&mut tx, &mut payment, noon()).await.unwrap();
    assert!(save(&mut tx, &mut stale, noon()).await.is_err());
    tx.commit().await.unwrap();
    assert_eq!(find(&platform.db, id).await.unwrap(), Some(payment.clone()));
    assert_eq!(payment.version, 2);
}

#[databases]
async fn the_database_refuses_amounts_that_cannot_be(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let id = inserted(&platform.db).await.id;
    for (captured, refunded, refund_pending) in
        [(2000, 0, 0), (-1, 0, 0), (1000, 1001, 0), (1000, 600, 401), (1000, 0, -1)]
    {
        let mut tx = platform.db.begin().await.unwrap();
        let payment = lock(&mut tx, id).await.unwrap().unwrap();
        let mut wrong = Payment { captured, refunded, refund_pending, ..payment };
        let refused = save(&mut tx, &mut wrong, noon()).await;
        assert!(matches!(refused, Err(Error::Constraint(_))), "{captured} {refunded}");
    }
}

#[databases]
async fn payments_are_listed_newest_first(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let mut ids = Vec::new();
    for seconds in 0..4 {
        let new = new_payment();
        insert(&platform.db, &new, noon() + TimeDelta::seconds(seconds)).await.unwrap();
        ids.insert(0, (new.id, new.order_id));
    }
    let listed = async |filter: Filter, limit| {
        let payments = list(&platform.db, &filter, limit).await.unwrap();
        payments.into_iter().map(|it| (it.id, it.order_id)).collect::<Vec<_>>()
    };
    let all = Filter::default();
    assert_eq!(listed(all, 10).await, ids);
    assert_eq!(listed(all, 2).await, ids[..2]);
    let after = Some((noon() + TimeDelta::seconds(2), ids[1].0));
    assert_eq!(listed(Filter { after, ..all }, 10).await, ids[2..]);
    let of_order = Filter { order_id: ids[3].1, ..all };
    assert_eq!(listed(of_order, 10).await, ids[3..]);
    assert_eq!(listed(Filter { status: Some(Status::Captured), ..of_order }, 10).await, []);
    assert_eq!(listed(Filter { status: Some(Status::Pending), ..all }, 10).await, ids);
    assert_eq!(count(&platform.db, &all).await.unwrap(), 4);
    assert_eq!(count(&platform.db, &of_order).await.unwrap(), 1);
}

#[databases]
async fn an_operation_is_noted_once_and_leased_to_who_noted_it(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let payment = inserted(&platform.db).await;
    let operation = intended(&platform.db, &payment, Kind::Capture).await.unwrap();
    assert_eq!((operation.state, operation.fence), (State::Intended, 1));
    assert!(intended(&platform.db, &payment, Kind::Capture).await.is_none());
    let found = find_operation(&platform.db, operation.id).await.unwrap();
    assert_eq!(found, Some(operation.clone()));
    assert_eq!(operations(&platform.db, payment.id).await.unwrap(), [operation]);
    assert!(!OPERATIONS.any_due(&platform.db, noon()).await.unwrap());
    assert!(OPERATIONS.any_due(&platform.db, noon() + LEASE).await.unwrap());
}

#[databases]
async fn an_operation_is_claimed_by_one_worker_when_its_lease_has_ended(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    for _ in 0..10 {
        let payment = inserted(&platform.db).await;
        intended(&platform.db, &payment, Kind::Capture).await.unwrap();
    }
    assert_eq!(claim(&platform.db, noon(), 10).await, []);
    let later = noon() + LEASE;
    let claims = (0..4).map(|_| {
        let db = platform.db.clone();
        tokio::spawn(async move { claim(&db, later, 5).await })
    });
    let mut ids = Vec::new();
    for claimed in join_all(claims).await {
        ids.extend(claimed.unwrap().iter().map(|it| (it.id, it.fence)));
    }
    assert!(ids.iter().all(|(_, fence)| *fence == 2));
    let claimed = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), claimed, "nobody else's: {}", platform.kind);
    // Those who came in each other's way took fewer; the rest is still there.
    let rest = claim(&platform.db, later, 10).await;
    assert_eq!(claimed + rest.len(), 10);
}

#[databases]
async fn only_the_newest_holder_of_an_operation_writes(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let payment = inserted(&platform.db).await;
    let first = intended(&platform.db, &payment, Kind::Capture).await.unwrap();
    OPERATIONS.release_all(&platform.db, noon()).await.unwrap();
    let second = claim(&platform.db, noon(), 1).await.remove(0);
    assert_eq!(second.fence, 3);

    postpone(&platform.db, &first, noon(), noon()).await.unwrap();
    assert!(!OPERATIONS.any_due(&platform.db, noon()).await.unwrap(), "the lease still holds");
    let mut tx = platform.db.begin().await.unwrap();
    assert!(!settle(&mut tx, &first, State::Refused, noon()).await.unwrap());
    assert!(settle(&mut tx, &second, State::Done, noon()).await.unwrap());
    assert!(!settle(&mut tx, &second, State::Refused, noon()).await.unwrap());
    tx.commit().await.unwrap();
    let settled = find_operation(&platform.db, first.id).await.unwrap().unwrap();
    assert_eq!((settled.state, settled.settled_at), (State::Done, Some(noon())));
    assert!(!OPERATIONS.any_due(&platform.db, noon() + LEASE * 9).await.unwrap());
}

#[databases]
async fn a_postponed_operation_is_due_when_it_was_told_to(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let payment = inserted(&platform.db).await;
    let operation = intended(&platform.db, &payment, Kind::Capture).await.unwrap();
    let tried = Operation { attempts: 3, ..operation };
    let next_at = noon() + TimeDelta::seconds(5);
    postpone(&platform.db, &tried, noon(), next_at).await.unwrap();
    assert!(!OPERATIONS.any_due(&platform.db, noon()).await.unwrap());
    let claimed = claim(&platform.db, next_at, 1).await;
    assert_eq!((claimed[0].state, claimed[0].attempts), (State::Unknown, 3));
}

#[databases]
async fn an_operation_does_not_wait_for_a_clock_that_was_put_back(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let before = noon() + TimeDelta::hours(1);
    let payment = inserted(db).await;
    let operation = intended(db, &payment, Kind::Capture).await.unwrap();
    for (next_at, leased) in [(before, false), (before, true), (noon(), true)] {
        if leased {
            claim(db, before, 1).await;
        } else {
            postpone(db, &operation, noon(), next_at).await.unwrap();
        }
        assert!(
            OPERATIONS.any_due(db, noon()).await.unwrap(),
            "{} {next_at} {leased}",
            platform.kind
        );
    }
    let taken = claim(db, noon(), 9).await.remove(0);
    assert!(!OPERATIONS.any_due(db, noon()).await.unwrap());
    // Not far enough to tell, but a process that starts alone knows.
    postpone(db, &taken, noon(), noon() + TimeDelta::minutes(5)).await.unwrap();
    assert!(!OPERATIONS.any_due(db, noon()).await.unwrap());
    OPERATIONS.release_all(db, noon()).await.unwrap();
    assert!(OPERATIONS.any_due(db, noon()).await.unwrap());
}

#[databases]
async fn a_refund_is_noted_once_and_ends_once(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let payment = inserted(&platform.db).await;
    let refund = refund(&payment);
    assert!(insert_refund(&platform.db, &refund).await.unwrap());
    assert!(!insert_refund(&platform.db, &refund).await.unwrap());
    let mut tx = platform.db.begin().await.unwrap();
    let (id, failure) = (refund.id, Some("no"));
    settle_refund(&mut tx, id, RefundStatus::Failed, None, failure, noon()).await.unwrap();
    settle_refund(&mut tx, id, RefundStatus::Succeeded, None, None, noon()).await.unwrap();
    tx.commit().await.unwrap();
    let found = find_refund(&platform.db, id).await.unwrap().unwrap();
    assert_eq!((found.status, found.failure.as_deref()), (RefundStatus::Failed, Some("no")));
    let after = Some((refund.created_at, refund.id));
    assert_eq!(refunds(&platform.db, payment.id, None, 10).await.unwrap(), [found]);
    assert_eq!(refunds(&platform.db, payment.id, after, 10).await.unwrap(), []);
}

#[databases]
async fn the_ledger_is_posted_once_sums_to_zero_and_stays(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let payment = inserted(&platform.db).await;
    let transaction = Uuid::now_v7();
    let mut tx = platform.db.begin().await.unwrap();
    post(&mut tx, transaction, &payment, 1999, noon()).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = platform.db.begin().await.unwrap();
    let again = post(&mut tx, transaction, &payment, 1999, noon()).await;
    assert!(matches!(again, Err(Error::Duplicate(_))));
    drop(tx);

    let posted = entries(&platform.db, payment.id, None, 10).await.unwrap();
    let accounts: Vec<_> = posted.iter().map(|it| (it.account.as_str(), it.amount)).collect();
    assert_eq!(accounts, [("provider:sandbox", 1999), ("sales", -1999)]);
    let after = Some((noon(), transaction, "provider:sandbox".to_owned()));
    let rest = entries(&platform.db, payment.id, after, 10).await.unwrap();
    assert_eq!(rest, posted[1..]);

    for change in ["UPDATE ledger_entries SET amount = amount + 1", "DELETE FROM ledger_entries"] {
        assert!(platform.db.query(change).execute().await.is_err(), "{change}");
    }
    assert_eq!(entries(&platform.db, payment.id, None, 10).await.unwrap(), posted);
}

const LEASE: TimeDelta = TimeDelta::seconds(15);

fn new_payment() -> NewPayment {
    NewPayment {
        id: Uuid::now_v7(),
        order_id: Some(Uuid::now_v7()),
        order_number: "CW-100001".to_owned(),
        user_id: None,
        order_token_hash: Some("0".repeat(64)),
        status: Status::Pending,
        amount: 1999,
        currency: Currency::default(),
        provider: "sandbox".to_owned(),
        capture: Default::default(),
    }
}

#[databases]
async fn what_was_a_reason_before_is_a_note(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let payment = inserted(db).await;
    let of_staff = Refund { note: None, reason: "scratched".to_owned(), ..refund(&payment) };
    let of_cancel =
        Refund { note: None, reason: "customer_request".to_owned(), ..refund(&payment) };
    let of_cancel = Refund { id: Uuid::now_v7(), fingerprint: None, ..of_cancel };
    for refund in [&of_staff, &of_cancel] {
        assert!(insert_refund(db, refund).await.unwrap());
    }
    let reason = async |id: Uuid| {
        let found = db.query("SELECT reason FROM refunds WHERE id = $1").bind(id);
        found.one::<(String,)>().await.unwrap().0
    };
    db.migrate_down(crate::MIGRATIONS, crate::NAME, 3).await.unwrap();
    assert_eq!(reason(of_staff.id).await, "scratched");
    db.migrate(crate::MIGRATIONS).await.unwrap();
    let noted = async |id: Uuid| {
        let found = db.query("SELECT reason, note FROM refunds WHERE id = $1").bind(id);
        found.one::<(String, Option<String>)>().await.unwrap()
    };
    let words = |it: &str| it.to_owned();
    assert_eq!(noted(of_staff.id).await, (words("other"), Some(words("scratched"))));
    assert_eq!(noted(of_cancel.id).await, (words("customer_request"), None));
    db.migrate_down(crate::MIGRATIONS, crate::NAME, 3).await.unwrap();
    assert_eq!(reason(of_staff.id).await, "scratched", "{}", platform.kind);
}

fn refund(payment: &Payment) -> Refund {
    Refund {
        id: Uuid::now_v7(),
        payment_id: payment.id,
        amount: 500,
        reason: "returned".to_owned(),
        status: RefundStatus::Pending,
        failure: None,
        reference: None,
        fingerprint: Some("ab".repeat(32)),
        restock: true,
        note: Some("scratched".to_owned()),
        staff: Some(payment.id),
        created_at: noon(),
        updated_at: noon(),
    }
}

async fn inserted(db: &Db) -> Payment {
    insert(db, &new_payment(), noon()).await.unwrap().unwrap()
}

async fn intended(db: &Db, payment: &Payment, kind: Kind) -> Option<Operation> {
    intend(db, NewOperation::new(payment, kind), noon() + LEASE, noon()).await.unwrap()
}

async fn claim(db: &Db, now: DateTime<Utc>, limit: i64) -> Vec<Operation> {
    OPERATIONS.claim(db, now, LEASE, limit).await.unwrap()
}
