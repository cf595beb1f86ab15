//! What a buyer holds already: it is not kept from themselves.

use chassis::db::{Record, Result, Session, Tx, sql};
use contracts::catalog::Buyer;
use uuid::Uuid;

use crate::store::reservations::Line;

/// A user's own hold, outside of any order.
#[derive(Clone, Debug, Record)]
pub(crate) struct OwnHold {
    pub(crate) order_id: Uuid,
    #[record(flatten)]
    pub(crate) line: Line,
}

/// Units of these SKUs that a buyer holds, for orders or outside of them.
pub(crate) async fn units(
    db: impl Session<'_>,
    buyer: &Buyer,
    skus: &[&str],
) -> Result<Vec<(String, i64)>> {
    let units = sql!(
        "SELECT sku, CAST(SUM(quantity) AS BIGINT) FROM reservation
         WHERE state = 'held' AND counted AND sku IN ({skus..})
               AND (buyer_id = {buyer.user_id} OR cart_id IN ({buyer.carts..}))
         GROUP BY sku"
    );
    db.query(units).all().await
}

/// What a user holds of these SKUs outside of orders, other than by `except`; nobody changes it
/// before this transaction ends.
pub(crate) async fn lock(
    tx: &mut Tx,
    user: Uuid,
    except: Uuid,
    skus: &[&str],
) -> Result<Vec<OwnHold>> {
    let lock = sql!(
        sqlite: "SELECT {OwnHold.*} FROM reservation
                 WHERE held_by = {user} AND buyer_id = {user} AND state = 'held'
                       AND order_id <> {except} AND sku IN ({skus..})
                 ORDER BY sku, order_id",
        postgres: "SELECT {OwnHold.*} FROM reservation
                   WHERE held_by = {user} AND buyer_id = {user} AND state = 'held'
                         AND order_id <> {except} AND sku IN ({skus..})
                   ORDER BY sku, order_id FOR UPDATE",
    );
    tx.query(lock).all().await
}
