//! Every problem this service can return, one function each.

use chassis::problem::{Problem, problem};
use contracts::cart::MAX_LINES;
use contracts::catalog::MAX_QUANTITY;
use uuid::Uuid;

/// There is no product for sale with this SKU.
#[problem(NOT_FOUND)]
pub(crate) fn sku_not_found(sku: &str) -> Problem {
    sku_not_found::problem(format!("there is no product for sale with the SKU {sku}"))
}

/// There is no product for sale with this id.
#[problem(NOT_FOUND)]
pub(crate) fn product_not_found(id: Uuid) -> Problem {
    product_not_found::problem(format!("there is no product {id} for sale"))
}

/// The product has several variants. Send the `sku` of one, which `skus` lists.
#[problem(UNPROCESSABLE_ENTITY)]
pub(crate) fn variant_required(skus: Vec<String>) -> Problem {
    variant_required::problem("the product has several variants; send the `sku` of one of them")
        .with("skus", skus)
}

/// Not enough units are in stock. `available` and `in_cart` have the quantities.
#[problem(CONFLICT)]
pub(crate) fn insufficient_stock(sku: &str, available: i64, in_cart: i64) -> Problem {
    let detail = format!("only {available} of {sku} are available; the cart has {in_cart}");
    insufficient_stock::problem(detail)
        .with("sku", sku)
        .with("available", available)
        .with("in_cart", in_cart)
}

/// The cart would have more units of the SKU than a cart can hold. `in_cart` has the quantity now.
#[problem(UNPROCESSABLE_ENTITY)]
pub(crate) fn quantity_too_large(sku: &str, in_cart: i64) -> Problem {
    let detail = format!("a cart holds at most {MAX_QUANTITY} of a SKU; it has {in_cart} of {sku}");
    quantity_too_large::problem(detail).with("in_cart", in_cart)
}

/// The cart cannot hold more different items.
#[problem(UNPROCESSABLE_ENTITY)]
pub(crate) fn cart_full() -> Problem {
    cart_full::problem(format!("a cart holds at most {MAX_LINES} different items"))
}

/// The item is not in the cart.
#[problem(NOT_FOUND)]
pub(crate) fn item_not_found(sku: &str) -> Problem {
    item_not_found::problem(format!("{sku} is not in the cart"))
}

/// The item is no longer sold. It can only be removed from the cart.
#[problem(CONFLICT)]
pub(crate) fn item_not_for_sale(sku: &str) -> Problem {
    let detail = format!("{sku} is no longer sold; it can only be removed from the cart");
    item_not_for_sale::problem(detail)
}

/// There is no guest cart with this `X-Cart-Token`.
#[problem(NOT_FOUND)]
pub(crate) fn cart_not_found() -> Problem {
    cart_not_found::problem("there is no guest cart with this X-Cart-Token")
}

/// The header `X-Cart-Token` is missing.
#[problem(BAD_REQUEST)]
pub(crate) fn cart_token_required() -> Problem {
    cart_token_required::problem("send the token of the guest's cart as X-Cart-Token")
}
