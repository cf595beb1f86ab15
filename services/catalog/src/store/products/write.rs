//! Writing products. Stock is written by `store::stock`, events are told by the use case.

use chassis::db::{Insert, Json, Result, Session, Tx, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Image, Product, Rating, Variant};
use crate::store::PART;

/// Characters of a title by which lists sort.
const TITLE_KEY: usize = 60;

/// A product with what lists sort it by.
#[derive(Insert)]
#[record(table = "products", key("id"))]
struct Written<'a> {
    #[record(flatten)]
    product: &'a Product,
    title_key: String,
    price: i64,
}

/// A product that is new: nobody has rated it.
#[derive(Insert)]
#[record(table = "products")]
struct First<'a> {
    #[record(flatten)]
    written: Written<'a>,
    rating_count: i64,
    rating_sum: i64,
    rating_score: i64,
    rating_version: i64,
}

#[derive(Insert)]
struct Tag {
    tag: String,
    product_id: Uuid,
}

impl<'a> Written<'a> {
    fn of(product: &'a Product) -> Self {
        Self { product, title_key: title_key(&product.title), price: product.price() }
    }
}

/// Adds a product with its variants and tags. Categories and stock come after it.
pub(crate) async fn insert(tx: &mut Tx, product: &Product) -> Result<()> {
    let (rating_count, rating_sum, rating_score, rating_version) = (0, 0, 0, 0);
    let written = Written::of(product);
    let first = First { written, rating_count, rating_sum, rating_score, rating_version };
    tx.insert(&first).execute().await?;
    tx.insert_all(&product.variants).await?;
    insert_tags(tx, product).await
}

/// Writes a product over `old`; false where somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, old: &Product, product: &Product) -> Result<bool> {
    let updated = tx.update_if(&Written::of(product), "version", old.version).execute().await?;
    if updated == 0 {
        return Ok(false);
    }
    update_variants(tx, old, product).await?;
    let id = product.id;
    if old.tags != product.tags {
        tx.query(sql!("DELETE FROM product_tags WHERE product_id = {id}")).execute().await?;
        insert_tags(tx, product).await?;
    }
    if old.price() != product.price() {
        let price =
            sql!("UPDATE product_categories SET price = {product.price()} WHERE product_id = {id}");
        tx.query(price).execute().await?;
    }
    Ok(true)
}

/// Removes a product with all that belongs to it but its stock, which must be gone before.
pub(crate) async fn delete(tx: &mut Tx, id: Uuid) -> Result<bool> {
    let deleted = tx.query(sql!("DELETE FROM products WHERE id = {id}")).execute().await?;
    Ok(deleted == 1)
}

/// What is added to how often a product was looked at, and to its units that were bought.
#[derive(Clone, Copy, Debug, Insert)]
pub(crate) struct Demand {
    pub(crate) id: Uuid,
    pub(crate) views: i64,
    pub(crate) sold: i64,
}

/// Counts views and sales of these products, those that are still there. They are locked in the
/// order of their ids.
pub(crate) async fn add_demand(tx: &mut Tx, of: &[Demand]) -> Result<()> {
    for of in of.chunks(PART) {
        let add = sql!(
            sqlite: "WITH demand ({Demand.*}) AS (VALUES {of..*})
                     UPDATE products SET views = products.views + demand.views,
                                         sold = products.sold + demand.sold
                     FROM demand WHERE products.id = demand.id",
            postgres: "WITH demand ({Demand.*}) AS (VALUES {of..*}),
                       locked AS MATERIALIZED (
                           SELECT p.id FROM products p JOIN demand ON demand.id = p.id
                           ORDER BY p.id FOR NO KEY UPDATE OF p)
                       UPDATE products SET views = products.views + demand.views,
                                           sold = products.sold + demand.sold
                       FROM demand JOIN locked ON locked.id = demand.id
                       WHERE products.id = demand.id",
        );
        tx.query(add).execute().await?;
    }
    Ok(())
}

/// Counts views of one product.
#[cfg(test)]
pub(crate) async fn add_views(tx: &mut Tx, id: Uuid, views: i64) -> Result<()> {
    add_demand(tx, &[Demand { id, views, sold: 0 }]).await
}

/// Counts units of one product.
#[cfg(test)]
pub(crate) async fn add_sold(tx: &mut Tx, id: Uuid, sold: i64) -> Result<()> {
    add_demand(tx, &[Demand { id, views: 0, sold }]).await
}

/// Puts a product into one category and all above it; false where there is no such category.
async fn put_in(tx: &mut Tx, product: &Product, category: Uuid) -> Result<bool> {
    let put = sql!(
        "INSERT INTO product_categories (category_id, product_id, direct, price)
         WITH RECURSIVE up (id, parent_id, direct) AS (
             SELECT id, parent_id, TRUE FROM categories WHERE id = {category}
             UNION ALL
             SELECT c.id, c.parent_id, FALSE FROM categories c JOIN up ON c.id = up.parent_id)
         SELECT up.id, {product.id}, up.direct, {product.price()} FROM up WHERE TRUE
         ON CONFLICT (category_id, product_id) DO UPDATE
         SET direct = product_categories.direct OR excluded.direct"
    );
    Ok(tx.query(put).execute().await? > 0)
}

/// Takes a product out of all its categories.
pub(crate) async fn take_out_of_categories(tx: &mut Tx, product: Uuid) -> Result<()> {
    let forget = sql!("DELETE FROM product_categories WHERE product_id = {product}");
    tx.query(forget).execute().await.map(drop)
}

/// Puts a product into its categories. Names the one that does not exist.
pub(crate) async fn put_in_categories(tx: &mut Tx, product: &Product) -> Result<Option<Uuid>> {
    for category in &product.category_ids {
        if !put_in(tx, product, *category).await? {
            return Ok(Some(*category));
        }
    }
    Ok(None)
}

/// Writes the images alone; false where somebody else was faster.
pub(crate) async fn set_images(
    tx: &mut Tx,
    product: &Product,
    images: &[Image],
    now: DateTime<Utc>,
) -> Result<bool> {
    let Product { id, version, .. } = product;
    let set = sql!(
        "UPDATE products SET images = {Json(images)}, version = version + 1, updated_at = {now}
         WHERE id = {id} AND version = {version}"
    );
    Ok(tx.query(set).execute().await? == 1)
}

/// Takes over a rating that is newer than the one known; returns the product's slug and new
/// version if so.
pub(crate) async fn set_rating(
    tx: &mut Tx,
    id: Uuid,
    rating: Rating,
    rating_version: i64,
    now: DateTime<Utc>,
) -> Result<Option<(String, i64)>> {
    let Rating { count, sum } = rating;
    let set = sql!(
        "UPDATE products SET rating_count = {count}, rating_sum = {sum},
                rating_score = {rating.score()}, rating_version = {rating_version},
                version = version + 1, updated_at = {now}
         WHERE id = {id} AND rating_version < {rating_version} RETURNING slug, version"
    );
    tx.query(set).optional().await
}

/// Removed and changed variants go first, so that SKUs can change hands between them.
async fn update_variants(tx: &mut Tx, old: &Product, product: &Product) -> Result<()> {
    let stays = |it: &&Variant| product.variants.iter().any(|new| same_row(new, it));
    let gone = old.variants.iter().filter(|it| !stays(it)).map(|it| it.id);
    let gone: Vec<Uuid> = gone.collect();
    if !gone.is_empty() {
        tx.query(sql!("DELETE FROM variants WHERE id IN ({gone..})")).execute().await?;
    }
    let known = |it: &&Variant| old.variants.iter().any(|old| same_row(old, it));
    let new: Vec<&Variant> = product.variants.iter().filter(|it| !known(it)).collect();
    tx.insert_all(&new).await
}

/// Whether two variants are the same row: all but the stock.
fn same_row(a: &Variant, b: &Variant) -> bool {
    a.id == b.id && {
        let b = Variant {
            policy: a.policy,
            on_hand: a.on_hand,
            allocated: a.allocated,
            reserved: a.reserved,
            ..b.clone()
        };
        *a == b
    }
}

async fn insert_tags(tx: &mut Tx, product: &Product) -> Result<()> {
    // Tags are looked up without regard to case.
    let tags = product.tags.iter().map(|it| Tag { tag: it.to_lowercase(), product_id: product.id });
    let tags: Vec<Tag> = tags.collect();
    if tags.is_empty() {
        return Ok(());
    }
    let insert = sql!("INSERT INTO product_tags ({Tag.*}) VALUES {tags..*} ON CONFLICT DO NOTHING");
    tx.query(insert).execute().await.map(drop)
}

/// What lists sort by: the beginning of the title in lower case.
fn title_key(title: &str) -> String {
    title.chars().flat_map(char::to_lowercase).take(TITLE_KEY).collect()
}
