//! Rows of either database, and the types that are read from and written as rows.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::text::Texts;
use super::value::Decode;
use super::{Error, Query, Result};

/// A row of either database.
#[derive(Clone, Copy)]
pub struct Row<'r>(Of<'r>);

#[derive(Clone, Copy)]
enum Of<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r PgRow),
}

/// A type that is read from a row: `#[derive(Record)]`, or a tuple, by position.
pub trait Record: Sized + Send {
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

/// A type whose fields are columns.
pub trait Columns {
    /// Adds their names, in order.
    fn columns(columns: &mut Vec<&'static str>);
}

/// A type that is bound to a statement, column by column.
pub trait Bind: Columns + Sync {
    fn bind_to<'c>(&self, query: Query<'c>) -> Query<'c>;
}

/// A type whose values are the rows of a table: `#[derive(Record)]` or `#[derive(Insert)]` with
/// `#[record(table = "..", key(".."))]`.
pub trait Table: Bind {
    fn texts() -> &'static Texts;
}

impl<T: Columns> Columns for &T {
    fn columns(columns: &mut Vec<&'static str>) {
        T::columns(columns);
    }
}

impl<T: Bind> Bind for &T {
    fn bind_to<'c>(&self, query: Query<'c>) -> Query<'c> {
        T::bind_to(self, query)
    }
}

impl<T: Table> Table for &T {
    fn texts() -> &'static Texts {
        T::texts()
    }
}

impl<'r> Row<'r> {
    pub(super) fn sqlite(row: &'r rusqlite::Row<'r>) -> Self {
        Self(Of::Sqlite(row))
    }

    pub(super) fn postgres(row: &'r PgRow) -> Self {
        Self(Of::Postgres(row))
    }

    /// The value of a column.
    pub fn get<T: Decode>(&self, column: &str) -> Result<T> {
        let index = match self.0 {
            Of::Sqlite(row) => row.as_ref().column_index(column)?,
            Of::Postgres(row) => sqlx::ColumnIndex::index(&column, row)?,
        };
        self.at(index).map_err(|error| in_column(column, error))
    }

    /// The value of the column at this place, from 0 on.
    pub fn at<T: Decode>(&self, index: usize) -> Result<T> {
        match self.0 {
            Of::Sqlite(row) => T::from_sqlite(row.get_ref(index)?),
            Of::Postgres(row) => T::from_postgres(row.try_get(index)?),
        }
        .map_err(Error::Driver)
    }
}

fn in_column(column: &str, error: Error) -> Error {
    match error {
        Error::Driver(cause) => Error::Driver(format!("in {column}: {cause}").into()),
        error => error,
    }
}

macro_rules! tuples {
    ($($($name:ident = $index:literal),+;)+) => {
        $(
            impl<$($name: Decode + Send),+> Record for ($($name,)+) {
                fn from_row(row: &Row<'_>) -> Result<Self> {
                    Ok(($(row.at::<$name>($index)?,)+))
                }
            }
        )+
    };
}

tuples! {
    A = 0;
    A = 0, B = 1;
    A = 0, B = 1, C = 2;
    A = 0, B = 1, C = 2, D = 3;
    A = 0, B = 1, C = 2, D = 3, E = 4;
    A = 0, B = 1, C = 2, D = 3, E = 4, F = 5;
    A = 0, B = 1, C = 2, D = 3, E = 4, F = 5, G = 6;
    A = 0, B = 1, C = 2, D = 3, E = 4, F = 5, G = 6, H = 7;
    A = 0, B = 1, C = 2, D = 3, E = 4, F = 5, G = 6, H = 7, I = 8;
}
