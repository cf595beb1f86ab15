//! `devices`.

use chassis::db::{Db, Result, Session, Tx, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Whether anybody has logged in with the device.
pub async fn device_exists(tx: &mut Tx, hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    let exists =
        sql!("SELECT EXISTS (SELECT 1 FROM devices WHERE hash = {hash} AND expires_at > {now})");
    let (exists,) = tx.query(exists).one().await?;
    Ok(exists)
}

/// Whether the user has logged in with the device.
pub async fn is_device_of(db: &Db, hash: &[u8], user: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let exists = sql!(
        "SELECT EXISTS (SELECT 1 FROM devices
                        WHERE hash = {hash} AND user_id = {user} AND expires_at > {now})"
    );
    let (exists,) = db.query(exists).one().await?;
    Ok(exists)
}

/// What the user's devices are known by. There are only so many of a user.
pub async fn devices_of(tx: &mut Tx, user: Uuid, now: DateTime<Utc>) -> Result<Vec<Vec<u8>>> {
    let devices = sql!("SELECT hash FROM devices WHERE user_id = {user} AND expires_at > {now}");
    let devices: Vec<(Vec<u8>,)> = tx.query(devices).all().await?;
    Ok(devices.into_iter().map(|(hash,)| hash).collect())
}

/// Notes that the user has logged in with the device.
pub async fn insert_device(
    tx: &mut Tx,
    hash: &[u8],
    user: Uuid,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    let insert = sql!(
        "INSERT INTO devices (hash, user_id, expires_at) VALUES ({hash}, {user}, {expires_at})
         ON CONFLICT (hash, user_id) DO UPDATE SET expires_at = excluded.expires_at"
    );
    tx.query(insert).execute().await.map(drop)
}

/// Forgets a user's devices beyond the `keep` that were used last.
pub async fn trim_devices(tx: &mut Tx, user: Uuid, keep: i64) -> Result<()> {
    let trim = sql!(
        "DELETE FROM devices WHERE user_id = {user} AND hash NOT IN
             (SELECT hash FROM devices WHERE user_id = {user}
              ORDER BY expires_at DESC, hash LIMIT {keep})"
    );
    tx.query(trim).execute().await.map(drop)
}

/// Forgets devices that have not been used for long; returns how many.
pub async fn tidy_devices(db: &Db, now: DateTime<Utc>) -> Result<u64> {
    db.query(sql!("DELETE FROM devices WHERE expires_at < {now}")).execute().await
}
