//! The SQL of `cart_days`: on which days carts got lines, and which of them were bought.

use chassis::days::Range;
use chassis::db::{Query, Result, Session, Tx, sql};
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
    let day = now.date_naive().to_string();
    let note = sql!(
        "INSERT INTO cart_days (day, cart_id, ordered) VALUES ({day}, {cart}, FALSE)
         ON CONFLICT (day, cart_id) DO NOTHING"
    );
    db.query(note).execute().await.map(drop)
}

/// Notes that a cart was bought.
pub(super) fn ordered<'c>(db: impl Session<'c>, cart: Uuid) -> Query<'c> {
    db.query(sql!("UPDATE cart_days SET ordered = TRUE WHERE cart_id = {cart} AND NOT ordered"))
}

/// Counts the days of a cart that went into another one as that one's.
pub(crate) async fn merge(tx: &mut Tx, from: Uuid, into: Uuid) -> Result<()> {
    let merge = sql!(
        "INSERT INTO cart_days (day, cart_id, ordered)
         SELECT day, {into}, ordered FROM cart_days WHERE cart_id = {from} AND NOT ordered
         ON CONFLICT (day, cart_id) DO NOTHING"
    );
    tx.query(merge).execute().await?;
    let delete = sql!("DELETE FROM cart_days WHERE cart_id = {from} AND NOT ordered");
    tx.query(delete).execute().await.map(drop)
}

/// The days on which carts got lines.
pub(crate) async fn by_day(db: impl Session<'_>, range: Range) -> Result<Vec<Carts>> {
    let (from, to) = (range.from.to_string(), range.to.to_string());
    let by_day = sql!(
        "SELECT day, count(*) AS carts,
                CAST(SUM(CASE WHEN ordered THEN 1 ELSE 0 END) AS BIGINT) AS ordered
         FROM cart_days WHERE day >= {from} AND day <= {to} GROUP BY day"
    );
    db.query(by_day).all().await
}

/// How many carts got a line in the range, each counted once, and how many of them were bought.
pub(crate) async fn in_all(db: impl Session<'_>, range: Range) -> Result<(i64, i64)> {
    let (from, to) = (range.from.to_string(), range.to.to_string());
    let in_all = sql!(
        "SELECT count(DISTINCT cart_id),
                count(DISTINCT CASE WHEN ordered THEN cart_id END)
         FROM cart_days WHERE day >= {from} AND day <= {to}"
    );
    db.query(in_all).one().await
}

/// Forgets some of the days before this one; returns how many rows.
pub(crate) async fn forget_before(db: impl Session<'_>, day: String, at_most: i64) -> Result<u64> {
    let forget = sql!(
        "DELETE FROM cart_days WHERE (day, cart_id) IN
         (SELECT day, cart_id FROM cart_days WHERE day < {day} ORDER BY day LIMIT {at_most})"
    );
    db.query(forget).execute().await
}
