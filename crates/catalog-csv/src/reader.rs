//! A file to products.

use std::io::{self, Read};

use crate::columns::{Column, Format};
use crate::families::Families;
use crate::fields::Parser;
use crate::groups::{Group, Groups};
use crate::header::{Columns, Ignored};
use crate::records::Records;
use crate::{Error, Product, Shop};

/// Reads the products of a file one by one.
pub struct Reader<'a, R> {
    rows: Rows<R>,
    shop: Shop<'a>,
}

/// The rows of products, by whether those of one stand together.
enum Rows<R> {
    Together(Groups<R>),
    Apart(Families<R>),
}

/// A product that cannot be used, or a row that belongs to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    pub line: u64,
    /// Where it has no handle its title, else its SKU.
    pub handle: String,
    pub reason: String,
}

impl<'a, R: Read> Reader<'a, R> {
    /// Reads the header.
    pub fn new(input: R, shop: Shop<'a>) -> Result<Self, Error> {
        Ok(Self { rows: Rows::open(input)?, shop })
    }

    /// Whose file it is.
    pub fn format(&self) -> Format {
        self.rows.columns().format
    }

    /// The columns that are not read, in the order of the file.
    pub fn ignored(&self) -> &[Ignored] {
        self.rows.columns().ignored()
    }

    /// The name a column has in this file, or would have.
    pub fn name(&self, column: Column) -> &str {
        self.rows.columns().name(column)
    }

    /// Whether the file has a column.
    pub fn has(&self, column: Column) -> bool {
        self.rows.columns().has(column)
    }

    /// The next product; none at the end of the file.
    pub fn product(&mut self) -> Result<Option<Result<Product, Rejected>>, Error> {
        let Some(group) = self.rows.next()? else { return Ok(None) };
        let parser = Parser { columns: self.rows.columns(), shop: self.shop };
        let product = parser.product(&group);
        let handle = group.name;
        Ok(Some(product.map_err(|(line, reason)| Rejected { line, handle, reason })))
    }

    /// Passes over a product, without a look at what its fields mean; false at the end of the file.
    pub fn skip(&mut self) -> Result<bool, Error> {
        Ok(self.rows.next()?.is_some())
    }

    /// How many bytes have been read, and how many rows of the products so far. Rows of products
    /// that are not complete count as well.
    pub fn read(&self) -> (u64, u64) {
        self.rows.read()
    }
}

impl<R: Read> Rows<R> {
    fn open(input: R) -> Result<Self, Error> {
        let mut records = Records::new(input)?;
        let columns = Columns::of_file(&mut records)?;
        Ok(match columns.format {
            Format::Shopify => Self::Together(Groups::new(records, columns)),
            _ => Self::Apart(Families::new(records, columns)),
        })
    }

    fn columns(&self) -> &Columns {
        match self {
            Self::Together(rows) => &rows.columns,
            Self::Apart(rows) => &rows.columns,
        }
    }

    fn next(&mut self) -> io::Result<Option<Group>> {
        match self {
            Self::Together(rows) => rows.next(),
            Self::Apart(rows) => rows.next(),
        }
    }

    fn read(&self) -> (u64, u64) {
        match self {
            Self::Together(rows) => rows.read(),
            Self::Apart(rows) => rows.read(),
        }
    }
}

impl Parser<'_> {
    fn product(&self, group: &Group) -> Result<Product, crate::Wrong> {
        if let Some(broken) = &group.broken {
            return Err(broken.clone());
        }
        let Some(first) = group.rows.first() else {
            return Err((group.line, "there is no row".to_owned()));
        };
        match self.columns.format {
            Format::Shopify => self.shopify(group, first),
            Format::WooCommerce => self.woocommerce(group, first),
            Format::GoogleMerchant => self.google(group, first),
        }
    }
}

/// How many rows a file has below its header.
pub fn count_rows(input: impl Read) -> Result<u64, Error> {
    let mut rows = Rows::open(input)?;
    while rows.next()?.is_some() {}
    Ok(rows.read().1)
}
