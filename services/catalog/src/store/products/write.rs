//! Writing products. Stock is written by `store::stock`, events are told by the use case.

use chassis::db::{Insert, Json, Result, SearchKeys, Session, Tx, search_key, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{DEFAULT_VALUE, Product, Rating, Variant, slug};
use crate::store::PART;
use crate::store::listing::ListKeys;
use crate::titles::TitleOrder;

/// Characters of a title by which it is looked for.
const TITLE_KEY: usize = 60;

/// A product with what lists sort it by.
#[derive(Insert)]
#[record(table = "products", key("id"))]
struct Written<'a> {
    #[record(flatten)]
    product: &'a Product,
    title_key: String,
    price: i64,
    price_max: i64,
    #[record(flatten)]
    keys: ListKeys,
}

/// A product that is new: nobody has rated it.
#[derive(Insert)]
#[record(table = "products")]
struct First<'a> {
    #[record(flatten)]
    written: Written<'a>,
    slug_key: String,
    rating_count: i64,
    rating_sum: i64,
    rating_score: i64,
    rating_version: i64,
}

/// What SKUs are searched by.
pub(crate) static SEARCH_KEYS: SearchKeys = SearchKeys {
    table: "variants",
    from: "variants it JOIN products p ON p.id = it.product_id",
    texts: "it.sku || ' ' || p.title || ' ' || CASE it.title WHEN 'Default Title' THEN ''
            ELSE it.title END || ' ' || COALESCE(it.barcode, '')",
};

/// A variant with what its SKU is searched by.
#[derive(Insert)]
#[record(table = "variants")]
struct NewVariant<'a> {
    #[record(flatten)]
    variant: &'a Variant,
    search_key: String,
}

/// What the SKU of a variant is searched by from now on.
#[derive(Insert)]
struct Key {
    id: Uuid,
    search_key: String,
}

#[derive(Insert)]
struct Tag {
    tag: String,
    product_id: Uuid,
}

impl<'a> Written<'a> {
    fn of(product: &'a Product, titles: &TitleOrder) -> Self {
        Self {
            product,
            title_key: title_key(&product.title),
            price: product.price(),
            price_max: product.price_max(),
            keys: titles.keys(&product.title, &product.vendor),
        }
    }
}

/// Adds a product with its variants and tags. Categories and stock come after it.
pub(crate) async fn insert(tx: &mut Tx, product: &Product, titles: &TitleOrder) -> Result<()> {
    let (rating_count, rating_sum, rating_score, rating_version) = (0, 0, 0, 0);
    let written = Written::of(product, titles);
    let slug_key = slug::key(&product.slug);
    let first = First { written, slug_key, rating_count, rating_sum, rating_score, rating_version };
    tx.insert(&first).execute().await?;
    insert_variants(tx, &with_product(product)).await?;
    insert_tags(tx, &[product]).await
}

/// Adds products with their variants and tags. Categories and stock come after them.
pub(crate) async fn insert_all(
    tx: &mut Tx,
    products: &[&Product],
    titles: &TitleOrder,
) -> Result<()> {
    let (rating_count, rating_sum, rating_score, rating_version) = (0, 0, 0, 0);
    let rows = products.iter().map(|it| First {
        written: Written::of(it, titles),
        slug_key: slug::key(&it.slug),
        rating_count,
        rating_sum,
        rating_score,
        rating_version,
    });
    let rows: Vec<First<'_>> = rows.collect();
    tx.insert_all(&rows).await?;
    let variants: Vec<_> = products.iter().flat_map(|it| with_product(it)).collect();
    insert_variants(tx, &variants).await?;
    insert_tags(tx, products).await
}

/// Writes a product over `old`; false where somebody else was faster.
pub(crate) async fn update(
    tx: &mut Tx,
    old: &Product,
    product: &Product,
    titles: &TitleOrder,
) -> Result<bool> {
    let written = Written::of(product, titles);
    let updated = tx.update_if(&written, "version", old.version).execute().await?;
    if updated == 0 {
        return Ok(false);
    }
    update_variants(tx, old, product).await?;
    let id = product.id;
    if old.tags != product.tags {
        tx.query(sql!("DELETE FROM product_tags WHERE product_id = {id}")).execute().await?;
        insert_tags(tx, &[product]).await?;
    }
    let prices = (product.price(), product.price_max());
    if prices != (old.price(), old.price_max()) {
        let (price, price_max) = prices;
        let prices = sql!(
            "UPDATE product_categories SET price = {price}, price_max = {price_max}
             WHERE product_id = {id}"
        );
        tx.query(prices).execute().await?;
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
        "INSERT INTO product_categories (category_id, product_id, direct, price, price_max)
         WITH RECURSIVE up (id, parent_id, direct) AS (
             SELECT id, parent_id, TRUE FROM categories WHERE id = {category}
             UNION ALL
             SELECT c.id, c.parent_id, FALSE FROM categories c JOIN up ON c.id = up.parent_id)
         SELECT up.id, {product.id}, up.direct, {product.price()}, {product.price_max()}
         FROM up WHERE TRUE
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

/// A product in a category.
#[derive(Insert)]
struct Placed {
    category_id: Uuid,
    product_id: Uuid,
    price: i64,
    price_max: i64,
}

/// Puts new products into their categories and all above them. Names one that does not exist.
pub(crate) async fn put_all_in_categories(
    tx: &mut Tx,
    products: &[&Product],
) -> Result<Option<Uuid>> {
    let placed = |it: &Product, category_id| {
        let (price, price_max) = (it.price(), it.price_max());
        Placed { category_id, product_id: it.id, price, price_max }
    };
    let of = |it: &&Product| {
        let it = *it;
        it.category_ids.iter().map(|id| placed(it, *id)).collect::<Vec<_>>()
    };
    let all: Vec<Placed> = products.iter().flat_map(of).collect();
    let mut ids: Vec<Uuid> = all.iter().map(|it| it.category_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut known = Vec::new();
    for ids in ids.chunks(PART) {
        let known_here = sql!("SELECT id FROM categories WHERE id IN ({ids..})");
        known.extend(tx.query(known_here).all::<(Uuid,)>().await?.into_iter().map(|(id,)| id));
    }
    if let Some(unknown) = ids.iter().find(|it| !known.contains(it)) {
        return Ok(Some(*unknown));
    }
    for placed in all.chunks(PART) {
        let put = sql!(
            "INSERT INTO product_categories (category_id, product_id, direct, price, price_max)
             WITH RECURSIVE placed ({Placed.*}) AS (VALUES {placed..*}),
             up (id, parent_id, product_id, price, price_max, direct) AS (
                 SELECT c.id, c.parent_id, placed.product_id, placed.price, placed.price_max, 1
                 FROM placed JOIN categories c ON c.id = placed.category_id
                 UNION ALL
                 SELECT c.id, c.parent_id, up.product_id, up.price, up.price_max, 0
                 FROM categories c JOIN up ON c.id = up.parent_id)
             SELECT id, product_id, MAX(direct) = 1, MAX(price), MAX(price_max) FROM up GROUP BY id, product_id
             ORDER BY id, product_id
             ON CONFLICT (category_id, product_id) DO UPDATE
             SET direct = product_categories.direct OR excluded.direct"
        );
        tx.query(put).execute().await?;
    }
    Ok(None)
}

/// Writes the images of an edited product alone; false where somebody else was faster.
pub(crate) async fn set_images(tx: &mut Tx, product: &Product) -> Result<bool> {
    let Product { id, images, version, revision, field_versions, updated_at, .. } = product;
    let set = sql!(
        "UPDATE products SET images = {Json(images)}, version = {version}, revision = {revision},
                field_versions = {Json(field_versions)}, updated_at = {updated_at}
         WHERE id = {id} AND version = {version - 1}"
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
    let stays = |it: &&Variant| product.variants.iter().any(|new| new.is_same_but_for_stock(it));
    let gone = old.variants.iter().filter(|it| !stays(it)).map(|it| it.id);
    let gone: Vec<Uuid> = gone.collect();
    if !gone.is_empty() {
        tx.query(sql!("DELETE FROM variants WHERE id IN ({gone..})")).execute().await?;
    }
    let known = |it: &&Variant| old.variants.iter().any(|old| old.is_same_but_for_stock(it));
    let (known, new): (Vec<&Variant>, Vec<&Variant>) = product.variants.iter().partition(known);
    if old.title != product.title {
        let keys = known.iter().map(|it| Key { id: it.id, search_key: key(product, it) });
        for keys in keys.collect::<Vec<_>>().chunks(PART) {
            let set = sql!(
                "WITH keys ({Key.*}) AS (VALUES {keys..*})
                 UPDATE variants SET search_key = keys.search_key FROM keys
                 WHERE variants.id = keys.id"
            );
            tx.query(set).execute().await?;
        }
    }
    let new: Vec<_> = new.into_iter().map(|it| (product, it)).collect();
    insert_variants(tx, &new).await
}

async fn insert_variants(tx: &mut Tx, variants: &[(&Product, &Variant)]) -> Result<()> {
    let new = variants.iter().map(|(of, it)| NewVariant { variant: it, search_key: key(of, it) });
    let new: Vec<NewVariant<'_>> = new.collect();
    tx.insert_all(&new).await
}

fn with_product(product: &Product) -> Vec<(&Product, &Variant)> {
    product.variants.iter().map(|it| (product, it)).collect()
}

/// What the SKU of a variant is searched by.
fn key(product: &Product, variant: &Variant) -> String {
    let Variant { sku, title, barcode, .. } = variant;
    let title = if title == DEFAULT_VALUE { "" } else { title };
    search_key(&[sku, &product.title, title, barcode.as_deref().unwrap_or_default()])
}

async fn insert_tags(tx: &mut Tx, products: &[&Product]) -> Result<()> {
    // Tags are looked up without regard to case.
    let tag = |tag: &String, product_id| Tag { tag: tag.to_lowercase(), product_id };
    let tags = products.iter().flat_map(|it| it.tags.iter().map(|name| tag(name, it.id)));
    let tags: Vec<Tag> = tags.collect();
    for tags in tags.chunks(PART) {
        let insert =
            sql!("INSERT INTO product_tags ({Tag.*}) VALUES {tags..*} ON CONFLICT DO NOTHING");
        tx.query(insert).execute().await?;
    }
    Ok(())
}

/// What a title is looked for by: its beginning in lower case.
fn title_key(title: &str) -> String {
    title.chars().flat_map(char::to_lowercase).take(TITLE_KEY).collect()
}
