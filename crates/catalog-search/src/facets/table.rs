//! The words of a segment that facets are counted by. Segments never change, so their words are
//! read once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use chassis::fold::fold;
use parking_lot::Mutex;
use tantivy::columnar::BytesColumn;
use tantivy::index::SegmentId;
use tantivy::{Searcher, SegmentReader};
use uuid::Uuid;

use crate::document::options_of;

/// What the numbers of a segment's columns stand for. Names that differ in case or accents only are
/// one.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub categories: Vec<Uuid>,
    /// Folded, each once.
    pub vendors: Vec<String>,
    /// By number of the column: which of them.
    pub vendor_of: Vec<u32>,
    pub vendor_names: Vec<Spelling<String>>,
    /// Names of options with a value, folded, each once.
    pub options: Vec<(String, String)>,
    pub option_names: Vec<Spelling<(String, String)>>,
    /// By number of the column: what is chosen for a variant.
    pub words: Vec<Vec<u32>>,
}

/// A way something is written.
#[derive(Debug)]
pub(crate) struct Spelling<T> {
    pub of: u32,
    pub text: T,
    /// How often.
    pub uses: u64,
}

/// The tables of the segments in use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables(Arc<Mutex<HashMap<SegmentId, Arc<Table>>>>);

impl Tables {
    /// Forgets those of segments that are gone.
    pub(crate) fn keep(&self, searcher: &Searcher) {
        let mut tables = self.0.lock();
        let segments = searcher.segment_readers();
        if tables.len() > segments.len() {
            tables.retain(|id, _| segments.iter().any(|it| it.segment_id() == *id));
        }
    }

    pub(crate) fn of(&self, segment: &SegmentReader) -> tantivy::Result<Arc<Table>> {
        let mut tables = self.0.lock();
        if let Some(table) = tables.get(&segment.segment_id()) {
            return Ok(table.clone());
        }
        let table = Arc::new(Table::read(segment)?);
        tables.insert(segment.segment_id(), table.clone());
        Ok(table)
    }
}

impl Table {
    fn read(segment: &SegmentReader) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        let mut table = Self::default();
        let id = |bytes: &[u8]| Uuid::from_slice(bytes).unwrap_or_default();
        each_word(columns.bytes("category")?.as_ref(), |it, _| table.categories.push(id(it)))?;

        let mut vendors = Numbers::default();
        each_word(columns.str("vendor_name")?.map(BytesColumn::from).as_ref(), |it, uses| {
            let text = String::from_utf8_lossy(it).into_owned();
            let of = vendors.number(fold(&text));
            table.vendor_of.push(of);
            table.vendor_names.push(Spelling { of, text, uses });
        })?;
        table.vendors = vendors.all();

        let mut options = Numbers::default();
        let mut spelled: HashMap<(String, String), Spelling<()>> = HashMap::new();
        each_word(columns.str("variant")?.map(BytesColumn::from).as_ref(), |it, uses| {
            let word = String::from_utf8_lossy(it);
            let number = |(name, value): (&str, &str)| {
                let of = options.number((fold(name), fold(value)));
                let option = (name.to_owned(), value.to_owned());
                let spelling = Spelling { of, text: (), uses: 0 };
                spelled.entry(option).or_insert(spelling).uses += uses;
                of
            };
            table.words.push(options_of(&word).map(number).collect());
        })?;
        table.options = options.all();
        let spelled = spelled.into_iter();
        table.option_names =
            spelled.map(|(text, Spelling { of, uses, .. })| Spelling { of, text, uses }).collect();
        Ok(table)
    }
}

/// Numbers things in the order in which they come.
struct Numbers<T>(HashMap<T, u32>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + Hash> Numbers<T> {
    fn number(&mut self, it: T) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(it).or_insert(next)
    }

    fn all(self) -> Vec<T> {
        let mut all: Vec<_> = self.0.into_iter().collect();
        all.sort_unstable_by_key(|(_, number)| *number);
        all.into_iter().map(|(it, _)| it).collect()
    }
}

/// All words of a column, in the order of their numbers, and how often each stands there.
fn each_word(
    column: Option<&BytesColumn>,
    mut each: impl FnMut(&[u8], u64),
) -> tantivy::Result<()> {
    let Some(column) = column else { return Ok(()) };
    let mut uses = vec![0; column.num_terms()];
    for number in column.ords().values.iter() {
        if let Some(uses) = uses.get_mut(number as usize) {
            *uses += 1;
        }
    }
    let mut words = column.dictionary().stream()?;
    let mut uses = uses.into_iter();
    while words.advance() {
        each(words.key(), uses.next().unwrap_or_default());
    }
    Ok(())
}
