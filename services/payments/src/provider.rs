//! What payments asks of a provider, and the providers this shop uses.
//!
//! A provider does each thing once per key, however often it is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use chassis::Secret;
use chassis::money::Currency;
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::model::{Choice, Kind};

/// A company that holds the customers' money, or the sandbox.
pub(crate) trait Provider: Send + Sync + 'static {
    /// Holds the amount for the shop.
    fn authorize<'a>(&'a self, key: Uuid, request: &'a Authorization) -> ProviderCall<'a>;

    /// Hands on what the customer said when more was asked of them.
    fn confirm<'a>(&'a self, key: Uuid, charge: &'a Charge, choice: Choice) -> ProviderCall<'a>;

    /// Takes the amount that is held.
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

/// The providers of this shop by name.
#[derive(Clone)]
pub(crate) struct Providers(Arc<BTreeMap<&'static str, Arc<dyn Provider>>>);

impl Providers {
    pub(crate) fn new(all: impl IntoIterator<Item = (&'static str, Arc<dyn Provider>)>) -> Self {
        Self(Arc::new(all.into_iter().collect()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&dyn Provider> {
        self.0.get(name).map(AsRef::as_ref)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }
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
