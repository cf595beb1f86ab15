//! The cart's SQL, all of it.
//!
//! Every change begins by locking the cart's row, mostly by raising its version, so that on
//! PostgreSQL what follows in the transaction sees all lines and nobody changes them meanwhile;
//! SQLite has one writer anyway. What turns out to change nothing leaves the version alone. Where
//! two carts are touched the guest's comes first.

pub(crate) mod days;
pub(crate) mod invariants;
mod purchases;

pub(crate) use purchases::{for_checkout, remove_purchased};

use chassis::db::{Query, Result, Select, Session, Tx, sql};
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

/// A cart that is made.
#[derive(chassis::db::Insert)]
#[record(table = "carts")]
struct NewCart {
    id: Uuid,
    token_hash: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The owner's cart, if there is one. A guest's cart that went into a user's is gone.
pub(crate) async fn find(db: impl Session<'_>, owner: &Owner) -> Result<Option<Cart>> {
    let mut cart = carts();
    match owner {
        Owner::User(id) => cart.equal("c.user_id", Some(*id)),
        Owner::Guest(hash) => {
            cart.equal("c.token_hash", Some(hash.clone())).filter("c.merged_into IS NULL")
        }
    };
    read(db, &mut cart).await
}

pub(crate) async fn load(db: impl Session<'_>, id: Uuid) -> Result<Option<Cart>> {
    read(db, carts().equal("c.id", Some(id))).await
}

fn carts() -> Select {
    Select::from("carts c LEFT JOIN lines l ON l.cart_id = c.id")
}

/// Reads a cart with its lines in one statement, so that version and lines belong together.
async fn read(db: impl Session<'_>, cart: &mut Select) -> Result<Option<Cart>> {
    let columns = "c.id, c.version, c.updated_at, l.sku, l.quantity, l.variant_id";
    Ok(assemble(cart.order("l.position").columns(db, columns).all().await?))
}

/// Guests' carts that went into this one, the latest first.
pub(crate) async fn merged(db: impl Session<'_>, cart: Uuid) -> Result<Vec<Uuid>> {
    let merged = sql!(
        "SELECT id FROM carts WHERE merged_into = {cart}
         ORDER BY updated_at DESC, id LIMIT {MAX_MERGED}"
    );
    let merged: Vec<(Uuid,)> = db.query(merged).all().await?;
    Ok(merged.into_iter().map(|(id,)| id).collect())
}

/// Raises the version of the owner's cart and returns its id.
pub(crate) async fn touch(
    db: impl Session<'_>,
    owner: &Owner,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    let touched = match owner {
        Owner::User(id) => db.query(sql!(
            "UPDATE carts SET version = version + 1, updated_at = {now}
             WHERE user_id = {id} RETURNING id"
        )),
        Owner::Guest(hash) => db.query(sql!(
            "UPDATE carts SET version = version + 1, updated_at = {now}
             WHERE token_hash = {hash} AND merged_into IS NULL RETURNING id"
        )),
    };
    let touched: Option<(Uuid,)> = touched.optional().await?;
    Ok(touched.map(|(id,)| id))
}

/// Raises the version of a cart that is locked.
pub(crate) async fn raise(tx: &mut Tx, cart: Uuid, now: DateTime<Utc>) -> Result<()> {
    let raise =
        sql!("UPDATE carts SET version = version + 1, updated_at = {now} WHERE id = {cart}");
    tx.query(raise).execute().await.map(drop)
}

/// Locks the user's cart as it is; it is made with `id`, and nothing in it, if there is none.
pub(crate) async fn lock_user(
    tx: &mut Tx,
    id: Uuid,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let lock = sql!(
        "INSERT INTO carts (id, user_id, version, created_at, updated_at)
         VALUES ({id}, {user}, 0, {now}, {now})
         ON CONFLICT (user_id) DO UPDATE SET updated_at = carts.updated_at
         RETURNING id"
    );
    let (id,) = tx.query(lock).one().await?;
    Ok(id)
}

/// Raises the version of the user's cart, which is made with `id` if there is none.
pub(crate) async fn open(
    db: impl Session<'_>,
    id: Uuid,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let open = sql!(
        "INSERT INTO carts (id, user_id, version, created_at, updated_at)
         VALUES ({id}, {user}, 1, {now}, {now})
         ON CONFLICT (user_id) DO UPDATE
         SET version = carts.version + 1, updated_at = excluded.updated_at
         RETURNING id"
    );
    let (id,) = db.query(open).one().await?;
    Ok(id)
}

/// Makes a guest's cart.
pub(crate) async fn create(
    db: impl Session<'_>,
    id: Uuid,
    token_hash: String,
    now: DateTime<Utc>,
) -> Result<()> {
    let token_hash = Some(token_hash);
    let cart = NewCart { id, token_hash, version: 1, created_at: now, updated_at: now };
    db.insert(&cart).execute().await.map(drop)
}

/// Adds to what the cart has of a SKU. False, and nothing done, where it would be more than `cap`.
/// What the cart has of another variant, which had the SKU before, makes way.
pub(crate) async fn add(tx: &mut Tx, cart: Uuid, line: &StockLine, cap: i64) -> Result<bool> {
    let StockLine { sku, quantity, variant_id } = line;
    if *quantity > cap {
        return Ok(false);
    }
    let add = sql!(
        "INSERT INTO lines (cart_id, sku, quantity, position, variant_id)
         VALUES ({cart}, {sku}, {quantity},
                 (SELECT coalesce(max(position), 0) + 1 FROM lines WHERE cart_id = {cart}),
                 {variant_id})
         ON CONFLICT (cart_id, sku) DO UPDATE
         SET quantity = excluded.quantity
                 + CASE WHEN lines.variant_id <> excluded.variant_id THEN 0
                        ELSE lines.quantity END,
             variant_id = coalesce(excluded.variant_id, lines.variant_id)
         WHERE lines.variant_id <> excluded.variant_id
               OR lines.quantity + excluded.quantity <= {cap}"
    );
    Ok(tx.query(add).execute().await? == 1)
}

/// Says how many of a SKU the cart has from now on, in a line of its own if need be.
pub(crate) async fn put(db: impl Session<'_>, cart: Uuid, line: &StockLine) -> Result<()> {
    let StockLine { sku, quantity, variant_id } = line;
    let put = sql!(
        "INSERT INTO lines (cart_id, sku, quantity, position, variant_id)
         VALUES ({cart}, {sku}, {quantity},
                 (SELECT coalesce(max(position), 0) + 1 FROM lines WHERE cart_id = {cart}),
                 {variant_id})
         ON CONFLICT (cart_id, sku) DO UPDATE
         SET quantity = excluded.quantity, variant_id = excluded.variant_id"
    );
    db.query(put).execute().await.map(drop)
}

/// Changes the quantity of a line; false where there is no such line, or none that changes.
pub(crate) async fn change(db: impl Session<'_>, cart: Uuid, line: &StockLine) -> Result<bool> {
    let StockLine { sku, quantity, .. } = line;
    let change = sql!(
        "UPDATE lines SET quantity = {quantity}
         WHERE cart_id = {cart} AND sku = {sku} AND quantity <> {quantity}"
    );
    Ok(db.query(change).execute().await? == 1)
}

/// Removes a line; false where there is no such line.
pub(crate) async fn remove(db: impl Session<'_>, cart: Uuid, sku: &str) -> Result<bool> {
    let remove = sql!("DELETE FROM lines WHERE cart_id = {cart} AND sku = {sku}");
    Ok(db.query(remove).execute().await? == 1)
}

/// Removes every line; false where there is none.
pub(crate) async fn clear(db: impl Session<'_>, cart: Uuid) -> Result<bool> {
    Ok(emptying(db, cart).execute().await? > 0)
}

fn emptying<'c>(db: impl Session<'c>, cart: Uuid) -> Query<'c> {
    db.query(sql!("DELETE FROM lines WHERE cart_id = {cart}"))
}

/// The guest's cart, even if it went into another one, locked until the transaction ends. With
/// the cart it went into.
pub(crate) async fn lock_guest(
    tx: &mut Tx,
    token_hash: String,
    now: DateTime<Utc>,
) -> Result<Option<(Uuid, Option<Uuid>)>> {
    let lock = sql!(
        "UPDATE carts SET updated_at = {now} WHERE token_hash = {token_hash}
         RETURNING id, merged_into"
    );
    tx.query(lock).optional().await
}

/// Says that a guest's cart went into a user's: it has no lines and no owner any more.
pub(crate) async fn mark_merged(tx: &mut Tx, guest: Uuid, into: Uuid) -> Result<()> {
    let mark =
        sql!("UPDATE carts SET merged_into = {into}, version = version + 1 WHERE id = {guest}");
    tx.query(mark).execute().await?;
    clear(tx, guest).await.map(drop)
}

/// Deletes some of the carts nobody has changed since then; returns how many.
pub(crate) async fn delete_older(
    db: impl Session<'_>,
    guests_since: DateTime<Utc>,
    users_since: DateTime<Utc>,
    at_most: i64,
) -> Result<u64> {
    let delete = sql!(
        "DELETE FROM carts WHERE id IN
         (SELECT id FROM carts
          WHERE (user_id IS NULL AND updated_at < {guests_since})
             OR (user_id IS NOT NULL AND updated_at < {users_since})
          ORDER BY updated_at LIMIT {at_most})"
    );
    db.query(delete).execute().await
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
