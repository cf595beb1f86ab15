//! News of charges that nobody asked for: what was done at the provider, comes back later, or comes
//! too late.

use chassis::testing::{Database, databases};
use uuid::Uuid;

use super::*;
use crate::invariants::OrderTotals;
use crate::model::RefundStatus;
use crate::provider::{ChargeDispute, ChargeRefund, ChargeState, DisputeStatus};
use crate::requests::{self, RefundRequest};
use crate::testing::{Shop, refund_of, request, shop};

#[databases]
async fn a_refund_made_at_the_provider_is_booked_once(database: Database) {
    let shop = shop(database).await;
    let paid = shop.payment(shop.captured().await).await;
    let seen = ChargeSnapshot { refunds: vec![refund(None, "re_1", 500)], ..charge(&paid) };
    for _ in 0..3 {
        observe(&shop.app, paid.id, &seen).await.unwrap();
    }
    let payment = shop.payment(paid.id).await;
    assert_eq!((payment.status, payment.refunded), (Status::PartiallyRefunded, 500));
    assert_eq!(payment.version, paid.version + 1, "only news raises it");
    assert_eq!(shop.published(paid.id).await, ["captured", "partially_refunded"]);
    let refunds = store::refunds(&shop.app.db, paid.id, None, 10).await.unwrap();
    assert_eq!(refunds[0].reference.as_deref(), Some("re_1"));
    assert_books(&shop).await;
    // More than is left is no refund of this payment.
    let more = ChargeSnapshot { refunds: vec![refund(None, "re_2", 1500)], ..charge(&paid) };
    observe(&shop.app, paid.id, &more).await.unwrap();
    assert_eq!(shop.payment(paid.id).await.refunded, 500);
}

#[databases]
async fn a_refund_that_comes_back_is_taken_off_again(database: Database) {
    let shop = shop(database).await;
    let paid = shop.payment(shop.captured().await).await;
    let key = Uuid::now_v7();
    let asked = RefundRequest { id: key, ..refund_of(paid.id, Some(700)) };
    requests::refund(&shop.app, asked).await.unwrap();
    let accepted =
        ChargeSnapshot { refunds: vec![refund(Some(key), "re_1", 700)], ..charge(&paid) };
    let failure = Some("insufficient_funds".to_owned());
    let failed = ChargeRefund { failure, ..refund(Some(key), "re_1", 700) };
    let came_back = ChargeSnapshot { refunds: vec![failed], ..charge(&paid) };
    // The news comes twice, and what was before it once more.
    for seen in [&accepted, &came_back, &came_back, &accepted] {
        observe(&shop.app, paid.id, seen).await.unwrap();
    }
    let payment = shop.payment(paid.id).await;
    assert_eq!((payment.status, payment.refunded), (Status::Captured, 0));
    let refund = store::find_refund(&shop.app.db, key).await.unwrap().unwrap();
    assert_eq!(refund.status, RefundStatus::Failed);
    assert_eq!(refund.failure.as_deref(), Some("insufficient_funds"));
    let published = shop.published(paid.id).await;
    assert_eq!(published, ["captured", "partially_refunded", "captured"]);
    assert_books(&shop).await;
    // All of it can be given back again, as far as the sandbox is concerned, which knows the first.
    assert_eq!(payment.refundable(), 1999);
    let again = requests::refund(&shop.app, refund_of(paid.id, Some(1299))).await.unwrap();
    assert_eq!((again.payment.status, again.payment.refunded), (Status::PartiallyRefunded, 1299));
    assert_books(&shop).await;
}

#[databases]
async fn a_webhook_about_a_refund_may_be_faster_than_its_answer(database: Database) {
    let shop = shop(database).await;
    let paid = shop.payment(shop.captured().await).await;
    let key = Uuid::now_v7();
    shop.line([crate::testing::Line::AnswerLost; 3]);
    let asked = RefundRequest { id: key, ..refund_of(paid.id, Some(1999)) };
    requests::refund(&shop.app, asked).await.unwrap();
    let seen = ChargeSnapshot { refunds: vec![refund(Some(key), "re_1", 1999)], ..charge(&paid) };
    observe(&shop.app, paid.id, &seen).await.unwrap();
    assert_eq!(shop.payment(paid.id).await.status, Status::Refunded);
    shop.finish().await;
    assert_eq!(shop.payment(paid.id).await.refunded, 1999);
    assert_eq!(shop.published(paid.id).await, ["captured", "refunded"]);
    shop.assert_sound().await;
}

#[databases]
async fn money_that_comes_after_the_payment_was_given_up_goes_back(database: Database) {
    let shop = shop(database).await;
    let asked = request("tok_processing");
    let id = asked.payment_id;
    let waiting = requests::authorize(&shop.app, asked).await.unwrap();
    assert_eq!(waiting.status, Status::Processing);
    assert_eq!(requests::void(&shop.app, id).await.unwrap().status, Status::Voiding);
    // The bank decides in favour of the shop, which does not want the money any more.
    shop.finish().await;
    assert_eq!(shop.payment(id).await.status, Status::Captured);
    requests::refund(&shop.app, refund_of(id, Some(1999))).await.unwrap();
    shop.assert_sound().await;

    let asked = request("tok_visa");
    let id = asked.payment_id;
    requests::authorize(&shop.app, asked).await.unwrap();
    let voided = requests::void(&shop.app, id).await.unwrap();
    let late = ChargeSnapshot { state: ChargeState::Captured, captured: 1999, ..charge(&voided) };
    let (_, next) = observe(&shop.app, id, &late).await.unwrap().unwrap();
    assert_eq!(next.expect("a refund").kind, Kind::Refund);
    let refunds = store::refunds(&shop.app.db, id, None, 10).await.unwrap();
    assert_eq!((refunds[0].amount, refunds[0].reason.as_str()), (1999, LATE_CAPTURE));
    assert_books(&shop).await;
    // It was never the order's, which may have been paid otherwise.
    let order = voided.order_id.expect("an order");
    let totals = async || {
        let all = store::totals_by_order(&shop.app.db).await.unwrap();
        all.into_iter().find(|it| it.order_id == order).expect("its totals")
    };
    assert!(totals().await.open, "it goes back");
    let given = ChargeSnapshot { refunds: vec![refund(Some(refunds[0].id), "re_1", 1999)], ..late };
    observe(&shop.app, id, &given).await.unwrap();
    let OrderTotals { captured, refunded, open, .. } = totals().await;
    assert_eq!((captured, refunded, open), (0, 0, false));
}

#[databases]
async fn a_dispute_takes_the_money_and_a_won_one_brings_it_back(database: Database) {
    let shop = shop(database).await;
    let paid = shop.payment(shop.captured().await).await;
    let (open, review, won) =
        (DisputeStatus::NeedsResponse, DisputeStatus::UnderReview, DisputeStatus::Won);
    for (status, withdrawn, taken) in [
        (DisputeStatus::Warning, 0, 0),
        (open, 1999, 1999),
        (open, 1999, 1999),
        (review, 1999, 1999),
        // Late news.
        (DisputeStatus::Warning, 0, 1999),
        (open, 0, 1999),
        (won, 1999, 1999),
        (won, 0, 0),
        (review, 1999, 0),
    ] {
        let dispute = ChargeDispute {
            reference: "dp_1".to_owned(),
            status,
            reason: "fraudulent".to_owned(),
            amount: 1999,
            withdrawn,
            due_at: Some(crate::testing::later(60)),
        };
        let seen = ChargeSnapshot { disputes: vec![dispute], ..charge(&paid) };
        observe(&shop.app, paid.id, &seen).await.unwrap();
        let entries = store::entries(&shop.app.db, paid.id, None, 20).await.unwrap();
        let disputes = entries.iter().filter(|it| it.account == "disputes");
        assert_eq!(disputes.map(|it| it.amount).sum::<i64>(), taken, "{status:?} {withdrawn}");
    }
    let payment = shop.payment(paid.id).await;
    assert!(payment.disputed);
    assert_eq!((payment.status, payment.refunded), (Status::Captured, 0));
    assert_eq!(shop.published(paid.id).await.len(), 6, "one for each piece of news");
    shop.assert_sound().await;
}

#[databases]
async fn a_waiting_payment_is_asked_after_later_and_later(database: Database) {
    let shop = shop(database).await;
    let asked = request("tok_3ds");
    let id = asked.payment_id;
    let now = shop.app.clock.now();
    let waiting = requests::authorize(&shop.app, asked).await.unwrap();
    assert_eq!(waiting.look_at, Some(now + LOOK));
    let day = Payment { updated_at: now - TimeDelta::days(1), ..waiting.clone() };
    assert_eq!(look_at(&day, now), Some(now + LONGEST_LOOK));
    let hour = Payment { updated_at: now - TimeDelta::hours(1), ..waiting };
    assert_eq!(look_at(&hour, now), Some(now + TimeDelta::minutes(30)));
    // Confirmed, it is held, and nobody asks before it is about to expire.
    requests::confirm(&shop.app, id, None).await.unwrap();
    assert_eq!(shop.payment(id).await.look_at, Some(now + TimeDelta::days(6)));
}

/// The charge of a payment as it is.
fn charge(payment: &Payment) -> ChargeSnapshot {
    ChargeSnapshot {
        reference: payment.reference.clone().expect("a charge"),
        state: ChargeState::Captured,
        reason: None,
        action: None,
        hold_minutes: None,
        capture_before: None,
        captured: payment.captured,
        refunds: vec![],
        disputes: vec![],
    }
}

fn refund(key: Option<Uuid>, reference: &str, amount: i64) -> ChargeRefund {
    ChargeRefund { key, reference: reference.to_owned(), amount, failure: None }
}

/// The shop's own books agree. The sandbox knows nothing of what is made up here.
async fn assert_books(shop: &Shop) {
    let db = &shop.app.db;
    assert_eq!(store::disagreeing(db).await.unwrap(), []);
    assert_eq!(store::mismatched(db).await.unwrap(), []);
    assert_eq!(store::unbalanced(db).await.unwrap(), []);
}
