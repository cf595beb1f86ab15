//! `/products/imports`: products from a CSV file.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::auth::Principal;
use chassis::cards::no_card_number;
use chassis::extract::{self, Json, Path, Query};
use chassis::money::{Currency, Money};
use chassis::page::{self, Page};
use chassis::problem::{Problem, Result};
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::csv::{Action, OfExisting, Preview, Report, RowProblem};
use crate::store::imports::{self as store, Import, State as ImportState};
use crate::{App, imports, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get))
}

/// A CSV file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
struct CsvFile(#[expect(dead_code, reason = "for the description alone")] Vec<u8>);

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct NewQuery {
    /// Whether to only tell what would be done.
    #[garde(skip)]
    dry_run: bool,
    /// Whether the file's figures are the stock there is, whatever moved since.
    #[garde(skip)]
    set_stock: bool,
    /// What the file is called, to find it again.
    #[garde(length(chars, min = 1, max = 255), inner(custom(no_card_number)))]
    #[param(min_length = 1, max_length = 255)]
    file_name: Option<String>,
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct ImportsQuery {
    /// Items of a page, 1 to 100.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[garde(length(max = 2_000))]
    cursor: Option<String>,
}

/// Something about a row of the file.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportRowProblem)]
struct Remark {
    /// The line it begins on, as editors count: the header is line 1.
    row: u64,
    /// The column it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'static str>,
    /// The handle of the product.
    product: String,
    message: String,
}

/// What an import would do.
#[derive(Serialize, ToSchema)]
struct ImportPreview {
    rows: u64,
    products: u64,
    created: u64,
    updated: u64,
    /// Products that are exactly so already.
    unchanged: u64,
    /// Variants whose stock stays although the file has another figure, as it does not say what
    /// that goes by.
    stock_kept: u64,
    /// Products that cannot be imported, and rows that belong to none.
    failed: u64,
    /// Why not; the first 1000.
    errors: Vec<Remark>,
    /// What of other products is left out; the first 1000.
    warnings: Vec<Remark>,
    /// The first 20 products that can be imported.
    sample: Vec<SampleView>,
}

/// A product as it would be.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportSample)]
struct SampleView {
    slug: String,
    title: String,
    /// How many.
    variants: usize,
    /// Of the cheapest variant.
    price: Money,
    action: Action,
}

/// A file of products and what became of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Import)]
struct ImportView {
    id: Uuid,
    state: ImportState,
    file_name: String,
    /// Whose file it is.
    created_by: Uuid,
    /// Of the whole file, the header not counted.
    rows: i64,
    rows_done: i64,
    /// Products, as the following ones.
    created: u64,
    updated: u64,
    unchanged: u64,
    /// Variants whose stock stayed although the file has another figure, as it does not say what
    /// that goes by.
    stock_kept: u64,
    /// Whether the file's figures were the stock there is, whatever moved since.
    set_stock: bool,
    /// Left out because something is wrong with them.
    failed: u64,
    /// Why the import itself stopped; what was imported until then stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Why products were left out; the first 1000. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<Remark>>,
    /// What of other products was left out; the first 1000. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<Remark>>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

/// Import products from a CSV file, or preview that.
///
/// The file is one of Shopify's, at most 32 MiB. Good products are imported although others are
/// wrong; importing a file again changes nothing more. With `dry_run=true` the answer is what would
/// be done, and nothing is.
///
/// New variants begin with the file's stock. Others get the difference that was made in the file
/// since its export, which the columns `Inventory Qty At Export` and `Inventory Export` tell;
/// without them they keep their own. With `set_stock=true` the figure of the file is what there is.
#[utoipa::path(
    post, path = "/products/imports", operation_id = "imports.create", tag = "catalog",
    params(NewQuery),
    request_body(content = CsvFile, content_type = "text/csv"),
    extensions(("x-body-limit" = json!(imports::MAX_BYTES))),
    responses(
        (status = 200, description = "With `dry_run=true`: what would be done.",
         body = ImportPreview),
        (status = 202, description = "The import, which waits for its turn; `Location` is where to \
                                      see how far it is.", body = ImportView),
        (status = 409, description = "`imports_waiting`", body = Problem),
        (status = 422, description = "`import_unreadable`, `validation_failed`", body = Problem),
        (status = 503, description = "`imports_busy` with `retry_after`", body = Problem),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn create(
    State(app): State<App>,
    user: Principal,
    Query(query): Query<NewQuery>,
    request: Request,
) -> Result<Response> {
    let _place = app.counter.place()?;
    let file = extract::bytes(request.into_body(), imports::MAX_BYTES).await?;
    let stock = if query.set_stock { OfExisting::Set } else { OfExisting::Edited };
    if query.dry_run {
        let preview = imports::preview(&app, file, stock).await?;
        return Ok(Json(ImportPreview::of(preview, &app.currency)).into_response());
    }
    let name = query.file_name.unwrap_or_else(|| "products.csv".to_owned());
    let name = name.chars().filter(|it| !it.is_control()).collect();
    let import = imports::take_in(&app, user.id(), (name, file), stock).await?;
    let location = format!("{}/products/imports/{}", chassis::service::PREFIX, import.id);
    let body = Json(ImportView::of(import, true));
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], body).into_response())
}

/// List the imports of the last 30 days, newest first.
#[utoipa::path(
    get, path = "/products/imports", operation_id = "imports.list", tag = "catalog",
    params(ImportsQuery),
    responses(
        (status = 200, description = "A page of imports, without what is wrong with their rows.",
         body = Page<ImportView>),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn list(
    State(app): State<App>,
    Query(query): Query<ImportsQuery>,
) -> Result<Json<Page<ImportView>>> {
    let limit = page::limit(query.limit)?;
    let before = page::decode::<Uuid>(query.cursor.as_deref())?;
    let found = store::list(&app.db, before, limit + 1).await?;
    Ok(Json(Page::cut(found, limit, |it| it.id).map(|it| ImportView::of(it, false))))
}

/// Show how far an import is and what became of it.
#[utoipa::path(
    get, path = "/products/imports/{id}", operation_id = "imports.get", tag = "catalog",
    params(("id" = Uuid, Path, description = "Id of the import.")),
    responses(
        (status = 200, description = "The import.", body = ImportView),
        (status = 404, description = "`import_not_found`", body = Problem),
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn get(State(app): State<App>, Path(id): Path<Uuid>) -> Result<Json<ImportView>> {
    let import = store::find(&app.db, id).await?.ok_or_else(problems::import_not_found)?;
    Ok(Json(ImportView::of(import, true)))
}

impl Remark {
    fn of(problem: RowProblem) -> Self {
        let column = problem.column();
        Self { row: problem.line, column, product: problem.handle, message: problem.reason }
    }

    /// Why products are left out, and what else there is to say.
    fn all(report: Report) -> (Vec<Self>, Vec<Self>) {
        let (errors, warnings): (Vec<_>, Vec<_>) =
            report.problems.into_iter().partition(|it| it.rejected);
        let remarks = |all: Vec<RowProblem>| all.into_iter().map(Self::of).collect();
        (remarks(errors), remarks(warnings))
    }
}

impl ImportPreview {
    fn of(preview: Preview, currency: &Currency) -> Self {
        let Preview { rows, products, report, sample } = preview;
        let Report { products_created: created, updated, unchanged, .. } = report;
        let (stock_kept, failed) = (report.stock_kept, report.rejected);
        let (errors, warnings) = Remark::all(report);
        let sample = sample.into_iter().map(|it| SampleView {
            price: Money::new(it.product.price(), currency),
            variants: it.product.variants.len(),
            slug: it.product.slug,
            title: it.product.title,
            action: it.action,
        });
        let sample = sample.collect();
        Self {
            rows,
            products,
            created,
            updated,
            unchanged,
            stock_kept,
            failed,
            errors,
            warnings,
            sample,
        }
    }
}

impl ImportView {
    fn of(import: Import, with_rows: bool) -> Self {
        let report: Report = serde_json::from_value(import.report.0).unwrap_or_default();
        let Report { products_created: created, updated, unchanged, .. } = report;
        let (stock_kept, failed) = (report.stock_kept, report.rejected);
        let (errors, warnings) = Remark::all(report);
        Self {
            id: import.id,
            state: import.state,
            file_name: import.file_name,
            created_by: import.created_by,
            rows: import.rows,
            rows_done: import.rows_done,
            created,
            updated,
            unchanged,
            stock_kept,
            set_stock: import.set_stock,
            failed,
            error: import.error,
            errors: with_rows.then_some(errors),
            warnings: with_rows.then_some(warnings),
            created_at: import.created_at,
            finished_at: import.finished_at,
        }
    }
}
