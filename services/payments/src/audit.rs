//! Whether the money is where the books say it is, for `cartwright check`.
//!
//! On a running shop a payment may change between two of the statements; who asks twice and
//! keeps what was said both times hears of real faults only.

use std::collections::HashMap;

use chassis::clock::Clock;
use chassis::db::{Db, Result, Session};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::model::{Payment, Status};
use crate::sandbox;

/// What the payments of one order come to, in minor units.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
pub struct OrderTotals {
    pub order_id: Uuid,
    pub captured: i64,
    pub refunded: i64,
    /// Whether a payment or refund is still on its way, or held and not yet captured.
    pub open: bool,
}

/// An operation older than this should have ended.
const STUCK: TimeDelta = TimeDelta::minutes(2);
/// Payments compared with the sandbox's books at a time.
const BATCH: i64 = 1000;

/// Every fault found, one line each.
pub async fn violations(db: &Db, sandbox: &Db) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    ledger(db, &mut faults).await?;
    operations(db, Clock::System.now(), &mut faults).await?;
    refunds(db, &mut faults).await?;
    books(db, sandbox, BATCH, &mut faults).await?;
    Ok(faults)
}

/// The totals of every order that has a payment.
pub async fn totals_by_order(db: &Db) -> Result<Vec<OrderTotals>> {
    db.query(
        "SELECT order_id, CAST(SUM(captured) AS BIGINT) AS captured,
                CAST(SUM(refunded) AS BIGINT) AS refunded,
                SUM(CASE WHEN refund_pending > 0 OR status IN
                    ('pending', 'requires_action', 'authorized', 'capturing', 'voiding')
                    THEN 1 ELSE 0 END) > 0 AS open
         FROM payments WHERE order_id IS NOT NULL GROUP BY order_id ORDER BY order_id",
    )
    .all()
    .await
}

/// The ledger sums to zero, and says of each payment what the payment says of itself.
async fn ledger(db: &Db, faults: &mut Vec<String>) -> Result<()> {
    let unbalanced: Vec<(Uuid, i64)> = db
        .query(
            "SELECT transaction_id, CAST(SUM(amount) AS BIGINT) FROM ledger_entries
             GROUP BY transaction_id HAVING SUM(amount) <> 0 ORDER BY transaction_id",
        )
        .all()
        .await?;
    faults.extend(
        unbalanced.iter().map(|(id, sum)| format!("ledger transaction {id} sums to {sum}, not 0")),
    );
    let (total,): (i64,) = db
        .query("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM ledger_entries")
        .one()
        .await?;
    if total != 0 {
        faults.push(format!("the ledger sums to {total}, not 0"));
    }
    let disagreeing: Vec<(Uuid, i64, i64, i64, i64)> = db
        .query(
            "SELECT p.id, p.captured, p.refunded, COALESCE(l.debit, 0), COALESCE(l.credit, 0)
             FROM payments p LEFT JOIN (
                 SELECT payment_id,
                        CAST(SUM(CASE WHEN amount > 0 THEN amount ELSE 0 END) AS BIGINT) AS debit,
                        CAST(SUM(CASE WHEN amount < 0 THEN -amount ELSE 0 END) AS BIGINT) AS credit
                 FROM ledger_entries WHERE account <> 'sales' GROUP BY payment_id
             ) l ON l.payment_id = p.id
             WHERE p.captured <> COALESCE(l.debit, 0) OR p.refunded <> COALESCE(l.credit, 0)
             ORDER BY p.id",
        )
        .all()
        .await?;
    faults.extend(disagreeing.iter().map(|(id, captured, refunded, debit, credit)| {
        format!(
            "payment {id} captured {captured} and refunded {refunded}, but the ledger says \
             {debit} and {credit}"
        )
    }));
    Ok(())
}

/// A payment that is on its way has an operation that carries it on, and none stays open.
async fn operations(db: &Db, now: DateTime<Utc>, faults: &mut Vec<String>) -> Result<()> {
    let stuck: Vec<(Uuid, String, Uuid)> = db
        .query(
            "SELECT id, kind, payment_id FROM operations
             WHERE settled_at IS NULL AND (created_at < $1 OR created_at > $2) ORDER BY id",
        )
        .bind(now - STUCK)
        // By a clock that has been put back since: nobody can tell how long it has waited.
        .bind(now + STUCK)
        .all()
        .await?;
    faults.extend(stuck.iter().map(|(id, kind, payment)| {
        format!("operation {id} ({kind} of payment {payment}) is stuck")
    }));
    let forgotten: Vec<(Uuid, String)> = db
        .query(
            "SELECT p.id, p.status FROM payments p
             WHERE (p.status IN ('pending', 'capturing', 'voiding') OR p.refund_pending > 0)
               AND NOT EXISTS (SELECT o.id FROM operations o
                               WHERE o.payment_id = p.id AND o.settled_at IS NULL)
             ORDER BY p.id",
        )
        .all()
        .await?;
    faults.extend(
        forgotten
            .iter()
            .map(|(id, status)| format!("payment {id} is {status}, but nothing carries it on")),
    );
    Ok(())
}

/// Amounts are within their limits, and what a payment refunded is the sum of its refunds.
async fn refunds(db: &Db, faults: &mut Vec<String>) -> Result<()> {
    let wrong: Vec<(Uuid,)> = db
        .query(
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
        .await?;
    faults.extend(
        wrong.iter().map(|(id,)| format!("payment {id}: its amounts and its refunds do not agree")),
    );
    Ok(())
}

/// The sandbox's books say the same of each payment that is not on its way. Both are read in the
/// order of their ids, `batch` at a time.
async fn books(db: &Db, sandbox: &Db, batch: i64, faults: &mut Vec<String>) -> Result<()> {
    let disagreeing = sandbox::refunds_that_disagree(sandbox).await?;
    faults.extend(disagreeing.iter().map(|(id,)| {
        format!("sandbox charge {id} refunded another amount than its refunds come to")
    }));
    let mut after = Uuid::nil();
    loop {
        // The books first: an operation is noted before the provider hears of it, so that every
        // charge found here has its payment.
        let charges = sandbox::page(sandbox, after, Uuid::max(), batch).await?;
        let last = match charges.last() {
            Some(last) if charges.len() as i64 == batch => last.id,
            _ => Uuid::max(),
        };
        let mut charges: HashMap<Uuid, _> = charges.into_iter().map(|it| (it.id, it)).collect();
        let mut from = after;
        loop {
            let payments = page(db, from, last, batch).await?;
            for payment in &payments {
                let charge = charges.remove(&payment.id);
                faults.extend(disagreement(payment, charge.as_ref()));
            }
            match payments.last() {
                Some(payment) if payments.len() as i64 == batch => from = payment.id,
                _ => break,
            }
        }
        let unknown = charges.keys().map(|id| format!("sandbox charge {id} has no payment"));
        faults.extend(unknown);
        if last == Uuid::max() {
            return Ok(());
        }
        after = last;
    }
}

/// Payments after `after` by id, up to and including `last`.
async fn page(db: &Db, after: Uuid, last: Uuid, limit: i64) -> Result<Vec<Payment>> {
    db.query("SELECT * FROM payments WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3")
        .bind(after)
        .bind(last)
        .bind(limit)
        .all()
        .await
}

fn disagreement(payment: &Payment, charge: Option<&sandbox::Booked>) -> Option<String> {
    let on_its_way = payment.refund_pending > 0
        || matches!(payment.status, Status::Pending | Status::Capturing | Status::Voiding);
    // A payment that was voided before it was asked for has no provider.
    let elsewhere = payment.provider != sandbox::NAME && !payment.provider.is_empty();
    if on_its_way || elsewhere {
        return None;
    }
    let expected: &[&str] = match payment.status {
        Status::RequiresAction => &["requires_action"],
        Status::Authorized => &["authorized"],
        Status::Declined | Status::Voided => &["none", "declined", "voided"],
        _ => &["captured"],
    };
    let state = charge.map_or("none", |it| it.state.as_str());
    let booked = charge.map_or((0, 0), |it| (it.captured, it.refunded));
    if expected.contains(&state) && booked == (payment.captured, payment.refunded) {
        return None;
    }
    Some(format!(
        "payment {} is {} with {} captured and {} refunded, but the sandbox says {state} with {} \
         and {}",
        payment.id,
        payment.status.as_str(),
        payment.captured,
        payment.refunded,
        booked.0,
        booked.1,
    ))
}

#[cfg(test)]
mod tests;
