//! Import and export of Shopify's product CSV.
//!
//! The crate `catalog_csv` knows the format. Files of any size are processed a few products at a
//! time, also next to a running shop. An invalid row costs its product and nothing else; the report
//! names its line. Importing the same file twice changes nothing, and an export imports unchanged.
//!
//! A stock figure that is hours old says nothing about what has moved since. So an export has its
//! figures twice, and an id of its own; an import applies the difference between the two, and knows
//! from the ledger what files of that export have already applied.
//!
//! `import` reads a file and `importer` writes its products, `preview` reports what they would do,
//! `export` is the way back. `merge` combines the file with the shop's product, `shelves` finds or
//! creates the categories it names, `explain` reports errors in terms of the file, `words` maps its
//! vocabulary.

mod export;
mod import;
mod preview;

mod explain;
mod importer;
mod merge;
mod shelves;
mod words;

pub use export::export;
use serde::{Deserialize, Serialize};

pub(crate) use import::Run;
pub use import::import;
pub(crate) use preview::{Action, Preview, count_rows, preview};

/// How many problems a report lists; the others are only counted.
pub const MAX_PROBLEMS: usize = 1_000;

/// How far an import or export has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file read, or written.
    pub bytes: u64,
    /// Rows of the file, the header not counted.
    pub rows: u64,
    pub products: u64,
}

/// What a file says of the stock of variants that exist. New ones begin with its figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OfExisting {
    /// What was changed since its export: so many are added or taken off.
    #[default]
    Edited,
    /// How many there are, whatever moved since.
    Set,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub products_created: u64,
    pub updated: u64,
    pub unchanged: u64,
    /// Variants whose stock stays although the file has another figure: it does not say what that
    /// goes by.
    #[serde(default)]
    pub stock_kept: u64,
    /// Products left out, and rows that belong to none.
    pub rejected: u64,
    /// Products that were imported although something about them could not be.
    pub warnings: u64,
    /// In the order of the file; of those that are warnings and of those that are not at most
    /// [`MAX_PROBLEMS`] each.
    pub problems: Vec<RowProblem>,
    /// Problems beyond those listed.
    pub problems_left_out: u64,
}

/// Something wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// The line the row begins on; the header is line 1.
    pub line: u64,
    pub handle: String,
    pub reason: String,
    /// Whether the product was left out; else this is a warning.
    pub rejected: bool,
}

/// Why a file could not be imported, or not to its end. What was imported before stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    File(#[from] catalog_csv::Error),
    #[error("the database failed")]
    Database(#[from] chassis::db::Error),
    #[error("the database is busy or full; products imported so far are kept, try again later")]
    Busy,
}

/// Why products could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("the file cannot be written")]
    Write(#[from] std::io::Error),
    #[error("the database failed")]
    Database(#[from] chassis::db::Error),
}

impl Report {
    fn reject(&mut self, line: u64, handle: &str, reason: impl Into<String>) {
        self.rejected += 1;
        self.problem(line, handle, reason.into(), true);
    }

    fn warn(&mut self, line: u64, handle: &str, reason: impl Into<String>) {
        self.warnings += 1;
        self.problem(line, handle, reason.into(), false);
    }

    fn problem(&mut self, line: u64, handle: &str, reason: String, rejected: bool) {
        let count = if rejected { self.rejected } else { self.warnings };
        if count > MAX_PROBLEMS as u64 {
            self.problems_left_out += 1;
            return;
        }
        let handle = handle.chars().take(255).collect();
        self.problems.push(RowProblem { line, handle, reason, rejected });
    }
}

impl RowProblem {
    /// The column it is about.
    pub fn column(&self) -> Option<&'static str> {
        catalog_csv::column_of(&self.reason)
    }
}

impl std::fmt::Display for RowProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.handle.is_empty() {
            write!(f, ", {}", self.handle.escape_debug())?;
        }
        write!(f, ": {}", self.reason)
    }
}

#[cfg(test)]
mod tests;
