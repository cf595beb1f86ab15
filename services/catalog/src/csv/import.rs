//! Products from a file into the shop, a few at a time.

use std::io::Read;
use std::time::Duration;

use chassis::clock::Clock;
use chassis::db::{Db, Tx};
use chassis::money::Currency;
use chassis::problem::{FieldError, Problem};
use tokio::time::Instant;
use uuid::Uuid;

use super::columns::{COLUMNS, Column};
use super::export;
use super::groups::Groups;
use super::parse::{Imported, Kind, Parser, Wrong};
use super::path;
use super::shelves::Shelves;
use super::{ImportError, Progress, Report};
use crate::books::Books;
use crate::model::Product;
use crate::{products, store};

/// Products written in one transaction.
const BATCH: usize = 100;
/// A batch ends early when its descriptions come to so many bytes.
const BATCH_BYTES: usize = 2 << 20;
/// How often a batch is tried again without the product that failed, before each product gets a
/// transaction of its own.
const AGAIN: usize = 3;
/// At how many available units a file tells `stock.low`: never, it is no sale.
const LOW: i64 = i64::MIN;
/// How often one product is tried when the database is busy.
const TRIES: u32 = 5;

/// Reads products from `input` and brings the shop to the same state. What is wrong with single
/// products is in the report; an error means that the rest of the file was not looked at.
pub async fn import<R: Read + Send>(
    db: &Db,
    clock: Clock,
    currency: &Currency,
    input: R,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Report, ImportError> {
    let mut groups = Groups::new(input)?;
    let columns = groups.columns.clone();
    let parser = Parser { columns: &columns, currency };
    let shelves = Shelves::load(db).await?;
    let mut importer = Importer { db, clock, shelves, report: Report::default() };
    let mut batch: Vec<Imported> = Vec::new();
    let mut size = 0;
    let mut done = Progress::default();
    loop {
        let group = groups.next()?;
        let end = group.is_none();
        if let Some(group) = group {
            done.products += 1;
            let handle = group.handle.clone();
            match parser.product(group) {
                Ok(product) => {
                    size += product.body.as_ref().map_or(0, String::len);
                    batch.push(product);
                }
                Err((line, reason)) => importer.report.reject(line, &handle, reason),
            }
        }
        if batch.len() >= BATCH || size >= BATCH_BYTES || end {
            importer.write(std::mem::take(&mut batch)).await?;
            size = 0;
            (done.bytes, done.rows) = groups.read();
            progress(done);
        }
        if end {
            break;
        }
    }
    let mut report = importer.report;
    report.problems.sort_by_key(|it| it.line);
    Ok(report)
}

struct Importer<'a> {
    db: &'a Db,
    clock: Clock,
    shelves: Shelves,
    report: Report,
}

/// What became of a product.
enum Outcome {
    Created,
    Updated,
    Unchanged,
    Rejected(Wrong),
}

/// Why a batch was rolled back.
enum Failure {
    /// Because of the product at this place.
    Product(usize, Wrong),
    /// Because of the database, or of somebody else who writes: it may be better in a moment.
    Moment(ImportError),
}

impl Importer<'_> {
    async fn write(&mut self, all: Vec<Imported>) -> Result<(), ImportError> {
        let mut batch = Vec::with_capacity(all.len());
        for product in all {
            match self.is_there(&product).await? {
                true => self.tell(&[product], vec![Outcome::Unchanged]),
                false => batch.push(product),
            }
        }
        for _ in 0..AGAIN {
            if batch.is_empty() {
                return Ok(());
            }
            match self.together(&batch).await {
                Ok(outcomes) => {
                    self.tell(&batch, outcomes);
                    return Ok(());
                }
                Err(Failure::Product(at, (line, reason))) => {
                    let bad = batch.remove(at);
                    self.report.reject(line, &bad.handle, reason);
                }
                Err(Failure::Moment(_)) => self.shelves = Shelves::load(self.db).await?,
            }
        }
        for product in batch {
            let product = std::slice::from_ref(&product);
            let outcomes = self.alone(product).await?;
            self.tell(product, outcomes);
        }
        Ok(())
    }

    /// Whether the shop has the product exactly so. Most of a file that is imported again is
    /// found out here, without keeping anybody from writing.
    async fn is_there(&self, product: &Imported) -> Result<bool, ImportError> {
        let Some(old) = store::products::find(self.db, &product.handle).await? else {
            return Ok(false);
        };
        let mut product = product.clone();
        let categories = self.categories(&mut product, Some(&old));
        let Ok(new) = product.to_new(Some(&old), categories) else { return Ok(false) };
        let Ok(draft) = new.into_draft(Some(&old), old.updated_at) else { return Ok(false) };
        let mut new = Product { version: old.version, ..draft.product };
        new.category_ids.sort_unstable();
        Ok(new == old)
    }

    /// Writes one product, patiently.
    async fn alone(&mut self, product: &[Imported]) -> Result<Vec<Outcome>, ImportError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.together(product).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Failure::Product(_, wrong)) => return Ok(vec![Outcome::Rejected(wrong)]),
                Err(Failure::Moment(error)) if tries == TRIES => return Err(error),
                Err(Failure::Moment(_)) => {
                    tokio::time::sleep(Duration::from_millis(200) * tries).await;
                    self.shelves = Shelves::load(self.db).await?;
                }
            }
        }
    }

    /// Writes products in one transaction.
    async fn together(&mut self, batch: &[Imported]) -> Result<Vec<Outcome>, Failure> {
        let paths = batch.iter().filter_map(|it| it.kind.as_ref()).map(|it| it.path.as_slice());
        self.shelves.make(self.db, self.clock, paths).await?;
        let mut tx = self.db.begin().await?;
        let began = Instant::now();
        let mut outcomes = Vec::with_capacity(batch.len());
        for (at, product) in batch.iter().enumerate() {
            outcomes.push(match self.one(&mut tx, product).await? {
                Ok(outcome) => outcome,
                Err(problem) => refused(&problem, product, at)?,
            });
        }
        tx.commit().await?;
        if self.db.is_sqlite() {
            // The file has one writer at a time: leave room for a shop that runs beside.
            tokio::time::sleep(began.elapsed() / 4).await;
        }
        Ok(outcomes)
    }

    async fn one(
        &self,
        tx: &mut Tx,
        product: &Imported,
    ) -> Result<chassis::problem::Result<Outcome>, Failure> {
        let old = store::products::find_in(tx, &product.handle).await?;
        let mut product = product.clone();
        let categories = self.categories(&mut product, old.as_ref());
        let new = match product.to_new(old.as_ref(), categories) {
            Ok(new) => new,
            Err(wrong) => return Ok(Ok(Outcome::Rejected(wrong))),
        };
        let mut books = Books::open(tx, self.clock.now(), LOW);
        let written = match &old {
            None => products::create(&mut books, new).await.map(|_| Outcome::Created),
            Some(old) => products::replace(&mut books, old, new).await.map(|it| match it {
                Some(_) => Outcome::Updated,
                None => Outcome::Unchanged,
            }),
        };
        Ok(written)
    }

    /// The categories of a product. Where `Type` is what it was, the shop's own order stays;
    /// else its category takes the place of the one the old `Type` stood for.
    fn categories(&self, product: &mut Imported, old: Option<&Product>) -> Vec<Uuid> {
        let before = old.map(|it| it.category_ids.clone()).unwrap_or_default();
        let same =
            |kind: &Kind| old.is_some_and(|it| export::kind(it, self.shelves.tree()) == kind.text);
        let Some(kind) = product.kind.take_if(|it| !same(it)) else {
            product.kind = None;
            return before;
        };
        let new = self.shelves.find(&kind.path);
        let gone =
            old.and_then(|it| self.shelves.find(&path::read(&it.product_type, &it.title).names));
        product.kind = Some(kind);
        before.into_iter().filter(|it| Some(*it) != gone).chain(new).collect()
    }

    fn tell(&mut self, batch: &[Imported], outcomes: Vec<Outcome>) {
        for (product, outcome) in batch.iter().zip(outcomes) {
            match outcome {
                Outcome::Created => self.report.products_created += 1,
                Outcome::Updated => self.report.updated += 1,
                Outcome::Unchanged => self.report.unchanged += 1,
                Outcome::Rejected((line, reason)) => {
                    self.report.reject(line, &product.handle, reason);
                    continue;
                }
            }
            for (line, reason) in &product.warnings {
                self.report.warn(*line, &product.handle, reason);
            }
        }
    }
}

impl<E: Into<ImportError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Moment(error.into())
    }
}

/// What follows when a product was refused.
fn refused(problem: &Problem, product: &Imported, at: usize) -> Result<Outcome, Failure> {
    let unknown_category = problem.errors.iter().any(|it| it.field == "category_ids");
    match problem.code.as_ref() {
        // Found out before anything was written: the others can go on.
        "validation_failed" if !unknown_category => {
            Ok(Outcome::Rejected(explain(problem, product)))
        }
        "internal" => {
            let wrong = (product.line, "the database refuses it; see the log".to_owned());
            Err(Failure::Product(at, wrong))
        }
        "product_changed" => Err(Failure::Moment(ImportError::Busy)),
        _ if unknown_category || problem.status >= 500 => Err(Failure::Moment(ImportError::Busy)),
        _ => Err(Failure::Product(at, explain(problem, product))),
    }
}

/// A problem in the words of the file.
fn explain(problem: &Problem, product: &Imported) -> Wrong {
    let Some(first) = problem.errors.first() else {
        return (product.line, problem.detail.clone().into_owned());
    };
    let all: Vec<String> = problem.errors.iter().map(in_columns).collect();
    let variant = first.field.strip_prefix("variants[").and_then(|it| it.split_once(']'));
    let variant = variant.and_then(|(at, _)| product.variants.get(at.parse::<usize>().ok()?));
    (variant.map_or(product.line, |it| it.line), all.join("; "))
}

/// A wrong field by the name of its column.
fn in_columns(error: &FieldError) -> String {
    let mut names = error.field.split('.');
    let first = names.next().unwrap_or_default();
    let first = first.split('[').next().unwrap_or_default();
    let column = match (first, names.next()) {
        ("slug", _) => Column::Handle,
        ("title", _) => Column::Title,
        ("description", _) => Column::Body,
        ("vendor", _) => Column::Vendor,
        ("product_type", _) => Column::Type,
        ("tags", _) => Column::Tags,
        ("seo_title", _) => Column::SeoTitle,
        ("seo_description", _) => Column::SeoDescription,
        ("images", Some("alt")) => Column::ImageAlt,
        ("images", _) => Column::ImageSrc,
        ("options", _) | ("variants", Some("options")) => {
            return format!("the options {}", error.detail);
        }
        ("variants", Some("sku")) => Column::Sku,
        ("variants", Some("price")) => Column::Price,
        ("variants", Some("compare_at_price")) => Column::CompareAtPrice,
        ("variants", Some("weight_grams")) => Column::Grams,
        ("variants", Some("weight_unit")) => Column::WeightUnit,
        ("variants", Some("on_hand")) => Column::Quantity,
        ("variants", Some("barcode")) => Column::Barcode,
        ("variants", Some("tax_code")) => Column::TaxCode,
        ("variants", Some("image")) => Column::VariantImage,
        _ => return format!("{} {}", error.field, error.detail),
    };
    format!("{} {}", COLUMNS[column as usize].1, error.detail)
}
