//! Products with their variants, tags and categories.

mod write;

use std::collections::{BTreeMap, HashMap};

use chassis::db::Json;
use chassis::db::{Db, Result, Session, Sql, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{id_list, text_list};
use crate::model::{Image, Policy, Product, ProductOption, Rating, Status, Variant};
pub(crate) use write::{
    add_sold, add_views, delete, insert, put_in_categories, set_images, set_rating,
    take_out_of_categories, update,
};

#[derive(chassis::db::Record)]
struct Row {
    id: Uuid,
    slug: String,
    title: String,
    description: String,
    vendor: String,
    product_type: String,
    tags: Json<Vec<String>>,
    status: Status,
    options: Json<Vec<ProductOption>>,
    images: Json<Vec<Image>>,
    seo_title: Option<String>,
    seo_description: Option<String>,
    rating_count: i64,
    rating_sum: i64,
    views: i64,
    sold: i64,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(chassis::db::Record)]
struct VariantRow {
    id: Uuid,
    product_id: Uuid,
    sku: String,
    title: String,
    options: Json<BTreeMap<String, String>>,
    price: i64,
    compare_at_price: Option<i64>,
    position: i64,
    barcode: Option<String>,
    weight_grams: i64,
    weight_unit: String,
    requires_shipping: bool,
    taxable: bool,
    tax_code: Option<String>,
    image: Option<String>,
    policy: Policy,
    on_hand: i64,
    allocated: i64,
    reserved: i64,
}

/// What a variant costs and how much of it there is: what a quote needs.
#[derive(Debug, chassis::db::Record)]
pub(crate) struct OfferRow {
    pub(crate) sku: String,
    pub(crate) product_id: Uuid,
    pub(crate) variant_id: Uuid,
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) variant_title: String,
    pub(crate) variants: i64,
    pub(crate) image: Option<String>,
    pub(crate) images: Json<Vec<Image>>,
    pub(crate) price: i64,
    pub(crate) requires_shipping: bool,
    pub(crate) taxable: bool,
    pub(crate) policy: Policy,
    pub(crate) on_hand: i64,
    pub(crate) allocated: i64,
    pub(crate) reserved: i64,
}

// On PostgreSQL an array, not a subquery: even without statistics it is looked up by index.
const BY_IDS: Sql = Sql {
    sqlite: "SELECT * FROM products WHERE id IN (SELECT unhex(value) FROM json_each($1))",
    postgres: "SELECT * FROM products WHERE id = ANY(ARRAY(
                   SELECT CAST(value AS UUID) FROM json_array_elements_text(CAST($1 AS JSON))))",
};
const VARIANTS: Sql = Sql {
    sqlite: "SELECT v.*, s.policy, s.on_hand, s.allocated, s.reserved
             FROM variants v JOIN stock s ON s.sku = v.sku
             WHERE v.product_id IN (SELECT unhex(value) FROM json_each($1))
             ORDER BY v.product_id, v.position",
    postgres: "SELECT v.*, s.policy, s.on_hand, s.allocated, s.reserved
               FROM variants v JOIN stock s ON s.sku = v.sku
               WHERE v.product_id = ANY(ARRAY(
                   SELECT CAST(value AS UUID) FROM json_array_elements_text(CAST($1 AS JSON))))
               ORDER BY v.product_id, v.position",
};
const CATEGORIES: Sql = Sql {
    sqlite: "SELECT product_id, category_id FROM product_categories
             WHERE product_id IN (SELECT unhex(value) FROM json_each($1)) AND direct
             ORDER BY product_id, category_id",
    postgres: "SELECT product_id, category_id FROM product_categories
               WHERE product_id = ANY(ARRAY(
                   SELECT CAST(value AS UUID) FROM json_array_elements_text(CAST($1 AS JSON))))
                     AND direct
               ORDER BY product_id, category_id",
};
const OFFERS_BY_SKU: Sql = Sql {
    sqlite:
        "SELECT v.sku, v.product_id, v.id AS variant_id, p.slug, p.title, v.title AS variant_title,
                    (SELECT count(*) FROM variants o WHERE o.product_id = p.id) AS variants,
                    v.image, p.images, v.price, v.requires_shipping, v.taxable,
                    s.policy, s.on_hand, s.allocated, s.reserved
             FROM variants v JOIN products p ON p.id = v.product_id JOIN stock s ON s.sku = v.sku
             WHERE v.sku IN (SELECT value FROM json_each($1)) AND p.status = 'active'",
    postgres:
        "SELECT v.sku, v.product_id, v.id AS variant_id, p.slug, p.title, v.title AS variant_title,
                      (SELECT count(*) FROM variants o WHERE o.product_id = p.id) AS variants,
                      v.image, p.images, v.price, v.requires_shipping, v.taxable,
                      s.policy, s.on_hand, s.allocated, s.reserved
               FROM variants v JOIN products p ON p.id = v.product_id JOIN stock s ON s.sku = v.sku
               WHERE v.sku = ANY(ARRAY(
                   SELECT value FROM json_array_elements_text(CAST($1 AS JSON))))
                     AND p.status = 'active'",
};
const OFFERS_BY_PRODUCT: Sql = Sql {
    sqlite:
        "SELECT v.sku, v.product_id, v.id AS variant_id, p.slug, p.title, v.title AS variant_title,
                    (SELECT count(*) FROM variants o WHERE o.product_id = p.id) AS variants,
                    v.image, p.images, v.price, v.requires_shipping, v.taxable,
                    s.policy, s.on_hand, s.allocated, s.reserved
             FROM variants v JOIN products p ON p.id = v.product_id JOIN stock s ON s.sku = v.sku
             WHERE v.product_id IN (SELECT unhex(value) FROM json_each($1))
                   AND p.status = 'active'
             ORDER BY v.product_id, v.position",
    postgres:
        "SELECT v.sku, v.product_id, v.id AS variant_id, p.slug, p.title, v.title AS variant_title,
                      (SELECT count(*) FROM variants o WHERE o.product_id = p.id) AS variants,
                      v.image, p.images, v.price, v.requires_shipping, v.taxable,
                      s.policy, s.on_hand, s.allocated, s.reserved
               FROM variants v JOIN products p ON p.id = v.product_id JOIN stock s ON s.sku = v.sku
               WHERE v.product_id = ANY(ARRAY(
                   SELECT CAST(value AS UUID) FROM json_array_elements_text(CAST($1 AS JSON))))
                     AND p.status = 'active'
               ORDER BY v.product_id, v.position",
};
const TAKEN_SKUS: Sql = Sql {
    sqlite: "SELECT sku FROM variants
             WHERE sku IN (SELECT value FROM json_each($1)) AND product_id <> $2",
    postgres: "SELECT sku FROM variants
               WHERE sku = ANY(ARRAY(
                   SELECT value FROM json_array_elements_text(CAST($1 AS JSON))))
                     AND product_id <> $2",
};

const BY_SLUGS: Sql = Sql {
    sqlite: "SELECT * FROM products WHERE slug IN (SELECT value FROM json_each($1))",
    postgres: "SELECT * FROM products WHERE slug = ANY(ARRAY(
                   SELECT value FROM json_array_elements_text(CAST($1 AS JSON))))",
};
const OWNERS: Sql = Sql {
    sqlite: "SELECT sku, product_id FROM variants WHERE sku IN (SELECT value FROM json_each($1))",
    postgres: "SELECT sku, product_id FROM variants
               WHERE sku = ANY(ARRAY(
                   SELECT value FROM json_array_elements_text(CAST($1 AS JSON))))",
};

/// A product by its id, or by its slug where `key` is not an id.
pub(crate) async fn find(db: &Db, key: &str) -> Result<Option<Product>> {
    let row = row(db, key).await?;
    Ok(complete(db, row.into_iter().collect()).await?.pop())
}

/// The same inside a transaction that is about to change it: nobody else does before it ends.
pub(crate) async fn find_in(tx: &mut Tx, key: &str) -> Result<Option<Product>> {
    let row = locked_row(tx, key).await?;
    let ids = id_list(row.iter().map(|it| it.id));
    let variants = tx.query(VARIANTS).bind(ids.clone()).all().await?;
    let categories = tx.query(CATEGORIES).bind(ids).all().await?;
    Ok(assemble(row.into_iter().collect(), variants, categories).pop())
}

/// The products that exist among `ids`, in the order of `ids`.
pub(crate) async fn by_ids(db: &Db, ids: &[Uuid]) -> Result<Vec<Product>> {
    let rows = db.query(BY_IDS).bind(id_list(ids.iter().copied())).all().await?;
    let mut products: HashMap<Uuid, Product> =
        complete(db, rows).await?.into_iter().map(|it| (it.id, it)).collect();
    Ok(ids.iter().filter_map(|id| products.remove(id)).collect())
}

/// The products with these slugs, in no order.
pub(crate) async fn by_slugs<'a>(
    db: &Db,
    slugs: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Product>> {
    let rows = db.query(BY_SLUGS).bind(text_list(slugs)).all().await?;
    complete(db, rows).await
}

/// Those of the SKUs that are taken, and by which product.
pub(crate) async fn owners<'a>(
    db: &Db,
    skus: impl IntoIterator<Item = &'a str>,
) -> Result<HashMap<String, Uuid>> {
    let owners = db.query(OWNERS).bind(text_list(skus)).all::<(String, Uuid)>().await?;
    Ok(owners.into_iter().collect())
}

/// Up to `limit` products of any status with an id above `after`, by id: a walk through all.
pub(crate) async fn page(db: &Db, after: Uuid, limit: i64) -> Result<Vec<Product>> {
    let page = db.query("SELECT * FROM products WHERE id > $1 ORDER BY id LIMIT $2");
    let rows = page.bind(after).bind(limit).all().await?;
    complete(db, rows).await
}

/// Products that were bought or looked at, with units and views.
pub(crate) async fn demand(db: &Db) -> Result<Vec<(Uuid, i64, i64)>> {
    db.query("SELECT id, sold, views FROM products WHERE sold <> 0 OR views <> 0").all().await
}

/// Whether there is no product at all.
pub(crate) async fn is_empty(db: impl Session<'_>) -> Result<bool> {
    let any = db.query("SELECT id FROM products LIMIT 1").optional::<(Uuid,)>().await?;
    Ok(any.is_none())
}

/// The id of the product with this slug.
pub(crate) async fn id_of(db: impl Session<'_>, slug: &str) -> Result<Option<Uuid>> {
    let find = db.query("SELECT id FROM products WHERE slug = $1").bind(slug.to_owned());
    Ok(find.optional::<(Uuid,)>().await?.map(|(id,)| id))
}

/// Which of the SKUs belong to variants of other products than `product`.
pub(crate) async fn taken_skus<'a>(
    db: impl Session<'_>,
    skus: impl IntoIterator<Item = &'a str>,
    product: Uuid,
) -> Result<Vec<String>> {
    let taken = db.query(TAKEN_SKUS).bind(text_list(skus)).bind(product);
    Ok(taken.all::<(String,)>().await?.into_iter().map(|(sku,)| sku).collect())
}

/// Offers of these SKUs, in no order; those not for sale are missing.
pub(crate) async fn offers_by_sku<'a>(
    db: &Db,
    skus: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<OfferRow>> {
    db.query(OFFERS_BY_SKU).bind(text_list(skus)).all().await
}

/// Offers of all variants of these products; those not for sale are missing.
pub(crate) async fn offers_by_product(db: &Db, ids: &[Uuid]) -> Result<Vec<OfferRow>> {
    db.query(OFFERS_BY_PRODUCT).bind(id_list(ids.iter().copied())).all().await
}

async fn row(db: impl Session<'_>, key: &str) -> Result<Option<Row>> {
    match key.parse::<Uuid>() {
        Ok(id) => db.query("SELECT * FROM products WHERE id = $1").bind(id).optional().await,
        Err(_) => {
            let find = db.query("SELECT * FROM products WHERE slug = $1").bind(key.to_owned());
            find.optional().await
        }
    }
}

async fn locked_row(tx: &mut Tx, key: &str) -> Result<Option<Row>> {
    // Not FOR UPDATE: a moved category must still be able to point at the product.
    const BY_ID: Sql = Sql {
        sqlite: "SELECT * FROM products WHERE id = $1",
        postgres: "SELECT * FROM products WHERE id = $1 FOR NO KEY UPDATE",
    };
    const BY_SLUG: Sql = Sql {
        sqlite: "SELECT * FROM products WHERE slug = $1",
        postgres: "SELECT * FROM products WHERE slug = $1 FOR NO KEY UPDATE",
    };
    match key.parse::<Uuid>() {
        Ok(id) => tx.query(BY_ID).bind(id).optional().await,
        Err(_) => tx.query(BY_SLUG).bind(key.to_owned()).optional().await,
    }
}

async fn complete(db: &Db, rows: Vec<Row>) -> Result<Vec<Product>> {
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let ids = id_list(rows.iter().map(|it| it.id));
    let variants = db.query(VARIANTS).bind(ids.clone()).all().await?;
    let categories = db.query(CATEGORIES).bind(ids).all().await?;
    Ok(assemble(rows, variants, categories))
}

/// Products in the order of their rows. One that was deleted between the statements has no
/// variants, and is left out.
fn assemble(
    rows: Vec<Row>,
    variants: Vec<VariantRow>,
    categories: Vec<(Uuid, Uuid)>,
) -> Vec<Product> {
    let mut variants_of: HashMap<Uuid, Vec<Variant>> = HashMap::with_capacity(rows.len());
    for variant in variants {
        variants_of.entry(variant.product_id).or_default().push(variant.into());
    }
    let mut categories_of: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (product, category) in categories {
        categories_of.entry(product).or_default().push(category);
    }
    let product = |row: Row| {
        let variants = variants_of.remove(&row.id)?;
        let category_ids = categories_of.remove(&row.id).unwrap_or_default();
        Some(row.into_product(variants, category_ids))
    };
    rows.into_iter().filter_map(product).collect()
}

impl Row {
    fn into_product(self, variants: Vec<Variant>, category_ids: Vec<Uuid>) -> Product {
        Product {
            id: self.id,
            slug: self.slug,
            title: self.title,
            description: self.description,
            vendor: self.vendor,
            product_type: self.product_type,
            tags: self.tags.0,
            status: self.status,
            options: self.options.0,
            images: self.images.0,
            seo_title: self.seo_title,
            seo_description: self.seo_description,
            category_ids,
            rating: Rating { count: self.rating_count, sum: self.rating_sum },
            views: self.views,
            sold: self.sold,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            variants,
        }
    }
}

impl From<VariantRow> for Variant {
    fn from(row: VariantRow) -> Self {
        Self {
            id: row.id,
            product_id: row.product_id,
            sku: row.sku,
            title: row.title,
            options: row.options.0,
            price: row.price,
            compare_at_price: row.compare_at_price,
            position: row.position,
            barcode: row.barcode,
            weight_grams: row.weight_grams,
            weight_unit: row.weight_unit,
            requires_shipping: row.requires_shipping,
            taxable: row.taxable,
            tax_code: row.tax_code,
            image: row.image,
            policy: row.policy,
            on_hand: row.on_hand,
            allocated: row.allocated,
            reserved: row.reserved,
        }
    }
}
