//! Every problem orders can answer with, one function each.

use axum::http::StatusCode;
use chassis::problem::{FieldError, Problem};
use contracts::orders::Reason;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Config;
use crate::addresses::Delivery;
use crate::model::{Order, PaymentStatus, ShippingMethod, Status, Totals};

pub fn order_not_found() -> Problem {
    Problem::not_found("order_not_found", "there is no such order, or it is not yours")
}

pub fn email_required() -> Problem {
    Problem::field("email", "is required from a guest; or log in first")
}

/// 422: the reason is one that others give.
pub fn reason_not_yours(may_be: fn(Reason) -> bool) -> Problem {
    let yours = Reason::ALL.iter().copied().filter(|it| may_be(*it));
    let yours: Vec<&str> = yours.map(Reason::as_str).collect();
    Problem::field("reason", format!("must be one of {}", yours.join(", ")))
}

pub fn cart_empty() -> Problem {
    Problem::invalid("cart_empty", "the cart is empty; add something or send `items`")
}

pub fn item_unclear(index: usize) -> Problem {
    Problem::field(format!("items[{index}]"), "name either `sku` or `product_id`, not both")
}

pub fn item_unknown(wanted: &[String]) -> Problem {
    let detail = format!("not for sale (any more): {}", wanted.join(", "));
    Problem::invalid("item_unknown", detail).with("items", wanted.to_vec())
}

pub fn variant_required(product: Uuid, skus: &[String]) -> Problem {
    let detail = format!("the product {product} has several variants; name the SKU of one");
    Problem::invalid("variant_required", detail).with("skus", skus.to_vec())
}

pub fn quantity_too_large(sku: &str, most: i64) -> Problem {
    Problem::field("items", format!("more than {most} of {sku} in one order"))
}

pub fn shipping_address_required() -> Problem {
    Problem::field("shipping_address", "is required, because something is shipped")
}

/// Where the shop delivers is told as far as a person would read it.
pub fn not_delivered_to(country: &str, delivery: &Delivery) -> FieldError {
    const MOST: usize = 10;
    let mut names: Vec<&str> =
        delivery.countries().take(MOST + 1).map(|it| it.name.as_str()).collect();
    if names.len() > MOST {
        names[MOST] = "others (GET /countries lists them)";
    }
    FieldError {
        field: "shipping_address.country".to_owned(),
        detail: format!("is {country}, but the shop delivers to {}", names.join(", ")),
    }
}

pub fn country_not_found() -> Problem {
    let detail = "there is no country with this code; GET /countries?all=true lists them";
    Problem::not_found("country_not_found", detail)
}

pub fn shipping_method_not_offered(config: &Config) -> Problem {
    let offered = ShippingMethod::ALL.into_iter().filter(|it| it.is_offered(config));
    let offered: Vec<&str> = offered.map(ShippingMethod::as_str).collect();
    Problem::field("shipping_method", format!("is not offered; offered is {}", offered.join(", ")))
}

pub fn order_too_large() -> Problem {
    Problem::invalid("order_too_large", "the total is more than the shop can handle in one order")
}

pub fn total_changed(totals: Totals) -> Problem {
    let Totals { subtotal, shipping, tax, total } = totals;
    Problem::conflict("total_changed", "the total is not the expected one; nothing was ordered")
        .with(
            "totals",
            json!({"subtotal": subtotal, "shipping": shipping, "tax": tax, "total": total}),
        )
}

/// 409: an order of this cart is not decided yet. With what is needed to go on with that one.
pub fn cart_already_ordered(order: &Order) -> Problem {
    let waits = match order.payment_status {
        PaymentStatus::RequiresAction => "waits for its customer to confirm the payment",
        PaymentStatus::Failed => "waits for another payment",
        _ => "is not decided yet",
    };
    let detail = format!(
        "this cart is being bought by order {}, which {waits}: finish or cancel that order, or \
         send `\"supersede\": true` to have it cancelled and to buy the cart as it is now",
        order.number
    );
    of_order(Problem::conflict("cart_already_ordered", detail), order)
}

/// 409: nothing is left in the cart that has not been bought and paid.
pub fn cart_already_paid(order: &Order) -> Problem {
    let detail = format!(
        "what was in this cart has been bought and paid with order {}; the cart is empty now: add \
         something to it to buy more",
        order.number
    );
    of_order(Problem::conflict("cart_already_paid", detail), order)
}

/// 409: the order of this cart cannot be cancelled before the outcome of its payment is known.
pub fn order_undecided(order: &Order) -> Problem {
    let which = match order.is_placed() {
        true => format!("of the payment of order {}", order.number),
        false => "of another checkout of this cart".to_owned(),
    };
    let detail = format!(
        "what becomes {which} is not known yet; nothing new was ordered: send the same request \
         again in some seconds"
    );
    of_order(Problem::conflict("order_undecided", detail), order).retry_after(2)
}

fn of_order(problem: Problem, order: &Order) -> Problem {
    problem
        .with("order_id", order.id.to_string())
        .with("number", order.number.as_str())
        .with("payment_status", order.payment_status.as_str())
}

/// 422: the shop takes no money that way.
pub fn provider_unknown(known: &[String]) -> Problem {
    let detail = match known {
        [] => "the shop takes no payments now".to_owned(),
        known => format!("must be one of: {}", known.join(", ")),
    };
    Problem::field("payment.provider", detail)
}

pub fn payment_required() -> Problem {
    Problem::field("payment", "is required, because there is something to pay")
}

/// 402: the money was refused; the order waits for another try.
pub fn payment_declined(order: &Order, reason: &str, attempts_left: i64) -> Problem {
    Problem::new(
        StatusCode::PAYMENT_REQUIRED,
        "payment_declined",
        format!(
            "the payment was declined ({reason}); try again with POST /api/v1/orders/{}/payments",
            order.id
        ),
    )
    .with("reason", reason)
    .with("order_id", order.id.to_string())
    .with("number", order.number.as_str())
    .with("payment_id", order.payment_id.map(|it| it.to_string()))
    .with("attempts_left", attempts_left)
}

/// 402: payments could not even ask the provider, for example because it is not known.
pub fn payment_refused(order: &Order, refused: &Problem, attempts_left: i64) -> Problem {
    let mut problem = payment_declined(order, &refused.code, attempts_left);
    problem.detail = refused.detail.clone();
    problem
}

/// 409: an order that was given up, when nothing more exact is known.
pub fn order_cancelled(order: &Order, reason: &str) -> Problem {
    Problem::conflict("order_cancelled", format!("the order was cancelled: {reason}"))
        .with("reason", reason)
        .with("order_id", order.id.to_string())
}

/// The catalogue's `out_of_stock`, with the order it belongs to.
pub fn out_of_stock(order: &Order, mut refused: Problem) -> Problem {
    refused.members.insert("order_id".to_owned(), Value::String(order.id.to_string()));
    refused
}

/// The catalogue's `out_of_stock` at another try to pay: nothing was charged, the order waits on.
pub fn gone_meanwhile(order: &Order, refused: Problem, attempts_left: i64) -> Problem {
    let mut problem = out_of_stock(order, refused).with("attempts_left", attempts_left);
    problem.detail = format!(
        "{}; nothing was charged, and the order waits: try again later with \
         POST /api/v1/orders/{id}/payments, or cancel it",
        problem.detail,
        id = order.id
    )
    .into();
    problem
}

pub fn payment_not_expected(order: &Order) -> Problem {
    Problem::conflict(
        "payment_not_expected",
        format!("the order is {} and does not wait for a payment", order.status.as_str()),
    )
}

pub fn attempts_exhausted() -> Problem {
    Problem::conflict("attempts_exhausted", "too many payments were declined; order again")
}

pub fn order_shipped() -> Problem {
    Problem::conflict("order_shipped", "the order has been shipped and cannot be cancelled")
}

/// 409: a cancel that could not give the money back; the order is as it was.
pub fn refund_refused(order: &Order) -> Problem {
    let detail = "the payment provider refused to give the money back; the order stays as it is";
    let status = order.payment_status.as_str();
    Problem::conflict("refund_refused", detail).with("payment_status", status)
}

/// 409: all of the order's goods were put back into stock when they were refunded.
pub fn nothing_to_ship() -> Problem {
    let detail = "all goods of the order were refunded and put back into stock; cancel it instead";
    Problem::conflict("nothing_to_ship", detail)
}

pub fn status_not_allowed(from: Status, to: Status) -> Problem {
    let detail = format!("an order that is {} cannot become {}", from.as_str(), to.as_str());
    Problem::conflict("status_not_allowed", detail)
}

pub fn order_changed() -> Problem {
    Problem::conflict("order_changed", "the order changed meanwhile; look at it and try again")
}
