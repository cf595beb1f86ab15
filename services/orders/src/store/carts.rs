//! The SQL of `cart_orders`: the last order of every cart.

use chassis::db::{Result, Session, Tx};
use uuid::Uuid;

use crate::carts::Claim;
use crate::model::{Order, Status};

/// The last order of a cart.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
pub struct CartOrder {
    pub cart_id: Uuid,
    pub order_id: Uuid,
    /// `undecided`, `paid` or `cancelled`.
    pub state: String,
}

/// The last order of a cart, if it ever had one.
pub async fn last_order(db: impl Session<'_>, cart: Uuid) -> Result<Option<CartOrder>> {
    db.query("SELECT cart_id, order_id, state FROM cart_orders WHERE cart_id = $1")
        .bind(cart)
        .optional()
        .await
}

/// Makes the order the last one of its carts. False where one of them has another that is
/// undecided, or that was paid after the cart was read, or where a younger state of the cart has
/// been ordered: the cart has to be read again.
pub async fn claim_carts(tx: &mut Tx, order: Uuid, claims: &[Claim]) -> Result<bool> {
    for claim in claims {
        let claimed = tx
            .query(
                "INSERT INTO cart_orders (cart_id, order_id, state, cart_version)
                 VALUES ($1, $2, 'undecided', $3)
                 ON CONFLICT (cart_id) DO UPDATE
                 SET order_id = excluded.order_id, state = excluded.state,
                     cart_version = excluded.cart_version
                 WHERE cart_orders.cart_version <= excluded.cart_version
                   AND (cart_orders.state = 'cancelled'
                        OR (cart_orders.state = 'paid' AND cart_orders.order_id = $4))",
            )
            .bind(claim.cart_id)
            .bind(order)
            .bind(claim.version)
            .bind(claim.removed);
        if claimed.execute().await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Notes with the carts of an order that it is decided, or cancelled after that.
pub async fn note_decision(db: impl Session<'_>, order: &Order) -> Result<()> {
    let state = match order.status {
        Status::Pending => return Ok(()),
        Status::Cancelled => "cancelled",
        Status::Confirmed | Status::Shipped | Status::Delivered => "paid",
    };
    if order.cart_id.is_none() {
        return Ok(());
    }
    db.query("UPDATE cart_orders SET state = $2 WHERE order_id = $1")
        .bind(order.id)
        .bind(state)
        .execute()
        .await
        .map(drop)
}
