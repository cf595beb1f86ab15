//! The texts of statements, as `sql!` and the derives make them. Each is made once and kept: there
//! are as many as there are statements in the program, times the lengths of their lists.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use parking_lot::RwLock;

use super::{Columns, Query, Sql};

/// What a text is made of.
#[derive(Clone, Copy, Debug)]
pub enum Piece {
    Text(&'static str),
    /// A value, by its number from 0 on.
    Value(usize),
    /// The values of a list.
    List(usize),
    /// The rows of a list, each in brackets.
    Rows(usize),
    /// Columns, and what stands before each.
    Columns(&'static str, fn(&mut Vec<&'static str>)),
}

/// How many places a value takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Length {
    rows: usize,
    columns: usize,
}

/// A statement with what binds its values.
#[derive(Clone, Copy, Debug)]
pub struct Statement<F> {
    sql: Sql,
    bind: F,
}

/// A text, or a text with its values.
pub trait IntoQuery {
    fn sql(&self) -> Sql;
    fn bind<'c>(self, query: Query<'c>) -> Query<'c>;
}

/// The texts of a table's rows.
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    pub(super) insert: &'static str,
    /// The same, without effect where a unique key is taken.
    pub(super) insert_new: &'static str,
    /// The beginning, and the columns' number, of an insert of many rows.
    pub(super) into: &'static str,
    pub(super) columns: usize,
    pub(super) update: &'static str,
}

impl IntoQuery for &'static str {
    fn sql(&self) -> Sql {
        Sql::from(*self)
    }

    fn bind<'c>(self, query: Query<'c>) -> Query<'c> {
        query
    }
}

impl IntoQuery for Sql {
    fn sql(&self) -> Sql {
        *self
    }

    fn bind<'c>(self, query: Query<'c>) -> Query<'c> {
        query
    }
}

impl<F: for<'c> FnOnce(Query<'c>) -> Query<'c>> IntoQuery for Statement<F> {
    fn sql(&self) -> Sql {
        self.sql
    }

    fn bind<'c>(self, query: Query<'c>) -> Query<'c> {
        (self.bind)(query)
    }
}

/// For `sql!`.
pub fn statement<F>(sql: Sql, bind: F) -> Statement<F>
where
    F: for<'c> FnOnce(Query<'c>) -> Query<'c>,
{
    Statement { sql, bind }
}

/// For `sql!`: made once, and kept by who asks.
pub fn without_lists(sqlite: &[Piece], postgres: &[Piece]) -> Sql {
    Sql { sqlite: leak(join(sqlite, &[])), postgres: leak(join(postgres, &[])) }
}

/// For `sql!`: a text for these lengths of its lists.
pub fn with_lists(sqlite: &'static [Piece], postgres: &'static [Piece], lengths: &[Length]) -> Sql {
    type Key = (usize, Vec<Length>);
    static TEXTS: LazyLock<RwLock<HashMap<Key, Sql>>> = LazyLock::new(RwLock::default);
    let key = (sqlite.as_ptr() as usize, lengths.to_vec());
    let known = TEXTS.read().get(&key).copied();
    known.unwrap_or_else(|| {
        let mut texts = TEXTS.write();
        let lengths = key.1.clone();
        *texts.entry(key).or_insert_with(|| Sql {
            sqlite: leak(join(sqlite, &lengths)),
            postgres: leak(join(postgres, &lengths)),
        })
    })
}

/// A text that was put together, kept for as long as the program runs. For few different ones: each
/// is prepared by every connection that comes upon it.
pub fn intern(text: String) -> &'static str {
    static TEXTS: LazyLock<RwLock<HashMap<String, &'static str>>> = LazyLock::new(RwLock::default);
    let known = TEXTS.read().get(&text).copied();
    known.unwrap_or_else(|| {
        let mut texts = TEXTS.write();
        texts.entry(text).or_insert_with_key(|text| leak(text.clone()))
    })
}

/// How many places a list of this length gets. The last value fills what is left, so that lists
/// share a few texts.
pub(super) fn padded(length: usize) -> usize {
    length.next_power_of_two()
}

fn join(pieces: &[Piece], lengths: &[Length]) -> String {
    let length = |at: usize| lengths.get(at).copied().unwrap_or(Length::ONE);
    // The number a value is bound under: lists take more than one.
    let number = |at: usize| 1 + (0..at).map(|it| length(it).places()).sum::<usize>();
    let mut text = String::new();
    for piece in pieces {
        match *piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Value(at) => place(&mut text, number(at)),
            Piece::List(at) => {
                for step in 0..length(at).places() {
                    if step > 0 {
                        text.push_str(", ");
                    }
                    place(&mut text, number(at) + step);
                }
            }
            Piece::Rows(at) => {
                let Length { rows: count, columns } = length(at);
                text.push_str(&rows(number(at), columns, count));
            }
            Piece::Columns(table, columns) => {
                text.push_str(&list(table, columns));
            }
        }
    }
    text
}

/// Columns, each behind `table`, quoted since some are words of SQL.
pub(super) fn list(table: &str, columns: fn(&mut Vec<&'static str>)) -> String {
    let mut names = Vec::new();
    columns(&mut names);
    let names: Vec<_> = names.iter().map(|it| format!("{table}\"{it}\"")).collect();
    names.join(", ")
}

fn place(text: &mut String, number: usize) {
    // A String takes whatever is written.
    let _ = write!(text, "${number}");
}

fn leak(text: String) -> &'static str {
    text.leak()
}

/// `($1, $2), ($3, $4)`.
fn rows(first: usize, columns: usize, rows: usize) -> String {
    let row = |row: usize| {
        let places = (0..columns).map(|it| format!("${}", first + row * columns + it));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// For `sql!`.
impl Length {
    pub const ONE: Self = Self { rows: 1, columns: 1 };

    pub fn list<T>(values: &[T]) -> Self {
        Self { rows: padded(values.len()), columns: 1 }
    }

    pub fn rows<T: Columns>(rows: &[T]) -> Self {
        let mut columns = Vec::new();
        T::columns(&mut columns);
        Self { rows: rows.len(), columns: columns.len() }
    }

    fn places(self) -> usize {
        self.rows * self.columns
    }
}

impl Texts {
    /// For the derives.
    pub fn of<T: Columns>(table: &str, key: &[&str]) -> Self {
        let mut names = Vec::new();
        T::columns(&mut names);
        let into = format!("INSERT INTO {table} ({}) VALUES ", list("", T::columns));
        let numbered = |of: &dyn Fn(&str) -> bool, between: &str| {
            let numbered = names.iter().enumerate().filter(|(_, name)| of(name));
            let equal = numbered.map(|(at, name)| format!("\"{name}\" = ${}", at + 1));
            equal.collect::<Vec<_>>().join(between)
        };
        let is_key = |name: &str| key.contains(&name);
        let (set, which) = (numbered(&|it| !is_key(it), ", "), numbered(&is_key, " AND "));
        let insert = format!("{into}{}", rows(1, names.len(), 1));
        Self {
            insert_new: leak(format!("{insert} ON CONFLICT DO NOTHING")),
            insert: leak(insert),
            columns: names.len(),
            into: leak(into),
            update: leak(format!("UPDATE {table} SET {set} WHERE {which}")),
        }
    }

    /// An update of the row with this key, if a column has the value that is bound last.
    pub(super) fn update_if(&self, column: &str) -> &'static str {
        intern(format!("{} AND {column} = ${}", self.update, self.columns + 1))
    }

    /// An update of the row with this key, if a condition without values holds.
    pub(super) fn update_where(&self, condition: &str) -> &'static str {
        intern(format!("{} AND {condition}", self.update))
    }

    /// An insert of so many rows.
    pub(super) fn insert_many(&self, count: usize) -> &'static str {
        intern(format!("{}{}", self.into, rows(1, self.columns, count)))
    }
}
