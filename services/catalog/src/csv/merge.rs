//! What a file says and what the shop has, brought together: the product to write. A file changes
//! what it names. Variants, pictures and options it does not name stay, unless it is meant to be
//! all there is.

use std::collections::{BTreeMap, HashSet};

use catalog_csv::Wrong;
use uuid::Uuid;

use super::pairs::{self, Names};
use super::{OfExisting, Options};
use crate::model::{
    Figure, Image, NewProduct, NewVariant, Policy, Product, ProductOption, Status, Variant,
};

/// A product of a file beside the shop's.
#[derive(Clone, Copy)]
pub(super) struct Merge<'a> {
    pub(super) new: &'a catalog_csv::Product,
    pub(super) old: Option<&'a Product>,
    pub(super) options: Options,
    /// By variant: what files of the same export have added since, as far as is known.
    pub(super) added: &'a [i64],
}

/// A product to write, and what its file's rows have become.
pub(super) struct Merged {
    pub(super) product: NewProduct,
    /// By variant of the product: the row it comes from; none where it stays as it is.
    pub(super) rows: Vec<Option<usize>>,
    /// By variant: the SKU of its row, where another variant of the product has that.
    pub(super) repeated: Vec<Option<String>>,
    /// How many variants keep their stock although the file has another figure.
    pub(super) kept_stock: u64,
    /// What of the file is not taken as it is.
    pub(super) warnings: Vec<Wrong>,
}

impl<'a> Merge<'a> {
    /// The product to write, in these categories. `kind` takes the place of the type it has.
    pub(super) fn product(
        &self,
        kind: Option<&str>,
        categories: Vec<Uuid>,
    ) -> Result<Merged, Wrong> {
        let Self { new, old, .. } = *self;
        let text =
            |new: Option<&String>, old: Option<&String>| new.or(old).cloned().unwrap_or_default();
        let title = text(new.title.as_ref(), old.map(|it| &it.title));
        if title.is_empty() {
            return Err((new.line, "Title is empty, and there is no such product yet".to_owned()));
        }
        let seo_title = old.and_then(|it| it.seo_title.as_ref());
        let seo_description = old.and_then(|it| it.seo_description.as_ref());
        let before = || old.map(|it| it.product_type.clone()).unwrap_or_default();
        let mut merged = self.variants()?;
        let known = old.map(|it| it.slug.clone());
        let product = &mut merged.product;
        product.slug = known.or_else(|| Some(new.handle.clone()).filter(|it| !it.is_empty()));
        product.title = title;
        product.description = text(new.body.as_ref(), old.map(|it| &it.description));
        product.vendor = text(new.vendor.as_ref(), old.map(|it| &it.vendor));
        product.product_type = kind.map_or_else(before, str::to_owned);
        product.tags = new.tags.as_ref().or(old.map(|it| &it.tags)).cloned().unwrap_or_default();
        product.status = self.status();
        product.images = self.images();
        product.seo_title = Some(text(new.seo_title.as_ref(), seo_title));
        product.seo_description = Some(text(new.seo_description.as_ref(), seo_description));
        product.category_ids = categories;
        Ok(merged)
    }

    /// Whether the file is all there is of the product. Rows that do not say which product they are
    /// of say nothing about its other variants.
    fn is_whole(&self) -> bool {
        self.options.remove_missing && !self.new.handle.is_empty()
    }

    /// The options and variants, by which rows are told apart.
    fn variants(&self) -> Result<Merged, Wrong> {
        let Self { new, old, .. } = *self;
        // A file that says nothing of variants at all does not mean that there are none.
        let says_something = new.variants.iter().any(|it| !pairs::says_nothing(it));
        let is_whole = self.is_whole() && says_something;
        let names = Names::of(new, old, is_whole);
        let pairs = pairs::find(new, old, &names);
        let old_variants = old.map(|it| it.variants.as_slice()).unwrap_or_default();
        let is_kept = |at: &usize| !is_whole && !pairs.contains(&Some(*at));
        let kept: Vec<usize> = (0..old_variants.len()).filter(is_kept).collect();
        let rows = self.rows(&pairs, &kept, &names)?;
        // In the order of the file where it has them all, else in the shop's; new ones last.
        let mut order: Vec<(Option<usize>, Option<usize>)> = Vec::new();
        if kept.is_empty() {
            order.extend(rows.iter().map(|row| (Some(*row), pairs[*row])));
        } else {
            order.extend((0..old_variants.len()).map(|at| {
                let row = rows.iter().copied().find(|row| pairs[*row] == Some(at));
                (row, Some(at))
            }));
            order.extend(
                rows.iter().filter(|row| pairs[**row].is_none()).map(|it| (Some(*it), None)),
            );
        }
        let mut merged = Merged {
            product: NewProduct { options: self.options_of(&names), ..NewProduct::default() },
            rows: order.iter().map(|(row, _)| *row).collect(),
            repeated: vec![],
            kept_stock: 0,
            warnings: vec![],
        };
        for (row, at) in order {
            let old = at.and_then(|at| old_variants.get(at));
            let variant = match (row, old) {
                (Some(row), old) => {
                    let variant = self.variant(row, old, &names, &mut merged.warnings)?;
                    merged.kept_stock += u64::from(self.keeps_stock(&variant, row, old));
                    variant
                }
                (None, Some(old)) => {
                    NewVariant { options: names.renamed(&old.options), ..NewVariant::from(old) }
                }
                (None, None) => continue,
            };
            if let Some(name) = names.missing_in(&variant.options) {
                return Err(match row {
                    Some(row) => {
                        let line = new.variants[row].line;
                        (line, format!("there is no value for the option {name:?}"))
                    }
                    None => {
                        let sku = variant.sku.unwrap_or_default();
                        let detail = format!(
                            "the variant {sku} is not in the file and has no value for the option \
                             {name:?}; add its row, or import with remove_missing"
                        );
                        (new.line, detail)
                    }
                });
            }
            merged.product.variants.push(variant);
        }
        self.tell_apart(&mut merged);
        Ok(merged)
    }

    /// The rows that are variants. Of a product with several, one that says nothing about any of
    /// them is none.
    fn rows(
        &self,
        pairs: &[Option<usize>],
        kept: &[usize],
        names: &Names,
    ) -> Result<Vec<usize>, Wrong> {
        let mut rows = Vec::with_capacity(pairs.len());
        for (at, row) in self.new.variants.iter().enumerate() {
            let is_new = pairs[at].is_none();
            let nameless = is_new && !names.are_named() && self.old.is_some();
            if nameless && pairs::says_nothing(row) && !kept.is_empty() {
                continue;
            }
            // What has options needs them to get another variant.
            if nameless && !names.all.is_empty() {
                let detail = match &row.sku {
                    Some(sku) => format!(
                        "Variant SKU {sku} is none of this product, and without its options there \
                         cannot be a new variant"
                    ),
                    None => "Variant SKU is missing: the product has several variants, and this \
                             row does not say which one it is"
                        .to_owned(),
                };
                return Err((row.line, detail));
            }
            rows.push(at);
        }
        Ok(rows)
    }

    /// Gives a suffix to SKUs that stand in several rows of the product.
    fn tell_apart(&self, merged: &mut Merged) {
        let old = self.old.map(|it| it.variants.as_slice()).unwrap_or_default();
        let before = |it: &NewVariant| old.iter().find(|old| it.id == Some(old.id));
        let variants = &mut merged.product.variants;
        // Whoever has a SKU already keeps it.
        let has =
            |it: &&NewVariant| before(it).is_some_and(|old| Some(&old.sku) == it.sku.as_ref());
        let mut taken: HashSet<String> =
            variants.iter().filter(has).filter_map(|it| it.sku.clone()).collect();
        let wanted: HashSet<String> = variants.iter().filter_map(|it| it.sku.clone()).collect();
        for variant in variants {
            let old = before(variant);
            let wants = variant.sku.clone();
            let mut repeated = None;
            if let Some(sku) = wants
                && old.is_none_or(|it| it.sku != sku)
                && !taken.insert(sku.clone())
            {
                let kept = old.filter(|it| is_suffixed(&it.sku, &sku) && !taken.contains(&it.sku));
                let new = kept.map(|it| it.sku.clone()).unwrap_or_else(|| {
                    let mut names = (2..).map(|n| suffixed(&sku, n));
                    let is_free = |it: &String| !taken.contains(it) && !wanted.contains(it);
                    names.find(is_free).unwrap_or_default()
                });
                taken.insert(new.clone());
                variant.sku = Some(new);
                repeated = Some(sku);
            }
            merged.repeated.push(repeated);
        }
    }

    /// Whether a variant keeps its stock although the file has another figure, and does not say what
    /// that goes by.
    fn keeps_stock(&self, variant: &NewVariant, row: usize, old: Option<&Variant>) -> bool {
        let Some(old) = old.filter(|_| self.options.stock == OfExisting::Edited) else {
            return false;
        };
        let unknown = self.new.variants[row].exported.is_none();
        unknown && variant.figure.is_some_and(|it| it.opening() != old.on_hand)
    }

    /// Unpublished is a draft, unless it is archived already.
    fn status(&self) -> Status {
        let before = self.old.map(|it| it.status);
        match (self.new.status.map(Status::from), self.new.published) {
            (Some(Status::Active) | None, Some(false)) => {
                before.filter(|it| *it != Status::Active).unwrap_or(Status::Draft)
            }
            (Some(status), _) => status,
            (None, Some(true)) => Status::Active,
            (None, None) => before.unwrap_or_default(),
        }
    }

    /// The pictures: those of the file where it has them all, else the shop's in their order and new
    /// ones after them. A file that says nothing of a picture's text leaves it.
    fn images(&self) -> Vec<(String, Option<String>)> {
        let pair = |it: &Image| (it.url.clone(), it.alt.clone());
        let before = self.old.map(|it| it.images.as_slice()).unwrap_or_default();
        let Some(named) = &self.new.images else { return before.iter().map(pair).collect() };
        let mut left: Vec<Option<&Image>> = before.iter().map(Some).collect();
        let mut places: Vec<Option<usize>> = Vec::with_capacity(named.len());
        for (url, _) in named {
            let at = left.iter().position(|it| it.is_some_and(|it| it.url == *url));
            if let Some(at) = at {
                left[at] = None;
            }
            places.push(at);
        }
        let image = |at: usize| {
            let (url, alt) = &named[at];
            let old = places[at].and_then(|at| before[at].alt.as_ref());
            (url.clone(), alt.as_ref().or(old).cloned())
        };
        if self.is_whole() || left.iter().all(Option::is_none) {
            return (0..named.len()).map(image).collect();
        }
        let stay = before.iter().enumerate().map(|(at, old)| {
            let named = places.iter().position(|it| *it == Some(at));
            named.map_or_else(|| pair(old), image)
        });
        let new = (0..named.len()).filter(|at| places[*at].is_none()).map(image);
        stay.chain(new).collect()
    }

    /// The options, each with its values in the order of the file, then the shop's.
    fn options_of(&self, names: &Names) -> Vec<ProductOption> {
        let option = |name: &String| {
            let of_file = names.place(name).and_then(|at| self.new.option_values.get(at));
            let mut values = of_file.cloned().unwrap_or_default();
            values.extend(names.before(name).into_iter().flat_map(|it| it.values.clone()));
            let mut seen = HashSet::new();
            values.retain(|it| seen.insert(it.clone()));
            ProductOption { name: name.clone(), values }
        };
        names.all.iter().map(option).collect()
    }

    fn variant(
        &self,
        at: usize,
        old: Option<&Variant>,
        names: &Names,
        warnings: &mut Vec<Wrong>,
    ) -> Result<NewVariant, Wrong> {
        let new = &self.new.variants[at];
        let Some(price) = new.price.or(old.map(|it| it.price)) else {
            return Err((new.line, "Variant Price is empty".to_owned()));
        };
        let text = |new: &Option<String>, before: fn(&Variant) -> Option<&String>| {
            new.as_ref().or(old.and_then(before)).cloned()
        };
        let flag = |new: Option<bool>, before: fn(&Variant) -> bool| {
            new.or(old.map(before)).unwrap_or(true)
        };
        let before = old.and_then(|it| it.compare_at_price);
        let mut options: BTreeMap<String, String> =
            old.map(|it| names.renamed(&it.options)).unwrap_or_default();
        match names.are_named() || self.old.is_none() {
            true => options.extend(new.options.clone()),
            false => {}
        }
        options.retain(|name, _| names.all.contains(name));
        Ok(NewVariant {
            id: old.map(|it| it.id),
            sku: new.sku.clone(),
            options,
            price,
            compare_at_price: new.compare_at_price.unwrap_or(before),
            cost: new.cost.unwrap_or(old.and_then(|it| it.cost)),
            barcode: text(&new.barcode, |it| it.barcode.as_ref()),
            weight_grams: new.grams.or(old.map(|it| it.weight_grams)).unwrap_or_default(),
            weight_unit: text(&new.weight_unit, |it| Some(&it.weight_unit)),
            requires_shipping: flag(new.requires_shipping, |it| it.requires_shipping),
            taxable: flag(new.taxable, |it| it.taxable),
            tax_code: text(&new.tax_code, |it| it.tax_code.as_ref()),
            image: text(&new.image, |it| it.image.as_ref()),
            policy: new.policy.map(Policy::from),
            figure: self.figure(at, old, warnings),
        })
    }

    /// What the file says of the stock. An oversold shop has negative figures although its policy
    /// is to sell no more than there is: that is none left.
    fn figure(
        &self,
        at: usize,
        old: Option<&Variant>,
        warnings: &mut Vec<Wrong>,
    ) -> Option<Figure> {
        let new = &self.new.variants[at];
        let said = new.quantity?;
        let added = self.added.get(at).copied().unwrap_or_default();
        let policy = new.policy.map(Policy::from).or(old.map(|it| it.policy)).unwrap_or_default();
        let mut on_hand = said;
        if said < 0 && policy == Policy::Deny {
            on_hand = 0;
            let detail = format!(
                "Variant Inventory Qty is {said}, but no more is sold than there is: taken as 0"
            );
            warnings.push((new.line, detail));
        }
        Some(match (self.options.stock, new.exported) {
            (OfExisting::Set, _) => Figure::Count(on_hand),
            (OfExisting::Edited, Some((at_export, export))) if at_export != said => {
                Figure::Edited { on_hand, at_export, export, added }
            }
            (OfExisting::Edited, _) => Figure::Opening(on_hand),
        })
    }
}

/// A SKU with a number after it.
pub(super) fn suffixed(sku: &str, number: u64) -> String {
    /// Of the 255 characters of a SKU.
    const BASE: usize = 240;
    let base: String = sku.chars().take(BASE).collect();
    format!("{base}-{number}")
}

/// Whether a SKU may have been made of another one so.
pub(super) fn is_suffixed(sku: &str, of: &str) -> bool {
    let number = sku.rsplit_once('-').and_then(|(_, it)| it.parse::<u64>().ok());
    number.is_some_and(|it| it >= 2 && suffixed(of, it) == sku)
}
