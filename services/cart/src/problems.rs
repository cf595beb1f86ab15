//! Every problem this service can return, one function each.

use chassis::problem::Problem;
use contracts::cart::MAX_LINES;
use contracts::catalog::MAX_QUANTITY;
use uuid::Uuid;

pub(crate) fn sku_not_found(sku: &str) -> Problem {
    Problem::not_found("sku_not_found", format!("nothing is sold under the SKU {sku}"))
}

pub(crate) fn product_not_found(id: Uuid) -> Problem {
    Problem::not_found("product_not_found", format!("there is no product {id} for sale"))
}

/// The product has several variants, so its id does not say which.
pub(crate) fn variant_required(skus: Vec<String>) -> Problem {
    let detail = "the product has several variants; send the `sku` of one of them";
    Problem::invalid("variant_required", detail).with("skus", skus)
}

pub(crate) fn insufficient_stock(sku: &str, available: i64, in_cart: i64) -> Problem {
    let detail = format!("only {available} of {sku} can be bought now; the cart has {in_cart}");
    Problem::conflict("insufficient_stock", detail)
        .with("sku", sku)
        .with("available", available)
        .with("in_cart", in_cart)
}

pub(crate) fn quantity_too_large(sku: &str, in_cart: i64) -> Problem {
    let detail = format!("a cart holds at most {MAX_QUANTITY} of a SKU; of {sku} it has {in_cart}");
    Problem::invalid("quantity_too_large", detail).with("in_cart", in_cart)
}

pub(crate) fn cart_full() -> Problem {
    Problem::invalid("cart_full", format!("a cart has at most {MAX_LINES} different items"))
}

pub(crate) fn item_not_found(sku: &str) -> Problem {
    Problem::not_found("item_not_found", format!("{sku} is not in the cart"))
}

/// The line is in the cart, but cannot be bought any more.
pub(crate) fn item_not_for_sale(sku: &str) -> Problem {
    let detail = format!("{sku} is no longer sold; it can only be removed from the cart");
    Problem::conflict("item_not_for_sale", detail)
}

pub(crate) fn cart_not_found() -> Problem {
    Problem::not_found("cart_not_found", "there is no guest's cart with this X-Cart-Token")
}

pub(crate) fn cart_token_required() -> Problem {
    let detail = "send the guest's cart token in the header X-Cart-Token";
    Problem::bad_request("cart_token_required", detail)
}
