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
//! A file changes what it names; it removes nothing unless it is meant to be all there is
//! (`remove_missing`), and then each thing is named. Each SKU has one owner: who comes later gets a
//! suffix.
//!
//! `source` is the file, `archive` what else may be in it, `category_file` its categories. `import` reads it, `plan` finds out what
//! is to be done with some products, `importer` does it, `preview` only tells it. For a plan `pairs`
//! finds the variants that rows are about, `merge` brings both together, `skus` makes SKUs sure,
//! `shelves` knows the categories, `pictures` the pictures and `removal` names what goes; `explain`
//! reports errors in terms of the file. `export` is the way back, `words` maps vocabulary.

mod export;
mod import;
mod preview;
mod source;

mod archive;
mod category_file;
mod explain;
mod importer;
mod merge;
mod pairs;
mod pictures;
mod plan;
mod removal;
mod shelves;
mod skus;
mod words;

pub(crate) use export::Export;
pub use export::{Format, export};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use import::Run;
pub use import::import;
pub(crate) use preview::{Action, Preview, count_rows, preview};
pub use removal::{Removal, RemovalKind};
pub use source::Source;

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

/// How a file is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub stock: OfExisting,
    /// Whether variants, pictures and options of its products that it does not name are removed.
    pub remove_missing: bool,
}

/// A column that is not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportIgnoredColumn)]
pub struct IgnoredColumn {
    /// The name in the header.
    pub name: String,
    /// The known column that is called nearly the same.
    pub nearest: Option<String>,
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
    /// Variants, pictures and option values of products in the file that were removed.
    #[serde(default)]
    pub removed: u64,
    /// The first [`MAX_PROBLEMS`] of these.
    #[serde(default)]
    pub removals: Vec<Removal>,
    /// Whose format the file has.
    #[serde(default)]
    pub format: Option<String>,
    /// Columns of the file that were not read.
    #[serde(default)]
    pub ignored_columns: Vec<IgnoredColumn>,
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
    #[error("the file cannot be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("{0}")]
    Archive(archive::Wrong),
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
    #[error("the archive cannot be written")]
    Archive(#[from] zip::result::ZipError),
    #[error("the database failed")]
    Database(#[from] chassis::db::Error),
}

impl Report {
    /// Notes what there is to say of the whole file.
    fn describe<R: std::io::Read>(&mut self, reader: &catalog_csv::Reader<'_, R>) {
        self.format = Some(reader.format().as_str().to_owned());
        let ignored = reader.ignored().iter().take(MAX_PROBLEMS).map(|it| IgnoredColumn {
            name: it.name.chars().take(255).collect(),
            nearest: it.nearest.map(str::to_owned),
        });
        self.ignored_columns = ignored.collect();
    }

    fn reject(&mut self, line: u64, handle: &str, reason: impl Into<String>) {
        self.rejected += 1;
        self.problem(line, handle, reason.into(), true);
    }

    fn warn(&mut self, line: u64, handle: &str, reason: impl Into<String>) {
        self.warnings += 1;
        self.problem(line, handle, reason.into(), false);
    }

    /// Notes what is wrong with a file that comes with the products.
    fn warn_of(&mut self, file: &str, wrong: Vec<(u64, String)>) {
        for (line, reason) in wrong {
            self.warn(line, "", format!("{file}: {reason}"));
        }
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
