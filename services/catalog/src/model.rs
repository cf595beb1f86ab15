//! Products, variants, categories and stock: types and rules. No HTTP, SQL, clock or async.
//!
//! `draft` turns what somebody wants to write into a product, `tree` knows the categories.

mod draft;
mod tree;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use draft::{
    DEFAULT_OPTION, DEFAULT_VALUE, Draft, MAX_ON_HAND, NewProduct, NewVariant, Wish, slugify,
};
pub use tree::{Category, MAX_DEPTH, Tree};

/// Whether a product is for sale.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case", type_name = "text")]
pub enum Status {
    /// Being worked on; only staff see it.
    Draft,
    /// For sale.
    #[default]
    Active,
    /// No longer for sale; only staff see it.
    Archived,
}

/// What happens when more is asked for than there is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case", type_name = "text")]
pub enum Policy {
    /// Refuse: never sell more than there is.
    #[default]
    Deny,
    /// Sell on; the count may go below zero.
    Continue,
    /// Do not count.
    Untracked,
}

/// A way in which the variants of a product differ, with all its values in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductOption {
    pub name: String,
    pub values: Vec<String>,
}

/// A picture of a product. The URL is kept as it is and never fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Image {
    pub id: Uuid,
    pub url: String,
    pub alt: Option<String>,
    /// From 1 on.
    pub position: i64,
}

/// The approved reviews of a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rating {
    pub count: i64,
    pub sum: i64,
}

/// A product with everything that belongs to it. It has at least one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    pub id: Uuid,
    /// The name in addresses; a Shopify handle, kept as it is.
    pub slug: String,
    pub title: String,
    /// HTML, sanitised.
    pub description: String,
    pub vendor: String,
    /// The raw type, in Shopify's CSV often a category path such as `A > B`.
    pub product_type: String,
    pub tags: Vec<String>,
    pub status: Status,
    /// At most three; none where there is only the default variant.
    pub options: Vec<ProductOption>,
    pub images: Vec<Image>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    /// The categories it was put in; not those above them.
    pub category_ids: Vec<Uuid>,
    pub rating: Rating,
    /// Rises with every change.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// By position.
    pub variants: Vec<Variant>,
}

/// What is actually bought: a product in one combination of its options.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    pub id: Uuid,
    pub product_id: Uuid,
    pub sku: String,
    /// `Blue / M`, or `Default Title`.
    pub title: String,
    pub options: BTreeMap<String, String>,
    /// In minor units of the shop's currency, as all prices here.
    pub price: i64,
    pub compare_at_price: Option<i64>,
    /// From 1 on.
    pub position: i64,
    pub barcode: Option<String>,
    pub weight_grams: i64,
    /// How people want to see the weight: `g`, `kg`, `oz` or `lb`.
    pub weight_unit: String,
    pub requires_shipping: bool,
    pub taxable: bool,
    pub tax_code: Option<String>,
    /// The URL of its own picture.
    pub image: Option<String>,
    pub policy: Policy,
    pub on_hand: i64,
    pub reserved: i64,
}

/// What there is of a SKU.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Stock {
    pub sku: String,
    pub product_id: Uuid,
    pub policy: Policy,
    pub on_hand: i64,
    /// Held by orders that are not final yet.
    pub reserved: i64,
    /// Rises with every change of the two counts.
    pub version: i64,
}

impl Product {
    /// The lowest price of its variants.
    pub fn price(&self) -> i64 {
        self.variants.iter().map(|it| it.price).min().unwrap_or_default()
    }

    /// Whether it can be had in one form only, without options to choose.
    pub fn has_default_variant_only(&self) -> bool {
        self.options.is_empty()
    }
}

impl Variant {
    /// Units that can be bought now; none where stock does not limit sales.
    pub fn available(&self) -> Option<i64> {
        available(self.policy, self.on_hand, self.reserved)
    }
}

impl Stock {
    /// Units that can be bought now; none where stock does not limit sales.
    pub fn available(&self) -> Option<i64> {
        available(self.policy, self.on_hand, self.reserved)
    }
}

/// Units that can be bought now; none where stock does not limit sales.
pub fn available(policy: Policy, on_hand: i64, reserved: i64) -> Option<i64> {
    (policy == Policy::Deny).then(|| (on_hand - reserved).max(0))
}

impl Rating {
    /// The average in thousandths, by which lists sort; 0 without reviews.
    pub fn score(&self) -> i64 {
        if self.count > 0 { self.sum * 1000 / self.count } else { 0 }
    }

    /// The average to two digits; none without reviews.
    pub fn average(&self) -> Option<f64> {
        (self.count > 0).then(|| (self.sum as f64 * 100.0 / self.count as f64).round() / 100.0)
    }
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}
