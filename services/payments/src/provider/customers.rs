//! The interface of providers that save payment methods for customers.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ProviderCall;

/// The customers of a provider, and what they have saved there. All of it can be asked again.
pub(crate) trait Customers: Send + Sync {
    /// Whether a token names a saved payment method.
    fn is_saved(&self, token: &str) -> bool;

    /// Makes a customer for a user, once per key, and answers with the provider's name for it.
    fn create<'a>(&'a self, key: Uuid, user_id: Uuid) -> ProviderCall<'a, String>;

    /// What a customer has saved, newest first; none if the provider knows no such customer.
    fn saved<'a>(&'a self, customer: &'a str) -> ProviderCall<'a, Option<Vec<SavedMethod>>>;

    /// Removes what a customer has saved. False if they have saved no such thing.
    fn remove<'a>(&'a self, customer: &'a str, method: &'a str) -> ProviderCall<'a, bool>;

    /// Removes all a customer has saved, and the customer.
    fn delete<'a>(&'a self, customer: &'a str) -> ProviderCall<'a, ()>;
}

/// A payment method that a customer has saved, as far as they need it to know it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SavedMethod {
    /// The provider's name for it, which is also the token to pay with it.
    pub(crate) id: String,
    /// The card's brand, or the kind of method.
    pub(crate) brand: String,
    pub(crate) last4: Option<String>,
    /// 1 to 12.
    pub(crate) exp_month: Option<u32>,
    pub(crate) exp_year: Option<u32>,
    pub(crate) created_at: DateTime<Utc>,
}
