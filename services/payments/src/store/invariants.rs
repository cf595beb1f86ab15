//! The SQL of what `cartwright check` asks.

use chassis::db::{Db, Result, Session, sql};
use chrono::{DateTime, Utc};
use contracts::payments::LATE_CAPTURE;
use uuid::Uuid;

use crate::invariants::OrderTotals;
use crate::model::Payment;

/// The totals of every order that has a payment, but for what arrived too late and went back: it was
/// never the order's.
pub(crate) async fn totals_by_order(db: &Db) -> Result<Vec<OrderTotals>> {
    let totals = sql!(
        "SELECT order_id, CAST(SUM(captured - COALESCE(late, 0)) AS BIGINT) AS captured,
                CAST(SUM(refunded - COALESCE(late, 0)) AS BIGINT) AS refunded,
                SUM(CASE WHEN refund_pending > 0 OR status IN
                    ('pending', 'requires_action', 'processing', 'authorized', 'capturing',
                     'voiding')
                    THEN 1 ELSE 0 END) > 0 AS open
         FROM payments
         LEFT JOIN (SELECT payment_id, SUM(amount) AS late FROM refunds
                    WHERE reason = {LATE_CAPTURE} AND status = 'succeeded' GROUP BY payment_id) l
                ON l.payment_id = payments.id
         WHERE order_id IS NOT NULL GROUP BY order_id ORDER BY order_id"
    );
    db.query(totals).all().await
}

/// Transactions of the ledger that do not sum to zero, and their sums.
pub(crate) async fn unbalanced(db: &Db) -> Result<Vec<(Uuid, i64)>> {
    db.query(
        "SELECT transaction_id, CAST(SUM(amount) AS BIGINT) FROM ledger_entries
         GROUP BY transaction_id HAVING SUM(amount) <> 0 ORDER BY transaction_id",
    )
    .all()
    .await
}

/// The sum of the whole ledger.
pub(crate) async fn total(db: &Db) -> Result<i64> {
    let total = db.query("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM ledger_entries");
    total.one::<(i64,)>().await.map(|(total,)| total)
}

/// Payments of which the ledger says something else: what was captured and refunded by the payment,
/// and what is left of it by the ledger.
pub(crate) async fn disagreeing(db: &Db) -> Result<Vec<(Uuid, i64, i64, i64)>> {
    db.query(
        "SELECT p.id, p.captured, p.refunded, COALESCE(l.sold, 0)
         FROM payments p LEFT JOIN (
                 SELECT payment_id, CAST(-SUM(amount) AS BIGINT) AS sold
                 FROM ledger_entries WHERE account = 'sales' GROUP BY payment_id
         ) l ON l.payment_id = p.id
         WHERE p.captured - p.refunded <> COALESCE(l.sold, 0)
         ORDER BY p.id",
    )
    .all()
    .await
}

/// Payments whose disputes took something else than the ledger says: their sum, and the ledger's.
pub(crate) async fn disputes_disagreeing(db: &Db) -> Result<Vec<(Uuid, i64, i64)>> {
    db.query(
        "SELECT p.id, COALESCE(d.withdrawn, 0), COALESCE(l.withdrawn, 0)
         FROM payments p
         LEFT JOIN (SELECT payment_id, CAST(SUM(withdrawn) AS BIGINT) AS withdrawn
                    FROM disputes GROUP BY payment_id) d ON d.payment_id = p.id
         LEFT JOIN (SELECT payment_id, CAST(SUM(amount) AS BIGINT) AS withdrawn
                    FROM ledger_entries WHERE account = 'disputes' GROUP BY payment_id) l
                ON l.payment_id = p.id
         WHERE COALESCE(d.withdrawn, 0) <> COALESCE(l.withdrawn, 0) ORDER BY p.id",
    )
    .all()
    .await
}

/// Open operations that were begun before `since`, or after `until`, which is yet to come.
pub(crate) async fn stuck(
    db: &Db,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<(Uuid, String, Uuid)>> {
    let stuck = sql!(
        "SELECT id, kind, payment_id FROM operations
         WHERE settled_at IS NULL AND (created_at < {since} OR created_at > {until}) ORDER BY id"
    );
    db.query(stuck).all().await
}

/// Payments on their way that no operation carries on.
pub(crate) async fn forgotten(db: &Db) -> Result<Vec<(Uuid, String)>> {
    db.query(
        "SELECT p.id, p.status FROM payments p
         WHERE (p.status IN ('pending', 'capturing', 'voiding') OR p.refund_pending > 0)
               AND (p.look_at IS NULL OR p.refund_pending > 0)
               AND NOT EXISTS (SELECT o.id FROM operations o
                               WHERE o.payment_id = p.id AND o.settled_at IS NULL)
         ORDER BY p.id",
    )
    .all()
    .await
}

/// Payments whose amounts are out of their limits, or not those of their refunds.
pub(crate) async fn mismatched(db: &Db) -> Result<Vec<(Uuid,)>> {
    db.query(
        "SELECT p.id FROM payments p LEFT JOIN (
                 SELECT payment_id,
                        CAST(SUM(CASE WHEN status = 'succeeded' THEN amount ELSE 0 END) AS BIGINT)
                            AS done,
                        CAST(SUM(CASE WHEN status = 'pending' THEN amount ELSE 0 END) AS BIGINT)
                            AS pending
                 FROM refunds GROUP BY payment_id
         ) r ON r.payment_id = p.id
         WHERE p.refunded <> COALESCE(r.done, 0)
                OR p.refund_pending <> COALESCE(r.pending, 0)
                OR p.captured > p.amount OR p.refunded + p.refund_pending > p.captured
         ORDER BY p.id",
    )
    .all()
    .await
}

/// Payments after `after` by id, up to and including `last`.
pub(crate) async fn page(db: &Db, after: Uuid, last: Uuid, limit: i64) -> Result<Vec<Payment>> {
    let page = sql!(
        "SELECT {Payment.*} FROM payments WHERE id > {after} AND id <= {last}
         ORDER BY id LIMIT {limit}"
    );
    db.query(page).all().await
}

/// When the first payment was created; none if there is none.
pub(crate) async fn first_created_at(db: &Db) -> Result<Option<DateTime<Utc>>> {
    let first = "SELECT created_at FROM payments ORDER BY created_at LIMIT 1";
    let first: Option<(DateTime<Utc>,)> = db.query(first).optional().await?;
    Ok(first.map(|it| it.0))
}
