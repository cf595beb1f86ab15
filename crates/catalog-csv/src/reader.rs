//! A file to products.

use std::io::Read;

use crate::groups::Groups;
use crate::parse::Parser;
use crate::{Error, Product, Shop};

/// Reads the products of a file one by one.
pub struct Reader<'a, R> {
    groups: Groups<R>,
    shop: Shop<'a>,
}

/// A product that cannot be used, or a row that belongs to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    pub line: u64,
    pub handle: String,
    pub reason: String,
}

impl<'a, R: Read> Reader<'a, R> {
    /// Reads the header.
    pub fn new(input: R, shop: Shop<'a>) -> Result<Self, Error> {
        Ok(Self { groups: Groups::new(input)?, shop })
    }

    /// The next product; none at the end of the file.
    pub fn product(&mut self) -> Result<Option<Result<Product, Rejected>>, Error> {
        let Some(group) = self.groups.next()? else { return Ok(None) };
        let handle = group.handle.clone();
        let product = Parser { columns: &self.groups.columns, shop: self.shop }.product(group);
        Ok(Some(product.map_err(|(line, reason)| Rejected { line, handle, reason })))
    }

    /// Passes over a product, without a look at what its fields mean; false at the end of the file.
    pub fn skip(&mut self) -> Result<bool, Error> {
        Ok(self.groups.next()?.is_some())
    }

    /// How many bytes have been read, and how many rows of the products so far.
    pub fn read(&self) -> (u64, u64) {
        self.groups.read()
    }
}

/// How many rows a file has below its header.
pub fn count_rows(input: impl Read) -> Result<u64, Error> {
    let mut groups = Groups::new(input)?;
    while groups.next()?.is_some() {}
    Ok(groups.read().1)
}
