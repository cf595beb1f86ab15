//! An archive of a whole catalog: `products.csv`, `categories.csv` and the pictures below `media/`.
//! Categories and pictures are brought in before the products that name them.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Seek, SeekFrom};

use bytes::Bytes;
use uuid::Uuid;
use zip::{CompressionMethod, ZipArchive};

use super::category_file;
use super::importer::Importer;
use super::plan::Planner;
use super::shelves::CategoryPaths;
use super::source::{Part, ReadSeek, Source};
use super::{ImportError, Report};
use crate::pictures;

pub(super) const PRODUCTS: &str = "products.csv";
pub(super) const CATEGORIES: &str = "categories.csv";
pub(super) const MEDIA: &str = "media/";
/// What every archive begins with.
const ZIP: &[u8] = b"PK\x03\x04";
/// Files in an archive that is uploaded, and in one on disk: each takes memory.
const MOST_SENT: u64 = 20_000;
const MOST_ON_DISK: u64 = 5_000_000;
/// Bytes that the products of an archive that is uploaded may unpack to, and the categories of any.
const MOST_PRODUCTS: u64 = 512 << 20;
const MOST_CATEGORIES: u64 = 64 << 20;
/// Categories brought in at a time.
const CHANGED: usize = 200;
/// Pictures brought in between two notes of how far an import is.
const PICTURES: usize = 8;

/// Why an archive cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    #[error("the archive has no products.csv; expected products.csv, categories.csv and media/")]
    NoProducts,
    #[error("the archive has {count} files; at most {most} are read")]
    TooMany { count: u64, most: u64 },
    #[error("{0} is encrypted or packed in a way that is not read; use deflate")]
    Packed(String),
    #[error("the archive is damaged: {0}")]
    Damaged(#[from] zip::result::ZipError),
    #[error("categories.csv cannot be read: {0}")]
    Categories(#[from] csv::Error),
}

/// What comes with the products of a file.
pub(super) struct Archive {
    source: Source,
    categories: Option<Part>,
    /// Those still to come, once they have been read.
    rows: Vec<(u64, category_file::Row)>,
    /// By slug in the file.
    ids: HashMap<String, Uuid>,
    pictures: VecDeque<(Uuid, Part)>,
}

impl Archive {
    /// The file by its products, and what else is in it.
    pub(super) fn open(source: Source) -> Result<(Source, Option<Self>), ImportError> {
        let mut whole = source.whole()?;
        let mut head = Vec::with_capacity(ZIP.len());
        (&mut whole).take(ZIP.len() as u64).read_to_end(&mut head)?;
        if head != ZIP {
            return Ok((source, None));
        }
        let most = if source.is_in_memory() { MOST_SENT } else { MOST_ON_DISK };
        let count = count(&mut whole)?;
        if count > most {
            return Err(ImportError::Archive(Wrong::TooMany { count, most }));
        }
        whole.seek(SeekFrom::Start(0))?;
        // Who reads it as a table says that it is a spreadsheet.
        let Ok(mut zip) = ZipArchive::new(whole) else { return Ok((source, None)) };
        if zip.index_for_name("xl/workbook.xml").is_some() {
            return Ok((source, None));
        }
        Self::read(source, &mut zip).map_err(ImportError::Archive)
    }

    fn read(
        source: Source,
        zip: &mut ZipArchive<Box<dyn ReadSeek>>,
    ) -> Result<(Source, Option<Self>), Wrong> {
        let (mut products, mut categories, mut media) = (None, None, VecDeque::new());
        for at in 0..zip.len() {
            let file = zip.by_index_raw(at)?;
            let name = file.name()?.into_owned();
            let picture =
                name.strip_prefix(MEDIA).and_then(|it| it.split('.').next()?.parse().ok());
            let most = match (name.as_str(), picture) {
                (PRODUCTS, _) if source.is_in_memory() => MOST_PRODUCTS,
                (PRODUCTS, _) => u64::MAX,
                (CATEGORIES, _) => MOST_CATEGORIES,
                (_, Some(_)) => pictures::MAX_BYTES as u64,
                // What people add to an archive is no reason to refuse it.
                _ => continue,
            };
            let is_deflated = match file.compression() {
                CompressionMethod::Stored if !file.encrypted() => false,
                CompressionMethod::Deflated if !file.encrypted() => true,
                _ => return Err(Wrong::Packed(name)),
            };
            let start = file.data_start().ok_or_else(|| Wrong::Packed(name.clone()))?;
            let part = Part { start, packed: file.compressed_size(), is_deflated, most };
            match picture {
                Some(id) => media.push_back((id, part)),
                None if name == PRODUCTS => products = Some(part),
                None => categories = Some(part),
            }
        }
        let archive = Self {
            source: source.clone(),
            categories,
            rows: vec![],
            ids: HashMap::new(),
            pictures: media,
        };
        Ok((source.with_table(products.ok_or(Wrong::NoProducts)?), Some(archive)))
    }

    /// Brings some of it in; returns whether there is more.
    pub(super) async fn step(&mut self, importer: &mut Importer<'_>) -> Result<bool, ImportError> {
        let planner = &mut importer.planner;
        if let Some(part) = self.categories.take() {
            let category_file::Rows { mut rows, wrong } = self.category_rows(&part)?;
            rows.reverse();
            self.rows = rows;
            importer.report.warn_of(CATEGORIES, wrong);
        }
        if !self.rows.is_empty() {
            let mut rows = self.rows.split_off(self.rows.len().saturating_sub(CHANGED));
            rows.reverse();
            let (db, now) = (planner.db, planner.clock.now());
            let wrong = category_file::bring_in(db, now, &rows, &mut self.ids).await?;
            importer.report.warn_of(CATEGORIES, wrong);
            planner.shelves = CategoryPaths::load(db).await?;
            return Ok(true);
        }
        for _ in 0..PICTURES {
            let Some((id, part)) = self.pictures.pop_front() else { return Ok(false) };
            let mut bytes = Vec::new();
            let read = self.source.part(&part)?.read_to_end(&mut bytes);
            let restored = match read {
                Ok(_) => {
                    pictures::restore(planner.db, id, Bytes::from(bytes), planner.clock.now()).await
                }
                Err(error) => Err(crate::problems::import_unreadable(&error.to_string())),
            };
            if let Err(problem) = restored {
                if problem.status >= 500 {
                    return Err(ImportError::Busy);
                }
                let detail = format!("{MEDIA}{id} is left out: {}", problem.detail);
                importer.report.warn(0, "", detail);
            }
        }
        Ok(true)
    }

    /// Notes what an import would bring in.
    pub(super) fn look(
        self,
        planner: &mut Planner<'_>,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        planner.pictures.offered = self.pictures.iter().map(|(id, _)| *id).collect();
        if let Some(part) = &self.categories {
            report.warn_of(CATEGORIES, self.category_rows(part)?.wrong);
        }
        Ok(())
    }

    fn category_rows(&self, part: &Part) -> Result<category_file::Rows, ImportError> {
        let read = category_file::read(self.source.part(part)?);
        read.map_err(|error| ImportError::Archive(error.into()))
    }
}

/// How many files an archive says it has, at most: what lists them takes memory for each.
fn count(file: &mut impl ReadSeek) -> std::io::Result<u64> {
    /// The record at the end, the longest comment after it, and what leads to the larger record of
    /// archives with very many files.
    const TAIL: u64 = 22 + 0xFFFF + 20;
    const END: &[u8] = b"PK\x05\x06";
    const LOCATOR: &[u8] = b"PK\x06\x07";
    fn number(bytes: &[u8], from: usize, length: usize) -> u64 {
        let bytes = bytes.get(from..from + length).unwrap_or_default();
        bytes.iter().rev().fold(0, |all, it| (all << 8) | u64::from(*it))
    }
    let size = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    (&mut *file).take(TAIL).read_to_end(&mut tail)?;
    // Which of several counts is not for us to say.
    let mut most = 0;
    for (at, sign) in tail.windows(4).enumerate() {
        if sign == END {
            most = most.max(number(&tail, at + 10, 2));
        } else if sign == LOCATOR {
            file.seek(SeekFrom::Start(number(&tail, at + 8, 8).min(size)))?;
            let mut record = Vec::new();
            (&mut *file).take(56).read_to_end(&mut record)?;
            most = most.max(number(&record, 32, 8));
        }
    }
    Ok(most)
}
