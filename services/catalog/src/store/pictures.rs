//! Pictures of the shop's own.

use chassis::db::{Result, Session};
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Picture {
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Picture>> {
    let find = db.query("SELECT content_type, bytes FROM pictures WHERE id = $1").bind(id);
    find.optional().await
}

/// Adds a picture; one with the same id stays as it is.
pub(crate) async fn insert(
    db: impl Session<'_>,
    id: Uuid,
    picture: Picture,
    now: DateTime<Utc>,
) -> Result<()> {
    db.query(
        "INSERT INTO pictures (id, content_type, bytes, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(id)
    .bind(picture.content_type)
    .bind(picture.bytes)
    .bind(now)
    .execute()
    .await
    .map(drop)
}
