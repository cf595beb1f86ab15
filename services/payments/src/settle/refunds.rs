//! Refunds as the provider says they ended: those the shop asked for, and those somebody made at the
//! provider's. One that was accepted can come back days later.

use chassis::db::{self, Tx};
use chassis::id;
use chrono::{DateTime, Utc};
use contracts::payments::Refunded;
use uuid::Uuid;

use crate::model::{Answer, Payment, Refund, RefundStatus, Reply};
use crate::provider::ChargeRefund;
use crate::{requests, store};

/// Why money went back that the shop did not ask for.
const AT_PROVIDER: &str = "other";
const AT_PROVIDER_NOTE: &str = "made with the payment provider";

/// What is new about a refund.
pub(super) struct RefundNews {
    /// The transaction of the ledger.
    pub(super) transaction: Uuid,
    /// From the customer to the shop: negative for a refund, positive for one that came back.
    pub(super) moved: i64,
    /// As others hear of it, where it has taken effect.
    pub(super) succeeded: Option<Refunded>,
    /// One that had taken effect, and came back.
    pub(super) failed: Option<Uuid>,
}

/// Takes in the answer to a refund that was asked for. None where a webhook was faster.
pub(super) async fn settle(
    tx: &mut Tx,
    payment: &mut Payment,
    id: Uuid,
    answer: &Answer,
    now: DateTime<Utc>,
) -> db::Result<Option<RefundNews>> {
    let Some(refund) = store::find_refund(&mut *tx, id).await? else { return Ok(None) };
    let (reference, failure) = match answer {
        Ok(Reply::Refund(it)) => (Some(it.reference.clone()), it.failure.as_deref()),
        Ok(Reply::Charge(_)) => return Ok(None),
        Err(refusal) => (None, Some(refusal.0.as_str())),
    };
    match refund.status {
        RefundStatus::Pending => end(tx, payment, refund, reference, failure, now).await.map(Some),
        RefundStatus::Succeeded | RefundStatus::Failed => Ok(None),
    }
}

/// Takes in the first of these refunds that is news.
pub(super) async fn merge(
    tx: &mut Tx,
    payment: &mut Payment,
    seen: &[ChargeRefund],
    now: DateTime<Utc>,
) -> db::Result<Option<RefundNews>> {
    for it in seen {
        let known = store::refund_by(&mut *tx, payment.id, it.key, &it.reference).await?;
        let (reference, failure) = (Some(it.reference.clone()), it.failure.as_deref());
        return match known {
            None if failure.is_none() && payment.refundable() >= it.amount => {
                add(tx, payment, it, now).await.map(Some)
            }
            Some(refund) if refund.status == RefundStatus::Pending => {
                end(tx, payment, refund, reference, failure, now).await.map(Some)
            }
            Some(refund) if refund.status == RefundStatus::Succeeded && failure.is_some() => {
                come_back(tx, payment, refund, failure, now).await.map(Some)
            }
            // Known; or more than is left, as long as a refund of the shop's own is on its way.
            _ => continue,
        };
    }
    Ok(None)
}

/// A pending refund has come to its end.
async fn end(
    tx: &mut Tx,
    payment: &mut Payment,
    refund: Refund,
    reference: Option<String>,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> db::Result<RefundNews> {
    let Refund { id, amount, .. } = refund;
    payment.refund_pending -= amount;
    let succeeded = failure.is_none();
    let status = if succeeded { RefundStatus::Succeeded } else { RefundStatus::Failed };
    store::settle_refund(tx, id, status, reference.as_deref(), failure, now).await?;
    let mut news = RefundNews { transaction: id, moved: 0, succeeded: None, failed: None };
    if succeeded {
        payment.give_back(amount);
        news.moved = -amount;
        let lines = store::refund_lines(&mut *tx, payment.id, true).await?;
        news.succeeded = Some(refund.to_contract(requests::lines_of(lines, id)));
    }
    Ok(news)
}

/// A refund somebody made at the provider's.
async fn add(
    tx: &mut Tx,
    payment: &mut Payment,
    seen: &ChargeRefund,
    now: DateTime<Utc>,
) -> db::Result<RefundNews> {
    let id = id::derive(payment.id, format!("refund at provider:{}", seen.reference));
    let refund = Refund {
        status: RefundStatus::Succeeded,
        reference: Some(seen.reference.clone()),
        note: Some(AT_PROVIDER_NOTE.to_owned()),
        ..Refund::new(id, payment.id, seen.amount, AT_PROVIDER, now)
    };
    store::insert_refund(&mut *tx, &refund).await?;
    payment.give_back(seen.amount);
    let succeeded = Some(refund.to_contract(vec![]));
    Ok(RefundNews { transaction: id, moved: -seen.amount, succeeded, failed: None })
}

/// A refund had taken effect, and the money came back to the shop.
async fn come_back(
    tx: &mut Tx,
    payment: &mut Payment,
    refund: Refund,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> db::Result<RefundNews> {
    store::fail_refund(tx, refund.id, failure, now).await?;
    payment.take_back(refund.amount);
    let transaction = id::derive(refund.id, "failed");
    let failed = Some(refund.id);
    Ok(RefundNews { transaction, moved: refund.amount, succeeded: None, failed })
}
