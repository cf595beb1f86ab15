//! `addresses`.

use chassis::db::{Json, Record, Result, Session, Tx, sql};
use chassis::field_versions::{self, FieldVersions};
use chassis::if_match::Versioned;
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
    /// Rises with every change.
    pub version: i64,
    /// Which version last changed each field.
    #[record(json)]
    pub field_versions: FieldVersions,
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

/// Says whether an address is the default. Only one may be at a time.
pub async fn set_default_address(
    tx: &mut Tx,
    address: SavedAddress,
    is_default: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let kept = address.address.0.clone();
    save_address(tx, &address.edited(is_default, kept, now)).await
}

impl SavedAddress {
    /// The address as an edit leaves it.
    pub fn edited(self, is_default: bool, address: Address, now: DateTime<Utc>) -> Self {
        let mut changed = field_versions::differing(&self.address.0, &address);
        changed.extend((is_default != self.is_default).then(|| "is_default".to_owned()));
        let (version, mut field_versions) = (self.version + 1, self.field_versions);
        field_versions.note(version, changed);
        let address = Json(address);
        Self { is_default, address, version, field_versions, updated_at: now, ..self }
    }
}

impl Versioned for SavedAddress {
    const NAME: &'static str = "address";

    fn version(&self) -> i64 {
        self.version
    }

    fn updated_at(&self) -> Option<DateTime<Utc>> {
        Some(self.updated_at)
    }

    fn changed_since(&self, version: i64) -> Vec<String> {
        self.field_versions.after(version).map(str::to_owned).collect()
    }
}
