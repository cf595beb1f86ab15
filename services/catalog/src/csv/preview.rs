//! What an import would do, without doing it: read and checked with the same code, and compared
//! with what the shop has. It compares with the current state.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use catalog_csv::Reader;
use chassis::clock::Clock;
use chassis::db::Db;
use chassis::money::Currency;
use chassis::problem::{Problem, Result};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::explain::explain;
use super::importer::{Importer, Outcome, is_same};
use super::merge::Merge;
use super::words::shop;
use super::{ImportError, OfExisting, Report};
use crate::model::{Draft, Policy, Product, Stock, Variant};
use crate::{problems, store};

/// Products that are looked up together.
const BATCH: usize = 100;
/// How many products are shown.
const SAMPLE: usize = 20;

/// What an import would do.
#[derive(Debug)]
pub(crate) struct Preview {
    pub(crate) rows: u64,
    pub(crate) products: u64,
    pub(crate) report: Report,
    /// The first products that can be imported.
    pub(crate) sample: Vec<Sample>,
}

/// A product as it would be.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) product: Product,
    pub(crate) action: Action,
}

/// What an import would do with a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ImportAction)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    Create,
    Update,
    Unchanged,
}

/// How many rows a file has below its header.
pub(crate) fn count_rows(input: impl Read) -> Result<u64, ImportError> {
    Ok(catalog_csv::count_rows(input)?)
}

/// Tells what an import of `input` would do.
pub(crate) async fn preview<R: Read + Send>(
    db: &Db,
    clock: Clock,
    currency: &Currency,
    stock: OfExisting,
    input: R,
) -> Result<Preview, ImportError> {
    let mut reader = Reader::new(input, shop(currency))?;
    let mut previewer = Previewer {
        importer: Importer::new(db, clock, stock).await?,
        clock,
        skus: HashSet::new(),
        sample: Vec::new(),
    };
    let mut products = 0;
    let mut batch: Vec<catalog_csv::Product> = Vec::new();
    while let Some(product) = reader.product()? {
        products += 1;
        match product {
            Ok(product) => batch.push(product),
            Err(it) => previewer.importer.report.reject(it.line, &it.handle, it.reason),
        }
        if batch.len() >= BATCH {
            previewer.preview(std::mem::take(&mut batch)).await?;
        }
    }
    previewer.preview(batch).await?;
    let (_, rows) = reader.read();
    let Previewer { importer, sample, .. } = previewer;
    Ok(Preview { rows, products, report: importer.into_report(), sample })
}

struct Previewer<'a> {
    importer: Importer<'a>,
    clock: Clock,
    /// SKUs of the products so far, which later ones cannot have.
    skus: HashSet<String>,
    sample: Vec<Sample>,
}

impl Previewer<'_> {
    async fn preview(&mut self, mut batch: Vec<catalog_csv::Product>) -> Result<(), ImportError> {
        let handles = batch.iter().map(|it| it.handle.as_str());
        let old = store::products::by_slugs(self.importer.db, handles).await?;
        let old: HashMap<String, Product> =
            old.into_iter().map(|it| (it.slug.clone(), it)).collect();
        let skus = batch.iter().flat_map(|it| &it.variants).filter_map(|it| it.sku.as_deref());
        let owners = store::products::owners(self.importer.db, skus).await?;
        for product in &mut batch {
            self.importer.leave_out_pictures(product).await?;
            let old = old.get(&product.handle);
            let added = match old {
                Some(old) => self.importer.added(product, old).await?,
                None => vec![],
            };
            let outcome = self.outcome(self.importer.merge(product, old, &added), &owners);
            self.importer.count(std::slice::from_ref(product), vec![outcome]);
        }
        Ok(())
    }

    fn outcome(&mut self, merge: Merge<'_>, owners: &HashMap<String, Uuid>) -> Outcome {
        let Merge { new: product, old, .. } = merge;
        let (kind, categories) = self.importer.kind(product, old);
        let new = match merge.product(kind, categories) {
            Ok(new) => new,
            Err(wrong) => return Outcome::Rejected(wrong),
        };
        let draft = match new.into_draft(old, self.clock.now()) {
            Ok(draft) => draft,
            Err(problem) => return Outcome::Rejected(explain(&problem, product)),
        };
        if let Err(problem) = self.check(&draft, old, owners) {
            return Outcome::Rejected(explain(&problem, product));
        }
        self.skus.extend(named(&draft).map(|it| it.to_owned()));
        let action = match old {
            None => Action::Create,
            Some(old) if is_same(old, draft.product.clone()) => Action::Unchanged,
            Some(_) => Action::Update,
        };
        if self.sample.len() < SAMPLE {
            self.sample.push(Sample { product: draft.product, action });
        }
        let kept = merge.kept();
        match action {
            Action::Create => Outcome::Created,
            Action::Update => Outcome::Updated(kept),
            Action::Unchanged => Outcome::Unchanged(kept),
        }
    }

    /// What only shows when a product is written: SKUs that are taken, stock that orders hold.
    fn check(
        &self,
        draft: &Draft,
        old: Option<&Product>,
        owners: &HashMap<String, Uuid>,
    ) -> Result<(), Problem> {
        let id = draft.product.id;
        let is_taken =
            |sku: &str| owners.get(sku).is_some_and(|it| *it != id) || self.skus.contains(sku);
        if let Some(sku) = named(draft).find(|it| is_taken(it)) {
            return Err(problems::sku_taken(sku));
        }
        let variants = &draft.product.variants;
        let before = old.map(|it| it.variants.as_slice()).unwrap_or_default();
        let stays = |sku: &str| variants.iter().any(|it| it.sku == sku);
        if let Some(gone) = before.iter().find(|it| it.reserved > 0 && !stays(&it.sku)) {
            return Err(problems::stock_reserved(&gone.sku));
        }
        let stock = variants.iter().map(Variant::stock);
        let below = |it: &Stock| it.policy == Policy::Deny && it.on_hand < it.taken();
        match stock.into_iter().find(below) {
            Some(it) => Err(problems::stock_below_reserved(&it.sku, it.allocated, it.reserved)),
            None => Ok(()),
        }
    }
}

/// The SKUs that were asked for; made-up ones give way to others.
fn named(draft: &Draft) -> impl Iterator<Item = &str> {
    let variants = draft.product.variants.iter().enumerate();
    variants.filter(|(at, _)| !draft.named.contains(at)).map(|(_, it)| it.sku.as_str())
}
