//! Payments, refunds and ledger entries as clients see them.

use chassis::money::{Currency, Money};
use chassis::service::PREFIX;
use chassis::webhooks::Webhook;
use chrono::{DateTime, Utc};
use contracts::payments::{self, CaptureTiming};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{Dispute, Entry, Kind, Operation, Payment, Refund, RefundStatus, State, Status};
use crate::provider::DisputeStatus;
use crate::refund_lines::RefundLine;

/// A payment.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentView {
    id: Uuid,
    /// Null if the payment was voided before it was created.
    order_id: Option<Uuid>,
    order_number: String,
    status: Status,
    amount: Money,
    captured: Money,
    refunded: Money,
    provider: String,
    /// When the payment is captured.
    capture: CaptureTiming,
    /// Why the payment was declined, such as `card_declined` or `insufficient_funds`; `expired` if its
    /// authorization expired before it was captured.
    reason: Option<String>,
    /// Whether the customer disputes it with their bank, or has.
    disputed: bool,
    /// What the customer has to do, if the payment waits for them. Only shown to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_action: Option<NextAction>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What the customer has to do before the payment continues. Its `type` says what: `confirm`,
/// `redirect` to a `url`, or `stripe` with a `client_secret` and a `publishable_key`.
#[derive(Serialize, ToSchema)]
#[schema(as = NextPaymentAction)]
struct NextAction {
    #[serde(flatten)]
    action: payments::NextAction,
    /// How to say that it is done.
    method: &'static str,
    href: String,
}

/// A payment and its operations at the provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentDetail {
    #[serde(flatten)]
    payment: PaymentView,
    /// The provider's id of the payment.
    reference: Option<String>,
    /// Until when what is authorized can be captured, where the provider says so.
    capture_before: Option<DateTime<Utc>>,
    operations: Vec<OperationView>,
    disputes: Vec<DisputeView>,
    /// What the provider has told about it, newest first. Only shown to staff.
    webhooks: Vec<Webhook>,
}

/// A payment that its customer disputes with their bank.
#[derive(Serialize, ToSchema)]
#[schema(as = Dispute)]
struct DisputeView {
    /// The provider's id of the dispute.
    reference: String,
    status: DisputeStatus,
    /// The provider's code.
    reason: String,
    amount: Money,
    /// What the provider has taken from the shop for it by now.
    withdrawn: Money,
    /// Until when it can be answered.
    due_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A request to the payment provider.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentOperation)]
struct OperationView {
    id: Uuid,
    kind: Kind,
    state: State,
    amount: Money,
    /// How many attempts had no definite answer.
    failed_attempts: i64,
    created_at: DateTime<Utc>,
    settled_at: Option<DateTime<Utc>>,
}

/// A refund, completed or pending.
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct RefundView {
    id: Uuid,
    payment_id: Uuid,
    amount: Money,
    status: RefundStatus,
    /// A code: the reason of the refund, or why the order was cancelled.
    reason: String,
    note: Option<String>,
    /// The refunded units. Empty for refunds of an amount.
    lines: Vec<RefundLineView>,
    /// Whether everything of the order that was not restocked yet is restocked.
    restock: bool,
    /// The member of staff who made the refund; null if the order was cancelled.
    staff: Option<Uuid>,
    /// Why the provider refused the refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Refunded units of an order line.
#[derive(Serialize, ToSchema)]
#[schema(as = RefundLine)]
struct RefundLineView {
    sku: String,
    quantity: i64,
    /// The price they were sold for, including their share of shipping and tax.
    amount: Money,
    /// Whether they are restocked.
    restock: bool,
}

/// A ledger entry.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
pub(crate) struct EntryView {
    transaction_id: Uuid,
    account: String,
    amount: Money,
    created_at: DateTime<Utc>,
}

impl PaymentView {
    /// With what the customer has to do, which nobody but they may see: it can hold a secret.
    pub(crate) fn for_customer(mut payment: Payment) -> Self {
        let next_action = payment.next_action.take().map(|it| NextAction {
            action: it.0,
            method: "POST",
            href: format!("{PREFIX}/payments/{}/confirm", payment.id),
        });
        Self { next_action, ..Self::of(payment) }
    }

    pub(crate) fn of(payment: Payment) -> Self {
        let money = |amount| Money::new(amount, &payment.currency);
        Self {
            id: payment.id,
            order_id: payment.order_id,
            status: payment.status,
            amount: money(payment.amount),
            captured: money(payment.captured),
            refunded: money(payment.refunded),
            order_number: payment.order_number,
            provider: payment.provider,
            capture: payment.capture,
            reason: payment.reason,
            next_action: None,
            disputed: payment.disputed,
            created_at: payment.created_at,
            updated_at: payment.updated_at,
        }
    }
}

impl PaymentDetail {
    pub(crate) fn of(payment: Payment, operations: Vec<Operation>, for_customer: bool) -> Self {
        let operations = operations
            .into_iter()
            .map(|it| OperationView {
                id: it.id,
                kind: it.kind,
                state: it.state,
                amount: Money::new(it.amount, &payment.currency),
                failed_attempts: it.attempts,
                created_at: it.created_at,
                settled_at: it.settled_at,
            })
            .collect();
        let (reference, capture_before) = (payment.reference.clone(), payment.capture_before);
        let payment = if for_customer {
            PaymentView::for_customer(payment)
        } else {
            PaymentView::of(payment)
        };
        Self { payment, reference, capture_before, operations, disputes: vec![], webhooks: vec![] }
    }

    pub(crate) fn with(mut self, disputes: Vec<Dispute>, webhooks: Vec<Webhook>) -> Self {
        let currency = &self.payment.amount.currency;
        self.disputes = disputes.into_iter().map(|it| DisputeView::of(it, currency)).collect();
        self.webhooks = webhooks;
        self
    }
}

impl DisputeView {
    fn of(dispute: Dispute, currency: &Currency) -> Self {
        Self {
            reference: dispute.reference,
            status: dispute.status,
            reason: dispute.reason,
            amount: Money::new(dispute.amount, currency),
            withdrawn: Money::new(dispute.withdrawn, currency),
            due_at: dispute.due_at,
            created_at: dispute.created_at,
            updated_at: dispute.updated_at,
        }
    }
}

impl RefundView {
    pub(crate) fn of(refund: Refund, lines: Vec<RefundLine>, currency: &Currency) -> Self {
        let line = |it: RefundLine| RefundLineView {
            sku: it.sku,
            quantity: it.quantity,
            amount: Money::new(it.amount, currency),
            restock: it.restock,
        };
        Self {
            id: refund.id,
            payment_id: refund.payment_id,
            amount: Money::new(refund.amount, currency),
            status: refund.status,
            reason: refund.reason,
            note: refund.note,
            lines: lines.into_iter().map(line).collect(),
            restock: refund.restock,
            staff: refund.staff,
            failure: refund.failure,
            created_at: refund.created_at,
            updated_at: refund.updated_at,
        }
    }
}

impl EntryView {
    pub(crate) fn of(entry: Entry) -> Self {
        Self {
            transaction_id: entry.transaction_id,
            amount: Money::new(entry.amount, &entry.currency),
            account: entry.account,
            created_at: entry.created_at,
        }
    }
}
