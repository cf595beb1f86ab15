//! Writing products. Stock is written by `store::stock`, events are told by the use case.

use chassis::db::Json;
use chassis::db::{Result, Session, Sql, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Image, Product, Rating, Variant};
use crate::store::text_list;

/// Characters of a title by which lists sort.
const TITLE_KEY: usize = 60;

/// Adds a product with its variants and tags. Categories and stock come after it.
pub(crate) async fn insert(tx: &mut Tx, product: &Product) -> Result<()> {
    tx.query(
        "INSERT INTO products (id, slug, title, title_key, description, vendor, product_type, tags,
                               status, options, images, seo_title, seo_description, price,
                               rating_count, rating_sum, rating_score, rating_version, version,
                               created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0, 0, 0, $15,
                 $16, $17)",
    )
    .bind(product.id)
    .bind(product.slug.clone())
    .bind(product.title.clone())
    .bind(title_key(&product.title))
    .bind(product.description.clone())
    .bind(product.vendor.clone())
    .bind(product.product_type.clone())
    .bind(Json(product.tags.clone()))
    .bind(product.status.as_str())
    .bind(Json(product.options.clone()))
    .bind(Json(product.images.clone()))
    .bind(product.seo_title.clone())
    .bind(product.seo_description.clone())
    .bind(product.price())
    .bind(product.version)
    .bind(product.created_at)
    .bind(product.updated_at)
    .execute()
    .await?;
    for variant in &product.variants {
        insert_variant(tx, variant).await?;
    }
    insert_tags(tx, product).await
}

/// Writes a product over `old`; false where somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, old: &Product, product: &Product) -> Result<bool> {
    let updated = tx
        .query(
            "UPDATE products SET slug = $3, title = $4, title_key = $5, description = $6,
                    vendor = $7, product_type = $8, tags = $9, status = $10, options = $11,
                    images = $12, seo_title = $13, seo_description = $14, price = $15,
                    version = $16, updated_at = $17
             WHERE id = $1 AND version = $2",
        )
        .bind(product.id)
        .bind(old.version)
        .bind(product.slug.clone())
        .bind(product.title.clone())
        .bind(title_key(&product.title))
        .bind(product.description.clone())
        .bind(product.vendor.clone())
        .bind(product.product_type.clone())
        .bind(Json(product.tags.clone()))
        .bind(product.status.as_str())
        .bind(Json(product.options.clone()))
        .bind(Json(product.images.clone()))
        .bind(product.seo_title.clone())
        .bind(product.seo_description.clone())
        .bind(product.price())
        .bind(product.version)
        .bind(product.updated_at)
        .execute()
        .await?;
    if updated == 0 {
        return Ok(false);
    }
    update_variants(tx, old, product).await?;
    if old.tags != product.tags {
        let forget = tx.query("DELETE FROM product_tags WHERE product_id = $1").bind(product.id);
        forget.execute().await?;
        insert_tags(tx, product).await?;
    }
    if old.price() != product.price() {
        tx.query("UPDATE product_categories SET price = $2 WHERE product_id = $1")
            .bind(product.id)
            .bind(product.price())
            .execute()
            .await?;
    }
    Ok(true)
}

/// Removes a product with all that belongs to it but its stock, which must be gone before.
pub(crate) async fn delete(tx: &mut Tx, id: Uuid) -> Result<bool> {
    let deleted = tx.query("DELETE FROM products WHERE id = $1").bind(id).execute().await?;
    Ok(deleted == 1)
}

/// Counts views of a product, if it is still there.
pub(crate) async fn add_views(tx: &mut Tx, id: Uuid, count: i64) -> Result<()> {
    let add = tx.query("UPDATE products SET views = views + $2 WHERE id = $1");
    add.bind(id).bind(count).execute().await.map(drop)
}

/// Counts units of a product that were bought, or given back, if it is still there.
pub(crate) async fn add_sold(tx: &mut Tx, id: Uuid, units: i64) -> Result<()> {
    let add = tx.query("UPDATE products SET sold = sold + $2 WHERE id = $1");
    add.bind(id).bind(units).execute().await.map(drop)
}

/// Puts a product into one category and all above it; false where there is no such category.
async fn put_in(tx: &mut Tx, product: &Product, category: Uuid) -> Result<bool> {
    let rows = tx
        .query(
            "INSERT INTO product_categories (category_id, product_id, direct, price)
             WITH RECURSIVE up (id, parent_id, direct) AS (
                 SELECT id, parent_id, TRUE FROM categories WHERE id = $1
                 UNION ALL
                 SELECT c.id, c.parent_id, FALSE FROM categories c JOIN up ON c.id = up.parent_id)
             SELECT up.id, $2, up.direct, $3 FROM up WHERE TRUE
             ON CONFLICT (category_id, product_id) DO UPDATE
             SET direct = product_categories.direct OR excluded.direct",
        )
        .bind(category)
        .bind(product.id)
        .bind(product.price())
        .execute()
        .await?;
    Ok(rows > 0)
}

/// Takes a product out of all its categories.
pub(crate) async fn take_out_of_categories(tx: &mut Tx, product: Uuid) -> Result<()> {
    let forget = tx.query("DELETE FROM product_categories WHERE product_id = $1").bind(product);
    forget.execute().await.map(drop)
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
    let updated = tx
        .query(
            "UPDATE products SET images = $3, version = version + 1, updated_at = $4
             WHERE id = $1 AND version = $2",
        )
        .bind(product.id)
        .bind(product.version)
        .bind(Json(images.to_vec()))
        .bind(now)
        .execute()
        .await?;
    Ok(updated == 1)
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
    tx.query(
        "UPDATE products SET rating_count = $3, rating_sum = $4, rating_score = $5,
                rating_version = $2, version = version + 1, updated_at = $6
         WHERE id = $1 AND rating_version < $2 RETURNING slug, version",
    )
    .bind(id)
    .bind(rating_version)
    .bind(rating.count)
    .bind(rating.sum)
    .bind(rating.score())
    .bind(now)
    .optional()
    .await
}

/// Removed and changed variants go first, so that SKUs can change hands between them.
async fn update_variants(tx: &mut Tx, old: &Product, product: &Product) -> Result<()> {
    let stays = |it: &&Variant| product.variants.iter().any(|new| same_row(new, it));
    for variant in old.variants.iter().filter(|it| !stays(it)) {
        let delete = tx.query("DELETE FROM variants WHERE id = $1").bind(variant.id);
        delete.execute().await?;
    }
    let known = |it: &&Variant| old.variants.iter().any(|old| same_row(old, it));
    for variant in product.variants.iter().filter(|it| !known(it)) {
        insert_variant(tx, variant).await?;
    }
    Ok(())
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

async fn insert_variant(tx: &mut Tx, variant: &Variant) -> Result<()> {
    tx.query(
        "INSERT INTO variants (id, product_id, sku, title, options, price, compare_at_price,
                               position, barcode, weight_grams, weight_unit, requires_shipping,
                               taxable, tax_code, image)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(variant.id)
    .bind(variant.product_id)
    .bind(variant.sku.clone())
    .bind(variant.title.clone())
    .bind(Json(variant.options.clone()))
    .bind(variant.price)
    .bind(variant.compare_at_price)
    .bind(variant.position)
    .bind(variant.barcode.clone())
    .bind(variant.weight_grams)
    .bind(variant.weight_unit.clone())
    .bind(variant.requires_shipping)
    .bind(variant.taxable)
    .bind(variant.tax_code.clone())
    .bind(variant.image.clone())
    .execute()
    .await
    .map(drop)
}

async fn insert_tags(tx: &mut Tx, product: &Product) -> Result<()> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO product_tags (tag, product_id)
                 SELECT value, $1 FROM json_each($2) WHERE TRUE ON CONFLICT DO NOTHING",
        postgres: "INSERT INTO product_tags (tag, product_id)
                   SELECT value, $1 FROM json_array_elements_text(CAST($2 AS JSON))
                   ON CONFLICT DO NOTHING",
    };
    if product.tags.is_empty() {
        return Ok(());
    }
    // Tags are looked up without regard to case.
    let tags: Vec<String> = product.tags.iter().map(|it| it.to_lowercase()).collect();
    tx.query(INSERT)
        .bind(product.id)
        .bind(text_list(tags.iter().map(String::as_str)))
        .execute()
        .await
        .map(drop)
}

/// What lists sort by: the beginning of the title in lower case.
fn title_key(title: &str) -> String {
    title.chars().flat_map(char::to_lowercase).take(TITLE_KEY).collect()
}
