//! `/variants/bulk`: prices, costs and barcodes of several variants.

use std::collections::{BTreeSet, HashMap, HashSet};

use axum::extract::State;
use chassis::extract::{Json, PRODUCT_BODY, double_option};
use chassis::money::Money;
use chassis::problem::{FieldError, Problem, Result};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{check_version, wrong};
use crate::api::merge::Merge;
use crate::api::patch::VariantPatch;
use crate::model::Product;
use crate::store::products::{self as store, VariantKey};
use crate::{App, problems, products};

/// Changes of several variants.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VariantsBulk {
    #[garde(length(min = 1, max = 1_000))]
    #[schema(min_items = 1, max_items = 1_000)]
    items: Vec<VariantChange>,
}

/// The fields of a variant to change; those that are left out stay as they are.
#[derive(Clone, Deserialize, ToSchema)]
#[schema(as = VariantChange)]
#[serde(deny_unknown_fields)]
struct VariantChange {
    /// Which variant it is.
    id: Option<Uuid>,
    /// Instead of `id`.
    sku: Option<String>,
    /// The `version` you have read. If the variant was edited since, nothing is written.
    if_version: Option<i64>,
    price: Option<Money>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Money>)]
    compare_at_price: Option<Option<Money>>,
    /// What the shop pays for one; only staff see it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Money>)]
    cost: Option<Option<Money>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    barcode: Option<Option<String>>,
}

/// The outcome of a variant.
#[derive(Serialize, ToSchema)]
struct VariantOutcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    /// Whether the variant is as it was asked for.
    ok: bool,
    /// The version of the variant now.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    /// Why it was not changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// The outcomes of several variants, in the order of the request.
#[derive(Serialize, ToSchema)]
pub(super) struct VariantOutcomes {
    items: Vec<VariantOutcome>,
}

/// What became of the items that are done, by their places: their variant's version, or a problem.
type Outcomes = HashMap<usize, Result<i64>>;

/// A variant to change, and the place of its item.
#[derive(Clone, Copy)]
struct Row<'a> {
    at: usize,
    id: Uuid,
    change: &'a VariantChange,
}

/// Change prices, costs and barcodes of several variants.
///
/// Each variant is changed independently, as with `PATCH /variants/{id}`: an error is reported in
/// the outcome of its variant and does not affect the others. Variants of the same product are
/// written together.
#[utoipa::path(
    post, path = "/variants/bulk", operation_id = "variants.bulk", tag = "catalog",
    request_body = VariantsBulk,
    extensions(("x-body-limit" = json!(PRODUCT_BODY))),
    responses(
        (status = 200, description = "The outcome of each variant. Its problem is \
                                      `variant_not_found`, `precondition_failed` with the current \
                                      `version`, `validation_failed`, `duplicate_item`, or any \
                                      error of changing that variant alone.",
         body = VariantOutcomes),
    ),
    security(("bearer" = ["catalog:write"])),
)]
pub(super) async fn bulk_variants(
    State(app): State<App>,
    Json(VariantsBulk { items }): Json<VariantsBulk>,
) -> Result<Json<VariantOutcomes>> {
    let wrong: Vec<FieldError> =
        items.iter().enumerate().filter_map(|(at, it)| it.wrong(at)).collect();
    if !wrong.is_empty() {
        return Err(Problem::fields(wrong));
    }
    let keys = find(&app, &items).await?;
    let (groups, mut outcomes) = group(&items, &keys);
    for (product, rows) in groups {
        write_all(&app, product, rows, &mut outcomes).await;
    }
    let outcome = |(at, item): (usize, VariantChange)| {
        let done = outcomes.remove(&at).unwrap_or_else(|| Err(problems::variant_not_found()));
        let (version, problem) = match done {
            Ok(version) => (Some(version), None),
            Err(problem) => (None, Some(problem)),
        };
        let key = keys[at].as_ref();
        VariantOutcome {
            id: key.map(|it| it.id).or(item.id),
            sku: key.map(|it| it.sku.clone()).or(item.sku),
            ok: problem.is_none(),
            version,
            problem,
        }
    };
    Ok(Json(VariantOutcomes { items: items.into_iter().enumerate().map(outcome).collect() }))
}

impl VariantChange {
    /// What is wrong with it, whatever the variant is.
    fn wrong(&self, at: usize) -> Option<FieldError> {
        let changes = self.price.is_some()
            || self.compare_at_price.is_some()
            || self.cost.is_some()
            || self.barcode.is_some();
        match (self.id, &self.sku) {
            (None, None) => Some(wrong(at, "id", "is required, or the SKU")),
            (Some(_), Some(_)) => Some(wrong(at, "sku", "goes without id; send one of them")),
            (Some(_), _) if !changes => {
                Some(wrong(at, "id", "has nothing beside it that is to be changed"))
            }
            _ if !changes => Some(wrong(at, "sku", "has nothing beside it that is to be changed")),
            _ => None,
        }
    }

    fn patch(&self) -> VariantPatch {
        let Self { price, compare_at_price, cost, barcode, .. } = self.clone();
        VariantPatch { price, compare_at_price, cost, barcode, ..VariantPatch::default() }
    }
}

/// For each item the variant it is about.
async fn find(app: &App, items: &[VariantChange]) -> Result<Vec<Option<VariantKey>>> {
    let ids: Vec<Uuid> = items.iter().filter_map(|it| it.id).collect();
    let skus: Vec<&str> = items.iter().filter_map(|it| it.sku.as_deref()).map(str::trim).collect();
    let found = store::variant_keys(&app.db, &ids, &skus).await?;
    let by_id: HashMap<Uuid, &VariantKey> = found.iter().map(|it| (it.id, it)).collect();
    let by_sku: HashMap<&str, &VariantKey> = found.iter().map(|it| (it.sku.as_str(), it)).collect();
    let key = |item: &VariantChange| match (item.id, &item.sku) {
        (Some(id), _) => by_id.get(&id).map(|it| (*it).clone()),
        (None, sku) => by_sku.get(sku.as_deref()?.trim()).map(|it| (*it).clone()),
    };
    Ok(items.iter().map(key).collect())
}

/// The rows by their products, in the order in which those come first; and what is known of the
/// others.
fn group<'a>(
    items: &'a [VariantChange],
    keys: &[Option<VariantKey>],
) -> (Vec<(Uuid, Vec<Row<'a>>)>, Outcomes) {
    let (mut groups, mut outcomes) = (Vec::<(Uuid, Vec<Row<'a>>)>::new(), Outcomes::new());
    let (mut places, mut listed) = (HashMap::new(), HashSet::new());
    for (at, (change, key)) in items.iter().zip(keys).enumerate() {
        let Some(VariantKey { id, product_id, .. }) = key else { continue };
        if !listed.insert(*id) {
            outcomes.insert(at, Err(problems::duplicate_item()));
            continue;
        }
        let place = *places.entry(*product_id).or_insert_with(|| {
            groups.push((*product_id, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(Row { at, id: *id, change });
    }
    (groups, outcomes)
}

/// Changes variants of a product. Rows that are wrong are left out, and the others tried again.
async fn write_all(app: &App, product: Uuid, mut rows: Vec<Row<'_>>, outcomes: &mut Outcomes) {
    while !rows.is_empty() {
        let problem = match write(app, product, &rows).await {
            Ok(done) => return outcomes.extend(done),
            Err(problem) => problem,
        };
        let wrong: BTreeSet<usize> = problem.errors.iter().filter_map(item).collect();
        if !rows.iter().any(|it| wrong.contains(&it.at)) {
            return outcomes.extend(rows.iter().map(|it| (it.at, Err(problem.clone()))));
        }
        for at in &wrong {
            outcomes.insert(*at, Err(of_item(&problem, *at)));
        }
        rows.retain(|it| !wrong.contains(&it.at));
    }
}

/// The item that a wrong field is of.
fn item(error: &FieldError) -> Option<usize> {
    error.field.strip_prefix("items[")?.split_once("].")?.0.parse().ok()
}

/// What is wrong with one item, as if it had been sent alone.
fn of_item(problem: &Problem, at: usize) -> Problem {
    let path = format!("items[{at}].");
    let own = problem.errors.iter().filter_map(|it| {
        let field = it.field.strip_prefix(&path)?.to_owned();
        Some(FieldError { field, detail: it.detail.clone() })
    });
    Problem::fields(own.collect())
}

/// Changes variants of a product in one transaction. Wrong fields are named below `items[..]`.
async fn write(app: &App, product: Uuid, rows: &[Row<'_>]) -> Result<Outcomes> {
    let mut tx = app.db.begin().await?;
    let found = store::find_in(&mut tx, &product.to_string()).await?;
    let old = found.ok_or_else(problems::variant_not_found)?;
    let places: HashMap<Uuid, usize> =
        old.variants.iter().enumerate().map(|(at, it)| (it.id, at)).collect();
    let mut merge = Merge::new(&old, &app.currency);
    let mut outcomes = Outcomes::new();
    for row in rows {
        // It may have been deleted until the product was locked.
        let place = places.get(&row.id).ok_or_else(problems::variant_not_found);
        let place = place.and_then(|at| {
            check_version(row.change.if_version, &old.variants[*at])?;
            Ok(*at)
        });
        match place {
            Ok(place) => merge.change(place, row.change.patch(), format!("items[{}].", row.at)),
            Err(problem) => drop(outcomes.insert(row.at, Err(problem))),
        }
    }
    let (new, paths) = merge.finish()?;
    let mut books = app.books(&mut tx);
    let written = products::replace(&mut books, &old, new).await;
    let written = written.map_err(|it| paths.as_sent(it))?;
    if written.is_some() {
        let changed = books.close();
        app.commit(tx, changed).await?;
    }
    let now: &Product = written.as_ref().unwrap_or(&old);
    for row in rows {
        let version = places.get(&row.id).map(|at| now.variants[*at].revision);
        if let Some(version) = version {
            outcomes.entry(row.at).or_insert(Ok(version));
        }
    }
    Ok(outcomes)
}
