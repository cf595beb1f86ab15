//! The SQL of how an order comes to be: requested first, and placed once its stock is held.
//!
//! A requested order has version 0 and no number; nobody is shown it. What is sold out is withdrawn
//! again, and leaves nothing behind.

use chassis::db::{Db, Result, Session, Tx};
use chassis::outbox;
use chrono::{DateTime, Utc};
use contracts::orders::OrderCreated;
use uuid::Uuid;

use super::insert_change;
use crate::model::{Order, OrderLine, Saga};

/// The next order's number, taken before the transaction that places the order. None on SQLite,
/// where `place` takes it: there one transaction writes at a time anyhow.
///
/// On PostgreSQL all copies share this one row. Taken within the transaction it stays locked until
/// that ends, so that one copy that is frozen there stops every checkout. This way no copy holds it
/// while PostgreSQL waits for that copy. A number whose order is not placed is left out.
pub async fn next_number(db: &Db) -> Result<Option<i64>> {
    // Not flushed for its own sake: what is stored later is never on disk before it.
    const NEXT: &str = "UPDATE numbers SET last = last + 1
         WHERE name = 'orders' AND set_config('synchronous_commit', 'off', true) IS NOT NULL
         RETURNING last";
    if db.is_sqlite() {
        return Ok(None);
    }
    db.query(NEXT).one::<(i64,)>().await.map(|(number,)| Some(number))
}

/// Stores a requested order with what belongs to it.
pub async fn request(tx: &mut Tx, order: &Order, lines: &[OrderLine], saga: &Saga) -> Result<()> {
    insert_order(tx, order).await?;
    for line in lines {
        insert_line(tx, order.id, line).await?;
    }
    insert_saga(tx, saga).await
}

/// Places a requested order: gives it its number, the next one where there is none yet, and tells
/// of it. False where it is placed already, or withdrawn.
pub async fn place(
    tx: &mut Tx,
    order: &mut Order,
    lines: &[OrderLine],
    number: Option<i64>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let number = match number {
        Some(number) => number,
        None => {
            let next = "UPDATE numbers SET last = last + 1 WHERE name = 'orders' RETURNING last";
            tx.query(next).one::<(i64,)>().await?.0
        }
    };
    let number = format!("CW-{number}");
    let placed = tx
        .query(
            "UPDATE orders SET number = $2, version = 1, updated_at = $3
             WHERE id = $1 AND version = 0",
        )
        .bind(order.id)
        .bind(number.clone())
        .bind(now);
    if placed.execute().await? == 0 {
        return Ok(false);
    }
    order.number = number;
    order.version = 1;
    order.updated_at = now;
    insert_change(tx, order, None).await?;
    let created = OrderCreated { order: order.told(lines) };
    outbox::tell(tx, order.id, order.version, &created, now).await?;
    Ok(true)
}

/// Takes a requested order out again with all that belongs to it; its carts and its key are free.
/// False where it has been placed.
pub async fn withdraw(tx: &mut Tx, order: Uuid) -> Result<bool> {
    const OF_ORDER: [&str; 3] = [
        "DELETE FROM sagas WHERE order_id = $1",
        "DELETE FROM order_lines WHERE order_id = $1",
        "UPDATE cart_orders SET state = 'cancelled' WHERE order_id = $1",
    ];
    // Locks it first: nobody places it meanwhile.
    let requested = tx.query("UPDATE orders SET version = 0 WHERE id = $1 AND version = 0");
    if requested.bind(order).execute().await? == 0 {
        return Ok(false);
    }
    for statement in OF_ORDER {
        tx.query(statement).bind(order).execute().await?;
    }
    tx.query("DELETE FROM orders WHERE id = $1").bind(order).execute().await?;
    Ok(true)
}

async fn insert_order(tx: &mut Tx, order: &Order) -> Result<()> {
    tx.query(
        "INSERT INTO orders (id, number, owner, idempotency_key, fingerprint, user_id, email, name,
                status, payment_status, fulfillment_status, currency, subtotal, shipping, tax,
                total, shipping_address, billing_address, note, cart_id, cart_version, payment_id,
                shipping_method, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                 $19, $20, $21, $22, $23, $24, $25, $25)",
    )
    .bind(order.id)
    .bind(order.number.clone())
    .bind(order.owner.clone())
    .bind(order.idempotency_key.clone())
    .bind(order.fingerprint.clone())
    .bind(order.user_id)
    .bind(order.email.clone())
    .bind(order.name.clone())
    .bind(order.status.as_str())
    .bind(order.payment_status.as_str())
    .bind(order.fulfillment_status.as_str())
    .bind(order.currency.clone())
    .bind(order.subtotal)
    .bind(order.shipping)
    .bind(order.tax)
    .bind(order.total)
    .bind(order.shipping_address.clone())
    .bind(order.billing_address.clone())
    .bind(order.note.clone())
    .bind(order.cart_id)
    .bind(order.cart_version)
    .bind(order.payment_id)
    .bind(order.shipping_method.clone())
    .bind(order.version)
    .bind(order.created_at)
    .execute()
    .await
    .map(drop)
}

async fn insert_line(tx: &mut Tx, order: Uuid, line: &OrderLine) -> Result<()> {
    tx.query(
        "INSERT INTO order_lines (order_id, position, sku, product_id, variant_id, title,
                                  variant_title, image, quantity, unit_price, total, taxable,
                                  requires_shipping)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(order)
    .bind(line.position)
    .bind(line.sku.clone())
    .bind(line.product_id)
    .bind(line.variant_id)
    .bind(line.title.clone())
    .bind(line.variant_title.clone())
    .bind(line.image.clone())
    .bind(line.quantity)
    .bind(line.unit_price)
    .bind(line.total)
    .bind(line.taxable)
    .bind(line.requires_shipping)
    .execute()
    .await
    .map(drop)
}

async fn insert_saga(tx: &mut Tx, saga: &Saga) -> Result<()> {
    tx.query(
        "INSERT INTO sagas (order_id, step, fence, attempt, provider, token, rereserved, tries,
                            due_at, lease_until, deadline)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(saga.order_id)
    .bind(saga.step.as_str())
    .bind(saga.fence)
    .bind(saga.attempt)
    .bind(saga.provider.clone())
    .bind(saga.token.clone())
    .bind(saga.rereserved)
    .bind(saga.tries)
    .bind(saga.due_at)
    .bind(saga.lease_until)
    .bind(saga.deadline)
    .execute()
    .await
    .map(drop)
}
