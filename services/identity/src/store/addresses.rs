//! `addresses`.

use chassis::db::{Json, Record, Result, Session, Tx, sql};
use chrono::{DateTime, Utc};
use contracts::address::Address;
use uuid::Uuid;

/// An address a user keeps.
#[derive(Clone, Debug, PartialEq, Record)]
#[record(table = "addresses", key("id", "user_id"))]
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
    tx.insert(address).execute().await.map(drop)
}

pub async fn save_address(tx: &mut Tx, address: &SavedAddress) -> Result<()> {
    tx.update(address).execute().await.map(drop)
}

pub async fn find_address(
    db: impl Session<'_>,
    user: Uuid,
    id: Uuid,
) -> Result<Option<SavedAddress>> {
    let find = sql!("SELECT {SavedAddress.*} FROM addresses WHERE id = {id} AND user_id = {user}");
    db.query(find).optional().await
}

/// All addresses of a user, oldest first.
pub async fn list_addresses(db: impl Session<'_>, user: Uuid) -> Result<Vec<SavedAddress>> {
    let list = sql!("SELECT {SavedAddress.*} FROM addresses WHERE user_id = {user} ORDER BY id");
    db.query(list).all().await
}

pub async fn delete_address(tx: &mut Tx, user: Uuid, id: Uuid) -> Result<bool> {
    let delete = sql!("DELETE FROM addresses WHERE id = {id} AND user_id = {user}");
    Ok(tx.query(delete).execute().await? == 1)
}

pub async fn clear_default_address(tx: &mut Tx, user: Uuid) -> Result<()> {
    let clear =
        sql!("UPDATE addresses SET is_default = FALSE WHERE user_id = {user} AND is_default");
    tx.query(clear).execute().await.map(drop)
}

/// Makes an address the default, where the user has none now.
pub async fn set_default_address(tx: &mut Tx, user: Uuid, id: Uuid) -> Result<()> {
    let set = sql!("UPDATE addresses SET is_default = TRUE WHERE id = {id} AND user_id = {user}");
    tx.query(set).execute().await.map(drop)
}
