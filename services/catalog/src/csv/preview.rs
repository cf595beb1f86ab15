//! What an import would do, without doing it: read and checked with the same code, and compared
//! with what the shop has. It compares with the current state.

use catalog_csv::Reader;
use chassis::clock::Clock;
use chassis::db::Db;
use chassis::money::Currency;
use chassis::problem::Result;
use serde::Serialize;
use utoipa::ToSchema;

use super::archive::Archive;
use super::import::next;
use super::importer::Outcome;
use super::plan::{Plan, Planner};
use super::source::Source;
use super::words::shop;
use super::{ImportError, Options, Report};
use crate::model::Product;

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
pub(crate) fn count_rows(input: impl Into<Source>) -> Result<u64, ImportError> {
    let (source, _) = Archive::open(input.into())?;
    Ok(catalog_csv::count_rows(source.open()?)?)
}

/// Tells what an import of `input` would do.
pub(crate) async fn preview(
    db: &Db,
    clock: Clock,
    currency: &Currency,
    options: Options,
    input: impl Into<Source>,
) -> Result<Preview, ImportError> {
    let (source, archive) = Archive::open(input.into())?;
    let mut reader = Reader::new(source.open()?, shop(currency))?;
    let mut planner = Planner::new(db, clock, (options, currency), source, true).await?;
    let mut report = Report::default();
    report.describe(&reader);
    if let Some(archive) = archive {
        archive.look(&mut planner, &mut report)?;
    }
    let (mut products, mut sample, mut more) = (0, Vec::new(), true);
    while more {
        let batch;
        (batch, more) = next(&mut reader, |it| {
            products += 1;
            if let Some(wrong) = it {
                report.reject(wrong.line, &wrong.handle, wrong.reason);
            }
        })?;
        let mut batch = batch;
        planner.pictures.leave_out(db, &mut batch).await?;
        while !batch.is_empty() {
            let mut outcomes: Vec<Outcome> = batch.iter().map(|_| Outcome::Later).collect();
            let mut samples: Vec<Option<Sample>> = batch.iter().map(|_| None).collect();
            for (at, plan) in planner.plan(&batch).await? {
                let (outcome, seen) = outcome_of(plan);
                (outcomes[at], samples[at]) = (outcome, seen);
            }
            let left = SAMPLE.saturating_sub(sample.len());
            sample.extend(samples.into_iter().flatten().take(left));
            batch = report.count(batch, outcomes);
        }
    }
    let (_, rows) = reader.read();
    report.problems.sort_by_key(|it| it.line);
    Ok(Preview { rows, products, report, sample })
}

/// What would become of a product.
fn outcome_of(plan: Plan) -> (Outcome, Option<Sample>) {
    let sample = |product: Product, action| Some(Sample { product, action });
    match plan {
        Plan::Rejected(wrong) => (Outcome::Rejected(wrong), None),
        Plan::Later => (Outcome::Later, None),
        Plan::Unchanged(draft, facts) => {
            (Outcome::Unchanged(facts), sample(draft.product, Action::Unchanged))
        }
        Plan::Write(write) => match write.old {
            None => (Outcome::Created(write.facts), sample(write.draft.product, Action::Create)),
            Some(_) => (Outcome::Updated(write.facts), sample(write.draft.product, Action::Update)),
        },
    }
}
