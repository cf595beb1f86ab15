//! The SQL of `cart_days`: on which days carts got lines, and which of them were bought.

use chassis::days::Range;
use chassis::db::{Result, Session, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Carts of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, chassis::db::Record)]
pub(crate) struct Carts {
    pub(crate) day: String,
    pub(crate) carts: i64,
    pub(crate) ordered: i64,
}

/// Notes that a cart got a line.
pub(crate) async fn filled(db: impl Session<'_>, cart: Uuid, now: DateTime<Utc>) -> Result<()> {
    db.query(
        "INSERT INTO cart_days (day, cart_id, ordered) VALUES ($1, $2, FALSE)
         ON CONFLICT (day, cart_id) DO NOTHING",
    )
    .bind(now.date_naive().to_string())
    .bind(cart)
    .execute()
    .await
    .map(drop)
}

/// Notes that a cart was bought.
pub(crate) async fn ordered(db: impl Session<'_>, cart: Uuid) -> Result<()> {
    db.query("UPDATE cart_days SET ordered = TRUE WHERE cart_id = $1 AND NOT ordered")
        .bind(cart)
        .execute()
        .await
        .map(drop)
}

/// Counts the days of a cart that went into another one as that one's.
pub(crate) async fn merge(tx: &mut Tx, from: Uuid, into: Uuid) -> Result<()> {
    tx.query(
        "INSERT INTO cart_days (day, cart_id, ordered)
         SELECT day, $2, ordered FROM cart_days WHERE cart_id = $1 AND NOT ordered
         ON CONFLICT (day, cart_id) DO NOTHING",
    )
    .bind(from)
    .bind(into)
    .execute()
    .await?;
    tx.query("DELETE FROM cart_days WHERE cart_id = $1 AND NOT ordered")
        .bind(from)
        .execute()
        .await
        .map(drop)
}

/// The days on which carts got lines.
pub(crate) async fn by_day(db: impl Session<'_>, range: Range) -> Result<Vec<Carts>> {
    db.query(
        "SELECT day, count(*) AS carts,
                CAST(SUM(CASE WHEN ordered THEN 1 ELSE 0 END) AS BIGINT) AS ordered
         FROM cart_days WHERE day >= $1 AND day <= $2 GROUP BY day",
    )
    .bind(range.from.to_string())
    .bind(range.to.to_string())
    .all()
    .await
}

/// How many carts got a line in the range, each counted once, and how many of them were bought.
pub(crate) async fn in_all(db: impl Session<'_>, range: Range) -> Result<(i64, i64)> {
    db.query(
        "SELECT count(DISTINCT cart_id),
                count(DISTINCT CASE WHEN ordered THEN cart_id END)
         FROM cart_days WHERE day >= $1 AND day <= $2",
    )
    .bind(range.from.to_string())
    .bind(range.to.to_string())
    .one()
    .await
}

/// Forgets some of the days before this one; returns how many rows.
pub(crate) async fn forget_before(db: impl Session<'_>, day: String, at_most: i64) -> Result<u64> {
    db.query(
        "DELETE FROM cart_days WHERE (day, cart_id) IN
         (SELECT day, cart_id FROM cart_days WHERE day < $1 ORDER BY day LIMIT $2)",
    )
    .bind(day)
    .bind(at_most)
    .execute()
    .await
}
