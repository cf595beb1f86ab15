//! What is read of Stripe's objects, and no more. What Stripe adds to them is passed over.

use std::collections::BTreeMap;

use chassis::Secret;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use uuid::Uuid;

/// Our names on Stripe's objects: on intents, on intents and refunds, and on refunds.
pub(super) const ORDER_ID: &str = "order_id";
pub(super) const PAYMENT_ID: &str = "payment_id";
pub(super) const REFUND_ID: &str = "refund_id";
/// On customers.
pub(super) const USER_ID: &str = "user_id";
/// On an intent that stands for a payment that never got one.
pub(super) const VOIDED_PAYMENT_ID: &str = "voided_payment_id";

/// The key-value pairs an object was given.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub(super) struct Metadata(BTreeMap<String, String>);

/// A payment, from its confirmation to its capture. Amounts in Stripe's minor units.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PaymentIntent {
    pub(super) id: String,
    pub(super) status: IntentStatus,
    pub(super) amount_received: i64,
    /// In lower case.
    pub(super) currency: String,
    /// Enough, with the publishable key, to complete the payment.
    pub(super) client_secret: Option<Secret>,
    pub(super) cancellation_reason: Option<String>,
    pub(super) last_payment_error: Option<ErrorBody>,
    pub(super) next_action: Option<NextAction>,
    #[serde(default)]
    pub(super) metadata: Metadata,
    pub(super) latest_charge: Option<Expandable<Charge>>,
}

/// <https://docs.stripe.com/payments/paymentintents/lifecycle>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IntentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Canceled,
    Succeeded,
    #[serde(other)]
    Unknown,
}

/// What the customer has to do. `details` has further data under the name of its type.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct NextAction {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) redirect_to_url: Option<RedirectToUrl>,
    #[serde(flatten)]
    details: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct RedirectToUrl {
    pub(super) url: Option<String>,
}

/// An object, or its id only.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Expandable<T> {
    Object(Box<T>),
    Id(IgnoredAny),
}

/// One attempt to pay an intent.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Charge {
    /// Unix time.
    pub(super) created: i64,
    /// What was held, and what of it was taken.
    #[serde(default)]
    pub(super) amount: i64,
    #[serde(default)]
    pub(super) amount_captured: i64,
    pub(super) payment_method_details: Option<MethodDetails>,
}

/// How it was paid, without what is personal.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct MethodDetails {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) card: Option<CardDetails>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct CardDetails {
    /// Unix time.
    pub(super) capture_before: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) status: Option<String>,
    /// The id of the intent whose money it gives back.
    pub(super) payment_intent: Option<String>,
    pub(super) failure_reason: Option<String>,
    /// None where no money of the account has moved.
    pub(super) balance_transaction: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) metadata: Metadata,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Dispute {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) status: String,
    pub(super) reason: String,
    #[serde(default)]
    pub(super) balance_transactions: Vec<BalanceTransaction>,
    pub(super) evidence_details: Option<EvidenceDetails>,
}

/// Money that left the account, as a negative amount, or came back.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct BalanceTransaction {
    pub(super) amount: i64,
    /// The account's own, which may not be the charge's.
    pub(super) currency: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct EvidenceDetails {
    /// Unix time.
    pub(super) due_by: Option<i64>,
}

/// An object of which nothing but the id is read.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
}

/// What comes of a deletion.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Deleted {
    pub(super) deleted: bool,
}

/// A payment method that is attached to a customer.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct SavedPaymentMethod {
    pub(super) id: String,
    /// Unix time.
    pub(super) created: i64,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Further data is under the name of its type.
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// By what customers know a payment method again.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct SavedDetails {
    pub(super) brand: Option<String>,
    pub(super) last4: Option<String>,
    pub(super) exp_month: Option<u32>,
    pub(super) exp_year: Option<u32>,
}

/// A page of a list, the newest first.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
    pub(super) has_more: bool,
}

/// What a failed request answers with.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ErrorAnswer {
    pub(super) error: ErrorBody,
}

/// Why something failed. Its message is for developers, and may quote what they sent.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ErrorBody {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    pub(super) code: Option<String>,
    pub(super) decline_code: Option<String>,
    pub(super) param: Option<String>,
    pub(super) payment_intent: Option<Box<PaymentIntent>>,
}

/// An event, as a webhook brings it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) object: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Unix time.
    pub(super) created: i64,
    pub(super) livemode: bool,
    pub(super) api_version: Option<String>,
    /// The connected account it is of; none for the account's own.
    pub(super) account: Option<String>,
    /// The account within an organization it is of; none for the account's own.
    pub(super) context: Option<String>,
    pub(super) data: EventData,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct EventData {
    pub(super) object: Value,
}

/// Objects that come in lists, which go on after an id.
pub(super) trait Listed {
    fn id(&self) -> &str;
}

impl Metadata {
    /// An id of ours, if this is an object of ours.
    pub(super) fn id(&self, name: &str) -> Option<Uuid> {
        self.0.get(name)?.parse().ok()
    }
}

impl PaymentIntent {
    /// The latest attempt to pay it, if the answer has it.
    pub(super) fn charge(&self) -> Option<&Charge> {
        match &self.latest_charge {
            Some(Expandable::Object(charge)) => Some(charge),
            _ => None,
        }
    }
}

impl SavedPaymentMethod {
    /// None for a type that has none, or has them in another form.
    pub(super) fn details(&self) -> Option<SavedDetails> {
        SavedDetails::deserialize(self.others.get(&self.kind)?).ok()
    }
}

impl NextAction {
    /// Until when the customer can do it, where Stripe says so: Unix time.
    pub(super) fn expires_at(&self) -> Option<i64> {
        let details = self.details.get(&self.kind)?;
        ["expires_at", "expires_after"].iter().find_map(|it| details.get(it)?.as_i64())
    }
}

impl ErrorBody {
    /// What it is, for people who read logs: its codes, never its message.
    pub(super) fn describe(&self) -> String {
        let words = [Some(&self.kind), self.code.as_ref(), self.decline_code.as_ref()];
        let mut text =
            words.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ");
        if let Some(param) = &self.param {
            text.push_str(&format!(", parameter {param}"));
        }
        text
    }
}

macro_rules! listed {
    ($($object:ty),+) => {
        $(impl Listed for $object {
            fn id(&self) -> &str {
                &self.id
            }
        })+
    };
}

listed!(PaymentIntent, Refund, Dispute, SavedPaymentMethod);

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    /// Stripe's own example of an object; none where its specification is not at hand.
    fn fixture(name: &str) -> Option<Value> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs");
        let Ok(text) = std::fs::read_to_string(directory.join("stripe_fixtures3.json")) else {
            assert!(std::env::var_os("REQUIRE_SHARED").is_none(), "no {}", directory.display());
            eprintln!("skipped: no {} to read Stripe's {name} from", directory.display());
            return None;
        };
        let mut all: Value = serde_json::from_str(&text).expect("JSON");
        Some(all["resources"][name].take())
    }

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).expect("readable")
    }

    #[test]
    fn stripes_own_examples_are_read() {
        let Some(mut intent) = fixture("payment_intent") else { return };
        let charge = fixture("charge").expect("an example");
        let plain: PaymentIntent = read(intent.clone());
        assert_eq!(plain.status, IntentStatus::RequiresPaymentMethod);
        assert_eq!((plain.amount_received, plain.currency.as_str()), (0, "usd"));
        assert!(plain.charge().is_none());
        intent["latest_charge"] = charge["id"].clone();
        assert!(read::<PaymentIntent>(intent.clone()).charge().is_none());
        intent["latest_charge"] = charge;
        let details =
            read::<PaymentIntent>(intent).charge().unwrap().payment_method_details.clone();
        assert_eq!(details.expect("details").kind, "card");

        let refund: Refund = read(fixture("refund").expect("an example"));
        assert_eq!((refund.amount, refund.status.as_deref()), (100, Some("succeeded")));
        let dispute: Dispute = read(fixture("dispute").expect("an example"));
        assert_eq!((dispute.amount, dispute.status.as_str()), (1_000, "warning_needs_response"));
        assert_eq!(dispute.evidence_details.and_then(|it| it.due_by), Some(1_723_679_999));
        let event: Event = read(fixture("event").expect("an example"));
        assert_eq!((event.kind.as_str(), event.livemode), ("plan.created", false));
    }

    #[test]
    fn what_stripe_may_add_is_passed_over() {
        let intent: PaymentIntent = read(json!({
            "id": "pi_1", "status": "requires_thought", "amount_received": 0, "currency": "eur",
            "client_secret": "pi_1_secret_hunter2", "next_action": {
                "type": "oxxo_display_details", "oxxo_display_details": { "expires_after": 12 },
            },
            "colour": { "hex": "#fff" },
        }));
        assert_eq!(intent.status, IntentStatus::Unknown);
        assert_eq!(intent.next_action.as_ref().and_then(NextAction::expires_at), Some(12));
        assert!(!format!("{intent:?}").contains("hunter2"));
    }

    #[test]
    fn an_id_of_ours_is_an_id() {
        let id = Uuid::from_u128(7);
        let metadata: Metadata = read(json!({ PAYMENT_ID: id.to_string(), REFUND_ID: "theirs" }));
        assert_eq!(metadata.id(PAYMENT_ID), Some(id));
        assert_eq!((metadata.id(REFUND_ID), metadata.id(ORDER_ID)), (None, None));
    }
}
