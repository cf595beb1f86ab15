//! The SQL of payments, all of it except the sandbox's own records.
//!
//! A change of a payment is: read it or lock it, let `model` decide, save it under the version it
//! was read with. Operations are claimed under a lease; its fence decides who may settle them.

mod customers;
mod disputes;
mod invariants;
mod ledger;
mod lists;
mod refunds;

pub(crate) use customers::{
    CUSTOMERS, Customer, customer, customer_is_gone, customers, delete_customer_later,
    delete_customers, forget_customer, intend_customer, name_customer,
};
pub(crate) use disputes::{disputes, save_dispute};
pub(crate) use invariants::{
    disagreeing, disputes_disagreeing, first_created_at, forgotten, mismatched, page, stuck, total,
    totals_by_order, unbalanced,
};
pub(crate) use ledger::{entries, post_dispute_with, post_with};
pub(crate) use lists::{Filter, count, list};
pub(crate) use refunds::{
    fail_refund, find_refund, insert_refund, insert_refund_lines, refund_by, refund_lines, refunds,
    settle_refund,
};

mod queue;

pub(crate) use queue::{OPERATIONS, postpone, settle_with};

use chassis::Secret;
use chassis::db::{Batch, Db, Query, Result, Session, Tx, sql};
use chassis::money::Currency;
use chrono::{DateTime, Utc};
use contracts::payments::CaptureTiming;
use uuid::Uuid;

use crate::model::{Kind, Operation, Payment, State, Status, operation_id};
#[cfg(test)]
use crate::model::{Refund, RefundStatus};

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
    pub(crate) capture: CaptureTiming,
}

/// Something a provider is going to be asked.
pub(crate) struct NewOperation {
    pub(crate) id: Uuid,
    pub(crate) payment_id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) amount: i64,
    pub(crate) input: Option<Secret>,
    /// Whether an authorisation also saves the means of payment.
    pub(crate) save: bool,
}

/// An operation as it is noted.
#[derive(chassis::db::Insert)]
#[record(table = "operations")]
struct Intended<'a> {
    #[record(flatten)]
    operation: &'a Operation,
    next_at: DateTime<Utc>,
    lease_until: DateTime<Utc>,
}

/// From when until when the process that stores an operation may carry it out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub(crate) now: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

/// Inserts a payment; none if its id is taken.
pub(crate) async fn insert(
    db: impl Session<'_>,
    payment: &NewPayment,
    now: DateTime<Utc>,
) -> Result<Option<Payment>> {
    let payment = payment.made(now);
    let inserted = db.insert_new(&payment).execute().await?;
    Ok((inserted == 1).then_some(payment))
}

/// Inserts a payment with the first thing its provider is asked. None if its id is taken: then
/// nothing of the transaction may be committed.
pub(crate) async fn open(
    tx: &mut Tx,
    payment: &NewPayment,
    (token, save): (Secret, bool),
    lease: Lease,
) -> Result<Option<(Payment, Operation)>> {
    let payment = payment.made(lease.now);
    let new = NewOperation::new(&payment, Kind::Authorize);
    let ask = NewOperation { input: Some(token), save, ..new };
    let operation = ask.intended(lease.now);
    let mut batch = tx.batch();
    batch.must(|tx| tx.insert_new(&payment));
    intend_with(&mut batch, &operation, lease);
    Ok(batch.execute().await?.then_some((payment, operation)))
}

/// Gives a payment that was voided before anybody asked for it the order it was meant for.
pub(crate) async fn adopt(
    db: impl Session<'_>,
    payment: &NewPayment,
    now: DateTime<Utc>,
) -> Result<bool> {
    let NewPayment { id, order_id, order_number, user_id, order_token_hash, .. } = payment;
    let NewPayment { amount, currency, provider, capture, .. } = payment;
    let adopt = sql!(
        "UPDATE payments SET order_id = {order_id}, order_number = {order_number},
             user_id = {user_id}, order_token_hash = {order_token_hash}, amount = {amount},
             currency = {currency}, provider = {provider}, capture = {capture},
             version = version + 1, updated_at = {now}
         WHERE id = {id} AND status = 'voided' AND order_id IS NULL"
    );
    Ok(db.query(adopt).execute().await? == 1)
}

pub(crate) async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Payment>> {
    db.query(sql!("SELECT {Payment.*} FROM payments WHERE id = {id}")).optional().await
}

/// Finds a payment and keeps others from changing it until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Payment>> {
    let lock = sql!(
        sqlite: "SELECT {Payment.*} FROM payments WHERE id = {id}",
        postgres: "SELECT {Payment.*} FROM payments WHERE id = {id} FOR UPDATE",
    );
    tx.query(lock).optional().await
}

/// Saves what changed since the payment was read and moves it to its next version.
pub(crate) async fn save(tx: &mut Tx, payment: &mut Payment, now: DateTime<Utc>) -> Result<()> {
    match raised(tx, payment, now).execute().await? {
        0 => Err(chassis::db::Error::NoRow),
        _ => Ok(()),
    }
}

/// The same among other writes.
pub(crate) fn save_with(batch: &mut Batch<'_>, payment: &mut Payment, now: DateTime<Utc>) {
    batch.must(|tx| raised(tx, payment, now));
}

fn raised<'c>(db: impl Session<'c>, payment: &mut Payment, now: DateTime<Utc>) -> Query<'c> {
    let seen = payment.version;
    payment.version += 1;
    payment.updated_at = now;
    db.update_if(&*payment, "version", seen)
}

/// Saves a payment that is locked, and notes what its provider is going to be asked. No operation
/// if it is noted already.
pub(crate) async fn save_and_intend(
    tx: &mut Tx,
    payment: &mut Payment,
    ask: NewOperation,
    lease: Lease,
) -> Result<Option<Operation>> {
    let operation = ask.intended(lease.now);
    let mut batch = tx.batch();
    save_with(&mut batch, payment, lease.now);
    intend_with(&mut batch, &operation, lease);
    match batch.touched().await?[..] {
        [true, noted] => Ok(noted.then_some(operation)),
        _ => Err(chassis::db::Error::NoRow),
    }
}

/// Notes that the provider is going to be asked, by whoever notes it until the lease ends and by
/// anybody afterwards. Nothing if it is noted already.
pub(crate) fn intend_with(batch: &mut Batch<'_>, operation: &Operation, lease: Lease) {
    let intended = Intended { operation, next_at: lease.now, lease_until: lease.until };
    batch.must(|tx| tx.insert_new(&intended));
}

/// Payments whose provider is to be asked how they stand, each put off until `until`, so that no
/// other process asks too.
pub(crate) async fn to_look_at(
    db: &Db,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Payment>> {
    let due = sql!(
        "SELECT {Payment.*} FROM payments WHERE look_at <= {now} ORDER BY look_at LIMIT {limit}"
    );
    let due: Vec<Payment> = db.query(due).all().await?;
    let mut taken = Vec::new();
    for payment in due {
        let Payment { id, look_at, .. } = &payment;
        let take =
            sql!("UPDATE payments SET look_at = {until} WHERE id = {id} AND look_at = {look_at}");
        if db.query(take).execute().await? == 1 {
            taken.push(payment);
        }
    }
    Ok(taken)
}

/// Notes when the provider is asked next how a payment stands.
pub(crate) async fn look_later(
    tx: &mut Tx,
    id: Uuid,
    look_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let later = sql!("UPDATE payments SET look_at = {look_at} WHERE id = {id}");
    tx.query(later).execute().await.map(drop)
}

/// The payment that its provider calls so.
pub(crate) async fn by_reference(
    db: impl Session<'_>,
    provider: &str,
    reference: &str,
) -> Result<Option<Payment>> {
    let find = sql!(
        "SELECT {Payment.*} FROM payments WHERE reference = {reference} AND provider = {provider}"
    );
    db.query(find).optional().await
}

pub(crate) async fn find_operation(db: impl Session<'_>, id: Uuid) -> Result<Option<Operation>> {
    db.query(sql!("SELECT {Operation.*} FROM operations WHERE id = {id}")).optional().await
}

/// Everything the provider was asked for a payment, oldest first.
pub(crate) async fn operations(db: impl Session<'_>, payment: Uuid) -> Result<Vec<Operation>> {
    let all = sql!(
        "SELECT {Operation.*} FROM operations WHERE payment_id = {payment}
         ORDER BY created_at, id LIMIT 1000"
    );
    db.query(all).all().await
}

impl NewPayment {
    /// The payment as it begins.
    fn made(&self, now: DateTime<Utc>) -> Payment {
        Payment {
            id: self.id,
            order_id: self.order_id,
            order_number: self.order_number.clone(),
            user_id: self.user_id,
            order_token_hash: self.order_token_hash.clone(),
            status: self.status,
            amount: self.amount,
            captured: 0,
            refunded: 0,
            refund_pending: 0,
            currency: self.currency.clone(),
            provider: self.provider.clone(),
            reference: None,
            reason: None,
            next_action: None,
            hold_minutes: None,
            capture: self.capture,
            capture_before: None,
            look_at: None,
            disputed: false,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

impl NewOperation {
    pub(crate) fn new(payment: &Payment, kind: Kind) -> Self {
        Self {
            id: operation_id(payment.id, kind),
            payment_id: payment.id,
            kind,
            amount: payment.amount,
            input: None,
            save: false,
        }
    }

    /// The operation as it begins.
    pub(crate) fn intended(self, now: DateTime<Utc>) -> Operation {
        Operation {
            id: self.id,
            payment_id: self.payment_id,
            kind: self.kind,
            state: State::Intended,
            amount: self.amount,
            input: self.input,
            save: self.save,
            attempts: 0,
            fence: 1,
            created_at: now,
            settled_at: None,
        }
    }
}

#[cfg(test)]
pub(crate) use testing::{intend, post, settle};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
