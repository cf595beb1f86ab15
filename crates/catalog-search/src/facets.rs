//! Counting what could be chosen beside what was found: categories, prices, options, vendors,
//! ratings.
//!
//! The counts of a facet leave that facet's own condition out, so that another value of it can be
//! chosen; those of its variants' conditions that are left have to be met by one variant. All are
//! counted in one walk over what fits the text: a product that misses one condition counts for that
//! facet only, one that misses two for none.
//!
//! Names and values are ordered by how many products have them whatever is chosen, so none changes
//! its place when something is.

mod count;
mod table;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use tantivy::collector::Collector;
use tantivy::{SegmentOrdinal, SegmentReader};
use uuid::Uuid;

use crate::{Categories, Filter};
use count::{Counter, Counts, Numbers};
pub(crate) use table::{Table, Tables};

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
    /// The lowest and the highest of variants, in minor units; none where nothing is left.
    pub price: Option<(i64, i64)>,
    /// The most frequent first, of names and of values, as if nothing was chosen. One that is
    /// spelled in several ways has the most frequent one.
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
    /// The filter is folded.
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
        let mut categories = Groups::default();
        let mut vendors = Groups::default();
        let mut options: Groups<(&str, &str)> = Groups::default();
        let ids: Vec<Uuid> = self.categories.ids().collect();
        for counts in &counts {
            categories.add(&counts.categories, |at| ids[at]);
            vendors.add(&counts.vendors, |at| counts.table.vendors[at].as_str());
            options.add(&counts.options, |at| {
                let (name, value) = &counts.table.options[at];
                (name.as_str(), value.as_str())
            });
            facets.ratings.iter_mut().zip(counts.ratings).for_each(|(all, it)| *all += it);
            facets.in_stock += counts.in_stock;
            facets.price = match (facets.price, counts.price) {
                (Some((low, high)), Some((lower, higher))) => {
                    Some((low.min(lower), high.max(higher)))
                }
                (known, new) => known.or(new),
            };
        }
        facets.categories =
            categories.ordered(MAX_CATEGORIES).into_iter().map(|it| (it.key, it.count)).collect();
        let spelled = Spellings::of_vendors(&counts);
        let named = vendors.0.into_iter().filter(|(vendor, _)| !vendor.is_empty()).collect();
        let vendors = Groups(named).ordered(MAX_VENDORS).into_iter();
        facets.vendors = vendors.map(|it| (spelled.best(&it.key), it.count)).collect();
        facets.options = grouped(options, &counts);
        Ok(facets)
    }
}

/// Options by name; the name that most products have comes first.
fn grouped(options: Groups<(&str, &str)>, counts: &[Counts]) -> Vec<(String, Vec<(String, u64)>)> {
    let (names, values) = Spellings::of_options(counts);
    let mut groups: BTreeMap<&str, Groups<&str>> = BTreeMap::new();
    for ((name, value), numbers) in options.0 {
        groups.entry(name).or_default().0.insert(value, numbers);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| Reverse(group.0.values().map(|it| it.all).sum::<u64>()));
    let each = |(name, group): (&str, Groups<&str>)| {
        let chosen = group.ordered(MAX_VALUES).into_iter();
        let chosen: Vec<_> = chosen.map(|it| (values.best(&(name, it.key)), it.count)).collect();
        (!chosen.is_empty()).then(|| (names.best(&name), chosen))
    };
    groups.into_iter().filter_map(each).take(MAX_NAMES).collect()
}

/// Things and how many products have them, of all segments.
struct Groups<K>(HashMap<K, Group>);

#[derive(Clone, Copy, Debug, Default)]
struct Group {
    count: u64,
    /// Whatever is chosen.
    all: u64,
}

/// One of several, in their order.
struct Ordered<K> {
    key: K,
    count: u64,
}

impl<K> Default for Groups<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Ord + Hash> Groups<K> {
    fn add(&mut self, numbers: &Numbers, key: impl Fn(usize) -> K) {
        let all = numbers.all.as_ref().unwrap_or(&numbers.counts);
        for (at, (count, all)) in numbers.counts.iter().zip(all).enumerate() {
            if *all > 0 {
                let group = self.0.entry(key(at)).or_default();
                group.count += count;
                group.all += all;
            }
        }
    }

    /// Those there are, the most frequent of all first, by name where equal.
    fn ordered(self, limit: usize) -> Vec<Ordered<K>> {
        let mut groups: Vec<_> = self.0.into_iter().filter(|(_, it)| it.count > 0).collect();
        groups.sort_unstable_by(|(a, m), (b, n)| n.all.cmp(&m.all).then_with(|| a.cmp(b)));
        groups.truncate(limit);
        groups.into_iter().map(|(key, it)| Ordered { key, count: it.count }).collect()
    }
}

/// How names are written, and how often.
struct Spellings<'a, K>(HashMap<K, HashMap<&'a str, u64>>);

impl<'a, K: Eq + Hash> Spellings<'a, K> {
    fn add(&mut self, key: K, text: &'a str, uses: u64) {
        *self.0.entry(key).or_default().entry(text).or_default() += uses;
    }

    /// The most frequent one.
    fn best(&self, key: &K) -> String {
        let ways = self.0.get(key).into_iter().flatten();
        let best = ways.max_by_key(|(text, uses)| (**uses, Reverse(**text)));
        best.map(|(text, _)| (*text).to_owned()).unwrap_or_default()
    }
}

impl<'a> Spellings<'a, &'a str> {
    fn of_vendors(counts: &'a [Counts]) -> Self {
        let mut vendors = Self(HashMap::new());
        for Counts { table, .. } in counts {
            for it in &table.vendor_names {
                vendors.add(&table.vendors[it.of as usize], &it.text, it.uses);
            }
        }
        vendors
    }

    /// Of names, and of values by name.
    fn of_options(counts: &'a [Counts]) -> (Self, Spellings<'a, (&'a str, &'a str)>) {
        let (mut names, mut values) = (Self(HashMap::new()), Spellings(HashMap::new()));
        for Counts { table, .. } in counts {
            for it in &table.option_names {
                let (name, value) = &table.options[it.of as usize];
                names.add(name.as_str(), &it.text.0, it.uses);
                values.add((name.as_str(), value.as_str()), &it.text.1, it.uses);
            }
        }
        (names, values)
    }
}
