//! Changes of products and variants as clients write them.

use std::collections::BTreeMap;

use chassis::extract::double_option;
use chassis::money::{Currency, Money};
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::merge::{FieldPaths, Merge};
use super::product;
use crate::model::{NewProduct, Policy, Product, ProductOption, Status};

/// The fields to change. Fields that are left out stay as they are, and so do variants, options and
/// pictures that are not named.
#[derive(Deserialize, Validate, ToSchema)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductPatch {
    slug: Option<String>,
    title: Option<String>,
    /// HTML. Scripts and other unsafe elements are removed.
    description: Option<String>,
    vendor: Option<String>,
    product_type: Option<String>,
    tags: Option<Vec<String>>,
    status: Option<Status>,
    /// Options to add, which every variant then needs a value of, and options whose values get this
    /// order. Others stay.
    options: Option<Vec<ProductOption>>,
    /// Pictures to change, matched by id or URL; others are added at the end, and those that are
    /// not named stay.
    images: Option<Vec<PicturePatch>>,
    /// Whether `images` are all there shall be, in this order: those not named are removed.
    #[serde(default)]
    replace_images: bool,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    seo_title: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    seo_description: Option<Option<String>>,
    category_ids: Option<Vec<Uuid>>,
    /// Instead of `category_ids`: ids, slugs or names. Unknown names create top-level categories.
    categories: Option<Vec<String>>,
    /// Variants to change, matched by id, else by SKU, else by options. One that matches none is
    /// added; those that are not named stay.
    variants: Option<Vec<VariantPatch>>,
    /// Of the single variant.
    price: Option<Money>,
    /// Of the single variant.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Money>)]
    compare_at_price: Option<Option<Money>>,
    /// Of the single variant; see `variants`.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Money>)]
    cost: Option<Option<Money>>,
    /// Of the single variant.
    sku: Option<String>,
    /// Of the single variant.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    barcode: Option<Option<String>>,
    /// Of the single variant, when it is new; see `variants`.
    on_hand: Option<i64>,
    /// Of the single variant; see `variants`.
    expected: Option<i64>,
    /// Instead of `on_hand`: the units of the single variant that can be bought from now on,
    /// regardless of concurrent sales. For clients that only know a single figure.
    available: Option<i64>,
}

/// The fields of a variant to change. Fields that are left out stay as they are; null removes what
/// may be absent.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub(super) struct VariantPatch {
    /// Which variant it is.
    pub(super) id: Option<Uuid>,
    /// Which variant it is, where there is no `id`; else its new SKU.
    pub(super) sku: Option<String>,
    /// Values of the product's options. Options that are not named keep their value.
    pub(super) options: Option<BTreeMap<String, String>>,
    /// Required for a new variant.
    pub(super) price: Option<Money>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Money>)]
    pub(super) compare_at_price: Option<Option<Money>>,
    /// What the shop pays for one; only staff see it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Money>)]
    pub(super) cost: Option<Option<Money>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    pub(super) barcode: Option<Option<String>>,
    pub(super) weight_grams: Option<i64>,
    /// `g`, `kg`, `oz` or `lb`.
    pub(super) weight_unit: Option<String>,
    pub(super) requires_shipping: Option<bool>,
    pub(super) taxable: Option<bool>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    pub(super) tax_code: Option<Option<String>>,
    /// The URL of the picture of the variant.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    pub(super) image: Option<Option<String>>,
    pub(super) inventory_policy: Option<Policy>,
    /// The stock of a new variant; 0 if left out. A figure that differs from the stock of an
    /// existing one needs `expected`, because it would undo concurrent movements.
    pub(super) on_hand: Option<i64>,
    /// With `on_hand`: the figure you have read. If it has changed since, nothing is written.
    pub(super) expected: Option<i64>,
    /// For a variant that is described at the top of its product.
    #[serde(skip)]
    #[schema(ignore)]
    pub(super) available: Option<i64>,
}

/// A picture to change or to add.
#[derive(Deserialize, ToSchema)]
#[schema(as = ProductImagePatch)]
#[serde(deny_unknown_fields)]
pub(super) struct PicturePatch {
    /// Which picture it is.
    pub(super) id: Option<Uuid>,
    /// Which picture it is, where there is no `id`; it is added if the product does not have it.
    /// Stored as it is and never fetched.
    #[schema(max_length = 2048)]
    pub(super) url: Option<String>,
    /// The alternative text; unchanged if left out.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 510)]
    pub(super) alt: Option<Option<String>>,
}

impl ProductPatch {
    /// The categories that are named rather than given by their ids.
    pub(super) fn named(&mut self) -> Result<Option<Vec<String>>> {
        product::named(self.categories.take(), self.category_ids.is_some())
    }

    /// The product with these changes, and where they stand in the body.
    pub(super) fn onto(
        mut self,
        old: &Product,
        currency: &Currency,
    ) -> Result<(NewProduct, FieldPaths)> {
        fn set<T>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        let mut merge = Merge::new(old, currency);
        let top = self.top();
        if top.is_some() && self.variants.is_some() {
            merge.wrong("variants", "has the price, SKU and stock; send none at the top");
        } else if top.is_some() && old.variants.len() > 1 {
            let detail = "the product has several variants; send them as `variants`";
            return Err(Problem::field("price", detail));
        }
        let new = &mut merge.new;
        set(&mut new.slug, self.slug.map(Some));
        set(&mut new.title, self.title);
        set(&mut new.description, self.description);
        set(&mut new.vendor, self.vendor);
        set(&mut new.product_type, self.product_type);
        set(&mut new.tags, self.tags);
        set(&mut new.status, self.status);
        set(&mut new.seo_title, self.seo_title);
        set(&mut new.seo_description, self.seo_description);
        set(&mut new.category_ids, self.category_ids);
        if let Some(options) = self.options.or_else(|| first_options(old, &self.variants)) {
            merge.options(options);
        }
        if let Some(images) = self.images {
            merge.images(images, self.replace_images);
        }
        if let Some(variants) = self.variants {
            merge.variants(variants);
        } else if let Some(only) = top {
            merge.change(0, only, String::new());
        }
        merge.finish()
    }

    /// The only variant as it is described at the top, if it is.
    fn top(&mut self) -> Option<VariantPatch> {
        let there = self.price.is_some()
            || self.compare_at_price.is_some()
            || self.cost.is_some()
            || self.sku.is_some()
            || self.barcode.is_some()
            || self.on_hand.is_some()
            || self.expected.is_some()
            || self.available.is_some();
        there.then(|| VariantPatch {
            price: self.price.take(),
            compare_at_price: self.compare_at_price.take(),
            cost: self.cost.take(),
            sku: self.sku.take(),
            barcode: self.barcode.take(),
            on_hand: self.on_hand,
            expected: self.expected,
            available: self.available,
            ..VariantPatch::default()
        })
    }
}

/// The options that a product without any gets from the variants that are sent.
fn first_options(
    old: &Product,
    variants: &Option<Vec<VariantPatch>>,
) -> Option<Vec<ProductOption>> {
    let named = variants.iter().flatten().find_map(|it| it.options.as_ref());
    let option = |name: &String| ProductOption { name: name.clone(), values: vec![] };
    named.filter(|_| old.options.is_empty()).map(|it| it.keys().map(option).collect())
}
