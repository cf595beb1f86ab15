//! The types and rules of a payment: which step may follow which, and what the provider's news
//! changes (`merge`). No HTTP, no SQL, no clock, no provider.

use chassis::Secret;
use chassis::db::Json;
use chassis::id;
use chassis::money::Currency;
use chassis::problem::Result;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::payments as contract;
use contracts::payments::{AuthorizationExpiring, CaptureTiming};
use uuid::Uuid;

use crate::problems;
use crate::provider::{Charge, DisputeStatus};
use crate::refund_lines::RefundLine;

mod merge;
mod states;

pub(crate) use merge::{Answer, Change, Next, Reply};
pub(crate) use states::{Kind, RefundReason, RefundStatus, State, Status};

/// How long before the provider releases what is held others are told.
pub(crate) const EXPIRY_NOTICE: TimeDelta = TimeDelta::days(1);

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
    /// What the customer has to do, while it waits for them.
    pub(crate) next_action: Option<Json<contract::NextAction>>,
    /// How many minutes the customer, or their bank, may need for what it waits for.
    pub(crate) hold_minutes: Option<i64>,
    /// When what is held is to be captured.
    pub(crate) capture: CaptureTiming,
    /// Until when what is held can be captured.
    pub(crate) capture_before: Option<DateTime<Utc>>,
    /// When the provider is asked how it stands, unless a webhook says so earlier.
    pub(crate) look_at: Option<DateTime<Utc>>,
    /// Whether the customer disputes it with their bank, or has.
    pub(crate) disputed: bool,
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
    /// Whether an authorisation also saves the means of payment.
    pub(crate) save: bool,
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
    /// The provider's name for it, once it has answered.
    pub(crate) reference: Option<String>,
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

/// A payment that its customer disputes with their bank.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
#[record(table = "disputes")]
pub(crate) struct Dispute {
    pub(crate) payment_id: Uuid,
    /// The provider's name for it.
    pub(crate) reference: String,
    pub(crate) status: DisputeStatus,
    /// The provider's code.
    pub(crate) reason: String,
    pub(crate) amount: i64,
    /// What the provider has taken from the shop for it by now.
    pub(crate) withdrawn: i64,
    /// Until when it can be answered.
    pub(crate) due_at: Option<DateTime<Utc>>,
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

impl Payment {
    /// The customer has done something: the provider is asked what came of it.
    pub(crate) fn confirm(&mut self) -> Start {
        if self.status != Status::RequiresAction {
            return Start::AsItIs;
        }
        self.status = Status::Pending;
        self.next_action = None;
        Start::Ask
    }

    /// Capture and void both start from `authorized`; the first to commit wins.
    pub(crate) fn capture(&mut self) -> Result<Start> {
        match self.status {
            Status::Authorized => {
                self.status = Status::Capturing;
                self.look_at = None;
                Ok(Start::Ask)
            }
            Status::Capturing
            | Status::Captured
            | Status::PartiallyRefunded
            | Status::Refunded
            | Status::Declined => Ok(Start::AsItIs),
            Status::Voiding | Status::Voided => Err(problems::payment_voided()),
            Status::Pending | Status::RequiresAction | Status::Processing => {
                Err(problems::payment_not_authorized())
            }
        }
    }

    /// A void while the authorisation is under way, or the bank's decision, takes effect once its
    /// outcome is known.
    pub(crate) fn void(&mut self) -> Start {
        let start = match self.status {
            Status::Pending | Status::Processing => Start::Status,
            Status::RequiresAction | Status::Authorized => Start::Ask,
            _ => return Start::AsItIs,
        };
        self.status = Status::Voiding;
        self.next_action = None;
        if start == Start::Ask {
            // The answer is waited for.
            self.look_at = None;
        }
        start
    }

    /// What others are told shortly before the provider releases what is held; none at any other
    /// time.
    pub(crate) fn expiring(&self, now: DateTime<Utc>) -> Option<AuthorizationExpiring> {
        let capture_before = self.capture_before.filter(|_| self.status == Status::Authorized)?;
        (capture_before - EXPIRY_NOTICE..capture_before).contains(&now).then(|| {
            AuthorizationExpiring {
                payment_id: self.id,
                order_id: self.order_id.unwrap_or_default(),
                order_number: self.order_number.clone(),
                amount: self.amount,
                currency: self.currency.as_str().to_owned(),
                capture_before,
            }
        })
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

    /// So much of it has gone back to the customer.
    pub(crate) fn give_back(&mut self, amount: i64) {
        self.refunded += amount;
        self.status = self.refund_status();
    }

    /// So much of it has come back from a refund that failed.
    pub(crate) fn take_back(&mut self, amount: i64) {
        self.refunded -= amount;
        self.status = self.refund_status();
    }

    fn refund_status(&self) -> Status {
        match self.refunded {
            0 => Status::Captured,
            all if all == self.captured => Status::Refunded,
            _ => Status::PartiallyRefunded,
        }
    }

    pub(crate) fn is_captured(&self) -> bool {
        matches!(self.status, Status::Captured | Status::PartiallyRefunded | Status::Refunded)
    }

    /// The provider's side of it.
    pub(crate) fn charge(&self) -> Charge {
        Charge {
            key: self.id,
            reference: self.reference.clone(),
            created_at: self.created_at,
            amount: self.amount,
            currency: self.currency.clone(),
        }
    }

    /// What every other service may see of it.
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
            next_action: None,
            hold_minutes: None,
            capture: self.capture,
            capture_before: None,
            disputed: self.disputed,
        }
    }
}

impl Refund {
    /// One that the shop itself begins.
    pub(crate) fn new(
        id: Uuid,
        payment_id: Uuid,
        amount: i64,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            payment_id,
            amount,
            reason: reason.to_owned(),
            status: RefundStatus::Pending,
            failure: None,
            reference: None,
            fingerprint: None,
            restock: false,
            note: None,
            staff: None,
            created_at: now,
            updated_at: now,
        }
    }

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

/// The key of a confirmation: a provider may ask the customer more than once, and each time is
/// another one. `version` is the payment's before it.
pub(crate) fn confirmation_id(payment: Uuid, version: i64) -> Uuid {
    id::derive(payment, format!("confirm:{version}"))
}
