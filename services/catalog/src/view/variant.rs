//! A variant by itself, as staff see it.

use chassis::money::Currency;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::VariantView;
use crate::model::{Product, Status, Variant};

/// A variant with its product and its stock.
#[derive(Serialize, ToSchema)]
pub(crate) struct StaffVariant<'a> {
    #[serde(flatten)]
    variant: VariantView<'a>,
    product_id: Uuid,
    product_slug: &'a str,
    product_title: &'a str,
    product_status: Status,
    /// Units on the shelf.
    on_hand: i64,
    /// Units sold and not shipped yet. Part of `on_hand`.
    allocated: i64,
    /// Units held by open orders. Part of `on_hand`.
    reserved: i64,
}

impl<'a> StaffVariant<'a> {
    pub(crate) fn of(product: &'a Product, variant: &'a Variant, currency: &Currency) -> Self {
        Self {
            variant: VariantView::for_staff(variant, currency),
            product_id: product.id,
            product_slug: &product.slug,
            product_title: &product.title,
            product_status: product.status,
            on_hand: variant.on_hand,
            allocated: variant.allocated,
            reserved: variant.reserved,
        }
    }
}
