//! Variants of a draft: their options, SKUs, and which existing ones they replace.

use std::collections::{BTreeMap, HashSet};

use uuid::Uuid;

use super::check::{Check, MAX_OPTIONS};
use super::{DEFAULT_OPTION, DEFAULT_VALUE, Figure, NewProduct, NewVariant, StockChange, slugify};
use crate::model::{Policy, Product, ProductOption, Variant};

/// The most that is repeated of an option's name in each variant's problem, in characters.
const MAX_SHOWN: usize = 100;

/// Brings options and variants together: each variant has one value of each option, no two the
/// same, and each option lists the values there are, those named first in their order.
pub(super) fn options(new: &mut NewProduct, check: &mut Check) {
    drop_default(new);
    if new.options.is_empty()
        && let Some(first) = new.variants.first()
    {
        let option = |name: &String| ProductOption { name: name.clone(), values: vec![] };
        new.options = first.options.keys().map(option).collect();
        if new.options.len() > MAX_OPTIONS {
            return check.wrong("variants[0].options", "must have at most 3 entries");
        }
    }
    // Named already; looking at each variant's would take long.
    if new.options.len() > MAX_OPTIONS {
        return;
    }
    let mut seen = HashSet::new();
    for (at, variant) in new.variants.iter().enumerate() {
        let names = new.options.iter().all(|it| variant.options.contains_key(&it.name));
        if !names || variant.options.len() != new.options.len() {
            let short = |it: &ProductOption| it.name.chars().take(MAX_SHOWN).collect();
            let names: Vec<String> = new.options.iter().map(short).collect();
            let detail = if names.is_empty() {
                "must be empty, as the product has no options".to_owned()
            } else {
                format!("must have exactly these: {}", names.join(", "))
            };
            check.wrong(format!("variants[{at}].options"), detail);
        } else if !seen.insert(&variant.options) {
            check.wrong(format!("variants[{at}].options"), "must differ from the other variants");
        }
    }
    for option in &mut new.options {
        let used = new.variants.iter().filter_map(|it| it.options.get(&option.name));
        let named = std::mem::take(&mut option.values);
        let used: Vec<&String> = used.collect();
        let mut values: Vec<String> = Vec::new();
        for value in named.iter().filter(|it| used.contains(it)).chain(used.iter().copied()) {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        option.values = values;
    }
}

/// Shopify's "Title: Default Title" means that there are no options.
fn drop_default(new: &mut NewProduct) {
    let [variant] = new.variants.as_mut_slice() else { return };
    let is_default =
        |(name, value): (&String, &String)| name == DEFAULT_OPTION && value == DEFAULT_VALUE;
    if variant.options.iter().all(is_default)
        && new.options.iter().all(|it| it.name == DEFAULT_OPTION)
    {
        variant.options.clear();
        new.options.clear();
    }
}

/// The variants to write, what their stock shall be, and which of them were given a SKU.
pub(super) struct Taken {
    pub(super) variants: Vec<Variant>,
    pub(super) stock: Vec<StockChange>,
    pub(super) named: Vec<usize>,
}

/// Takes the variants out of `new`, as they are to be written.
pub(super) fn take(
    new: &mut NewProduct,
    product_id: Uuid,
    slug: &str,
    old: Option<&Product>,
    check: &mut Check,
) -> Taken {
    let wanted = std::mem::take(&mut new.variants);
    let replaced = pair(&wanted, old);
    let mut taken: HashSet<String> = wanted.iter().filter_map(|it| it.sku.clone()).collect();
    let mut variants = Vec::with_capacity(wanted.len());
    let mut stock = Vec::with_capacity(wanted.len());
    let mut named = Vec::new();
    for (at, (mut wanted, old)) in wanted.into_iter().zip(replaced).enumerate() {
        wanted.figure = figure(at, wanted.figure, old, check);
        let sku = wanted.sku.clone().or_else(|| old.map(|it| it.sku.clone()));
        let sku = sku.unwrap_or_else(|| {
            named.push(at);
            generate(slug, &new.options, &wanted.options, &taken)
        });
        taken.insert(sku.clone());
        stock.push(StockChange { policy: wanted.policy, figure: wanted.figure });
        let title = title(&new.options, &wanted.options);
        variants.push(variant(
            wanted,
            old,
            Fixed { product_id, sku, title, position: at as i64 + 1 },
        ));
    }
    Taken { variants, stock, named }
}

/// A figure as it is meant for this variant. Of one that exists nobody says what it has without
/// saying what it had: what moved in between would be undone.
fn figure(
    at: usize,
    figure: Option<Figure>,
    old: Option<&Variant>,
    check: &mut Check,
) -> Option<Figure> {
    match (figure?, old) {
        (Figure::Stated(on_hand), Some(old)) => {
            let known = Figure::Stated(on_hand).on(&old.stock());
            for error in known.err().into_iter().flat_map(|it| it.errors) {
                check.wrong(format!("variants[{at}].{}", error.field), error.detail);
            }
            None
        }
        (Figure::Stated(on_hand), None) => Some(Figure::Opening(on_hand)),
        (Figure::Replace { .. }, None) => {
            let detail = "is for variants that exist; this one is new";
            check.wrong(format!("variants[{at}].expected"), detail);
            None
        }
        (figure, _) => Some(figure),
    }
}

/// For each wanted variant the existing one it replaces: by id, then SKU, then options.
fn pair<'a>(wanted: &[NewVariant], old: Option<&'a Product>) -> Vec<Option<&'a Variant>> {
    let mut left: Vec<&Variant> = old.map(|it| it.variants.iter().collect()).unwrap_or_default();
    let mut pairs: Vec<Option<&Variant>> = vec![None; wanted.len()];
    let same: [fn(&NewVariant, &Variant) -> bool; 3] = [
        |new, old| new.id == Some(old.id),
        |new, old| new.sku.as_ref() == Some(&old.sku),
        |new, old| new.options == old.options,
    ];
    for same in same {
        for (pair, wanted) in pairs.iter_mut().zip(wanted) {
            if pair.is_none()
                && let Some(at) = left.iter().position(|it| same(wanted, it))
            {
                *pair = Some(left.remove(at));
            }
        }
    }
    pairs
}

/// What of a variant is decided by its product.
struct Fixed {
    product_id: Uuid,
    sku: String,
    title: String,
    position: i64,
}

fn variant(new: NewVariant, old: Option<&Variant>, fixed: Fixed) -> Variant {
    let Fixed { product_id, sku, title, position } = fixed;
    Variant {
        id: old.map_or_else(chassis::id::new, |it| it.id),
        product_id,
        sku,
        title,
        options: new.options,
        price: new.price,
        compare_at_price: new.compare_at_price,
        position,
        barcode: new.barcode,
        weight_grams: new.weight_grams,
        weight_unit: new.weight_unit.unwrap_or_else(|| "kg".to_owned()),
        requires_shipping: new.requires_shipping,
        taxable: new.taxable,
        tax_code: new.tax_code,
        image: new.image,
        policy: new.policy.or(old.map(|it| it.policy)).unwrap_or(Policy::Deny),
        on_hand: on_hand(new.figure, old),
        allocated: old.map_or(0, |it| it.allocated),
        reserved: old.map_or(0, |it| it.reserved),
    }
}

/// What will be on hand, as far as can be told before the stock is locked.
fn on_hand(figure: Option<Figure>, old: Option<&Variant>) -> i64 {
    match (figure, old) {
        (None, old) => old.map_or(0, |it| it.on_hand),
        (Some(figure), None) => figure.opening(),
        (Some(figure), Some(old)) => figure.on(&old.stock()).unwrap_or(old.on_hand),
    }
}

fn title(options: &[ProductOption], values: &BTreeMap<String, String>) -> String {
    let values: Vec<&str> =
        options.iter().filter_map(|it| values.get(&it.name)).map(String::as_str).collect();
    if values.is_empty() { DEFAULT_VALUE.to_owned() } else { values.join(" / ") }
}

/// A SKU from the slug and the values of the options: the same each time.
fn generate(
    slug: &str,
    options: &[ProductOption],
    values: &BTreeMap<String, String>,
    taken: &HashSet<String>,
) -> String {
    let mut sku = slugify(slug, "sku");
    for value in options.iter().filter_map(|it| values.get(&it.name)) {
        sku = format!("{sku}-{}", slugify(value, "x"));
    }
    let sku: String = sku.to_uppercase().chars().take(200).collect();
    let more = (2..).map(|n| format!("{sku}-{n}"));
    let mut names = std::iter::once(sku.clone()).chain(more);
    names.find(|it| !taken.contains(it)).unwrap_or(sku)
}
