//! Products of a file into the database, in batches.

use std::time::Duration;

use catalog_csv::{Product, Wrong};
use chassis::clock::Clock;
use chassis::db::{Db, Tx};
use chassis::money::Currency;
use chassis::problem::Problem;
use tokio::time::Instant;

use super::explain::explain;
use super::plan::{Facts, Plan, Planner, Write};
use super::removal::Removal;
use super::shelves::CategoryPaths;
use super::skus::Park;
use super::source::Source;
use super::{ImportError, MAX_PROBLEMS, Options, Report};
use crate::books::StockTx;
use crate::model::NewProduct;
use crate::{products, store};

/// How often a batch is tried again without the product that failed, before each product gets a
/// transaction of its own.
const AGAIN: usize = 3;
/// At how many available units an import publishes `stock.low`: never, it is no sale.
pub(super) const LOW: i64 = i64::MIN;
/// How often one product is tried when the database is busy.
const TRIES: u32 = 5;

/// Writes the products of a file.
pub(super) struct Importer<'a> {
    pub(super) planner: Planner<'a>,
    pub(super) report: Report,
    /// When the last transaction ended, and how long it had kept others from writing.
    held: Option<(Instant, Duration)>,
}

/// What became of a product.
pub(super) enum Outcome {
    Created(Facts),
    Updated(Facts),
    Unchanged(Facts),
    Rejected(Wrong),
    /// It is still to come.
    Later,
}

/// Why a batch was rolled back.
enum Failure {
    /// Because of the product at this place.
    Product(usize, Wrong),
    /// Because of one of them.
    Batch(Problem),
    /// Because of the database, or of somebody else who writes: it may be better in a moment.
    Moment(ImportError),
}

impl<'a> Importer<'a> {
    pub(super) async fn new(
        db: &'a Db,
        clock: Clock,
        currency: &Currency,
        options: Options,
        source: Source,
    ) -> Result<Self, ImportError> {
        let planner = Planner::new(db, clock, (options, currency), source, false).await?;
        Ok(Self { planner, report: Report::default(), held: None })
    }

    pub(super) fn into_report(self) -> Report {
        let mut report = self.report;
        report.problems.sort_by_key(|it| it.line);
        report
    }

    pub(super) async fn write(&mut self, mut batch: Vec<Product>) -> Result<(), ImportError> {
        self.planner.pictures.leave_out(self.planner.db, &mut batch).await?;
        let mut tries = 0;
        while !batch.is_empty() {
            let alone = tries >= AGAIN;
            let rest = if alone { batch.split_off(1) } else { vec![] };
            match self.together(&batch).await {
                Ok(outcomes) => batch = self.report.count(batch, outcomes),
                Err(Failure::Product(at, (line, reason))) => {
                    let bad = batch.remove(at);
                    self.report.reject(line, name(&bad), reason);
                    tries += 1;
                }
                Err(Failure::Batch(problem)) if batch.len() == 1 => {
                    let reason = match problem.code.as_ref() {
                        "internal" => "the database refuses it; see the log".to_owned(),
                        _ => problem.detail.into_owned(),
                    };
                    self.report.reject(batch[0].line, name(&batch[0]), reason);
                    batch.clear();
                }
                Err(Failure::Batch(_)) => tries = AGAIN,
                Err(Failure::Moment(error)) => {
                    tries += 1;
                    if alone {
                        self.patiently(&mut batch, error).await?;
                    } else {
                        self.planner.shelves = CategoryPaths::load(self.planner.db).await?;
                    }
                }
            }
            batch.extend(rest);
        }
        Ok(())
    }

    /// Writes one product where the database is busy.
    async fn patiently(
        &mut self,
        batch: &mut Vec<Product>,
        mut error: ImportError,
    ) -> Result<(), ImportError> {
        for tries in 1..TRIES {
            tokio::time::sleep(Duration::from_millis(200) * tries).await;
            self.planner.shelves = CategoryPaths::load(self.planner.db).await?;
            match self.together(batch).await {
                Ok(outcomes) => {
                    *batch = self.report.count(std::mem::take(batch), outcomes);
                    return Ok(());
                }
                Err(Failure::Product(_, (line, reason))) => {
                    self.report.reject(line, name(&batch[0]), reason);
                    batch.clear();
                    return Ok(());
                }
                Err(Failure::Batch(problem)) => {
                    self.report.reject(batch[0].line, name(&batch[0]), problem.detail);
                    batch.clear();
                    return Ok(());
                }
                Err(Failure::Moment(again)) => error = again,
            }
        }
        Err(error)
    }

    /// Writes products in one transaction; none where nothing is to be written.
    async fn together(&mut self, batch: &[Product]) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes: Vec<Outcome> = batch.iter().map(|_| Outcome::Later).collect();
        let mut writes: Vec<(usize, Write)> = Vec::new();
        for (at, plan) in self.planner.plan(batch).await? {
            match plan {
                Plan::Rejected(wrong) => outcomes[at] = Outcome::Rejected(wrong),
                Plan::Unchanged(_, facts) => outcomes[at] = Outcome::Unchanged(facts),
                Plan::Write(write) => writes.push((at, *write)),
                Plan::Later => {}
            }
        }
        if writes.is_empty() {
            return Ok(outcomes);
        }
        self.leave_room().await;
        let mut tx = self.planner.db.begin().await?;
        let began = Instant::now();
        let written = self.write_all(&mut tx, batch, writes, &mut outcomes).await;
        let shelves = match written {
            Ok(shelves) => shelves,
            Err(failure) => {
                tx.rollback().await?;
                return Err(failure);
            }
        };
        tx.commit().await?;
        self.held = Some((Instant::now(), began.elapsed()));
        if let Some(shelves) = shelves {
            self.planner.shelves = shelves;
        }
        Ok(outcomes)
    }

    /// SQLite has one writer at a time, and one in another process does not queue: a shop that runs
    /// beside has a fifth of the time at least. What is planned meanwhile counts.
    async fn leave_room(&mut self) {
        if let Some((ended, held)) = self.held.take()
            && self.planner.db.is_sqlite()
        {
            tokio::time::sleep((held / 4).saturating_sub(ended.elapsed())).await;
        }
    }

    /// Writes them in their order, new ones last and together; the categories there are by then, if
    /// some were made.
    async fn write_all(
        &self,
        tx: &mut Tx,
        batch: &[Product],
        mut writes: Vec<(usize, Write)>,
        outcomes: &mut [Outcome],
    ) -> Result<Option<CategoryPaths>, Failure> {
        let now = self.planner.clock.now();
        let missing = writes.iter().flat_map(|(_, it)| &it.missing);
        let missing: Vec<&[String]> = missing.map(Vec::as_slice).collect();
        let mut shelves = None;
        if !missing.is_empty() {
            let made = CategoryPaths::make(tx, now, missing).await?;
            for (_, write) in &mut writes {
                let ids = &mut write.draft.product.category_ids;
                ids.extend(write.missing.iter().filter_map(|it| made.find(it)));
                ids.sort_unstable();
                ids.dedup();
            }
            shelves = Some(made);
        }
        let mut old: Vec<_> =
            writes.iter().filter_map(|(_, it)| it.old.as_ref()).map(|it| it.id).collect();
        old.sort_unstable();
        store::products::lock(tx, &old).await?;
        let mut books = StockTx::open(tx, now, LOW);
        let mut new = Vec::new();
        for (at, write) in writes {
            let Write { old, draft, parks, facts, .. } = write;
            for park in parks {
                make_way(&mut books, &park).await.map_err(moment)?;
            }
            let Some(old) = old else {
                new.push((at, draft, facts));
                continue;
            };
            let written = products::write(&mut books, &old, draft).await;
            outcomes[at] = match written {
                Ok(Some(_)) => Outcome::Updated(facts),
                Ok(None) => Outcome::Unchanged(facts),
                Err(problem) => return Err(refused(&problem, &batch[at], at)),
            };
        }
        let drafts: Vec<_> = new.iter().map(|(_, draft, _)| draft).collect();
        products::create_all(&mut books, &drafts).await.map_err(|it| in_batch(it, batch.len()))?;
        for (at, _, facts) in new {
            outcomes[at] = Outcome::Created(facts);
        }
        Ok(shelves)
    }
}

/// Gives a variant further down in the file another SKU for now.
async fn make_way(books: &mut StockTx<'_>, park: &Park) -> Result<(), Problem> {
    let found = store::products::find_in(books.tx, &park.product.to_string()).await?;
    let Some(old) = found else { return Ok(()) };
    let mut new = NewProduct::from(&old);
    for variant in &mut new.variants {
        if variant.sku.as_ref() == Some(&park.sku) {
            variant.sku = Some(park.to.clone());
        }
    }
    products::replace(books, &old, new).await.map(drop)
}

/// What a product is called in a report.
fn name(product: &Product) -> &str {
    let title = product.title.as_deref().unwrap_or_default();
    let sku = product.variants.iter().find_map(|it| it.sku.as_deref()).unwrap_or_default();
    [product.handle.as_str(), title, sku].into_iter().find(|it| !it.is_empty()).unwrap_or_default()
}

impl Report {
    /// Counts what became of products; returns those that are still to come.
    pub(super) fn count(&mut self, batch: Vec<Product>, outcomes: Vec<Outcome>) -> Vec<Product> {
        let mut left = Vec::new();
        for (product, outcome) in batch.into_iter().zip(outcomes) {
            let facts = match outcome {
                Outcome::Later => {
                    left.push(product);
                    continue;
                }
                Outcome::Rejected((line, reason)) => {
                    self.reject(line, name(&product), reason);
                    continue;
                }
                Outcome::Created(facts) => {
                    self.products_created += 1;
                    facts
                }
                Outcome::Updated(facts) => {
                    self.updated += 1;
                    facts
                }
                Outcome::Unchanged(facts) => {
                    self.unchanged += 1;
                    facts
                }
            };
            self.stock_kept += facts.kept_stock;
            for (line, reason) in product.warnings.iter().chain(&facts.warnings) {
                self.warn(*line, name(&product), reason);
            }
            self.remove(facts.removals);
        }
        left
    }

    fn remove(&mut self, removals: Vec<Removal>) {
        for removal in removals {
            self.removed += 1;
            if self.removals.len() < MAX_PROBLEMS {
                self.removals.push(removal);
            }
        }
    }
}

impl<E: Into<ImportError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Moment(error.into())
    }
}

/// Somebody else was in the way.
fn moment(problem: Problem) -> Failure {
    tracing::debug!(code = %problem.code, "an import could not make way for a SKU");
    Failure::Moment(ImportError::Busy)
}

/// What follows when new products were refused: one of them, or what somebody else did, is why.
fn in_batch(problem: Problem, products: usize) -> Failure {
    match problem.code.as_ref() {
        "internal" => Failure::Batch(problem),
        _ if products > 1 => Failure::Batch(problem),
        _ => Failure::Moment(ImportError::Busy),
    }
}

/// What follows when a product was refused.
fn refused(problem: &Problem, product: &Product, at: usize) -> Failure {
    let unknown_category = problem.errors.iter().any(|it| it.field == "category_ids");
    match problem.code.as_ref() {
        "internal" => {
            let wrong = (product.line, "the database refuses it; see the log".to_owned());
            Failure::Product(at, wrong)
        }
        // Somebody else was faster: by what there is then.
        "product_changed" | "sku_taken" | "slug_taken" => Failure::Moment(ImportError::Busy),
        _ if unknown_category || problem.status >= 500 => Failure::Moment(ImportError::Busy),
        _ => Failure::Product(at, explain(problem, product, &[])),
    }
}
