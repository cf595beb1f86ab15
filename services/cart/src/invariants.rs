//! What `cartwright check` asks cart: when the lines of which order left which cart.

use chassis::db::{Db, Result};
use uuid::Uuid;

use crate::store;

/// The lines of a paid order left a cart.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
pub struct Removal {
    pub order_id: Uuid,
    pub cart_id: Uuid,
    /// The first state of the cart without them.
    pub version: i64,
}

/// Every order whose lines have left a cart.
pub async fn removals(db: &Db) -> Result<Vec<Removal>> {
    store::invariants::removals(db).await
}
