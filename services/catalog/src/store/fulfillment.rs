//! What becomes of sold units: shipped, or put back. The order's lines are locked before.

use chassis::db::{Result, Session, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::reservations::Line;

/// Notes that all of an order's sold lines left with a parcel.
pub(crate) async fn ship(tx: &mut Tx, order: Uuid, parcel: Uuid) -> Result<()> {
    let ship = tx.query(
        "UPDATE reservation SET parcel_id = $2, allocated = FALSE
         WHERE order_id = $1 AND state = 'committed' AND parcel_id IS NULL",
    );
    ship.bind(order).bind(parcel).execute().await.map(drop)
}

/// Notes that the units of an order's lines that were sold before are allocated now.
pub(crate) async fn allocate(tx: &mut Tx, order: Uuid) -> Result<()> {
    let allocate = tx.query(
        "UPDATE reservation SET allocated = TRUE
         WHERE order_id = $1 AND state = 'committed' AND parcel_id IS NULL",
    );
    allocate.bind(order).execute().await.map(drop)
}

/// Notes that units are put back under an id; false where that was done before.
pub(crate) async fn begin_restock(
    tx: &mut Tx,
    id: Uuid,
    order: Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    let begin = tx.query(
        "INSERT INTO restocks (id, order_id, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
    );
    Ok(begin.bind(id).bind(order).bind(now).execute().await? == 1)
}

/// Puts units of a line back; one of which none is out any more is done.
pub(crate) async fn restock(tx: &mut Tx, order: Uuid, sku: &str, quantity: i64) -> Result<()> {
    tx.query(
        "UPDATE reservation
         SET restocked = restocked + $3,
             state = CASE WHEN restocked + $3 = quantity THEN 'released' ELSE state END,
             allocated = allocated AND restocked + $3 < quantity
         WHERE order_id = $1 AND sku = $2",
    )
    .bind(order)
    .bind(sku.to_owned())
    .bind(quantity)
    .execute()
    .await
    .map(drop)
}

/// Writes down units of a line that were put back and belong to no stock.
pub(crate) async fn stray(
    tx: &mut Tx,
    (restock, order): (Uuid, Uuid),
    line: &Line,
    quantity: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "INSERT INTO stray_units (restock_id, sku, order_id, variant_id, quantity, at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(restock)
    .bind(line.sku.clone())
    .bind(order)
    .bind(line.variant_id)
    .bind(quantity)
    .bind(now)
    .execute()
    .await
    .map(drop)
}

/// Some orders with lines that were sold before `allocated` was counted, and of which it is not
/// known whether they were shipped.
pub(crate) async fn unbooked(db: impl Session<'_>, limit: i64) -> Result<Vec<Uuid>> {
    let unbooked = db.query(
        "SELECT DISTINCT order_id FROM reservation
         WHERE state = 'committed' AND NOT allocated AND parcel_id IS NULL
         ORDER BY order_id LIMIT $1",
    );
    let orders: Vec<(Uuid,)> = unbooked.bind(limit).all().await?;
    Ok(orders.into_iter().map(|(order,)| order).collect())
}
