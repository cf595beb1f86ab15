//! The types and rules of a payment: which step may follow which, and what an answer of the
//! provider changes. No HTTP, no SQL, no clock, no provider.

use chassis::Secret;
use chassis::id;
use chassis::money::Currency;
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use contracts::payments as contract;
use uuid::Uuid;

use crate::problems;
use crate::provider::{Charge, Outcome, Refusal};
use crate::refund_lines::RefundLine;

mod states;

pub(crate) use states::{Kind, RefundReason, RefundStatus, State, Status};

/// A payment as it is stored.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
#[record(table = "payments", key("id"))]
pub(crate) struct Payment {
    pub(crate) id: Uuid,
    /// None if it was voided before anybody asked for it.
    pub(crate) order_id: Option<Uuid>,
    pub(crate) order_number: String,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) order_token_hash: Option<String>,
    pub(crate) status: Status,
    pub(crate) amount: i64,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    /// What running refunds will give back.
    pub(crate) refund_pending: i64,
    pub(crate) currency: Currency,
    pub(crate) provider: String,
    /// The provider's name for it.
    pub(crate) reference: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// One thing a provider is asked; its id is the key the provider does it once under.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
#[record(table = "operations", key("id"))]
pub(crate) struct Operation {
    pub(crate) id: Uuid,
    pub(crate) payment_id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) amount: i64,
    pub(crate) input: Option<Secret>,
    /// How often the provider was asked without a clear answer.
    pub(crate) attempts: i64,
    /// Rises with each process that takes it over; only the newest may settle it.
    pub(crate) fence: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) settled_at: Option<DateTime<Utc>>,
}

/// Money given back, or about to be.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
#[record(table = "refunds", key("id"))]
pub(crate) struct Refund {
    pub(crate) id: Uuid,
    pub(crate) payment_id: Uuid,
    pub(crate) amount: i64,
    pub(crate) reason: String,
    pub(crate) status: RefundStatus,
    pub(crate) failure: Option<String>,
    pub(crate) fingerprint: Option<String>,
    /// Whether everything of the order that is still out is put back into stock.
    pub(crate) restock: bool,
    /// For staff only.
    pub(crate) note: Option<String>,
    /// The member of staff who asked for it; none where the shop did.
    pub(crate) staff: Option<Uuid>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// One line of the ledger. A debit is positive, a credit negative.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub(crate) struct Entry {
    pub(crate) transaction_id: Uuid,
    pub(crate) account: String,
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) created_at: DateTime<Utc>,
}

/// What a request changes before the provider is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Nothing: the payment is answered as it is.
    AsItIs,
    /// The status; a running operation goes on from there.
    Status,
    /// The status, and the provider has to be asked.
    Ask,
}

/// What an answer of the provider changes besides the payment itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The amount that moved from the customer to the shop; negative when it went back.
    pub(crate) moved: i64,
    /// What the provider has to be asked next.
    pub(crate) next: Option<Kind>,
}

/// A definite answer: it happened, or it was refused.
pub(crate) type Answer = std::result::Result<Outcome, Refusal>;

impl Payment {
    /// Customer's confirmation: the provider is asked once, later calls see what came of it.
    pub(crate) fn confirm(&mut self) -> Result<Start> {
        match self.status {
            Status::RequiresAction => {
                self.status = Status::Pending;
                Ok(Start::Ask)
            }
            _ => Ok(Start::AsItIs),
        }
    }

    /// Capture and void both start from `authorized`; the first to commit wins.
    pub(crate) fn capture(&mut self) -> Result<Start> {
        match self.status {
            Status::Authorized => {
                self.status = Status::Capturing;
                Ok(Start::Ask)
            }
            Status::Capturing
            | Status::Captured
            | Status::PartiallyRefunded
            | Status::Refunded
            | Status::Declined => Ok(Start::AsItIs),
            Status::Voiding | Status::Voided => Err(problems::payment_voided()),
            Status::Pending | Status::RequiresAction => Err(problems::payment_not_authorized()),
        }
    }

    /// A void while the authorisation is under way takes effect once its outcome is known.
    pub(crate) fn void(&mut self) -> Start {
        let start = match self.status {
            Status::Pending => Start::Status,
            Status::RequiresAction | Status::Authorized => Start::Ask,
            _ => return Start::AsItIs,
        };
        self.status = Status::Voiding;
        start
    }

    /// What can still be given back: captured, and neither refunded nor about to be.
    pub(crate) fn refundable(&self) -> i64 {
        self.captured - self.refunded - self.refund_pending
    }

    /// Whether it was captured and all of it has been given back, or is about to be.
    pub(crate) fn nothing_left(&self) -> bool {
        self.is_captured() && self.refundable() == 0
    }

    /// Reserves `amount` for a refund, so that no two can give back the same money.
    pub(crate) fn reserve_refund(&mut self, amount: i64) -> Result<()> {
        if !self.is_captured() {
            return Err(problems::payment_not_captured());
        }
        if amount < 1 || amount > self.refundable() {
            return Err(problems::refund_exceeds_payment(self.refundable()));
        }
        self.refund_pending += amount;
        Ok(())
    }

    fn is_captured(&self) -> bool {
        matches!(self.status, Status::Captured | Status::PartiallyRefunded | Status::Refunded)
    }

    /// Takes in what the provider answered.
    pub(crate) fn settle(&mut self, kind: Kind, amount: i64, answer: &Answer) -> Settled {
        match kind {
            Kind::Authorize | Kind::Confirm => self.settle_authorisation(answer),
            Kind::Capture => self.settle_capture(amount, answer),
            Kind::Void => self.settle_void(answer),
            Kind::Refund => self.settle_refund(amount, answer),
        }
    }

    fn settle_authorisation(&mut self, answer: &Answer) -> Settled {
        let held = match answer {
            Ok(Outcome::Authorized { reference }) => Ok((Status::Authorized, reference)),
            Ok(Outcome::RequiresAction { reference }) => Ok((Status::RequiresAction, reference)),
            Ok(other) => Err(other.as_str()),
            Err(Refusal(reason)) => Err(reason.as_str()),
        };
        let voiding = self.status == Status::Voiding;
        match held {
            Ok((status, reference)) => {
                self.reference = Some(reference.clone());
                if voiding {
                    return Settled { next: Some(Kind::Void), ..Settled::default() };
                }
                self.status = status;
            }
            Err(reason) => {
                self.reason = Some(reason.to_owned());
                self.status = if voiding { Status::Voided } else { Status::Declined };
            }
        }
        Settled::default()
    }

    fn settle_capture(&mut self, amount: i64, answer: &Answer) -> Settled {
        if let Err(Refusal(reason)) = answer {
            self.status = Status::Declined;
            self.reason = Some(reason.clone());
            return Settled::default();
        }
        self.status = Status::Captured;
        self.captured = amount;
        Settled { moved: amount, ..Settled::default() }
    }

    /// A provider that refuses to void holds nothing any more: nothing was captured before.
    fn settle_void(&mut self, answer: &Answer) -> Settled {
        self.status = Status::Voided;
        if let Err(Refusal(reason)) = answer {
            self.reason = Some(reason.clone());
        }
        Settled::default()
    }

    fn settle_refund(&mut self, amount: i64, answer: &Answer) -> Settled {
        self.refund_pending -= amount;
        if answer.is_err() {
            return Settled::default();
        }
        self.refunded += amount;
        self.status = if self.refunded == self.captured {
            Status::Refunded
        } else {
            Status::PartiallyRefunded
        };
        Settled { moved: -amount, ..Settled::default() }
    }

    /// The provider's side of it.
    pub(crate) fn charge(&self) -> Charge {
        Charge { key: self.id, reference: self.reference.clone() }
    }

    /// What other services see.
    pub(crate) fn to_contract(&self) -> contract::Payment {
        contract::Payment {
            id: self.id,
            order_id: self.order_id.unwrap_or_default(),
            status: self.status,
            amount: self.amount,
            captured: self.captured,
            refunded: self.refunded,
            currency: self.currency.as_str().to_owned(),
            reason: self.reason.clone(),
            action_minutes: None,
        }
    }
}

impl Refund {
    /// What other services see of one that has taken effect.
    pub(crate) fn to_contract(&self, lines: Vec<RefundLine>) -> contract::Refunded {
        let line = |it: RefundLine| contract::RefundedLine {
            sku: it.sku,
            quantity: it.quantity,
            restock: it.restock,
        };
        contract::Refunded {
            id: self.id,
            amount: self.amount,
            reason: self.reason.clone(),
            staff: self.staff,
            restock: self.restock,
            lines: lines.into_iter().map(line).collect(),
        }
    }
}

/// The key of an operation. The authorisation has the payment's own id, a refund its own.
pub(crate) fn operation_id(payment: Uuid, kind: Kind) -> Uuid {
    match kind {
        Kind::Authorize => payment,
        kind => id::derive(payment, kind.as_str()),
    }
}
