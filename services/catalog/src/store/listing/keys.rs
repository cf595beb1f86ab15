//! What lists sort and filter by besides what a product says itself.

use chassis::db::{Db, Insert, Record, Result, Session, Tx, sql};
use uuid::Uuid;

/// Columns that are made of a product's title and vendor.
#[derive(Clone, Debug, PartialEq, Eq, Insert)]
pub(crate) struct ListKeys {
    /// The title in the order of the shop's language.
    pub(crate) title_sort: String,
    /// Which order that is.
    pub(crate) title_order: String,
    /// The vendor, folded.
    pub(crate) vendor_key: String,
}

/// A product whose keys are of another order than they should be.
#[derive(Debug, Record)]
pub(crate) struct Outdated {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) vendor: String,
}

/// New keys of a product, as long as title and vendor are these.
#[derive(Clone, Debug, Insert)]
pub(crate) struct Renewed {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) vendor: String,
    #[record(flatten)]
    pub(crate) keys: ListKeys,
}

/// Some of the products whose keys are of another order.
pub(crate) async fn outdated(db: &Db, order: &str, limit: i64) -> Result<Vec<Outdated>> {
    // Two walks along the index, none through the products that are up to date.
    let before = sql!(
        "SELECT {Outdated.*} FROM products WHERE title_order < {order} ORDER BY title_order
         LIMIT {limit}"
    );
    let mut outdated: Vec<Outdated> = db.query(before).all().await?;
    let limit = limit - outdated.len() as i64;
    let after = sql!(
        "SELECT {Outdated.*} FROM products WHERE title_order > {order} ORDER BY title_order
         LIMIT {limit}"
    );
    outdated.extend(db.query(after).all::<Outdated>().await?);
    Ok(outdated)
}

/// Writes new keys, and what older processes do not write. No event tells of it and no version
/// rises: nothing changes for anybody who reads the product.
pub(crate) async fn renew(tx: &mut Tx, renewed: Vec<Renewed>) -> Result<()> {
    if renewed.is_empty() {
        return Ok(());
    }
    let renew = sql!(
        sqlite: "WITH renewed ({Renewed.*}) AS (VALUES {renewed..*})
                 UPDATE products SET title_sort = renewed.title_sort,
                        title_order = renewed.title_order, vendor_key = renewed.vendor_key,
                        price_max = coalesce((SELECT max(v.price) FROM variants v
                                              WHERE v.product_id = products.id), products.price)
                 FROM renewed WHERE products.id = renewed.id
                 AND products.title = renewed.title AND products.vendor = renewed.vendor",
        postgres: "WITH renewed ({Renewed.*}) AS (VALUES {renewed..*}),
                   locked AS MATERIALIZED (
                       SELECT p.id FROM products p JOIN renewed ON renewed.id = p.id
                       ORDER BY p.id FOR NO KEY UPDATE OF p)
                   UPDATE products SET title_sort = renewed.title_sort,
                          title_order = renewed.title_order, vendor_key = renewed.vendor_key,
                          price_max = coalesce((SELECT max(v.price) FROM variants v
                                                WHERE v.product_id = products.id), products.price)
                   FROM renewed JOIN locked ON locked.id = renewed.id
                   WHERE products.id = renewed.id
                   AND products.title = renewed.title AND products.vendor = renewed.vendor",
    );
    tx.query(renew).execute().await?;
    let ids: Vec<Uuid> = renewed.iter().map(|it| it.id).collect();
    let members = sql!(
        "UPDATE product_categories
         SET price_max = (SELECT p.price_max FROM products p
                          WHERE p.id = product_categories.product_id)
         WHERE product_id IN ({ids..}) AND price_max < price"
    );
    tx.query(members).execute().await.map(drop)
}
