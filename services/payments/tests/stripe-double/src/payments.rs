//! What becomes of a payment intent: attempts, challenges, debits that take days, captures and
//! cancellations ("How PaymentIntents and SetupIntents work" in Stripe's documentation).

use serde_json::{Value, json};

use crate::error::{Answer, ApiError};
use crate::methods::{Later, Outcome, TestMethod, decline_message};
use crate::objects::{Kind, number, text};
use crate::world::World;

use Kind::{Charge, PaymentIntent, PaymentMethod};

/// How long an amount is held on a card, in seconds.
pub(crate) const HOLD: i64 = 7 * 24 * 60 * 60;

impl World {
    /// Tries to pay an intent with its payment method.
    ///
    /// # Errors
    ///
    /// The bank said no: the intent waits for another payment method.
    pub(crate) fn attempt(&mut self, intent: &str) -> Answer<()> {
        let outcome = self.test_method(intent).outcome;
        self.try_outcome(intent, outcome)
    }

    /// The customer has authenticated or not, or their bank has said so.
    pub(crate) fn answer_challenge(&mut self, id: &str, approved: bool) -> Answer<()> {
        let intent = self.find(PaymentIntent, id, None)?;
        if intent["status"] != "requires_action" {
            return Err(unexpected(&intent, "requires_action"));
        }
        self.set(PaymentIntent, id, json!({ "next_action": null, "status": "processing" }));
        let outcome = match self.test_method(id).outcome {
            Outcome::Challenge(then) if approved => *then,
            _ => Outcome::Succeeds,
        };
        if approved {
            // A decline is no error of whoever authenticated.
            let _ = self.try_outcome(id, outcome);
            return Ok(());
        }
        let message = "The provided payment method has failed authentication. Provide another one.";
        let error = ApiError::invalid(message).code("payment_intent_authentication_failure");
        self.fail(id, &error, None);
        Ok(())
    }

    /// The bank of a debit has paid, or it has not.
    pub(crate) fn settle(&mut self, id: &str, paid: bool) -> Answer<()> {
        let intent = self.find(PaymentIntent, id, None)?;
        if intent["status"] != "processing" {
            return Err(unexpected(&intent, "processing"));
        }
        let charge = text(&intent, "latest_charge").to_owned();
        if paid {
            self.take(id, &charge, number(&intent, "amount"));
            self.emit("charge.succeeded", Charge, &charge);
            self.emit("payment_intent.succeeded", PaymentIntent, id);
            return Ok(());
        }
        let message = "The customer's bank account has insufficient funds.";
        let error = ApiError::card("payment_method_customer_decline", message);
        let fields = json!({
            "status": "failed", "paid": false, "failure_message": message,
            "failure_code": "payment_method_customer_decline",
        });
        self.set(Charge, &charge, fields);
        self.emit("charge.failed", Charge, &charge);
        self.fail(id, &error, Some(&charge));
        Ok(())
    }

    /// Takes what is held, or a part: the rest is released.
    pub(crate) fn capture(&mut self, id: &str, amount: Option<i64>) -> Answer<()> {
        let intent = self.find(PaymentIntent, id, None)?;
        if intent["status"] != "requires_capture" {
            return Err(unexpected(&intent, "requires_capture"));
        }
        let held = number(&intent, "amount_capturable");
        let amount = amount.unwrap_or(held);
        if !(1..=held).contains(&amount) {
            let message = format!("The amount to capture has to be 1 to {held}.");
            let error = ApiError::invalid(message).code("amount_too_large");
            return Err(error.param("amount_to_capture"));
        }
        let charge = text(&intent, "latest_charge").to_owned();
        self.take(id, &charge, amount);
        self.release(&charge, held - amount);
        self.emit("charge.captured", Charge, &charge);
        self.emit("payment_intent.succeeded", PaymentIntent, id);
        Ok(())
    }

    /// Ends an intent that was not paid; what is held is released.
    pub(crate) fn cancel(&mut self, id: &str, reason: Option<&str>) -> Answer<()> {
        let intent = self.find(PaymentIntent, id, None)?;
        if matches!(text(&intent, "status"), "succeeded" | "canceled" | "processing") {
            return Err(unexpected(&intent, "requires_payment_method, requires_capture"));
        }
        let held = number(&intent, "amount_capturable");
        let fields = json!({
            "status": "canceled", "canceled_at": self.now, "cancellation_reason": reason,
            "amount_capturable": 0, "next_action": null,
        });
        self.set(PaymentIntent, id, fields);
        if held > 0 {
            let charge = text(&intent, "latest_charge").to_owned();
            self.release(&charge, held);
            let expired = reason == Some("automatic");
            let event = if expired { "charge.expired" } else { "charge.refunded" };
            self.emit(event, Charge, &charge);
        }
        self.emit("payment_intent.canceled", PaymentIntent, id);
        Ok(())
    }

    pub(crate) fn test_method(&self, intent: &str) -> &'static TestMethod {
        let intent = self.get(PaymentIntent, intent);
        let method = self.get(PaymentMethod, text(&intent, "payment_method"));
        TestMethod::find(text(&method, "_test")).unwrap_or(&crate::methods::METHODS[0])
    }

    fn try_outcome(&mut self, intent: &str, outcome: Outcome) -> Answer<()> {
        match outcome {
            Outcome::Succeeds => self.charge(intent),
            Outcome::Declined(code, bank) => return Err(self.decline(intent, code, bank)),
            Outcome::Challenge(_) => self.require_action(intent, false),
            Outcome::Redirect => self.require_action(intent, true),
            Outcome::Debit { .. } => self.debit(intent),
        }
        Ok(())
    }

    fn charge(&mut self, id: &str) {
        let intent = self.get(PaymentIntent, id);
        let amount = number(&intent, "amount");
        let charge = self.new_charge(&intent, json!({ "status": "succeeded", "paid": true }));
        if holds(&intent) {
            let fields = json!({
                "status": "requires_capture", "amount_capturable": amount, "next_action": null,
                "latest_charge": charge, "_hold_ends": self.now + HOLD,
            });
            self.set(PaymentIntent, id, fields);
            self.emit("charge.succeeded", Charge, &charge);
            self.emit("payment_intent.amount_capturable_updated", PaymentIntent, id);
        } else {
            self.take(id, &charge, amount);
            self.emit("charge.succeeded", Charge, &charge);
            self.emit("payment_intent.succeeded", PaymentIntent, id);
        }
        self.keep_method(&intent);
        match self.test_method(id).later {
            Later::Disputed => drop(self.open_dispute(&charge, None, "fraudulent", false)),
            Later::Inquiry => drop(self.open_dispute(&charge, None, "fraudulent", true)),
            _ => {}
        }
    }

    /// The money of a charge is the shop's.
    fn take(&mut self, intent: &str, charge: &str, amount: i64) {
        let currency = text(&self.get(Charge, charge), "currency").to_owned();
        let fee = amount * 29 / 1_000 + 30;
        let entry = self.balance_entry("charge", charge, &currency, amount, fee);
        let fields = json!({
            "status": "succeeded", "paid": true, "captured": true, "amount_captured": amount,
            "balance_transaction": entry,
        });
        self.set(Charge, charge, fields);
        let fields = json!({
            "status": "succeeded", "amount_capturable": 0, "amount_received": amount,
            "latest_charge": charge, "next_action": null, "processing": null,
        });
        self.set(PaymentIntent, intent, fields);
    }

    /// What is released of a hold is counted as refunded: "any additional amount is automatically
    /// refunded" (Capture a PaymentIntent).
    fn release(&mut self, charge: &str, amount: i64) {
        if amount == 0 || !self.account.releases_are_refunds {
            return;
        }
        self.create_refund(charge, amount, json!({ "_release": true }));
    }

    fn decline(&mut self, id: &str, code: &str, bank: &str) -> ApiError {
        let intent = self.get(PaymentIntent, id);
        let message = decline_message(code, bank);
        let fields = json!({
            "status": "failed", "failure_code": code, "failure_message": message,
            "outcome": {
                "advice_code": null, "network_advice_code": null, "network_decline_code": "05",
                "network_status": "declined_by_network", "reason": bank,
                "seller_message": "The bank did not say why.", "type": "issuer_declined",
            },
        });
        let charge = self.new_charge(&intent, fields);
        self.emit("charge.failed", Charge, &charge);
        let error = ApiError::card(code, message);
        let error = error.with("decline_code", json!(bank)).with("charge", json!(charge));
        self.fail(id, &error, Some(&charge));
        error
    }

    /// The attempt failed: the intent waits for another payment method.
    fn fail(&mut self, id: &str, error: &ApiError, charge: Option<&str>) {
        let intent = self.get(PaymentIntent, id);
        let mut error = error.object();
        let method = self.get(PaymentMethod, text(&intent, "payment_method"));
        error["payment_method"] = crate::objects::shown(&method);
        let charge = charge.map_or_else(|| intent["latest_charge"].clone(), |it| json!(it));
        let fields = json!({
            "status": "requires_payment_method", "payment_method": null, "next_action": null,
            "last_payment_error": error, "latest_charge": charge, "processing": null,
        });
        self.set(PaymentIntent, id, fields);
        self.emit("payment_intent.payment_failed", PaymentIntent, id);
    }

    fn require_action(&mut self, id: &str, redirect: bool) {
        let intent = self.get(PaymentIntent, id);
        let secret = text(&intent, "client_secret");
        let page = format!("{}/pages/bank#{secret}", self.account.url);
        let by_script = !redirect && intent["_use_stripe_sdk"] == true;
        let next = if by_script {
            let source = self.ids.id("payatt");
            json!({ "type": "use_stripe_sdk", "use_stripe_sdk": {
                "type": "three_d_secure_redirect", "source": source, "stripe_js": page,
            } })
        } else {
            let back = &intent["_return_url"];
            json!({
                "type": "redirect_to_url", "redirect_to_url": { "return_url": back, "url": page },
            })
        };
        let fields = json!({ "status": "requires_action", "next_action": next });
        self.set(PaymentIntent, id, fields);
        self.emit("payment_intent.requires_action", PaymentIntent, id);
    }

    fn debit(&mut self, id: &str) {
        let intent = self.get(PaymentIntent, id);
        let charge = self.new_charge(&intent, json!({ "status": "pending" }));
        let fields = json!({
            "status": "processing", "processing": null, "latest_charge": charge,
            "_settles": self.now + 5 * 24 * 60 * 60,
        });
        self.set(PaymentIntent, id, fields);
        self.emit("charge.pending", Charge, &charge);
        self.emit("payment_intent.processing", PaymentIntent, id);
        self.keep_method(&intent);
    }

    fn new_charge(&mut self, intent: &Value, fields: Value) -> String {
        let method = self.get(PaymentMethod, text(intent, "payment_method"));
        let kind = text(&method, "type");
        let mut details = method[kind].clone();
        if kind == "card" {
            for own in ["display_brand", "networks", "three_d_secure_usage", "generated_from"] {
                details.as_object_mut().map(|it| it.remove(own));
            }
            details["network"] = json!("visa");
            if holds(intent) {
                details["capture_before"] = json!(self.now + HOLD);
            }
        }
        let charge = self.create(
            Charge,
            json!({
                "amount": intent["amount"], "currency": intent["currency"],
                "billing_details": method["billing_details"], "customer": intent["customer"],
                "description": intent["description"], "metadata": intent["metadata"],
                "payment_intent": intent["id"], "payment_method": method["id"],
                "payment_method_details": { "type": kind, kind: details },
                "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
                "_test": method["_test"],
                "outcome": {
                    "advice_code": null, "network_advice_code": null, "network_decline_code": null,
                    "network_status": "approved_by_network", "reason": null,
                    "seller_message": "Payment complete.", "type": "authorized",
                },
            }),
        );
        self.set(Charge, &charge, fields);
        charge
    }

    /// A customer's payment method that is to be used again is attached to them.
    fn keep_method(&mut self, intent: &Value) {
        let (customer, method) = (text(intent, "customer"), text(intent, "payment_method"));
        if customer.is_empty() || intent["setup_future_usage"].is_null() {
            return;
        }
        if self.get(PaymentMethod, method)["customer"].is_null() {
            let fields = json!({ "customer": customer, "allow_redisplay": "always" });
            self.set(PaymentMethod, method, fields);
            self.emit("payment_method.attached", PaymentMethod, method);
        }
    }

    /// What time alone brings about: holds end, debits and refunds arrive or fail.
    pub(crate) fn pass_time(&mut self) {
        let now = self.now;
        let due = |it: &&Value, field: &str| it[field].as_i64().is_some_and(|it| it <= now);
        let intents = self.objects.all(PaymentIntent).iter();
        let ended = |it: &&Value| it["status"] == "requires_capture" && due(it, "_hold_ends");
        let ended: Vec<Value> = intents.clone().filter(ended).cloned().collect();
        let settled = |it: &&Value| it["status"] == "processing" && due(it, "_settles");
        let settled: Vec<Value> = intents.filter(settled).cloned().collect();
        let refunds = self.objects.all(Kind::Refund).iter();
        let refunds: Vec<Value> = refunds.filter(|it| due(it, "_changes")).cloned().collect();
        for intent in ended {
            let _ = self.cancel(text(&intent, "id"), Some("automatic"));
        }
        for intent in settled {
            let pays = self.test_method(text(&intent, "id")).outcome;
            let _ = self.settle(text(&intent, "id"), pays == Outcome::Debit { pays: true });
        }
        for refund in refunds {
            self.change_refund(text(&refund, "id"));
        }
    }
}

/// Whether the intent's payment method only holds the amount, by its own option or the intent's.
fn holds(intent: &Value) -> bool {
    let kind = text(intent, "_kind");
    let own = intent["payment_method_options"][kind]["capture_method"].as_str();
    own.or_else(|| intent["capture_method"].as_str()) == Some("manual")
}

/// The intent is in no state for this.
pub(crate) fn unexpected(intent: &Value, wanted: &str) -> ApiError {
    let status = text(intent, "status");
    let message = format!("This PaymentIntent has a status of {status}; it has to be {wanted}.");
    let error = ApiError::invalid(message).code("payment_intent_unexpected_state");
    error.with("payment_intent", crate::objects::shown(intent))
}
