//! Every error the catalog can return.

use chassis::policy;
use chassis::problem::{Problem, problem};
use serde_json::json;
use uuid::Uuid;

use crate::model::Stock;

/// A line that cannot be reserved in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Short {
    pub(crate) sku: String,
    pub(crate) requested: i64,
    pub(crate) available: i64,
}

/// The product does not exist, or is not for sale and the caller is not staff.
#[problem(NOT_FOUND)]
pub(crate) fn product_not_found() -> Problem {
    product_not_found::problem("the product does not exist, or is not for sale")
}

/// The category does not exist.
#[problem(NOT_FOUND)]
pub(crate) fn category_not_found() -> Problem {
    category_not_found::problem("there is no such category")
}

/// The product has no such picture.
#[problem(NOT_FOUND)]
pub(crate) fn image_not_found() -> Problem {
    image_not_found::problem("the product has no such image")
}

/// The picture does not exist.
#[problem(NOT_FOUND)]
pub(crate) fn picture_not_found() -> Problem {
    picture_not_found::problem("there is no such picture")
}

/// The item is in the list twice. Only the first one counts.
#[problem(UNPROCESSABLE_ENTITY)]
pub(crate) fn duplicate_item() -> Problem {
    duplicate_item::problem("this item is in the list twice; only the first one counts")
}

/// The file is not a JPEG, PNG, WebP or GIF picture.
#[problem(UNSUPPORTED_MEDIA_TYPE)]
pub(crate) fn picture_type_unsupported() -> Problem {
    picture_type_unsupported::problem(
        "this is not a JPEG, PNG, WebP or GIF picture; save it as one of these and try again",
    )
}

pub(crate) fn picture_is_svg() -> Problem {
    let detail = "SVG is not accepted, because it can contain scripts; save the picture as PNG";
    Problem { detail: detail.into(), ..picture_type_unsupported() }
}

/// The picture is damaged or incomplete.
#[problem(UNPROCESSABLE_ENTITY)]
pub(crate) fn picture_broken() -> Problem {
    let detail = "the picture is damaged or incomplete; open it, save it again and retry";
    picture_broken::problem(detail)
}

/// The picture has too many pixels. `width` and `height` have its size.
#[problem(UNPROCESSABLE_ENTITY)]
pub(crate) fn picture_too_large(width: u32, height: u32) -> Problem {
    let detail = format!(
        "the picture has {width} x {height} pixels; the maximum is 8000 x 8000 and 40 megapixels \
         (20 with 16 bits per colour); make it smaller and try again"
    );
    picture_too_large::problem(detail).with("width", width).with("height", height)
}

/// Too many pictures are being uploaded. Try again after `Retry-After`.
#[problem(SERVICE_UNAVAILABLE)]
pub(crate) fn pictures_busy() -> Problem {
    let detail = "too many pictures are being uploaded; try again in a few seconds";
    pictures_busy::problem(detail).retry_after(3)
}

/// The import does not exist.
#[problem(NOT_FOUND)]
pub(crate) fn import_not_found() -> Problem {
    import_not_found::problem("there is no such import")
}

/// The file is not a CSV file of products.
#[problem(UNPROCESSABLE_ENTITY)]
pub(crate) fn import_unreadable(why: &str) -> Problem {
    import_unreadable::problem(why.to_owned())
}

/// Too many imports are waiting or running. Try again when one is done. `limit` has the maximum.
#[problem(CONFLICT)]
pub(crate) fn imports_waiting(count: i64) -> Problem {
    let detail = format!("{count} imports are waiting or running; try again when one is done");
    imports_waiting::problem(detail).with("limit", count)
}

/// Too many files are being read. Try again after `Retry-After`.
#[problem(SERVICE_UNAVAILABLE)]
pub(crate) fn imports_busy() -> Problem {
    let detail = "too many files are being read; try again in a few seconds";
    imports_busy::problem(detail).retry_after(3)
}

/// The SKU does not exist.
#[problem(NOT_FOUND)]
pub(crate) fn sku_not_found() -> Problem {
    sku_not_found::problem("there is no such SKU")
}

/// The slug is already taken. `slug` names it.
#[problem(CONFLICT)]
pub(crate) fn slug_taken(slug: &str) -> Problem {
    slug_taken::problem(format!("the slug {slug} is already taken")).with("slug", slug)
}

/// The SKU belongs to another variant. `sku` names it.
#[problem(CONFLICT)]
pub(crate) fn sku_taken(sku: &str) -> Problem {
    sku_taken::problem(format!("the SKU {sku} belongs to another variant")).with("sku", sku)
}

/// Another request changed the product at the same time. Read it again and retry.
#[problem(CONFLICT)]
pub(crate) fn product_changed() -> Problem {
    product_changed::problem(
        "another request changed the product meanwhile; read it again and retry",
    )
}

/// Open orders hold units of the variant or product. `sku` names the variant.
#[problem(CONFLICT)]
pub(crate) fn stock_reserved(sku: &str) -> Problem {
    stock_reserved::problem(format!("orders hold units of {sku}; try again later")).with("sku", sku)
}

/// `on_hand` would be less than the units sold and not shipped (`allocated`) plus those held by
/// open orders (`reserved`).
#[problem(CONFLICT)]
pub(crate) fn stock_below_reserved(sku: &str, allocated: i64, reserved: i64) -> Problem {
    let units = allocated + reserved;
    let detail = format!("orders hold {units} units of {sku}; on_hand cannot be below that");
    stock_below_reserved::problem(detail).with("allocated", allocated).with("reserved", reserved)
}

/// The figure differs from what is on hand, and there is no `expected`.
pub(crate) fn expected_missing(now: &Stock) -> Problem {
    let detail = format!(
        "there are {} of {} on hand; to change that, send the figure you have read as `expected`, \
         or use `adjust` with PUT /inventory/{{sku}}",
        now.on_hand, now.sku
    );
    Problem::field("on_hand", detail)
}

/// The stock on hand is not the `expected` one. `on_hand` has the current figure.
#[problem(CONFLICT)]
pub(crate) fn stock_changed(now: &Stock, expected: i64) -> Problem {
    let (sku, on_hand) = (&now.sku, now.on_hand);
    let detail = format!(
        "there are {on_hand} of {sku} on hand, not {expected}: units were shipped or the stock was \
         changed meanwhile; read it again, then decide"
    );
    stock_changed::problem(detail)
        .with("sku", sku.as_str())
        .with("on_hand", on_hand)
        .with("expected", expected)
}

/// The stock has changed since the `ETag` in `If-Match`. `on_hand` has the current figure.
#[problem(PRECONDITION_FAILED, code = "precondition_failed")]
pub(crate) fn stock_moved(now: &Stock) -> Problem {
    let detail = format!(
        "the stock of {} has changed since this ETag; {} are on hand now; read it again and retry",
        now.sku, now.on_hand
    );
    stock_moved::problem(detail).with("on_hand", now.on_hand)
}

/// The category has subcategories. Move or delete them first.
#[problem(CONFLICT)]
pub(crate) fn category_has_children() -> Problem {
    category_has_children::problem("the category has subcategories; move or delete them first")
}

/// A category cannot be moved into itself or below itself.
#[problem(CONFLICT)]
pub(crate) fn category_cycle() -> Problem {
    category_cycle::problem("a category cannot be moved into itself or below itself")
}

/// The category would be nested too deeply.
#[problem(CONFLICT)]
pub(crate) fn category_too_deep(depth: usize) -> Problem {
    let detail = format!("categories can be at most {depth} levels deep");
    category_too_deep::problem(detail)
}

pub(crate) fn category_unknown(id: Uuid) -> Problem {
    Problem::field("category_ids", format!("there is no category {id}"))
}

/// For drafts and archived products.
pub(crate) fn staff_only() -> Problem {
    policy::forbidden("catalog:write")
}

/// Items are out of stock. `skus` lists each with the quantities requested and available.
#[problem(CONFLICT)]
pub(crate) fn out_of_stock(short: &[Short]) -> Problem {
    let names: Vec<&str> = short.iter().map(|it| it.sku.as_str()).collect();
    let skus: Vec<_> = short
        .iter()
        .map(|it| json!({"sku": it.sku, "requested": it.requested, "available": it.available}))
        .collect();
    let detail = format!("not enough in stock: {}", names.join(", "));
    out_of_stock::problem(detail).with("skus", skus)
}

/// The product has several variants. Send the SKU of one, which `skus` lists.
#[problem(UNPROCESSABLE_ENTITY)]
pub(crate) fn variant_required(skus: &[&str]) -> Problem {
    variant_required::problem("the product has several variants; send the SKU of one")
        .with("skus", skus)
}

/// The hold would exceed the units that can be held without buying them. `limit` has the maximum.
#[problem(CONFLICT)]
pub(crate) fn hold_limit(units: i64) -> Problem {
    let detail = format!("at most {units} units can be held at once without buying them");
    hold_limit::problem(detail).with("limit", units)
}

/// All customers together hold as many units of a SKU as they may.
pub(crate) fn share_taken(sku: &str, units: i64) -> Problem {
    let detail = format!(
        "all customers together can hold at most {units} units of {sku} without buying them; order \
         them instead"
    );
    hold_limit::problem(detail).with("limit", units).with("sku", sku)
}

/// The reservation of this order was released.
#[problem(CONFLICT)]
pub(crate) fn reservation_released() -> Problem {
    reservation_released::problem("the reservation of this order was released")
}

/// This order no longer holds any stock.
#[problem(CONFLICT)]
pub(crate) fn reservation_gone() -> Problem {
    reservation_gone::problem("this order no longer holds any stock")
}

/// This order already holds other lines, or the Idempotency-Key was used with another hold.
#[problem(CONFLICT)]
pub(crate) fn reservation_differs() -> Problem {
    reservation_differs::problem("this order already holds other lines")
}

/// The search index is being prepared. Try again soon.
#[problem(SERVICE_UNAVAILABLE)]
pub(crate) fn search_unavailable() -> Problem {
    search_unavailable::problem("the search index is being prepared; try again soon")
}
