//! Records to products where those of one product may stand apart: WooCommerce's variations name
//! their parent, Google's items their group.
//!
//! Such rows wait for the end of the file, up to a limit: then the product that has waited longest
//! is taken for complete.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};

use crate::columns::{Column, Format};
use crate::groups::Group;
use crate::header::{Columns, shown};
use crate::records::{Record, Records};

/// What the rows that wait may take, in bytes.
const MAX_WAITING: usize = 64 << 20;

/// Reads the products of a file one by one: those of one row as they come, the others after them.
pub(crate) struct Families<R> {
    records: Records<R>,
    pub columns: Columns,
    /// By the order in which they began.
    waiting: BTreeMap<u64, Family>,
    /// Which of them has the name by which rows call it.
    by_name: HashMap<String, u64>,
    size: usize,
    limit: usize,
    /// Hashes of the names of those that wait no more.
    gone: HashSet<u64>,
    hasher: RandomState,
    begun: u64,
    rows: u64,
}

/// What a row is to others.
enum Kin {
    Alone,
    /// The product itself, and what its variations may call it.
    Parent(Vec<String>),
    /// One of several, which call their product so.
    Child(String),
}

/// The rows of a product so far.
#[derive(Default)]
struct Family {
    /// The product's own row.
    parent: Option<Record>,
    children: Vec<Record>,
    names: Vec<String>,
    size: usize,
}

impl<R: Read> Families<R> {
    pub(crate) fn new(records: Records<R>, columns: Columns) -> Self {
        Self {
            records,
            columns,
            waiting: BTreeMap::new(),
            by_name: HashMap::new(),
            size: 0,
            limit: MAX_WAITING,
            gone: HashSet::new(),
            hasher: RandomState::new(),
            begun: 0,
            rows: 0,
        }
    }

    /// How many bytes and rows have been read.
    pub(crate) fn read(&self) -> (u64, u64) {
        (self.records.bytes(), self.rows)
    }

    /// The next product, or a row that belongs to none.
    pub(crate) fn next(&mut self) -> io::Result<Option<Group>> {
        while self.size <= self.limit {
            let Some(record) = self.records.next()? else { break };
            self.rows += 1;
            if let Some(group) = self.take(record) {
                return Ok(Some(group));
            }
        }
        Ok(self.longest_waiting())
    }

    /// A row that is a product for itself, or that can belong to none; others wait.
    fn take(&mut self, record: Record) -> Option<Group> {
        let kin = if record.broken.is_some() { Kin::Alone } else { self.kin(&record.fields) };
        let (is_parent, names) = match kin {
            Kin::Alone => {
                let mut group = self.group(&record);
                group.add(record, &self.columns);
                return Some(group);
            }
            Kin::Parent(names) => (true, names),
            Kin::Child(name) => (false, vec![name]),
        };
        if let Some(name) = names.iter().find(|it| self.gone.contains(&self.hasher.hash_one(it))) {
            let why = format!("the row stands too far from the others of {:?}", shown(name));
            return Some(self.refused(&record, why));
        }
        let mut known: Vec<u64> =
            names.iter().filter_map(|it| self.by_name.get(it)).copied().collect();
        known.sort_unstable();
        known.dedup();
        let has_parent = |it: &u64| self.waiting.get(it).is_some_and(|it| it.parent.is_some());
        if is_parent && known.iter().any(has_parent) {
            return Some(self.refused(&record, "another product has its ID or SKU".to_owned()));
        }
        let number = known.first().copied().unwrap_or(self.begun);
        self.begun += 1;
        // Some may have called it by its id, and some by its SKU.
        let mut family = Family { names, ..Family::default() };
        for earlier in known.iter().filter_map(|it| self.waiting.remove(it)) {
            family.parent = family.parent.or(earlier.parent);
            family.children.extend(earlier.children);
            family.names.extend(earlier.names);
            family.size += earlier.size;
        }
        family.names.sort_unstable();
        family.names.dedup();
        self.by_name.extend(family.names.iter().map(|it| (it.clone(), number)));
        let fields = record.fields.iter().map(|it| it.len() + size_of::<String>());
        let size = fields.sum::<usize>() + size_of::<Family>();
        family.size += size;
        self.size += size;
        if is_parent {
            family.parent = Some(record);
        } else {
            family.children.push(record);
        }
        self.waiting.insert(number, family);
        None
    }

    fn longest_waiting(&mut self) -> Option<Group> {
        let (_, mut family) = self.waiting.pop_first()?;
        self.size = self.size.saturating_sub(family.size);
        for name in &family.names {
            self.by_name.remove(name);
            self.gone.insert(self.hasher.hash_one(name));
        }
        family.children.sort_by_key(|it| it.line);
        if family.parent.is_none() && self.columns.format == Format::WooCommerce {
            let parent = family.names.first().map(|it| shown(it)).unwrap_or_default();
            let why = format!("Parent {parent:?} is not in the file");
            return family.children.first().map(|it| self.refused(it, why));
        }
        let mut all = family.parent.into_iter().chain(family.children).peekable();
        let mut group = self.group(all.peek()?);
        for record in all {
            group.add(record, &self.columns);
        }
        Some(group)
    }

    fn kin(&self, fields: &[String]) -> Kin {
        let text = |column| self.columns.get(fields, column);
        if self.columns.format == Format::GoogleMerchant {
            return match text(Column::Group) {
                "" => Kin::Alone,
                name => Kin::Child(name.to_owned()),
            };
        }
        let (parent, kinds) = (text(Column::Parent), text(Column::Kind).to_lowercase());
        let is = |kind: &str| kinds.split(',').any(|it| it.trim() == kind);
        if is("variation") || kinds.is_empty() && !parent.is_empty() {
            return Kin::Child(parent.to_owned());
        }
        if !is("variable") {
            return Kin::Alone;
        }
        let id = Some(text(Column::Id)).filter(|it| !it.is_empty()).map(|it| format!("id:{it}"));
        let sku = Some(text(Column::Sku)).filter(|it| !it.is_empty()).map(str::to_owned);
        Kin::Parent(id.into_iter().chain(sku).collect())
    }

    /// A product that begins with a record.
    fn group(&self, record: &Record) -> Group {
        let text = |column| self.columns.get(&record.fields, column);
        let handle = text(Column::Handle).to_owned();
        let names = [&handle, text(Column::Title), text(Column::Sku), text(Column::Id)];
        let name = names.into_iter().find(|it| !it.is_empty()).unwrap_or_default().to_owned();
        Group { line: record.line, handle, name, rows: Vec::new(), broken: None }
    }

    fn refused(&self, record: &Record, why: String) -> Group {
        let group = self.group(record);
        Group { broken: Some((record.line, why)), ..group }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families(input: &str, limit: usize) -> Vec<(String, Vec<u64>, Option<String>)> {
        let mut records = Records::new(input.as_bytes()).unwrap();
        let columns = Columns::of_file(&mut records).unwrap();
        let mut families = Families { limit, ..Families::new(records, columns) };
        let mut all = Vec::new();
        while let Some(group) = families.next().unwrap() {
            let lines = group.rows.iter().map(|it| it.line).collect();
            all.push((group.name, lines, group.broken.map(|(_, why)| why)));
        }
        assert_eq!((families.size, families.waiting.len(), families.by_name.len()), (0, 0, 0));
        all
    }

    fn of(name: &str, lines: &[u64], why: Option<&str>) -> (String, Vec<u64>, Option<String>) {
        (name.to_owned(), lines.to_vec(), why.map(str::to_owned))
    }

    #[test]
    fn variations_are_found_wherever_they_stand() {
        let file = "ID,Type,SKU,Name,Parent\n\
                    7,variation,A-1,A,id:5\n\
                    1,simple,S,S,\n\
                    8,variation,A-2,A,TOP\n\
                    5,\"variable, virtual\",TOP,A,\n\
                    6,variable,TOP,B,\n\
                    9,variation,A-3,A,TOP\n\
                    10,variation,C-1,C,id:99\n";
        assert_eq!(
            families(file, MAX_WAITING),
            [
                of("S", &[3], None),
                of("B", &[], Some("another product has its ID or SKU")),
                of("A", &[5, 2, 4, 7], None),
                of("C", &[], Some("Parent \"id:99\" is not in the file")),
            ]
        );
    }

    #[test]
    fn items_of_a_group_are_one_product() {
        let file = "id,title,link,item_group_id\n1,A,l,g\n2,B,l,\n3,A,l,g\n";
        let expected = [of("B", &[3], None), of("A", &[2, 4], None)];
        assert_eq!(families(file, MAX_WAITING), expected);
    }

    #[test]
    fn what_waits_is_bounded() {
        let file = "id,title,link,item_group_id\n1,A,l,g\n2,A,l,g\n3,B,l,h\n4,A,l,g\n";
        assert_eq!(
            families(file, 0),
            [
                of("A", &[2], None),
                of("A", &[], Some("the row stands too far from the others of \"g\"")),
                of("B", &[4], None),
                of("A", &[], Some("the row stands too far from the others of \"g\"")),
            ]
        );
    }
}
