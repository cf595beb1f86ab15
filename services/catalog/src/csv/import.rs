//! Products from a file into the shop, a few at a time.

use std::io::Read;

use catalog_csv::{Product, Reader};
use chassis::clock::Clock;
use chassis::db::Db;
use chassis::money::Currency;

use super::archive::Archive;
use super::importer::Importer;
use super::source::Source;
use super::words::shop;
use super::{ImportError, Options, Progress, Report};

/// Products written in one transaction.
const BATCH: usize = 100;
/// A batch ends early when its descriptions come to so many bytes.
const BATCH_BYTES: usize = 2 << 20;
/// ... or its rows to so many variants.
const BATCH_VARIANTS: usize = 2_000;

/// Reads products from `input` and brings the shop to the same state. What is wrong with single
/// products is in the report; an error means that the rest of the file was not looked at.
pub async fn import(
    db: &Db,
    clock: Clock,
    currency: &Currency,
    options: Options,
    input: impl Into<Source>,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Report, ImportError> {
    let mut run = Run::begin(db, clock, currency, options, input.into()).await?;
    loop {
        let more = run.step().await?;
        progress(run.done());
        if !more {
            return Ok(run.into_report());
        }
    }
}

/// An import on its way, which can be left and gone on with between two steps.
pub(crate) struct Run<'a> {
    /// What else comes with the products, and is brought in first.
    archive: Option<Archive>,
    reader: Reader<'a, Box<dyn Read + Send>>,
    importer: Importer<'a>,
    done: Progress,
}

impl<'a> Run<'a> {
    /// Reads the header.
    pub(crate) async fn begin(
        db: &'a Db,
        clock: Clock,
        currency: &'a Currency,
        options: Options,
        source: Source,
    ) -> Result<Self, ImportError> {
        let (source, archive) = Archive::open(source)?;
        let reader = Reader::new(source.open()?, shop(currency))?;
        let mut importer = Importer::new(db, clock, currency, options, source).await?;
        importer.report.describe(&reader);
        Ok(Self { archive, reader, importer, done: Progress::default() })
    }

    /// Goes on after so many products, which have come to this report.
    pub(crate) fn resume(&mut self, products: u64, report: Report) -> Result<(), ImportError> {
        for _ in 0..products {
            self.reader.skip()?;
        }
        (self.done.bytes, self.done.rows) = self.reader.read();
        self.done.products = products;
        if products > 0 {
            self.importer.report = report;
            // It came before them.
            self.archive = None;
        }
        Ok(())
    }

    /// Brings some products in; returns whether there are more.
    pub(crate) async fn step(&mut self) -> Result<bool, ImportError> {
        if let Some(archive) = &mut self.archive {
            let more = archive.step(&mut self.importer).await?;
            if !more {
                self.archive = None;
            }
            return Ok(true);
        }
        let (batch, more) = next(&mut self.reader, |it| {
            self.done.products += 1;
            if let Some(wrong) = it {
                self.importer.report.reject(wrong.line, &wrong.handle, wrong.reason);
            }
        })?;
        self.importer.write(batch).await?;
        (self.done.bytes, self.done.rows) = self.reader.read();
        Ok(more)
    }

    pub(crate) fn done(&self) -> Progress {
        self.done
    }

    /// What has become of the products so far.
    pub(crate) fn report(&self) -> &Report {
        &self.importer.report
    }

    pub(crate) fn into_report(self) -> Report {
        self.importer.into_report()
    }
}

/// The next products of a file, and whether there are more. Each is counted, also those that cannot
/// be used.
pub(super) fn next<R: Read>(
    reader: &mut Reader<'_, R>,
    mut count: impl FnMut(Option<catalog_csv::Rejected>),
) -> Result<(Vec<Product>, bool), ImportError> {
    let mut batch: Vec<Product> = Vec::new();
    let (mut size, mut variants) = (0, 0);
    while batch.len() < BATCH && size < BATCH_BYTES && variants < BATCH_VARIANTS {
        let Some(product) = reader.product()? else { return Ok((batch, false)) };
        match product {
            Ok(product) => {
                count(None);
                size += product.body.as_ref().map_or(0, String::len);
                variants += product.variants.len();
                batch.push(product);
            }
            Err(wrong) => count(Some(wrong)),
        }
    }
    Ok((batch, true))
}
