//! Every error the catalog can return.

use chassis::problem::Problem;
use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

/// A line that cannot be reserved in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Short {
    pub(crate) sku: String,
    pub(crate) requested: i64,
    pub(crate) available: i64,
}

pub(crate) fn product_not_found() -> Problem {
    Problem::not_found("product_not_found", "there is no such product")
}

pub(crate) fn category_not_found() -> Problem {
    Problem::not_found("category_not_found", "there is no such category")
}

pub(crate) fn image_not_found() -> Problem {
    Problem::not_found("image_not_found", "the product has no such image")
}

pub(crate) fn picture_not_found() -> Problem {
    Problem::not_found("picture_not_found", "there is no such picture")
}

/// Of one item of several that are written at once.
pub(crate) fn duplicate_item() -> Problem {
    Problem::invalid("duplicate_item", "this is in the list twice; the first one counts")
}

/// 415: nothing we can draw.
pub(crate) fn picture_type_unsupported() -> Problem {
    let detail = "this is no JPEG, PNG, WebP or GIF picture; save it as one of these and try again";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "picture_type_unsupported", detail)
}

pub(crate) fn picture_is_svg() -> Problem {
    let detail = "an SVG can hold scripts and is not taken; save the picture as PNG and try again";
    Problem { detail: detail.into(), ..picture_type_unsupported() }
}

pub(crate) fn picture_broken() -> Problem {
    let detail = "the picture is damaged or incomplete; open it and save it anew";
    Problem::invalid("picture_broken", detail)
}

pub(crate) fn picture_too_large(width: u32, height: u32) -> Problem {
    let detail = format!(
        "the picture has {width} x {height} pixels; at most 8000 x 8000 and 40 megapixels are \
         taken (20 with 16 bits per colour), so make it smaller and try again"
    );
    Problem::invalid("picture_too_large", detail).with("width", width).with("height", height)
}

/// 503: there are many pictures on their way.
pub(crate) fn pictures_busy() -> Problem {
    let detail = "many pictures are being sent; try again in a few seconds";
    Problem::unavailable("pictures_busy", detail).retry_after(3)
}

pub(crate) fn import_not_found() -> Problem {
    Problem::not_found("import_not_found", "there is no such import")
}

/// The file as a whole cannot be used.
pub(crate) fn import_unreadable(why: &str) -> Problem {
    Problem::invalid("import_unreadable", why.to_owned())
}

pub(crate) fn imports_waiting(count: i64) -> Problem {
    let detail = format!("{count} imports are waiting or running; send the file when one is done");
    Problem::conflict("imports_waiting", detail).with("limit", count)
}

/// 503: there are many files on their way.
pub(crate) fn imports_busy() -> Problem {
    let detail = "files of others are being read; try again in a few seconds";
    Problem::unavailable("imports_busy", detail).retry_after(3)
}

pub(crate) fn sku_not_found() -> Problem {
    Problem::not_found("sku_not_found", "there is no such SKU")
}

pub(crate) fn slug_taken(slug: &str) -> Problem {
    Problem::conflict("slug_taken", format!("the slug {slug} is already taken")).with("slug", slug)
}

pub(crate) fn sku_taken(sku: &str) -> Problem {
    Problem::conflict("sku_taken", format!("the SKU {sku} belongs to another variant"))
        .with("sku", sku)
}

/// Somebody else changed the product since it was read.
pub(crate) fn product_changed() -> Problem {
    Problem::conflict("product_changed", "the product was changed meanwhile; read it again")
}

/// The variant or product has units that orders hold.
pub(crate) fn stock_reserved(sku: &str) -> Problem {
    Problem::conflict("stock_reserved", format!("orders hold units of {sku}; try again later"))
        .with("sku", sku)
}

/// Fewer units than are sold and not shipped (`allocated`), and held by open orders.
pub(crate) fn stock_below_reserved(sku: &str, allocated: i64, reserved: i64) -> Problem {
    let detail = format!(
        "of {sku}, {allocated} are sold and not shipped and {reserved} are held by open orders; \
         on_hand cannot be below that"
    );
    Problem::conflict("stock_below_reserved", detail)
        .with("allocated", allocated)
        .with("reserved", reserved)
}

pub(crate) fn category_has_children() -> Problem {
    Problem::conflict("category_has_children", "move or delete its subcategories first")
}

pub(crate) fn category_cycle() -> Problem {
    Problem::conflict("category_cycle", "a category cannot be moved into itself or below itself")
}

pub(crate) fn category_too_deep(depth: usize) -> Problem {
    let detail = format!("categories can be at most {depth} levels deep");
    Problem::conflict("category_too_deep", detail)
}

pub(crate) fn category_unknown(id: Uuid) -> Problem {
    Problem::field("category_ids", format!("there is no category {id}"))
}

/// 403 for drafts and archived products asked for by somebody who may not see them.
pub(crate) fn staff_only() -> Problem {
    Problem::forbidden("forbidden", "this needs the permission catalog:write")
        .with("permission", "catalog:write")
}

pub(crate) fn out_of_stock(short: &[Short]) -> Problem {
    let names: Vec<&str> = short.iter().map(|it| it.sku.as_str()).collect();
    let skus: Vec<_> = short
        .iter()
        .map(|it| json!({"sku": it.sku, "requested": it.requested, "available": it.available}))
        .collect();
    let detail = format!("not enough in stock: {}", names.join(", "));
    Problem::conflict("out_of_stock", detail).with("skus", skus)
}

/// A SKU has to be named, as the product has several variants.
pub(crate) fn variant_required(skus: &[&str]) -> Problem {
    Problem::invalid("variant_required", "the product has several variants; name a SKU")
        .with("skus", skus)
}

pub(crate) fn hold_limit(units: i64) -> Problem {
    let detail = format!("at most {units} units can be held at once without buying them");
    Problem::conflict("hold_limit", detail).with("limit", units)
}

/// Holds without money take all they may of a SKU.
pub(crate) fn share_taken(sku: &str, units: i64) -> Problem {
    let detail = format!(
        "at most {units} units of {sku} can be held without buying them, by everybody together; \
         order them instead"
    );
    Problem::conflict("hold_limit", detail).with("limit", units).with("sku", sku)
}

/// The order has let go of its stock for good.
pub(crate) fn reservation_released() -> Problem {
    Problem::conflict("reservation_released", "the reservation of this order was released")
}

/// The hold has expired or was released before it was made final.
pub(crate) fn reservation_gone() -> Problem {
    Problem::conflict("reservation_gone", "this order holds no stock any more")
}

/// The same order asked before for something else.
pub(crate) fn reservation_differs() -> Problem {
    Problem::conflict("reservation_differs", "this order already holds other lines")
}

/// 503: there is no usable search index at the moment.
pub(crate) fn search_unavailable() -> Problem {
    Problem::unavailable("search_unavailable", "the search is being prepared; try again soon")
}
