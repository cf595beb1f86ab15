//! Why a payment failed: Stripe's many codes as the shop's few, which the storefront has words for.

use super::objects::ErrorBody;

/// Every reason a payment or a refund can fail with.
pub(super) mod reason {
    pub(crate) const AMOUNT_NOT_SUPPORTED: &str = "amount_not_supported";
    pub(crate) const AMOUNT_TOO_LARGE: &str = "amount_too_large";
    pub(crate) const AMOUNT_TOO_SMALL: &str = "amount_too_small";
    pub(crate) const AUTHENTICATION_FAILED: &str = "authentication_failed";
    pub(crate) const BALANCE_INSUFFICIENT: &str = "balance_insufficient";
    pub(crate) const CARD_DECLINED: &str = "card_declined";
    pub(crate) const CARD_NOT_SUPPORTED: &str = "card_not_supported";
    pub(crate) const CHARGE_ALREADY_REFUNDED: &str = "charge_already_refunded";
    pub(crate) const CHARGE_DISPUTED: &str = "charge_disputed";
    pub(crate) const CURRENCY_NOT_SUPPORTED: &str = "currency_not_supported";
    pub(crate) const DECLINED: &str = "declined";
    pub(crate) const EXPIRED: &str = "expired";
    pub(crate) const EXPIRED_CARD: &str = "expired_card";
    pub(crate) const INCORRECT_CVC: &str = "incorrect_cvc";
    pub(crate) const INCORRECT_NUMBER: &str = "incorrect_number";
    pub(crate) const INSUFFICIENT_FUNDS: &str = "insufficient_funds";
    pub(crate) const INVALID_TOKEN: &str = "invalid_token";
    pub(crate) const METHOD_UNAVAILABLE: &str = "payment_method_unavailable";
    pub(crate) const PROCESSING_ERROR: &str = "processing_error";
    pub(crate) const PROVIDER_ERROR: &str = "provider_error";
    pub(crate) const REFUND_EXCEEDS_CHARGE: &str = "refund_exceeds_charge";
    pub(crate) const TRY_AGAIN_LATER: &str = "try_again_later";
}

/// Every reason a customer can see; the storefront has words for each.
#[cfg(test)]
const DECLINES: [&str; 17] = [
    reason::AMOUNT_NOT_SUPPORTED,
    reason::AMOUNT_TOO_LARGE,
    reason::AMOUNT_TOO_SMALL,
    reason::AUTHENTICATION_FAILED,
    reason::CARD_DECLINED,
    reason::CARD_NOT_SUPPORTED,
    reason::CURRENCY_NOT_SUPPORTED,
    reason::DECLINED,
    reason::EXPIRED,
    reason::EXPIRED_CARD,
    reason::INCORRECT_CVC,
    reason::INCORRECT_NUMBER,
    reason::INSUFFICIENT_FUNDS,
    reason::INVALID_TOKEN,
    reason::METHOD_UNAVAILABLE,
    reason::PROCESSING_ERROR,
    reason::PROVIDER_ERROR,
];

/// Why a payment was declined, for the customer.
///
/// What the bank holds against a card (lost, stolen, suspected fraud) is "declined" for whoever
/// has it in their hands; Stripe asks for that, and so does prudence.
pub(super) fn decline(error: &ErrorBody) -> &'static str {
    let decline_code = error.decline_code.as_deref().and_then(of_decline_code);
    decline_code.or_else(|| error.code.as_deref().and_then(of_code)).unwrap_or(reason::DECLINED)
}

/// The codes of issuers: <https://docs.stripe.com/declines/codes>.
fn of_decline_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "insufficient_funds" | "card_velocity_exceeded" | "withdrawal_count_limit_exceeded" => {
            reason::INSUFFICIENT_FUNDS
        }
        "authentication_required"
        | "authentication_not_handled"
        | "mobile_device_authentication_required" => reason::AUTHENTICATION_FAILED,
        "expired_card" | "invalid_expiry_month" | "invalid_expiry_year" => reason::EXPIRED_CARD,
        "incorrect_cvc" | "invalid_cvc" => reason::INCORRECT_CVC,
        "incorrect_number"
        | "invalid_number"
        | "invalid_account"
        | "new_account_information_available" => reason::INCORRECT_NUMBER,
        "card_not_supported" | "service_not_allowed" | "transaction_not_allowed" => {
            reason::CARD_NOT_SUPPORTED
        }
        "currency_not_supported" => reason::CURRENCY_NOT_SUPPORTED,
        "invalid_amount" => reason::AMOUNT_NOT_SUPPORTED,
        "processing_error" => reason::PROCESSING_ERROR,
        "try_again_later" | "reenter_transaction" | "issuer_not_available" | "approve_with_id" => {
            reason::TRY_AGAIN_LATER
        }
        _ => return None,
    })
}

/// Stripe's own codes: <https://docs.stripe.com/error-codes>.
fn of_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "card_declined" => reason::CARD_DECLINED,
        "expired_card"
        | "expired_payment_method"
        | "invalid_expiry_month"
        | "invalid_expiry_year" => reason::EXPIRED_CARD,
        "incorrect_cvc" | "invalid_cvc" => reason::INCORRECT_CVC,
        "incorrect_number" | "invalid_number" => reason::INCORRECT_NUMBER,
        "insufficient_funds" => reason::INSUFFICIENT_FUNDS,
        "authentication_required"
        | "authentication_failure"
        | "payment_intent_authentication_failure"
        | "payment_intent_action_required" => reason::AUTHENTICATION_FAILED,
        "payment_intent_payment_attempt_expired" => reason::EXPIRED,
        "processing_error" | "payment_method_provider_timeout" => reason::PROCESSING_ERROR,
        "payment_method_not_available"
        | "payment_method_currency_mismatch"
        | "payment_method_unsupported_type"
        | "payment_method_unactivated"
        | "payment_intent_incompatible_payment_method" => reason::METHOD_UNAVAILABLE,
        "card_decline_rate_limit_exceeded" | "payment_intent_rate_limit_exceeded" => {
            reason::TRY_AGAIN_LATER
        }
        "amount_too_small" => reason::AMOUNT_TOO_SMALL,
        "amount_too_large" | "charge_exceeds_transaction_limit" | "charge_exceeds_source_limit" => {
            reason::AMOUNT_TOO_LARGE
        }
        "token_already_used" | "token_in_use" => reason::INVALID_TOKEN,
        _ => return None,
    })
}

/// Why Stripe refuses a request, and so did nothing.
pub(super) fn refusal(error: &ErrorBody) -> &'static str {
    let code = error.code.as_deref();
    match code {
        Some("charge_already_refunded") => return reason::CHARGE_ALREADY_REFUNDED,
        Some("charge_disputed" | "refund_disputed_payment") => return reason::CHARGE_DISPUTED,
        Some("balance_insufficient" | "insufficient_funds") => return reason::BALANCE_INSUFFICIENT,
        _ => {}
    }
    // One that has expired, was used before, or is of another account.
    if error.param.as_deref() == Some("confirmation_token") {
        return reason::INVALID_TOKEN;
    }
    if let Some(known) = code.and_then(of_code) {
        return known;
    }
    match error.param.as_deref() {
        // What is saved was removed meanwhile, or is another customer's.
        Some("payment_method" | "customer") => reason::INVALID_TOKEN,
        _ => reason::PROVIDER_ERROR,
    }
}

/// Why Stripe refuses a refund.
pub(super) fn refund_refusal(error: &ErrorBody) -> &'static str {
    // Somebody has refunded a part at Stripe. There is no code for it.
    if error.param.as_deref() == Some("amount") {
        return reason::REFUND_EXCEEDS_CHARGE;
    }
    refusal(error)
}

/// Why a refund came back, days after it was accepted:
/// <https://docs.stripe.com/refunds#failed-refunds>.
pub(super) fn failed_refund(failure: Option<&str>) -> &'static str {
    match failure {
        Some("lost_or_stolen_card" | "expired_or_canceled_card") => reason::EXPIRED_CARD,
        Some("insufficient_funds") => reason::BALANCE_INSUFFICIENT,
        Some("charge_for_pending_refund_disputed") => reason::CHARGE_DISPUTED,
        Some("declined") => reason::DECLINED,
        _ => reason::PROVIDER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(decline_code: Option<&str>, code: Option<&str>, param: Option<&str>) -> ErrorBody {
        let text = |it: Option<&str>| it.map(str::to_owned);
        ErrorBody {
            decline_code: text(decline_code),
            code: text(code),
            param: text(param),
            ..ErrorBody::default()
        }
    }

    #[test]
    fn a_decline_says_what_the_customer_can_do_about_it() {
        for (decline_code, code, reason) in [
            (Some("insufficient_funds"), Some("card_declined"), "insufficient_funds"),
            (Some("authentication_required"), Some("card_declined"), "authentication_failed"),
            (Some("incorrect_cvc"), Some("incorrect_cvc"), "incorrect_cvc"),
            (Some("try_again_later"), Some("card_declined"), "try_again_later"),
            (None, Some("expired_card"), "expired_card"),
            (None, Some("payment_intent_authentication_failure"), "authentication_failed"),
            (None, Some("payment_intent_payment_attempt_expired"), "expired"),
            (None, Some("something_new"), "declined"),
            (None, None, "declined"),
        ] {
            assert_eq!(
                decline(&error(decline_code, code, None)),
                reason,
                "{decline_code:?} {code:?}"
            );
        }
    }

    #[test]
    fn nobody_is_told_that_a_card_is_reported_lost_or_stolen_or_looks_like_fraud() {
        for code in [
            "lost_card",
            "stolen_card",
            "pickup_card",
            "restricted_card",
            "fraudulent",
            "merchant_blacklist",
            "do_not_honor",
            "generic_decline",
            "something_new",
        ] {
            let error = error(Some(code), Some("card_declined"), None);
            assert_eq!(decline(&error), "card_declined", "{code}");
        }
    }

    #[test]
    fn the_pages_have_words_for_every_reason_in_both_languages() {
        for texts in [
            include_str!("../../../../../web/src/store/texts/en.ts"),
            include_str!("../../../../../web/src/store/texts/de.ts"),
            include_str!("../../../../../web/src/admin/texts/en.ts"),
            include_str!("../../../../../web/src/admin/texts/de.ts"),
        ] {
            for reason in DECLINES.into_iter().chain([reason::TRY_AGAIN_LATER]) {
                assert!(texts.contains(&format!(" {reason}:")), "no words for {reason}");
            }
        }
    }

    #[test]
    fn a_refused_request_has_a_stable_reason() {
        for (code, param, reason) in [
            (Some("charge_already_refunded"), None, "charge_already_refunded"),
            (Some("charge_disputed"), None, "charge_disputed"),
            (Some("balance_insufficient"), None, "balance_insufficient"),
            (Some("resource_missing"), Some("confirmation_token"), "invalid_token"),
            (Some("amount_too_small"), Some("amount"), "amount_too_small"),
            (Some("parameter_unknown"), Some("colour"), "provider_error"),
            (None, None, "provider_error"),
        ] {
            assert_eq!(refusal(&error(None, code, param)), reason, "{code:?}");
        }
        let too_much = error(None, None, Some("amount"));
        assert_eq!(refund_refusal(&too_much), "refund_exceeds_charge");
        let twice = error(None, Some("charge_already_refunded"), None);
        assert_eq!(refund_refusal(&twice), "charge_already_refunded");
    }
}
