//! Which rows of a file are which variants of the shop's product, and what their options are called.

use std::collections::{BTreeMap, HashMap};

use catalog_csv::Variant as Row;

use crate::model::{DEFAULT_OPTION, DEFAULT_VALUE, Product, ProductOption, Variant};

/// The options of a product that is brought together, under the names of the file: `size` in the
/// file is the shop's `Size`, from now on so written.
pub(super) struct Names<'a> {
    /// All it will have, in order.
    pub(super) all: Vec<String>,
    /// Those the file names, in its order.
    of_file: Vec<String>,
    old: &'a [ProductOption],
}

impl<'a> Names<'a> {
    /// Where the file is all there is, only what it names stays; without columns of options it says
    /// nothing of them.
    pub(super) fn of(new: &catalog_csv::Product, old: Option<&'a Product>, is_whole: bool) -> Self {
        let old: &[ProductOption] = old.map(|it| it.options.as_slice()).unwrap_or_default();
        let of_file = match new.options.as_deref() {
            Some(names) if !is_default(names, &new.variants) => names.to_vec(),
            _ => vec![],
        };
        let mut names = Self { all: vec![], of_file, old };
        let by_file = |old: &ProductOption| {
            let same = names.of_file.iter().find(|it| is_same(it, &old.name));
            same.unwrap_or(&old.name).clone()
        };
        let before: Vec<String> = old.iter().map(by_file).collect();
        let names_all = before.iter().all(|it| names.of_file.contains(it));
        names.all = if names_all || (is_whole && new.options.is_some()) {
            names.of_file.clone()
        } else {
            let added = names.of_file.iter().filter(|it| !before.contains(it)).cloned();
            before.iter().cloned().chain(added).collect()
        };
        names
    }

    /// Whether the file says what options there are.
    pub(super) fn are_named(&self) -> bool {
        !self.of_file.is_empty()
    }

    /// An option's place in the file.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.of_file.iter().position(|it| it == name)
    }

    /// The shop's option of that name.
    pub(super) fn before(&self, name: &str) -> Option<&ProductOption> {
        self.old.iter().find(|it| is_same(&it.name, name))
    }

    /// A variant's options of the shop, by the names of the file.
    pub(super) fn renamed(&self, options: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let name = |name: &String| self.all.iter().find(|it| is_same(it, name)).cloned();
        let pairs = options.iter().filter_map(|(key, value)| Some((name(key)?, value.clone())));
        pairs.collect()
    }

    /// An option of which a variant has no value.
    pub(super) fn missing_in(&self, options: &BTreeMap<String, String>) -> Option<&str> {
        self.all.iter().find(|it| !options.contains_key(*it)).map(String::as_str)
    }
}

/// Whether they mean that there are no options.
fn is_default(names: &[String], rows: &[Row]) -> bool {
    let value = |row: &Row| row.options.get(DEFAULT_OPTION).is_none_or(|it| it == DEFAULT_VALUE);
    rows.len() == 1 && names == [DEFAULT_OPTION] && rows.iter().all(value)
}

fn is_same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

/// By row: the place of the variant it is about. Each variant has one row at most.
///
/// A row is the variant with its SKU, else the one with its options. What stands in several rows
/// tells none apart, so there the options come first. A SKU that was taken when the file was first
/// imported has got a suffix.
pub(super) fn find(
    new: &catalog_csv::Product,
    old: Option<&Product>,
    names: &Names<'_>,
) -> Vec<Option<usize>> {
    let rows = new.variants.as_slice();
    let mut pairs: Vec<Option<usize>> = vec![None; rows.len()];
    let Some(old) = old else { return pairs };
    let mut rows_of: HashMap<&str, usize> = HashMap::new();
    for sku in rows.iter().filter_map(|it| it.sku.as_deref()) {
        *rows_of.entry(sku).or_default() += 1;
    }
    let is_repeated =
        |row: &Row| row.sku.as_deref().is_some_and(|it| rows_of.get(it).is_some_and(|it| *it > 1));
    let by_sku: HashMap<&str, usize> = places(old, |it| it.sku.as_str());
    let of_old = old.variants.iter().map(|it| names.renamed(&it.options));
    let by_options: HashMap<BTreeMap<String, String>, usize> =
        of_old.enumerate().map(|(at, it)| (it, at)).collect();
    let mut free = vec![true; old.variants.len()];
    let mut pair = |pairs: &mut Vec<Option<usize>>, row: usize, at: Option<usize>| {
        if let Some(at) = at.filter(|it| pairs[row].is_none() && free[*it]) {
            free[at] = false;
            pairs[row] = Some(at);
        }
    };
    let find_sku = |row: &Row| by_sku.get(row.sku.as_deref()?).copied();
    let tells_apart = |row: &Row| !(names.are_named() && is_repeated(row));
    for (at, row) in rows.iter().enumerate().filter(|(_, it)| tells_apart(it)) {
        pair(&mut pairs, at, find_sku(row));
    }
    if names.are_named() {
        for (at, row) in rows.iter().enumerate() {
            pair(&mut pairs, at, by_options.get(&row.options).copied());
        }
    }
    // One row, one variant: there is nothing else it could be.
    if rows.len() == 1 && old.variants.len() == 1 && (old.options.is_empty() || !names.are_named())
    {
        let is_it = |row: &Row| row.sku.is_none() || old.options.is_empty();
        pair(&mut pairs, 0, is_it(&rows[0]).then_some(0));
    }
    for (at, row) in rows.iter().enumerate() {
        pair(&mut pairs, at, find_sku(row));
        let Some(sku) = row.sku.as_deref().filter(|_| pairs[at].is_none()) else { continue };
        if names.are_named() {
            continue;
        }
        let is_suffixed = |(_, it): &(usize, &Variant)| super::merge::is_suffixed(&it.sku, sku);
        let taken: Vec<usize> = pairs.iter().flatten().copied().collect();
        let mut left = old.variants.iter().enumerate().filter(|(it, _)| !taken.contains(it));
        let found = left.find(is_suffixed).map(|(it, _)| it);
        pair(&mut pairs, at, found);
    }
    pairs
}

fn places<'a>(old: &'a Product, key: impl Fn(&'a Variant) -> &'a str) -> HashMap<&'a str, usize> {
    old.variants.iter().enumerate().map(|(at, it)| (key(it), at)).collect()
}

/// Whether a row has nothing to say about a variant.
pub(super) fn says_nothing(row: &Row) -> bool {
    let text = |it: &Option<String>| it.as_ref().is_none_or(String::is_empty);
    let amounts = [row.price, row.compare_at_price.flatten(), row.cost.flatten(), row.grams];
    let texts = [&row.sku, &row.barcode, &row.weight_unit, &row.tax_code, &row.image];
    amounts.iter().all(Option::is_none)
        && texts.into_iter().all(text)
        && row.options.is_empty()
        && row.quantity.is_none()
        && row.requires_shipping.is_none()
        && row.taxable.is_none()
}
