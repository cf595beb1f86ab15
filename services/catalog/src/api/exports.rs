//! `/products/export`: the catalog as a file.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chassis::extract::Query;
use chassis::problem::Result;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::csv::Format;
use crate::{App, exports, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get))
}

/// A file of products.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
struct ExportFile(#[expect(dead_code, reason = "for the description alone")] Vec<u8>);

/// What kind of file.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ExportFormat {
    /// A table of products.
    #[default]
    Csv,
    /// An archive with the table, all categories, and the shop's own pictures.
    Zip,
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct ExportQuery {
    #[garde(skip)]
    #[param(inline)]
    format: ExportFormat,
    /// Whether a CSV file begins with a byte order mark, which Excel needs to read it as UTF-8.
    #[garde(skip)]
    bom: bool,
}

/// Export all products.
///
/// The file has Shopify's columns and a few more, among them all categories and the order of option
/// values. An import of it into an empty shop makes the same products; a ZIP archive also has the
/// texts and addresses of the categories, and the pictures.
#[utoipa::path(
    get, path = "/products/export", operation_id = "exports.get", tag = "catalog",
    params(ExportQuery),
    responses(
        (status = 200, description = "The file.", content(
            (ExportFile = "text/csv"),
            (ExportFile = "application/zip"),
        )),
        problems::exports_busy,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn get(State(app): State<App>, Query(query): Query<ExportQuery>) -> Result<Response> {
    let (format, content_type, ending) = match (query.format, query.bom) {
        (ExportFormat::Csv, false) => (Format::Csv, "text/csv; charset=utf-8", "csv"),
        (ExportFormat::Csv, true) => (Format::CsvWithBom, "text/csv; charset=utf-8", "csv"),
        (ExportFormat::Zip, _) => (Format::Zip, "application/zip", "zip"),
    };
    let body = Body::from_stream(exports::stream(&app, format).await?);
    let name = format!("products-{}.{ending}", app.clock.now().format("%Y-%m-%d"));
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}
