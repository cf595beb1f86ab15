//! The saga as data: what every step asks, and where each answer leads. The driver runs it; a test
//! compares it with docs/checkout.md.

use chassis::db::Word;
use contracts::orders::Reason;

use crate::model::Step;
use Answer::*;

/// What a step's call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Word)]
pub(super) enum Answer {
    Held,
    /// For an order that costs nothing, or whose money is authorised already.
    HeldWithoutPayment,
    /// There was nothing to be had for a request: there is no order yet.
    NeverPlaced,
    /// Sold out before another try to pay.
    SoldOutMeanwhile,
    SoldOut,
    Unavailable,
    /// There is no payment to ask for.
    NoPayment,
    Authorized,
    ActionRequired,
    /// The bank decides later.
    Processing,
    Declined,
    DeclinedTooOften,
    NotDecided,
    Expired,
    Released,
    TimeIsUp,
    Committed,
    /// Its payment waits for the shipment.
    CaptureOnShipment,
    NotHeld,
    Captured,
    /// It was cancelled while the capture was on its way.
    CapturedAfterCancel,
    Failed,
    Shipped,
    Voided,
    Refunded,
    Refused,
    Restocked,
    /// Neither yes nor no yet.
    Pending,
}

/// Where an answer leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    Next(Step),
    /// The same step, after a pause.
    Again,
    /// The order is cancelled for this reason: on to `void`, or to `restock` where no payment can
    /// have been asked for.
    Back(Reason),
    /// `put_back` where refunds are yet to put something back, else `done`.
    Rest,
    /// The request leaves no trace.
    Withdrawn,
}

/// What is done where no answer came, or one that does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Nobody is asked.
    Never,
    /// Asked again, without an end: money or goods are on their way.
    Again,
    /// Asked again until the saga's deadline. Then a request is withdrawn, and an order goes back.
    UntilDeadline,
}

/// A step of the saga.
#[derive(Debug)]
pub(super) struct Row {
    pub step: Step,
    /// The call; empty if there is none.
    pub call: &'static str,
    pub answers: &'static [(Answer, To)],
    pub unknown: Unknown,
}

pub(super) const TABLE: [Row; 12] = [
    Row {
        step: Step::Reserve,
        call: "catalog.reserve(order)",
        answers: &[
            (Held, To::Next(Step::Authorize)),
            (HeldWithoutPayment, To::Next(Step::Commit)),
            (NeverPlaced, To::Withdrawn),
            (SoldOutMeanwhile, To::Next(Step::AwaitPayment)),
            (SoldOut, To::Back(Reason::OutOfStock)),
            (Unavailable, To::Back(Reason::ItemUnavailable)),
        ],
        unknown: Unknown::UntilDeadline,
    },
    Row {
        step: Step::Authorize,
        call: "payments.authorize(uuid5(order, attempt))",
        answers: AUTHORIZED,
        unknown: Unknown::UntilDeadline,
    },
    Row {
        step: Step::AwaitAction,
        call: "payments.show(payment)",
        answers: AUTHORIZED,
        unknown: Unknown::UntilDeadline,
    },
    Row {
        step: Step::Release,
        call: "catalog.end_hold(order)",
        answers: &[(Released, To::Next(Step::AwaitPayment))],
        unknown: Unknown::UntilDeadline,
    },
    Row {
        step: Step::AwaitPayment,
        call: "",
        answers: &[(TimeIsUp, To::Back(Reason::PaymentFailed))],
        unknown: Unknown::Never,
    },
    Row {
        step: Step::Commit,
        call: "catalog.commit(order)",
        answers: &[
            (Committed, To::Next(Step::Capture)),
            (CaptureOnShipment, To::Next(Step::Done)),
            (NotHeld, To::Next(Step::Reserve)),
            (SoldOut, To::Back(Reason::OutOfStock)),
        ],
        unknown: Unknown::UntilDeadline,
    },
    // The pivot: before it everything can be undone without moving money.
    Row {
        step: Step::Capture,
        call: "payments.capture(payment)",
        answers: &[
            (Captured, To::Next(Step::Done)),
            (CapturedAfterCancel, To::Next(Step::Refund)),
            (Failed, To::Back(Reason::PaymentFailed)),
            (Pending, To::Again),
        ],
        unknown: Unknown::Again,
    },
    // The parcel is on its way.
    Row {
        step: Step::Ship,
        call: "catalog.ship(order, uuid5(order, parcel))",
        answers: &[(Shipped, To::Rest)],
        unknown: Unknown::Again,
    },
    Row {
        step: Step::Void,
        call: "payments.void(payment)",
        answers: &[
            (Voided, To::Next(Step::Restock)),
            (Captured, To::Next(Step::Refund)),
            (Pending, To::Again),
        ],
        unknown: Unknown::Again,
    },
    Row {
        step: Step::Refund,
        call: "payments.refund(payment, uuid5(order, cancel))",
        answers: &[
            (Refunded, To::Next(Step::Restock)),
            // The provider will not: the order stays sold, and people have to decide.
            (Refused, To::Rest),
            (Pending, To::Again),
        ],
        unknown: Unknown::Again,
    },
    Row {
        step: Step::Restock,
        call: "catalog.restock(order)",
        answers: &[(Restocked, To::Next(Step::Done))],
        unknown: Unknown::Again,
    },
    Row {
        step: Step::PutBack,
        call: "catalog.restock(refund)",
        answers: &[(Restocked, To::Next(Step::Done))],
        unknown: Unknown::Again,
    },
];

const AUTHORIZED: &[(Answer, To)] = &[
    (Authorized, To::Next(Step::Commit)),
    (ActionRequired, To::Next(Step::AwaitAction)),
    (Processing, To::Next(Step::AwaitAction)),
    (Declined, To::Next(Step::Release)),
    (DeclinedTooOften, To::Back(Reason::PaymentDeclined)),
    (NoPayment, To::Back(Reason::PaymentFailed)),
    (Pending, To::Again),
    (NotDecided, To::Back(Reason::PaymentNotDecided)),
    (Expired, To::Back(Reason::PaymentExpired)),
    (Voided, To::Back(Reason::PaymentVoided)),
];

/// None for the end.
pub(super) fn row(step: Step) -> Option<&'static Row> {
    TABLE.iter().find(|it| it.step == step)
}

impl Row {
    /// Where an answer leads; none where this step cannot have it.
    pub(super) fn leads(&self, answer: Answer) -> Option<To> {
        self.answers.iter().find(|(it, _)| *it == answer).map(|(_, to)| *to)
    }
}

#[cfg(test)]
mod tests;
