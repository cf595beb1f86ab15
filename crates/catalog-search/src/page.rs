//! Pages of what is found: the order of a list, the place in it where a page begins, and the walk
//! over the products of a segment that finds those of the page.
//!
//! Every order ends with the id, so no two products have the same place, and a page begins after a
//! product, not after a number of them. The walk costs no more however far a list is read.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::io;
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader, TantivyError};
use uuid::Uuid;

use crate::Sort;
use crate::variants::Conditions;

/// Scores that differ by less are equal: they depend on how often words occur in the whole shop,
/// so that every edit moves all of them by a trifle.
const STEP: Score = 1.0 / 16.0;

/// A place in a list: after this product. Clients have it between two pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    pub sort: Sort,
    /// What the product is sorted by, before its id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    key: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    id: Uuid,
    /// The index, and which of its states the key is of.
    pub(crate) edition: (u64, u64),
}

/// What a product is sorted by within a segment: what is less comes first.
type Place = ([u64; 2], u128);

/// Columns that sort a list, before the id; the first value of all is the highest where the order
/// descends.
struct Order {
    columns: &'static [&'static str],
    by_title: bool,
    by_score: bool,
    descending: bool,
}

impl Order {
    fn of(sort: Sort) -> Self {
        let order =
            |columns, descending| Self { columns, by_title: false, by_score: false, descending };
        match sort {
            Sort::Relevance => Self { by_score: true, ..order(&[], true) },
            Sort::Newest => order(&[], true),
            Sort::Oldest => order(&[], false),
            Sort::PriceUp => order(&["price"], false),
            Sort::PriceDown => order(&["price"], true),
            Sort::Title => Self { by_title: true, ..order(&[], false) },
            Sort::TitleDown => Self { by_title: true, ..order(&[], true) },
            Sort::Rating => order(&["rating"], true),
            Sort::Popular => order(&["sold", "views"], true),
        }
    }

    /// Turns a value around where the highest comes first.
    fn turned(&self, value: u64) -> u64 {
        if self.descending { !value } else { value }
    }

    fn turned_id(&self, id: u128) -> u128 {
        if self.descending { !id } else { id }
    }
}

impl Cursor {
    /// Whether it is a place in a list of this order.
    pub fn fits(&self, sort: Sort) -> bool {
        let order = Order::of(sort);
        let numbers = order.columns.len() + usize::from(order.by_score);
        self.sort == sort && self.key.len() == numbers && self.title.is_some() == order.by_title
    }

    fn place(&self, order: &Order) -> Place {
        let mut key = [0; 2];
        for (place, value) in key.iter_mut().zip(&self.key) {
            *place = order.turned(*value);
        }
        (key, order.turned_id(self.id.as_u128()))
    }
}

/// Finds one page, and how many products there are on all of them.
pub(crate) struct Page<'a> {
    sort: Sort,
    order: Order,
    after: Option<&'a Cursor>,
    /// How many are found, with those that are skipped and one that follows.
    size: usize,
    /// What one variant of each product has to be.
    conditions: Option<Conditions<'a>>,
}

/// The first products, and how many there are.
#[derive(Debug, Default)]
pub(crate) struct Found {
    places: Vec<Placed>,
    pub(crate) total: usize,
}

/// A product with its place among those of all segments.
#[derive(Debug, PartialEq, Eq)]
struct Placed {
    title: Option<String>,
    place: Place,
}

impl<'a> Page<'a> {
    pub(crate) fn new(
        sort: Sort,
        after: Option<&'a Cursor>,
        size: usize,
        conditions: Option<Conditions<'a>>,
    ) -> Self {
        Self { sort, order: Order::of(sort), after, size, conditions }
    }

    /// The ids from `offset` on, and where the next page begins if there is one.
    pub(crate) fn cut(
        &self,
        found: Found,
        offset: usize,
        limit: usize,
        edition: (u64, u64),
    ) -> (Vec<Uuid>, Option<Cursor>) {
        let more = found.places.len() > offset + limit;
        let page: Vec<Placed> = found.places.into_iter().skip(offset).take(limit).collect();
        let id = |it: &Placed| Uuid::from_u128(self.order.turned_id(it.place.1));
        let ids = page.iter().map(id).collect();
        let next = page.into_iter().last().filter(|_| more).map(|last| {
            let numbers = self.order.columns.len() + usize::from(self.order.by_score);
            let key = last.place.0.iter().take(numbers).map(|it| self.order.turned(*it));
            Cursor {
                sort: self.sort,
                key: key.collect(),
                id: id(&last),
                title: last.title,
                edition,
            }
        });
        (ids, next)
    }

    fn compare(&self, a: &Placed, b: &Placed) -> Ordering {
        let titles = a.title.cmp(&b.title);
        let titles = if self.order.descending { titles.reverse() } else { titles };
        titles.then_with(|| a.place.cmp(&b.place))
    }

    /// Where the page begins, in the numbers of a segment.
    fn after(&self, titles: Option<&StrColumn>) -> tantivy::Result<Option<Place>> {
        let Some(cursor) = self.after else { return Ok(None) };
        let (mut key, mut id) = cursor.place(&self.order);
        if let (Some(titles), Some(title)) = (titles, &cursor.title) {
            let from = Bound::Excluded(title.as_bytes());
            let (from, _) = titles.dictionary().term_bounds_to_ord(from, Bound::Unbounded)?;
            match from {
                Bound::Excluded(same) => key[0] = self.order.turned(same),
                // No product here has this title: after the cursor are all from the next title on,
                // or, if the order descends, all before it.
                Bound::Included(next) if self.order.descending => {
                    (key, id) = ([!next, u64::MAX], u128::MAX);
                }
                Bound::Included(next) => (key, id) = ([next, 0], 0),
                Bound::Unbounded => {}
            }
        }
        Ok(Some((key, id)))
    }
}

impl<'a> Collector for Page<'a> {
    type Fruit = Found;
    type Child = PageOfSegment;

    fn for_segment(
        &self,
        _: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<PageOfSegment> {
        let columns = segment.fast_fields();
        let titles = if self.order.by_title { columns.str("title_key")? } else { None };
        let number = |name: &&str| -> tantivy::Result<Column<u64>> {
            let column = columns.u64_lenient(name)?.map(|(column, _)| column);
            column.ok_or_else(|| TantivyError::SchemaError(format!("there is no column {name}")))
        };
        let mut keys = self.order.columns.iter().map(number);
        let first = match &titles {
            Some(titles) => Some(titles.ords().clone()),
            None => keys.next().transpose()?,
        };
        let second = keys.next().transpose()?;
        let conditions = self.conditions.as_ref().map(|it| it.of(segment)).transpose()?;
        Ok(PageOfSegment {
            after: self.after(titles.as_ref())?,
            titles,
            first,
            second,
            id: (columns.u64("id_high")?, columns.u64("id_low")?),
            by_score: self.order.by_score,
            turn: if self.order.descending { u64::MAX } else { 0 },
            conditions,
            size: self.size,
            found: BinaryHeap::with_capacity(self.size.min(1024)),
            total: 0,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.order.by_score
    }

    fn merge_fruits(&self, found: Vec<io::Result<Found>>) -> tantivy::Result<Found> {
        let mut all = Found::default();
        for found in found {
            let found = found?;
            all.total += found.total;
            all.places.extend(found.places);
        }
        all.places.sort_unstable_by(|a, b| self.compare(a, b));
        all.places.truncate(self.size);
        Ok(all)
    }
}

/// The walk over the products of one segment.
pub(crate) struct PageOfSegment {
    titles: Option<StrColumn>,
    first: Option<Column<u64>>,
    second: Option<Column<u64>>,
    /// Its two halves.
    id: (Column<u64>, Column<u64>),
    by_score: bool,
    /// All bits, where the highest comes first.
    turn: u64,
    after: Option<Place>,
    conditions: Option<crate::variants::Check>,
    size: usize,
    /// The best so far, the worst of them on top.
    found: BinaryHeap<Place>,
    total: usize,
}

impl PageOfSegment {
    /// What counts first; the rest is read where this decides nothing.
    fn first(&self, doc: DocId, score: Score) -> u64 {
        let value = match &self.first {
            Some(column) => column.first(doc).unwrap_or_default(),
            None if self.by_score => (score.max(0.0) / STEP).round() as u64,
            None => return 0,
        };
        value ^ self.turn
    }

    fn place(&self, first: u64, doc: DocId) -> Place {
        let value = |column: &Column<u64>| column.first(doc).unwrap_or_default() ^ self.turn;
        let id = (u128::from(value(&self.id.0)) << 64) | u128::from(value(&self.id.1));
        ([first, self.second.as_ref().map(value).unwrap_or_default()], id)
    }
}

impl SegmentCollector for PageOfSegment {
    type Fruit = io::Result<Found>;

    fn collect(&mut self, doc: DocId, score: Score) {
        if self.conditions.as_ref().is_some_and(|it| !it.fits(doc)) {
            return;
        }
        self.total += 1;
        let first = self.first(doc, score);
        if self.after.is_some_and(|(key, _)| first < key[0]) {
            return;
        }
        let full = self.found.len() >= self.size;
        if full && self.found.peek().is_none_or(|(key, _)| first > key[0]) {
            return;
        }
        let place = self.place(first, doc);
        if self.after.is_some_and(|it| place <= it) {
            return;
        }
        if !full {
            self.found.push(place);
        } else if let Some(mut worst) = self.found.peek_mut()
            && place < *worst
        {
            *worst = place;
        }
    }

    fn harvest(self) -> io::Result<Found> {
        let mut places = self.found.into_sorted_vec();
        let total = self.total;
        let Some(titles) = self.titles else {
            let places = places.into_iter().map(|place| Placed { title: None, place });
            return Ok(Found { places: places.collect(), total });
        };
        // Numbers of titles mean nothing in other segments.
        if self.turn != 0 {
            places.reverse();
        }
        let numbers: Vec<u64> = places.iter().map(|(key, _)| key[0] ^ self.turn).collect();
        let mut ids = places.into_iter().map(|(_, id)| id);
        let mut places = Vec::with_capacity(numbers.len());
        titles.dictionary().sorted_ords_to_term_cb(&numbers, |title| {
            let title = Some(String::from_utf8_lossy(title).into_owned());
            places.extend(ids.next().map(|id| Placed { title, place: ([0; 2], id) }));
        })?;
        Ok(Found { places, total })
    }
}
