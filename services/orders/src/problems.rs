//! Every problem orders can answer with, one function each.

use chassis::problem::{FieldError, Problem, problem};
use contracts::orders::Reason;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Config;
use crate::addresses::Delivery;
use crate::model::{Order, PaymentStatus, ShippingMethod, Status, Totals};

/// The order does not exist, or the caller may not see it.
#[problem(NOT_FOUND)]
pub fn order_not_found() -> Problem {
    order_not_found::problem("the order does not exist, or you may not see it")
}

/// Only customers who are logged in have something saved.
pub(crate) fn cannot_save() -> Problem {
    Problem::field(
        "payment.save",
        "is for customers who are logged in; log in first, or send false",
    )
}

pub fn email_required() -> Problem {
    Problem::field("email", "is required from a guest; send it, or log in first")
}

/// The caller may not give this reason.
pub fn reason_not_yours(may_be: fn(Reason) -> bool) -> Problem {
    let yours = Reason::ALL.iter().copied().filter(|it| may_be(*it));
    let yours: Vec<&str> = yours.map(Reason::as_str).collect();
    Problem::field("reason", format!("must be one of {}", yours.join(", ")))
}

/// The cart is empty and no `items` were sent.
#[problem(UNPROCESSABLE_ENTITY)]
pub fn cart_empty() -> Problem {
    cart_empty::problem("the cart is empty; add something or send `items`")
}

pub fn item_unclear(index: usize) -> Problem {
    Problem::field(format!("items[{index}]"), "must have either `sku` or `product_id`, not both")
}

/// Some items do not exist or are no longer sold. `items` lists them.
#[problem(UNPROCESSABLE_ENTITY)]
pub fn item_unknown(wanted: &[String]) -> Problem {
    let detail = format!("these items are not for sale: {}", wanted.join(", "));
    item_unknown::problem(detail).with("items", wanted.to_vec())
}

/// A product has several variants. Send the SKU of one, which `skus` lists.
#[problem(UNPROCESSABLE_ENTITY)]
pub fn variant_required(product: Uuid, skus: &[String]) -> Problem {
    let detail = format!("the product {product} has several variants; send the SKU of one");
    variant_required::problem(detail).with("skus", skus.to_vec())
}

pub fn quantity_too_large(sku: &str, most: i64) -> Problem {
    Problem::field("items", format!("must have at most {most} of {sku} in one order"))
}

pub fn shipping_address_required() -> Problem {
    Problem::field("shipping_address", "is required, because the order contains shipped goods")
}

/// Names the countries the shop delivers to, as many as a person would read.
pub fn not_delivered_to(country: &str, delivery: &Delivery) -> FieldError {
    const MOST: usize = 10;
    let mut names: Vec<&str> =
        delivery.countries().take(MOST + 1).map(|it| it.name.as_str()).collect();
    if names.len() > MOST {
        names[MOST] = "others (GET /countries lists all)";
    }
    FieldError {
        field: "shipping_address.country".to_owned(),
        detail: format!("is {country}, but the shop delivers to {}", names.join(", ")),
    }
}

/// There is no country with this code.
#[problem(NOT_FOUND)]
pub fn country_not_found() -> Problem {
    country_not_found::problem(
        "there is no country with this code; GET /countries?all=true lists all codes",
    )
}

pub fn shipping_method_not_offered(config: &Config) -> Problem {
    let offered = ShippingMethod::ALL.into_iter().filter(|it| it.is_offered(config));
    let offered: Vec<&str> = offered.map(ShippingMethod::as_str).collect();
    Problem::field(
        "shipping_method",
        format!("is not offered; must be one of: {}", offered.join(", ")),
    )
}

/// The total exceeds the largest amount an order can have.
#[problem(UNPROCESSABLE_ENTITY)]
pub fn order_too_large() -> Problem {
    order_too_large::problem("the total exceeds the maximum of one order; buy less at once")
}

/// The total differs from `expected_total`. Nothing was ordered; `totals` has the current amounts.
#[problem(CONFLICT)]
pub fn total_changed(totals: Totals) -> Problem {
    let Totals { subtotal, shipping, tax, total } = totals;
    let totals = json!({"subtotal": subtotal, "shipping": shipping, "tax": tax, "total": total});
    total_changed::problem("the total differs from `expected_total`; nothing was ordered")
        .with("totals", totals)
}

/// The cart already has an open order, which `order_id` and `number` name. Complete or cancel that
/// order, or send `"supersede": true`.
#[problem(CONFLICT)]
pub fn cart_already_ordered(order: &Order) -> Problem {
    let waits = match order.payment_status {
        PaymentStatus::RequiresAction => "is waiting for the customer to confirm the payment",
        PaymentStatus::Processing => "is waiting for the bank to confirm the payment",
        PaymentStatus::Failed => "is waiting for another payment attempt",
        _ => "is still being processed",
    };
    let detail = format!(
        "this cart already has the order {}, which {waits}; complete or cancel that order, or \
         send `\"supersede\": true` to cancel it and order the cart as it is now",
        order.number
    );
    of_order(cart_already_ordered::problem(detail), order)
}

/// Everything in the cart has already been bought and paid for.
#[problem(CONFLICT)]
pub fn cart_already_paid(order: &Order) -> Problem {
    let detail = format!(
        "everything in this cart was bought and paid for with order {}; add something to the cart \
         to buy more",
        order.number
    );
    of_order(cart_already_paid::problem(detail), order)
}

/// The outcome of a payment or checkout of this cart is not known yet. Nothing new was ordered; send
/// the same request again after `Retry-After`.
#[problem(CONFLICT)]
pub fn order_undecided(order: &Order) -> Problem {
    let which = if order.is_placed() {
        format!("the payment of order {}", order.number)
    } else {
        "another checkout of this cart".to_owned()
    };
    let detail = format!(
        "the outcome of {which} is not known yet; nothing new was ordered; send the same request \
         again in a few seconds"
    );
    of_order(order_undecided::problem(detail), order).retry_after(2)
}

fn of_order(problem: Problem, order: &Order) -> Problem {
    problem
        .with("order_id", order.id.to_string())
        .with("number", order.number.as_str())
        .with("payment_status", order.payment_status.as_str())
}

/// The shop does not accept this payment provider.
pub fn provider_unknown(known: &[String]) -> Problem {
    let detail = match known {
        [] => "the shop accepts no payments at the moment".to_owned(),
        known => format!("must be one of: {}", known.join(", ")),
    };
    Problem::field("payment.provider", detail)
}

pub fn payment_required() -> Problem {
    Problem::field("payment", "is required, because the total is not zero")
}

/// The payment was declined. The order waits for another attempt if `attempts_left` is not 0.
#[problem(PAYMENT_REQUIRED)]
pub fn payment_declined(order: &Order, reason: &str, attempts_left: i64) -> Problem {
    let id = order.id;
    let detail = format!(
        "the payment was declined ({reason}); try again with POST /api/v1/orders/{id}/payments"
    );
    payment_declined::problem(detail)
        .with("reason", reason)
        .with("order_id", id.to_string())
        .with("number", order.number.as_str())
        .with("payment_id", order.payment_id.map(|it| it.to_string()))
        .with("attempts_left", attempts_left)
}

/// Payments could not even ask the provider, for example because it is not known.
pub fn payment_refused(order: &Order, refused: &Problem, attempts_left: i64) -> Problem {
    let mut problem = payment_declined(order, &refused.code, attempts_left);
    problem.detail = refused.detail.clone();
    problem
}

/// The order was cancelled before it was completed. `reason` says why.
#[problem(CONFLICT)]
pub fn order_cancelled(order: &Order, reason: &str) -> Problem {
    order_cancelled::problem(format!("the order was cancelled: {reason}"))
        .with("reason", reason)
        .with("order_id", order.id.to_string())
}

/// Items are out of stock. `skus` lists each with the quantities requested and available.
///
/// The catalog's problem, with the order it belongs to.
#[problem(CONFLICT)]
pub fn out_of_stock(order: &Order, mut refused: Problem) -> Problem {
    refused.members.insert("order_id".to_owned(), Value::String(order.id.to_string()));
    refused
}

/// The catalog's refusal to reserve, as clients know it. Anything but [`out_of_stock`] means that the
/// order was given up meanwhile, by a late answer or by another process.
pub fn not_reserved(order: &Order, refused: Problem, reason: Reason) -> Problem {
    if refused.code == "out_of_stock" {
        return out_of_stock(order, refused);
    }
    tracing::warn!(order = %order.id, code = %refused.code, "the catalog refused the reservation");
    order_cancelled(order, reason.as_str())
}

/// [`out_of_stock`] at another payment attempt: nothing was charged, and the order keeps waiting.
pub fn gone_meanwhile(order: &Order, refused: Problem, attempts_left: i64) -> Problem {
    let mut problem = out_of_stock(order, refused).with("attempts_left", attempts_left);
    problem.detail = format!(
        "{}; nothing was charged; try again later with POST /api/v1/orders/{id}/payments, or \
         cancel the order",
        problem.detail,
        id = order.id
    )
    .into();
    problem
}

/// The order is not waiting for a payment.
#[problem(CONFLICT)]
pub fn payment_not_expected(order: &Order) -> Problem {
    let status = order.status.as_str();
    payment_not_expected::problem(format!("the order is {status}; it is not waiting for a payment"))
}

/// Too many payments of the order were declined. Place a new order.
#[problem(CONFLICT)]
pub fn attempts_exhausted() -> Problem {
    attempts_exhausted::problem("too many payments were declined; place a new order")
}

/// The order has been shipped and can no longer be cancelled.
#[problem(CONFLICT)]
pub fn order_shipped() -> Problem {
    order_shipped::problem("the order has been shipped and can no longer be cancelled")
}

/// The payment provider refused the refund. The order was not cancelled.
#[problem(CONFLICT)]
pub fn refund_refused(order: &Order) -> Problem {
    refund_refused::problem("the payment provider refused the refund; the order was not cancelled")
        .with("payment_status", order.payment_status.as_str())
}

/// The payment of the order is still being captured. Send the same request again after
/// `Retry-After`.
#[problem(CONFLICT)]
pub fn payment_capturing() -> Problem {
    let detail = "the payment is being captured; try again in a moment";
    payment_capturing::problem(detail).retry_after(2)
}

/// The payment of the order could not be captured, so it was not shipped. `reason` says why; `expired`
/// if its authorization expired. Cancel the order, or agree on another payment with the customer.
#[problem(CONFLICT)]
pub fn payment_not_captured(reason: &str) -> Problem {
    let detail = format!("the payment could not be captured ({reason}); the order was not shipped");
    payment_not_captured::problem(detail).with("reason", reason)
}

/// All items were refunded and restocked. Cancel the order instead.
#[problem(CONFLICT)]
pub fn nothing_to_ship() -> Problem {
    nothing_to_ship::problem("all items were refunded and restocked; cancel the order instead")
}

/// An order cannot change from its current status to this one.
#[problem(CONFLICT)]
pub fn status_not_allowed(from: Status, to: Status) -> Problem {
    let (from, to) = (from.as_str(), to.as_str());
    status_not_allowed::problem(format!("an order that is {from} cannot become {to}"))
}

/// Another request changed the order or the cart at the same time. Read it again and retry.
#[problem(CONFLICT)]
pub fn order_changed() -> Problem {
    order_changed::problem("another request changed the order meanwhile; read it again and retry")
}
