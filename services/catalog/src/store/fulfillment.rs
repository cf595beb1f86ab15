//! What becomes of sold units: shipped, or put back. The order's lines are locked before.

use chassis::db::{Insert, Result, Session, Tx, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Units of a line that are put back.
#[derive(Clone, Copy, Debug, Insert)]
pub(crate) struct Back<'a> {
    pub(crate) sku: &'a str,
    pub(crate) quantity: i64,
}

/// Units of a line that were put back and belong to no stock.
#[derive(Clone, Debug, Insert)]
#[record(table = "stray_units")]
pub(crate) struct Stray<'a> {
    pub(crate) restock_id: Uuid,
    pub(crate) sku: &'a str,
    pub(crate) order_id: Uuid,
    pub(crate) variant_id: Option<Uuid>,
    pub(crate) quantity: i64,
    pub(crate) at: DateTime<Utc>,
}

/// Notes that all of an order's sold lines left with a parcel.
pub(crate) async fn ship(tx: &mut Tx, order: Uuid, parcel: Uuid) -> Result<()> {
    let ship = sql!(
        "UPDATE reservation SET parcel_id = {parcel}, allocated = FALSE
         WHERE order_id = {order} AND state = 'committed' AND parcel_id IS NULL"
    );
    tx.query(ship).execute().await.map(drop)
}

/// Notes that the units of an order's lines that were sold before are allocated now.
pub(crate) async fn allocate(tx: &mut Tx, order: Uuid) -> Result<()> {
    let allocate = sql!(
        "UPDATE reservation SET allocated = TRUE
         WHERE order_id = {order} AND state = 'committed' AND parcel_id IS NULL"
    );
    tx.query(allocate).execute().await.map(drop)
}

/// Notes that units are put back under an id; false where that was done before.
pub(crate) async fn begin_restock(
    tx: &mut Tx,
    id: Uuid,
    order: Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    let begin = sql!(
        "INSERT INTO restocks (id, order_id, at) VALUES ({id}, {order}, {now})
         ON CONFLICT (id) DO NOTHING"
    );
    Ok(tx.query(begin).execute().await? == 1)
}

/// Puts units of lines back, of which there is at least one; a line of which none are out any more
/// is done.
pub(crate) async fn restock(tx: &mut Tx, order: Uuid, back: &[Back<'_>]) -> Result<()> {
    let restock = sql!(
        "WITH back ({Back.*}) AS (VALUES {back..*})
         UPDATE reservation
         SET restocked = restocked + back.quantity,
             state = CASE WHEN restocked + back.quantity = reservation.quantity THEN 'released'
                          ELSE state END,
             allocated = allocated AND restocked + back.quantity < reservation.quantity
         FROM back WHERE order_id = {order} AND reservation.sku = back.sku"
    );
    tx.query(restock).execute().await.map(drop)
}

/// Some orders with lines that were sold before `allocated` was counted, and of which it is not
/// known whether they were shipped.
pub(crate) async fn unbooked(db: impl Session<'_>, limit: i64) -> Result<Vec<Uuid>> {
    let unbooked = sql!(
        "SELECT DISTINCT order_id FROM reservation
         WHERE state = 'committed' AND NOT allocated AND parcel_id IS NULL
         ORDER BY order_id LIMIT {limit}"
    );
    let orders: Vec<(Uuid,)> = db.query(unbooked).all().await?;
    Ok(orders.into_iter().map(|(order,)| order).collect())
}
