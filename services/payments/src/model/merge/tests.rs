//! Whatever the order and the number of times in which news of a charge comes, the payment ends the
//! same way.

use chassis::money::Currency;
use chassis::testing::noon;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::provider::ChargeState::*;

/// What a charge can go through at its provider, from the first answer to the last.
const LIVES: &[&[ChargeState]] = &[
    &[Authorized, Captured],
    &[Authorized, Voided],
    &[Authorized, Declined],
    &[RequiresAction, Authorized, Captured],
    &[RequiresAction, Authorized, Voided],
    &[RequiresAction, Declined],
    &[RequiresAction, Voided],
    &[RequiresAction, Processing, Captured],
    &[RequiresAction, Processing, Declined],
    &[Processing, Captured],
    &[Processing, Declined],
    &[Captured],
    &[Declined],
];

/// One of these lives as news: the indices of its states in any order, each at least once.
fn lives() -> impl Strategy<Value = (&'static [ChargeState], Vec<usize>)> {
    proptest::sample::select(LIVES).prop_flat_map(|life| {
        let all: Vec<usize> = (0..life.len()).collect();
        let again = proptest::collection::vec(0..life.len(), 0..6);
        again.prop_flat_map(move |again| {
            let news = [&all[..], &again].concat();
            (Just(life), Just(news).prop_shuffle())
        })
    })
}

proptest! {
    #[test]
    fn news_in_any_order_ends_the_same((life, news) in lives()) {
        let mut ordered = payment(Status::Pending);
        for state in life {
            ordered.merge(&charge(*state));
        }
        let mut shuffled = payment(Status::Pending);
        let mut moved = 0;
        for at in news {
            moved += shuffled.merge(&charge(life[at])).moved;
        }
        // A decline after the money was held is the provider's answer to a capture, which says so.
        if life != [Authorized, Declined] {
            prop_assert_eq!(shuffled.status, ordered.status);
        }
        prop_assert_eq!(shuffled.captured, ordered.captured);
        prop_assert_eq!(moved, shuffled.captured, "the ledger hears of it once");
        prop_assert_eq!(shuffled.next_action.is_some(), false);
        // Late news of the same changes nothing any more.
        let before = shuffled.clone();
        for state in life {
            prop_assert_eq!(shuffled.merge(&charge(*state)).moved, 0);
        }
        prop_assert_eq!(shuffled, before);
    }
}

#[test]
fn what_comes_after_the_payment_was_given_up_is_released_or_given_back() {
    for (status, state, next) in [
        (Status::Declined, Authorized, Some(Next::Void)),
        (Status::Declined, RequiresAction, Some(Next::Void)),
        (Status::Voided, Authorized, Some(Next::Void)),
        (Status::Voiding, RequiresAction, Some(Next::Void)),
        (Status::Voided, Captured, Some(Next::Refund)),
        (Status::Declined, Captured, Some(Next::Refund)),
        // Who voids sees that it is captured, and gives it back.
        (Status::Voiding, Captured, None),
        // The bank decides first.
        (Status::Voiding, Processing, None),
        (Status::Voided, Voided, None),
        (Status::Captured, Authorized, None),
    ] {
        let mut payment = payment(status);
        assert_eq!(payment.merge(&charge(state)).next, next, "{status:?} {state:?}");
        let late = matches!(next, Some(Next::Refund)) || state == Captured;
        assert_eq!(payment.status == Status::Captured, late || status == Status::Captured);
    }
}

#[test]
fn a_declined_customer_who_was_asked_cannot_pay_afterwards() {
    let mut asked = payment(Status::Pending);
    asked.merge(&charge(RequiresAction));
    assert!(asked.next_action.is_some());
    let change = asked.merge(&charge(Declined));
    assert_eq!((asked.status, change.next), (Status::Declined, Some(Next::Void)));
    assert_eq!(asked.next_action, None);
    // Nobody was asked: there is nothing to close.
    let mut declined = payment(Status::Pending);
    assert_eq!(declined.merge(&charge(Declined)).next, None);
}

#[test]
fn news_of_another_charge_changes_nothing() {
    let mut payment = payment(Status::Pending);
    payment.merge(&charge(RequiresAction));
    let before = payment.clone();
    let other = ChargeSnapshot { reference: "another".to_owned(), ..charge(Captured) };
    assert_eq!(payment.merge(&other), Change::default());
    assert_eq!(payment, before);
}

#[test]
fn a_partial_capture_is_what_was_taken() {
    let mut payment = payment(Status::Capturing);
    let part = ChargeSnapshot { captured: 700, ..charge(Captured) };
    assert_eq!(payment.merge(&part).moved, 700);
    assert_eq!((payment.status, payment.captured), (Status::Captured, 700));
}

fn charge(state: ChargeState) -> ChargeSnapshot {
    ChargeSnapshot {
        reference: "pi_1".to_owned(),
        state,
        reason: matches!(state, Declined | Voided).then(|| "card_declined".to_owned()),
        action: (state == RequiresAction).then(contracts::payments::NextAction::confirm),
        hold_minutes: None,
        capture_before: None,
        captured: if state == Captured { 1999 } else { 0 },
        refunds: vec![],
        disputes: vec![],
    }
}

fn payment(status: Status) -> Payment {
    Payment {
        id: Uuid::nil(),
        order_id: Some(Uuid::nil()),
        order_number: String::new(),
        user_id: None,
        order_token_hash: None,
        status,
        amount: 1999,
        captured: 0,
        refunded: 0,
        refund_pending: 0,
        currency: Currency::default(),
        provider: "sandbox".to_owned(),
        reference: None,
        reason: None,
        next_action: None,
        hold_minutes: None,
        capture: Default::default(),
        capture_before: None,
        look_at: None,
        disputed: false,
        version: 1,
        created_at: noon(),
        updated_at: noon(),
    }
}
