//! Records to products: the rows of one handle, which stand together.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};

use crate::columns::{Column, OPTIONS};
use crate::header::Columns;
use crate::product::Wrong;
use crate::records::{Record, Records};

/// More rows than this are no product: 2,048 variants, and 250 pictures in rows of their own.
pub(crate) const MAX_ROWS: usize = 2_298;

/// One line of a product.
#[derive(Debug)]
pub(crate) struct Row {
    pub line: u64,
    pub fields: Vec<String>,
}

/// The rows of one product.
#[derive(Debug)]
pub(crate) struct Group {
    pub line: u64,
    /// Empty where the file has none for it.
    pub handle: String,
    /// What it is called in a report: its handle, else its title, else its SKU.
    pub name: String,
    pub rows: Vec<Row>,
    /// The line that makes the product unusable, and why. One broken row costs its product:
    /// without it, the rest might mean something else.
    pub broken: Option<Wrong>,
}

impl Group {
    /// Takes a row in, unless there are too many, or something is wrong with it.
    pub(crate) fn add(&mut self, record: Record, columns: &Columns) {
        let many = (record.line, format!("a product has more than {MAX_ROWS} rows"));
        let row = Row::read(record, columns);
        match row.and_then(|it| if self.rows.len() < MAX_ROWS { Ok(it) } else { Err(many) }) {
            Ok(row) if self.broken.is_none() => return self.rows.push(row),
            Ok(_) => {}
            Err(wrong) => drop(self.broken.get_or_insert(wrong)),
        }
        // A product that is not used needs no memory.
        self.rows.clear();
    }
}

impl Row {
    /// A record as a row, or why it is none. Spreadsheets leave out empty fields at the end, or
    /// write more of them than there are columns.
    pub(crate) fn read(record: Record, columns: &Columns) -> Result<Self, Wrong> {
        let Record { line, mut fields, broken } = record;
        if let Some(why) = broken {
            return Err((line, why));
        }
        let (there, expected) = (fields.len(), columns.count());
        if fields.iter().skip(expected).any(|it| !it.trim().is_empty()) {
            let why = format!("the row has {there} fields, but the header has {expected}");
            return Err((line, why));
        }
        fields.truncate(expected);
        Ok(Self { line, fields })
    }
}

/// Reads the products of a file of Shopify's one by one.
pub(crate) struct Groups<R> {
    records: Records<R>,
    pub columns: Columns,
    /// The first row of the next product.
    next: Option<Record>,
    /// Hashes of the handles so far: 16 bytes per product, whatever its size.
    seen: HashSet<u64>,
    hasher: RandomState,
    rows: u64,
}

impl<R: Read> Groups<R> {
    pub(crate) fn new(records: Records<R>, columns: Columns) -> Self {
        let (seen, hasher) = (HashSet::new(), RandomState::new());
        Self { records, columns, next: None, seen, hasher, rows: 0 }
    }

    /// How many bytes have been read, and how many rows of the products so far.
    pub(crate) fn read(&self) -> (u64, u64) {
        (self.records.bytes(), self.rows - u64::from(self.next.is_some()))
    }

    /// The next product, or a row that belongs to none.
    pub(crate) fn next(&mut self) -> io::Result<Option<Group>> {
        let first = match self.next.take() {
            Some(first) => first,
            None => match self.record()? {
                Some(first) => first,
                None => return Ok(None),
            },
        };
        let text = |column| self.columns.get(&first.fields, column);
        let (handle, title) = (text(Column::Handle).to_owned(), text(Column::Title).to_owned());
        let sku = text(Column::Sku);
        let names = [handle.as_str(), &title, sku];
        let name = names.into_iter().find(|it| !it.is_empty()).unwrap_or_default().to_owned();
        let mut broken = self.nameless(&handle, &title, sku).map(|why| (first.line, why));
        if let (Some((_, reason)), Some(why)) = (&mut broken, &first.broken) {
            reason.clone_from(why);
        }
        if broken.is_none() {
            broken = self.repeated(&handle, &title, sku.is_empty()).map(|why| (first.line, why));
        }
        let mut group = Group { line: first.line, handle, name, rows: Vec::new(), broken };
        group.add(first, &self.columns);
        if group.handle.is_empty() && title.is_empty() {
            // A row that updates what has its SKU.
            return Ok(Some(group));
        }
        while let Some(record) = self.record()? {
            if !self.goes_on(&group.handle, &title, &record) {
                self.next = Some(record);
                break;
            }
            group.add(record, &self.columns);
        }
        Ok(Some(group))
    }

    /// Why a row can be the first of no product: nothing in it says of which.
    fn nameless(&self, handle: &str, title: &str, sku: &str) -> Option<String> {
        if !handle.is_empty() || !title.is_empty() {
            return None;
        }
        let has = |column| self.columns.has(column);
        let column = [Column::Handle, Column::Title].into_iter().find(|it| has(*it));
        match column {
            Some(column) => Some(format!("{} is empty", self.columns.name(column))),
            None if sku.is_empty() => Some(format!("{} is empty", self.columns.name(Column::Sku))),
            None => None,
        }
    }

    /// Why a product cannot be told from one before it.
    fn repeated(&mut self, handle: &str, title: &str, no_sku: bool) -> Option<String> {
        let (key, why) = if !handle.is_empty() {
            ((true, handle), "the rows of a handle must stand together; this one was there before")
        } else if !title.is_empty() && no_sku {
            ((false, title), "the title was there before; give these products handles or SKUs")
        } else {
            return None;
        };
        (!self.seen.insert(self.hasher.hash_one(key))).then(|| why.to_owned())
    }

    /// Whether a row belongs to the product before it. Without a handle that is one with its title,
    /// as far as there are options by which the two differ, or with no title.
    fn goes_on(&self, handle: &str, title: &str, record: &Record) -> bool {
        let text = |column| self.columns.get(&record.fields, column);
        let own = text(Column::Handle);
        if !handle.is_empty() || !own.is_empty() {
            return own == handle;
        }
        let options = OPTIONS.into_iter().any(|(name, ..)| self.columns.has(name));
        let own = text(Column::Title);
        own.is_empty() || options && own == title
    }

    fn record(&mut self) -> io::Result<Option<Record>> {
        let record = self.records.next()?;
        self.rows += u64::from(record.is_some());
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(input: &str) -> Result<Groups<&[u8]>, crate::Error> {
        let mut records = Records::new(input.as_bytes()).unwrap();
        let columns = Columns::of_file(&mut records)?;
        Ok(Groups::new(records, columns))
    }

    fn groups(input: &str) -> Vec<Group> {
        let mut groups = open(input).unwrap();
        let mut all = Vec::new();
        while let Some(group) = groups.next().unwrap() {
            all.push(group);
        }
        all
    }

    #[test]
    fn rows_of_a_handle_are_a_product() {
        let all = groups("Handle,Title\na,A\na,\n\nb,B\n");
        let all: Vec<_> =
            all.iter().map(|it| (it.line, it.handle.as_str(), it.rows.len())).collect();
        assert_eq!(all, [(2, "a", 2), (5, "b", 1)]);
    }

    #[test]
    fn a_broken_row_costs_its_product_only() {
        let all = groups("Handle,Title\na,A\na,\"x\"y\nb,B,x\nc,C,,\n,\"x\"y\na,A\n");
        let line = |it: &Group| it.broken.as_ref().map(|(line, _)| *line);
        let broken: Vec<_> = all.iter().map(|it| (it.handle.as_str(), line(it))).collect();
        assert_eq!(
            broken,
            [("a", Some(3)), ("b", Some(4)), ("c", None), ("", Some(6)), ("a", Some(7))]
        );
        let why = |at: usize| all[at].broken.as_ref().unwrap().1.as_str();
        assert_eq!(why(0), "a quoted field goes on after its closing quote");
        assert_eq!(why(1), "the row has 3 fields, but the header has 2");
        assert_eq!(why(3), "a quoted field goes on after its closing quote");
        assert!(why(4).contains("was there before"));
    }

    /// Name, line of what is wrong, and rows of each product.
    fn names(input: &str) -> Vec<(String, Option<u64>, usize)> {
        let all = groups(input).into_iter();
        all.map(|it| (it.name, it.broken.map(|(line, _)| line), it.rows.len())).collect()
    }

    #[test]
    fn without_handles_titles_and_skus_say_what_belongs_together() {
        let of = |name: &str, wrong: Option<u64>, rows: usize| (name.to_owned(), wrong, rows);
        assert_eq!(
            names("Title,SKU\nA,1\n,2\nA,3\nB,\nB,\n"),
            [of("A", None, 2), of("A", None, 1), of("B", None, 1), of("B", Some(6), 0)]
        );
        assert_eq!(
            names("Title,Option1 Name,SKU\nA,,1\nA,,2\n,,3\nB,,4\n"),
            [of("A", None, 3), of("B", None, 1)]
        );
        assert_eq!(
            names("SKU,Price\n1,2\n2,3\n,4\n"),
            [of("1", None, 1), of("2", None, 1), of("", Some(4), 0)]
        );
        assert_eq!(
            names("Handle,Title,SKU\na,A,1\n,,2\n,B,3\n,,4\n"),
            [of("a", None, 1), of("2", Some(3), 0), of("B", None, 2)]
        );
    }

    #[test]
    fn a_product_has_no_more_rows_than_it_can_have_variants_and_pictures() {
        let file = |rows| format!("Handle,Title\n{}", "a,A\n".repeat(rows));
        assert_eq!(groups(&file(MAX_ROWS))[0].rows.len(), MAX_ROWS);
        assert!(groups(&file(MAX_ROWS + 1))[0].broken.is_some());
    }

    #[test]
    fn a_file_without_a_header_is_an_error() {
        for (input, message) in [
            ("", "empty"),
            ("\n\n", "empty"),
            ("Handle,Title,\"x\n", "never closed"),
            ("\0\0\0", "the columns are not known"),
        ] {
            let error = open(input).err().unwrap().to_string();
            assert!(error.contains(message), "{input:?}: {error}");
        }
    }
}
