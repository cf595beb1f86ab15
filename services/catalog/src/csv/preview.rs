//! What an import would do, without doing it: read and checked with the same code, and compared
//! with what the shop has. It goes by what is there at the moment.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use chassis::clock::Clock;
use chassis::db::Db;
use chassis::money::Currency;
use chassis::problem::{Problem, Result};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::groups::Groups;
use super::import::{Importer, Outcome, explain, is_same};
use super::parse::{Imported, Parser};
use super::{ImportError, Report};
use crate::model::{Draft, Policy, Product};
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

/// What would be done with a product.
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
    let mut groups = Groups::new(input)?;
    while groups.next()?.is_some() {}
    Ok(groups.read().1)
}

/// Tells what an import of `input` would do.
pub(crate) async fn preview<R: Read + Send>(
    db: &Db,
    clock: Clock,
    currency: &Currency,
    input: R,
) -> Result<Preview, ImportError> {
    let mut groups = Groups::new(input)?;
    let columns = groups.columns.clone();
    let parser = Parser { columns: &columns, currency };
    let mut looker = Looker {
        importer: Importer::new(db, clock).await?,
        clock,
        skus: HashSet::new(),
        sample: Vec::new(),
    };
    let mut products = 0;
    let mut batch: Vec<Imported> = Vec::new();
    while let Some(group) = groups.next()? {
        products += 1;
        let handle = group.handle.clone();
        match parser.product(group) {
            Ok(product) => batch.push(product),
            Err((line, reason)) => looker.importer.report.reject(line, &handle, reason),
        }
        if batch.len() >= BATCH {
            looker.look(std::mem::take(&mut batch)).await?;
        }
    }
    looker.look(batch).await?;
    let (_, rows) = groups.read();
    let Looker { importer, sample, .. } = looker;
    Ok(Preview { rows, products, report: importer.into_report(), sample })
}

struct Looker<'a> {
    importer: Importer<'a>,
    clock: Clock,
    /// SKUs of the products so far, which later ones cannot have.
    skus: HashSet<String>,
    sample: Vec<Sample>,
}

impl Looker<'_> {
    async fn look(&mut self, mut batch: Vec<Imported>) -> Result<(), ImportError> {
        let handles = batch.iter().map(|it| it.handle.as_str());
        let old = store::products::by_slugs(self.importer.db, handles).await?;
        let old: HashMap<String, Product> =
            old.into_iter().map(|it| (it.slug.clone(), it)).collect();
        let skus = batch.iter().flat_map(|it| &it.variants).filter_map(|it| it.sku.as_deref());
        let owners = store::products::owners(self.importer.db, skus).await?;
        for product in &mut batch {
            self.importer.leave_out_pictures(product).await?;
            let outcome = self.outcome(product, old.get(&product.handle), &owners);
            self.importer.tell(std::slice::from_ref(product), vec![outcome]);
        }
        Ok(())
    }

    fn outcome(
        &mut self,
        product: &Imported,
        old: Option<&Product>,
        owners: &HashMap<String, Uuid>,
    ) -> Outcome {
        let mut with_kind = product.clone();
        let categories = self.importer.categories(&mut with_kind, old);
        let new = match with_kind.to_new(old, categories) {
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
        match action {
            Action::Create => Outcome::Created,
            Action::Update => Outcome::Updated,
            Action::Unchanged => Outcome::Unchanged,
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
        let below = |it: &&crate::model::Variant| {
            it.policy == Policy::Deny && it.on_hand < it.allocated + it.reserved
        };
        match variants.iter().find(below) {
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
