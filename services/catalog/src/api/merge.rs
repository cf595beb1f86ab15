//! A product and what a body says of parts of it, brought together: what is named is changed or
//! added, all else stays as it is.

use std::collections::{BTreeMap, HashMap};

use chassis::money::{Currency, Money};
use chassis::problem::{FieldError, Problem, Result};

use super::figures::Said;
use super::patch::{PicturePatch, VariantPatch};
use super::product::amount;
use crate::model::{DEFAULT_OPTION, DEFAULT_VALUE, NewProduct, NewVariant, Product, ProductOption};

/// A product that is being changed.
pub(super) struct Merge<'a> {
    pub(super) new: NewProduct,
    old: &'a Product,
    currency: &'a Currency,
    paths: FieldPaths,
    wrong: Vec<FieldError>,
}

/// Where the variants and pictures of a product stand in the body, by their places in the product.
#[derive(Debug, Default)]
pub(super) struct FieldPaths {
    variants: Vec<Place>,
    images: Vec<Place>,
}

#[derive(Debug)]
enum Place {
    /// What its fields are named below; empty or ending with a dot.
    Sent(String),
    /// What it is called; the body does not name it.
    Kept(String),
}

impl<'a> Merge<'a> {
    pub(super) fn new(old: &'a Product, currency: &'a Currency) -> Self {
        let paths = FieldPaths {
            variants: old.variants.iter().map(|it| Place::Kept(it.sku.clone())).collect(),
            images: old.images.iter().map(|it| Place::Kept(it.url.clone())).collect(),
        };
        Self { new: NewProduct::from(old), old, currency, paths, wrong: Vec::new() }
    }

    /// The product to write, unless something named is wrong.
    pub(super) fn finish(mut self) -> Result<(NewProduct, FieldPaths)> {
        self.check_twins();
        if self.wrong.is_empty() {
            Ok((self.new, self.paths))
        } else {
            Err(Problem::fields(self.wrong))
        }
    }

    pub(super) fn wrong(&mut self, field: impl Into<String>, detail: impl Into<String>) {
        self.wrong.push(FieldError { field: field.into(), detail: detail.into() });
    }

    /// Adds options, or brings the values of those there are into this order; values that are not
    /// named come after them.
    pub(super) fn options(&mut self, named: Vec<ProductOption>) {
        for ProductOption { name, values } in named {
            let (name, values) = (name.trim(), values.iter().map(|it| it.trim().to_owned()));
            let mut values: Vec<String> = values.collect();
            match self.new.options.iter_mut().find(|it| it.name == name) {
                Some(option) => {
                    let before = std::mem::take(&mut option.values);
                    values.extend(before);
                    option.values = values;
                }
                None => self.new.options.push(ProductOption { name: name.to_owned(), values }),
            }
        }
    }

    /// Changes the variants that are named, and adds those that are new.
    pub(super) fn variants(&mut self, named: Vec<VariantPatch>) {
        for (n, mut patch) in named.into_iter().enumerate() {
            let path = format!("variants[{n}].");
            patch.options = patch.options.map(cleaned);
            match self.find(&patch) {
                Ok(Some(at)) => self.change(at, patch, path),
                Ok(None) => self.add_named(patch, path),
                Err((field, detail)) => self.wrong(format!("{path}{field}"), detail),
            }
        }
    }

    /// The place of the variant that is named: by its id, else its SKU, else its options; none if
    /// it is new.
    fn find(&self, patch: &VariantPatch) -> Result<Option<usize>, (&'static str, &'static str)> {
        let old = &self.old.variants;
        if let Some(id) = patch.id {
            let at = old.iter().position(|it| it.id == id);
            return at.map(Some).ok_or(("id", "is no variant of this product"));
        }
        if let Some(sku) = patch.sku.as_deref().map(str::trim).filter(|it| !it.is_empty()) {
            return Ok(old.iter().position(|it| it.sku == sku));
        }
        match &patch.options {
            Some(options) => Ok(old.iter().position(|it| it.options == *options)),
            None if old.len() == 1 => Ok(Some(0)),
            None => Err(("id", "is required, or the SKU or the options: which variant is it?")),
        }
    }

    fn add_named(&mut self, patch: VariantPatch, path: String) {
        let options = patch.options.as_ref().is_some_and(|it| !it.is_empty());
        if !options && !self.new.options.is_empty() {
            let names: Vec<&str> = self.new.options.iter().map(|it| it.name.as_str()).collect();
            let detail = format!("no variant has this SKU; a new one needs {}", names.join(", "));
            return self.wrong(format!("{path}options"), detail);
        }
        if patch.price.is_none() {
            self.wrong(format!("{path}price"), "is required for a new variant");
        }
        self.new.variants.push(NewVariant::default());
        self.paths.variants.push(Place::Kept(String::new()));
        self.change(self.new.variants.len() - 1, patch, path);
    }

    /// Adds a variant; its fields are named below `path`.
    pub(super) fn add(&mut self, mut new: NewVariant, path: String) {
        new.options = cleaned(new.options);
        self.check_options(&new.options, &path);
        self.new.variants.push(new);
        self.paths.variants.push(Place::Sent(path));
    }

    /// Changes the variant at this place; its fields are named below `path`.
    pub(super) fn change(&mut self, at: usize, patch: VariantPatch, path: String) {
        fn set<T>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        if let Place::Sent(first) = &self.paths.variants[at] {
            let detail = format!("is the same variant as {}", first.trim_end_matches('.'));
            let field = if patch.id.is_some() { "id" } else { "sku" };
            return self.wrong(format!("{path}{field}"), detail);
        }
        let field = |name: &str| format!("{path}{name}");
        let price = self.amount(patch.price.map(Some), &field("price")).flatten();
        let compare_at_price = self.amount(patch.compare_at_price, &field("compare_at_price"));
        let cost = self.amount(patch.cost, &field("cost"));
        let VariantPatch { on_hand, expected, available, .. } = patch;
        let figure = Said { adjust: None, on_hand, expected, available }.read(&path);
        let figure = figure.unwrap_or_else(|problem| {
            self.wrong.extend(problem.errors);
            None
        });
        let options = patch.options.map(cleaned).unwrap_or_default();
        self.check_options(&options, &path);

        let new = &mut self.new.variants[at];
        set(&mut new.sku, patch.sku.map(Some));
        new.options.extend(options);
        set(&mut new.price, price);
        set(&mut new.compare_at_price, compare_at_price);
        set(&mut new.cost, cost);
        set(&mut new.barcode, patch.barcode);
        set(&mut new.weight_grams, patch.weight_grams);
        set(&mut new.weight_unit, patch.weight_unit.map(Some));
        set(&mut new.requires_shipping, patch.requires_shipping);
        set(&mut new.taxable, patch.taxable);
        set(&mut new.tax_code, patch.tax_code);
        set(&mut new.image, patch.image);
        set(&mut new.policy, patch.inventory_policy.map(Some));
        set(&mut new.figure, figure.map(Some));
        self.paths.variants[at] = Place::Sent(path);
    }

    fn amount(&mut self, money: Option<Option<Money>>, field: &str) -> Option<Option<i64>> {
        match amount(money?, field, self.currency) {
            Ok(amount) => Some(amount),
            Err(problem) => {
                self.wrong.extend(problem.errors);
                None
            }
        }
    }

    /// A misspelt option would be a new one of the product.
    fn check_options(&mut self, options: &BTreeMap<String, String>, path: &str) {
        let known: Vec<&str> = self.new.options.iter().map(|it| it.name.as_str()).collect();
        let unknown = options.keys().find(|it| !known.contains(&it.as_str()));
        if let Some(name) = unknown {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let detail = format!("{name} is no option of the product, which has {known}");
            self.wrong(format!("{path}options"), detail);
        }
    }

    /// What is named must not become another variant of the product.
    fn check_twins(&mut self) {
        let (mut by_sku, mut by_options) = (HashMap::new(), HashMap::new());
        let places = self.new.variants.iter().zip(&self.paths.variants);
        let (kept, sent): (Vec<_>, Vec<_>) =
            places.partition(|(_, place)| matches!(place, Place::Kept(_)));
        for (variant, place) in kept.into_iter().chain(sent) {
            let name = variant.sku.as_deref().map_or_else(|| place.name(), str::trim).to_owned();
            let sku = variant.sku.as_deref().map(str::trim).filter(|it| !it.is_empty());
            let twin = sku.and_then(|it| by_sku.insert(it, name.clone()));
            let same = by_options.insert(&variant.options, name);
            let Place::Sent(path) = place else { continue };
            if twin.is_some() {
                let detail = "must differ from the other variants of the product".to_owned();
                self.wrong.push(FieldError { field: format!("{path}sku"), detail });
            } else if let Some(same) = same {
                let detail = format!(
                    "are those of {same}; name a variant by its id or SKU to change it, or give it \
                     other options"
                );
                self.wrong.push(FieldError { field: format!("{path}options"), detail });
            }
        }
    }

    /// Changes the pictures that are named, by their ids or URLs, and adds new ones at the end.
    /// With `replace` there are these alone, in this order.
    pub(super) fn images(&mut self, named: Vec<PicturePatch>, replace: bool) {
        let mut order = Vec::with_capacity(named.len());
        for (n, patch) in named.into_iter().enumerate() {
            let path = format!("images[{n}].");
            let alt = patch.alt.clone();
            match self.find_image(patch) {
                Ok(at) => {
                    if let Some(alt) = alt {
                        self.new.images[at].1 = alt;
                    }
                    self.paths.images[at] = Place::Sent(path);
                    order.push(at);
                }
                Err((field, detail)) => self.wrong(format!("{path}{field}"), detail),
            }
        }
        if replace {
            let places = &mut self.paths.images;
            let place =
                |at: &usize| std::mem::replace(&mut places[*at], Place::Kept(String::new()));
            let places = order.iter().map(place).collect();
            self.paths.images = places;
            self.new.images = order.iter().map(|at| self.new.images[*at].clone()).collect();
        }
    }

    /// The place of the picture that is named, at the end if it is new.
    fn find_image(&mut self, patch: PicturePatch) -> Result<usize, (&'static str, &'static str)> {
        let url = patch.url.map(|it| it.trim().to_owned());
        if let Some(id) = patch.id {
            let at = self.old.images.iter().position(|it| it.id == id);
            let at = at.ok_or(("id", "is no picture of this product"))?;
            if url.is_some_and(|it| it != self.old.images[at].url) {
                return Err(("url", "cannot be changed; add the other picture, delete this one"));
            }
            return match self.paths.images[at] {
                Place::Kept(_) => Ok(at),
                Place::Sent(_) => Err(("id", "is in the list twice")),
            };
        }
        let url = url.ok_or(("url", "is required, or the id of a picture"))?;
        // A product may have a picture twice.
        let mut places = self.new.images.iter().zip(&self.paths.images);
        let known = places.position(|(it, place)| it.0 == url && matches!(place, Place::Kept(_)));
        Ok(known.unwrap_or_else(|| {
            self.new.images.push((url, None));
            self.paths.images.push(Place::Kept(String::new()));
            self.new.images.len() - 1
        }))
    }
}

impl Place {
    fn name(&self) -> &str {
        match self {
            Self::Sent(path) => path.trim_end_matches('.'),
            Self::Kept(name) => name,
        }
    }
}

impl FieldPaths {
    /// Names wrong fields of variants and pictures as they were sent: not by their places in the
    /// product.
    pub(super) fn as_sent(&self, mut problem: Problem) -> Problem {
        if problem.errors.is_empty() {
            return problem;
        }
        for error in &mut problem.errors {
            for (list, places) in [("variants", &self.variants), ("images", &self.images)] {
                let entry = error.field.strip_prefix(list).and_then(|it| it.strip_prefix('['));
                let Some((at, field)) = entry.and_then(|it| it.split_once("].")) else { continue };
                match at.parse::<usize>().ok().and_then(|at| places.get(at)) {
                    Some(Place::Sent(path)) => error.field = format!("{path}{field}"),
                    Some(Place::Kept(name)) => {
                        error.detail = format!("{field} of {name}: {}", error.detail);
                        error.field = list.to_owned();
                    }
                    None => {}
                }
                break;
            }
        }
        Problem::fields(problem.errors)
    }
}

/// Options without blanks around them; none where they say that there are none.
fn cleaned(options: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let trimmed = |(name, value): (String, String)| (name.trim().into(), value.trim().into());
    let options: BTreeMap<String, String> = options.into_iter().map(trimmed).collect();
    let none =
        options.len() == 1 && options.get(DEFAULT_OPTION).is_some_and(|it| it == DEFAULT_VALUE);
    if none { BTreeMap::new() } else { options }
}
