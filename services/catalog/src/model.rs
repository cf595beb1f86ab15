//! Products, variants, categories and stock: types and rules. No HTTP, SQL, clock or async.
//!
//! `draft` turns what somebody wants to write into a product, `figure` what somebody says of the
//! stock into what is on hand, `tree` knows the categories.

mod draft;
mod figure;
mod tree;

use std::collections::BTreeMap;

use chassis::db::Record;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use draft::{
    DEFAULT_OPTION, DEFAULT_VALUE, Draft, MAX_ON_HAND, NewProduct, NewVariant, StockChange,
    is_free, slugify,
};
pub(crate) use figure::Figure;
pub(crate) use tree::{Category, MAX_DEPTH, Tree};

/// Whether a product is for sale.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    chassis::db::Word,
)]
#[schema(as = ProductStatus)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Being prepared. Only visible to staff.
    Draft,
    /// For sale.
    #[default]
    Active,
    /// No longer for sale. Only visible to staff.
    Archived,
}

/// What happens when more units are ordered than are in stock.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    chassis::db::Word,
)]
#[schema(as = InventoryPolicy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Policy {
    /// Orders are refused.
    #[default]
    Deny,
    /// Orders are accepted. The stock may become negative.
    Continue,
    /// Stock is not counted.
    Untracked,
}

/// An option in which the variants of a product differ, with all its values in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductOption {
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}

/// A picture of a product. The URL is stored as it is and never fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Image {
    pub(crate) id: Uuid,
    pub(crate) url: String,
    pub(crate) alt: Option<String>,
    /// From 1 on.
    pub(crate) position: i64,
}

/// The approved reviews of a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Record)]
pub(crate) struct Rating {
    #[record(rename = "rating_count")]
    pub(crate) count: i64,
    #[record(rename = "rating_sum")]
    pub(crate) sum: i64,
}

/// A product with everything that belongs to it. It has at least one variant.
///
/// Reviews and orders count with statements of their own: no write of a product changes that.
#[derive(Clone, Debug, PartialEq, Record)]
#[record(table = "products", key("id"))]
pub(crate) struct Product {
    pub(crate) id: Uuid,
    /// The name in addresses; a Shopify handle, kept as it is.
    pub(crate) slug: String,
    pub(crate) title: String,
    /// HTML, sanitised.
    pub(crate) description: String,
    pub(crate) vendor: String,
    /// The raw type, in Shopify's CSV often a category path such as `A > B`.
    pub(crate) product_type: String,
    #[record(json)]
    pub(crate) tags: Vec<String>,
    pub(crate) status: Status,
    /// At most three; none where there is only the default variant.
    #[record(json)]
    pub(crate) options: Vec<ProductOption>,
    #[record(json)]
    pub(crate) images: Vec<Image>,
    pub(crate) seo_title: Option<String>,
    pub(crate) seo_description: Option<String>,
    /// The categories it was put in; not those above them.
    #[record(skip)]
    pub(crate) category_ids: Vec<Uuid>,
    #[record(flatten, computed)]
    pub(crate) rating: Rating,
    /// How often it was looked at.
    #[record(computed)]
    pub(crate) views: i64,
    /// Units bought and not given back.
    #[record(computed)]
    pub(crate) sold: i64,
    /// Rises with every change.
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// By position.
    #[record(skip)]
    pub(crate) variants: Vec<Variant>,
}

/// What is actually bought: a product in one combination of its options.
#[derive(Clone, Debug, PartialEq, Record)]
#[record(table = "variants", key("id"))]
pub(crate) struct Variant {
    pub(crate) id: Uuid,
    pub(crate) product_id: Uuid,
    pub(crate) sku: String,
    /// `Blue / M`, or `Default Title`.
    pub(crate) title: String,
    #[record(json)]
    pub(crate) options: BTreeMap<String, String>,
    /// In minor units of the shop's currency, as all prices here.
    pub(crate) price: i64,
    pub(crate) compare_at_price: Option<i64>,
    /// From 1 on.
    pub(crate) position: i64,
    pub(crate) barcode: Option<String>,
    pub(crate) weight_grams: i64,
    /// How people want to see the weight: `g`, `kg`, `oz` or `lb`.
    pub(crate) weight_unit: String,
    pub(crate) requires_shipping: bool,
    pub(crate) taxable: bool,
    pub(crate) tax_code: Option<String>,
    /// The URL of its own picture.
    pub(crate) image: Option<String>,
    // Of its stock.
    #[record(computed)]
    pub(crate) policy: Policy,
    #[record(computed)]
    pub(crate) on_hand: i64,
    #[record(computed)]
    pub(crate) allocated: i64,
    #[record(computed)]
    pub(crate) reserved: i64,
}

/// What there is of a SKU.
#[derive(Clone, Debug, PartialEq, Eq, Record)]
pub(crate) struct Stock {
    pub(crate) sku: String,
    pub(crate) product_id: Uuid,
    /// Whose stock it is, whatever its SKU.
    pub(crate) variant_id: Option<Uuid>,
    pub(crate) policy: Policy,
    /// On the shelf.
    pub(crate) on_hand: i64,
    /// Sold and not shipped yet.
    pub(crate) allocated: i64,
    /// Held by orders that are not final yet.
    pub(crate) reserved: i64,
    /// Rises with every change of the counts.
    pub(crate) version: i64,
}

impl Product {
    /// The lowest price of its variants.
    pub(crate) fn price(&self) -> i64 {
        self.variants.iter().map(|it| it.price).min().unwrap_or_default()
    }

    /// Units that can be bought now, of all variants; none where stock does not limit the sales of
    /// one of them.
    pub(crate) fn available(&self) -> Option<i64> {
        self.variants.iter().map(Variant::available).sum()
    }

    /// Whether it can be had in one form only, without options to choose.
    pub(crate) fn has_default_variant_only(&self) -> bool {
        self.options.is_empty()
    }
}

impl Variant {
    /// Its stock, as it was when the variant was read.
    pub(crate) fn stock(&self) -> Stock {
        Stock {
            sku: self.sku.clone(),
            product_id: self.product_id,
            variant_id: Some(self.id),
            policy: self.policy,
            on_hand: self.on_hand,
            allocated: self.allocated,
            reserved: self.reserved,
            version: 0,
        }
    }

    /// Units that can be bought now; none where stock does not limit sales.
    pub(crate) fn available(&self) -> Option<i64> {
        available(self.policy, self.on_hand - self.allocated - self.reserved)
    }
}

impl Stock {
    /// Units on hand that are not for sale any more: sold and not shipped, or held.
    pub(crate) fn taken(&self) -> i64 {
        self.allocated + self.reserved
    }

    /// What is on hand and neither sold nor held; below zero where more is sold than there is.
    pub(crate) fn free(&self) -> i64 {
        self.on_hand - self.taken()
    }

    /// Units that can be bought now; none where stock does not limit sales.
    pub(crate) fn available(&self) -> Option<i64> {
        available(self.policy, self.free())
    }
}

/// Units that can be bought now, where so many are neither sold nor held; none where stock does not
/// limit sales.
pub(crate) fn available(policy: Policy, free: i64) -> Option<i64> {
    (policy == Policy::Deny).then(|| free.max(0))
}

impl Rating {
    /// The average in thousandths, by which lists sort; 0 without reviews.
    pub(crate) fn score(&self) -> i64 {
        if self.count > 0 { self.sum * 1000 / self.count } else { 0 }
    }

    /// The average to two digits; none without reviews.
    pub(crate) fn average(&self) -> Option<f64> {
        (self.count > 0).then(|| (self.sum as f64 * 100.0 / self.count as f64).round() / 100.0)
    }
}
