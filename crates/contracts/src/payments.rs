//! Payments: authorise, capture, void, refund.
//!
//! Each call answers with the payment as it is known at that moment. Payments owns the way to the
//! provider, its retries and look-ups; a caller that reads `pending` or `capturing` asks again
//! later, with the same call.

use std::fmt;

use chassis::Secret;
use chassis::channel::{CallError, Channel};
use chassis::db::Word;
use chassis::outbox::EventData;
use chassis::route::Route;
use chassis::service_tokens::Callers;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// The status of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[schema(as = PaymentStatus)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting for the provider.
    Pending,
    /// Waiting for the customer, for example for 3-D Secure.
    RequiresAction,
    /// The customer has done their part; the bank confirms or declines the payment later.
    Processing,
    Authorized,
    /// The provider declined the payment.
    Declined,
    /// Waiting for the provider to capture the payment.
    Capturing,
    Captured,
    /// Waiting for the provider to void the payment.
    Voiding,
    Voided,
    PartiallyRefunded,
    Refunded,
}

/// When an authorised payment is captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[serde(rename_all = "snake_case")]
pub enum CaptureTiming {
    /// As soon as the goods are allocated.
    #[default]
    AtOnce,
    /// When the order is shipped.
    OnShipment,
}

/// The `reason` of a voided payment whose provider has released what was not captured in time.
pub const EXPIRED: &str = "expired";

/// Asks for the authorisation of an order's total.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Authorize {
    /// `uuid5(order_id, attempt)`: asking twice is asking once.
    pub payment_id: Uuid,
    pub order_id: Uuid,
    pub order_number: String,
    /// Who may see the payment besides staff; none for a guest.
    pub user_id: Option<Uuid>,
    /// SHA-256, in hex, of the guest's order token, who may see it too.
    pub order_token_hash: Option<String>,
    /// In minor units.
    pub amount: i64,
    pub currency: String,
    pub provider: String,
    /// The provider's token for the customer's means of payment. Never a card number.
    pub token: Secret,
    /// Whether the provider saves the means of payment for the user's next orders.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub save: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentRef {
    pub payment_id: Uuid,
}

/// Asks to give money back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refund {
    pub payment_id: Uuid,
    /// The same id is the same refund.
    pub refund_id: Uuid,
    /// In minor units; none for all that is left.
    pub amount: Option<i64>,
    pub reason: String,
}

/// A payment as it is known now. Amounts in minor units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    pub id: Uuid,
    pub order_id: Uuid,
    pub status: Status,
    pub amount: i64,
    pub captured: i64,
    pub refunded: i64,
    pub currency: String,
    /// Why it was declined, as a stable code: `card_declined`, `insufficient_funds`, ...
    pub reason: Option<String>,
    /// What the customer has to do, where the payment waits for them. Not in events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_action: Option<NextAction>,
    /// How many minutes the customer, or their bank, may need for what the payment waits for, where
    /// that is more than a shop usually gives. Not in events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_minutes: Option<u32>,
    /// When it is to be captured. One that is captured already was with a method that holds nothing.
    #[serde(default)]
    pub capture: CaptureTiming,
    /// Until when what is held can be captured, where the provider says so. Not in events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_before: Option<DateTime<Utc>>,
    /// Whether the customer disputes it with their bank.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disputed: bool,
}

/// What a customer has to do before a payment continues. Its provider says what, and the customer's
/// client knows how; for the services between the two it is data. It can contain secrets that only
/// the customer may see, so that its `Debug` shows the type alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PaymentNextAction)]
pub struct NextAction {
    /// `confirm`, `redirect` (to `url`), or a provider's own.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(flatten)]
    pub data: Map<String, Value>,
}

impl NextAction {
    /// Without data of its own: the customer confirms or denies.
    pub fn confirm() -> Self {
        Self { kind: "confirm".to_owned(), data: Map::new() }
    }

    /// The customer goes to a page of the provider or their bank, and comes back.
    pub fn redirect(url: String) -> Self {
        let data = Map::from_iter([("url".to_owned(), Value::String(url))]);
        Self { kind: "redirect".to_owned(), data }
    }
}

impl fmt::Debug for NextAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextAction").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Who moves money.
const BUYERS: Callers = Callers { services: &["orders"], unnamed: true };

pub const PROVIDERS: Route<(), Vec<String>> =
    Route::post("/internal/payments/providers").only(BUYERS);
pub const AUTHORIZE: Route<Authorize, Payment> =
    Route::post("/internal/payments/authorize").only(BUYERS);
pub const SHOW: Route<PaymentRef, Option<Payment>> =
    Route::post("/internal/payments/show").only(BUYERS);
pub const CAPTURE: Route<PaymentRef, Payment> =
    Route::post("/internal/payments/capture").only(BUYERS);
pub const VOID: Route<PaymentRef, Payment> = Route::post("/internal/payments/void").only(BUYERS);
pub const REFUND: Route<Refund, PaymentUpdated> =
    Route::post("/internal/payments/refund").only(BUYERS);

/// Asks payments.
#[derive(Clone, Debug)]
pub struct Client(Channel);

impl Client {
    pub fn new(channel: Channel) -> Self {
        Self(channel)
    }

    /// Refused (4xx) for an unknown provider or token form; a declined payment is an answer.
    pub async fn authorize(&self, request: &Authorize) -> Result<Payment, CallError> {
        self.0.call(AUTHORIZE, request).await
    }

    /// The names of the providers that are on.
    pub async fn providers(&self) -> Result<Vec<String>, CallError> {
        self.0.call(PROVIDERS, &()).await
    }

    pub async fn show(&self, payment_id: Uuid) -> Result<Option<Payment>, CallError> {
        self.0.call(SHOW, &PaymentRef { payment_id }).await
    }

    /// Takes all that is held; a part that staff took before is an answer too. Refused with
    /// `payment_voided` or `payment_not_authorized`, for good in the first case; a
    /// capture the provider refuses is an answer, `declined`.
    pub async fn capture(&self, payment_id: Uuid) -> Result<Payment, CallError> {
        self.0.call(CAPTURE, &PaymentRef { payment_id }).await
    }

    /// Cancels a payment that has not been captured. One that is unknown here is noted as
    /// voided, so that a late authorisation cannot take effect; one being captured is answered
    /// as it is, and the caller waits for the outcome.
    pub async fn void(&self, payment_id: Uuid) -> Result<Payment, CallError> {
        self.0.call(VOID, &PaymentRef { payment_id }).await
    }

    /// Refused with `refund_exceeds_payment` where less than `amount` is left; without an amount
    /// and with nothing left, the payment is answered as it is. Refused with `refund_failed`
    /// once the provider has refused it.
    ///
    /// The answer is what the event says: with the refund once it has taken effect.
    pub async fn refund(&self, request: &Refund) -> Result<PaymentUpdated, CallError> {
        self.0.call(REFUND, request).await
    }
}

/// The payment's status or its refunded amount changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentUpdated {
    #[serde(flatten)]
    pub payment: Payment,
    /// The refund that has just taken effect, where one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<Refunded>,
    /// A refund that had taken effect, and came back: the customer did not get the money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_refund: Option<Uuid>,
}

/// Why money went back that arrived after the payment had been given up. It was never the order's.
pub const LATE_CAPTURE: &str = "late_capture";

/// Money that was given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refunded {
    pub id: Uuid,
    /// In minor units.
    pub amount: i64,
    /// A code, or why the order was cancelled.
    pub reason: String,
    /// The member of staff who asked for it; none where the shop itself did.
    pub staff: Option<Uuid>,
    /// Whether everything of the order that is still out is to be put back into stock.
    pub restock: bool,
    /// The units it was for, where it names any.
    pub lines: Vec<RefundedLine>,
}

/// Units of an order's line that were refunded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundedLine {
    pub sku: String,
    pub quantity: i64,
    /// Whether these units are to be put back into stock.
    pub restock: bool,
}

impl EventData for PaymentUpdated {
    const TYPE: &'static str = "payment.updated";
}

/// A payment is still authorised, and its provider will soon release what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationExpiring {
    pub payment_id: Uuid,
    pub order_id: Uuid,
    pub order_number: String,
    /// What is held, in minor units.
    pub amount: i64,
    pub currency: String,
    /// Until when it can be captured.
    pub capture_before: DateTime<Utc>,
}

impl EventData for AuthorizationExpiring {
    const TYPE: &'static str = "payment.authorization_expiring";
}
