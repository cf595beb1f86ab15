//! Products with their variants, tags and categories.
//!
//! `SELECT *`, since a product is read from columns, too, that it does not write.

mod write;

use std::collections::HashMap;

use chassis::db::{Db, Json, Record, Result, Select, Session, Tx, sql};
use uuid::Uuid;

use super::PART;
use crate::model::{Image, Policy, Product, Status, Variant};
pub(crate) use write::{
    Demand, add_demand, delete, insert, put_in_categories, set_images, set_rating,
    take_out_of_categories, update,
};
#[cfg(test)]
pub(crate) use write::{add_sold, add_views};

/// What a variant costs and how much of it there is: what a quote needs.
#[derive(Debug, Record)]
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

/// The columns of an offer.
const OFFER: &str = "v.sku, v.product_id, v.id AS variant_id, p.slug, p.title,
    v.title AS variant_title,
    (SELECT count(*) FROM variants o WHERE o.product_id = p.id) AS variants,
    v.image, p.images, v.price, v.requires_shipping, v.taxable,
    s.policy, s.on_hand, s.allocated, s.reserved";

/// A product by its id, or by its slug where `key` is not an id.
pub(crate) async fn find(db: &Db, key: &str) -> Result<Option<Product>> {
    let row = row(db, key).await?;
    Ok(complete(db, row.into_iter().collect()).await?.pop())
}

/// The same inside a transaction that is about to change it: nobody else does before it ends.
pub(crate) async fn find_in(tx: &mut Tx, key: &str) -> Result<Option<Product>> {
    let Some(row) = locked_row(tx, key).await? else { return Ok(None) };
    let ids = [row.id];
    let variants = variants(&mut *tx, &ids).await?;
    let categories = categories(tx, &ids).await?;
    Ok(assemble(vec![row], variants, categories).pop())
}

/// The products that exist among `ids`, in the order of `ids`.
pub(crate) async fn by_ids(db: &Db, ids: &[Uuid]) -> Result<Vec<Product>> {
    let mut products: HashMap<Uuid, Product> = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(PART) {
        let rows = db.query(sql!("SELECT * FROM products WHERE id IN ({ids..})"));
        let found = complete(db, rows.all().await?).await?;
        products.extend(found.into_iter().map(|it| (it.id, it)));
    }
    Ok(ids.iter().filter_map(|id| products.remove(id)).collect())
}

/// The products with these slugs, in no order.
pub(crate) async fn by_slugs<'a>(
    db: &Db,
    slugs: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Product>> {
    let slugs: Vec<&str> = slugs.into_iter().collect();
    let mut products = Vec::with_capacity(slugs.len());
    for slugs in slugs.chunks(PART) {
        let rows = db.query(sql!("SELECT * FROM products WHERE slug IN ({slugs..})"));
        products.extend(complete(db, rows.all().await?).await?);
    }
    Ok(products)
}

/// Those of the SKUs that are taken, and by which product.
pub(crate) async fn owners<'a>(
    db: &Db,
    skus: impl IntoIterator<Item = &'a str>,
) -> Result<HashMap<String, Uuid>> {
    let skus: Vec<&str> = skus.into_iter().collect();
    let mut owners = HashMap::new();
    for skus in skus.chunks(PART) {
        let of = db.query(sql!("SELECT sku, product_id FROM variants WHERE sku IN ({skus..})"));
        owners.extend(of.all::<(String, Uuid)>().await?);
    }
    Ok(owners)
}

/// Up to `limit` products of any status with an id above `after`, by id: a walk through all.
pub(crate) async fn page(db: &Db, after: Uuid, limit: i64) -> Result<Vec<Product>> {
    let page = sql!("SELECT * FROM products WHERE id > {after} ORDER BY id LIMIT {limit}");
    let rows = db.query(page).all().await?;
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
    let find = db.query(sql!("SELECT id FROM products WHERE slug = {slug}"));
    Ok(find.optional::<(Uuid,)>().await?.map(|(id,)| id))
}

/// Which of the SKUs belong to variants of other products than `product`, which has hundreds of
/// variants at most.
pub(crate) async fn taken_skus<'a>(
    db: impl Session<'_>,
    skus: impl IntoIterator<Item = &'a str>,
    product: Uuid,
) -> Result<Vec<String>> {
    let skus: Vec<&str> = skus.into_iter().collect();
    let taken =
        sql!("SELECT sku FROM variants WHERE sku IN ({skus..}) AND product_id <> {product}");
    Ok(db.query(taken).all::<(String,)>().await?.into_iter().map(|(sku,)| sku).collect())
}

/// What is offered: one text, whatever it is looked up by.
fn offers() -> Select {
    let mut offers = Select::from(
        "variants v JOIN products p ON p.id = v.product_id JOIN stock s ON s.sku = v.sku",
    );
    offers.equal("p.status", Some(Status::Active));
    offers
}

/// Offers of these SKUs, in no order; those not for sale are missing.
pub(crate) async fn offers_by_sku<'a>(
    db: &Db,
    skus: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<OfferRow>> {
    let skus: Vec<&str> = skus.into_iter().collect();
    let mut offers = offers();
    offers.one_of("v.sku", skus.iter().map(|it| (*it).to_owned()));
    offers.columns(db, OFFER).all().await
}

/// Offers of all variants of these products; those not for sale are missing.
pub(crate) async fn offers_by_product(db: &Db, ids: &[Uuid]) -> Result<Vec<OfferRow>> {
    let mut offers = offers();
    offers.one_of("v.product_id", ids.iter().copied()).order("v.product_id, v.position");
    offers.columns(db, OFFER).all().await
}

async fn row(db: impl Session<'_>, key: &str) -> Result<Option<Product>> {
    match key.parse::<Uuid>() {
        Ok(id) => db.query(sql!("SELECT * FROM products WHERE id = {id}")).optional().await,
        Err(_) => db.query(sql!("SELECT * FROM products WHERE slug = {key}")).optional().await,
    }
}

async fn locked_row(tx: &mut Tx, key: &str) -> Result<Option<Product>> {
    // Not FOR UPDATE: a moved category must still be able to point at the product.
    match key.parse::<Uuid>() {
        Ok(id) => {
            let by_id = sql!(
                sqlite: "SELECT * FROM products WHERE id = {id}",
                postgres: "SELECT * FROM products WHERE id = {id} FOR NO KEY UPDATE",
            );
            tx.query(by_id).optional().await
        }
        Err(_) => {
            let by_slug = sql!(
                sqlite: "SELECT * FROM products WHERE slug = {key}",
                postgres: "SELECT * FROM products WHERE slug = {key} FOR NO KEY UPDATE",
            );
            tx.query(by_slug).optional().await
        }
    }
}

async fn complete(db: &Db, rows: Vec<Product>) -> Result<Vec<Product>> {
    let ids: Vec<Uuid> = rows.iter().map(|it| it.id).collect();
    let (mut of_variants, mut of_categories) = (Vec::new(), Vec::new());
    for ids in ids.chunks(PART) {
        of_variants.extend(variants(db, ids).await?);
        of_categories.extend(categories(db, ids).await?);
    }
    Ok(assemble(rows, of_variants, of_categories))
}

async fn variants(db: impl Session<'_>, products: &[Uuid]) -> Result<Vec<Variant>> {
    let variants = sql!(
        "SELECT v.*, s.policy, s.on_hand, s.allocated, s.reserved
         FROM variants v JOIN stock s ON s.sku = v.sku
         WHERE v.product_id IN ({products..}) ORDER BY v.product_id, v.position"
    );
    db.query(variants).all().await
}

/// Which products are in which categories, not counting those above them.
async fn categories(db: impl Session<'_>, products: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>> {
    let categories = sql!(
        "SELECT product_id, category_id FROM product_categories
         WHERE product_id IN ({products..}) AND direct ORDER BY product_id, category_id"
    );
    db.query(categories).all().await
}

/// Products in the order of their rows. One that was deleted between the statements has no
/// variants, and is left out.
fn assemble(
    rows: Vec<Product>,
    variants: Vec<Variant>,
    categories: Vec<(Uuid, Uuid)>,
) -> Vec<Product> {
    let mut variants_of: HashMap<Uuid, Vec<Variant>> = HashMap::with_capacity(rows.len());
    for variant in variants {
        variants_of.entry(variant.product_id).or_default().push(variant);
    }
    let mut categories_of: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (product, category) in categories {
        categories_of.entry(product).or_default().push(category);
    }
    let product = |row: Product| {
        let variants = variants_of.remove(&row.id)?;
        let category_ids = categories_of.remove(&row.id).unwrap_or_default();
        Some(Product { variants, category_ids, ..row })
    };
    rows.into_iter().filter_map(product).collect()
}
