//! What `audit` asks of the tables. Each is one statement, so that a shop that goes on selling is
//! seen at one moment.

use chassis::db::{Result, Session};

/// A SKU, what is on hand and what is reserved.
pub(crate) type Counts = (String, i64, i64);

/// Stock that refuses to be oversold and is.
pub(crate) async fn oversold(db: impl Session<'_>) -> Result<Vec<Counts>> {
    db.query(
        "SELECT sku, on_hand, reserved FROM stock
         WHERE policy = 'deny' AND (reserved < 0 OR reserved > on_hand) ORDER BY sku",
    )
    .all()
    .await
}

/// The counts of every SKU as `stock`, `ledger` and `held` (by orders) have them.
pub(crate) async fn counts(db: impl Session<'_>) -> Result<Vec<(String, String, i64, i64)>> {
    db.query(
        "SELECT 'stock' AS part, sku, on_hand AS one, reserved AS two FROM stock
         UNION ALL
         SELECT 'ledger', sku, CAST(SUM(delta_on_hand) AS BIGINT),
                CAST(SUM(delta_reserved) AS BIGINT)
         FROM stock_ledger GROUP BY sku
         UNION ALL
         SELECT 'held', sku, CAST(SUM(quantity) AS BIGINT), CAST(0 AS BIGINT)
         FROM reservation WHERE state = 'held' AND counted GROUP BY sku",
    )
    .all()
    .await
}
