//! The SQL of a checkout: the cart as it is bought, and what leaves it once it is paid.

use chassis::db::{Result, Session, Tx};
use chrono::{DateTime, Utc};
use contracts::cart::{Cart, MAX_MERGED, Purchase};
use contracts::catalog::StockLine;
use uuid::Uuid;

use super::{clear, days, raise, remove};
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
    const OF_USER: &str =
        "SELECT c.id, c.version, c.merged_into, c.last_purchase, l.sku, l.quantity, l.position,
                l.variant_id
         FROM carts c LEFT JOIN lines l ON l.cart_id = c.id
         WHERE c.user_id = $1
         UNION ALL
         SELECT * FROM (
             SELECT g.id, g.version, g.merged_into, g.last_purchase, CAST(NULL AS TEXT) AS sku,
                    CAST(NULL AS BIGINT) AS quantity, CAST(NULL AS BIGINT) AS position,
                    CAST(NULL AS UUID) AS variant_id
             FROM carts c JOIN carts g ON g.merged_into = c.id
             WHERE c.user_id = $1 ORDER BY g.updated_at DESC LIMIT $2) AS merged
         ORDER BY position";
    const OF_GUEST: &str =
        "SELECT c.id, c.version, c.merged_into, c.last_purchase, l.sku, l.quantity, l.variant_id
         FROM carts c LEFT JOIN lines l ON l.cart_id = c.id
         WHERE c.token_hash = $1 AND c.merged_into IS NULL
         ORDER BY l.position";
    let rows: Vec<Row> = match owner {
        Owner::User(id) => db.query(OF_USER).bind(*id).bind(MAX_MERGED).all().await?,
        Owner::Guest(hash) => db.query(OF_GUEST).bind(hash.clone()).all().await?,
    };
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
    // Who asks for the same order at the same time waits here for the first, and finds it done.
    let noted = tx
        .query(
            "INSERT INTO purchases (order_id, cart_id) SELECT $1, id FROM carts WHERE id = $2
             ON CONFLICT (order_id) DO NOTHING",
        )
        .bind(purchase.order_id)
        .bind(purchase.cart_id);
    if noted.execute().await? == 0 {
        return Ok(());
    }
    let found: Option<(i64, Option<Uuid>)> = tx
        .query("UPDATE carts SET last_purchase = $2 WHERE id = $1 RETURNING version, merged_into")
        .bind(purchase.cart_id)
        .bind(purchase.order_id)
        .optional()
        .await?;
    let Some((version, into)) = found else { return Ok(()) };
    let cart = into.unwrap_or(purchase.cart_id);
    days::ordered(&mut *tx, cart).await?;
    let changed = match into {
        None if version == purchase.cart_version => clear(&mut *tx, cart).await?,
        into => {
            if let Some(into) = into {
                lock(tx, into).await?;
            }
            let mut changed = false;
            for line in &purchase.lines {
                changed |= subtract(tx, cart, line).await?;
            }
            changed
        }
    };
    if changed {
        raise(tx, cart, now).await?;
    }
    tx.query(
        "UPDATE purchases SET left_cart = $2,
                left_version = (SELECT version FROM carts WHERE id = $2)
         WHERE order_id = $1",
    )
    .bind(purchase.order_id)
    .bind(cart)
    .execute()
    .await
    .map(drop)
}

/// Locks a cart as it is until the transaction ends.
async fn lock(tx: &mut Tx, cart: Uuid) -> Result<()> {
    tx.query("UPDATE carts SET version = version WHERE id = $1")
        .bind(cart)
        .execute()
        .await
        .map(drop)
}

/// False where the cart has none of it, or of another variant that has the SKU by now.
async fn subtract(tx: &mut Tx, cart: Uuid, line: &StockLine) -> Result<bool> {
    const FIND: &str = "SELECT quantity FROM lines WHERE cart_id = $1 AND sku = $2
                        AND ($3 IS NULL OR variant_id IS NULL OR variant_id = $3)";
    const LOWER: &str = "UPDATE lines SET quantity = quantity - $3
                         WHERE cart_id = $1 AND sku = $2 AND quantity > $3";
    let found = tx.query(FIND).bind(cart).bind(line.sku.clone()).bind(line.variant_id);
    if found.optional::<(i64,)>().await?.is_none() {
        return Ok(false);
    }
    let lowered = tx.query(LOWER).bind(cart).bind(line.sku.clone()).bind(line.quantity);
    if lowered.execute().await? > 0 {
        return Ok(true);
    }
    remove(tx, cart, &line.sku).await
}
