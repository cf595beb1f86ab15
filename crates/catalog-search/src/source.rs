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

    /// What the titles of its products are sorted by: an index of another order is built anew.
    fn title_order(&self) -> &str;

    /// What an event means for the index; none where it means nothing.
    fn change(&self, event: &Entry) -> Option<Change>;
}

/// A product that has to be read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub product: Uuid,
    /// Where nothing but the stock of one variant has changed.
    pub stock: Option<StockLevel>,
}

/// Whether there is any of a SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockLevel {
    pub sku: String,
    pub in_stock: bool,
}
