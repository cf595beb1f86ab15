//! Product files: reading rows into products and writing products as rows.
//!
//! Files are Shopify's product CSV under its old or today's names of columns, WooCommerce's product
//! CSV, or a feed for Google Merchant; the header tells which. What is written is Shopify's. In it a
//! product is a group of rows with one handle: the first row has the product, each row may have a
//! variant and a picture. Files of any size are read and written one product at a time. An invalid
//! row costs its product and nothing else, and is reported with its line. This crate knows nothing
//! about the shop's own products.
//!
//! `product` is a product as the file has it. To read: `encoding`, `lines` and `records` are CSV,
//! `columns` has the names of columns and `header` finds them, `groups` collects the rows of a product
//! and `families` those of the other formats, which may stand apart. `fields` and `pictures` interpret
//! values, and `shopify`, `woocommerce` and `google` make a product of them; `path` and `list` turn
//! texts into categories and lists. `reader` puts them together. `writer` is the way back, and
//! `guard` keeps spreadsheets from taking texts for formulas.

mod columns;
mod encoding;
mod families;
mod fields;
mod google;
mod groups;
mod guard;
mod header;
mod lines;
mod list;
mod path;
mod pictures;
mod product;
mod reader;
mod records;
mod shopify;
mod woocommerce;
mod writer;

pub use columns::{Column, Format, column_of};
pub use guard::{guarded, unguarded};
pub use header::Ignored;
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
    #[error(
        "the columns are not known{hint}; expected those of Shopify (Handle or URL handle, Title, \
         Variant SKU or SKU, Variant Price or Price), WooCommerce (ID, Type, SKU, Name, Regular \
         price) or Google Merchant (id, title, link, image_link, price); found {found}"
    )]
    UnknownColumns { found: String, hint: &'static str },
    #[error("the column \"{0}\" appears twice in the header")]
    ColumnTwice(String),
    #[error("the header cannot be read: {0}")]
    Header(String),
    #[error("the file cannot be read")]
    Read(#[from] std::io::Error),
}

#[cfg(test)]
mod tests;
