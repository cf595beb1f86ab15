//! What a buyer holds already: it is not kept from themselves.

use chassis::db::{Result, Session, Sql, Tx};
use contracts::catalog::Buyer;
use uuid::Uuid;

use super::{id_list, text_list};
use crate::store::reservations::Line;

/// A user's own hold, outside of any order.
#[derive(Clone, Debug, chassis::db::Record)]
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
    const UNITS: Sql = Sql {
        sqlite: "SELECT sku, CAST(SUM(quantity) AS BIGINT) FROM reservation
                 WHERE state = 'held' AND counted
                   AND sku IN (SELECT value FROM json_each($1))
                   AND (buyer_id = $2
                        OR cart_id IN (SELECT unhex(value) FROM json_each($3)))
                 GROUP BY sku",
        postgres: "SELECT sku, CAST(SUM(quantity) AS BIGINT) FROM reservation
                   WHERE state = 'held' AND counted
                     AND sku = ANY(ARRAY(
                         SELECT value FROM json_array_elements_text(CAST($1 AS JSON))))
                     AND (buyer_id = $2
                          OR cart_id = ANY(ARRAY(SELECT CAST(value AS UUID)
                              FROM json_array_elements_text(CAST($3 AS JSON)))))
                   GROUP BY sku",
    };
    db.query(UNITS)
        .bind(text_list(skus.iter().copied()))
        .bind(buyer.user_id)
        .bind(id_list(buyer.carts.iter().copied()))
        .all()
        .await
}

/// What a user holds of these SKUs outside of orders, other than by `except`; nobody changes it
/// before this transaction ends.
pub(crate) async fn lock(
    tx: &mut Tx,
    user: Uuid,
    except: Uuid,
    skus: &[&str],
) -> Result<Vec<OwnHold>> {
    const LOCK: Sql = Sql {
        sqlite: "SELECT * FROM reservation
                 WHERE held_by = $1 AND buyer_id = $1 AND state = 'held' AND order_id <> $2
                   AND sku IN (SELECT value FROM json_each($3))
                 ORDER BY sku, order_id",
        postgres: "SELECT * FROM reservation
                   WHERE held_by = $1 AND buyer_id = $1 AND state = 'held' AND order_id <> $2
                     AND sku = ANY(ARRAY(
                         SELECT value FROM json_array_elements_text(CAST($3 AS JSON))))
                   ORDER BY sku, order_id FOR UPDATE",
    };
    tx.query(LOCK).bind(user).bind(except).bind(text_list(skus.iter().copied())).all().await
}
