//! What a product may look like: lengths, ranges and forms. Collects every wrong field.

use std::collections::HashSet;

use chassis::money::MAX_AMOUNT;
use chassis::problem::FieldError;
use uuid::Uuid;

use super::{Figure, MAX_ON_HAND, MAX_VARIANTS, NewProduct, NewVariant, is_free};

const MAX_TEXT: usize = 255;
const MAX_DESCRIPTION: usize = 100_000;
const MAX_SEO_DESCRIPTION: usize = 2_000;
const MAX_URL: usize = 2_048;
const MAX_TAGS: usize = 250;
const MAX_IMAGES: usize = 250;
const MAX_CATEGORIES: usize = 50;
pub(super) const MAX_OPTIONS: usize = 3;
const MAX_WEIGHT: i64 = 1_000_000_000;
const UNITS: [&str; 4] = ["g", "kg", "oz", "lb"];

/// The wrong fields found so far.
#[derive(Debug, Default)]
pub(super) struct Check(Vec<FieldError>);

impl Check {
    pub(super) fn into_errors(self) -> Vec<FieldError> {
        self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn wrong(&mut self, field: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), detail: detail.into() });
    }

    fn at_most(&mut self, field: &str, text: &str, limit: usize) {
        if text.chars().nth(limit).is_some() {
            self.wrong(field, format!("must have at most {limit} characters"));
        }
        if text.contains('\0') {
            self.wrong(field, "must not contain a NUL character");
        }
    }

    fn count(&mut self, field: &str, count: usize, limit: usize) {
        if count > limit {
            self.wrong(field, format!("must have at most {limit} entries"));
        }
    }

    fn range(&mut self, field: String, value: i64, from: i64, to: i64) {
        if !(from..=to).contains(&value) {
            self.wrong(field, format!("must be from {from} to {to}"));
        }
    }

    pub(super) fn product(&mut self, new: &NewProduct) {
        if new.title.is_empty() {
            self.wrong("title", "must not be empty");
        }
        self.at_most("title", &new.title, MAX_TEXT);
        self.at_most("description", &new.description, MAX_DESCRIPTION);
        self.at_most("vendor", &new.vendor, MAX_TEXT);
        self.at_most("product_type", &new.product_type, 2 * MAX_TEXT);
        self.at_most("seo_title", new.seo_title.as_deref().unwrap_or_default(), MAX_TEXT);
        let seo_description = new.seo_description.as_deref().unwrap_or_default();
        self.at_most("seo_description", seo_description, MAX_SEO_DESCRIPTION);
        self.count("tags", new.tags.len(), MAX_TAGS);
        for (at, tag) in new.tags.iter().enumerate() {
            self.at_most(&format!("tags[{at}]"), tag, MAX_TEXT);
            if tag.contains(',') {
                self.wrong(format!("tags[{at}]"), "must not contain a comma");
            }
        }
        self.count("category_ids", new.category_ids.len(), MAX_CATEGORIES);
        self.count("images", new.images.len(), MAX_IMAGES);
        for (at, (url, alt)) in new.images.iter().enumerate() {
            self.url(&format!("images[{at}].url"), url);
            let alt = alt.as_deref().unwrap_or_default();
            self.at_most(&format!("images[{at}].alt"), alt, 2 * MAX_TEXT);
        }
        self.options(new);
        self.variants(new);
    }

    pub(super) fn slug(&mut self, slug: &str) {
        self.at_most("slug", slug, MAX_TEXT);
        if slug.chars().any(|it| it.is_control() || it == '/') {
            self.wrong("slug", "must not contain a slash or a control character");
        }
        if slug.parse::<Uuid>().is_ok() {
            self.wrong("slug", "must not look like an id");
        }
        if !is_free(slug) {
            self.wrong("slug", "is an address of the shop's own");
        }
    }

    /// Pictures are elsewhere on the web, or the shop's own.
    pub(super) fn url(&mut self, field: &str, url: &str) {
        let known = ["https://", "http://", "/api/v1/media/"];
        let rest = known.iter().find_map(|it| url.strip_prefix(it));
        let broken = |it: char| it.is_whitespace() || it.is_control() || "<>\"".contains(it);
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(broken)) {
            self.wrong(field, "must be a URL that starts with https:// or http://");
        }
        self.at_most(field, url, MAX_URL);
    }

    fn options(&mut self, new: &NewProduct) {
        self.count("options", new.options.len(), MAX_OPTIONS);
        let mut names = HashSet::new();
        for (at, option) in new.options.iter().enumerate() {
            let field = format!("options[{at}].name");
            if option.name.is_empty() {
                self.wrong(&field, "must not be empty");
            } else if !names.insert(&option.name) {
                self.wrong(&field, "must differ from the other options");
            }
            self.at_most(&field, &option.name, MAX_TEXT);
            self.count(&format!("options[{at}].values"), option.values.len(), MAX_VARIANTS);
        }
    }

    fn variants(&mut self, new: &NewProduct) {
        if new.variants.is_empty() {
            self.wrong("variants", "must have at least one entry");
        }
        self.count("variants", new.variants.len(), MAX_VARIANTS);
        let mut skus = HashSet::new();
        for (at, variant) in new.variants.iter().enumerate().take(MAX_VARIANTS) {
            self.variant(at, variant);
            if variant.sku.as_ref().is_some_and(|sku| !skus.insert(sku)) {
                self.wrong(format!("variants[{at}].sku"), "must differ from the other variants");
            }
        }
    }

    fn variant(&mut self, at: usize, new: &NewVariant) {
        let field = |name: &str| format!("variants[{at}].{name}");
        self.range(field("price"), new.price, 0, MAX_AMOUNT);
        let compare_at_price = new.compare_at_price.unwrap_or_default();
        self.range(field("compare_at_price"), compare_at_price, 0, MAX_AMOUNT);
        self.range(field("weight_grams"), new.weight_grams, 0, MAX_WEIGHT);
        let on_hand = new.figure.map(Figure::opening).unwrap_or_default();
        let name = new.figure.map_or("on_hand", Figure::field);
        self.range(field(name), on_hand, -MAX_ON_HAND, MAX_ON_HAND);
        let sku = new.sku.as_deref().unwrap_or_default();
        self.at_most(&field("sku"), sku, MAX_TEXT);
        if sku.contains(|it: char| it.is_control()) {
            self.wrong(field("sku"), "must not contain a control character");
        }
        for (name, text) in [("barcode", &new.barcode), ("tax_code", &new.tax_code)] {
            self.at_most(&field(name), text.as_deref().unwrap_or_default(), MAX_TEXT);
        }
        if let Some(url) = &new.image {
            self.url(&field("image"), url);
        }
        if new.weight_unit.as_ref().is_some_and(|it| !UNITS.contains(&it.as_str())) {
            self.wrong(field("weight_unit"), format!("must be one of {}", UNITS.join(", ")));
        }
        for value in new.options.values() {
            if value.is_empty() {
                self.wrong(field("options"), "must not have an empty value");
            }
            self.at_most(&field("options"), value, MAX_TEXT);
        }
    }
}
