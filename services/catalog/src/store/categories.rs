//! The tree of categories. Whoever changes it tells so in the same transaction.

use chassis::db::{Result, Session, Sql, Tx};
use chassis::outbox;
use contracts::catalog::CategoryChanged;
use uuid::Uuid;

use crate::model::{Category, Tree};

/// All categories. There are hundreds, at most thousands.
pub(crate) async fn tree(db: impl Session<'_>) -> Result<Tree> {
    Ok(Tree::new(db.query("SELECT * FROM categories").all().await?))
}

/// The tree, and nobody changes it, or what is in it, before this transaction ends.
pub(crate) async fn locked_tree(tx: &mut Tx) -> Result<Tree> {
    // SQLite has one writer anyway.
    const LOCK: Sql = Sql {
        sqlite: "SELECT 1",
        postgres: "LOCK TABLE categories, product_categories IN SHARE ROW EXCLUSIVE MODE",
    };
    tx.query(LOCK).execute().await?;
    tree(tx).await
}

pub(crate) async fn insert(tx: &mut Tx, category: &Category) -> Result<()> {
    tx.query(
        "INSERT INTO categories (id, parent_id, slug, name, description, position, version,
                                 created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(category.id)
    .bind(category.parent_id)
    .bind(category.slug.clone())
    .bind(category.name.clone())
    .bind(category.description.clone())
    .bind(category.position)
    .bind(category.version)
    .bind(category.created_at)
    .bind(category.updated_at)
    .execute()
    .await?;
    tell(tx, category, false).await
}

pub(crate) async fn update(tx: &mut Tx, category: &Category) -> Result<()> {
    tx.query(
        "UPDATE categories SET parent_id = $2, slug = $3, name = $4, description = $5,
                position = $6, version = $7, updated_at = $8
         WHERE id = $1",
    )
    .bind(category.id)
    .bind(category.parent_id)
    .bind(category.slug.clone())
    .bind(category.name.clone())
    .bind(category.description.clone())
    .bind(category.position)
    .bind(category.version)
    .bind(category.updated_at)
    .execute()
    .await?;
    tell(tx, category, false).await
}

/// Removes a category without children; its products lose it. Its version is that of its end.
pub(crate) async fn delete(tx: &mut Tx, category: &Category) -> Result<()> {
    unlink(tx, category.id).await?;
    tx.query("DELETE FROM categories WHERE id = $1").bind(category.id).execute().await?;
    tell(tx, category, true).await
}

async fn tell(tx: &mut Tx, category: &Category, deleted: bool) -> Result<()> {
    let event = CategoryChanged { category_id: category.id, slug: category.slug.clone(), deleted };
    outbox::tell(tx, category.id, category.version, &event, category.updated_at).await
}

/// Brings the products below a category that was moved into all categories now above them.
pub(crate) async fn settle(tx: &mut Tx, moved: Uuid) -> Result<()> {
    const FORGET: &str = "DELETE FROM product_categories WHERE NOT direct AND product_id IN (
         WITH RECURSIVE below (id) AS (
             SELECT id FROM categories WHERE id = $1
             UNION ALL
             SELECT c.id FROM categories c JOIN below ON c.parent_id = below.id)
         SELECT d.product_id FROM product_categories d JOIN below ON below.id = d.category_id
         WHERE d.direct)";
    tx.query(FORGET).bind(moved).execute().await?;
    tx.query(SETTLE).bind(moved).execute().await.map(drop)
}

/// Takes a category without children away from its products; those above it stay where another
/// category of the product calls for them.
async fn unlink(tx: &mut Tx, id: Uuid) -> Result<()> {
    // What only this category calls for: everything indirect goes and is put back if needed.
    tx.query(
        "DELETE FROM product_categories WHERE NOT direct AND product_id IN
         (SELECT d.product_id FROM product_categories d WHERE d.category_id = $1 AND d.direct)",
    )
    .bind(id)
    .execute()
    .await?;
    tx.query(RESTORE_WITHOUT).bind(id).execute().await?;
    tx.query("DELETE FROM product_categories WHERE category_id = $1")
        .bind(id)
        .execute()
        .await
        .map(drop)
}

/// Every product directly in the subtree of $1 is put into all categories above its own.
const SETTLE: &str = "INSERT INTO product_categories (category_id, product_id, direct, price)
     WITH RECURSIVE below (id) AS (
         SELECT id FROM categories WHERE id = $1
         UNION ALL
         SELECT c.id FROM categories c JOIN below ON c.parent_id = below.id),
     up (id, product_id, price) AS (
         SELECT c.parent_id, d.product_id, d.price
         FROM product_categories d JOIN categories c ON c.id = d.category_id
         WHERE d.direct AND c.parent_id IS NOT NULL AND d.product_id IN (
             SELECT e.product_id FROM product_categories e JOIN below ON below.id = e.category_id
             WHERE e.direct)
         UNION
         SELECT c.parent_id, up.product_id, up.price
         FROM up JOIN categories c ON c.id = up.id WHERE c.parent_id IS NOT NULL)
     SELECT up.id, up.product_id, FALSE, up.price FROM up WHERE TRUE
     ON CONFLICT (category_id, product_id) DO NOTHING";

/// Every product directly in $1 is put into all categories above its other ones.
const RESTORE_WITHOUT: &str =
    "INSERT INTO product_categories (category_id, product_id, direct, price)
     WITH RECURSIVE up (id, product_id, price) AS (
         SELECT c.parent_id, d.product_id, d.price
         FROM product_categories d JOIN categories c ON c.id = d.category_id
         WHERE d.direct AND d.category_id <> $1 AND c.parent_id IS NOT NULL AND d.product_id IN (
             SELECT e.product_id FROM product_categories e WHERE e.category_id = $1 AND e.direct)
         UNION
         SELECT c.parent_id, up.product_id, up.price
         FROM up JOIN categories c ON c.id = up.id WHERE c.parent_id IS NOT NULL)
     SELECT up.id, up.product_id, FALSE, up.price FROM up WHERE TRUE
     ON CONFLICT (category_id, product_id) DO NOTHING";
