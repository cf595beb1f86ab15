//! `addresses`.

use chassis::db::Json;
use chassis::db::{Result, Session, Tx};
use chrono::{DateTime, Utc};
use contracts::address::Address;
use uuid::Uuid;

/// An address a user keeps.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub struct SavedAddress {
    pub id: Uuid,
    pub user_id: Uuid,
    /// Whether it is the one to suggest first. Exactly one is, where there are any.
    pub is_default: bool,
    pub address: Json<Address>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

pub async fn insert_address(tx: &mut Tx, address: &SavedAddress) -> Result<()> {
    tx.query(
        "INSERT INTO addresses (id, user_id, address, is_default, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(address.id)
    .bind(address.user_id)
    .bind(address.address.clone())
    .bind(address.is_default)
    .bind(address.created_at)
    .bind(address.updated_at)
    .execute()
    .await
    .map(drop)
}

pub async fn save_address(tx: &mut Tx, address: &SavedAddress) -> Result<()> {
    tx.query(
        "UPDATE addresses SET address = $3, is_default = $4, updated_at = $5
         WHERE id = $1 AND user_id = $2",
    )
    .bind(address.id)
    .bind(address.user_id)
    .bind(address.address.clone())
    .bind(address.is_default)
    .bind(address.updated_at)
    .execute()
    .await
    .map(drop)
}

pub async fn find_address(
    db: impl Session<'_>,
    user: Uuid,
    id: Uuid,
) -> Result<Option<SavedAddress>> {
    db.query("SELECT * FROM addresses WHERE id = $1 AND user_id = $2")
        .bind(id)
        .bind(user)
        .optional()
        .await
}

/// All addresses of a user, oldest first.
pub async fn list_addresses(db: impl Session<'_>, user: Uuid) -> Result<Vec<SavedAddress>> {
    db.query("SELECT * FROM addresses WHERE user_id = $1 ORDER BY id").bind(user).all().await
}

pub async fn delete_address(tx: &mut Tx, user: Uuid, id: Uuid) -> Result<bool> {
    let deleted = tx
        .query("DELETE FROM addresses WHERE id = $1 AND user_id = $2")
        .bind(id)
        .bind(user)
        .execute()
        .await?;
    Ok(deleted == 1)
}

pub async fn clear_default_address(tx: &mut Tx, user: Uuid) -> Result<()> {
    tx.query("UPDATE addresses SET is_default = FALSE WHERE user_id = $1 AND is_default")
        .bind(user)
        .execute()
        .await
        .map(drop)
}

/// Makes an address the default, where the user has none now.
pub async fn set_default_address(tx: &mut Tx, user: Uuid, id: Uuid) -> Result<()> {
    tx.query("UPDATE addresses SET is_default = TRUE WHERE id = $1 AND user_id = $2")
        .bind(id)
        .bind(user)
        .execute()
        .await
        .map(drop)
}
