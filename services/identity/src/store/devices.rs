//! `devices`.

use chassis::db::{Db, Result, Session, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Whether anybody has logged in with the device.
pub async fn device_exists(tx: &mut Tx, hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    let found: Option<(i64,)> = tx
        .query("SELECT CAST(1 AS BIGINT) FROM devices WHERE hash = $1 AND expires_at > $2 LIMIT 1")
        .bind(hash.to_vec())
        .bind(now)
        .optional()
        .await?;
    Ok(found.is_some())
}

/// Whether the user has logged in with the device.
pub async fn is_device_of(db: &Db, hash: &[u8], user: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let found: Option<(i64,)> = db
        .query(
            "SELECT CAST(1 AS BIGINT) FROM devices
             WHERE hash = $1 AND user_id = $2 AND expires_at > $3",
        )
        .bind(hash.to_vec())
        .bind(user)
        .bind(now)
        .optional()
        .await?;
    Ok(found.is_some())
}

/// Notes that the user has logged in with the device.
pub async fn insert_device(
    tx: &mut Tx,
    hash: &[u8],
    user: Uuid,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "INSERT INTO devices (hash, user_id, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (hash, user_id) DO UPDATE SET expires_at = excluded.expires_at",
    )
    .bind(hash.to_vec())
    .bind(user)
    .bind(expires_at)
    .execute()
    .await
    .map(drop)
}

/// Forgets a user's devices beyond the `keep` that were used last.
pub async fn trim_devices(tx: &mut Tx, user: Uuid, keep: i64) -> Result<()> {
    tx.query(
        "DELETE FROM devices WHERE user_id = $1 AND hash NOT IN
             (SELECT hash FROM devices WHERE user_id = $1 ORDER BY expires_at DESC, hash LIMIT $2)",
    )
    .bind(user)
    .bind(keep)
    .execute()
    .await
    .map(drop)
}

/// Forgets devices that have not been used for long; returns how many.
pub async fn tidy_devices(db: &Db, now: DateTime<Utc>) -> Result<u64> {
    db.query("DELETE FROM devices WHERE expires_at < $1").bind(now).execute().await
}
