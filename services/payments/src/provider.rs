//! The interface of payment providers.
//!
//! A provider does each thing once per key, however often it is asked. What it knows of a charge is
//! a [`ChargeSnapshot`], whoever asks and why: an answer, a look-up and a webhook are merged into the
//! payment in the same way (`model::merge`).

mod customers;

use axum::http::HeaderMap;
use chassis::Secret;
use chassis::db;
use chassis::money::Currency;
use chassis::problem::Result;
use chassis::webhooks::{Notice, WebhookError};
use chrono::{DateTime, Utc};
use contracts::payments::NextAction;
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use customers::{Customers, SavedMethod};

/// A company that holds the customers' money, or the sandbox.
pub(crate) trait Provider: Send + Sync + 'static {
    /// The payment methods it offers for a purchase.
    fn methods(&self, purchase: &Purchase) -> Vec<PaymentMethod>;

    /// The id of the payment method that a token is of.
    fn method_of(&self, token: &str) -> &'static str;

    /// Holds the amount for the shop, or takes it at once where the method cannot hold it.
    fn authorize<'a>(&'a self, key: Uuid, request: &'a Authorization) -> ProviderCall<'a>;

    /// Refuses a client's [`Self::resume`] whose `input` cannot be read, before anything is done.
    fn check_input(&self, input: &Value) -> Result<()>;

    /// What came of the customer's action. `input` is what the client sent with it, as the provider
    /// says; nothing where that is not needed.
    fn resume<'a>(
        &'a self,
        key: Uuid,
        charge: &'a Charge,
        input: Option<&'a Value>,
    ) -> ProviderCall<'a>;

    /// Takes the amount that is held, or a part of it: then the rest is released.
    fn capture<'a>(&'a self, key: Uuid, charge: &'a Charge, amount: i64) -> ProviderCall<'a>;

    /// Releases what is held. Where nothing was ever asked for under the charge's key, it sees
    /// to it that a request still on its way has no effect.
    fn void<'a>(&'a self, key: Uuid, charge: &'a Charge) -> ProviderCall<'a>;

    /// Gives back a part of what was taken.
    fn refund<'a>(
        &'a self,
        key: Uuid,
        charge: &'a Charge,
        amount: i64,
    ) -> ProviderCall<'a, ChargeRefund>;

    /// The charge as the provider has it now; none if nothing was ever asked for.
    fn lookup<'a>(&'a self, charge: &'a Charge) -> ProviderCall<'a, Option<ChargeSnapshot>>;

    /// Verifies a webhook and reads what it is about. Nothing of it is believed but which charge it
    /// concerns (the notice's `subject`, the payment's id or else the provider's name): that is looked up.
    fn webhook(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> std::result::Result<Vec<Notice>, WebhookError> {
        let _ = (headers, body);
        Err(WebhookError::NotConfigured)
    }

    /// Its customers, if it can save payment methods for them.
    fn customers(&self) -> Option<&dyn Customers> {
        None
    }

    /// Whether it moves no real money.
    fn is_test(&self) -> bool;

    /// How its calls have gone; none if it calls nobody.
    fn health(&self) -> Option<ProviderHealth> {
        None
    }
}

/// How the calls of a provider have gone since this process has started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ProviderHealth {
    /// When it last answered, be it with a refusal.
    pub(crate) last_answer_at: Option<DateTime<Utc>>,
    /// When it last gave no answer that tells anything.
    pub(crate) last_failure_at: Option<DateTime<Utc>>,
    /// Why, in English.
    pub(crate) last_failure: Option<String>,
    /// It refuses the shop's keys: until somebody corrects them nobody can pay with it.
    pub(crate) keys_refused: bool,
}

/// What a customer is about to pay for.
#[derive(Clone, Debug)]
pub(crate) struct Purchase {
    /// The customer's country, if it is known: two letters, ISO 3166-1.
    pub(crate) country: Option<String>,
    pub(crate) currency: Currency,
    /// In minor units, if it is known.
    pub(crate) total: Option<i64>,
}

/// A payment method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PaymentMethod {
    /// Unique across all providers.
    pub(crate) id: &'static str,
    /// The `payment.provider` of a checkout that uses it.
    pub(crate) provider: &'static str,
    /// The kind of method, for its icon and its place in a list.
    pub(crate) kind: MethodKind,
    /// In English.
    pub(crate) title: &'static str,
    /// How to get the `payment.token` of a checkout.
    pub(crate) tokens: TokenSource,
    /// How many minutes an order waits while its customer completes an action; null for the shop's
    /// default.
    pub(crate) hold_minutes: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentMethodKind)]
pub(crate) enum MethodKind {
    Card,
    /// Several methods in a form of the provider's: cards, wallets, banks.
    Form,
}

/// How to get a token for a customer's means of payment. Contains publishable data only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = PaymentTokenSource)]
pub(crate) enum TokenSource {
    /// A choice of test tokens, which move no money.
    Test { tokens: Vec<TestToken> },
    /// Stripe.js: a ConfirmationToken of the Payment Element.
    Stripe(StripeElements),
}

/// What the Payment Element of Stripe.js is made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct StripeElements {
    pub(crate) publishable_key: String,
    /// Where the script of Stripe.js is loaded from.
    pub(crate) script: String,
    /// In Stripe's minor units, which differ from the shop's for a few currencies; null if no total
    /// was given.
    pub(crate) amount: Option<i64>,
    /// In lower case.
    pub(crate) currency: String,
    /// The capture method of the payment intent.
    pub(crate) capture_method: &'static str,
    /// The payment methods that are only authorized at first, and captured later.
    pub(crate) manual_capture: Vec<String>,
}

/// A test token and its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PaymentTestToken)]
pub(crate) struct TestToken {
    pub(crate) token: &'static str,
    /// The result of a payment with it.
    pub(crate) outcome: TestOutcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentTestOutcome)]
pub(crate) enum TestOutcome {
    Succeeds,
    RequiresAction,
    /// The bank decides about it later.
    Processing,
    CardDeclined,
    InsufficientFunds,
}

/// The records of a provider, which `cartwright check` compares with the shop's.
pub(crate) trait ChargeRecords: Send + Sync {
    /// Charges after `after` by their keys, in order.
    fn page<'a>(
        &'a self,
        after: Uuid,
        limit: i64,
    ) -> BoxFuture<'a, Result<Vec<ChargeRecord>, RecordsError>>;

    /// What does not agree within the records themselves, a line each.
    fn faults(&self) -> BoxFuture<'_, Result<Vec<String>, RecordsError>>;
}

/// Why records cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordsError {
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error(transparent)]
    Provider(#[from] Failure),
}

/// A charge in the records of its provider. Amounts in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChargeRecord {
    /// The id of the payment.
    pub(crate) key: Uuid,
    pub(crate) state: ChargeState,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, db::Word)]
pub(crate) enum ChargeState {
    RequiresAction,
    /// The customer has done their part; the money comes, or does not, days later.
    Processing,
    Authorized,
    Declined,
    Captured,
    Voided,
}

/// A call of a provider on its way.
pub(crate) type ProviderCall<'a, T = ChargeSnapshot> = BoxFuture<'a, Result<T, Failure>>;

/// What a provider is asked to hold.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    /// In minor units.
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) token: Secret,
    /// None in tests only.
    pub(crate) order_id: Option<Uuid>,
    pub(crate) order_number: String,
    /// The provider's name for the customer who saves the means of payment, or pays with a saved
    /// one; none for everybody else.
    pub(crate) customer: Option<String>,
    /// Whether the means of payment is saved for the customer, if there is one.
    pub(crate) save: bool,
    /// Where the customer's browser comes back to from a page of the provider's or a bank's.
    pub(crate) return_url: String,
}

/// An earlier authorisation, as the shop knows it.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    /// The key it was asked for with, which is the payment's id.
    pub(crate) key: Uuid,
    /// The provider's name for it, once it has answered.
    pub(crate) reference: Option<String>,
    /// When the payment was created.
    pub(crate) created_at: DateTime<Utc>,
    /// What was asked for, in minor units.
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
}

/// A charge as the provider has it at a moment. Amounts in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChargeSnapshot {
    /// The provider's name for it.
    pub(crate) reference: String,
    pub(crate) state: ChargeState,
    /// Why it was declined or voided, as a stable code.
    pub(crate) reason: Option<String>,
    /// What the customer has to do, where it requires an action.
    pub(crate) action: Option<NextAction>,
    /// How many minutes the customer, or the bank, needs for what comes next, where that is more
    /// than a shop usually gives.
    pub(crate) hold_minutes: Option<u32>,
    /// Until when what is held can be captured, where the provider says so.
    pub(crate) capture_before: Option<DateTime<Utc>>,
    pub(crate) captured: i64,
    /// Every refund it has, or none where they were not asked for.
    pub(crate) refunds: Vec<ChargeRefund>,
    pub(crate) disputes: Vec<ChargeDispute>,
}

/// A refund as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChargeRefund {
    /// The key it was asked for with; none for one that was made at the provider's.
    pub(crate) key: Option<Uuid>,
    /// The provider's name for it.
    pub(crate) reference: String,
    /// In minor units.
    pub(crate) amount: i64,
    /// None while it is on its way or has arrived; a stable code once it has failed, which it may
    /// days after it was accepted.
    pub(crate) failure: Option<String>,
}

/// A dispute: a customer has their bank take the money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChargeDispute {
    /// The provider's name for it.
    pub(crate) reference: String,
    pub(crate) status: DisputeStatus,
    /// Why, as the provider's code.
    pub(crate) reason: String,
    /// In minor units.
    pub(crate) amount: i64,
    /// What the provider has taken from the shop for it by now, in minor units.
    pub(crate) withdrawn: i64,
    /// Until when the shop can answer it.
    pub(crate) due_at: Option<DateTime<Utc>>,
}

/// The status of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, db::Word)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisputeStatus {
    /// The bank asks; no money was taken.
    Warning,
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
}

/// The provider said no, with a stable reason; asking again gives the same answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused: {0}")]
pub(crate) struct Refusal(pub(crate) String);

/// Why nothing is known to have happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No answer, or one that does not tell: it may or may not have happened.
    #[error("unknown: {0}")]
    Unknown(String),
}
