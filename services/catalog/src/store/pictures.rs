//! Pictures of the shop's own, in the sizes they are shown in, and which products use them.

use chassis::db::{Error, Result, Session, Sql, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::id_list;

/// A picture as it is sent to who asks for it.
#[derive(Debug, chassis::db::Record)]
pub(crate) struct Picture {
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
}

/// What there is to say about a picture.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
pub(crate) struct Kept {
    pub(crate) content_type: String,
    /// Of the largest size, in pixels; none for a drawing, which fits any.
    pub(crate) width: Option<i64>,
    pub(crate) height: Option<i64>,
}

/// A picture to be kept.
#[derive(Debug)]
pub(crate) struct NewPicture {
    pub(crate) kept: Kept,
    /// The largest size.
    pub(crate) bytes: Vec<u8>,
    /// Widths below it, and how the picture looks in them.
    pub(crate) smaller: Vec<(i64, Vec<u8>)>,
}

/// A picture in the smallest size not narrower than `width`; in the largest where there is none.
pub(crate) async fn find(
    db: impl Session<'_>,
    id: Uuid,
    width: Option<i64>,
) -> Result<Option<Picture>> {
    db.query(
        "SELECT content_type,
                COALESCE((SELECT bytes FROM picture_sizes
                          WHERE picture_id = $1 AND width >= $2 ORDER BY width LIMIT 1),
                         bytes) AS bytes
         FROM pictures WHERE id = $1",
    )
    .bind(id)
    .bind(width.unwrap_or(i64::MAX))
    .optional()
    .await
}

/// Adds a picture; one with the same id stays as it is.
pub(crate) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    picture: NewPicture,
    now: DateTime<Utc>,
) -> Result<()> {
    let insert = tx.query(
        "INSERT INTO pictures (id, content_type, width, height, bytes, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
    );
    insert
        .bind(id)
        .bind(picture.kept.content_type)
        .bind(picture.kept.width)
        .bind(picture.kept.height)
        .bind(picture.bytes)
        .bind(now)
        .execute()
        .await?;
    for (width, bytes) in picture.smaller {
        let insert = tx.query(
            "INSERT INTO picture_sizes (picture_id, width, bytes) VALUES ($1, $2, $3)
             ON CONFLICT (picture_id, width) DO NOTHING",
        );
        insert.bind(id).bind(width).bind(bytes).execute().await?;
    }
    Ok(())
}

/// Notes that a picture was sent again, if it is there.
pub(crate) async fn seen(
    db: impl Session<'_>,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Kept>> {
    let seen = db.query(
        "UPDATE pictures SET seen_at = $2 WHERE id = $1 RETURNING content_type, width, height",
    );
    seen.bind(id).bind(now).optional().await
}

/// Those of the pictures that exist. In a transaction they stay until it ends.
pub(crate) async fn known(db: impl Session<'_>, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    const KNOWN: Sql = Sql {
        sqlite: "SELECT id FROM pictures WHERE id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT id FROM pictures WHERE id = ANY(ARRAY(
                       SELECT CAST(value AS UUID) FROM json_array_elements_text(CAST($1 AS JSON))))
                   ORDER BY id FOR KEY SHARE",
    };
    let known = db.query(KNOWN).bind(id_list(ids.iter().copied()));
    Ok(known.all::<(Uuid,)>().await?.into_iter().map(|(id,)| id).collect())
}

/// Makes these the pictures a product uses. They must exist.
pub(crate) async fn use_in(
    tx: &mut Tx,
    product: Uuid,
    ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "UPDATE pictures SET seen_at = $2
         WHERE id IN (SELECT picture_id FROM product_pictures WHERE product_id = $1)",
    )
    .bind(product)
    .bind(now)
    .execute()
    .await?;
    let forget = tx.query("DELETE FROM product_pictures WHERE product_id = $1").bind(product);
    forget.execute().await?;
    for id in ids {
        let insert =
            tx.query("INSERT INTO product_pictures (picture_id, product_id) VALUES ($1, $2)");
        insert.bind(*id).bind(product).execute().await?;
    }
    Ok(())
}

/// Pictures no product uses, not seen since `before`, the oldest first.
pub(crate) async fn unused(
    db: impl Session<'_>,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Uuid>> {
    let unused = db.query(
        "SELECT id FROM pictures p WHERE seen_at < $1
                AND NOT EXISTS (SELECT 1 FROM product_pictures u WHERE u.picture_id = p.id)
         ORDER BY seen_at, id LIMIT $2",
    );
    let unused = unused.bind(before).bind(limit).all::<(Uuid,)>().await?;
    Ok(unused.into_iter().map(|(id,)| id).collect())
}

/// Removes a picture, unless a product has taken it or somebody sent it since; false then.
pub(crate) async fn remove(db: impl Session<'_>, id: Uuid, before: DateTime<Utc>) -> Result<bool> {
    let removed = db
        .query(
            "DELETE FROM pictures WHERE id = $1 AND seen_at < $2
                    AND NOT EXISTS (SELECT 1 FROM product_pictures WHERE picture_id = $1)",
        )
        .bind(id)
        .bind(before)
        .execute()
        .await;
    match removed {
        Ok(removed) => Ok(removed == 1),
        // A product took it while this statement waited for its transaction.
        Err(Error::Constraint(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
