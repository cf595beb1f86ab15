//! The walk over the products of one segment.

use std::collections::HashSet;
use std::sync::Arc;

use tantivy::collector::SegmentCollector;
use tantivy::columnar::{BytesColumn, Column};
use tantivy::{DocId, Score, SegmentReader};
use uuid::Uuid;

use super::RATINGS;
use super::table::Table;
use crate::{Categories, Choices, Filter};

/// What was counted in a segment.
#[derive(Debug)]
pub(crate) struct Counts {
    /// By their places.
    pub categories: Vec<u64>,
    pub price: Option<(i64, i64)>,
    pub options: Vec<(String, String, u64)>,
    pub vendors: Vec<(String, u64)>,
    pub ratings: [u64; RATINGS.len()],
    pub in_stock: u64,
}

/// Counts in a segment.
pub(crate) struct Counter {
    table: Arc<Table>,
    columns: Columns,
    wanted: Wanted,
    options: Options,
    /// By number of the word: the places of a category and of those above it.
    above: Vec<Vec<usize>>,
    categories: Tally,
    vendors: Vec<u64>,
    price: Option<(i64, i64)>,
    ratings: [u64; RATINGS.len()],
    in_stock: u64,
}

struct Columns {
    category: Option<Column<u64>>,
    vendor: Option<Column<u64>>,
    variant: Option<Column<u64>>,
    price: Column<i64>,
    rating: Column<i64>,
    in_stock: Column<bool>,
}

/// The conditions of the facets, in the numbers of the segment. None means any.
struct Wanted {
    categories: Option<Vec<bool>>,
    /// One that no product here has is `u64::MAX`.
    vendor: Option<u64>,
    price: (i64, i64),
    rating: i64,
    in_stock: Option<bool>,
}

/// Which conditions a product misses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missed {
    None,
    One(Facet),
    Several,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Facet {
    Category,
    Price,
    Options,
    Vendor,
    Rating,
    InStock,
}

/// Counts of things a product may have several of, each once.
struct Tally {
    counts: Vec<u64>,
    /// Who was counted last, from 1 on.
    last: Vec<u32>,
}

/// What is asked of options. A bit stands for a name that was asked for.
struct Options {
    /// All bits.
    all: u32,
    /// By option and value: the bit of its name, if it was asked for.
    named: Vec<u32>,
    /// By variant: the bits of the names it has no value of that was asked for.
    missed: Vec<u32>,
    tally: Tally,
}

impl Counter {
    pub(super) fn new(
        segment: &SegmentReader,
        table: Arc<Table>,
        filter: &Filter,
        wanted: Option<&HashSet<Uuid>>,
        categories: &Categories,
    ) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        let ords = |it: BytesColumn| it.ords().clone();
        let columns = Columns {
            category: columns.bytes("category")?.map(ords),
            vendor: columns.str("vendor_name")?.map(|it| ords(it.into())),
            variant: columns.str("variant")?.map(|it| ords(it.into())),
            price: columns.i64("price")?,
            rating: columns.i64("rating")?,
            in_stock: columns.bool("in_stock")?,
        };
        let number = |vendor| table.vendors.binary_search(vendor).map_or(u64::MAX, |it| it as u64);
        Ok(Self {
            columns,
            wanted: Wanted {
                categories: wanted
                    .map(|wanted| table.categories.iter().map(|it| wanted.contains(it)).collect()),
                vendor: filter.vendor.as_ref().map(number),
                price: (filter.min_price.unwrap_or(i64::MIN), filter.max_price.unwrap_or(i64::MAX)),
                rating: filter.min_rating.unwrap_or(i64::MIN),
                in_stock: filter.in_stock,
            },
            options: Options::new(&table, &filter.choices),
            above: table.categories.iter().map(|it| categories.places(*it).collect()).collect(),
            categories: Tally::new(categories.len()),
            vendors: vec![0; table.vendors.len()],
            price: None,
            ratings: [0; RATINGS.len()],
            in_stock: 0,
            table,
        })
    }

    /// Which conditions a product misses; options are looked at last, as they take longest.
    fn missed(&self, doc: DocId, product: &Product) -> Missed {
        let (low, high) = self.wanted.price;
        let category =
            self.wanted.categories.as_ref().is_none_or(|wanted| {
                numbers(self.columns.category.as_ref(), doc).any(|it| wanted[it])
            });
        let checks = [
            (Facet::Category, category),
            (Facet::Price, (low..=high).contains(&product.price)),
            (Facet::Vendor, self.wanted.vendor.is_none_or(|it| Some(it) == product.vendor)),
            (Facet::Rating, product.rating >= self.wanted.rating),
            (Facet::InStock, self.wanted.in_stock.is_none_or(|it| it == product.in_stock)),
        ];
        let mut missed = Missed::None;
        let mut miss = |facet| {
            missed = match missed {
                Missed::None => Missed::One(facet),
                _ => Missed::Several,
            };
            missed
        };
        for (facet, fits) in checks {
            if !fits && miss(facet) == Missed::Several {
                return Missed::Several;
            }
        }
        let mut variants = numbers(self.columns.variant.as_ref(), doc);
        if self.options.all != 0 && !variants.any(|it| self.options.missed[it] == 0) {
            miss(Facet::Options);
        }
        missed
    }
}

/// What a product has one of.
struct Product {
    price: i64,
    vendor: Option<u64>,
    rating: i64,
    in_stock: bool,
}

impl SegmentCollector for Counter {
    type Fruit = Counts;

    fn collect(&mut self, doc: DocId, _: Score) {
        let product = Product {
            price: self.columns.price.first(doc).unwrap_or_default(),
            vendor: self.columns.vendor.as_ref().and_then(|it| it.first(doc)),
            rating: self.columns.rating.first(doc).unwrap_or_default(),
            in_stock: self.columns.in_stock.first(doc).unwrap_or_default(),
        };
        let missed = self.missed(doc, &product);
        if missed == Missed::Several {
            return;
        }
        let counts = |facet| missed == Missed::None || missed == Missed::One(facet);
        if counts(Facet::Category) {
            for category in numbers(self.columns.category.as_ref(), doc) {
                self.above[category].iter().for_each(|it| self.categories.count(*it, doc));
            }
        }
        if counts(Facet::Price) {
            let (low, high) = self.price.unwrap_or((product.price, product.price));
            self.price = Some((low.min(product.price), high.max(product.price)));
        }
        if counts(Facet::Vendor)
            && let Some(vendor) = product.vendor
        {
            self.vendors[vendor as usize] += 1;
        }
        if counts(Facet::Rating) {
            for (count, least) in self.ratings.iter_mut().zip(RATINGS) {
                *count += u64::from(product.rating >= least);
            }
        }
        if counts(Facet::InStock) {
            self.in_stock += u64::from(product.in_stock);
        }
        if counts(Facet::Options) {
            for variant in numbers(self.columns.variant.as_ref(), doc) {
                self.options.count(&self.table, variant, doc);
            }
        }
    }

    fn harvest(self) -> Counts {
        let options = self.table.options.iter().zip(self.options.tally.counts);
        let options = options.filter(|(_, count)| *count > 0);
        let vendors = self.table.vendors.iter().zip(self.vendors);
        let vendors = vendors.filter(|(name, count)| *count > 0 && !name.is_empty());
        Counts {
            categories: self.categories.counts,
            price: self.price,
            options: options.map(|((name, value), n)| (name.clone(), value.clone(), n)).collect(),
            vendors: vendors.map(|(name, n)| (name.clone(), n)).collect(),
            ratings: self.ratings,
            in_stock: self.in_stock,
        }
    }
}

impl Options {
    fn new(table: &Table, choices: &Choices) -> Self {
        let bit = |name: &str| choices.keys().position(|it| it == name).map(|it| 1 << it);
        let named: Vec<u32> =
            table.options.iter().map(|(name, _)| bit(name).unwrap_or_default()).collect();
        let all = choices.keys().fold(0, |all, name| all | bit(name).unwrap_or_default());
        let has = |option: usize| {
            let (name, value) = &table.options[option];
            let asked = choices.get(name).is_some_and(|it| it.contains(value));
            if asked { named[option] } else { 0 }
        };
        let had = |it: &Vec<u32>| it.iter().fold(0, |had, it| had | has(*it as usize));
        let missed = match all {
            0 => vec![],
            _ => table.variants.iter().map(|it| all & !had(it)).collect(),
        };
        Self { all, named, missed, tally: Tally::new(table.options.len()) }
    }

    /// Counts the values of a variant that has what was asked for of all other names.
    fn count(&mut self, table: &Table, variant: usize, doc: DocId) {
        let missed = self.missed.get(variant).copied().unwrap_or_default();
        for option in &table.variants[variant] {
            let option = *option as usize;
            if missed & !self.named[option] == 0 {
                self.tally.count(option, doc);
            }
        }
    }
}

impl Tally {
    fn new(size: usize) -> Self {
        Self { counts: vec![0; size], last: vec![0; size] }
    }

    fn count(&mut self, at: usize, doc: DocId) {
        if self.last[at] != doc + 1 {
            self.last[at] = doc + 1;
            self.counts[at] += 1;
        }
    }
}

fn numbers(column: Option<&Column<u64>>, doc: DocId) -> impl Iterator<Item = usize> {
    column.into_iter().flat_map(move |it| it.values_for_doc(doc)).map(|it| it as usize)
}
