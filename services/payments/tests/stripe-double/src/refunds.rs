//! Refunds, which may fail days after they were accepted, disputes, and the account's balance
//! ("Refund and cancel payments" and "How disputes work" in Stripe's documentation).

use serde_json::{Value, json};

use crate::error::{Answer, ApiError};
use crate::methods::{Later, TestMethod};
use crate::objects::{Kind, number, text};
use crate::world::World;

use Kind::{BalanceTransaction, Charge, Dispute, PaymentIntent, Refund};

const DAY: i64 = 24 * 60 * 60;

/// What a dispute costs, won or lost.
const DISPUTE_FEE: i64 = 1_500;

impl World {
    /// Gives back a part of a charge, or all that is left. The refund's id.
    pub(crate) fn refund(
        &mut self,
        charge: &str,
        amount: Option<i64>,
        fields: Value,
    ) -> Answer<String> {
        let found = self.find(Charge, charge, Some("charge"))?;
        let left = number(&found, "amount_captured") - self.given_back(charge);
        if found["captured"] != true {
            let message = "This charge was not captured: cancel its PaymentIntent instead.";
            return Err(ApiError::invalid(message).code("charge_not_refundable"));
        }
        if found["disputed"] == true && self.is_charged_back(charge) {
            let message = format!("Charge {charge} has been charged back; cannot issue a refund.");
            return Err(ApiError::invalid(message).code("charge_disputed"));
        }
        if left <= 0 {
            let message = format!("Charge {charge} has already been refunded.");
            return Err(ApiError::invalid(message).code("charge_already_refunded"));
        }
        let amount = amount.unwrap_or(left);
        if !(1..=left).contains(&amount) {
            let message = format!(
                "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            );
            return Err(ApiError::invalid(message).param("amount"));
        }
        let refund = self.create_refund(charge, amount, fields);
        self.emit("refund.created", Refund, &refund);
        self.emit("charge.refunded", Charge, charge);
        Ok(refund)
    }

    /// A refund that was accepted has failed after all: the money is back in the balance.
    pub(crate) fn fail_refund(&mut self, id: &str) -> Answer<()> {
        let refund = self.find(Refund, id, None)?;
        if matches!(text(&refund, "status"), "failed" | "canceled") {
            return Err(ApiError::invalid("This refund has ended already."));
        }
        let amount = number(&refund, "amount");
        let currency = text(&refund, "currency");
        let entry = self.balance_entry("refund_failure", id, currency, amount, 0);
        let fields = json!({
            "status": "failed", "failure_reason": "expired_or_canceled_card",
            "failure_balance_transaction": entry, "_changes": null,
        });
        self.set(Refund, id, fields);
        self.count_refunds(text(&refund, "charge"));
        self.emit("refund.failed", Refund, id);
        self.tell_of_refund(id);
        Ok(())
    }

    /// A pending refund has arrived.
    pub(crate) fn complete_refund(&mut self, id: &str) -> Answer<()> {
        let refund = self.find(Refund, id, None)?;
        if refund["status"] != "pending" {
            return Err(ApiError::invalid("This refund is not pending."));
        }
        self.set(Refund, id, json!({ "status": "succeeded", "_changes": null }));
        self.tell_of_refund(id);
        Ok(())
    }

    /// The time has come for a refund to arrive or to fail.
    pub(crate) fn change_refund(&mut self, id: &str) {
        let pending = self.get(Refund, id)["status"] == "pending";
        let _ = if pending { self.complete_refund(id) } else { self.fail_refund(id) };
    }

    pub(crate) fn create_refund(&mut self, charge: &str, amount: i64, fields: Value) -> String {
        let found = self.get(Charge, charge);
        let later = TestMethod::find(text(&found, "_test")).map_or(Later::Nothing, |it| it.later);
        let release = fields["_release"] == true;
        let is_card = found["payment_method_details"]["type"] == "card";
        let (status, changes) = match later {
            _ if release => ("succeeded", None),
            Later::RefundFails => ("succeeded", Some(self.now + DAY)),
            Later::RefundTakesTime => ("pending", Some(self.now + DAY)),
            _ if is_card => ("succeeded", None),
            _ => ("pending", Some(self.now + DAY)),
        };
        let currency = text(&found, "currency");
        let id = self.create(
            Refund,
            json!({
                "amount": amount, "currency": currency, "charge": charge, "status": status,
                "payment_intent": found["payment_intent"], "_changes": changes,
                "destination_details": is_card.then(|| json!({
                    "type": "card", "card": { "type": if release { "reversal" } else { "refund" } },
                })),
            }),
        );
        self.set(Refund, &id, fields);
        if !release {
            let entry = self.balance_entry("refund", &id, currency, -amount, 0);
            self.set(Refund, &id, json!({ "balance_transaction": entry }));
        }
        self.count_refunds(charge);
        id
    }

    fn tell_of_refund(&mut self, id: &str) {
        self.emit("refund.updated", Refund, id);
        self.emit("charge.refund.updated", Refund, id);
    }

    /// What was given back to a charge's customer, without what was only released.
    fn given_back(&self, charge: &str) -> i64 {
        self.refunds_of(charge)
            .filter(|it| it["_release"] != true)
            .map(|it| number(it, "amount"))
            .sum()
    }

    /// Those that have not failed.
    fn refunds_of<'a>(&'a self, charge: &'a str) -> impl Iterator<Item = &'a Value> {
        let all = self.objects.all(Refund).iter();
        all.filter(move |it| it["charge"] == charge && it["status"] != "failed")
    }

    fn count_refunds(&mut self, charge: &str) {
        let refunded: i64 = self.refunds_of(charge).map(|it| number(it, "amount")).sum();
        let all = refunded >= number(&self.get(Charge, charge), "amount");
        self.set(Charge, charge, json!({ "amount_refunded": refunded, "refunded": all }));
    }

    /// Money that came into the balance or left it. Its id.
    pub(crate) fn balance_entry(
        &mut self,
        kind: &str,
        source: &str,
        currency: &str,
        amount: i64,
        fee: i64,
    ) -> String {
        let fees = if fee == 0 {
            json!([])
        } else {
            json!([{ "amount": fee, "application": null, "currency": currency,
                "description": "Stripe processing fees", "type": "stripe_fee" }])
        };
        self.create(
            BalanceTransaction,
            json!({
                "amount": amount, "currency": currency, "fee": fee, "fee_details": fees,
                "net": amount - fee, "source": source, "type": kind, "reporting_category": kind,
                "available_on": self.now + 2 * DAY,
            }),
        )
    }

    /// The customer's bank takes the money back, or only asks. The dispute's id.
    pub(crate) fn open_dispute(
        &mut self,
        charge: &str,
        amount: Option<i64>,
        reason: &str,
        inquiry: bool,
    ) -> Answer<String> {
        let found = self.find(Charge, charge, Some("charge"))?;
        if found["captured"] != true || found["disputed"] == true {
            return Err(ApiError::invalid("Only what was captured, and once, can be disputed."));
        }
        let amount = amount.unwrap_or_else(|| number(&found, "amount_captured"));
        let status = if inquiry { "warning_needs_response" } else { "needs_response" };
        let id = self.create(
            Dispute,
            json!({
                "amount": amount, "currency": found["currency"], "charge": charge, "reason": reason,
                "payment_intent": found["payment_intent"], "status": status,
                "is_charge_refundable": inquiry,
                "evidence_details": {
                    "due_by": self.now + 9 * DAY, "has_evidence": false, "past_due": false,
                    "submission_count": 0, "enhanced_eligibility": {},
                },
                "payment_method_details": { "type": "card", "card": {
                    "brand": "visa", "case_type": if inquiry { "inquiry" } else { "chargeback" },
                    "network_reason_code": "10.4", "network": "visa",
                } },
            }),
        );
        self.set(Charge, charge, json!({ "disputed": true }));
        self.emit("charge.dispute.created", Dispute, &id);
        if !inquiry {
            self.move_dispute(&id, -amount, DISPUTE_FEE);
            self.emit("charge.dispute.funds_withdrawn", Dispute, &id);
        }
        self.emit("charge.updated", Charge, charge);
        Ok(id)
    }

    /// The bank has decided.
    pub(crate) fn close_dispute(&mut self, id: &str, won: bool) -> Answer<()> {
        let dispute = self.find(Dispute, id, None)?;
        let status = text(&dispute, "status");
        if matches!(status, "won" | "lost" | "warning_closed") {
            return Err(ApiError::invalid("This dispute is already closed.").code("dispute_closed"));
        }
        let inquiry = status.starts_with("warning");
        let ended = if inquiry {
            "warning_closed"
        } else if won {
            "won"
        } else {
            "lost"
        };
        self.set(Dispute, id, json!({ "status": ended, "is_charge_refundable": inquiry }));
        if won && !inquiry {
            self.move_dispute(id, number(&dispute, "amount"), 0);
            self.emit("charge.dispute.funds_reinstated", Dispute, id);
        }
        self.emit("charge.dispute.closed", Dispute, id);
        Ok(())
    }

    fn move_dispute(&mut self, id: &str, amount: i64, fee: i64) {
        let dispute = self.get(Dispute, id);
        let entry = self.balance_entry("adjustment", id, text(&dispute, "currency"), amount, fee);
        let mut entries = dispute["balance_transactions"].clone();
        if let Some(entries) = entries.as_array_mut() {
            entries.push(self.get(BalanceTransaction, &entry));
        }
        self.set(Dispute, id, json!({ "balance_transactions": entries }));
    }

    fn is_charged_back(&self, charge: &str) -> bool {
        let disputes = self.objects.all(Dispute).iter();
        disputes.filter(|it| it["charge"] == charge).any(|it| it["is_charge_refundable"] == false)
    }

    /// The charge of an intent, for what names the intent in its place.
    pub(crate) fn charge_of(&self, intent: &str) -> Answer<String> {
        let found = self.find(PaymentIntent, intent, Some("payment_intent"))?;
        if found["status"] == "succeeded" {
            return Ok(text(&found, "latest_charge").to_owned());
        }
        let message = format!("This PaymentIntent ({intent}) does not have a successful charge.");
        Err(ApiError::invalid(message).param("payment_intent"))
    }
}
