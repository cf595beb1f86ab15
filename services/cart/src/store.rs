//! The cart's SQL, all of it.
//!
//! Every change begins by locking the cart's row, mostly by raising its version, so that on
//! PostgreSQL what follows in the transaction sees all lines and nobody changes them meanwhile;
//! SQLite has one writer anyway. What turns out to change nothing leaves the version alone. Where
//! two carts are touched the guest's comes first.

pub(crate) mod days;
mod purchases;

pub(crate) use purchases::{for_checkout, remove_purchased};

use chassis::db::{Result, Session, Tx};
use chrono::{DateTime, Utc};
use contracts::cart::MAX_MERGED;
use contracts::catalog::StockLine;
use uuid::Uuid;

use crate::model::{Cart, Owner};

#[derive(chassis::db::Record)]
struct Row {
    id: Uuid,
    version: i64,
    updated_at: DateTime<Utc>,
    sku: Option<String>,
    quantity: Option<i64>,
    variant_id: Option<Uuid>,
}

/// Reads a cart with its lines in one statement, so that version and lines belong together.
macro_rules! select_cart {
    ($where:literal) => {
        concat!(
            "SELECT c.id, c.version, c.updated_at, l.sku, l.quantity, l.variant_id
             FROM carts c LEFT JOIN lines l ON l.cart_id = c.id
             WHERE ",
            $where,
            " ORDER BY l.position"
        )
    };
}

/// The owner's cart, if there is one. A guest's cart that went into a user's is gone.
pub(crate) async fn find(db: impl Session<'_>, owner: &Owner) -> Result<Option<Cart>> {
    let rows = match owner {
        Owner::User(id) => db.query(select_cart!("c.user_id = $1")).bind(*id),
        Owner::Guest(hash) => {
            db.query(select_cart!("c.token_hash = $1 AND c.merged_into IS NULL")).bind(hash.clone())
        }
    };
    Ok(assemble(rows.all().await?))
}

pub(crate) async fn load(db: impl Session<'_>, id: Uuid) -> Result<Option<Cart>> {
    Ok(assemble(db.query(select_cart!("c.id = $1")).bind(id).all().await?))
}

/// Guests' carts that went into this one, the latest first.
pub(crate) async fn merged(db: impl Session<'_>, cart: Uuid) -> Result<Vec<Uuid>> {
    let merged = db
        .query("SELECT id FROM carts WHERE merged_into = $1 ORDER BY updated_at DESC, id LIMIT $2");
    let merged: Vec<(Uuid,)> = merged.bind(cart).bind(MAX_MERGED).all().await?;
    Ok(merged.into_iter().map(|(id,)| id).collect())
}

/// Raises the version of the owner's cart and returns its id.
pub(crate) async fn touch(
    db: impl Session<'_>,
    owner: &Owner,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    let touched = match owner {
        Owner::User(id) => db
            .query(
                "UPDATE carts SET version = version + 1, updated_at = $2
                 WHERE user_id = $1 RETURNING id",
            )
            .bind(*id),
        Owner::Guest(hash) => db
            .query(
                "UPDATE carts SET version = version + 1, updated_at = $2
                 WHERE token_hash = $1 AND merged_into IS NULL RETURNING id",
            )
            .bind(hash.clone()),
    };
    let touched: Option<(Uuid,)> = touched.bind(now).optional().await?;
    Ok(touched.map(|(id,)| id))
}

/// Raises the version of a cart that is locked.
pub(crate) async fn raise(tx: &mut Tx, cart: Uuid, now: DateTime<Utc>) -> Result<()> {
    tx.query("UPDATE carts SET version = version + 1, updated_at = $2 WHERE id = $1")
        .bind(cart)
        .bind(now)
        .execute()
        .await
        .map(drop)
}

/// Locks the user's cart as it is; it is made with `id`, and nothing in it, if there is none.
pub(crate) async fn lock_user(
    tx: &mut Tx,
    id: Uuid,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let (id,) = tx
        .query(
            "INSERT INTO carts (id, user_id, version, created_at, updated_at)
             VALUES ($1, $2, 0, $3, $3)
             ON CONFLICT (user_id) DO UPDATE SET updated_at = carts.updated_at
             RETURNING id",
        )
        .bind(id)
        .bind(user)
        .bind(now)
        .one()
        .await?;
    Ok(id)
}

/// Raises the version of the user's cart, which is made with `id` if there is none.
pub(crate) async fn open(
    db: impl Session<'_>,
    id: Uuid,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let (id,) = db
        .query(
            "INSERT INTO carts (id, user_id, version, created_at, updated_at)
             VALUES ($1, $2, 1, $3, $3)
             ON CONFLICT (user_id) DO UPDATE
             SET version = carts.version + 1, updated_at = excluded.updated_at
             RETURNING id",
        )
        .bind(id)
        .bind(user)
        .bind(now)
        .one()
        .await?;
    Ok(id)
}

/// Makes a guest's cart.
pub(crate) async fn create(
    db: impl Session<'_>,
    id: Uuid,
    token_hash: String,
    now: DateTime<Utc>,
) -> Result<()> {
    db.query(
        "INSERT INTO carts (id, token_hash, version, created_at, updated_at)
         VALUES ($1, $2, 1, $3, $3)",
    )
    .bind(id)
    .bind(token_hash)
    .bind(now)
    .execute()
    .await
    .map(drop)
}

/// Adds to what the cart has of a SKU. False, and nothing done, where it would be more than `cap`.
/// What the cart has of another variant, which had the SKU before, makes way.
pub(crate) async fn add(tx: &mut Tx, cart: Uuid, line: &StockLine, cap: i64) -> Result<bool> {
    if line.quantity > cap {
        return Ok(false);
    }
    let added = tx
        .query(
            "INSERT INTO lines (cart_id, sku, quantity, position, variant_id)
             VALUES ($1, $2, $3,
                     (SELECT coalesce(max(position), 0) + 1 FROM lines WHERE cart_id = $1), $5)
             ON CONFLICT (cart_id, sku) DO UPDATE
             SET quantity = excluded.quantity
                     + CASE WHEN lines.variant_id <> excluded.variant_id THEN 0
                            ELSE lines.quantity END,
                 variant_id = coalesce(excluded.variant_id, lines.variant_id)
             WHERE lines.variant_id <> excluded.variant_id
                   OR lines.quantity + excluded.quantity <= $4",
        )
        .bind(cart)
        .bind(line.sku.clone())
        .bind(line.quantity)
        .bind(cap)
        .bind(line.variant_id)
        .execute()
        .await?;
    Ok(added == 1)
}

/// Says how many of a SKU the cart has from now on, in a line of its own if need be.
pub(crate) async fn put(db: impl Session<'_>, cart: Uuid, line: &StockLine) -> Result<()> {
    db.query(
        "INSERT INTO lines (cart_id, sku, quantity, position, variant_id)
         VALUES ($1, $2, $3, (SELECT coalesce(max(position), 0) + 1 FROM lines WHERE cart_id = $1),
                 $4)
         ON CONFLICT (cart_id, sku) DO UPDATE
         SET quantity = excluded.quantity, variant_id = excluded.variant_id",
    )
    .bind(cart)
    .bind(line.sku.clone())
    .bind(line.quantity)
    .bind(line.variant_id)
    .execute()
    .await
    .map(drop)
}

/// Changes the quantity of a line; false where there is no such line, or none that changes.
pub(crate) async fn change(db: impl Session<'_>, cart: Uuid, line: &StockLine) -> Result<bool> {
    let changed = db
        .query("UPDATE lines SET quantity = $3 WHERE cart_id = $1 AND sku = $2 AND quantity <> $3")
        .bind(cart)
        .bind(line.sku.clone())
        .bind(line.quantity)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Removes a line; false where there is no such line.
pub(crate) async fn remove(db: impl Session<'_>, cart: Uuid, sku: &str) -> Result<bool> {
    let removed = db
        .query("DELETE FROM lines WHERE cart_id = $1 AND sku = $2")
        .bind(cart)
        .bind(sku.to_owned())
        .execute()
        .await?;
    Ok(removed == 1)
}

/// Removes every line; false where there is none.
pub(crate) async fn clear(db: impl Session<'_>, cart: Uuid) -> Result<bool> {
    let removed = db.query("DELETE FROM lines WHERE cart_id = $1").bind(cart).execute().await?;
    Ok(removed > 0)
}

/// The guest's cart, even if it went into another one, locked until the transaction ends. With
/// the cart it went into.
pub(crate) async fn lock_guest(
    tx: &mut Tx,
    token_hash: String,
    now: DateTime<Utc>,
) -> Result<Option<(Uuid, Option<Uuid>)>> {
    tx.query("UPDATE carts SET updated_at = $2 WHERE token_hash = $1 RETURNING id, merged_into")
        .bind(token_hash)
        .bind(now)
        .optional()
        .await
}

/// Says that a guest's cart went into a user's: it has no lines and no owner any more.
pub(crate) async fn mark_merged(tx: &mut Tx, guest: Uuid, into: Uuid) -> Result<()> {
    tx.query("UPDATE carts SET merged_into = $2, version = version + 1 WHERE id = $1")
        .bind(guest)
        .bind(into)
        .execute()
        .await?;
    clear(tx, guest).await.map(drop)
}

/// Deletes some of the carts nobody has changed since then; returns how many.
pub(crate) async fn delete_older(
    db: impl Session<'_>,
    guests_since: DateTime<Utc>,
    users_since: DateTime<Utc>,
    at_most: i64,
) -> Result<u64> {
    db.query(
        "DELETE FROM carts WHERE id IN
         (SELECT id FROM carts
          WHERE (user_id IS NULL AND updated_at < $1) OR (user_id IS NOT NULL AND updated_at < $2)
          ORDER BY updated_at LIMIT $3)",
    )
    .bind(guests_since)
    .bind(users_since)
    .bind(at_most)
    .execute()
    .await
}

fn assemble(rows: Vec<Row>) -> Option<Cart> {
    let first = rows.first()?;
    let (id, version, updated_at) = (first.id, first.version, first.updated_at);
    let lines = rows.into_iter().filter_map(|row| {
        Some(StockLine { sku: row.sku?, quantity: row.quantity?, variant_id: row.variant_id })
    });
    Some(Cart { id, version, updated_at, lines: lines.collect() })
}

#[cfg(test)]
mod tests;
