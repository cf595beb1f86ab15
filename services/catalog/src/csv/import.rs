//! Products from a file into the shop, a few at a time.

use std::io::Read;

use catalog_csv::{Product, Reader};
use chassis::clock::Clock;
use chassis::db::Db;
use chassis::money::Currency;

use super::importer::Importer;
use super::words::shop;
use super::{ImportError, OfExisting, Progress, Report};

/// Products written in one transaction.
const BATCH: usize = 100;
/// A batch ends early when its descriptions come to so many bytes.
const BATCH_BYTES: usize = 2 << 20;

/// Reads products from `input` and brings the shop to the same state. What is wrong with single
/// products is in the report; an error means that the rest of the file was not looked at.
pub async fn import<R: Read + Send>(
    db: &Db,
    clock: Clock,
    currency: &Currency,
    stock: OfExisting,
    input: R,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Report, ImportError> {
    let mut run = Run::begin(db, clock, currency, stock, input).await?;
    loop {
        let more = run.step().await?;
        progress(run.done());
        if !more {
            return Ok(run.into_report());
        }
    }
}

/// An import on its way, which can be left and gone on with between two steps.
pub(crate) struct Run<'a, R> {
    reader: Reader<'a, R>,
    importer: Importer<'a>,
    done: Progress,
}

impl<'a, R: Read + Send> Run<'a, R> {
    /// Reads the header.
    pub(crate) async fn begin(
        db: &'a Db,
        clock: Clock,
        currency: &'a Currency,
        stock: OfExisting,
        input: R,
    ) -> Result<Self, ImportError> {
        let reader = Reader::new(input, shop(currency))?;
        let importer = Importer::new(db, clock, stock).await?;
        Ok(Self { reader, importer, done: Progress::default() })
    }

    /// Goes on after so many products, which have come to this report.
    pub(crate) fn resume(&mut self, products: u64, report: Report) -> Result<(), ImportError> {
        for _ in 0..products {
            self.reader.skip()?;
        }
        (self.done.bytes, self.done.rows) = self.reader.read();
        self.done.products = products;
        self.importer.report = report;
        Ok(())
    }

    /// Brings some products in; returns whether there are more.
    pub(crate) async fn step(&mut self) -> Result<bool, ImportError> {
        let mut batch: Vec<Product> = Vec::new();
        let mut size = 0;
        let mut more = true;
        while more && batch.len() < BATCH && size < BATCH_BYTES {
            let Some(product) = self.reader.product()? else {
                more = false;
                continue;
            };
            self.done.products += 1;
            match product {
                Ok(product) => {
                    size += product.body.as_ref().map_or(0, String::len);
                    batch.push(product);
                }
                Err(it) => self.importer.report.reject(it.line, &it.handle, it.reason),
            }
        }
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
