//! Payments with a provider that answers at once.

use std::collections::HashMap;

use chassis::cards;
use chassis::problem::{Problem, Result};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{FakeRoutes, FakeState, refusal};
use crate::payments::{
    self, Authorize, CaptureTiming, Client, NextAction, Payment, PaymentRef, PaymentUpdated,
    Refund, Refunded, Status,
};

/// The one provider, with the tokens of the sandbox.
const PROVIDER: &str = "sandbox";

#[derive(Debug, Default)]
pub struct Payments {
    pub payments: HashMap<Uuid, Payment>,
    /// With the payment each is of.
    refunds: HashMap<Uuid, (Uuid, Refunded)>,
    /// What the provider asks for, for a customer who has to do something.
    pub hold_minutes: Option<u32>,
    /// When new payments are to be captured, and until when they can be.
    pub capture: CaptureTiming,
    pub capture_before: Option<DateTime<Utc>>,
    /// Whether the provider gives no money back.
    pub refund_refused: bool,
    /// Whether the shop does without the provider.
    pub switched_off: bool,
}

impl FakeState for Payments {
    const NAME: &'static str = "payments";

    fn routes(desk: FakeRoutes<Self>) -> FakeRoutes<Self> {
        desk.on(payments::PROVIDERS, Self::providers)
            .on(payments::AUTHORIZE, Self::authorize)
            .on(payments::SHOW, Self::show)
            .on(payments::CAPTURE, Self::capture)
            .on(payments::VOID, Self::void)
            .on(payments::REFUND, Self::refund)
    }
}

impl Payments {
    fn providers(&mut self, (): ()) -> Result<Vec<String>> {
        Ok(if self.switched_off { vec![] } else { vec![PROVIDER.to_owned()] })
    }

    fn authorize(&mut self, request: Authorize) -> Result<Payment> {
        if cards::is_in(&request.token) {
            return Err(Problem::invalid("card_number_refused", "a card number"));
        }
        if self.switched_off || request.provider != PROVIDER {
            return Err(Problem::field("payment.provider", "must be sandbox"));
        }
        let (capture, capture_before) = (self.capture, self.capture_before);
        let asked = Payment { capture, capture_before, ..answered(&request) };
        let payment = self.payments.entry(request.payment_id).or_insert_with(|| asked.clone());
        if payment.order_id.is_nil() {
            // It was voided before it was asked for.
            *payment = Payment { status: Status::Voided, reason: None, ..asked.clone() };
        }
        let same = payment.order_id == asked.order_id
            && payment.amount == asked.amount
            && payment.currency == asked.currency;
        if same {
            Ok(shown(payment, self.hold_minutes))
        } else {
            Err(Problem::conflict("payment_mismatch", "it is another one"))
        }
    }

    fn show(&mut self, PaymentRef { payment_id }: PaymentRef) -> Result<Option<Payment>> {
        Ok(self.payments.get(&payment_id).map(|it| shown(it, self.hold_minutes)))
    }

    fn capture(&mut self, PaymentRef { payment_id }: PaymentRef) -> Result<Payment> {
        let payment = self.payments.get_mut(&payment_id).ok_or_else(not_found)?;
        match payment.status {
            Status::Authorized => {
                payment.status = Status::Captured;
                payment.captured = payment.amount;
            }
            Status::Voiding | Status::Voided => {
                return Err(Problem::conflict("payment_voided", "it was voided"));
            }
            Status::Pending | Status::RequiresAction | Status::Processing => {
                return Err(Problem::conflict("payment_not_authorized", "it is not authorised"));
            }
            Status::Capturing
            | Status::Captured
            | Status::PartiallyRefunded
            | Status::Refunded
            | Status::Declined => {}
        }
        Ok(payment.clone())
    }

    fn void(&mut self, PaymentRef { payment_id }: PaymentRef) -> Result<Payment> {
        let payment = self.payments.entry(payment_id).or_insert_with(|| nobodys(payment_id));
        if matches!(payment.status, Status::Pending | Status::RequiresAction | Status::Authorized) {
            payment.status = Status::Voided;
        }
        if payment.status == Status::Processing {
            // The bank decides first.
            payment.status = Status::Voiding;
        }
        Ok(payment.clone())
    }

    fn refund(&mut self, request: Refund) -> Result<PaymentUpdated> {
        let payment = self.payments.get_mut(&request.payment_id).ok_or_else(not_found)?;
        if let Some((of, refund)) = self.refunds.get(&request.refund_id) {
            let other = request.amount.is_some_and(|it| it != refund.amount);
            return if *of == payment.id && !other {
                Ok(payment_updated(payment, Some(refund.clone())))
            } else {
                Err(Problem::conflict("refund_mismatch", "it is another one"))
            };
        }
        let is_captured = matches!(
            payment.status,
            Status::Captured | Status::PartiallyRefunded | Status::Refunded
        );
        let left = payment.captured - payment.refunded;
        if is_captured && left == 0 && request.amount.is_none() {
            return Ok(payment_updated(payment, None));
        }
        if !is_captured {
            return Err(Problem::conflict("payment_not_captured", "it was not captured"));
        }
        let amount = request.amount.unwrap_or(left);
        if !(1..=left).contains(&amount) {
            let refused = Problem::conflict("refund_exceeds_payment", "more than is left");
            return Err(refused.with("refundable", left));
        }
        if self.refund_refused {
            return Err(Problem::conflict("refund_failed", "the provider will not"));
        }
        payment.give_back(amount);
        let refund = Refunded {
            id: request.refund_id,
            amount,
            reason: request.reason,
            staff: None,
            restock: false,
            lines: vec![],
        };
        self.refunds.insert(refund.id, (payment.id, refund.clone()));
        Ok(payment_updated(payment, Some(refund)))
    }
}

impl Payment {
    /// So much of it has been given back.
    pub fn give_back(&mut self, amount: i64) {
        self.refunded += amount;
        self.status = if self.refunded == self.captured {
            Status::Refunded
        } else {
            Status::PartiallyRefunded
        };
    }
}

/// What the provider makes of it.
fn answered(request: &Authorize) -> Payment {
    let (status, reason) = match request.token.as_str() {
        "tok_visa" => (Status::Authorized, None),
        "tok_3ds" => (Status::RequiresAction, None),
        "tok_processing" => (Status::Processing, None),
        "tok_declined" => (Status::Declined, Some("card_declined")),
        "tok_insufficient_funds" => (Status::Declined, Some("insufficient_funds")),
        _ => (Status::Declined, Some("invalid_token")),
    };
    Payment {
        id: request.payment_id,
        order_id: request.order_id,
        status,
        amount: request.amount,
        captured: 0,
        refunded: 0,
        currency: request.currency.clone(),
        reason: reason.map(str::to_owned),
        next_action: None,
        hold_minutes: None,
        capture: CaptureTiming::AtOnce,
        capture_before: None,
        disputed: false,
    }
}

/// What is noted of a payment that is voided before it is asked for.
fn nobodys(id: Uuid) -> Payment {
    Payment {
        id,
        order_id: Uuid::nil(),
        status: Status::Voided,
        amount: 0,
        captured: 0,
        refunded: 0,
        currency: "USD".to_owned(),
        reason: None,
        next_action: None,
        hold_minutes: None,
        capture: CaptureTiming::AtOnce,
        capture_before: None,
        disputed: false,
    }
}

fn shown(payment: &Payment, minutes: Option<u32>) -> Payment {
    let asks = payment.status == Status::RequiresAction;
    let waits = asks || payment.status == Status::Processing;
    let next_action = asks.then(NextAction::confirm);
    Payment { next_action, hold_minutes: minutes.filter(|_| waits), ..payment.clone() }
}

fn payment_updated(payment: &Payment, refund: Option<Refunded>) -> PaymentUpdated {
    PaymentUpdated { payment: payment.clone(), refund, failed_refund: None }
}

fn not_found() -> Problem {
    Problem::not_found("payment_not_found", "there is no such payment")
}

/// What orders relies on in payments, in USD with the sandbox.
pub async fn payments_suite(client: &Client) {
    assert_eq!(client.providers().await.expect("an answer"), [PROVIDER]);
    paid(client).await;
    not_paid(client).await;
    voided(client).await;
    unknown(client).await;
}

async fn paid(client: &Client) {
    let asked = authorize("tok_visa");
    let id = asked.payment_id;
    assert_eq!(client.show(id).await.expect("an answer"), None);
    let refund = refund(id, None);
    assert_eq!(refusal(client.refund(&refund).await), "payment_not_found");
    for _ in 0..2 {
        let payment = client.authorize(&asked).await.expect("an answer");
        assert_eq!((payment.status, payment.order_id), (Status::Authorized, asked.order_id));
        assert_eq!(payment.capture, CaptureTiming::AtOnce, "unless the settings say otherwise");
    }
    let other = Authorize { amount: 2000, ..asked.clone() };
    assert_eq!(refusal(client.authorize(&other).await), "payment_mismatch");
    assert_eq!(refusal(client.refund(&refund).await), "payment_not_captured");
    for _ in 0..2 {
        let payment = client.capture(id).await.expect("an answer");
        assert_eq!((payment.status, payment.captured), (Status::Captured, 1999));
    }
    let payment = client.void(id).await.expect("an answer");
    assert_eq!(payment.status, Status::Captured, "it is too late");
    refunded(client, id).await;
}

async fn refunded(client: &Client, id: Uuid) {
    let part = refund(id, Some(999));
    for _ in 0..2 {
        let answer = client.refund(&part).await.expect("an answer");
        let given = answer.refund.expect("what was given back");
        assert_eq!((given.id, given.amount), (part.refund_id, 999));
        assert_eq!((given.reason.as_str(), given.staff), ("customer_request", None));
        let payment = answer.payment;
        assert_eq!((payment.status, payment.refunded), (Status::PartiallyRefunded, 999));
    }
    let other = Refund { amount: Some(1), ..part };
    assert_eq!(refusal(client.refund(&other).await), "refund_mismatch");
    assert_eq!(refusal(client.refund(&refund(id, Some(1001))).await), "refund_exceeds_payment");
    let rest = client.refund(&refund(id, None)).await.expect("an answer");
    assert_eq!(rest.refund.map(|it| it.amount), Some(1000));
    assert_eq!((rest.payment.status, rest.payment.refunded), (Status::Refunded, 1999));
    let nothing = client.refund(&refund(id, None)).await.expect("an answer");
    assert_eq!((nothing.refund, nothing.payment.refunded), (None, 1999));
    assert_eq!(refusal(client.refund(&refund(id, Some(1))).await), "refund_exceeds_payment");
    assert_eq!(client.show(id).await.expect("an answer"), Some(rest.payment));
}

async fn not_paid(client: &Client) {
    for (token, reason) in [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_unheard_of", "invalid_token"),
    ] {
        let asked = authorize(token);
        let declined = client.authorize(&asked).await.expect("an answer");
        assert_eq!((declined.status, declined.reason.as_deref()), (Status::Declined, Some(reason)));
        assert_eq!(client.capture(asked.payment_id).await.expect("an answer"), declined);
        assert_eq!(client.void(asked.payment_id).await.expect("an answer"), declined);
    }
    let asked = authorize("tok_3ds");
    let payment = client.authorize(&asked).await.expect("an answer");
    assert_eq!(payment.status, Status::RequiresAction);
    assert_eq!(refusal(client.capture(asked.payment_id).await), "payment_not_authorized");
    let asked = authorize("tok_processing");
    let payment = client.authorize(&asked).await.expect("an answer");
    assert_eq!(payment.status, Status::Processing);
    assert_eq!(refusal(client.capture(asked.payment_id).await), "payment_not_authorized");
    let payment = client.void(asked.payment_id).await.expect("an answer");
    assert_eq!(payment.status, Status::Voiding, "the bank decides first");
    let asked = authorize("tok_visa");
    let bank = Authorize { provider: "bank".to_owned(), ..asked.clone() };
    assert_eq!(refusal(client.authorize(&bank).await), "validation_failed");
    let card = Authorize { token: "4242424242424242".into(), ..asked.clone() };
    assert_eq!(refusal(client.authorize(&card).await), "card_number_refused");
    assert_eq!(client.show(asked.payment_id).await.expect("an answer"), None);
}

async fn voided(client: &Client) {
    for token in ["tok_visa", "tok_3ds"] {
        let asked = authorize(token);
        client.authorize(&asked).await.expect("an answer");
        for _ in 0..2 {
            let payment = client.void(asked.payment_id).await.expect("an answer");
            assert_eq!((payment.status, payment.captured), (Status::Voided, 0));
        }
        assert_eq!(refusal(client.capture(asked.payment_id).await), "payment_voided");
    }
    // A void is final even before the payment.
    let asked = authorize("tok_visa");
    let payment = client.void(asked.payment_id).await.expect("an answer");
    assert_eq!((payment.status, payment.order_id), (Status::Voided, Uuid::nil()));
    let payment = client.authorize(&asked).await.expect("an answer");
    assert_eq!((payment.status, payment.order_id), (Status::Voided, asked.order_id));
    assert_eq!(refusal(client.capture(asked.payment_id).await), "payment_voided");
}

async fn unknown(client: &Client) {
    let nobodys = chassis::id::new();
    assert_eq!(refusal(client.capture(nobodys).await), "payment_not_found");
    assert_eq!(refusal(client.refund(&refund(nobodys, None)).await), "payment_not_found");
    assert_eq!(client.show(nobodys).await.expect("an answer"), None);
}

fn authorize(token: &str) -> Authorize {
    Authorize {
        payment_id: chassis::id::new(),
        order_id: chassis::id::new(),
        order_number: "CW-100001".to_owned(),
        user_id: Some(chassis::id::new()),
        order_token_hash: None,
        amount: 1999,
        currency: "USD".to_owned(),
        provider: PROVIDER.to_owned(),
        token: token.into(),
        save: false,
    }
}

fn refund(payment_id: Uuid, amount: Option<i64>) -> Refund {
    let reason = "customer_request".to_owned();
    Refund { payment_id, refund_id: chassis::id::new(), amount, reason }
}
