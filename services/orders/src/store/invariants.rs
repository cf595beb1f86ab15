//! The SQL of what `cartwright check` asks.

use chassis::db::{Db, Json, Result, Session, sql};
use chrono::{DateTime, Utc};
use contracts::payments::RefundedLine;
use uuid::Uuid;

use crate::invariants::{Claim, PaidLine};

/// Every order with what it claims.
pub async fn claims(db: &Db) -> Result<Vec<Claim>> {
    db.query(
        "SELECT orders.id AS order_id, number, status, payment_status, fulfillment_status, total,
                COALESCE(captured, total) AS charged, sagas.on_shipment,
                sagas.step IN ('done', 'ship', 'put_back') AS done, sagas.step = 'ship' AS ships,
                sagas.step = 'await_payment' AS declined
         FROM orders JOIN sagas ON sagas.order_id = orders.id ORDER BY orders.id",
    )
    .all()
    .await
}

/// Every line that was bought from a cart, and paid.
pub async fn paid_lines(db: &Db) -> Result<Vec<PaidLine>> {
    db.query(
        "SELECT orders.id AS order_id, number, cart_id, cart_version, sku
         FROM orders JOIN order_lines ON order_lines.order_id = orders.id
         WHERE status IN ('confirmed', 'shipped', 'delivered') AND cart_id IS NOT NULL
           AND cart_version IS NOT NULL
         ORDER BY orders.id, sku",
    )
    .all()
    .await
}

/// Carts with two undecided orders, and the orders' numbers.
pub async fn two_undecided(db: &Db) -> Result<Vec<(Uuid, String, String)>> {
    db.query(
        "SELECT a.cart_id, a.number, b.number FROM orders a
         JOIN orders b ON b.cart_id = a.cart_id AND b.id > a.id
         WHERE a.status = 'pending' AND b.status = 'pending'
           AND a.status <> 'cancelled' AND b.status <> 'cancelled'",
    )
    .all()
    .await
}

/// Numbers of undecided orders whose carts do not name them, and the carts.
pub async fn unnamed(db: &Db) -> Result<Vec<(String, Uuid)>> {
    db.query(
        "SELECT number, cart_id FROM orders
         WHERE status = 'pending' AND cart_id IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM cart_orders
                           WHERE cart_orders.cart_id = orders.cart_id
                             AND cart_orders.order_id = orders.id
                             AND cart_orders.state = 'undecided')",
    )
    .all()
    .await
}

/// Carts that wait for an order which is not undecided, and the order.
pub async fn unsettled(db: &Db) -> Result<Vec<(Uuid, Uuid)>> {
    db.query(
        "SELECT cart_orders.cart_id, cart_orders.order_id FROM cart_orders
         LEFT JOIN orders ON orders.id = cart_orders.order_id
         WHERE state = 'undecided' AND (orders.id IS NULL OR orders.status <> 'pending')",
    )
    .all()
    .await
}

/// Numbers of orders that say another amount was given back than their refunds, and both amounts.
pub async fn refunds_that_do_not_add_up(db: &Db) -> Result<Vec<(String, i64, i64)>> {
    db.query(
        "SELECT number, refunded, CAST(COALESCE(SUM(order_refunds.amount), 0) AS BIGINT)
         FROM orders LEFT JOIN order_refunds ON order_refunds.order_id = orders.id
                                                AND order_refunds.failed_at IS NULL
         GROUP BY number, refunded, total, captured
         HAVING refunded <> CAST(COALESCE(SUM(order_refunds.amount), 0) AS BIGINT)
             OR refunded > COALESCE(captured, total)",
    )
    .all()
    .await
}

/// What units each refund is for.
pub async fn refunded_lines(db: &Db) -> Result<Vec<(Uuid, Json<Vec<RefundedLine>>)>> {
    db.query("SELECT order_id, lines FROM order_refunds WHERE failed_at IS NULL ORDER BY order_id")
        .all()
        .await
}

/// Numbers of orders whose lines come to another subtotal, and both.
pub async fn lines_that_do_not_add_up(db: &Db) -> Result<Vec<(String, i64, i64)>> {
    db.query(
        "SELECT number, subtotal, CAST(COALESCE(SUM(order_lines.total), 0) AS BIGINT)
         FROM orders LEFT JOIN order_lines ON order_lines.order_id = orders.id
         GROUP BY number, subtotal
         HAVING subtotal <> CAST(COALESCE(SUM(order_lines.total), 0) AS BIGINT)",
    )
    .all()
    .await
}

/// Orders that should have been decided, not counting those that wait for the customer: nothing has
/// happened to them since a time, or they were changed after `until`, which is yet to come, by a
/// clock that was ahead.
pub async fn undecided(
    db: &Db,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<(Uuid, String, String)>> {
    let undecided = sql!(
        "SELECT sagas.order_id, orders.number, sagas.step FROM sagas
         JOIN orders ON orders.id = sagas.order_id
         WHERE (step NOT IN ('done', 'await_action', 'await_payment')
                AND orders.updated_at < {since})
            OR (step IN ('await_action', 'await_payment') AND sagas.due_at < {since})
            OR (step <> 'done' AND orders.updated_at > {until})"
    );
    db.query(undecided).all().await
}
