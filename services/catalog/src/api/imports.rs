//! `/products/imports`: products from a CSV file.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::auth::Principal;
use chassis::cards::no_card_number;
use chassis::extract::{self, Json, Path, Query};
use chassis::money::{Currency, Money};
use chassis::page::{self, Page};
use chassis::problem::Result;
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
    /// Whether to only preview the import.
    #[garde(skip)]
    dry_run: bool,
    /// Whether to set the stock to the figures of the file, regardless of movements since the export.
    #[garde(skip)]
    set_stock: bool,
    /// The name of the file, shown in lists.
    #[garde(length(chars, min = 1, max = 255), inner(custom(no_card_number)))]
    #[param(min_length = 1, max_length = 255)]
    file_name: Option<String>,
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct ImportsQuery {
    /// The number of items per page, 1 to 100.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 2_000))]
    cursor: Option<String>,
}

/// An error or a warning about a row of the file.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportRowProblem)]
struct Remark {
    /// The line of the file, from 1 for the header.
    row: u64,
    /// The column, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'static str>,
    /// The handle of the product.
    product: String,
    message: String,
}

/// A preview of an import.
#[derive(Serialize, ToSchema)]
struct ImportPreview {
    rows: u64,
    products: u64,
    created: u64,
    updated: u64,
    /// Products that are already up to date.
    unchanged: u64,
    /// Variants whose stock stays as it is although the file has a different figure, because the file
    /// does not say which figure was exported.
    stock_kept: u64,
    /// Products that cannot be imported, and rows without a product.
    failed: u64,
    /// Why they cannot be imported; the first 1000 errors.
    errors: Vec<Remark>,
    /// What would be left out of other products; the first 1000 warnings.
    warnings: Vec<Remark>,
    /// The first 20 products that can be imported.
    sample: Vec<SampleView>,
}

/// A product as it would be imported.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportSample)]
struct SampleView {
    slug: String,
    title: String,
    /// The number of variants.
    variants: usize,
    /// The price of the cheapest variant.
    price: Money,
    action: Action,
}

/// An import of a file of products.
#[derive(Serialize, ToSchema)]
#[schema(as = Import)]
struct ImportView {
    id: Uuid,
    state: ImportState,
    file_name: String,
    /// The user who uploaded the file.
    created_by: Uuid,
    /// The rows of the file, without the header.
    rows: i64,
    rows_done: i64,
    /// Products created.
    created: u64,
    updated: u64,
    unchanged: u64,
    /// Variants whose stock stayed as it was although the file has a different figure, because the
    /// file does not say which figure was exported.
    stock_kept: u64,
    /// Whether the stock is set to the figures of the file, regardless of movements since the export.
    set_stock: bool,
    /// Products left out because of errors.
    failed: u64,
    /// Why the import stopped. What was imported until then stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Why products were left out; the first 1000 errors. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<Remark>>,
    /// What was left out of other products; the first 1000 warnings. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<Remark>>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

/// Import products from a CSV file, or preview the import.
///
/// The file has Shopify's format and at most 32 MiB. Valid products are imported even if others have
/// errors; importing the same file again changes nothing. With `dry_run=true` nothing is imported,
/// and the response is a preview.
///
/// New variants start with the stock of the file. The stock of existing ones changes by the
/// difference to the export, which the columns `Inventory Qty At Export` and `Inventory Export`
/// provide; without these columns it stays as it is. With `set_stock=true` it is set to the figure
/// of the file.
#[utoipa::path(
    post, path = "/products/imports", operation_id = "imports.create", tag = "catalog",
    params(NewQuery),
    request_body(content = CsvFile, content_type = "text/csv"),
    extensions(("x-body-limit" = json!(imports::MAX_BYTES))),
    responses(
        (status = 200, description = "With `dry_run=true`: a preview of the import.",
         body = ImportPreview),
        (status = 202, description = "The import, which is queued; follow its progress at \
                                      `Location`.", body = ImportView),
        problems::imports_waiting,
        problems::import_unreadable,
        problems::imports_busy,
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
        (status = 200, description = "A page of imports, without their errors and warnings.",
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

/// Get the progress and the outcome of an import.
#[utoipa::path(
    get, path = "/products/imports/{id}", operation_id = "imports.get", tag = "catalog",
    params(("id" = Uuid, Path, description = "The id of the import.")),
    responses(
        (status = 200, description = "The import.", body = ImportView),
        problems::import_not_found,
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
