//! Products of a file into the database, in batches.

use std::time::Duration;

use catalog_csv::{Path, Product, Wrong};
use chassis::clock::Clock;
use chassis::db::{Db, Tx};
use chassis::problem::Problem;
use tokio::time::Instant;
use uuid::Uuid;

use super::explain::explain;
use super::merge::{Merge, same};
use super::shelves::CategoryPaths;
use super::{ImportError, OfExisting, Report, export};
use crate::books::{self, StockTx};
use crate::model::{self, MAX_DEPTH};
use crate::{pictures, products, store};

/// How often a batch is tried again without the product that failed, before each product gets a
/// transaction of its own.
const AGAIN: usize = 3;
/// At how many available units an import publishes `stock.low`: never, it is no sale.
const LOW: i64 = i64::MIN;
/// How often one product is tried when the database is busy.
const TRIES: u32 = 5;

/// Writes the products of a file.
pub(super) struct Importer<'a> {
    pub(super) db: &'a Db,
    clock: Clock,
    stock: OfExisting,
    shelves: CategoryPaths,
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
        let shelves = CategoryPaths::load(db).await?;
        Ok(Self { db, clock, stock, shelves, report: Report::default() })
    }

    pub(super) fn into_report(self) -> Report {
        let mut report = self.report;
        report.problems.sort_by_key(|it| it.line);
        report
    }

    pub(super) async fn write(&mut self, all: Vec<Product>) -> Result<(), ImportError> {
        let mut batch = Vec::with_capacity(all.len());
        for mut product in all {
            self.leave_out_pictures(&mut product).await?;
            match self.is_there(&product).await? {
                Some(kept) => self.count(&[product], vec![Outcome::Unchanged(kept)]),
                None => batch.push(product),
            }
        }
        for _ in 0..AGAIN {
            if batch.is_empty() {
                return Ok(());
            }
            match self.together(&batch).await {
                Ok(outcomes) => {
                    self.count(&batch, outcomes);
                    return Ok(());
                }
                Err(Failure::Product(at, (line, reason))) => {
                    let bad = batch.remove(at);
                    self.report.reject(line, &bad.handle, reason);
                }
                Err(Failure::Moment(_)) => self.shelves = CategoryPaths::load(self.db).await?,
            }
        }
        for product in batch {
            let product = std::slice::from_ref(&product);
            let outcomes = self.alone(product).await?;
            self.count(product, outcomes);
        }
        Ok(())
    }

    /// Whether the shop has the product exactly so, and of how many variants the stock stays. Most
    /// of a file that is imported again is found out here, without keeping anybody from writing.
    async fn is_there(&self, product: &Product) -> Result<Option<u64>, ImportError> {
        let Some(old) = store::products::find(self.db, &product.handle).await? else {
            return Ok(None);
        };
        let added = self.added(product, &old).await?;
        let merge = self.merge(product, Some(&old), &added);
        let (kind, categories) = self.kind(product, Some(&old));
        let Ok(new) = merge.product(kind, categories) else { return Ok(None) };
        let Ok(draft) = new.into_draft(Some(&old), old.updated_at) else { return Ok(None) };
        Ok(is_same(&old, draft.product).then(|| merge.kept()))
    }

    /// A product of the file and the shop's, to be brought together.
    pub(super) fn merge<'p>(
        &self,
        new: &'p Product,
        old: Option<&'p model::Product>,
        added: &'p [i64],
    ) -> Merge<'p> {
        Merge { new, old, stock: self.stock, added }
    }

    /// By variant: what files of the same export have added to the stock already.
    pub(super) async fn added(
        &self,
        product: &Product,
        old: &model::Product,
    ) -> Result<Vec<i64>, ImportError> {
        let mut added = vec![0; product.variants.len()];
        for (added, variant) in added.iter_mut().zip(&product.variants) {
            let edited = variant.exported.filter(|(it, _)| Some(*it) != variant.quantity);
            let (Some((at_export, export)), Some(old)) = (edited, same(variant, old)) else {
                continue;
            };
            let reference = books::exported(export);
            *added = store::stock::added_by(self.db, &old.sku, &reference, at_export).await?;
        }
        Ok(added)
    }

    /// Leaves out pictures of another shop's own: their address leads nowhere here, which is no
    /// reason to lose a product.
    pub(super) async fn leave_out_pictures(
        &self,
        product: &mut Product,
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
    async fn alone(&mut self, product: &[Product]) -> Result<Vec<Outcome>, ImportError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.together(product).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Failure::Product(_, wrong)) => return Ok(vec![Outcome::Rejected(wrong)]),
                Err(Failure::Moment(error)) if tries == TRIES => return Err(error),
                Err(Failure::Moment(_)) => {
                    tokio::time::sleep(Duration::from_millis(200) * tries).await;
                    self.shelves = CategoryPaths::load(self.db).await?;
                }
            }
        }
    }

    /// Writes products in one transaction.
    async fn together(&mut self, batch: &[Product]) -> Result<Vec<Outcome>, Failure> {
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
        product: &Product,
    ) -> Result<chassis::problem::Result<Outcome>, Failure> {
        let old = store::products::find_in(tx, &product.handle).await?;
        let merge = self.merge(product, old.as_ref(), &[]);
        let (kind, categories) = self.kind(product, old.as_ref());
        let new = match merge.product(kind, categories) {
            Ok(new) => new,
            Err(wrong) => return Ok(Ok(Outcome::Rejected(wrong))),
        };
        let mut books = StockTx::open(tx, self.clock.now(), LOW);
        let written = match &old {
            None => products::create(&mut books, new).await.map(|_| Outcome::Created),
            Some(old) => products::replace(&mut books, old, new).await.map(|it| match it {
                Some(_) => Outcome::Updated(merge.kept()),
                None => Outcome::Unchanged(merge.kept()),
            }),
        };
        Ok(written)
    }

    /// The type a product gets, if it is another one, and its categories. Where `Type` is what it
    /// was, the shop's own order stays; else its category takes the place of the one the old `Type`
    /// stood for.
    pub(super) fn kind<'p>(
        &self,
        product: &'p Product,
        old: Option<&model::Product>,
    ) -> (Option<&'p str>, Vec<Uuid>) {
        let before = old.map(|it| it.category_ids.clone()).unwrap_or_default();
        let same = |text: &str| old.is_some_and(|it| export::kind(it, self.shelves.tree()) == text);
        let Some(kind) = product.kind.as_ref().filter(|it| !same(&it.text)) else {
            return (None, before);
        };
        let new = self.shelves.find(&kind.path);
        let path = |it: &model::Product| Path::read(&it.product_type, &it.title, MAX_DEPTH);
        let gone = old.and_then(|it| self.shelves.find(&path(it).names));
        let categories = before.into_iter().filter(|it| Some(*it) != gone).chain(new);
        (Some(&kind.text), categories.collect())
    }

    pub(super) fn count(&mut self, batch: &[Product], outcomes: Vec<Outcome>) {
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
pub(super) fn is_same(old: &model::Product, new: model::Product) -> bool {
    let mut new = model::Product { version: old.version, updated_at: old.updated_at, ..new };
    new.category_ids.sort_unstable();
    new == *old
}

impl<E: Into<ImportError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Moment(error.into())
    }
}

/// What follows when a product was refused.
fn refused(problem: &Problem, product: &Product, at: usize) -> Result<Outcome, Failure> {
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
