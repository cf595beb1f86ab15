//! The SQL of a checkout: the cart as it is bought, and what leaves it once it is paid.

use chassis::db::{Result, Session, Tx, sql};
use chrono::{DateTime, Utc};
use contracts::cart::{Cart, MAX_MERGED, Purchase};
use contracts::catalog::StockLine;
use uuid::Uuid;

use super::{days, emptying, raise};
use crate::model::Owner;

#[derive(chassis::db::Record)]
struct Row {
    id: Uuid,
    version: i64,
    merged_into: Option<Uuid>,
    last_purchase: Option<Uuid>,
    sku: Option<String>,
    quantity: Option<i64>,
    variant_id: Option<Uuid>,
}

/// The owner's cart as a checkout needs it. One statement, so that lines, merged carts and
/// purchases are those of one moment: a purchase that is named has left these lines.
pub(crate) async fn for_checkout(db: impl Session<'_>, owner: &Owner) -> Result<Option<Cart>> {
    let rows = match owner {
        Owner::User(id) => db.query(sql!(
            "SELECT c.id, c.version, c.merged_into, c.last_purchase, l.sku, l.quantity,
                    l.position, l.variant_id
             FROM carts c LEFT JOIN lines l ON l.cart_id = c.id
             WHERE c.user_id = {id}
             UNION ALL
             SELECT * FROM (
                 SELECT g.id, g.version, g.merged_into, g.last_purchase,
                        CAST(NULL AS TEXT) AS sku, CAST(NULL AS BIGINT) AS quantity,
                        CAST(NULL AS BIGINT) AS position, CAST(NULL AS UUID) AS variant_id
                 FROM carts c JOIN carts g ON g.merged_into = c.id
                 WHERE c.user_id = {id} ORDER BY g.updated_at DESC LIMIT {MAX_MERGED}) AS merged
             ORDER BY position"
        )),
        Owner::Guest(hash) => db.query(sql!(
            "SELECT c.id, c.version, c.merged_into, c.last_purchase, l.sku, l.quantity,
                    l.variant_id
             FROM carts c LEFT JOIN lines l ON l.cart_id = c.id
             WHERE c.token_hash = {hash} AND c.merged_into IS NULL
             ORDER BY l.position"
        )),
    };
    let rows: Vec<Row> = rows.all().await?;
    let Some(own) = rows.iter().find(|it| it.merged_into.is_none()) else { return Ok(None) };
    let mut cart = Cart { id: own.id, version: own.version, ..Cart::default() };
    for row in rows {
        if !cart.purchases.contains(&row.last_purchase.unwrap_or_default()) {
            cart.purchases.extend(row.last_purchase);
        }
        match (row.merged_into, row.sku, row.quantity) {
            (Some(_), ..) => cart.merged.push(row.id),
            (None, Some(sku), Some(quantity)) => {
                cart.lines.push(StockLine { sku, quantity, variant_id: row.variant_id });
            }
            (None, ..) => {}
        }
    }
    Ok(Some(cart))
}

/// Takes what was bought out of the cart it was bought from, once per order.
///
/// A cart that is still as it was ordered is emptied; else the bought quantities are subtracted,
/// never below nothing. What went into another cart meanwhile is subtracted there.
pub(crate) async fn remove_purchased(
    tx: &mut Tx,
    purchase: &Purchase,
    now: DateTime<Utc>,
) -> Result<()> {
    let Purchase { order_id, cart_id, cart_version, .. } = purchase;
    // Who asks for the same order at the same time waits here for the first, and finds it done. How
    // the cart is left is known by now, if it is as it was ordered.
    let note = sql!(
        "INSERT INTO purchases (order_id, cart_id, left_cart, left_version)
         SELECT {order_id}, id,
                CASE WHEN version = {cart_version} AND merged_into IS NULL THEN id END,
                CASE WHEN version = {cart_version} AND merged_into IS NULL
                     THEN version + CASE WHEN EXISTS (SELECT 1 FROM lines WHERE cart_id = carts.id)
                                         THEN 1 ELSE 0 END END
         FROM carts WHERE id = {cart_id}
         ON CONFLICT (order_id) DO NOTHING RETURNING left_version"
    );
    match tx.query(note).optional::<(Option<i64>,)>().await? {
        None => Ok(()),
        Some((Some(left),)) if empty(tx, purchase, left, now).await? => Ok(()),
        Some(_) => subtract_all(tx, purchase, now).await,
    }
}

/// Empties a cart that is still as it was ordered, which leaves it at this version. False, and
/// nothing done, where it is another by now.
async fn empty(tx: &mut Tx, purchase: &Purchase, left: i64, now: DateTime<Utc>) -> Result<bool> {
    let Purchase { order_id, cart_id, cart_version, .. } = purchase;
    let empty = sql!(
        "UPDATE carts SET last_purchase = {order_id}, version = {left},
                updated_at = CASE WHEN version = {left} THEN updated_at ELSE {now} END
         WHERE id = {cart_id} AND version = {cart_version} AND merged_into IS NULL"
    );
    if tx.query(empty).execute().await? == 0 {
        return Ok(false);
    }
    let mut batch = tx.batch();
    batch.add(|tx| days::ordered(tx, *cart_id)).add(|tx| emptying(tx, *cart_id));
    batch.execute().await
}

/// Subtracts what was bought, where the cart went into another one from that.
async fn subtract_all(tx: &mut Tx, purchase: &Purchase, now: DateTime<Utc>) -> Result<()> {
    let Purchase { order_id, cart_id, .. } = purchase;
    let find = sql!(
        "UPDATE carts SET last_purchase = {order_id} WHERE id = {cart_id} RETURNING merged_into"
    );
    let found: Option<(Option<Uuid>,)> = tx.query(find).optional().await?;
    let Some((into,)) = found else { return Ok(()) };
    let cart = into.unwrap_or(*cart_id);
    days::ordered(&mut *tx, cart).execute().await?;
    if let Some(into) = into {
        lock(tx, into).await?;
    }
    let mut changed = false;
    for line in &purchase.lines {
        changed |= subtract(tx, cart, line).await?;
    }
    if changed {
        raise(tx, cart, now).await?;
    }
    let note = sql!(
        "UPDATE purchases SET left_cart = {cart},
                left_version = (SELECT version FROM carts WHERE id = {cart})
         WHERE order_id = {order_id}"
    );
    tx.query(note).execute().await.map(drop)
}

/// Locks a cart as it is until the transaction ends.
async fn lock(tx: &mut Tx, cart: Uuid) -> Result<()> {
    let lock = sql!("UPDATE carts SET version = version WHERE id = {cart}");
    tx.query(lock).execute().await.map(drop)
}

/// False where the cart has none of it, or of another variant that has the SKU by now.
async fn subtract(tx: &mut Tx, cart: Uuid, line: &StockLine) -> Result<bool> {
    let StockLine { sku, quantity, variant_id } = line;
    let lower = sql!(
        "UPDATE lines SET quantity = quantity - {quantity}
         WHERE cart_id = {cart} AND sku = {sku} AND quantity > {quantity}
           AND ({variant_id} IS NULL OR variant_id IS NULL OR variant_id = {variant_id})"
    );
    if tx.query(lower).execute().await? > 0 {
        return Ok(true);
    }
    let remove = sql!(
        "DELETE FROM lines
         WHERE cart_id = {cart} AND sku = {sku}
           AND ({variant_id} IS NULL OR variant_id IS NULL OR variant_id = {variant_id})"
    );
    Ok(tx.query(remove).execute().await? > 0)
}
