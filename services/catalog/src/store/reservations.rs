//! What orders hold. Whoever changes an order's lines locks them first, in the order of their
//! SKUs, and the stock after them: no two transactions wait for each other.

use chassis::db::{Result, Session, Sql, Tx};
use chrono::{DateTime, Utc};
use contracts::catalog::{Buyer, StockLine};
use uuid::Uuid;

/// A hold is found again by when it ends, and by its order.
pub(crate) type Place = (DateTime<Utc>, Uuid);

/// Where a line of a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, chassis::db::Word)]
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
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
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
#[derive(Clone, Debug, chassis::db::Record)]
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

/// Adds a line; false where the order has it already, or, for the `first` one, where it has any.
pub(crate) async fn insert(
    tx: &mut Tx,
    order: Uuid,
    line: &StockLine,
    buyer: &Buyer,
    (state, now, expires_at): (State, DateTime<Utc>, DateTime<Utc>),
    first: bool,
) -> Result<bool> {
    const FIRST: &str = "INSERT INTO reservation
             (order_id, sku, quantity, state, counted, holds, held_at, expires_at, variant_id, leads,
              buyer_id, cart_id)
         SELECT $1, $2, $3, $4, TRUE, 1, $5, $6, $7, TRUE, $8, $9
         WHERE NOT EXISTS (SELECT 1 FROM reservation WHERE order_id = $1)
         ON CONFLICT DO NOTHING";
    const NEXT: &str = "INSERT INTO reservation
             (order_id, sku, quantity, state, counted, holds, held_at, expires_at, variant_id, leads,
              buyer_id, cart_id)
         VALUES ($1, $2, $3, $4, TRUE, 1, $5, $6, $7, FALSE, $8, $9)
         ON CONFLICT (order_id, sku) DO NOTHING";
    let inserted = tx
        .query(if first { FIRST } else { NEXT })
        .bind(order)
        .bind(line.sku.clone())
        .bind(line.quantity)
        .bind(state.as_str())
        .bind(now)
        .bind(expires_at)
        .bind(line.variant_id)
        .bind(buyer.user_id)
        .bind(buyer.carts.first().copied())
        .execute()
        .await?;
    Ok(inserted == 1)
}

/// The lines of an order by SKU, and nobody changes them before this transaction ends.
pub(crate) async fn lock(tx: &mut Tx, order: Uuid) -> Result<Vec<Line>> {
    const LOCK: Sql = Sql {
        sqlite: "SELECT * FROM reservation WHERE order_id = $1 ORDER BY sku",
        postgres: "SELECT * FROM reservation WHERE order_id = $1 ORDER BY sku FOR UPDATE",
    };
    tx.query(LOCK).bind(order).all().await
}

/// Moves all lines of an order that are in `from`, which is not `Committed`.
pub(crate) async fn change(tx: &mut Tx, order: Uuid, from: State, to: State) -> Result<()> {
    let change = tx.query(
        "UPDATE reservation SET state = $3, allocated = $4 WHERE order_id = $1 AND state = $2",
    );
    change
        .bind(order)
        .bind(from.as_str())
        .bind(to.as_str())
        .bind(to == State::Committed)
        .execute()
        .await
        .map(drop)
}

/// Notes whose units a line has.
pub(crate) async fn set_variant(
    tx: &mut Tx,
    order: Uuid,
    sku: &str,
    variant: Option<Uuid>,
) -> Result<()> {
    tx.query("UPDATE reservation SET variant_id = $3 WHERE order_id = $1 AND sku = $2")
        .bind(order)
        .bind(sku.to_owned())
        .bind(variant)
        .execute()
        .await
        .map(drop)
}

/// Holds lines that have expired once more.
pub(crate) async fn hold_again(
    tx: &mut Tx,
    order: Uuid,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "UPDATE reservation
         SET state = 'held', counted = TRUE, unpaid = FALSE, holds = holds + 1, held_at = $2,
             expires_at = $3
         WHERE order_id = $1 AND state = 'expired'",
    )
    .bind(order)
    .bind(now)
    .bind(expires_at)
    .execute()
    .await
    .map(drop)
}

/// Lets a hold last longer.
pub(crate) async fn prolong(tx: &mut Tx, order: Uuid, expires_at: DateTime<Utc>) -> Result<()> {
    tx.query("UPDATE reservation SET expires_at = $2 WHERE order_id = $1 AND state = 'held'")
        .bind(order)
        .bind(expires_at)
        .execute()
        .await
        .map(drop)
}

/// Notes that a hold is without money for now, and until when.
pub(crate) async fn set_unpaid(tx: &mut Tx, order: Uuid, until: DateTime<Utc>) -> Result<()> {
    tx.query(
        "UPDATE reservation SET unpaid = TRUE, expires_at = $2
         WHERE order_id = $1 AND state = 'held'",
    )
    .bind(order)
    .bind(until)
    .execute()
    .await
    .map(drop)
}

/// How many units of a SKU are held without money. Who decides by it has the stock locked.
pub(crate) async fn unpaid_units(tx: &mut Tx, sku: &str) -> Result<i64> {
    let held = tx.query(
        "SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM reservation
         WHERE sku = $1 AND state = 'held' AND unpaid AND counted",
    );
    let (units,) = held.bind(sku.to_owned()).one::<(i64,)>().await?;
    Ok(units)
}

/// Notes that a hold is a user's own rather than an order's, and whether it counts as unpaid.
pub(crate) async fn set_holder(tx: &mut Tx, order: Uuid, user: Uuid, unpaid: bool) -> Result<()> {
    tx.query("UPDATE reservation SET held_by = $2, unpaid = $3 WHERE order_id = $1")
        .bind(order)
        .bind(user)
        .bind(unpaid)
        .execute()
        .await
        .map(drop)
}

/// How many units a user holds outside of orders.
pub(crate) async fn held_by(tx: &mut Tx, user: Uuid) -> Result<i64> {
    let held = tx.query(
        "SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM reservation
         WHERE held_by = $1 AND state = 'held'",
    );
    let (units,) = held.bind(user).one::<(i64,)>().await?;
    Ok(units)
}

/// Notes that the stock of a line is not counted.
pub(crate) async fn uncount(tx: &mut Tx, order: Uuid, sku: &str) -> Result<()> {
    tx.query("UPDATE reservation SET counted = FALSE WHERE order_id = $1 AND sku = $2")
        .bind(order)
        .bind(sku.to_owned())
        .execute()
        .await
        .map(drop)
}

/// Orders whose hold has ended by `now`, the longest ago first.
pub(crate) async fn overdue(
    db: impl Session<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Uuid>> {
    let overdue = db.query(
        "SELECT order_id, min(expires_at) FROM reservation
         WHERE state = 'held' AND expires_at <= $1
         GROUP BY order_id ORDER BY min(expires_at), order_id LIMIT $2",
    );
    let orders: Vec<(Uuid, DateTime<Utc>)> = overdue.bind(now).bind(limit).all().await?;
    Ok(orders.into_iter().map(|(order, _)| order).collect())
}

/// The lines of at most `limit` holds after a place, those that end first; of a SKU, all lines of
/// the orders that hold some of it.
pub(crate) async fn held(
    db: impl Session<'_>,
    sku: Option<&str>,
    (ends, order): Place,
    limit: i64,
) -> Result<Vec<Held>> {
    const OF_SKU: &str =
        "SELECT r.order_id, r.sku, r.quantity, r.unpaid, r.held_by, r.held_at, r.expires_at
         FROM reservation r JOIN (
             SELECT order_id FROM reservation
             WHERE state = 'held' AND sku = $4 AND (expires_at, order_id) > ($1, $2)
             ORDER BY expires_at, order_id LIMIT $3
         ) AS page ON page.order_id = r.order_id
         WHERE r.state = 'held' ORDER BY r.expires_at, r.order_id, r.sku";
    const ALL: &str =
        "SELECT r.order_id, r.sku, r.quantity, r.unpaid, r.held_by, r.held_at, r.expires_at
         FROM reservation r JOIN (
             SELECT DISTINCT expires_at, order_id FROM reservation
             WHERE state = 'held' AND $4 IS NULL AND (expires_at, order_id) > ($1, $2)
             ORDER BY expires_at, order_id LIMIT $3
         ) AS page ON page.order_id = r.order_id
         WHERE r.state = 'held' ORDER BY r.expires_at, r.order_id, r.sku";
    db.query(if sku.is_some() { OF_SKU } else { ALL })
        .bind(ends)
        .bind(order)
        .bind(limit)
        .bind(sku.map(str::to_owned))
        .all()
        .await
}

/// Orders that have lines in a state.
pub(crate) async fn orders_in(db: impl Session<'_>, state: State) -> Result<Vec<Uuid>> {
    let orders =
        db.query("SELECT DISTINCT order_id FROM reservation WHERE state = $1 ORDER BY order_id");
    let orders: Vec<(Uuid,)> = orders.bind(state.as_str()).all().await?;
    Ok(orders.into_iter().map(|(order,)| order).collect())
}
