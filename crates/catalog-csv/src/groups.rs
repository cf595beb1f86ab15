//! Records to products: the rows of one handle, which stand together.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};

use crate::Error;
use crate::columns::{Column, Columns};
use crate::product::Wrong;
use crate::records::{Record, Records};

/// More rows than this are no product.
const MAX_ROWS: usize = 1_000;

/// One line of a product.
#[derive(Debug)]
pub(crate) struct Row {
    pub line: u64,
    pub fields: Vec<String>,
}

/// The rows of one handle.
#[derive(Debug)]
pub(crate) struct Group {
    pub line: u64,
    pub handle: String,
    pub rows: Vec<Row>,
    /// The line that makes the product unusable, and why. One broken row costs its product:
    /// without it, the rest might mean something else.
    pub broken: Option<Wrong>,
}

/// Reads the products of a file one by one.
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
    /// Reads the header.
    pub(crate) fn new(input: R) -> Result<Self, Error> {
        let mut records = Records::new(input);
        let Some(header) = records.next()? else { return Err(Error::Empty) };
        // A header that is not text says more by the names it lacks.
        let columns = Columns::read(&header.fields)?;
        if let Some(why) = header.broken {
            return Err(Error::Header(why));
        }
        let (seen, hasher) = (HashSet::new(), RandomState::new());
        Ok(Self { records, columns, next: None, seen, hasher, rows: 0 })
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
        let handle = self.columns.get(&first.fields, Column::Handle).to_owned();
        let mut group = Group { line: first.line, handle, rows: Vec::new(), broken: None };
        if group.handle.is_empty() {
            let why = first.broken.unwrap_or_else(|| "Handle is empty".to_owned());
            group.broken = Some((first.line, why));
            return Ok(Some(group));
        }
        if !self.seen.insert(self.hasher.hash_one(&group.handle)) {
            let why = "the rows of a handle must stand together; this one was there before";
            group.broken = Some((first.line, why.to_owned()));
        }
        self.add(&mut group, first);
        while let Some(record) = self.record()? {
            if self.columns.get(&record.fields, Column::Handle) != group.handle {
                self.next = Some(record);
                break;
            }
            self.add(&mut group, record);
        }
        Ok(Some(group))
    }

    fn record(&mut self) -> io::Result<Option<Record>> {
        let record = self.records.next()?;
        self.rows += u64::from(record.is_some());
        Ok(record)
    }

    fn add(&self, group: &mut Group, record: Record) {
        let Record { line, fields, broken } = record;
        let (there, expected) = (fields.len(), self.columns.count());
        let ragged = || {
            (there != expected)
                .then(|| format!("the row has {there} fields, but the header has {expected}"))
        };
        let many = || {
            (group.rows.len() >= MAX_ROWS)
                .then(|| format!("a product has more than {MAX_ROWS} rows"))
        };
        if let Some(why) = broken.or_else(ragged).or_else(many) {
            group.broken.get_or_insert((line, why));
        }
        // A product that is not used needs no memory.
        match group.broken {
            Some(_) => group.rows.clear(),
            None => group.rows.push(Row { line, fields }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(input: &str) -> Vec<Group> {
        let mut groups = Groups::new(input.as_bytes()).unwrap();
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
        let all = groups("Handle,Title\na,A\na,\"x\"y\nb,B,\nc,C\n,X\na,A\n");
        let line = |it: &Group| it.broken.as_ref().map(|(line, _)| *line);
        let broken: Vec<_> = all.iter().map(|it| (it.handle.as_str(), line(it))).collect();
        assert_eq!(
            broken,
            [("a", Some(3)), ("b", Some(4)), ("c", None), ("", Some(6)), ("a", Some(7))]
        );
        let why = |at: usize| all[at].broken.as_ref().unwrap().1.as_str();
        assert_eq!(why(0), "a quoted field goes on after its closing quote");
        assert_eq!(why(1), "the row has 3 fields, but the header has 2");
        assert_eq!(why(3), "Handle is empty");
        assert!(why(4).contains("was there before"));
    }

    #[test]
    fn a_file_without_a_header_is_an_error() {
        for (input, message) in [
            ("", "empty"),
            ("\n\n", "empty"),
            ("Handle,Title,\"x\n", "never closed"),
            ("\0\0\0", "the column \"Handle\" is missing"),
        ] {
            let error = Groups::new(input.as_bytes()).err().unwrap().to_string();
            assert!(error.contains(message), "{input:?}: {error}");
        }
    }
}
