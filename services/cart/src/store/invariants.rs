//! The SQL of what `cartwright check` asks.

use chassis::db::{Db, Result, Session};

use crate::invariants::Removal;

/// Every order whose lines have left a cart.
pub(crate) async fn removals(db: &Db) -> Result<Vec<Removal>> {
    db.query(
        "SELECT order_id, left_cart AS cart_id, left_version AS version FROM purchases
         WHERE left_cart IS NOT NULL AND left_version IS NOT NULL ORDER BY order_id",
    )
    .all()
    .await
}
