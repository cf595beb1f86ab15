//! Stock as clients see it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{Policy, Status, Stock};
use crate::store::stock::Listed;

/// The stock of a SKU.
#[derive(Serialize, ToSchema)]
pub(crate) struct Inventory {
    sku: String,
    product_id: Uuid,
    policy: Policy,
    /// Units on the shelf.
    on_hand: i64,
    /// Units sold and not shipped yet. Part of `on_hand`.
    allocated: i64,
    /// Units held by open orders. Part of `on_hand`.
    reserved: i64,
    /// Units that can be bought now: on hand, and neither allocated nor reserved. Null if sales are
    /// not limited by stock.
    available: Option<i64>,
}

impl From<Stock> for Inventory {
    fn from(stock: Stock) -> Self {
        let available = stock.available();
        Self {
            sku: stock.sku,
            product_id: stock.product_id,
            policy: stock.policy,
            on_hand: stock.on_hand,
            allocated: stock.allocated,
            reserved: stock.reserved,
            available,
        }
    }
}

/// The stock of a SKU, with its product.
#[derive(Serialize, ToSchema)]
pub(crate) struct InventoryItem {
    #[serde(flatten)]
    stock: Inventory,
    product_slug: String,
    product_title: String,
    product_status: Status,
    variant_title: String,
}

impl From<Listed> for InventoryItem {
    fn from(listed: Listed) -> Self {
        Self {
            stock: listed.stock.into(),
            product_slug: listed.product_slug,
            product_title: listed.product_title,
            product_status: listed.product_status,
            variant_title: listed.variant_title,
        }
    }
}
