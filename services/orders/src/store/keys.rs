//! The SQL of `order_keys`, what opens orders from mails, and of `order_searches`, how often
//! somebody has asked for such a mail.

use chassis::db::{Result, Session, Tx, sql};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Rows deleted at once, so that no one waits long for the lock.
const BATCH: i64 = 1_000;

/// A key as it goes in.
#[derive(Debug, chassis::db::Insert)]
#[record(table = "order_keys")]
pub struct NewKey {
    /// Later ones are higher.
    pub id: Uuid,
    pub order_id: Uuid,
    /// SHA-256 of it.
    pub hash: Vec<u8>,
    pub expires_at: DateTime<Utc>,
}

/// Keeps a key. Of those that are valid the newest `most` stay, this one among them.
pub async fn insert_key(tx: &mut Tx, key: &NewKey, most: i64, now: DateTime<Utc>) -> Result<()> {
    tx.insert(key).execute().await?;
    let order = key.order_id;
    let trim = sql!(
        "DELETE FROM order_keys WHERE order_id = {order}
           AND id NOT IN (SELECT id FROM order_keys
                          WHERE order_id = {order} AND expires_at > {now}
                          ORDER BY id DESC LIMIT {most})"
    );
    tx.query(trim).execute().await.map(drop)
}

/// Whether a valid key of this order has this hash.
pub async fn has_key(
    db: impl Session<'_>,
    order: Uuid,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<bool> {
    let find = sql!(
        "SELECT CAST(1 AS BIGINT) FROM order_keys
         WHERE order_id = {order} AND hash = {hash} AND expires_at > {now}"
    );
    Ok(db.query(find).optional::<(i64,)>().await?.is_some())
}

/// Revokes all keys of an order.
pub async fn delete_keys(db: impl Session<'_>, order: Uuid) -> Result<()> {
    db.query(sql!("DELETE FROM order_keys WHERE order_id = {order}")).execute().await.map(drop)
}

/// Revokes all keys of a user's orders: those that were guests' orders have some.
pub async fn delete_keys_of(tx: &mut Tx, user: Uuid) -> Result<()> {
    let delete = sql!(
        "DELETE FROM order_keys WHERE order_id IN (SELECT id FROM orders WHERE user_id = {user})"
    );
    tx.query(delete).execute().await.map(drop)
}

/// Deletes keys that have expired, some at once; returns how many.
pub async fn tidy_keys(db: impl Session<'_>, now: DateTime<Utc>) -> Result<u64> {
    let tidy = sql!(
        "DELETE FROM order_keys WHERE id IN
             (SELECT id FROM order_keys WHERE expires_at <= {now} LIMIT {BATCH})"
    );
    db.query(tidy).execute().await
}

/// How long a search counts.
const WINDOW: TimeDelta = TimeDelta::hours(1);

/// Counts a search, if there have been fewer than three in the last hour; false if there have not.
/// One statement, so that many at once are no more.
pub async fn count_search(tx: &mut Tx, hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    let since = now - WINDOW;
    let count = sql!(
        "INSERT INTO order_searches (hash, at) VALUES ({hash}, {now})
         ON CONFLICT (hash) DO UPDATE
         SET at = excluded.at, second_at = order_searches.at, third_at = order_searches.second_at
         WHERE order_searches.third_at IS NULL OR order_searches.third_at <= {since}"
    );
    Ok(tx.query(count).execute().await? == 1)
}

/// Deletes searches that count no more, some at once; returns how many.
pub async fn tidy_searches(db: impl Session<'_>, now: DateTime<Utc>) -> Result<u64> {
    let since = now - WINDOW;
    let tidy = sql!(
        "DELETE FROM order_searches WHERE hash IN
             (SELECT hash FROM order_searches WHERE at <= {since} LIMIT {BATCH})"
    );
    db.query(tidy).execute().await
}

#[cfg(test)]
mod tests {
    use chassis::db::Db;
    use chassis::id;
    use chassis::testing::{Database, databases, noon};

    use super::*;
    use crate::store::testing::placed;

    async fn rows(db: &Db) -> (i64, i64) {
        let keys = db.query("SELECT count(*) FROM order_keys").one::<(i64,)>().await.unwrap();
        let searches = db.query("SELECT count(*) FROM order_searches").one::<(i64,)>().await;
        (keys.0, searches.unwrap().0)
    }

    #[databases]
    async fn what_no_longer_counts_is_deleted(database: Database) {
        let platform = database.platform(crate::MIGRATIONS).await;
        let db = &platform.db;
        let (order, ..) = placed(db, "k", &["A"]).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        for days in [1, 3] {
            let expires_at = noon() + TimeDelta::days(days);
            let key =
                NewKey { id: id::new(), order_id: order.id, hash: vec![days as u8], expires_at };
            insert_key(&mut tx, &key, 9, noon()).await.unwrap();
        }
        for (hash, minutes) in [(b"a", 0), (b"b", 30)] {
            let at = noon() + TimeDelta::minutes(minutes);
            assert!(count_search(&mut tx, hash, at).await.unwrap());
        }
        tx.commit().await.unwrap();
        for (after, left) in [
            (TimeDelta::minutes(59), (2, 2)),
            (TimeDelta::minutes(60), (2, 1)),
            (TimeDelta::days(1), (1, 0)),
            (TimeDelta::days(3), (0, 0)),
        ] {
            while tidy_keys(db, noon() + after).await.unwrap() > 0 {}
            while tidy_searches(db, noon() + after).await.unwrap() > 0 {}
            assert_eq!(rows(db).await, left, "{after} on {}", platform.kind);
        }
    }
}
