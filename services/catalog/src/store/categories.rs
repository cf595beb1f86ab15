//! The tree of categories. Changes publish an event in the same transaction.

use chassis::db::{Result, Session, Tx, sql};
use chassis::outbox;
use contracts::catalog::CategoryChanged;
use uuid::Uuid;

use crate::model::{Category, Tree};

/// All categories. There are hundreds, at most thousands.
pub(crate) async fn tree(db: impl Session<'_>) -> Result<Tree> {
    Ok(Tree::new(db.query(sql!("SELECT {Category.*} FROM categories")).all().await?))
}

/// The tree, and nobody changes it, or what is in it, before this transaction ends.
pub(crate) async fn locked_tree(tx: &mut Tx) -> Result<Tree> {
    // SQLite has one writer anyway.
    let lock = sql!(
        sqlite: "SELECT 1",
        postgres: "LOCK TABLE categories, product_categories IN SHARE ROW EXCLUSIVE MODE",
    );
    tx.query(lock).execute().await?;
    tree(tx).await
}

pub(crate) async fn insert(tx: &mut Tx, category: &Category) -> Result<()> {
    tx.insert(category).execute().await?;
    publish(tx, category, false).await
}

pub(crate) async fn update(tx: &mut Tx, category: &Category) -> Result<()> {
    tx.update(category).execute().await?;
    publish(tx, category, false).await
}

/// Removes a category without children; its products lose it. Its version is that of its end.
pub(crate) async fn delete(tx: &mut Tx, category: &Category) -> Result<()> {
    unlink(tx, category.id).await?;
    tx.query(sql!("DELETE FROM categories WHERE id = {category.id}")).execute().await?;
    publish(tx, category, true).await
}

async fn publish(tx: &mut Tx, category: &Category, deleted: bool) -> Result<()> {
    let event = CategoryChanged { category_id: category.id, slug: category.slug.clone(), deleted };
    outbox::publish(tx, category.id, category.version, &event, category.updated_at).await
}

/// Brings the products below a category that was moved into all categories now above them.
pub(crate) async fn settle(tx: &mut Tx, moved: Uuid) -> Result<()> {
    let forget = sql!(
        "DELETE FROM product_categories WHERE NOT direct AND product_id IN (
             WITH RECURSIVE below (id) AS (
                 SELECT id FROM categories WHERE id = {moved}
                 UNION ALL
                 SELECT c.id FROM categories c JOIN below ON c.parent_id = below.id)
             SELECT d.product_id FROM product_categories d JOIN below ON below.id = d.category_id
             WHERE d.direct)"
    );
    tx.query(forget).execute().await?;
    // Every product directly in the subtree is put into all categories above its own.
    let settle = sql!(
        "INSERT INTO product_categories (category_id, product_id, direct, price)
         WITH RECURSIVE below (id) AS (
             SELECT id FROM categories WHERE id = {moved}
             UNION ALL
             SELECT c.id FROM categories c JOIN below ON c.parent_id = below.id),
         up (id, product_id, price) AS (
             SELECT c.parent_id, d.product_id, d.price
             FROM product_categories d JOIN categories c ON c.id = d.category_id
             WHERE d.direct AND c.parent_id IS NOT NULL AND d.product_id IN (
                 SELECT e.product_id
                 FROM product_categories e JOIN below ON below.id = e.category_id
                 WHERE e.direct)
             UNION
             SELECT c.parent_id, up.product_id, up.price
             FROM up JOIN categories c ON c.id = up.id WHERE c.parent_id IS NOT NULL)
         SELECT up.id, up.product_id, FALSE, up.price FROM up WHERE TRUE
         ON CONFLICT (category_id, product_id) DO NOTHING"
    );
    tx.query(settle).execute().await.map(drop)
}

/// Takes a category without children away from its products; those above it stay where another
/// category of the product calls for them.
async fn unlink(tx: &mut Tx, id: Uuid) -> Result<()> {
    // What only this category calls for: everything indirect goes and is put back if needed.
    let forget = sql!(
        "DELETE FROM product_categories WHERE NOT direct AND product_id IN
         (SELECT d.product_id FROM product_categories d WHERE d.category_id = {id} AND d.direct)"
    );
    tx.query(forget).execute().await?;
    // Every product directly in it is put into all categories above its other ones.
    let restore = sql!(
        "INSERT INTO product_categories (category_id, product_id, direct, price)
         WITH RECURSIVE up (id, product_id, price) AS (
             SELECT c.parent_id, d.product_id, d.price
             FROM product_categories d JOIN categories c ON c.id = d.category_id
             WHERE d.direct AND d.category_id <> {id} AND c.parent_id IS NOT NULL
                   AND d.product_id IN (SELECT e.product_id FROM product_categories e
                                        WHERE e.category_id = {id} AND e.direct)
             UNION
             SELECT c.parent_id, up.product_id, up.price
             FROM up JOIN categories c ON c.id = up.id WHERE c.parent_id IS NOT NULL)
         SELECT up.id, up.product_id, FALSE, up.price FROM up WHERE TRUE
         ON CONFLICT (category_id, product_id) DO NOTHING"
    );
    tx.query(restore).execute().await?;
    let unlink = sql!("DELETE FROM product_categories WHERE category_id = {id}");
    tx.query(unlink).execute().await.map(drop)
}
