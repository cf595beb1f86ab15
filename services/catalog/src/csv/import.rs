//! Products from a file into the shop, a few at a time.

use std::io::Read;
use std::time::Duration;

use chassis::clock::Clock;
use chassis::db::{Db, Tx};
use chassis::money::Currency;
use chassis::problem::{FieldError, Problem};
use tokio::time::Instant;
use uuid::Uuid;

use super::columns::{COLUMNS, Column, Columns};
use super::export;
use super::groups::Groups;
use super::parse::{Imported, Kind, Parser, Wrong};
use super::path;
use super::shelves::Shelves;
use super::{ImportError, OfExisting, Progress, Report};
use crate::books::{self, Books};
use crate::model::Product;
use crate::{pictures, products, store};

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
    groups: Groups<R>,
    columns: Columns,
    currency: &'a Currency,
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
        let groups = Groups::new(input)?;
        let columns = groups.columns.clone();
        let importer = Importer::new(db, clock, stock).await?;
        Ok(Self { groups, columns, currency, importer, done: Progress::default() })
    }

    /// Goes on after so many products, which have come to this report.
    pub(crate) fn resume(&mut self, products: u64, report: Report) -> Result<(), ImportError> {
        for _ in 0..products {
            self.groups.next()?;
        }
        (self.done.bytes, self.done.rows) = self.groups.read();
        self.done.products = products;
        self.importer.report = report;
        Ok(())
    }

    /// Brings some products in; returns whether there are more.
    pub(crate) async fn step(&mut self) -> Result<bool, ImportError> {
        let parser = Parser { columns: &self.columns, currency: self.currency };
        let mut batch: Vec<Imported> = Vec::new();
        let mut size = 0;
        let mut more = true;
        while more && batch.len() < BATCH && size < BATCH_BYTES {
            let Some(group) = self.groups.next()? else {
                more = false;
                continue;
            };
            self.done.products += 1;
            let handle = group.handle.clone();
            match parser.product(group) {
                Ok(product) => {
                    size += product.body.as_ref().map_or(0, String::len);
                    batch.push(product);
                }
                Err((line, reason)) => self.importer.report.reject(line, &handle, reason),
            }
        }
        self.importer.write(batch).await?;
        (self.done.bytes, self.done.rows) = self.groups.read();
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

pub(super) struct Importer<'a> {
    pub(super) db: &'a Db,
    clock: Clock,
    pub(super) stock: OfExisting,
    pub(super) shelves: Shelves,
    pub(super) report: Report,
}

/// What became of a product.
pub(super) enum Outcome {
    Created,
    /// And how many variants keep their stock although the file has another figure.
    Updated(u64),
    /// As above.
    Unchanged(u64),
    Rejected(Wrong),
}

/// Why a batch was rolled back.
enum Failure {
    /// Because of the product at this place.
    Product(usize, Wrong),
    /// Because of the database, or of somebody else who writes: it may be better in a moment.
    Moment(ImportError),
}

impl<'a> Importer<'a> {
    pub(super) async fn new(
        db: &'a Db,
        clock: Clock,
        stock: OfExisting,
    ) -> Result<Self, ImportError> {
        let shelves = Shelves::load(db).await?;
        Ok(Self { db, clock, stock, shelves, report: Report::default() })
    }

    pub(super) fn into_report(self) -> Report {
        let mut report = self.report;
        report.problems.sort_by_key(|it| it.line);
        report
    }

    async fn write(&mut self, all: Vec<Imported>) -> Result<(), ImportError> {
        let mut batch = Vec::with_capacity(all.len());
        for mut product in all {
            self.leave_out_pictures(&mut product).await?;
            match self.is_there(&product).await? {
                Some(kept) => self.tell(&[product], vec![Outcome::Unchanged(kept)]),
                None => batch.push(product),
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

    /// Whether the shop has the product exactly so, and of how many variants the stock stays. Most
    /// of a file that is imported again is found out here, without keeping anybody from writing.
    async fn is_there(&self, product: &Imported) -> Result<Option<u64>, ImportError> {
        let Some(old) = store::products::find(self.db, &product.handle).await? else {
            return Ok(None);
        };
        let mut product = product.clone();
        self.look_up_added(&mut product, &old).await?;
        let categories = self.categories(&mut product, Some(&old));
        let Ok(new) = product.to_new(Some(&old), categories, self.stock) else { return Ok(None) };
        let Ok(draft) = new.into_draft(Some(&old), old.updated_at) else { return Ok(None) };
        Ok(is_same(&old, draft.product).then(|| product.kept(&old, self.stock)))
    }

    /// Finds out what files of the same export have added to the stock already.
    pub(super) async fn look_up_added(
        &self,
        product: &mut Imported,
        old: &Product,
    ) -> Result<(), ImportError> {
        for variant in &mut product.variants {
            let edited = variant.exported.filter(|(it, _)| Some(*it) != variant.quantity);
            let (Some((at_export, export)), Some(old)) = (edited, variant.same(old)) else {
                continue;
            };
            let reference = books::exported(export);
            let added = store::stock::added_by(self.db, &old.sku, &reference, at_export).await?;
            variant.added = added;
        }
        Ok(())
    }

    /// Leaves out pictures of another shop's own: their address leads nowhere here, which is no
    /// reason to lose a product.
    pub(super) async fn leave_out_pictures(
        &self,
        product: &mut Imported,
    ) -> Result<(), ImportError> {
        let images = product.images.iter().flatten().map(|(url, _)| url);
        let own = product.variants.iter().filter_map(|it| it.image.as_ref());
        let ids: Vec<Uuid> = images.chain(own).filter_map(|it| pictures::in_url(it)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let known = store::pictures::known(self.db, &ids).await?;
        let is_there = |url: &str| pictures::in_url(url).is_none_or(|id| known.contains(&id));
        let warning = |url: &str| format!("the picture {url:?} is left out: it is not in the shop");
        let warnings = &mut product.warnings;
        if let Some(images) = &mut product.images {
            let gone = images.iter().filter(|(url, _)| !is_there(url));
            warnings.extend(gone.map(|(url, _)| (product.line, warning(url))));
            images.retain(|(url, _)| is_there(url));
        }
        for variant in &mut product.variants {
            if let Some(url) = variant.image.take_if(|it| !is_there(it)) {
                warnings.push((variant.line, warning(&url)));
                variant.image = Some(String::new());
            }
        }
        Ok(())
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
        let new = match product.to_new(old.as_ref(), categories, self.stock) {
            Ok(new) => new,
            Err(wrong) => return Ok(Ok(Outcome::Rejected(wrong))),
        };
        let mut books = Books::open(tx, self.clock.now(), LOW);
        let written = match &old {
            None => products::create(&mut books, new).await.map(|_| Outcome::Created),
            Some(old) => products::replace(&mut books, old, new).await.map(|it| match it {
                Some(_) => Outcome::Updated(product.kept(old, self.stock)),
                None => Outcome::Unchanged(product.kept(old, self.stock)),
            }),
        };
        Ok(written)
    }

    /// The categories of a product. Where `Type` is what it was, the shop's own order stays;
    /// else its category takes the place of the one the old `Type` stood for.
    pub(super) fn categories(&self, product: &mut Imported, old: Option<&Product>) -> Vec<Uuid> {
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

    pub(super) fn tell(&mut self, batch: &[Imported], outcomes: Vec<Outcome>) {
        for (product, outcome) in batch.iter().zip(outcomes) {
            match outcome {
                Outcome::Created => self.report.products_created += 1,
                Outcome::Updated(kept) => {
                    self.report.updated += 1;
                    self.report.stock_kept += kept;
                }
                Outcome::Unchanged(kept) => {
                    self.report.unchanged += 1;
                    self.report.stock_kept += kept;
                }
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

/// Whether a product would be just as it is.
pub(super) fn is_same(old: &Product, new: Product) -> bool {
    let mut new = Product { version: old.version, updated_at: old.updated_at, ..new };
    new.category_ids.sort_unstable();
    new == *old
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
pub(super) fn explain(problem: &Problem, product: &Imported) -> Wrong {
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
        ("on_hand", _) => Column::Quantity,
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
