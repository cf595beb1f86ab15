use chassis::db::Session;
use chassis::testing::{Database, databases};
use futures::future::join_all;

use super::*;
use crate::requests;
use crate::testing::{Line, Shop, refund_of, request, shop};

#[databases]
async fn a_sound_shop_has_no_violations_and_known_totals(database: Database) {
    let shop = shop(database).await;
    let mut expected = Vec::new();
    for (token, capture, refund, totals) in [
        ("tok_visa", true, Some(500), (1999, 500, false)),
        ("tok_visa", true, None, (1999, 0, false)),
        ("tok_visa", false, None, (0, 0, true)),
        ("tok_declined", false, None, (0, 0, false)),
        ("tok_3ds", false, None, (0, 0, true)),
    ] {
        let asked = request(token);
        let (id, order_id) = (asked.payment_id, asked.order_id);
        requests::authorize(&shop.app, asked).await.unwrap();
        if capture {
            requests::capture(&shop.app, id).await.unwrap();
        }
        if refund.is_some() {
            requests::refund(&shop.app, refund_of(id, refund)).await.unwrap();
        }
        let (captured, refunded, open) = totals;
        expected.push(OrderTotals { order_id, captured, refunded, open });
    }
    requests::void(&shop.app, Uuid::now_v7()).await.unwrap();
    shop.assert_sound().await;
    assert_eq!(totals_by_order(&shop.app.db).await.unwrap(), expected);
}

#[databases]
async fn an_order_with_a_refund_on_its_way_is_open(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured().await;
    shop.line([Line::RequestLost; 3]);
    requests::refund(&shop.app, refund_of(id, None)).await.unwrap();
    assert!(totals_by_order(&shop.app.db).await.unwrap()[0].open);
    shop.finish().await;
    assert!(!totals_by_order(&shop.app.db).await.unwrap()[0].open);
}

#[databases]
async fn an_operation_that_does_not_end_is_found(database: Database) {
    let shop = shop(database).await;
    shop.line([Line::RequestLost; 4]);
    let asked = request("tok_visa");
    requests::authorize(&shop.app, asked).await.unwrap();
    assert_fault(&shop, "is stuck").await;
    let mut faults = Vec::new();
    operations(&shop.app.db, shop.app.clock.now(), &mut faults).await.unwrap();
    assert!(faults.is_empty(), "it has only just begun");
}

#[databases]
async fn a_payment_nothing_carries_on_is_found(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured().await;
    tamper(&shop, "UPDATE payments SET status = 'capturing' WHERE id = $1", id).await;
    assert_fault(&shop, "nothing carries it on").await;
}

#[databases]
async fn a_ledger_that_does_not_sum_to_zero_is_found(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured().await;
    tamper(
        &shop,
        "INSERT INTO ledger_entries
         SELECT transaction_id, 'elsewhere', payment_id, 1, currency, created_at
         FROM ledger_entries WHERE payment_id = $1 AND account = 'sales'",
        id,
    )
    .await;
    assert_fault(&shop, "sums to 1, not 0").await;
    assert_fault(&shop, "the ledger sums to 1").await;
}

#[databases]
async fn books_that_disagree_are_found(database: Database) {
    for (change, fault) in [
        ("UPDATE payments SET captured = 1998 WHERE id = $1", "but sandbox says captured"),
        (
            "UPDATE payments SET captured = 1998 WHERE id = $1",
            "but the ledger says that 1999 is left",
        ),
        ("UPDATE payments SET status = 'voided' WHERE id = $1", "is voided with 1999 captured"),
        ("UPDATE payments SET refund_pending = 1 WHERE id = $1", "its refunds do not agree"),
        ("UPDATE sandbox_charges SET refunded = 5 WHERE id = $1", "than its refunds come to"),
        ("UPDATE sandbox_charges SET refunded = 5 WHERE id = $1", "captured with 1999 and 5"),
        ("DELETE FROM sandbox_charges WHERE id = $1", "sandbox says none"),
    ] {
        let shop = shop(database).await;
        let id = shop.captured().await;
        shop.captured().await;
        tamper(&shop, change, id).await;
        assert_fault(&shop, fault).await;
        assert_fault(&shop, &id.to_string()).await;
    }
}

#[databases]
async fn money_at_the_provider_that_nobody_knows_of_is_found(database: Database) {
    let shop = shop(database).await;
    let id = shop.captured().await;
    let copy = "INSERT INTO sandbox_charges
         (id, token, amount, currency, state, captured, refunded, created_at, updated_at)
         SELECT $1, token, amount, currency, state, captured, refunded, created_at, updated_at
         FROM sandbox_charges";
    tamper(&shop, copy, Uuid::from_u128(id.as_u128() + 1)).await;
    assert_fault(&shop, "has no payment").await;
}

/// More payments than are compared at a time, some of them unknown to the sandbox.
#[databases]
async fn long_books_are_compared_to_their_end(database: Database) {
    let shop = shop(database).await;
    let payments = (0..40).map(|n| {
        let app = shop.app.clone();
        async move {
            let asked = request(if n % 4 == 0 { "tok_nonsense" } else { "tok_3ds" });
            let id = asked.payment_id;
            requests::authorize(&app, asked).await.unwrap();
            (n % 4 == 1).then_some(id)
        }
    });
    let some: Vec<Uuid> = join_all(payments).await.into_iter().flatten().collect();
    let faults_by = async |batch| {
        let mut faults = Vec::new();
        let databases = crate::testing::databases(&shop.app.db);
        for (provider, its) in providers::records(&databases) {
            records(&shop.app.db, provider, &*its, batch, &mut faults).await.unwrap();
        }
        faults
    };
    for batch in [1, 3, 7, 40, 41, 1000] {
        assert_eq!(faults_by(batch).await, Vec::<String>::new(), "{batch} at a time");
    }
    for id in &some {
        tamper(&shop, "DELETE FROM sandbox_charges WHERE id = $1", *id).await;
    }
    let mut all = faults_by(1000).await;
    all.sort();
    assert_eq!(all.len(), some.len());
    for batch in [1, 3, 7, 40] {
        let mut faults = faults_by(batch).await;
        faults.sort();
        assert_eq!(faults, all, "{batch} at a time");
    }
}

async fn tamper(shop: &Shop, statement: &'static str, id: Uuid) {
    assert_eq!(shop.app.db.query(statement).bind(id).execute().await.unwrap(), 1);
}

async fn assert_fault(shop: &Shop, part: &str) {
    let (db, now) = (&shop.app.db, crate::testing::later(60));
    let faults = violations(db, &crate::testing::databases(db), now).await.unwrap();
    assert!(faults.iter().any(|it| it.contains(part)), "{part}: {faults:#?}");
}
