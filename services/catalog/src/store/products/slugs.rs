//! Slugs of products: whose they are, whose they were, and which look alike.

use std::collections::{HashMap, HashSet};

use chassis::db::{Db, Insert, Result, Session, Tx, sql};
use uuid::Uuid;

use crate::model::{Product, Status, slug};
use crate::store::PART;

/// What keeps a product from having a slug, or does not.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Claims {
    /// The slug of another product that is this one, or looks like it.
    pub(crate) taken_by: Option<String>,
    /// Whether a product had it before, which it still leads to.
    pub(crate) is_former: bool,
}

/// Who but this product has a slug, or has had it.
pub(crate) async fn claims(db: impl Session<'_>, slug: &str, product: Uuid) -> Result<Claims> {
    let key = slug::key(slug);
    let find = sql!(
        "SELECT slug FROM products
         WHERE id <> {product} AND (slug = {slug} OR slug_key = {key})
         UNION ALL SELECT '' FROM product_slugs WHERE slug = {slug}"
    );
    let mut claims = Claims::default();
    for (found,) in db.query(find).all::<(String,)>().await? {
        if found.is_empty() {
            claims.is_former = true;
        } else if claims.taken_by.as_deref() != Some(slug) {
            claims.taken_by = Some(found);
        }
    }
    Ok(claims)
}

/// Slugs of products by what they look like, as far as that is one of these keys.
pub(crate) async fn look_alikes(db: &Db, keys: &[String]) -> Result<HashMap<String, String>> {
    let mut found = HashMap::new();
    for keys in keys.chunks(PART) {
        let find = sql!("SELECT slug_key, slug FROM products WHERE slug_key IN ({keys..})");
        found.extend(db.query(find).all::<(String, String)>().await?);
    }
    Ok(found)
}

/// Lets former slugs go: they are somebody's again.
pub(crate) async fn take_over_all(tx: &mut Tx, slugs: &[&str]) -> Result<()> {
    for slugs in slugs.chunks(PART) {
        let forget = sql!("DELETE FROM product_slugs WHERE slug IN ({slugs..})");
        tx.query(forget).execute().await?;
    }
    Ok(())
}

/// Lets a former slug go: it is somebody's again.
pub(crate) async fn take_over(tx: &mut Tx, slug: &str) -> Result<()> {
    tx.query(sql!("DELETE FROM product_slugs WHERE slug = {slug}")).execute().await.map(drop)
}

/// Keeps the slug a product had, so that it leads to the one it has now.
pub(crate) async fn keep_former(tx: &mut Tx, old: &Product, new: &str) -> Result<()> {
    let key = slug::key(new);
    let (id, former) = (old.id, &old.slug);
    tx.query(sql!("UPDATE products SET slug_key = {key} WHERE id = {id}")).execute().await?;
    let keep = sql!(
        "INSERT INTO product_slugs (slug, product_id) VALUES ({former}, {id})
         ON CONFLICT (slug) DO UPDATE SET product_id = excluded.product_id"
    );
    tx.query(keep).execute().await.map(drop)
}

/// The slug that a product which had this one has now, and whether it is for sale.
pub(crate) async fn present(db: &Db, former: &str) -> Result<Option<(String, Status)>> {
    let normal = slug::normal(former);
    let normal = normal.as_ref();
    let find = sql!(
        "SELECT p.slug, p.status FROM product_slugs s JOIN products p ON p.id = s.product_id
         WHERE s.slug IN ({former}, {normal}) LIMIT 1"
    );
    db.query(find).optional().await
}

#[derive(Insert)]
struct Key {
    id: Uuid,
    slug_key: String,
}

/// Adds what the slugs of some products look like, which an older version wrote; returns how many.
/// Where two look alike already, both keep their slugs.
pub(crate) async fn add_keys(db: &Db, limit: i64) -> Result<usize> {
    let mut tx = db.begin().await?;
    let missing = sql!(
        sqlite: "SELECT id, slug FROM products WHERE slug_key IS NULL ORDER BY id LIMIT {limit}",
        postgres: "SELECT id, slug FROM products WHERE slug_key IS NULL ORDER BY id LIMIT {limit}
                   FOR NO KEY UPDATE SKIP LOCKED",
    );
    let rows: Vec<(Uuid, String)> = tx.query(missing).all().await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut keys: Vec<Key> =
        rows.into_iter().map(|(id, slug)| Key { id, slug_key: slug::key(&slug) }).collect();
    let wanted: Vec<&str> = keys.iter().map(|it| it.slug_key.as_str()).collect();
    let find = sql!("SELECT slug_key FROM products WHERE slug_key IN ({wanted..})");
    let known: Vec<(String,)> = tx.query(find).all().await?;
    let mut known: HashSet<String> = known.into_iter().map(|it| it.0).collect();
    for Key { id, slug_key } in &mut keys {
        if !known.insert(slug_key.clone()) {
            slug_key.push_str(&format!("/{id}"));
        }
    }
    let add = sql!(
        "WITH keys ({Key.*}) AS (VALUES {keys..*})
         UPDATE products SET slug_key = keys.slug_key FROM keys WHERE products.id = keys.id"
    );
    tx.query(add).execute().await?;
    tx.commit().await?;
    Ok(keys.len())
}
