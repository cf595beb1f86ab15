//! Shopify's product CSV: reading rows into products and writing products as rows.
//!
//! A product is a group of rows with one handle: the first row has the product, each row may have a
//! variant and a picture. Files of any size are read and written one product at a time. An invalid
//! row costs its product and nothing else, and is reported with its line. This crate knows nothing
//! about the shop's own products.
//!
//! `product` is a product as the file has it. To read: `records` is CSV, `groups` collects the rows
//! of a product, `columns` maps names, `parse` and `fields` interpret values, `path` turns `Type`
//! into categories, `reader` puts them together. `writer` is the way back.

mod columns;
mod fields;
mod groups;
mod parse;
mod path;
mod product;
mod reader;
mod records;
mod writer;

pub use columns::{Column, column_of};
pub use path::Path;
pub use product::{Kind, Picture, Policy, Product, Status, Variant, Wrong};
pub use reader::{Reader, Rejected, count_rows};
pub use writer::Writer;

/// What one has to know of a shop to read and write its files.
#[derive(Clone, Copy, Debug)]
pub struct Shop<'a> {
    /// ISO 4217.
    pub currency: &'a str,
    /// Of its minor unit.
    pub digits: u32,
    /// How many levels its categories may have.
    pub levels: usize,
}

/// Why a file cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the file is empty; its first line must name the columns")]
    Empty,
    #[error("the column \"{name}\" is missing in the header{hint}")]
    ColumnMissing { name: &'static str, hint: &'static str },
    #[error("the column \"{0}\" appears twice in the header")]
    ColumnTwice(String),
    #[error("the header cannot be read: {0}")]
    Header(String),
    #[error("the file cannot be read")]
    Read(#[from] std::io::Error),
}

#[cfg(test)]
mod tests;
