//! What orders hold. Code that changes an order's lines locks them first, in the order of their
//! SKUs, and the stock after them: no two transactions wait for each other.

use std::collections::HashMap;

use chassis::db::{Insert, Record, Result, Session, Tx, Word, sql};
use chrono::{DateTime, Utc};
use contracts::catalog::{Buyer, StockLine};
use uuid::Uuid;

/// A hold is found again by when it ends, and by its order.
pub(crate) type Place = (DateTime<Utc>, Uuid);

/// Where a line of a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Word)]
pub(crate) enum State {
    Held,
    /// Sold; some units are still out.
    Committed,
    /// Let go, or put back: for good.
    Released,
    /// Ended, by itself or by somebody; the order may hold again.
    Expired,
}

/// A line of an order's reservation.
#[derive(Clone, Debug, PartialEq, Eq, Record)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: i64,
    pub(crate) state: State,
    /// Whether the stock counts it; not where it was untracked when the line was held.
    pub(crate) counted: bool,
    /// How often it was held.
    pub(crate) holds: i64,
    /// Whether it is held without money, for as long as a customer takes.
    pub(crate) unpaid: bool,
    pub(crate) expires_at: DateTime<Utc>,
    /// Whose units they are; none where that is not known any more.
    pub(crate) variant_id: Option<Uuid>,
    /// Units of it that were put back.
    pub(crate) restocked: i64,
    /// Whether the stock counts its units as allocated. What was sold before that was counted, and
    /// is not looked at yet, is neither allocated nor in a parcel.
    pub(crate) allocated: bool,
    /// What its units left with.
    pub(crate) parcel_id: Option<Uuid>,
}

impl Line {
    /// Units that were not put back.
    pub(crate) fn out(&self) -> i64 {
        self.quantity - self.restocked
    }
}

/// A line that is held, as staff see it.
#[derive(Clone, Debug, Record)]
pub(crate) struct Held {
    pub(crate) order_id: Uuid,
    pub(crate) sku: String,
    pub(crate) quantity: i64,
    pub(crate) unpaid: bool,
    pub(crate) held_by: Option<Uuid>,
    /// None where it was held before this was written down.
    pub(crate) held_at: Option<DateTime<Utc>>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A line that is added.
#[derive(Clone, Copy, Debug, Insert)]
pub(crate) struct New<'a> {
    order_id: Uuid,
    sku: &'a str,
    quantity: i64,
    state: State,
    counted: bool,
    holds: i64,
    held_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    variant_id: Option<Uuid>,
    /// One line of each order does: of a hold and its release that meet only one is first.
    leads: bool,
    buyer_id: Option<Uuid>,
    cart_id: Option<Uuid>,
}

/// Adds the lines of an order, if it has none; returns how many.
///
/// On PostgreSQL it may be some of them where another transaction has just added the order: those
/// that the other one did not have. Then all of this must be undone.
pub(crate) async fn insert(
    tx: &mut Tx,
    order: Uuid,
    lines: &[&StockLine],
    buyer: &Buyer,
    (state, now, expires_at): (State, DateTime<Utc>, DateTime<Utc>),
) -> Result<u64> {
    let new = lines.iter().enumerate().map(|(at, line)| New {
        order_id: order,
        sku: &line.sku,
        quantity: line.quantity,
        state,
        counted: true,
        holds: 1,
        held_at: now,
        expires_at,
        variant_id: line.variant_id,
        leads: at == 0,
        buyer_id: buyer.user_id,
        cart_id: buyer.carts.first().copied(),
    });
    let lines: Vec<New<'_>> = new.collect();
    if lines.is_empty() {
        return Ok(0);
    }
    let insert = sql!(
        "INSERT INTO reservation ({New.*})
         WITH lines ({New.*}) AS (VALUES {lines..*})
         SELECT {New.*} FROM lines
         WHERE NOT EXISTS (SELECT 1 FROM reservation WHERE order_id = {order})
         ON CONFLICT DO NOTHING"
    );
    tx.query(insert).execute().await
}

/// The lines of an order by SKU, and nobody changes them before this transaction ends.
pub(crate) async fn lock(tx: &mut Tx, order: Uuid) -> Result<Vec<Line>> {
    let lock = sql!(
        sqlite: "SELECT {Line.*} FROM reservation WHERE order_id = {order} ORDER BY sku",
        postgres: "SELECT {Line.*} FROM reservation WHERE order_id = {order} ORDER BY sku
                   FOR UPDATE",
    );
    tx.query(lock).all().await
}

/// Moves all lines of an order that are in `from`, which is not `Committed`.
pub(crate) async fn change(tx: &mut Tx, order: Uuid, from: State, to: State) -> Result<()> {
    let change = sql!(
        "UPDATE reservation SET state = {to}, allocated = {to == State::Committed}
         WHERE order_id = {order} AND state = {from}"
    );
    tx.query(change).execute().await.map(drop)
}

/// Notes whose units a line has.
pub(crate) async fn set_variant(
    tx: &mut Tx,
    order: Uuid,
    sku: &str,
    variant: Option<Uuid>,
) -> Result<()> {
    let set = sql!(
        "UPDATE reservation SET variant_id = {variant} WHERE order_id = {order} AND sku = {sku}"
    );
    tx.query(set).execute().await.map(drop)
}

/// Holds lines that have expired once more.
pub(crate) async fn hold_again(
    tx: &mut Tx,
    order: Uuid,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    let hold = sql!(
        "UPDATE reservation
         SET state = 'held', counted = TRUE, unpaid = FALSE, holds = holds + 1, held_at = {now},
             expires_at = {expires_at}
         WHERE order_id = {order} AND state = 'expired'"
    );
    tx.query(hold).execute().await.map(drop)
}

/// Lets a hold last longer.
pub(crate) async fn extend(tx: &mut Tx, order: Uuid, expires_at: DateTime<Utc>) -> Result<()> {
    let extend = sql!(
        "UPDATE reservation SET expires_at = {expires_at}
         WHERE order_id = {order} AND state = 'held'"
    );
    tx.query(extend).execute().await.map(drop)
}

/// Notes that a hold is without money for now, and until when.
pub(crate) async fn set_unpaid(tx: &mut Tx, order: Uuid, until: DateTime<Utc>) -> Result<()> {
    let set = sql!(
        "UPDATE reservation SET unpaid = TRUE, expires_at = {until}
         WHERE order_id = {order} AND state = 'held'"
    );
    tx.query(set).execute().await.map(drop)
}

/// How many units of each of these SKUs are held without money; one of which none are is missing.
/// Who decides by it has the stock locked.
pub(crate) async fn unpaid_units(tx: &mut Tx, skus: &[&str]) -> Result<HashMap<String, i64>> {
    let held = sql!(
        "SELECT sku, CAST(SUM(quantity) AS BIGINT) FROM reservation
         WHERE sku IN ({skus..}) AND state = 'held' AND unpaid AND counted GROUP BY sku"
    );
    Ok(tx.query(held).all().await?.into_iter().collect())
}

/// Notes that a hold is a user's own rather than an order's, and whether it counts as unpaid.
pub(crate) async fn set_holder(tx: &mut Tx, order: Uuid, user: Uuid, unpaid: bool) -> Result<()> {
    let set =
        sql!("UPDATE reservation SET held_by = {user}, unpaid = {unpaid} WHERE order_id = {order}");
    tx.query(set).execute().await.map(drop)
}

/// How many units a user holds outside of orders.
pub(crate) async fn held_by(tx: &mut Tx, user: Uuid) -> Result<i64> {
    let held = sql!(
        "SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM reservation
         WHERE held_by = {user} AND state = 'held'"
    );
    let (units,) = tx.query(held).one().await?;
    Ok(units)
}

/// Notes that the stock of lines is not counted.
pub(crate) async fn uncount(tx: &mut Tx, order: Uuid, skus: &[&str]) -> Result<()> {
    let uncount = sql!(
        "UPDATE reservation SET counted = FALSE WHERE order_id = {order} AND sku IN ({skus..})"
    );
    tx.query(uncount).execute().await.map(drop)
}

/// Orders whose hold has ended by `now`, the longest ago first.
pub(crate) async fn overdue(
    db: impl Session<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Uuid>> {
    let overdue = sql!(
        "SELECT order_id FROM reservation WHERE state = 'held' AND expires_at <= {now}
         GROUP BY order_id ORDER BY min(expires_at), order_id LIMIT {limit}"
    );
    let orders: Vec<(Uuid,)> = db.query(overdue).all().await?;
    Ok(orders.into_iter().map(|(order,)| order).collect())
}

/// The lines of at most `limit` holds after a place, those that end first; of a SKU, all lines of
/// the orders that hold some of it.
pub(crate) async fn held(
    db: impl Session<'_>,
    sku: Option<&str>,
    (ends, order): Place,
    limit: i64,
) -> Result<Vec<Held>> {
    // Not one condition on an optional SKU: each is planned for its own index.
    match sku {
        Some(sku) => {
            let of_sku = sql!(
                "SELECT r.{Held.*} FROM reservation r JOIN (
                     SELECT order_id FROM reservation
                     WHERE state = 'held' AND sku = {sku}
                           AND (expires_at, order_id) > ({ends}, {order})
                     ORDER BY expires_at, order_id LIMIT {limit}
                 ) AS page ON page.order_id = r.order_id
                 WHERE r.state = 'held' ORDER BY r.expires_at, r.order_id, r.sku"
            );
            db.query(of_sku).all().await
        }
        None => {
            let all = sql!(
                "SELECT r.{Held.*} FROM reservation r JOIN (
                     SELECT DISTINCT expires_at, order_id FROM reservation
                     WHERE state = 'held' AND (expires_at, order_id) > ({ends}, {order})
                     ORDER BY expires_at, order_id LIMIT {limit}
                 ) AS page ON page.order_id = r.order_id
                 WHERE r.state = 'held' ORDER BY r.expires_at, r.order_id, r.sku"
            );
            db.query(all).all().await
        }
    }
}

/// Orders that have lines in a state.
pub(crate) async fn orders_in(db: impl Session<'_>, state: State) -> Result<Vec<Uuid>> {
    let orders =
        sql!("SELECT DISTINCT order_id FROM reservation WHERE state = {state} ORDER BY order_id");
    let orders: Vec<(Uuid,)> = db.query(orders).all().await?;
    Ok(orders.into_iter().map(|(order,)| order).collect())
}
