//! The walk over the products of one segment.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use tantivy::collector::SegmentCollector;
use tantivy::columnar::{BytesColumn, Column};
use tantivy::{DocId, Score, SegmentReader};
use uuid::Uuid;

use super::RATINGS;
use super::table::Table;
use crate::variants::{self, Chosen, Row};
use crate::{Categories, Filter};

/// What was counted in a segment.
#[derive(Debug)]
pub(crate) struct Counts {
    pub table: Arc<Table>,
    /// By their places.
    pub categories: Numbers,
    /// By the table's numbers.
    pub options: Numbers,
    pub vendors: Numbers,
    pub price: Option<(i64, i64)>,
    pub ratings: [u64; RATINGS.len()],
    pub in_stock: u64,
}

/// How many products there are of each thing.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// With the conditions of the other facets.
    pub counts: Vec<u64>,
    /// Without any; none where there are no conditions.
    pub all: Option<Vec<u64>>,
}

/// Counts in a segment.
pub(crate) struct Counter {
    table: Arc<Table>,
    columns: Columns,
    wanted: Wanted,
    chosen: Chosen,
    /// By number of the word: the places of a category and of those above it.
    above: Vec<Vec<usize>>,
    categories: Tally,
    options: Tally,
    vendors: Tally,
    price: Option<(i64, i64)>,
    ratings: [u64; RATINGS.len()],
    in_stock: u64,
}

struct Columns {
    category: Option<Column<u64>>,
    vendor: Option<Column<u64>>,
    price: Column<i64>,
    price_max: Column<i64>,
    rating: Column<i64>,
    in_stock: Column<bool>,
    variants: variants::Columns,
}

/// The conditions of the facets, in the numbers of the segment. None means any.
struct Wanted {
    categories: Option<Vec<bool>>,
    /// One that no product here has is `u32::MAX`.
    vendor: Option<u32>,
    rating: i64,
    prices: RangeInclusive<i64>,
    in_stock: Option<bool>,
    /// Whether the prices are limited.
    priced: bool,
}

/// Which conditions a product misses, of those that are not about its variants.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missed {
    None,
    One(Facet),
    Several,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Facet {
    Category,
    Vendor,
    Rating,
}

/// What the variants of a product amount to.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Whether the product is found, as far as its variants count.
    fits: bool,
    /// The prices of those that meet all conditions but that of the price.
    price: Option<(i64, i64)>,
    /// Whether one that meets the others is in stock.
    in_stock: bool,
}

/// Counts of things a product may have several of, each once.
struct Tally {
    numbers: Numbers,
    /// Who was counted last, from 1 on, and who among all.
    last: Vec<u32>,
    last_of_all: Vec<u32>,
    /// Who must not be counted.
    barred: Vec<u32>,
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
            price: columns.i64("price")?,
            price_max: columns.i64("price_max")?,
            rating: columns.i64("rating")?,
            in_stock: columns.bool("in_stock")?,
            variants: variants::Columns::of(segment)?,
        };
        let number = |vendor: &String| {
            table.vendors.iter().position(|it| it == vendor).map_or(u32::MAX, |it| it as u32)
        };
        let wanted = Wanted {
            categories: wanted
                .map(|wanted| table.categories.iter().map(|it| wanted.contains(it)).collect()),
            vendor: filter.vendor.as_ref().map(number),
            rating: filter.min_rating.unwrap_or(i64::MIN),
            prices: variants::prices(filter),
            in_stock: filter.in_stock,
            priced: filter.min_price.is_some() || filter.max_price.is_some(),
        };
        let narrowed = wanted.categories.is_some()
            || wanted.vendor.is_some()
            || filter.min_rating.is_some()
            || wanted.priced
            || wanted.in_stock.is_some()
            || !filter.choices.is_empty();
        let options = Tally::new(table.options.len(), narrowed);
        Ok(Self {
            columns,
            wanted,
            chosen: Chosen::new(&table, &filter.choices),
            above: table.categories.iter().map(|it| categories.places(*it).collect()).collect(),
            categories: Tally::new(categories.len(), narrowed),
            options,
            vendors: Tally::new(table.vendors.len(), narrowed),
            price: None,
            ratings: [0; RATINGS.len()],
            in_stock: 0,
            table,
        })
    }

    fn missed(&self, doc: DocId, vendor: Option<u32>, rating: i64) -> Missed {
        let category =
            self.wanted.categories.as_ref().is_none_or(|wanted| {
                numbers(self.columns.category.as_ref(), doc).any(|it| wanted[it])
            });
        let checks = [
            (Facet::Category, category),
            (Facet::Vendor, self.wanted.vendor.is_none_or(|it| Some(it) == vendor)),
            (Facet::Rating, rating >= self.wanted.rating),
        ];
        let mut missed = Missed::None;
        for (facet, fits) in checks {
            missed = match missed {
                _ if fits => missed,
                Missed::None => Missed::One(facet),
                _ => return Missed::Several,
            };
        }
        missed
    }

    /// Everything of which there is a count, whatever the conditions are: what is ordered by this
    /// keeps its place when something is chosen.
    fn count_all(&mut self, doc: DocId, vendor: Option<u32>) {
        if self.options.numbers.all.is_none() {
            return;
        }
        for category in numbers(self.columns.category.as_ref(), doc) {
            self.above[category].iter().for_each(|it| self.categories.count_of_all(*it, doc));
        }
        for word in self.columns.variants.words(doc) {
            let options = &self.table.words[word];
            options.iter().for_each(|it| self.options.count_of_all(*it as usize, doc));
        }
        vendor.into_iter().for_each(|it| self.vendors.count_of_all(it as usize, doc));
    }

    /// Looks at the variants; counts options where `counted`.
    fn look(&mut self, doc: DocId, counted: bool) -> Seen {
        let prices = (
            self.columns.price.first(doc).unwrap_or_default(),
            self.columns.price_max.first(doc).unwrap_or_default(),
        );
        if self.chosen.all == 0 && !self.wanted.priced && self.wanted.in_stock.is_none() {
            if counted {
                for word in self.columns.variants.words(doc) {
                    let options = &self.table.words[word];
                    options.iter().for_each(|it| self.options.count(*it as usize, doc));
                }
            }
            let in_stock = self.columns.in_stock.first(doc).unwrap_or_default();
            return Seen { fits: true, price: Some(prices), in_stock };
        }
        let sold_out = self.wanted.in_stock == Some(false);
        if sold_out && counted {
            self.bar_what_is_in_stock(doc);
        }
        let mut seen = Seen::default();
        let columns = &self.columns.variants;
        for row in columns.rows(doc) {
            let missed = self.chosen.missed(row.word);
            let priced = self.wanted.prices.contains(&row.price);
            let stocked = self.wanted.in_stock.is_none_or(|it| it == row.in_stock);
            if missed == 0 && stocked {
                let (low, high) = seen.price.unwrap_or((row.price, row.price));
                seen.price = Some((low.min(row.price), high.max(row.price)));
            }
            if missed == 0 && priced {
                seen.fits |= stocked;
                seen.in_stock |= row.in_stock;
            }
            if counted && priced && stocked {
                for option in options_left(&self.table, &self.chosen, row, missed) {
                    self.options.count(option, doc);
                }
            }
        }
        // All that meet the other conditions have to be sold out.
        seen.fits &= !(sold_out && seen.in_stock);
        seen
    }

    /// Where only what is sold out is looked for: a value is not, if a variant that has it is in
    /// stock.
    fn bar_what_is_in_stock(&mut self, doc: DocId) {
        for row in self.columns.variants.rows(doc) {
            if row.in_stock && self.wanted.prices.contains(&row.price) {
                let missed = self.chosen.missed(row.word);
                for option in options_left(&self.table, &self.chosen, row, missed) {
                    self.options.bar(option, doc);
                }
            }
        }
    }
}

/// The options of a variant that has what was asked for of all other names.
fn options_left<'a>(
    table: &'a Table,
    chosen: &'a Chosen,
    row: Row,
    missed: u32,
) -> impl Iterator<Item = usize> + 'a {
    let options = row.word.and_then(|it| table.words.get(it)).into_iter().flatten();
    options.map(|it| *it as usize).filter(move |it| missed & !chosen.named[*it] == 0)
}

impl SegmentCollector for Counter {
    type Fruit = Counts;

    fn collect(&mut self, doc: DocId, _: Score) {
        let vendor = self.columns.vendor.as_ref().and_then(|it| it.first(doc));
        let vendor = vendor.and_then(|it| self.table.vendor_of.get(it as usize).copied());
        let rating = self.columns.rating.first(doc).unwrap_or_default();
        self.count_all(doc, vendor);
        let missed = self.missed(doc, vendor, rating);
        if missed == Missed::Several {
            return;
        }
        let seen = self.look(doc, missed == Missed::None);
        if missed == Missed::None {
            if let Some((low, high)) = seen.price {
                let (lowest, highest) = self.price.unwrap_or((low, high));
                self.price = Some((low.min(lowest), high.max(highest)));
            }
            self.in_stock += u64::from(seen.in_stock);
        }
        let counts = |facet| seen.fits && (missed == Missed::None || missed == Missed::One(facet));
        if counts(Facet::Category) {
            for category in numbers(self.columns.category.as_ref(), doc) {
                self.above[category].iter().for_each(|it| self.categories.count(*it, doc));
            }
        }
        if counts(Facet::Vendor)
            && let Some(vendor) = vendor
        {
            self.vendors.count(vendor as usize, doc);
        }
        if counts(Facet::Rating) {
            for (count, least) in self.ratings.iter_mut().zip(RATINGS) {
                *count += u64::from(rating >= least);
            }
        }
    }

    fn harvest(self) -> Counts {
        Counts {
            table: self.table,
            categories: self.categories.numbers,
            options: self.options.numbers,
            vendors: self.vendors.numbers,
            price: self.price,
            ratings: self.ratings,
            in_stock: self.in_stock,
        }
    }
}

impl Tally {
    fn new(size: usize, narrowed: bool) -> Self {
        let all = narrowed.then(|| vec![0; size]);
        let of_all = if narrowed { size } else { 0 };
        Self {
            numbers: Numbers { counts: vec![0; size], all },
            last: vec![0; size],
            last_of_all: vec![0; of_all],
            barred: vec![0; of_all],
        }
    }

    fn count(&mut self, at: usize, doc: DocId) {
        if self.last[at] != doc + 1 && self.barred.get(at) != Some(&(doc + 1)) {
            self.last[at] = doc + 1;
            self.numbers.counts[at] += 1;
        }
    }

    fn count_of_all(&mut self, at: usize, doc: DocId) {
        if let Some(all) = &mut self.numbers.all
            && self.last_of_all[at] != doc + 1
        {
            self.last_of_all[at] = doc + 1;
            all[at] += 1;
        }
    }

    fn bar(&mut self, at: usize, doc: DocId) {
        if let Some(barred) = self.barred.get_mut(at) {
            *barred = doc + 1;
        }
    }
}

fn numbers(column: Option<&Column<u64>>, doc: DocId) -> impl Iterator<Item = usize> {
    column.into_iter().flat_map(move |it| it.values_for_doc(doc)).map(|it| it as usize)
}
