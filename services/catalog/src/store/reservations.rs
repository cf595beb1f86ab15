//! What orders hold. Whoever changes an order's lines locks them first, in the order of their
//! SKUs, and the stock after them: no two transactions wait for each other.

use chassis::db::{Result, Session, Sql, Tx};
use chrono::{DateTime, Utc};
use contracts::catalog::StockLine;
use uuid::Uuid;

/// Where a line of a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(rename_all = "snake_case", type_name = "text")]
pub(crate) enum State {
    Held,
    /// The units have left the stock.
    Committed,
    /// Let go, or put back: for good.
    Released,
    Expired,
}

/// A line of an order's reservation.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: i64,
    pub(crate) state: State,
    /// Whether the stock counts it; not where it was untracked when the line was held.
    pub(crate) counted: bool,
    /// How often it was held.
    pub(crate) holds: i64,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Adds a line; false where the order has it already, or, for the `first` one, where it has any.
pub(crate) async fn insert(
    tx: &mut Tx,
    order: Uuid,
    line: &StockLine,
    (state, expires_at): (State, DateTime<Utc>),
    first: bool,
) -> Result<bool> {
    const FIRST: &str =
        "INSERT INTO reservation (order_id, sku, quantity, state, counted, holds, expires_at)
         SELECT $1, $2, $3, $4, TRUE, 1, $5
         WHERE NOT EXISTS (SELECT 1 FROM reservation WHERE order_id = $1)
         ON CONFLICT (order_id, sku) DO NOTHING";
    const NEXT: &str =
        "INSERT INTO reservation (order_id, sku, quantity, state, counted, holds, expires_at)
         VALUES ($1, $2, $3, $4, TRUE, 1, $5) ON CONFLICT (order_id, sku) DO NOTHING";
    let inserted = tx
        .query(if first { FIRST } else { NEXT })
        .bind(order)
        .bind(line.sku.clone())
        .bind(line.quantity)
        .bind(state.as_str())
        .bind(expires_at)
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

/// Moves all lines of an order that are in `from`.
pub(crate) async fn change(tx: &mut Tx, order: Uuid, from: State, to: State) -> Result<()> {
    tx.query("UPDATE reservation SET state = $3 WHERE order_id = $1 AND state = $2")
        .bind(order)
        .bind(from.as_str())
        .bind(to.as_str())
        .execute()
        .await
        .map(drop)
}

/// Holds lines that have expired once more.
pub(crate) async fn hold_again(tx: &mut Tx, order: Uuid, expires_at: DateTime<Utc>) -> Result<()> {
    tx.query(
        "UPDATE reservation
         SET state = 'held', counted = TRUE, holds = holds + 1, expires_at = $2
         WHERE order_id = $1 AND state = 'expired'",
    )
    .bind(order)
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

/// Notes that a hold is a user's own rather than an order's.
pub(crate) async fn set_holder(tx: &mut Tx, order: Uuid, user: Uuid) -> Result<()> {
    tx.query("UPDATE reservation SET held_by = $2 WHERE order_id = $1")
        .bind(order)
        .bind(user)
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

/// Orders that have lines in a state.
pub(crate) async fn orders_in(db: impl Session<'_>, state: State) -> Result<Vec<Uuid>> {
    let orders =
        db.query("SELECT DISTINCT order_id FROM reservation WHERE state = $1 ORDER BY order_id");
    let orders: Vec<(Uuid,)> = orders.bind(state.as_str()).all().await?;
    Ok(orders.into_iter().map(|(order,)| order).collect())
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Committed => "committed",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }
}
