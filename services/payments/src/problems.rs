//! Every problem payments can return, one function each.

use chassis::problem::Problem;

/// The same for a payment that is somebody else's as for none at all.
pub(crate) fn payment_not_found() -> Problem {
    Problem::not_found("payment_not_found", "there is no such payment")
}

/// The provider is not one this shop uses.
pub(crate) fn provider_unknown(known: &str) -> Problem {
    Problem::field("payment.provider", format!("must be one of: {known}"))
}

pub(crate) fn card_number_refused() -> Problem {
    Problem::invalid(
        "card_number_refused",
        "this looks like a card number; send the token your payment provider made for it",
    )
}

/// The id is known for another order, amount, currency or provider.
pub(crate) fn payment_mismatch() -> Problem {
    Problem::conflict("payment_mismatch", "the payment exists with other details")
}

pub(crate) fn payment_voided() -> Problem {
    Problem::conflict("payment_voided", "the payment was voided and cannot be captured")
}

pub(crate) fn payment_not_authorized() -> Problem {
    Problem::conflict("payment_not_authorized", "the payment is not authorised")
}

pub(crate) fn payment_not_captured() -> Problem {
    Problem::conflict("payment_not_captured", "the payment was not captured: void it instead")
}

pub(crate) fn action_not_required() -> Problem {
    Problem::conflict("action_not_required", "the payment does not wait for a confirmation")
}

/// `left` in minor units, which the client also gets as `refundable`.
pub(crate) fn refund_exceeds_payment(left: i64) -> Problem {
    Problem::conflict("refund_exceeds_payment", "more than what is left of the payment")
        .with("refundable", left)
}

/// Fewer units of the line are left than were asked for.
pub(crate) fn refund_exceeds_line(sku: &str, left: i64) -> Problem {
    let detail = format!("more units of {sku} than are left to refund, which are {left}");
    Problem::conflict("refund_exceeds_line", detail).with("sku", sku).with("refundable", left)
}

/// What was asked for cost nothing.
pub(crate) fn nothing_to_refund() -> Problem {
    let detail = "these lines cost nothing, so that there is nothing to give back";
    Problem::conflict("nothing_to_refund", detail)
}

/// A payment without an order has no lines.
pub(crate) fn lines_unknown() -> Problem {
    Problem::field("lines", "the lines of this payment's order are not known; send an amount")
}

/// The id is known for another payment.
pub(crate) fn refund_mismatch() -> Problem {
    Problem::conflict("refund_mismatch", "the refund exists for another payment or amount")
}

pub(crate) fn refund_failed(reason: &str) -> Problem {
    Problem::conflict("refund_failed", "the provider refused the refund").with("reason", reason)
}
