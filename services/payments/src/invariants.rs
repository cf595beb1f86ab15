//! Whether the money is where the records say it is, for `cartwright check`.
//!
//! On a running shop a payment may change between two of the statements; who asks twice and
//! keeps what was said both times hears of real faults only.

use std::collections::HashMap;

use chassis::clock::Clock;
use chassis::db::{Db, Result};
use chassis::service::BoxError;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::model::{Payment, Status};
use crate::provider::{ChargeRecord, ChargeRecords, ChargeState, RecordsError};
use crate::providers::{self, Databases, Setup};
use crate::{Config, store};

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
/// Payments compared with a provider's records at a time.
const BATCH: i64 = 1000;

/// Every fault found, one line each.
pub async fn violations(db: &Db, databases: &Databases, now: DateTime<Utc>) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    ledger(db, &mut faults).await?;
    operations(db, now, &mut faults).await?;
    refunds(db, &mut faults).await?;
    for (provider, its) in providers::records(databases) {
        match records(db, provider, &*its, BATCH, &mut faults).await {
            Ok(()) => {}
            Err(RecordsError::Database(error)) => return Err(error),
            Err(RecordsError::Provider(failure)) => faults.push(format!("{provider}: {failure}")),
        }
    }
    Ok(faults)
}

/// What came of the comparison of the shop's payments with a provider's own records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Every fault found, one line each.
    Faults(Vec<String>),
    /// Its records cannot be had now, for this reason.
    Unreachable(String),
}

/// Compares the payments with the records of all providers that have to be asked over the network,
/// by their names.
pub async fn compare_with_providers(
    db: &Db,
    config: &Config,
    clock: Clock,
) -> std::result::Result<Vec<(&'static str, Compared)>, BoxError> {
    let since = store::first_created_at(db).await?.unwrap_or_else(|| clock.now());
    let setup = Setup { config, clock, databases: &Databases::new() };
    let mut all = Vec::new();
    for (provider, its) in providers::remote_records(&setup, since)? {
        let mut faults = Vec::new();
        let compared = match records(db, provider, &*its, BATCH, &mut faults).await {
            Ok(()) => Compared::Faults(faults),
            Err(RecordsError::Database(error)) => return Err(error.into()),
            Err(RecordsError::Provider(failure)) => Compared::Unreachable(failure.to_string()),
        };
        all.push((provider, compared));
    }
    Ok(all)
}

/// The totals of every order that has a payment.
pub async fn totals_by_order(db: &Db) -> Result<Vec<OrderTotals>> {
    store::totals_by_order(db).await
}

/// The ledger sums to zero, and says of each payment what the payment says of itself.
async fn ledger(db: &Db, faults: &mut Vec<String>) -> Result<()> {
    let unbalanced = store::unbalanced(db).await?;
    faults.extend(
        unbalanced.iter().map(|(id, sum)| format!("ledger transaction {id} sums to {sum}, not 0")),
    );
    let total = store::total(db).await?;
    if total != 0 {
        faults.push(format!("the ledger sums to {total}, not 0"));
    }
    let disagreeing = store::disagreeing(db).await?;
    faults.extend(disagreeing.iter().map(|(id, captured, refunded, left)| {
        format!(
            "payment {id} captured {captured} and refunded {refunded}, but the ledger says that \
             {left} is left"
        )
    }));
    let disputes = store::disputes_disagreeing(db).await?;
    faults.extend(disputes.iter().map(|(id, withdrawn, booked)| {
        format!("the disputes of payment {id} took {withdrawn}, but the ledger says {booked}")
    }));
    Ok(())
}

/// A payment that is on its way has an operation that carries it on, and none stays open.
async fn operations(db: &Db, now: DateTime<Utc>, faults: &mut Vec<String>) -> Result<()> {
    // By a clock that has been put back since: nobody can tell how long it has waited.
    let stuck = store::stuck(db, now - STUCK, now + STUCK).await?;
    faults.extend(stuck.iter().map(|(id, kind, payment)| {
        format!("operation {id} ({kind} of payment {payment}) is stuck")
    }));
    let forgotten = store::forgotten(db).await?;
    faults.extend(
        forgotten
            .iter()
            .map(|(id, status)| format!("payment {id} is {status}, but nothing carries it on")),
    );
    Ok(())
}

/// Amounts are within their limits, and what a payment refunded is the sum of its refunds.
async fn refunds(db: &Db, faults: &mut Vec<String>) -> Result<()> {
    let wrong = store::mismatched(db).await?;
    faults.extend(
        wrong.iter().map(|(id,)| format!("payment {id}: its amounts and its refunds do not agree")),
    );
    Ok(())
}

/// A provider's records say the same of each payment that is not on its way. Both are read in the
/// order of their ids, `batch` at a time.
async fn records(
    db: &Db,
    provider: &str,
    records: &dyn ChargeRecords,
    batch: i64,
    faults: &mut Vec<String>,
) -> std::result::Result<(), RecordsError> {
    faults.extend(records.faults().await?);
    let mut after = Uuid::nil();
    loop {
        // The records first: an operation is noted before the provider hears of it, so that every
        // charge found here has its payment.
        let charges = records.page(after, batch).await?;
        let last = match charges.last() {
            Some(last) if charges.len() as i64 == batch => last.key,
            _ => Uuid::max(),
        };
        let mut charges: HashMap<Uuid, _> = charges.into_iter().map(|it| (it.key, it)).collect();
        let mut from = after;
        loop {
            let payments = store::page(db, from, last, batch).await?;
            for payment in &payments {
                let charge = charges.remove(&payment.id);
                faults.extend(disagreement(payment, provider, charge.as_ref()));
            }
            match payments.last() {
                Some(payment) if payments.len() as i64 == batch => from = payment.id,
                _ => break,
            }
        }
        let unknown = charges.keys().map(|id| format!("{provider} charge {id} has no payment"));
        faults.extend(unknown);
        if last == Uuid::max() {
            return Ok(());
        }
        after = last;
    }
}

fn disagreement(
    payment: &Payment,
    provider: &str,
    charge: Option<&ChargeRecord>,
) -> Option<String> {
    let on_its_way = payment.refund_pending > 0
        || matches!(payment.status, Status::Pending | Status::Capturing | Status::Voiding);
    // A payment that was voided before it was asked for has no provider.
    let elsewhere = payment.provider != provider && !payment.provider.is_empty();
    if on_its_way || elsewhere {
        return None;
    }
    let state = charge.map(|it| it.state);
    let expected = match payment.status {
        Status::RequiresAction => state == Some(ChargeState::RequiresAction),
        Status::Processing => state == Some(ChargeState::Processing),
        Status::Authorized => state == Some(ChargeState::Authorized),
        Status::Declined | Status::Voided => {
            matches!(state, None | Some(ChargeState::Declined | ChargeState::Voided))
        }
        _ => state == Some(ChargeState::Captured),
    };
    let booked = charge.map_or((0, 0), |it| (it.captured, it.refunded));
    if expected && booked == (payment.captured, payment.refunded) {
        return None;
    }
    let state = state.map_or("none", ChargeState::as_str);
    Some(format!(
        "payment {} is {} with {} captured and {} refunded, but {provider} says {state} with {} \
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
