//! What the index is made of.

use chassis::db::{Db, Result};
use chassis::feed::Entry;
use uuid::Uuid;

use crate::Document;

/// Where products come from, and what reports changes.
pub trait Source: Send + Sync {
    /// The database that has them, whose outbox has every change.
    fn db(&self) -> &Db;

    /// Up to `limit` products of any status with an id above `after`, by id.
    fn page(&self, after: Uuid, limit: i64) -> impl Future<Output = Result<Vec<Document>>> + Send;

    /// These products, in any order; those that are gone are missing.
    fn by_ids(&self, ids: &[Uuid]) -> impl Future<Output = Result<Vec<Document>>> + Send;

    /// Products that were bought or looked at, with units and views: no event reports those.
    fn demand(&self) -> impl Future<Output = Result<Vec<(Uuid, i64, i64)>>> + Send;

    /// What an event means for the index; none where it means nothing.
    fn change(&self, event: &Entry) -> Option<Change>;
}

/// A product that has to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub product: Uuid,
    /// Where nothing but its stock has changed: whether there is any.
    pub in_stock: Option<bool>,
}
