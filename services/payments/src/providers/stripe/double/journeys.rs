//! What customers and their banks do.

use chassis::testing::{Database, databases};

use super::books::assert_books;
use super::*;
use crate::operations;

#[databases]
async fn a_card_is_held_captured_and_refunded_in_parts_or_released(database: Database) {
    let shop = shop(database).await;
    let payment = shop.pay("card").await;
    assert_eq!(payment.status, Status::Authorized);
    assert_eq!(payment.capture_before, Some(shop.clock.now() + TimeDelta::days(7)));
    assert_books(&shop).await;
    let payment = shop.capture(payment.id).await;
    assert_eq!((payment.status, payment.captured), (Status::Captured, AMOUNT));
    let payment = shop.refund(payment.id, Some(500)).await;
    assert_eq!((payment.status, payment.refunded), (Status::PartiallyRefunded, 500));
    assert_books(&shop).await;
    let payment = shop.refund(payment.id, None).await;
    assert_eq!((payment.status, payment.refunded), (Status::Refunded, AMOUNT));
    let payment = shop.pay("card").await;
    assert_eq!(shop.void(payment.id).await.status, Status::Voided);
    assert_books(&shop).await;
}

/// Stripe may list what was only held, and is released, as refunded.
#[tokio::test]
async fn what_is_released_of_a_hold_is_no_refund() {
    for listed in [true, false] {
        let shop = shop_with(Database::Sqlite, |_| {}, |it| it.releases_are_refunds = listed).await;
        let [part, none] = [shop.pay("card").await, shop.pay("card").await];
        shop.void(none.id).await;
        let stripe = shop.app.providers.get(NAME).expect("it is on");
        stripe.capture(Uuid::now_v7(), &part.charge(), 700).await.expect("an answer");
        for _ in 0..2 {
            let payment = shop.payment(part.id).await;
            operations::observe(&shop.app, &payment).await.expect("an answer");
        }
        let payment = shop.payment(part.id).await;
        assert_eq!((payment.captured, payment.refunded), (700, 0), "{listed}");
        assert_books(&shop).await;
        assert_eq!(shop.refund(part.id, None).await.refunded, 700, "{listed}");
        assert_books(&shop).await;
    }
}

#[tokio::test]
async fn a_hold_that_lapses_is_seen_when_it_is_captured() {
    let shop = shop(Database::Sqlite).await;
    let payment = shop.pay("card").await;
    shop.clock.advance(TimeDelta::days(8));
    let payment = shop.capture(payment.id).await;
    assert_eq!((payment.status, payment.captured), (Status::Voided, 0));
    assert_eq!(payment.reason.as_deref(), Some("expired"));
    assert_books(&shop).await;
}

#[tokio::test]
async fn a_card_that_is_declined_says_why() {
    let shop = shop(Database::Sqlite).await;
    for (method, reason) in [
        ("card_declined", "card_declined"),
        ("card_insufficient_funds", "insufficient_funds"),
        ("card_expired", "expired_card"),
        ("card_incorrect_cvc", "incorrect_cvc"),
    ] {
        let payment = shop.pay(method).await;
        assert_eq!((payment.status, payment.reason.as_deref()), (Status::Declined, Some(reason)));
    }
    // A token is good for one attempt.
    let asked = shop.order("card");
    requests::authorize(&shop.app, asked.clone()).await.expect("an answer");
    let again = Authorize { payment_id: Uuid::now_v7(), ..asked };
    let again = requests::authorize(&shop.app, again).await.expect("an answer");
    assert_eq!(again.status, Status::Declined);
    assert_books(&shop).await;
}

#[tokio::test]
async fn three_d_secure_is_approved_denied_declined_or_left_open() {
    let shop = shop(Database::Sqlite).await;
    for (method, approves, by_browser, status, reason) in [
        ("card_3ds", Some(true), true, Status::Authorized, None),
        ("card_3ds", Some(true), false, Status::Authorized, None),
        ("card_3ds", Some(false), true, Status::Declined, Some("authentication_failed")),
        ("card_3ds", Some(false), false, Status::Declined, Some("authentication_failed")),
        ("card_3ds_declined", Some(true), true, Status::Declined, Some("card_declined")),
        ("card_3ds", None, true, Status::RequiresAction, None),
    ] {
        let payment = shop.pay(method).await;
        let id = payment.id;
        let action = payment.next_action.expect("an action").0;
        assert_eq!((payment.status, action.kind.as_str()), (Status::RequiresAction, "stripe"));
        let intent = shop.intent(id).await;
        assert_eq!(action.data["client_secret"].as_str().expect("one").find(&intent), Some(0));
        if let Some(approves) = approves {
            shop.double.authenticate(&intent, approves).expect("it waits");
        }
        if by_browser {
            shop.confirm(id).await;
        } else {
            shop.clock.advance(TimeDelta::minutes(1));
        }
        shop.finish().await;
        let payment = shop.payment(id).await;
        assert_eq!((payment.status, payment.reason.as_deref()), (status, reason), "{method}");
        assert_books(&shop).await;
        if status == Status::RequiresAction {
            // The order has waited long enough; then the customer comes back.
            assert_eq!(shop.void(id).await.status, Status::Voided);
            shop.double.authenticate(&intent, true).expect_err("it is over");
        }
        assert_books(&shop).await;
    }
}

#[tokio::test]
async fn a_debit_is_processing_until_the_bank_has_decided() {
    let shop = shop(Database::Sqlite).await;
    for (method, status) in
        [("sepa_debit", Status::Captured), ("sepa_debit_fails", Status::Declined)]
    {
        let payment = shop.pay(method).await;
        assert_eq!(payment.status, Status::Processing);
        assert!(payment.hold_minutes > Some(5 * 24 * 60), "{:?}", payment.hold_minutes);
        shop.pass(TimeDelta::days(4)).await;
        assert_eq!(shop.payment(payment.id).await.status, Status::Processing);
        assert_books(&shop).await;
        shop.pass(TimeDelta::days(2)).await;
        assert_eq!(shop.payment(payment.id).await.status, status);
        assert_eq!(shop.published(payment.id).await.last().unwrap(), status.as_str());
        assert_books(&shop).await;
    }
    // Given up meanwhile, it may arrive all the same: who has given it up gives it back.
    for (method, status) in [("sepa_debit", Status::Captured), ("sepa_debit_fails", Status::Voided)]
    {
        let payment = shop.pay(method).await;
        assert_eq!(shop.void(payment.id).await.status, Status::Voiding);
        shop.pass(TimeDelta::days(7)).await;
        assert_eq!(shop.payment(payment.id).await.status, status, "{method}");
        if status == Status::Captured {
            assert_eq!(shop.refund(payment.id, None).await.status, Status::Refunded);
        }
        assert_books(&shop).await;
    }
}

#[tokio::test]
async fn a_bank_of_its_own_page_takes_the_money_at_once() {
    let shop = shop(Database::Sqlite).await;
    for (approves, status) in [(true, Status::Captured), (false, Status::Declined)] {
        let payment = shop.pay("ideal").await;
        let action = payment.next_action.expect("an action").0;
        assert_eq!((payment.status, action.kind.as_str()), (Status::RequiresAction, "redirect"));
        shop.double.authenticate(&shop.intent(payment.id).await, approves).expect("it waits");
        assert_eq!(shop.confirm(payment.id).await.status, status);
        // As orders do with every payment that is held or paid.
        if approves {
            assert_eq!(shop.capture(payment.id).await.captured, AMOUNT);
        }
        shop.finish().await;
        assert_books(&shop).await;
    }
}
