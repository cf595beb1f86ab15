//! Test methods: what a customer can choose in the Payment Element of the double, and what comes of
//! it. They follow Stripe's test cards ("Test card numbers" in its documentation).

use serde_json::{Value, json};

/// A means of payment with a known outcome.
#[derive(Clone, Copy, Debug)]
pub struct TestMethod {
    /// What it is called in [`Double::token`](crate::Double::token) and in the element.
    pub id: &'static str,
    /// What customers read.
    pub label: &'static str,
    /// The type of payment method.
    pub kind: &'static str,
    last4: &'static str,
    /// The test PaymentMethod of Stripe's with the same outcome, if there is one.
    alias: Option<&'static str>,
    wallet: Option<&'static str>,
    pub(crate) outcome: Outcome,
    pub(crate) later: Later,
}

/// What comes of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Succeeds,
    /// The error's code and the bank's.
    Declined(&'static str, &'static str),
    /// The customer has to authenticate, and then this.
    Challenge(&'static Outcome),
    /// The customer goes to a page of their bank.
    Redirect,
    /// Days pass until the bank says whether it pays.
    Debit {
        pays: bool,
    },
}

/// What happens to the charge afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Later {
    Nothing,
    RefundFails,
    RefundTakesTime,
    Disputed,
    Inquiry,
}

const fn card(
    id: &'static str,
    label: &'static str,
    last4: &'static str,
    outcome: Outcome,
) -> TestMethod {
    let (alias, wallet, later) = (None, None, Later::Nothing);
    TestMethod { id, label, kind: "card", last4, alias, wallet, outcome, later }
}

impl TestMethod {
    const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    const fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    const fn wallet(mut self, wallet: &'static str) -> Self {
        self.wallet = Some(wallet);
        self
    }

    const fn later(mut self, later: Later) -> Self {
        self.later = later;
        self
    }

    pub(crate) fn find(id: &str) -> Option<&'static Self> {
        METHODS.iter().find(|it| it.id == id || it.alias == Some(id))
    }

    /// The part of a PaymentMethod that is named after its type.
    pub(crate) fn details(&self) -> Value {
        match self.kind {
            "card" => json!({
                "brand": "visa",
                "checks": {
                    "address_line1_check": null, "address_postal_code_check": null,
                    "cvc_check": "pass",
                },
                "country": "DE", "display_brand": "visa", "exp_month": 12, "exp_year": 2040,
                "fingerprint": format!("double{}", self.last4), "funding": "credit",
                "generated_from": null, "last4": self.last4,
                "networks": { "available": ["visa"], "preferred": null },
                "three_d_secure_usage": { "supported": true }, "regulated_status": null,
                "wallet": self.wallet.map(|it| json!({ "dynamic_last4": null, "type": it })),
            }),
            "sepa_debit" => json!({
                "bank_code": "37040044", "branch_code": "", "country": "DE",
                "fingerprint": format!("double{}", self.last4),
                "generated_from": { "charge": null, "setup_attempt": null }, "last4": self.last4,
            }),
            _ => json!({ "bank": "rabobank", "bic": "RABONL2U" }),
        }
    }
}

const LATER_NO: Outcome = Outcome::Declined("card_declined", "generic_decline");

/// Every test method.
pub const METHODS: &[TestMethod] = &[
    card("card", "Card", "4242", Outcome::Succeeds).alias("pm_card_visa"),
    card("card_3ds", "Card with 3-D Secure", "3220", Outcome::Challenge(&Outcome::Succeeds))
        .alias("pm_card_threeDSecure2Required"),
    card(
        "card_3ds_declined",
        "Card with 3-D Secure, then declined",
        "1629",
        Outcome::Challenge(&LATER_NO),
    ),
    card("card_declined", "Card that is declined", "0002", LATER_NO)
        .alias("pm_card_chargeDeclined"),
    card(
        "card_insufficient_funds",
        "Card without enough money",
        "9995",
        Outcome::Declined("card_declined", "insufficient_funds"),
    )
    .alias("pm_card_chargeDeclinedInsufficientFunds"),
    card(
        "card_lost",
        "Card that was lost",
        "9987",
        Outcome::Declined("card_declined", "lost_card"),
    ),
    card(
        "card_expired",
        "Card that has expired",
        "0069",
        Outcome::Declined("expired_card", "expired_card"),
    )
    .alias("pm_card_chargeDeclinedExpiredCard"),
    card(
        "card_incorrect_cvc",
        "Card with a wrong security code",
        "0127",
        Outcome::Declined("incorrect_cvc", "incorrect_cvc"),
    )
    .alias("pm_card_chargeDeclinedIncorrectCvc"),
    card(
        "card_processing_error",
        "Card with a processing error",
        "0119",
        Outcome::Declined("processing_error", "processing_error"),
    )
    .alias("pm_card_chargeDeclinedProcessingError"),
    card("card_refund_fails", "Card whose refunds fail", "5126", Outcome::Succeeds)
        .alias("pm_card_refundFail")
        .later(Later::RefundFails),
    card("card_refund_pending", "Card whose refunds take time", "7726", Outcome::Succeeds)
        .alias("pm_card_pendingRefund")
        .later(Later::RefundTakesTime),
    card("card_disputed", "Card of a customer who disputes", "0259", Outcome::Succeeds)
        .alias("pm_card_createDispute")
        .later(Later::Disputed),
    card("card_inquiry", "Card of a customer who inquires", "1976", Outcome::Succeeds)
        .alias("pm_card_createDisputeInquiry")
        .later(Later::Inquiry),
    card("google_pay", "Google Pay", "1111", Outcome::Succeeds).wallet("google_pay"),
    card("sepa_debit", "SEPA debit", "3000", Outcome::Debit { pays: true }).kind("sepa_debit"),
    card("sepa_debit_fails", "SEPA debit that fails", "2345", Outcome::Debit { pays: false })
        .kind("sepa_debit"),
    card("ideal", "iDEAL", "", Outcome::Redirect).kind("ideal"),
];

/// Whether this type of payment method can hold an amount ("Place a hold on a payment method").
pub(crate) fn can_hold(kind: &str) -> bool {
    !matches!(kind, "sepa_debit" | "ideal")
}

/// The types a purchase in this currency can be paid with.
pub(crate) fn kinds_for(currency: &str) -> Vec<&'static str> {
    if currency == "eur" { vec!["card", "ideal", "sepa_debit"] } else { vec!["card"] }
}

/// What a bank's code means to the customer.
pub(crate) fn decline_message(code: &str, bank: &str) -> &'static str {
    match (code, bank) {
        (_, "insufficient_funds") => "Your card has insufficient funds.",
        ("expired_card", _) => "Your card has expired.",
        ("incorrect_cvc", _) => "Your card's security code is incorrect.",
        ("processing_error", _) => "An error occurred while processing your card. Try again later.",
        _ => "Your card was declined.",
    }
}
