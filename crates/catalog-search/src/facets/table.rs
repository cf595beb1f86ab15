//! The words of a segment that facets are counted by. Segments never change, so their words are
//! read once.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tantivy::columnar::BytesColumn;
use tantivy::index::SegmentId;
use tantivy::{Searcher, SegmentReader};
use uuid::Uuid;

use crate::document::options_of;

/// What the numbers of a segment's columns stand for.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub categories: Vec<Uuid>,
    pub vendors: Vec<String>,
    /// Options with a value, each once.
    pub options: Vec<(String, String)>,
    /// What is chosen for a variant, by number of those.
    pub variants: Vec<Vec<u32>>,
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

    pub(super) fn of(&self, segment: &SegmentReader) -> tantivy::Result<Arc<Table>> {
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
        each_word(columns.bytes("category")?, |it| table.categories.push(id(it)))?;
        let vendors = columns.str("vendor_name")?.map(BytesColumn::from);
        each_word(vendors, |it| table.vendors.push(String::from_utf8_lossy(it).into_owned()))?;
        let mut numbers: HashMap<(String, String), u32> = HashMap::new();
        let variants = columns.str("variant")?.map(BytesColumn::from);
        each_word(variants, |it| {
            let word = String::from_utf8_lossy(it);
            let number = |(name, value): (&str, &str)| {
                let next = numbers.len() as u32;
                *numbers.entry((name.to_owned(), value.to_owned())).or_insert(next)
            };
            table.variants.push(options_of(&word).map(number).collect());
        })?;
        let mut options: Vec<_> = numbers.into_iter().collect();
        options.sort_unstable_by_key(|(_, number)| *number);
        table.options = options.into_iter().map(|(option, _)| option).collect();
        Ok(table)
    }
}

/// All words of a column, in the order of their numbers.
fn each_word(column: Option<BytesColumn>, mut each: impl FnMut(&[u8])) -> tantivy::Result<()> {
    let Some(column) = column else { return Ok(()) };
    let mut words = column.dictionary().stream()?;
    while words.advance() {
        each(words.key());
    }
    Ok(())
}
