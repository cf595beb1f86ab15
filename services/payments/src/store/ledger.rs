//! The SQL of the ledger.

use chassis::db::{Batch, Result, Select, Session, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Entry, Payment};

/// Posts what moved: from the customer at the provider to the shop's sales, or back where
/// `amount` is negative.
pub(crate) fn post_with(
    batch: &mut Batch<'_>,
    transaction: Uuid,
    payment: &Payment,
    amount: i64,
    now: DateTime<Utc>,
) {
    post_to(batch, transaction, payment, ("sales", amount), now);
}

/// Posts what the provider has taken for a dispute, or given back where `amount` is negative.
pub(crate) fn post_dispute_with(
    batch: &mut Batch<'_>,
    transaction: Uuid,
    payment: &Payment,
    amount: i64,
    now: DateTime<Utc>,
) {
    post_to(batch, transaction, payment, ("disputes", -amount), now);
}

/// Debits the account of the provider, and credits the other one.
fn post_to(
    batch: &mut Batch<'_>,
    transaction: Uuid,
    payment: &Payment,
    (other, amount): (&str, i64),
    now: DateTime<Utc>,
) {
    let Payment { id, currency, provider, .. } = payment;
    let account = format!("provider:{provider}");
    batch.add(|tx| {
        tx.query(sql!(
            "INSERT INTO ledger_entries (transaction_id, account, payment_id, amount, currency,
                                         created_at)
             VALUES ({transaction}, {account}, {id}, {amount}, {currency}, {now}),
                    ({transaction}, {other}, {id}, -{amount}, {currency}, {now})"
        ))
    });
}

/// The ledger's entries about a payment, oldest first.
pub(crate) async fn entries(
    db: impl Session<'_>,
    payment: Uuid,
    after: Option<(DateTime<Utc>, Uuid, String)>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let mut list = Select::from("ledger_entries");
    list.equal("payment_id", Some(payment));
    if let Some((at, transaction, account)) = after {
        let (at, account) = (list.bind(at), list.bind(account));
        let transaction = list.bind(transaction);
        list.filter(format!(
            "(created_at, transaction_id, account) > ({at}, {transaction}, {account})"
        ));
    }
    list.order("created_at, transaction_id, account").limit(limit);
    list.records::<Entry>(db, "").all().await
}
