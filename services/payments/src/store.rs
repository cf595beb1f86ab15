//! The SQL of payments, all of it except the sandbox's own books and the audit.
//!
//! A change of a payment is: lock it, let `model` decide, save it under the version it was read
//! with. Operations are claimed under a lease; its fence decides who may settle them.

mod queue;

pub(crate) use queue::{OPERATIONS, postpone, settle};

use chassis::Secret;
use chassis::db::{Result, Session, Sql, Tx};
use chassis::money::Currency;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Entry, Kind, Operation, Payment, Refund, RefundStatus, Status, operation_id};
use crate::refund_lines::RefundLine;

/// A payment to be made, or the note that it must not be.
pub(crate) struct NewPayment {
    pub(crate) id: Uuid,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) order_number: String,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) order_token_hash: Option<String>,
    pub(crate) status: Status,
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) provider: String,
}

/// Something a provider is going to be asked.
pub(crate) struct NewOperation {
    pub(crate) id: Uuid,
    pub(crate) payment_id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) amount: i64,
    pub(crate) input: Option<Secret>,
}

/// What a list of payments is narrowed by, and where it goes on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) order_id: Option<Uuid>,
    pub(crate) status: Option<Status>,
    pub(crate) after: Option<(DateTime<Utc>, Uuid)>,
}

/// Inserts a payment; none if its id is taken.
pub(crate) async fn insert(
    db: impl Session<'_>,
    payment: &NewPayment,
    now: DateTime<Utc>,
) -> Result<Option<Payment>> {
    db.query(
        "INSERT INTO payments
             (id, order_id, order_number, user_id, order_token_hash, status, amount, captured,
              refunded, refund_pending, currency, provider, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, $8, $9, 1, $10, $10)
         ON CONFLICT (id) DO NOTHING RETURNING *",
    )
    .bind(payment.id)
    .bind(payment.order_id)
    .bind(payment.order_number.clone())
    .bind(payment.user_id)
    .bind(payment.order_token_hash.clone())
    .bind(payment.status.as_str())
    .bind(payment.amount)
    .bind(payment.currency.clone())
    .bind(payment.provider.clone())
    .bind(now)
    .optional()
    .await
}

/// Gives a payment that was voided before anybody asked for it the order it was meant for.
pub(crate) async fn adopt(
    db: impl Session<'_>,
    payment: &NewPayment,
    now: DateTime<Utc>,
) -> Result<bool> {
    let rows = db
        .query(
            "UPDATE payments SET order_id = $2, order_number = $3, user_id = $4,
                 order_token_hash = $5, amount = $6, currency = $7, provider = $8,
                 version = version + 1, updated_at = $9
             WHERE id = $1 AND status = 'voided' AND order_id IS NULL",
        )
        .bind(payment.id)
        .bind(payment.order_id)
        .bind(payment.order_number.clone())
        .bind(payment.user_id)
        .bind(payment.order_token_hash.clone())
        .bind(payment.amount)
        .bind(payment.currency.clone())
        .bind(payment.provider.clone())
        .bind(now)
        .execute()
        .await?;
    Ok(rows == 1)
}

pub(crate) async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Payment>> {
    db.query("SELECT * FROM payments WHERE id = $1").bind(id).optional().await
}

/// Finds a payment and keeps others from changing it until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Payment>> {
    const LOCK: Sql = Sql {
        sqlite: "SELECT * FROM payments WHERE id = $1",
        postgres: "SELECT * FROM payments WHERE id = $1 FOR UPDATE",
    };
    tx.query(LOCK).bind(id).optional().await
}

/// Saves what changed since the payment was locked and moves it to its next version.
pub(crate) async fn save(tx: &mut Tx, payment: &mut Payment, now: DateTime<Utc>) -> Result<()> {
    let (version,): (i64,) = tx
        .query(
            "UPDATE payments SET status = $3, captured = $4, refunded = $5, refund_pending = $6,
                 reference = $7, reason = $8, version = version + 1, updated_at = $9
             WHERE id = $1 AND version = $2 RETURNING version",
        )
        .bind(payment.id)
        .bind(payment.version)
        .bind(payment.status.as_str())
        .bind(payment.captured)
        .bind(payment.refunded)
        .bind(payment.refund_pending)
        .bind(payment.reference.clone())
        .bind(payment.reason.clone())
        .bind(now)
        .one()
        .await?;
    payment.version = version;
    payment.updated_at = now;
    Ok(())
}

/// Lists payments, newest first.
pub(crate) async fn list(
    db: impl Session<'_>,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Payment>> {
    const OF_ORDER: &str = "SELECT * FROM payments
         WHERE order_id = $1 AND ($2 IS NULL OR status = $2)
           AND ($3 IS NULL OR (created_at, id) < ($3, $4))
         ORDER BY created_at DESC, id DESC LIMIT $5";
    const OF_ALL: &str = "SELECT * FROM payments
         WHERE $1 IS NULL AND ($2 IS NULL OR status = $2)
           AND ($3 IS NULL OR (created_at, id) < ($3, $4))
         ORDER BY created_at DESC, id DESC LIMIT $5";
    db.query(if filter.order_id.is_some() { OF_ORDER } else { OF_ALL })
        .bind(filter.order_id)
        .bind(filter.status.map(Status::as_str))
        .bind(filter.after.map(|(at, _)| at))
        .bind(filter.after.map(|(_, id)| id))
        .bind(limit)
        .all()
        .await
}

pub(crate) async fn count(db: impl Session<'_>, filter: &Filter) -> Result<i64> {
    let (count,) = db
        .query(
            "SELECT count(*) FROM payments
             WHERE ($1 IS NULL OR order_id = $1) AND ($2 IS NULL OR status = $2)",
        )
        .bind(filter.order_id)
        .bind(filter.status.map(Status::as_str))
        .one::<(i64,)>()
        .await?;
    Ok(count)
}

/// Notes that the provider is going to be asked, by whoever notes it until `lease_until` and by
/// anybody afterwards. Nothing if it is noted already.
pub(crate) async fn intend(
    db: impl Session<'_>,
    operation: NewOperation,
    lease_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<Operation>> {
    db.query(
        "INSERT INTO operations (id, payment_id, kind, state, amount, input, attempts, next_at,
                                 lease_until, fence, created_at)
         VALUES ($1, $2, $3, 'intended', $4, $5, 0, $6, $7, 1, $6)
         ON CONFLICT (id) DO NOTHING RETURNING *",
    )
    .bind(operation.id)
    .bind(operation.payment_id)
    .bind(operation.kind.as_str())
    .bind(operation.amount)
    .bind(operation.input)
    .bind(now)
    .bind(lease_until)
    .optional()
    .await
}

pub(crate) async fn find_operation(db: impl Session<'_>, id: Uuid) -> Result<Option<Operation>> {
    db.query("SELECT * FROM operations WHERE id = $1").bind(id).optional().await
}

/// Everything the provider was asked for a payment, oldest first.
pub(crate) async fn operations(db: impl Session<'_>, payment: Uuid) -> Result<Vec<Operation>> {
    db.query("SELECT * FROM operations WHERE payment_id = $1 ORDER BY created_at, id LIMIT 1000")
        .bind(payment)
        .all()
        .await
}

/// Notes a refund; false if its id is taken.
pub(crate) async fn insert_refund(db: impl Session<'_>, refund: &Refund) -> Result<bool> {
    let rows = db
        .query(
            "INSERT INTO refunds (id, payment_id, amount, reason, status, failure, fingerprint,
                                  created_at, updated_at, restock, note, staff)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(refund.id)
        .bind(refund.payment_id)
        .bind(refund.amount)
        .bind(refund.reason.clone())
        .bind(refund.status.as_str())
        .bind(refund.failure.clone())
        .bind(refund.fingerprint.clone())
        .bind(refund.created_at)
        .bind(refund.updated_at)
        .bind(refund.restock)
        .bind(refund.note.clone())
        .bind(refund.staff)
        .execute()
        .await?;
    Ok(rows == 1)
}

pub(crate) async fn find_refund(db: impl Session<'_>, id: Uuid) -> Result<Option<Refund>> {
    db.query("SELECT * FROM refunds WHERE id = $1").bind(id).optional().await
}

/// Notes which units a refund is for.
pub(crate) async fn insert_refund_line(tx: &mut Tx, line: &RefundLine) -> Result<()> {
    tx.query(
        "INSERT INTO refund_lines (refund_id, sku, quantity, amount, restock)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(line.refund_id)
    .bind(line.sku.clone())
    .bind(line.quantity)
    .bind(line.amount)
    .bind(line.restock)
    .execute()
    .await
    .map(drop)
}

/// The units that refunds of a payment are for, those of failed ones left out where `counted`.
pub(crate) async fn refund_lines(
    db: impl Session<'_>,
    payment: Uuid,
    counted: bool,
) -> Result<Vec<RefundLine>> {
    db.query(
        "SELECT refund_id, sku, quantity, refund_lines.amount, refund_lines.restock
         FROM refunds JOIN refund_lines ON refund_lines.refund_id = refunds.id
         WHERE payment_id = $1 AND (status <> 'failed' OR NOT $2) ORDER BY refund_id, sku",
    )
    .bind(payment)
    .bind(counted)
    .all()
    .await
}

/// Notes how a refund ended.
pub(crate) async fn settle_refund(
    tx: &mut Tx,
    id: Uuid,
    status: RefundStatus,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "UPDATE refunds SET status = $2, failure = $3, updated_at = $4
         WHERE id = $1 AND status = 'pending'",
    )
    .bind(id)
    .bind(status.as_str())
    .bind(failure.map(str::to_owned))
    .bind(now)
    .execute()
    .await
    .map(drop)
}

/// The refunds of a payment, newest first.
pub(crate) async fn refunds(
    db: impl Session<'_>,
    payment: Uuid,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Refund>> {
    db.query(
        "SELECT * FROM refunds
         WHERE payment_id = $1 AND ($2 IS NULL OR (created_at, id) < ($2, $3))
         ORDER BY created_at DESC, id DESC LIMIT $4",
    )
    .bind(payment)
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .all()
    .await
}

/// Posts what moved: from the customer at the provider to the shop's sales, or back where
/// `amount` is negative.
pub(crate) async fn post(
    tx: &mut Tx,
    transaction: Uuid,
    payment: &Payment,
    amount: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "INSERT INTO ledger_entries (transaction_id, account, payment_id, amount, currency,
                                     created_at)
         VALUES ($1, $2, $3, $4, $5, $6), ($1, 'sales', $3, -$4, $5, $6)",
    )
    .bind(transaction)
    .bind(format!("provider:{}", payment.provider))
    .bind(payment.id)
    .bind(amount)
    .bind(payment.currency.clone())
    .bind(now)
    .execute()
    .await
    .map(drop)
}

/// The ledger's entries about a payment, oldest first.
pub(crate) async fn entries(
    db: impl Session<'_>,
    payment: Uuid,
    after: Option<(DateTime<Utc>, Uuid, String)>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let (at, transaction, account) = match after {
        Some((at, transaction, account)) => (Some(at), Some(transaction), Some(account)),
        None => (None, None, None),
    };
    db.query(
        "SELECT transaction_id, account, amount, currency, created_at FROM ledger_entries
         WHERE payment_id = $1
           AND ($2 IS NULL OR (created_at, transaction_id, account) > ($2, $3, $4))
         ORDER BY created_at, transaction_id, account LIMIT $5",
    )
    .bind(payment)
    .bind(at)
    .bind(transaction)
    .bind(account)
    .bind(limit)
    .all()
    .await
}

impl NewOperation {
    pub(crate) fn new(payment: &Payment, kind: Kind) -> Self {
        Self {
            id: operation_id(payment.id, kind),
            payment_id: payment.id,
            kind,
            amount: payment.amount,
            input: None,
        }
    }
}

#[cfg(test)]
mod tests;
