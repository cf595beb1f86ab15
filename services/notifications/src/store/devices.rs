//! The SQL of devices.

use chassis::db::{Result, Session, Tx, sql};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Devices of a user at most; a new one takes the place of the one that was longest unused.
const MAX_DEVICES: i64 = 20;

/// A device of a user, or a browser, that gets push messages.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema, chassis::db::Record)]
#[schema(as = PushDevice)]
#[record(table = "devices", key("id"))]
pub(crate) struct Device {
    pub(crate) id: Uuid,
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) user_id: Uuid,
    /// What the provider knows it by.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) token: String,
    pub(crate) platform: DevicePlatform,
    /// What its user calls it.
    #[schema(example = "Ada's phone")]
    pub(crate) name: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// When it was last registered.
    pub(crate) last_seen_at: DateTime<Utc>,
}

/// What runs on a device.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, chassis::db::Word,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DevicePlatform {
    Android,
    Ios,
    Web,
}

/// Adds a device, or notes that it is in use and whose it is now. Returns it as it is stored, and
/// whether it is new.
pub(crate) async fn save_device(tx: &mut Tx, it: &Device) -> Result<(Device, bool)> {
    let Device { id, user_id, token, platform, name, created_at, last_seen_at } = it;
    let save = sql!(
        "INSERT INTO devices (id, user_id, token, platform, name, created_at, last_seen_at)
         VALUES ({id}, {user_id}, {token}, {platform}, {name}, {created_at}, {last_seen_at})
         ON CONFLICT (token) DO UPDATE
         SET user_id = excluded.user_id, platform = excluded.platform,
             name = CASE WHEN devices.user_id = excluded.user_id
                         THEN COALESCE(excluded.name, devices.name) ELSE excluded.name END,
             created_at = CASE WHEN devices.user_id = excluded.user_id
                               THEN devices.created_at ELSE excluded.created_at END,
             last_seen_at = excluded.last_seen_at
         RETURNING {Device.*}"
    );
    let saved: Device = tx.query(save).one().await?;
    let keep = sql!(
        "DELETE FROM devices
         WHERE user_id = {user_id} AND id NOT IN
             (SELECT id FROM devices WHERE user_id = {user_id}
              ORDER BY last_seen_at DESC, id DESC LIMIT {MAX_DEVICES})"
    );
    tx.query(keep).execute().await?;
    let is_new = saved.id == *id;
    Ok((saved, is_new))
}

/// The devices of a user, the last used one first.
pub(crate) async fn devices_of(db: impl Session<'_>, user: Uuid) -> Result<Vec<Device>> {
    let find = sql!(
        "SELECT {Device.*} FROM devices WHERE user_id = {user}
         ORDER BY last_seen_at DESC, id DESC"
    );
    db.query(find).all().await
}

/// Deletes a device of a user; false if the user has no such device.
pub(crate) async fn delete_device(db: impl Session<'_>, user: Uuid, id: Uuid) -> Result<bool> {
    let delete = sql!("DELETE FROM devices WHERE id = {id} AND user_id = {user}");
    Ok(db.query(delete).execute().await? == 1)
}

/// Deletes a device that the provider does not know any more; false if there is none.
pub(crate) async fn delete_gone_device(db: impl Session<'_>, token: &str) -> Result<bool> {
    let delete = sql!("DELETE FROM devices WHERE token = {token}");
    Ok(db.query(delete).execute().await? == 1)
}
