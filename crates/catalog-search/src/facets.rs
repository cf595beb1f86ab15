//! Counting what could be chosen beside what was found: categories, prices, options, vendors,
//! ratings.
//!
//! The counts of a facet leave that facet's own condition out, so that another value of it can be
//! chosen. All are counted in one walk over what fits the text: a product that misses one
//! condition counts for that facet only, one that misses two for none.

mod count;
mod table;

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use tantivy::collector::Collector;
use tantivy::{SegmentOrdinal, SegmentReader};
use uuid::Uuid;

use crate::{Categories, Filter};
use count::{Counter, Counts};
pub(crate) use table::Tables;

/// Most that are returned of each.
const MAX_CATEGORIES: usize = 200;
const MAX_NAMES: usize = 20;
const MAX_VALUES: usize = 50;
const MAX_VENDORS: usize = 50;

/// Averages, in thousandths, from which on ratings are counted.
pub const RATINGS: [i64; 4] = [4000, 3000, 2000, 1000];

/// What could be chosen, and how many products there would be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facets {
    /// With what is below them.
    pub categories: Vec<(Uuid, u64)>,
    /// The lowest and the highest, in minor units; none where nothing is left.
    pub price: Option<(i64, i64)>,
    /// The most frequent first, of names and of values.
    pub options: Vec<(String, Vec<(String, u64)>)>,
    pub vendors: Vec<(String, u64)>,
    /// As many as have at least the average of [`RATINGS`].
    pub ratings: [u64; RATINGS.len()],
    pub in_stock: u64,
}

/// Counts facets.
pub(crate) struct Facetting {
    filter: Filter,
    categories: Arc<Categories>,
    tables: Tables,
    /// The categories asked for, with all below.
    wanted: Option<HashSet<Uuid>>,
}

impl Facetting {
    pub(crate) fn new(filter: &Filter, categories: &Arc<Categories>, tables: &Tables) -> Self {
        let wanted = filter.categories.as_ref().map(|it| it.iter().copied().collect());
        let (filter, categories) = (filter.clone(), categories.clone());
        Self { filter, categories, tables: tables.clone(), wanted }
    }
}

impl Collector for Facetting {
    type Fruit = Facets;
    type Child = Counter;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<Counter> {
        let table = self.tables.of(segment)?;
        Counter::new(segment, table, &self.filter, self.wanted.as_ref(), &self.categories)
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, counts: Vec<Counts>) -> tantivy::Result<Facets> {
        let mut facets = Facets::default();
        let mut categories = vec![0; self.categories.len()];
        let mut vendors = HashMap::new();
        let mut options: HashMap<String, (u64, HashMap<String, u64>)> = HashMap::new();
        for counts in counts {
            categories.iter_mut().zip(counts.categories).for_each(|(all, it)| *all += it);
            facets.ratings.iter_mut().zip(counts.ratings).for_each(|(all, it)| *all += it);
            facets.in_stock += counts.in_stock;
            facets.price = match (facets.price, counts.price) {
                (Some((low, high)), Some((lower, higher))) => {
                    Some((low.min(lower), high.max(higher)))
                }
                (known, new) => known.or(new),
            };
            for (vendor, count) in counts.vendors {
                *vendors.entry(vendor).or_default() += count;
            }
            for (name, value, count) in counts.options {
                let (all, values) = options.entry(name).or_default();
                *all += count;
                *values.entry(value).or_default() += count;
            }
        }
        let categories = self.categories.ids().zip(categories);
        facets.categories = most(categories, MAX_CATEGORIES);
        facets.vendors = most(vendors, MAX_VENDORS);
        let names = most(options.iter().map(|(name, (all, _))| (name.clone(), *all)), MAX_NAMES);
        let each = |(name, _): (String, u64)| {
            let (_, values) = options.remove(&name).unwrap_or_default();
            (name, most(values, MAX_VALUES))
        };
        facets.options = names.into_iter().map(each).collect();
        Ok(facets)
    }
}

/// The most frequent ones, by name where equal.
fn most<K: Ord + Hash>(all: impl IntoIterator<Item = (K, u64)>, limit: usize) -> Vec<(K, u64)> {
    let mut all: Vec<_> = all.into_iter().filter(|(_, count)| *count > 0).collect();
    all.sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    all.truncate(limit);
    all
}
