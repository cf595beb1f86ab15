//! Disputes as the provider says they stand, and the money it takes from the shop for them.

use chassis::db::{self, Tx};
use chassis::id;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Dispute, Payment};
use crate::provider::{ChargeDispute, DisputeStatus};
use crate::store;

/// What is new about a dispute.
pub(super) struct DisputeNews {
    /// The transaction of the ledger.
    pub(super) transaction: Uuid,
    /// What the provider has taken for it; negative where it gave that back.
    pub(super) withdrawn: i64,
}

/// Takes in the first of these disputes that is news.
pub(super) async fn merge(
    tx: &mut Tx,
    payment: &mut Payment,
    seen: &[ChargeDispute],
    now: DateTime<Utc>,
) -> db::Result<Option<DisputeNews>> {
    let known = store::disputes(&mut *tx, payment.id).await?;
    for it in seen {
        let before = known.iter().find(|known| known.reference == it.reference);
        let dispute = Dispute::of(payment.id, it, before, now);
        if before.is_some_and(|before| before.same(&dispute) || before.is_later_than(&dispute)) {
            continue;
        }
        store::save_dispute(tx, &dispute).await?;
        payment.disputed = true;
        let withdrawn = dispute.withdrawn - before.map_or(0, |it| it.withdrawn);
        let Dispute { reference, status, withdrawn: total, .. } = &dispute;
        let name = format!("dispute:{reference}:{}:{total}", status.as_str());
        return Ok(Some(DisputeNews { transaction: id::derive(payment.id, name), withdrawn }));
    }
    Ok(None)
}

impl Dispute {
    fn of(payment: Uuid, seen: &ChargeDispute, before: Option<&Self>, now: DateTime<Utc>) -> Self {
        Self {
            payment_id: payment,
            reference: seen.reference.clone(),
            status: seen.status,
            reason: seen.reason.clone(),
            amount: seen.amount,
            withdrawn: seen.withdrawn,
            due_at: seen.due_at,
            created_at: before.map_or(now, |it| it.created_at),
            updated_at: now,
        }
    }

    /// Whether the other one is late news. Money comes back only to a shop that has won.
    fn is_later_than(&self, other: &Self) -> bool {
        let brought_back = other.withdrawn < self.withdrawn && other.status != DisputeStatus::Won;
        rank(other.status) < rank(self.status) || brought_back
    }

    /// Whether nothing but the time differs.
    fn same(&self, other: &Self) -> bool {
        *self == Self { updated_at: self.updated_at, ..other.clone() }
    }
}

/// How far a dispute has come.
fn rank(status: DisputeStatus) -> u8 {
    match status {
        DisputeStatus::Warning => 0,
        DisputeStatus::NeedsResponse => 1,
        DisputeStatus::UnderReview => 2,
        DisputeStatus::Won | DisputeStatus::Lost => 3,
    }
}
