//! What `audit` asks of the tables. Each is one statement, so that a shop that goes on selling is
//! seen at one moment.

use chassis::db::{Result, Session};

use crate::invariants::OrderStock;

/// A SKU, what is on hand, allocated and reserved.
pub(crate) type Counts = (String, i64, i64, i64);

/// Stock that refuses to be oversold and is.
pub(crate) async fn oversold(db: impl Session<'_>) -> Result<Vec<Counts>> {
    db.query(
        "SELECT sku, on_hand, allocated, reserved FROM stock
         WHERE policy = 'deny'
               AND (reserved < 0 OR allocated < 0 OR reserved + allocated > on_hand)
         ORDER BY sku",
    )
    .all()
    .await
}

/// What is on hand, allocated and reserved of every SKU, as `stock` and `ledger` have it; and what
/// of it orders have bought (`sold`) and hold (`held`).
pub(crate) async fn counts(db: impl Session<'_>) -> Result<Vec<(String, String, i64, i64, i64)>> {
    db.query(
        "SELECT 'stock' AS part, sku, on_hand AS one, allocated AS two, reserved AS three
         FROM stock
         UNION ALL
         SELECT 'ledger', sku, CAST(SUM(delta_on_hand) AS BIGINT),
                CAST(SUM(delta_allocated) AS BIGINT), CAST(SUM(delta_reserved) AS BIGINT)
         FROM stock_ledger GROUP BY sku
         UNION ALL
         SELECT 'sold', stock.sku, CAST(0 AS BIGINT),
                CAST(SUM(quantity - restocked) AS BIGINT), CAST(0 AS BIGINT)
         FROM reservation JOIN stock ON stock.variant_id = reservation.variant_id
         WHERE reservation.allocated AND counted GROUP BY stock.sku
         UNION ALL
         SELECT 'held', sku, CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(SUM(quantity) AS BIGINT)
         FROM reservation WHERE state = 'held' AND counted GROUP BY sku",
    )
    .all()
    .await
}

/// What every order has of the stock.
pub(crate) async fn of_orders(db: impl Session<'_>) -> Result<Vec<OrderStock>> {
    db.query(
        "SELECT order_id,
                CAST(SUM(CASE WHEN state = 'held' THEN quantity ELSE 0 END) AS BIGINT) AS held,
                CAST(SUM(CASE WHEN allocated THEN quantity - restocked ELSE 0 END) AS BIGINT)
                    AS allocated,
                CAST(SUM(CASE WHEN state = 'committed' AND parcel_id IS NOT NULL
                              THEN quantity - restocked ELSE 0 END) AS BIGINT) AS shipped,
                CAST(SUM(CASE WHEN state = 'committed' AND NOT allocated AND parcel_id IS NULL
                              THEN quantity - restocked ELSE 0 END) AS BIGINT) AS unbooked,
                CAST(SUM(restocked) AS BIGINT) AS restocked
         FROM reservation GROUP BY order_id ORDER BY order_id",
    )
    .all()
    .await
}

/// How many orders were sold before `allocated` was counted and are not booked yet.
pub(crate) async fn unbooked(db: impl Session<'_>) -> Result<i64> {
    let unbooked = db.query(
        "SELECT CAST(count(DISTINCT order_id) AS BIGINT) FROM reservation
         WHERE state = 'committed' AND NOT allocated AND parcel_id IS NULL",
    );
    let (orders,): (i64,) = unbooked.one().await?;
    Ok(orders)
}

/// Units that were put back and belong to no stock, by SKU: how many, of how many orders.
pub(crate) async fn stray(db: impl Session<'_>) -> Result<Vec<(String, i64, i64)>> {
    db.query(
        "SELECT sku, CAST(SUM(quantity) AS BIGINT), CAST(count(DISTINCT order_id) AS BIGINT)
         FROM stray_units GROUP BY sku ORDER BY sku",
    )
    .all()
    .await
}
