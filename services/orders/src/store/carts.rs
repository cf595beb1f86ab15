//! The SQL of `cart_orders`: the last order of every cart.

use chassis::db::{Batch, Query, Result, Session, sql};
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

/// The last orders of these carts, in their order, of those that ever had one.
pub async fn last_orders(db: impl Session<'_>, carts: &[Uuid]) -> Result<Vec<CartOrder>> {
    let last = sql!("SELECT {CartOrder.*} FROM cart_orders WHERE cart_id IN ({carts..})");
    let mut last: Vec<CartOrder> = db.query(last).all().await?;
    last.sort_by_key(|it| carts.iter().position(|cart| *cart == it.cart_id));
    Ok(last)
}

/// Makes the order the last one of its carts. Not done where one of them has another that is
/// undecided, or that was paid after the cart was read, or where a younger state of the cart has
/// been ordered: the cart has to be read again.
pub(super) fn claim_with(batch: &mut Batch<'_>, order: Uuid, claims: &[Claim]) {
    for Claim { cart_id, version, removed } in claims {
        batch.must(|tx| {
            tx.query(sql!(
                "INSERT INTO cart_orders (cart_id, order_id, state, cart_version)
                 VALUES ({cart_id}, {order}, 'undecided', {version})
                 ON CONFLICT (cart_id) DO UPDATE
                 SET order_id = excluded.order_id, state = excluded.state,
                     cart_version = excluded.cart_version
                 WHERE cart_orders.cart_version <= excluded.cart_version
                   AND (cart_orders.state = 'cancelled'
                        OR (cart_orders.state = 'paid' AND cart_orders.order_id = {removed}))"
            ))
        });
    }
}

/// Notes with the carts of an order that it is decided, or cancelled after that.
pub async fn note_decision(db: impl Session<'_>, order: &Order) -> Result<()> {
    match decided(order) {
        Some(state) => note(db, order.id, state).execute().await.map(drop),
        None => Ok(()),
    }
}

/// The same among other writes.
pub(super) fn note_decision_with(batch: &mut Batch<'_>, order: &Order) {
    if let Some(state) = decided(order) {
        batch.add(|tx| note(tx, order.id, state));
    }
}

fn note<'c>(db: impl Session<'c>, order: Uuid, state: &'static str) -> Query<'c> {
    db.query(sql!("UPDATE cart_orders SET state = {state} WHERE order_id = {order}"))
}

/// The events for the carts of an order, if any.
fn decided(order: &Order) -> Option<&'static str> {
    order.cart_id?;
    match order.status {
        Status::Pending => None,
        Status::Cancelled => Some("cancelled"),
        Status::Confirmed | Status::Shipped | Status::Delivered => Some("paid"),
    }
}
