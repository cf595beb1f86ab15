//! Products as clients write them.

use std::collections::BTreeMap;

use chassis::extract::double_option;
use chassis::money::{Currency, Money};
use chassis::problem::{FieldError, Problem, Result};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::figures::Said;
use crate::model::{NewProduct, NewVariant, Policy, ProductOption, Status};

/// The fields of a product. Fields that are left out are empty. A product with a single variant can
/// have its price, SKU and stock at the top level instead of in `variants`.
#[derive(Deserialize, Validate, ToSchema)]
#[schema(as = NewProduct)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductBody {
    /// Defaults to a slug of the title.
    slug: Option<String>,
    #[schema(min_length = 1, max_length = 255)]
    title: String,
    /// HTML. Scripts and other unsafe elements are removed.
    #[serde(default)]
    description: String,
    #[serde(default)]
    vendor: String,
    #[serde(default)]
    product_type: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    status: Status,
    /// At most three. Defaults to the options of the variants.
    #[serde(default)]
    options: Vec<ProductOption>,
    #[serde(default)]
    images: Vec<ImageBody>,
    seo_title: Option<String>,
    seo_description: Option<String>,
    #[serde(default)]
    category_ids: Vec<Uuid>,
    /// Instead of `category_ids`: ids, slugs or names. Unknown names create top-level categories.
    categories: Option<Vec<String>>,
    #[serde(default)]
    variants: Vec<VariantBody>,
    /// Of the single variant.
    price: Option<Money>,
    /// Of the single variant.
    compare_at_price: Option<Money>,
    /// Of the single variant.
    sku: Option<String>,
    /// Of the single variant.
    barcode: Option<String>,
    /// Of the single variant, when it is new; see `variants`.
    on_hand: Option<i64>,
    /// Of the single variant; see `variants`.
    expected: Option<i64>,
    /// Instead of `on_hand`: the units of the single variant that can be bought from now on,
    /// regardless of concurrent sales. For clients that only know a single figure.
    available: Option<i64>,
}

/// The fields to change. Fields that are left out stay as they are.
#[derive(Deserialize, Validate, ToSchema)]
#[garde(allow_unvalidated)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub(super) struct ProductPatch {
    slug: Option<String>,
    title: Option<String>,
    /// HTML. Scripts and other unsafe elements are removed.
    description: Option<String>,
    vendor: Option<String>,
    product_type: Option<String>,
    tags: Option<Vec<String>>,
    status: Option<Status>,
    options: Option<Vec<ProductOption>>,
    images: Option<Vec<ImageBody>>,
    #[serde(deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    seo_title: Option<Option<String>>,
    #[serde(deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    seo_description: Option<Option<String>>,
    category_ids: Option<Vec<Uuid>>,
    /// Instead of `category_ids`: ids, slugs or names. Unknown names create top-level categories.
    categories: Option<Vec<String>>,
    /// All variants. Existing ones are matched by id, SKU or options; others are deleted.
    variants: Option<Vec<VariantBody>>,
    /// Of the single variant.
    price: Option<Money>,
    /// Of the single variant.
    #[serde(deserialize_with = "double_option")]
    #[schema(value_type = Option<Money>)]
    compare_at_price: Option<Option<Money>>,
    /// Of the single variant.
    sku: Option<String>,
    /// Of the single variant.
    #[serde(deserialize_with = "double_option")]
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

/// A picture.
#[derive(Serialize, Deserialize, Validate, ToSchema)]
#[schema(as = NewImage)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageBody {
    /// Stored as it is and never fetched.
    #[schema(max_length = 2048)]
    pub(super) url: String,
    /// The alternative text.
    #[schema(max_length = 510)]
    pub(super) alt: Option<String>,
}

/// The fields of a variant.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = NewVariant)]
#[serde(deny_unknown_fields)]
struct VariantBody {
    /// The variant to replace. Defaults to the one with the same SKU or options.
    id: Option<Uuid>,
    /// Defaults to a SKU made from the slug.
    sku: Option<String>,
    /// A value for each option of the product.
    #[serde(default)]
    options: BTreeMap<String, String>,
    price: Money,
    compare_at_price: Option<Money>,
    barcode: Option<String>,
    #[serde(default)]
    weight_grams: i64,
    /// `g`, `kg`, `oz` or `lb`.
    weight_unit: Option<String>,
    #[serde(default = "yes")]
    requires_shipping: bool,
    #[serde(default = "yes")]
    taxable: bool,
    tax_code: Option<String>,
    /// The URL of the picture of the variant.
    image: Option<String>,
    /// Unchanged if left out; `deny` for a new variant.
    inventory_policy: Option<Policy>,
    /// The stock of a new variant; 0 if left out. Existing variants keep their stock: a figure that
    /// differs needs `expected`, because it would undo concurrent movements.
    on_hand: Option<i64>,
    /// With `on_hand`: the figure you have read. If it has changed since, nothing is written.
    expected: Option<i64>,
}

fn yes() -> bool {
    true
}

impl ProductBody {
    /// Whether the only variant is described at the top.
    pub(super) fn is_flat(&self) -> bool {
        self.variants.is_empty()
    }

    /// The categories that are named rather than given by their ids.
    pub(super) fn named(&mut self) -> Result<Option<Vec<String>>> {
        named(self.categories.take(), !self.category_ids.is_empty())
    }

    pub(super) fn read(mut self, currency: &Currency) -> Result<NewProduct> {
        let variants =
            if self.is_flat() { vec![self.only(currency)?] } else { self.several(currency)? };
        Ok(NewProduct {
            slug: self.slug,
            title: self.title,
            description: self.description,
            vendor: self.vendor,
            product_type: self.product_type,
            tags: self.tags,
            status: self.status,
            options: self.options,
            images: images(self.images),
            seo_title: self.seo_title,
            seo_description: self.seo_description,
            category_ids: self.category_ids,
            variants,
        })
    }

    fn only(&mut self, currency: &Currency) -> Result<NewVariant> {
        let Some(price) = amount(self.price.take(), "price", currency)? else {
            return Err(Problem::field("price", "is required where there are no variants"));
        };
        let compare_at_price = self.compare_at_price.take();
        let Self { on_hand, expected, available, .. } = *self;
        Ok(NewVariant {
            sku: self.sku.take(),
            price,
            compare_at_price: amount(compare_at_price, "compare_at_price", currency)?,
            barcode: self.barcode.take(),
            figure: Said { adjust: None, on_hand, expected, available }.read("")?,
            ..NewVariant::default()
        })
    }

    fn several(&mut self, currency: &Currency) -> Result<Vec<NewVariant>> {
        let at_the_top = [
            ("price", self.price.is_some()),
            ("compare_at_price", self.compare_at_price.is_some()),
            ("sku", self.sku.is_some()),
            ("barcode", self.barcode.is_some()),
            ("on_hand", self.on_hand.is_some()),
            ("expected", self.expected.is_some()),
            ("available", self.available.is_some()),
        ];
        let wrong =
            at_the_top.into_iter().filter(|(_, there)| *there).map(|(field, _)| FieldError {
                field: field.to_owned(),
                detail: "belongs to the variants, as there are some".to_owned(),
            });
        let wrong: Vec<FieldError> = wrong.collect();
        if !wrong.is_empty() {
            return Err(Problem::fields(wrong));
        }
        variants(std::mem::take(&mut self.variants), currency)
    }
}

impl ProductPatch {
    /// Whether the only variant is described at the top.
    pub(super) fn is_flat(&self) -> bool {
        self.variants.is_none()
    }

    /// The categories that are named rather than given by their ids.
    pub(super) fn named(&mut self) -> Result<Option<Vec<String>>> {
        named(self.categories.take(), self.category_ids.is_some())
    }

    /// The product with these changes.
    pub(super) fn onto(self, mut new: NewProduct, currency: &Currency) -> Result<NewProduct> {
        fn set<T>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        if self.slug.is_some() {
            new.slug = self.slug;
        }
        set(&mut new.title, self.title);
        set(&mut new.description, self.description);
        set(&mut new.vendor, self.vendor);
        set(&mut new.product_type, self.product_type);
        set(&mut new.tags, self.tags);
        set(&mut new.status, self.status);
        set(&mut new.images, self.images.map(images));
        set(&mut new.seo_title, self.seo_title);
        set(&mut new.seo_description, self.seo_description);
        set(&mut new.category_ids, self.category_ids);
        if let Some(bodies) = self.variants {
            new.variants = variants(bodies, currency)?;
            // Options of variants that are gone go with them.
            new.options.retain(|it| new.variants.iter().all(|v| v.options.contains_key(&it.name)));
        }
        set(&mut new.options, self.options);
        let price = amount(self.price, "price", currency)?;
        let compare_at_price = self.compare_at_price;
        let Self { on_hand, expected, available, .. } = self;
        let figure = Said { adjust: None, on_hand, expected, available }.read("")?;
        if price.is_none()
            && compare_at_price.is_none()
            && self.sku.is_none()
            && self.barcode.is_none()
            && figure.is_none()
        {
            return Ok(new);
        }
        let [only] = new.variants.as_mut_slice() else {
            let detail = "the product has several variants; send them as `variants`";
            return Err(Problem::field("price", detail));
        };
        set(&mut only.price, price);
        if let Some(price) = compare_at_price {
            only.compare_at_price = amount(price, "compare_at_price", currency)?;
        }
        if self.sku.is_some() {
            only.sku = self.sku;
        }
        if let Some(barcode) = self.barcode {
            only.barcode = barcode;
        }
        only.figure = figure.or(only.figure);
        Ok(new)
    }
}

fn named(names: Option<Vec<String>>, ids: bool) -> Result<Option<Vec<String>>> {
    if names.is_some() && ids {
        Err(Problem::field("categories", "send either categories or category_ids"))
    } else {
        Ok(names)
    }
}

fn images(bodies: Vec<ImageBody>) -> Vec<(String, Option<String>)> {
    bodies.into_iter().map(|it| (it.url, it.alt)).collect()
}

fn variants(bodies: Vec<VariantBody>, currency: &Currency) -> Result<Vec<NewVariant>> {
    let variants = bodies.into_iter().enumerate();
    variants.map(|(at, it)| it.read(&format!("variants[{at}]."), currency)).collect()
}

impl VariantBody {
    fn read(self, path: &str, currency: &Currency) -> Result<NewVariant> {
        let price = amount(Some(self.price), &format!("{path}price"), currency)?;
        let field = format!("{path}compare_at_price");
        let Self { on_hand, expected, .. } = self;
        Ok(NewVariant {
            id: self.id,
            sku: self.sku,
            options: self.options,
            price: price.unwrap_or_default(),
            compare_at_price: amount(self.compare_at_price, &field, currency)?,
            barcode: self.barcode,
            weight_grams: self.weight_grams,
            weight_unit: self.weight_unit,
            requires_shipping: self.requires_shipping,
            taxable: self.taxable,
            tax_code: self.tax_code,
            image: self.image,
            policy: self.inventory_policy,
            figure: Said { adjust: None, on_hand, expected, available: None }.read(path)?,
        })
    }
}

/// The minor units of an amount in the shop's currency.
fn amount(money: Option<Money>, field: &str, currency: &Currency) -> Result<Option<i64>> {
    match money {
        Some(money) if money.currency != *currency => {
            let detail = format!("must be {}, the shop's currency", currency.as_str());
            Err(Problem::field(format!("{field}.currency"), detail))
        }
        money => Ok(money.map(|it| it.amount)),
    }
}

/// Problems of the default variant named as the client wrote it: at the top.
pub(super) fn at_the_top(mut problem: Problem) -> Problem {
    let top = |it: FieldError| match it.field.strip_prefix("variants[0].") {
        Some(field) => FieldError { field: field.to_owned(), ..it },
        None => it,
    };
    if !problem.errors.is_empty() {
        problem.errors = problem.errors.into_iter().map(top).collect();
        problem = Problem::fields(problem.errors);
    }
    problem
}
