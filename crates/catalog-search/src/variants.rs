//! Conditions that one variant of a product has to meet: "size S, in stock, 10 to 20" is about one
//! variant, not about three.

use std::ops::RangeInclusive;
use std::sync::Arc;

use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};

use crate::facets::{Table, Tables};
use crate::{Choices, Filter};

/// The columns of variants: each has a value per variant, in their order.
pub(crate) struct Columns {
    price: Column<i64>,
    in_stock: Column<bool>,
    /// What is chosen for it. A product without options has none of these.
    word: Option<Column<u64>>,
}

/// A variant as the columns have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub price: i64,
    pub in_stock: bool,
    /// The number of what is chosen for it.
    pub word: Option<usize>,
}

impl Columns {
    pub(crate) fn of(segment: &SegmentReader) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        Ok(Self {
            price: columns.i64("variant_price")?,
            in_stock: columns.bool("variant_in_stock")?,
            word: columns.str("variant")?.map(|it| it.ords().clone()),
        })
    }

    pub(crate) fn rows(&self, doc: DocId) -> impl Iterator<Item = Row> {
        let mut words = self.word.as_ref().map(|it| it.values_for_doc(doc));
        let levels = self.price.values_for_doc(doc).zip(self.in_stock.values_for_doc(doc));
        levels.map(move |(price, in_stock)| {
            let word = words.as_mut().and_then(Iterator::next).map(|it| it as usize);
            Row { price, in_stock, word }
        })
    }

    /// The words alone, where nothing else is asked of variants.
    pub(crate) fn words(&self, doc: DocId) -> impl Iterator<Item = usize> {
        let words = self.word.as_ref().into_iter().flat_map(move |it| it.values_for_doc(doc));
        words.map(|it| it as usize)
    }
}

/// What is asked of options, in the numbers of a segment. A bit stands for a name that was asked
/// for.
pub(crate) struct Chosen {
    /// All bits.
    pub all: u32,
    /// By option and value: the bit of its name, if it was asked for.
    pub named: Vec<u32>,
    /// By word: the bits of the names it has no value of that was asked for.
    missed: Vec<u32>,
}

impl Chosen {
    /// The choices are folded.
    pub(crate) fn new(table: &Table, choices: &Choices) -> Self {
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
            _ => table.words.iter().map(|it| all & !had(it)).collect(),
        };
        Self { all, named, missed }
    }

    /// The names of which a variant has no value that was asked for.
    pub(crate) fn missed(&self, word: Option<usize>) -> u32 {
        match word {
            _ if self.all == 0 => 0,
            Some(word) => self.missed.get(word).copied().unwrap_or(self.all),
            None => self.all,
        }
    }
}

/// The prices a filter allows.
pub(crate) fn prices(filter: &Filter) -> RangeInclusive<i64> {
    filter.min_price.unwrap_or(i64::MIN)..=filter.max_price.unwrap_or(i64::MAX)
}

/// The conditions of a filter that the terms of a product do not decide.
pub(crate) struct Conditions<'a> {
    filter: &'a Filter,
    tables: &'a Tables,
}

impl<'a> Conditions<'a> {
    /// None where the terms of the query decide: each of them holds for one variant by itself.
    pub(crate) fn new(filter: &'a Filter, tables: &'a Tables) -> Option<Self> {
        let bounded = filter.min_price.is_some() || filter.max_price.is_some();
        let between = filter.min_price.is_some() && filter.max_price.is_some();
        let kinds = [!filter.choices.is_empty(), bounded, filter.in_stock.is_some()];
        let several = kinds.into_iter().filter(|it| *it).count() > 1;
        (several || between).then_some(Self { filter, tables })
    }

    pub(crate) fn of(&self, segment: &SegmentReader) -> tantivy::Result<Check> {
        // Words are numbered only where options are asked for.
        let table = if self.filter.choices.is_empty() {
            Arc::default()
        } else {
            self.tables.of(segment)?
        };
        Ok(Check {
            columns: Columns::of(segment)?,
            chosen: Chosen::new(&table, &self.filter.choices),
            prices: prices(self.filter),
            in_stock: self.filter.in_stock,
        })
    }
}

/// Looks at the variants of the products of one segment.
pub(crate) struct Check {
    columns: Columns,
    chosen: Chosen,
    prices: RangeInclusive<i64>,
    in_stock: Option<bool>,
}

impl Check {
    /// Whether a variant meets all conditions; where none may be in stock, whether there are some
    /// that meet the others, all of them sold out.
    pub(crate) fn fits(&self, doc: DocId) -> bool {
        let fits = |it: &Row| self.prices.contains(&it.price) && self.chosen.missed(it.word) == 0;
        let mut rows = self.columns.rows(doc).filter(fits);
        match self.in_stock {
            None => rows.next().is_some(),
            Some(true) => rows.any(|it| it.in_stock),
            Some(false) => {
                let mut rows = rows.peekable();
                rows.peek().is_some() && !rows.any(|it| it.in_stock)
            }
        }
    }
}
