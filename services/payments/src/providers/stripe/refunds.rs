//! Refunds and disputes of a payment.

use std::collections::BTreeMap;

use chassis::id;
use chrono::DateTime;
use parking_lot::Mutex;
use uuid::Uuid;

use super::client::{ApiError, Form};
use super::declines;
use super::lookup::is_missing;
use super::objects::{Charge, Dispute, PAYMENT_ID, PaymentIntent, REFUND_ID, Refund};
use super::snapshot::from_stripe;
use super::{Stripe, failed, refused_for};
use crate::provider::{self, ChargeDispute, ChargeRefund, DisputeStatus, Failure};

pub(super) const REFUNDS: &str = "/v1/refunds";
const DISPUTES: &str = "/v1/disputes";
/// How many keys in a row may have failed before it is left to the next try.
const SPARES_AT_ONCE: usize = 5;
/// How many refunds it is remembered of which of their keys have failed.
const REMEMBERED: usize = 1_000;

/// Keys of refunds whose own key repeats a failure. One is used only after the request under the
/// one before has ended, so that no two of a refund ever run at a time. What is forgotten is found
/// again: a process that does not know begins with the first, and each that has failed says so.
#[derive(Debug, Default)]
pub(super) struct SpareKeys(Mutex<BTreeMap<Uuid, u32>>);

impl SpareKeys {
    /// The key in use for a refund.
    fn of(&self, refund: Uuid) -> Uuid {
        match self.0.lock().get(&refund) {
            None => refund,
            Some(number) => id::derive(refund, format!("again {number}")),
        }
    }

    /// The one after that, which is in use from now on.
    fn next(&self, refund: Uuid) -> Uuid {
        let mut used = self.0.lock();
        if used.len() >= REMEMBERED && !used.contains_key(&refund) {
            used.clear();
        }
        *used.entry(refund).or_default() += 1;
        drop(used);
        self.of(refund)
    }
}

impl Stripe {
    /// Gives money back, once per key. Stripe forgets a key after a day, so what was refunded is
    /// looked at first.
    pub(super) async fn refund(
        &self,
        key: Uuid,
        charge: &provider::Charge,
        amount: i64,
    ) -> Result<ChargeRefund, Failure> {
        let reference = self.reference(charge).await?;
        if let Some(refund) = self.refunded(key, &reference).await? {
            return Ok(refund);
        }
        let form = Form::default()
            .with("payment_intent", &reference)
            .with("amount", self.amount(amount, &charge.currency)?)
            .with_nested(&["metadata", REFUND_ID], key)
            .with_nested(&["metadata", PAYMENT_ID], charge.key);
        let mut result = self.client.post::<Refund>(REFUNDS, self.spares.of(key), &form).await;
        for _ in 0..SPARES_AT_ONCE {
            let Err(ApiError::Unknown { ended: true, .. }) = result else { break };
            // The key gives that answer for a day, so another has to be used: unless it was made.
            if let Some(refund) = self.refunded(key, &reference).await? {
                return Ok(refund);
            }
            let spare = self.spares.next(key);
            result = self.client.post(REFUNDS, spare, &form).await;
        }
        match result {
            Ok(done) => read_refund(done.object),
            Err(ApiError::Refused(error)) if is_missing(&error) => Err(self.elsewhere(&reference)),
            Err(ApiError::Refused(error) | ApiError::Declined(error)) => {
                Err(refused_for("a refund", &error, declines::refund_refusal(&error)))
            }
            Err(error) => Err(failed("a refund", error)),
        }
    }

    async fn refunded(&self, key: Uuid, intent: &str) -> Result<Option<ChargeRefund>, Failure> {
        let is_it = |it: &Refund| it.metadata.id(REFUND_ID) == Some(key);
        self.list_refunds(intent, is_it).await?.into_iter().next().map(read_refund).transpose()
    }

    /// Every refund of an intent.
    pub(super) async fn refunds(
        &self,
        intent: &PaymentIntent,
    ) -> Result<Vec<ChargeRefund>, Failure> {
        let mut all = self.list_refunds(&intent.id, |_| true).await?;
        if let Some(charge) = intent.charge() {
            pass_over_release(&mut all, charge);
        }
        all.into_iter().map(read_refund).collect()
    }

    async fn list_refunds(
        &self,
        intent: &str,
        wanted: impl Fn(&Refund) -> bool,
    ) -> Result<Vec<Refund>, Failure> {
        let query = Form::default().with("payment_intent", intent);
        let all = self.client.list(REFUNDS, &query, false, wanted).await;
        all.map_err(|it| failed("a look-up of refunds", it))
    }

    /// Every dispute of an intent.
    pub(super) async fn disputes(&self, intent: &str) -> Result<Vec<ChargeDispute>, Failure> {
        let query = Form::default().with("payment_intent", intent);
        let all: Vec<Dispute> = self
            .client
            .list(DISPUTES, &query, false, |_| true)
            .await
            .map_err(|it| failed("a look-up of disputes", it))?;
        all.into_iter().map(read_dispute).collect()
    }
}

/// What a capture of a part releases is a refund at Stripe, by which no money goes back.
pub(super) fn pass_over_release(refunds: &mut Vec<Refund>, charge: &Charge) {
    let released = charge.amount - charge.amount_captured;
    let is_release = |it: &Refund| {
        it.amount == released
            && it.balance_transaction.is_none()
            && it.metadata.id(REFUND_ID).is_none()
    };
    if let Some(at) = refunds.iter().rposition(is_release) {
        refunds.remove(at);
    }
}

pub(super) fn read_refund(refund: Refund) -> Result<ChargeRefund, Failure> {
    let failure = match refund.status.as_deref() {
        Some("failed" | "canceled") => {
            Some(declines::failed_refund(refund.failure_reason.as_deref()).to_owned())
        }
        // On its way, waiting for the customer's bank details, or there.
        _ => None,
    };
    Ok(ChargeRefund {
        key: refund.metadata.id(REFUND_ID),
        reference: refund.id,
        amount: from_stripe(refund.amount, &refund.currency)?,
        failure,
    })
}

fn read_dispute(dispute: Dispute) -> Result<ChargeDispute, Failure> {
    let amount = from_stripe(dispute.amount, &dispute.currency)?;
    let withdrawn = withdrawn(&dispute, amount)?;
    let due = dispute.evidence_details.as_ref().and_then(|it| it.due_by);
    Ok(ChargeDispute {
        reference: dispute.id,
        status: dispute_status(&dispute.status, withdrawn),
        reason: dispute.reason,
        amount,
        withdrawn,
        due_at: due.and_then(|it| DateTime::from_timestamp(it, 0)),
    })
}

/// What Stripe has taken for it and not given back, without its fee. The account may be in another
/// currency than the payment: then it is all or nothing.
fn withdrawn(dispute: &Dispute, amount: i64) -> Result<i64, Failure> {
    let moved = &dispute.balance_transactions;
    let net: i64 = moved.iter().map(|it| it.amount).sum();
    if net >= 0 {
        return Ok(0);
    }
    if moved.iter().all(|it| it.currency == dispute.currency) {
        return from_stripe(-net, &dispute.currency);
    }
    Ok(amount)
}

fn dispute_status(status: &str, withdrawn: i64) -> DisputeStatus {
    match status {
        "warning_needs_response" | "warning_under_review" => DisputeStatus::Warning,
        "under_review" | "appeal_under_review" => DisputeStatus::UnderReview,
        // An inquiry that never became a dispute; one that a refund has prevented.
        "won" | "warning_closed" | "prevented" if withdrawn == 0 => DisputeStatus::Won,
        "won" => DisputeStatus::Won,
        "lost" | "warning_closed" | "prevented" => DisputeStatus::Lost,
        // Also one that is new here: somebody should look at it.
        _ => DisputeStatus::NeedsResponse,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refund(fields: Value) -> ChargeRefund {
        let mut refund = json!({ "id": "re_1", "amount": 500, "currency": "isk" });
        for (name, value) in fields.as_object().expect("fields") {
            refund[name] = value.clone();
        }
        read_refund(serde_json::from_value(refund).expect("a refund")).expect("known")
    }

    #[test]
    fn a_refund_has_failed_only_when_it_says_so() {
        let key = Uuid::from_u128(7);
        let ours = refund(json!({ "status": "pending", "metadata": { REFUND_ID: key } }));
        assert_eq!((ours.key, ours.amount, ours.failure), (Some(key), 5, None));
        for (status, why, failure) in [
            ("succeeded", json!(null), None),
            ("requires_action", json!(null), None),
            ("canceled", json!(null), Some("provider_error")),
            ("failed", json!("lost_or_stolen_card"), Some("expired_card")),
            ("failed", json!("insufficient_funds"), Some("balance_insufficient")),
        ] {
            let refund = refund(json!({ "status": status, "failure_reason": why }));
            assert_eq!((refund.key, refund.failure.as_deref()), (None, failure), "{status}");
        }
    }

    #[test]
    fn what_a_capture_has_released_is_no_refund() {
        let charge = json!({ "created": 0, "amount": 1_999, "amount_captured": 1_000 });
        let charge: Charge = serde_json::from_value(charge).expect("a charge");
        let refund = |id: &str, amount: i64, fields: Value| {
            let mut refund = json!({ "id": id, "amount": amount, "currency": "eur" });
            for (name, value) in fields.as_object().expect("fields") {
                refund[name] = value.clone();
            }
            serde_json::from_value::<Refund>(refund).expect("a refund")
        };
        let ours = json!({ "metadata": { REFUND_ID: Uuid::from_u128(7) } });
        let mut refunds = vec![
            refund("ours", 999, ours),
            refund("part", 1, json!({})),
            refund("from the dashboard", 999, json!({ "balance_transaction": "txn_1" })),
            refund("released", 999, json!({ "balance_transaction": null })),
        ];
        pass_over_release(&mut refunds, &charge);
        let left: Vec<&str> = refunds.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(left, ["ours", "part", "from the dashboard"]);
    }

    #[test]
    fn a_dispute_says_what_was_taken_and_until_when_to_answer() {
        let dispute = |status: &str, moved: Value| {
            let dispute = json!({
                "id": "dp_1", "amount": 1_000, "currency": "eur", "status": status,
                "reason": "fraudulent", "balance_transactions": moved,
                "evidence_details": { "due_by": 60 },
            });
            read_dispute(serde_json::from_value(dispute).expect("a dispute")).expect("known")
        };
        let taken = json!({ "amount": -1_000, "currency": "eur" });
        let back = json!({ "amount": 1_000, "currency": "eur" });
        let dollars = json!({ "amount": -1_172, "currency": "usd" });
        for (status, moved, seen, withdrawn) in [
            ("warning_needs_response", json!([]), DisputeStatus::Warning, 0),
            ("warning_closed", json!([]), DisputeStatus::Won, 0),
            ("needs_response", json!([taken]), DisputeStatus::NeedsResponse, 1_000),
            ("needs_response", json!([dollars]), DisputeStatus::NeedsResponse, 1_000),
            ("under_review", json!([taken]), DisputeStatus::UnderReview, 1_000),
            ("won", json!([taken, back]), DisputeStatus::Won, 0),
            ("lost", json!([taken]), DisputeStatus::Lost, 1_000),
            ("prevented", json!([taken]), DisputeStatus::Lost, 1_000),
            ("something_new", json!([]), DisputeStatus::NeedsResponse, 0),
        ] {
            let dispute = dispute(status, moved);
            assert_eq!((dispute.status, dispute.withdrawn), (seen, withdrawn), "{status}");
            assert_eq!((dispute.amount, dispute.due_at), (1_000, DateTime::from_timestamp(60, 0)));
        }
    }
}
