//! The SQL of reviews, all of it.

use chassis::db::{Result, Session, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Review, Sort, Status, Tally};

/// Reads reviews. Whether the author bought the product is looked up, so it is right from the
/// moment orders tell about it.
macro_rules! select_reviews {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.product_id, r.user_id, r.author, r.rating, r.title, r.body, r.status,
                    r.reason, r.version, r.created_at, r.updated_at,
                    EXISTS (SELECT 1 FROM purchases p
                            WHERE p.user_id = r.user_id AND p.product_id = r.product_id
                              AND p.counts) AS verified_purchase
             FROM reviews r WHERE ",
            $rest
        )
    };
}

/// A place in a list of a product's reviews.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) rating: i64,
    pub(crate) id: Uuid,
}

/// Which reviews of a product.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) sort: Sort,
    /// Only those with this many stars.
    pub(crate) rating: Option<i64>,
    pub(crate) after: Option<Place>,
    /// How many to leave out at the beginning.
    pub(crate) skip: i64,
}

pub(crate) async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Review>> {
    db.query(select_reviews!("r.id = $1")).bind(id).optional().await
}

/// Approved reviews of a product.
pub(crate) async fn of_product(
    db: impl Session<'_>,
    product: Uuid,
    filter: Filter,
    limit: i64,
) -> Result<Vec<Review>> {
    let sql = match filter.sort {
        Sort::Newest => select_reviews!(
            "r.product_id = $1 AND r.status = 'approved' AND ($2 IS NULL OR r.rating = $2)
             AND ($5 IS NULL OR r.id < $5) ORDER BY r.id DESC LIMIT $3 OFFSET $4"
        ),
        Sort::Oldest => select_reviews!(
            "r.product_id = $1 AND r.status = 'approved' AND ($2 IS NULL OR r.rating = $2)
             AND ($5 IS NULL OR r.id > $5) ORDER BY r.id LIMIT $3 OFFSET $4"
        ),
        Sort::Highest => select_reviews!(
            "r.product_id = $1 AND r.status = 'approved' AND ($2 IS NULL OR r.rating = $2)
             AND ($5 IS NULL OR (r.rating, r.id) < ($6, $5))
             ORDER BY r.rating DESC, r.id DESC LIMIT $3 OFFSET $4"
        ),
        Sort::Lowest => select_reviews!(
            "r.product_id = $1 AND r.status = 'approved' AND ($2 IS NULL OR r.rating = $2)
             AND ($5 IS NULL OR (r.rating, r.id) > ($6, $5))
             ORDER BY r.rating, r.id LIMIT $3 OFFSET $4"
        ),
    };
    let query = db.query(sql).bind(product).bind(filter.rating).bind(limit).bind(filter.skip);
    let query = query.bind(filter.after.map(|it| it.id));
    match filter.sort {
        Sort::Newest | Sort::Oldest => query.all().await,
        Sort::Highest | Sort::Lowest => query.bind(filter.after.map(|it| it.rating)).all().await,
    }
}

/// Reviews of any status, newest first.
pub(crate) async fn list(
    db: impl Session<'_>,
    status: Option<Status>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Review>> {
    db.query(select_reviews!(
        "($1 IS NULL OR r.status = $1) AND ($2 IS NULL OR r.id < $2) ORDER BY r.id DESC LIMIT $3"
    ))
    .bind(status.map(Status::as_str))
    .bind(after)
    .bind(limit)
    .all()
    .await
}

pub(crate) async fn count(db: impl Session<'_>, status: Option<Status>) -> Result<i64> {
    let (count,) = db
        .query("SELECT count(*) FROM reviews WHERE $1 IS NULL OR status = $1")
        .bind(status.map(Status::as_str))
        .one()
        .await?;
    Ok(count)
}

pub(crate) async fn insert(tx: &mut Tx, review: &Review) -> Result<()> {
    tx.query(
        "INSERT INTO reviews (id, product_id, user_id, author, rating, title, body, status,
                              reason, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(review.id)
    .bind(review.product_id)
    .bind(review.user_id)
    .bind(review.author.clone())
    .bind(review.rating)
    .bind(review.title.clone())
    .bind(review.body.clone())
    .bind(review.status.as_str())
    .bind(review.reason.clone())
    .bind(review.version)
    .bind(review.created_at)
    .bind(review.updated_at)
    .execute()
    .await
    .map(drop)
}

/// Stores a review that was read at the version it carries, and raises that version. False where
/// somebody else changed it meanwhile.
pub(crate) async fn update(tx: &mut Tx, review: &Review) -> Result<bool> {
    let updated = tx
        .query(
            "UPDATE reviews SET rating = $3, title = $4, body = $5, status = $6, reason = $7,
                                updated_at = $8, version = version + 1
             WHERE id = $1 AND version = $2",
        )
        .bind(review.id)
        .bind(review.version)
        .bind(review.rating)
        .bind(review.title.clone())
        .bind(review.body.clone())
        .bind(review.status.as_str())
        .bind(review.reason.clone())
        .bind(review.updated_at)
        .execute()
        .await?;
    Ok(updated == 1)
}

/// Deletes a review that was read at the version it carries. False where somebody else changed
/// it meanwhile.
pub(crate) async fn delete(tx: &mut Tx, review: &Review) -> Result<bool> {
    let deleted = tx
        .query("DELETE FROM reviews WHERE id = $1 AND version = $2")
        .bind(review.id)
        .bind(review.version)
        .execute()
        .await?;
    Ok(deleted == 1)
}

/// Gives all reviews of a user another author's name.
pub(crate) async fn rename_author(
    db: impl Session<'_>,
    user: Uuid,
    author: &'static str,
    now: DateTime<Utc>,
) -> Result<u64> {
    db.query(
        "UPDATE reviews SET author = $2, updated_at = $3, version = version + 1
         WHERE user_id = $1",
    )
    .bind(user)
    .bind(author)
    .bind(now)
    .execute()
    .await
}

/// How a product is rated; none where it never was.
pub(crate) async fn rated(db: impl Session<'_>, product: Uuid) -> Result<Option<Tally>> {
    db.query("SELECT version, one, two, three, four, five FROM ratings WHERE product_id = $1")
        .bind(product)
        .optional()
        .await
}

/// Adds `steps` to the counts of one to five stars and raises the version.
pub(crate) async fn tally(tx: &mut Tx, product: Uuid, steps: &[i64; 5]) -> Result<Tally> {
    // Not one upsert: its row of steps, negative ones among them, would have to pass the CHECKs.
    tx.query(
        "INSERT INTO ratings (product_id, version, one, two, three, four, five)
         VALUES ($1, 0, 0, 0, 0, 0, 0) ON CONFLICT (product_id) DO NOTHING",
    )
    .bind(product)
    .execute()
    .await?;
    let [one, two, three, four, five] = *steps;
    tx.query(
        "UPDATE ratings SET version = version + 1, one = one + $2, two = two + $3,
                            three = three + $4, four = four + $5, five = five + $6
         WHERE product_id = $1 RETURNING version, one, two, three, four, five",
    )
    .bind(product)
    .bind(one)
    .bind(two)
    .bind(three)
    .bind(four)
    .bind(five)
    .one()
    .await
}

/// Notes that a user bought a product with an order, or that this no longer counts. `version` is
/// the order's: older news than what is known changes nothing.
pub(crate) async fn note_purchase(
    db: impl Session<'_>,
    order: Uuid,
    product: Uuid,
    user: Uuid,
    counts: bool,
    version: i64,
) -> Result<()> {
    db.query(
        "INSERT INTO purchases (order_id, product_id, user_id, counts, version)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (order_id, product_id) DO UPDATE
         SET counts = excluded.counts, version = excluded.version
         WHERE purchases.version < excluded.version",
    )
    .bind(order)
    .bind(product)
    .bind(user)
    .bind(counts)
    .bind(version)
    .execute()
    .await
    .map(drop)
}

/// Whether a user bought a product and kept it.
pub(crate) async fn has_bought(db: impl Session<'_>, user: Uuid, product: Uuid) -> Result<bool> {
    let (bought,) = db
        .query(
            "SELECT EXISTS (SELECT 1 FROM purchases
                            WHERE user_id = $1 AND product_id = $2 AND counts)",
        )
        .bind(user)
        .bind(product)
        .one()
        .await?;
    Ok(bought)
}

#[cfg(test)]
mod tests;
