//! The SQL of reviews, all of it.

use chassis::db::{Result, Select, Session, Tx, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Review, Sort, Status, Tally};

/// Whether the author bought the product is looked up, so it is right from the moment orders tell
/// about it.
const COLUMNS: &str =
    "r.id, r.product_id, r.user_id, r.author, r.rating, r.title, r.body, r.status,
    r.reason, r.version, r.created_at, r.updated_at,
    EXISTS (SELECT 1 FROM purchases p
            WHERE p.user_id = r.user_id AND p.product_id = r.product_id
              AND p.counts) AS verified_purchase";

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

fn reviews() -> Select {
    Select::from("reviews r")
}

pub(crate) async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Review>> {
    reviews().equal("r.id", Some(id)).columns(db, COLUMNS).optional().await
}

/// Approved reviews of a product.
pub(crate) async fn of_product(
    db: impl Session<'_>,
    product: Uuid,
    filter: Filter,
    limit: i64,
) -> Result<Vec<Review>> {
    let mut list = reviews();
    list.equal("r.product_id", Some(product)).equal("r.status", Some(Status::Approved));
    list.equal("r.rating", filter.rating);
    let (than, direction) = match filter.sort {
        Sort::Newest | Sort::Highest => ("<", "DESC"),
        Sort::Oldest | Sort::Lowest => (">", "ASC"),
    };
    match filter.sort {
        Sort::Newest | Sort::Oldest => {
            list.compare("r.id", than, filter.after.map(|it| it.id));
            list.order(format!("r.id {direction}"));
        }
        Sort::Highest | Sort::Lowest => {
            if let Some(after) = filter.after {
                let (rating, id) = (list.bind(after.rating), list.bind(after.id));
                list.filter(format!("(r.rating, r.id) {than} ({rating}, {id})"));
            }
            list.order(format!("r.rating {direction}, r.id {direction}"));
        }
    }
    list.limit(limit).skip(filter.skip).columns(db, COLUMNS).all().await
}

/// Reviews of any status, newest first.
pub(crate) async fn list(
    db: impl Session<'_>,
    status: Option<Status>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Review>> {
    let mut list = reviews();
    list.equal("r.status", status).compare("r.id", "<", after);
    list.order("r.id DESC").limit(limit).columns(db, COLUMNS).all().await
}

pub(crate) async fn count(db: impl Session<'_>, status: Option<Status>) -> Result<i64> {
    reviews().equal("r.status", status).count(db).await
}

pub(crate) async fn insert(tx: &mut Tx, review: &Review) -> Result<()> {
    tx.insert(review).execute().await.map(drop)
}

/// Stores a review that was read at the version it carries, and raises that version. False where
/// somebody else changed it meanwhile.
pub(crate) async fn update(tx: &mut Tx, review: &Review) -> Result<bool> {
    let raised = Review { version: review.version + 1, ..review.clone() };
    Ok(tx.update_if(&raised, "version", review.version).execute().await? == 1)
}

/// Deletes a review that was read at the version it carries. False where somebody else changed
/// it meanwhile.
pub(crate) async fn delete(tx: &mut Tx, review: &Review) -> Result<bool> {
    let Review { id, version, .. } = review;
    let delete = sql!("DELETE FROM reviews WHERE id = {id} AND version = {version}");
    Ok(tx.query(delete).execute().await? == 1)
}

/// Gives all reviews of a user another author's name.
pub(crate) async fn rename_author(
    db: impl Session<'_>,
    user: Uuid,
    author: &'static str,
    now: DateTime<Utc>,
) -> Result<u64> {
    let rename = sql!(
        "UPDATE reviews SET author = {author}, updated_at = {now}, version = version + 1
         WHERE user_id = {user}"
    );
    db.query(rename).execute().await
}

/// How a product is rated; none where it never was.
pub(crate) async fn rated(db: impl Session<'_>, product: Uuid) -> Result<Option<Tally>> {
    let rated = sql!("SELECT {Tally.*} FROM ratings WHERE product_id = {product}");
    db.query(rated).optional().await
}

/// Adds `steps` to the counts of one to five stars and raises the version.
pub(crate) async fn tally(tx: &mut Tx, product: Uuid, steps: &[i64; 5]) -> Result<Tally> {
    // Not one upsert: its row of steps, negative ones among them, would have to pass the CHECKs.
    let none = sql!(
        "INSERT INTO ratings (product_id, version, one, two, three, four, five)
         VALUES ({product}, 0, 0, 0, 0, 0, 0) ON CONFLICT (product_id) DO NOTHING"
    );
    tx.query(none).execute().await?;
    let [one, two, three, four, five] = *steps;
    let add = sql!(
        "UPDATE ratings SET version = version + 1, one = one + {one}, two = two + {two},
                            three = three + {three}, four = four + {four}, five = five + {five}
         WHERE product_id = {product} RETURNING {Tally.*}"
    );
    tx.query(add).one().await
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
    let note = sql!(
        "INSERT INTO purchases (order_id, product_id, user_id, counts, version)
         VALUES ({order}, {product}, {user}, {counts}, {version})
         ON CONFLICT (order_id, product_id) DO UPDATE
         SET counts = excluded.counts, version = excluded.version
         WHERE purchases.version < excluded.version"
    );
    db.query(note).execute().await.map(drop)
}

/// Whether a user bought a product and kept it.
pub(crate) async fn has_bought(db: impl Session<'_>, user: Uuid, product: Uuid) -> Result<bool> {
    let bought = sql!(
        "SELECT EXISTS (SELECT 1 FROM purchases
                        WHERE user_id = {user} AND product_id = {product} AND counts)"
    );
    let (bought,) = db.query(bought).one().await?;
    Ok(bought)
}

#[cfg(test)]
mod tests;
