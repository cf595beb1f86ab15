//! From what somebody wants to write to a product that may be written: cleaned, checked, with
//! everything derived that was left out.

mod check;
mod variants;

use std::collections::BTreeMap;

use chassis::problem::{Problem, Result};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Figure, Image, Policy, Product, ProductOption, Rating, Status, Variant};
use check::Check;

/// The option of a product that has none, as Shopify writes it.
pub(crate) const DEFAULT_OPTION: &str = "Title";
/// The one value of that option, and the title of the default variant.
pub(crate) const DEFAULT_VALUE: &str = "Default Title";
/// Variants a product may have.
pub(crate) const MAX_VARIANTS: usize = 250;
/// Units of a SKU there may be.
pub(crate) const MAX_ON_HAND: i64 = 1_000_000_000;

/// A product as somebody wants it, through the API or from a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NewProduct {
    /// Made from the title where absent.
    pub(crate) slug: Option<String>,
    pub(crate) title: String,
    /// HTML; what could do harm is taken out.
    pub(crate) description: String,
    pub(crate) vendor: String,
    pub(crate) product_type: String,
    pub(crate) tags: Vec<String>,
    pub(crate) status: Status,
    /// Taken from the variants where empty.
    pub(crate) options: Vec<ProductOption>,
    /// URL and alternative text, in order.
    pub(crate) images: Vec<(String, Option<String>)>,
    pub(crate) seo_title: Option<String>,
    pub(crate) seo_description: Option<String>,
    pub(crate) category_ids: Vec<Uuid>,
    /// In order; at least one.
    pub(crate) variants: Vec<NewVariant>,
}

/// A variant as somebody wants it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewVariant {
    /// The variant it replaces; found by SKU and then by options where absent.
    pub(crate) id: Option<Uuid>,
    /// Kept, or made from the slug, where absent.
    pub(crate) sku: Option<String>,
    /// Empty for the default variant.
    pub(crate) options: BTreeMap<String, String>,
    /// In minor units.
    pub(crate) price: i64,
    pub(crate) compare_at_price: Option<i64>,
    pub(crate) barcode: Option<String>,
    pub(crate) weight_grams: i64,
    pub(crate) weight_unit: Option<String>,
    pub(crate) requires_shipping: bool,
    pub(crate) taxable: bool,
    pub(crate) tax_code: Option<String>,
    pub(crate) image: Option<String>,
    /// Left as it is where absent; `deny` for a new variant.
    pub(crate) policy: Option<Policy>,
    /// Left as it is where absent; 0 for a new variant.
    pub(crate) figure: Option<Figure>,
}

/// A product ready to be written, and what its variants' stock shall be, in their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draft {
    pub(crate) product: Product,
    pub(crate) stock: Vec<StockChange>,
    /// Which variants, by place, had no SKU and were given one.
    pub(crate) named: Vec<usize>,
    /// Whether the slug was made from the title.
    pub(crate) slug_made: bool,
}

/// What the stock of a variant shall be; what is absent stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StockChange {
    pub(crate) policy: Option<Policy>,
    pub(crate) figure: Option<Figure>,
}

impl Default for NewVariant {
    fn default() -> Self {
        Self {
            id: None,
            sku: None,
            options: BTreeMap::new(),
            price: 0,
            compare_at_price: None,
            barcode: None,
            weight_grams: 0,
            weight_unit: None,
            requires_shipping: true,
            taxable: true,
            tax_code: None,
            image: None,
            policy: None,
            figure: None,
        }
    }
}

/// What a product is, as if somebody wanted it so: the start of a partial change. Stock stays.
impl From<&Product> for NewProduct {
    fn from(product: &Product) -> Self {
        let image = |it: &Image| (it.url.clone(), it.alt.clone());
        Self {
            slug: Some(product.slug.clone()),
            title: product.title.clone(),
            description: product.description.clone(),
            vendor: product.vendor.clone(),
            product_type: product.product_type.clone(),
            tags: product.tags.clone(),
            status: product.status,
            options: product.options.clone(),
            images: product.images.iter().map(image).collect(),
            seo_title: product.seo_title.clone(),
            seo_description: product.seo_description.clone(),
            category_ids: product.category_ids.clone(),
            variants: product.variants.iter().map(NewVariant::from).collect(),
        }
    }
}

impl From<&Variant> for NewVariant {
    fn from(variant: &Variant) -> Self {
        Self {
            id: Some(variant.id),
            sku: Some(variant.sku.clone()),
            options: variant.options.clone(),
            price: variant.price,
            compare_at_price: variant.compare_at_price,
            barcode: variant.barcode.clone(),
            weight_grams: variant.weight_grams,
            weight_unit: Some(variant.weight_unit.clone()),
            requires_shipping: variant.requires_shipping,
            taxable: variant.taxable,
            tax_code: variant.tax_code.clone(),
            image: variant.image.clone(),
            policy: None,
            figure: None,
        }
    }
}

impl NewProduct {
    /// The product to write: a new one, or `old` changed into this. Every wrong field is named.
    pub(crate) fn into_draft(mut self, old: Option<&Product>, now: DateTime<Utc>) -> Result<Draft> {
        self.clean();
        let mut check = Check::default();
        check.product(&self);
        variants::options(&mut self, &mut check);
        let slug_made = self.slug.is_none() && old.is_none();
        let slug = self.slug(old, &mut check);
        if !check.is_empty() {
            return Err(Problem::fields(check.into_errors()));
        }
        let id = old.map_or_else(chassis::id::new, |it| it.id);
        let taken = variants::take(&mut self, id, &slug, old, &mut check);
        let errors = check.into_errors();
        if !errors.is_empty() {
            return Err(Problem::fields(errors));
        }
        let variants::Taken { variants, stock, named } = taken;
        let images = images(self.images, old);
        let product = Product {
            id,
            slug,
            title: self.title,
            description: ammonia::clean(&self.description),
            vendor: self.vendor,
            product_type: self.product_type,
            tags: self.tags,
            status: self.status,
            options: self.options,
            images,
            seo_title: self.seo_title,
            seo_description: self.seo_description,
            category_ids: self.category_ids,
            rating: old.map_or_else(Rating::default, |it| it.rating),
            views: old.map_or(0, |it| it.views),
            sold: old.map_or(0, |it| it.sold),
            version: old.map_or(1, |it| it.version + 1),
            created_at: old.map_or(now, |it| it.created_at),
            updated_at: now,
            variants,
        };
        Ok(Draft { product, stock, named, slug_made })
    }

    fn clean(&mut self) {
        for text in [&mut self.title, &mut self.vendor, &mut self.product_type] {
            trim(text);
        }
        for text in [&mut self.seo_title, &mut self.seo_description, &mut self.slug] {
            trim_optional(text);
        }
        let mut seen = std::collections::HashSet::new();
        self.tags.iter_mut().for_each(trim);
        self.tags.retain(|it| !it.is_empty() && seen.insert(it.to_lowercase()));
        self.category_ids.sort_unstable();
        self.category_ids.dedup();
        for (url, alt) in &mut self.images {
            trim(url);
            trim_optional(alt);
        }
        for option in &mut self.options {
            trim(&mut option.name);
            option.values.iter_mut().for_each(trim);
        }
        for variant in &mut self.variants {
            for text in [
                &mut variant.sku,
                &mut variant.barcode,
                &mut variant.tax_code,
                &mut variant.image,
                &mut variant.weight_unit,
            ] {
                trim_optional(text);
            }
            let options = std::mem::take(&mut variant.options).into_iter();
            variant.options = options
                .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
                .collect();
        }
    }

    fn slug(&self, old: Option<&Product>, check: &mut Check) -> String {
        match (&self.slug, old) {
            (Some(slug), _) => {
                check.slug(slug);
                slug.clone()
            }
            (None, Some(old)) => old.slug.clone(),
            (None, None) => slugify(&self.title, "product"),
        }
    }
}

/// Names below `/products` that are the shop's own, and so cannot be those of products.
const RESERVED: [&str; 3] = ["bulk", "imports", "suggestions"];

/// Whether a product can have this slug, as far as the shop's own addresses go.
pub(crate) fn is_free(slug: &str) -> bool {
    !RESERVED.contains(&slug)
}

/// Text as part of an address: letters and digits in lower case, all else one hyphen.
pub(crate) fn slugify(text: &str, otherwise: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 200 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { otherwise.to_owned() } else { slug.to_owned() }
}

/// The images with their places; one whose URL stays keeps its id.
fn images(new: Vec<(String, Option<String>)>, old: Option<&Product>) -> Vec<Image> {
    let mut known: Vec<&Image> = old.map(|it| it.images.iter().collect()).unwrap_or_default();
    let mut place = 0;
    let image = |(url, alt): (String, Option<String>)| {
        place += 1;
        let same = known.iter().position(|it| it.url == url);
        let id = same.map_or_else(chassis::id::new, |at| known.remove(at).id);
        Image { id, url, alt, position: place }
    };
    new.into_iter().map(image).collect()
}

fn trim(text: &mut String) {
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        *text = trimmed.to_owned();
    }
}

fn trim_optional(text: &mut Option<String>) {
    if let Some(it) = text {
        trim(it);
    }
    if text.as_ref().is_some_and(String::is_empty) {
        *text = None;
    }
}

#[cfg(test)]
mod tests;
