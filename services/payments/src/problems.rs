//! Every problem payments can return, one function each.

use chassis::problem::{Problem, problem};

/// The payment does not exist, or the caller may not see it.
#[problem(NOT_FOUND)]
pub(crate) fn payment_not_found() -> Problem {
    payment_not_found::problem("the payment does not exist, or you may not see it")
}

/// You have no such saved payment method.
#[problem(NOT_FOUND)]
pub(crate) fn payment_method_not_found() -> Problem {
    payment_method_not_found::problem("you have no such saved payment method")
}

/// The payment provider does not answer. Try again later.
#[problem(SERVICE_UNAVAILABLE)]
pub(crate) fn payment_provider_unavailable() -> Problem {
    payment_provider_unavailable::problem("the payment provider does not answer; try again later")
}

/// The shop does not use this provider.
pub(crate) fn provider_unknown(known: &str) -> Problem {
    Problem::field("payment.provider", format!("must be one of: {known}"))
}

/// The token looks like a card number. Send the payment provider's token.
#[problem(UNPROCESSABLE_ENTITY)]
pub(crate) fn card_number_refused() -> Problem {
    card_number_refused::problem(
        "this looks like a card number; send the token your payment provider made for it",
    )
}

/// The payment exists with another order, amount, currency or provider.
#[problem(CONFLICT)]
pub(crate) fn payment_mismatch() -> Problem {
    payment_mismatch::problem("the payment exists with other details")
}

/// The payment was voided and can no longer be captured.
#[problem(CONFLICT)]
pub(crate) fn payment_voided() -> Problem {
    payment_voided::problem("the payment was voided and can no longer be captured")
}

/// The payment is not authorized.
#[problem(CONFLICT)]
pub(crate) fn payment_not_authorized() -> Problem {
    payment_not_authorized::problem("the payment is not authorized")
}

/// The amount exceeds what is held. `capturable` has that in minor units.
#[problem(CONFLICT)]
pub(crate) fn capture_exceeds_payment(held: i64) -> Problem {
    capture_exceeds_payment::problem("the amount exceeds what the payment holds")
        .with("capturable", held)
}

/// Another amount was captured, or is being captured, and a payment is captured once. `captured` has
/// that amount in minor units.
#[problem(CONFLICT)]
pub(crate) fn capture_mismatch(taken: i64) -> Problem {
    let detail = "another amount of the payment was captured; a payment is captured once";
    capture_mismatch::problem(detail).with("captured", taken)
}

/// The provider declined the capture, and holds nothing any more. `reason` says why.
#[problem(CONFLICT)]
pub(crate) fn capture_declined(reason: &str) -> Problem {
    let detail = format!("the provider declined the capture: {reason}");
    capture_declined::problem(detail).with("reason", reason)
}

/// The payment was not captured, so there is nothing to refund. Cancel the order instead.
#[problem(CONFLICT)]
pub(crate) fn payment_not_captured() -> Problem {
    payment_not_captured::problem("the payment was not captured; void it instead")
}

/// The refund exceeds the rest of the payment. `refundable` has the rest in minor units.
#[problem(CONFLICT)]
pub(crate) fn refund_exceeds_payment(left: i64) -> Problem {
    refund_exceeds_payment::problem("the refund exceeds what is left of the payment")
        .with("refundable", left)
}

/// The refund has more units of a line than can still be refunded. `sku` names the line and
/// `refundable` the units left.
#[problem(CONFLICT)]
pub(crate) fn refund_exceeds_line(sku: &str, left: i64) -> Problem {
    let detail = format!("only {left} units of {sku} can still be refunded");
    refund_exceeds_line::problem(detail).with("sku", sku).with("refundable", left)
}

/// The lines cost nothing, so there is nothing to refund.
#[problem(CONFLICT)]
pub(crate) fn nothing_to_refund() -> Problem {
    nothing_to_refund::problem("these lines cost nothing, so there is nothing to refund")
}

/// A payment without an order has no lines.
pub(crate) fn lines_unknown() -> Problem {
    Problem::field(
        "lines",
        "cannot be refunded, because this payment has no order lines; send an `amount`",
    )
}

/// The refund exists for another payment or amount.
#[problem(CONFLICT)]
pub(crate) fn refund_mismatch() -> Problem {
    refund_mismatch::problem("the refund exists for another payment or amount")
}

/// The provider refused the refund. `reason` says why.
#[problem(CONFLICT)]
pub(crate) fn refund_failed(reason: &str) -> Problem {
    refund_failed::problem("the provider refused the refund").with("reason", reason)
}
