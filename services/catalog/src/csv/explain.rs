//! What is wrong with a product, in the words of its file.

use catalog_csv::{Column, Product, Wrong};
use chassis::problem::{FieldError, Problem};

/// A problem in the words of the file.
pub(super) fn explain(problem: &Problem, product: &Product) -> Wrong {
    let Some(first) = problem.errors.first() else {
        return (product.line, problem.detail.clone().into_owned());
    };
    let all: Vec<String> = problem.errors.iter().map(in_columns).collect();
    let variant = first.field.strip_prefix("variants[").and_then(|it| it.split_once(']'));
    let variant = variant.and_then(|(at, _)| product.variants.get(at.parse::<usize>().ok()?));
    (variant.map_or(product.line, |it| it.line), all.join("; "))
}

/// A wrong field by the name of its column.
fn in_columns(error: &FieldError) -> String {
    let mut names = error.field.split('.');
    let first = names.next().unwrap_or_default();
    let first = first.split('[').next().unwrap_or_default();
    let column = match (first, names.next()) {
        ("on_hand", _) => Column::Quantity,
        ("slug", _) => Column::Handle,
        ("title", _) => Column::Title,
        ("description", _) => Column::Body,
        ("vendor", _) => Column::Vendor,
        ("product_type", _) => Column::Type,
        ("tags", _) => Column::Tags,
        ("seo_title", _) => Column::SeoTitle,
        ("seo_description", _) => Column::SeoDescription,
        ("images", Some("alt")) => Column::ImageAlt,
        ("images", _) => Column::ImageSrc,
        ("options", _) | ("variants", Some("options")) => {
            return format!("the options {}", error.detail);
        }
        ("variants", Some("sku")) => Column::Sku,
        ("variants", Some("price")) => Column::Price,
        ("variants", Some("compare_at_price")) => Column::CompareAtPrice,
        ("variants", Some("weight_grams")) => Column::Grams,
        ("variants", Some("weight_unit")) => Column::WeightUnit,
        ("variants", Some("on_hand")) => Column::Quantity,
        ("variants", Some("barcode")) => Column::Barcode,
        ("variants", Some("tax_code")) => Column::TaxCode,
        ("variants", Some("image")) => Column::VariantImage,
        _ => return format!("{} {}", error.field, error.detail),
    };
    format!("{} {}", column.name(), error.detail)
}
