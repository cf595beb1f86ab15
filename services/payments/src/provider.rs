//! The interface of payment providers.
//!
//! A provider does each thing once per key, however often it is asked.

use chassis::Secret;
use chassis::db;
use chassis::money::Currency;
use chassis::problem::Result;
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::Kind;

/// A company that holds the customers' money, or the sandbox.
pub(crate) trait Provider: Send + Sync + 'static {
    /// The payment methods it offers.
    fn methods(&self) -> Vec<PaymentMethod>;

    /// Holds the amount for the shop.
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

    /// Takes the amount that is held, or a part of it.
    fn capture<'a>(&'a self, key: Uuid, charge: &'a Charge, amount: i64) -> ProviderCall<'a>;

    /// Releases what is held. Where nothing was ever asked for under the charge's key, it sees
    /// to it that a request still on its way has no effect.
    fn void<'a>(&'a self, key: Uuid, charge: &'a Charge) -> ProviderCall<'a>;

    /// Gives back a part of what was taken.
    fn refund<'a>(&'a self, key: Uuid, charge: &'a Charge, amount: i64) -> ProviderCall<'a>;

    /// Looks up what became of an earlier request; none if it never had an effect.
    fn lookup<'a>(
        &'a self,
        key: Uuid,
        kind: Kind,
        charge: &'a Charge,
    ) -> ProviderCall<'a, Option<Outcome>>;

    /// How many minutes its customers need for what it asks of them, where that is more than a
    /// shop usually gives: a bank's page takes longer than a card's.
    fn action_minutes(&self) -> Option<u32> {
        None
    }
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
    pub(crate) action_minutes: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentMethodKind)]
pub(crate) enum MethodKind {
    Card,
}

/// How to get a token for a customer's means of payment. Contains publishable data only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = PaymentTokenSource)]
pub(crate) enum TokenSource {
    /// A choice of test tokens, which move no money.
    Test { tokens: Vec<TestToken> },
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
    CardDeclined,
    InsufficientFunds,
}

/// The records of a provider, which `cartwright check` compares with the shop's.
pub(crate) trait ChargeRecords: Send + Sync {
    /// Charges after `after` by their keys, in order.
    fn page<'a>(&'a self, after: Uuid, limit: i64) -> BoxFuture<'a, db::Result<Vec<ChargeRecord>>>;

    /// What does not agree within the records themselves, a line each.
    fn faults(&self) -> BoxFuture<'_, db::Result<Vec<String>>>;
}

/// A charge as its provider has it. Amounts in minor units.
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
    Authorized,
    Declined,
    Captured,
    Voided,
}

/// An answer of a provider on its way.
pub(crate) type ProviderCall<'a, T = Outcome> = BoxFuture<'a, Result<T, Failure>>;

/// What a provider is asked to hold.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    /// In minor units.
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) token: Secret,
}

/// An earlier authorisation, as the provider knows it.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    /// The key it was asked for with.
    pub(crate) key: Uuid,
    /// The provider's name for it, once it has answered.
    pub(crate) reference: Option<String>,
}

/// What happened at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Authorized { reference: String },
    RequiresAction { reference: String },
    Captured,
    Voided,
    Refunded,
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

impl Outcome {
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Authorized { .. } => "authorized",
            Self::RequiresAction { .. } => "requires_action",
            Self::Captured => "captured",
            Self::Voided => "voided",
            Self::Refunded => "refunded",
        }
    }
}
