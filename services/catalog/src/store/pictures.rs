//! Pictures of the shop's own, in the sizes they are shown in, and which products use them.

use chassis::db::{Error, Insert, Record, Result, Session, Tx, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A picture as it is sent to who asks for it.
#[derive(Debug, Record)]
pub(crate) struct Picture {
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
}

/// What there is to say about a picture.
#[derive(Clone, Debug, PartialEq, Eq, Record)]
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

/// A picture in one of its smaller widths.
#[derive(Insert)]
struct Size {
    picture_id: Uuid,
    width: i64,
    bytes: Vec<u8>,
}

/// A picture that a product uses.
#[derive(Insert)]
#[record(table = "product_pictures")]
struct Use {
    picture_id: Uuid,
    product_id: Uuid,
}

/// A picture in the smallest size not narrower than `width`; in the largest where there is none.
pub(crate) async fn find(
    db: impl Session<'_>,
    id: Uuid,
    width: Option<i64>,
) -> Result<Option<Picture>> {
    let find = sql!(
        "SELECT content_type,
                COALESCE((SELECT bytes FROM picture_sizes
                          WHERE picture_id = {id} AND width >= {width.unwrap_or(i64::MAX)}
                          ORDER BY width LIMIT 1),
                         bytes) AS bytes
         FROM pictures WHERE id = {id}"
    );
    db.query(find).optional().await
}

/// Adds a picture; one with the same id stays as it is.
pub(crate) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    picture: NewPicture,
    now: DateTime<Utc>,
) -> Result<()> {
    let NewPicture { kept: Kept { content_type, width, height }, bytes, smaller } = picture;
    let insert = sql!(
        "INSERT INTO pictures (id, content_type, width, height, bytes, seen_at)
         VALUES ({id}, {content_type}, {width}, {height}, {bytes}, {now})
         ON CONFLICT (id) DO NOTHING"
    );
    tx.query(insert).execute().await?;
    let sizes = smaller.into_iter().map(|(width, bytes)| Size { picture_id: id, width, bytes });
    let sizes: Vec<Size> = sizes.collect();
    if sizes.is_empty() {
        return Ok(());
    }
    let insert = sql!(
        "INSERT INTO picture_sizes ({Size.*}) VALUES {sizes..*}
         ON CONFLICT (picture_id, width) DO NOTHING"
    );
    tx.query(insert).execute().await.map(drop)
}

/// Notes that a picture was sent again, if it is there.
pub(crate) async fn seen(
    db: impl Session<'_>,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Kept>> {
    let seen = sql!("UPDATE pictures SET seen_at = {now} WHERE id = {id} RETURNING {Kept.*}");
    db.query(seen).optional().await
}

/// Those of the pictures that exist: of one product, so hundreds at most. In a transaction they
/// stay until it ends.
pub(crate) async fn known(db: impl Session<'_>, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let known = sql!(
        sqlite: "SELECT id FROM pictures WHERE id IN ({ids..})",
        postgres: "SELECT id FROM pictures WHERE id IN ({ids..}) ORDER BY id FOR KEY SHARE",
    );
    Ok(db.query(known).all::<(Uuid,)>().await?.into_iter().map(|(id,)| id).collect())
}

/// Makes these the pictures a product uses. They must exist.
pub(crate) async fn use_in(
    tx: &mut Tx,
    product: Uuid,
    ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    let seen = sql!(
        "UPDATE pictures SET seen_at = {now}
         WHERE id IN (SELECT picture_id FROM product_pictures WHERE product_id = {product})"
    );
    tx.query(seen).execute().await?;
    let forget = sql!("DELETE FROM product_pictures WHERE product_id = {product}");
    tx.query(forget).execute().await?;
    let uses = ids.iter().map(|id| Use { picture_id: *id, product_id: product });
    tx.insert_all(&uses.collect::<Vec<_>>()).await
}

/// Pictures no product uses, not seen since `before`, the oldest first.
pub(crate) async fn unused(
    db: impl Session<'_>,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Uuid>> {
    let unused = sql!(
        "SELECT id FROM pictures p WHERE seen_at < {before}
                AND NOT EXISTS (SELECT 1 FROM product_pictures u WHERE u.picture_id = p.id)
         ORDER BY seen_at, id LIMIT {limit}"
    );
    let unused = db.query(unused).all::<(Uuid,)>().await?;
    Ok(unused.into_iter().map(|(id,)| id).collect())
}

/// Removes a picture, unless a product has taken it or somebody sent it since; false then.
pub(crate) async fn remove(db: impl Session<'_>, id: Uuid, before: DateTime<Utc>) -> Result<bool> {
    let remove = sql!(
        "DELETE FROM pictures WHERE id = {id} AND seen_at < {before}
                AND NOT EXISTS (SELECT 1 FROM product_pictures WHERE picture_id = {id})"
    );
    match db.query(remove).execute().await {
        Ok(removed) => Ok(removed == 1),
        // A product took it while this statement waited for its transaction.
        Err(Error::Constraint(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
