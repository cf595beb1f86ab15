//! The comparison of the shop's books with the double's.

use super::*;
use crate::invariants;

/// An intent that waits for somebody, or for a capture.
const UNPAID: [&str; 5] = [
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
    "processing",
];

/// The shop's books are sound, and say of each payment what the double says: there is one intent at
/// most and one charge, the same was captured and refunded, and no intent could still be paid but
/// those that the shop waits for. The double has all the money of the payments, and no other.
pub(super) async fn assert_books(shop: &Shop) {
    let (db, now) = (&shop.app.db, shop.clock.now());
    let faults = invariants::violations(db, &databases(db), now).await.expect("an answer");
    assert!(faults.is_empty(), "{}: {faults:#?}", shop.platform.kind);
    let payments = store::page(db, Uuid::nil(), Uuid::max(), 1_000).await.expect("payments");
    let mut expected = 0;
    for payment in &payments {
        let disputes = store::disputes(db, payment.id).await.expect("disputes");
        let withdrawn: i64 = disputes.iter().map(|it| it.withdrawn).sum();
        expected += payment.captured - payment.refunded - withdrawn;
        let asked = shop.published(payment.id).await.iter().any(|it| it == "requires_action");
        compare(&shop.double, payment, asked || payment.status == Status::RequiresAction);
    }
    let moved: i64 =
        shop.double.objects(Kind::BalanceTransaction).iter().map(|it| number(it, "amount")).sum();
    assert_eq!(moved, expected, "{}: the balance is not that of the payments", shop.platform.kind);
    let known = |id: Uuid| payments.iter().any(|it| it.id == id);
    for intent in shop.double.objects(Kind::PaymentIntent) {
        let id = own_id(&intent, "payment_id").or(own_id(&intent, "voided_payment_id"));
        assert!(id.is_some_and(known), "an intent of no payment: {intent:#}");
    }
}

/// `asked`: whether the customer was given the secret with which the intent can be paid.
fn compare(double: &Double, payment: &Payment, asked: bool) {
    let of = |name| {
        let all = double.objects(Kind::PaymentIntent).into_iter();
        all.filter(|it| own_id(it, name) == Some(payment.id)).collect::<Vec<Value>>()
    };
    let intents = of("payment_id");
    assert!(intents.len() <= 1, "{payment:#?} has several intents: {intents:#?}");
    for spare in of("voided_payment_id") {
        assert_eq!(spare["status"], "canceled", "{spare:#}");
    }
    let status = intents.first().map(|it| it["status"].as_str().expect("a status"));
    let agrees = match payment.status {
        Status::RequiresAction => status == Some("requires_action"),
        Status::Processing => status == Some("processing"),
        Status::Authorized => status == Some("requires_capture"),
        Status::Captured | Status::PartiallyRefunded | Status::Refunded => {
            status == Some("succeeded")
        }
        // Nobody else has the secret of one that was declined at once.
        Status::Declined if !asked && status == Some("requires_payment_method") => true,
        Status::Declined | Status::Voided => status.is_none_or(|it| !UNPAID.contains(&it)),
        Status::Pending | Status::Capturing | Status::Voiding => false,
    };
    assert!(agrees, "{payment:#?} does not agree with {intents:#?}");
    let Some(intent) = intents.first() else {
        assert_eq!((payment.captured, payment.refunded), (0, 0), "{payment:#?}");
        return;
    };
    let of_intent = |it: &Value| it["payment_intent"] == intent["id"];
    let charges = double.objects(Kind::Charge).into_iter();
    let charges: Vec<Value> =
        charges.filter(|it| of_intent(it) && it["captured"] == true).collect();
    assert!(charges.len() <= 1, "charged twice: {charges:#?}");
    let refunds = double.objects(Kind::Refund).into_iter();
    let refunded: i64 = refunds
        .filter(|it| of_intent(it) && it["status"] != "failed" && !is_release(it))
        .map(|it| number(&it, "amount"))
        .sum();
    let booked = (number(intent, "amount_received"), refunded);
    assert_eq!((payment.captured, payment.refunded), booked, "{payment:#?} {intent:#}");
}

/// By which nothing went back that had been taken.
fn is_release(refund: &Value) -> bool {
    refund["balance_transaction"].is_null()
}

fn own_id(object: &Value, name: &str) -> Option<Uuid> {
    object["metadata"][name].as_str()?.parse().ok()
}

fn number(object: &Value, name: &str) -> i64 {
    object[name].as_i64().expect("a number")
}
