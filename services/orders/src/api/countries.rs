//! `/countries`: where the shop delivers, and how addresses are written there.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use chassis::extract::{Json, Path, Query};
use chassis::problem::Result;
use contracts::countries::{self, Country};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{App, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// It changes with the settings or the release of the shop.
const FOR_AN_HOUR: &str = "public, max-age=3600";

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
struct CountriesQuery {
    /// Also countries the shop does not deliver to, which billing addresses may be in.
    #[serde(default)]
    #[garde(skip)]
    all: bool,
}

/// Countries, sorted by code.
#[derive(Debug, Serialize, ToSchema)]
struct Countries {
    items: Vec<CountryName>,
}

/// A country in a list.
#[derive(Debug, Serialize, ToSchema)]
struct CountryName {
    /// ISO 3166-1 alpha-2.
    #[schema(example = "GB")]
    code: &'static str,
    /// In English.
    #[schema(example = "United Kingdom")]
    name: &'static str,
    /// Whether the shop delivers there.
    delivered: bool,
}

/// The address format of a country.
#[derive(Debug, Serialize, ToSchema)]
struct CountryRules {
    /// Whether the shop delivers there.
    delivered: bool,
    #[serde(flatten)]
    country: &'static Country,
}

/// List the countries the shop delivers to.
#[utoipa::path(get, path = "/countries", operation_id = "countries.list", tag = "orders",
    params(CountriesQuery),
    responses((status = 200, description = "All countries on one page, sorted by code.", body = Countries)),
    security(()))]
async fn list(State(app): State<App>, Query(query): Query<CountriesQuery>) -> Response {
    let named = |it: &'static Country| CountryName {
        code: &it.code,
        name: &it.name,
        delivered: app.delivery.reaches(&it.code),
    };
    let items = if query.all {
        countries::all().iter().map(named).collect()
    } else {
        app.delivery.countries().map(named).collect()
    };
    ([(CACHE_CONTROL, FOR_AN_HOUR)], Json(Countries { items })).into_response()
}

/// Get the address format of a country: its fields, states and postal codes.
///
/// Addresses in checkouts and address books are validated by these rules. Billing addresses may be
/// in countries the shop does not deliver to.
#[utoipa::path(get, path = "/countries/{code}", operation_id = "countries.get", tag = "orders",
    params(("code" = String, Path, description = "ISO 3166-1 alpha-2, in upper case.")),
    responses((status = 200, body = CountryRules), problems::country_not_found),
    security(()))]
async fn get(State(app): State<App>, Path(code): Path<String>) -> Result<Response> {
    let country = countries::find(&code).ok_or_else(problems::country_not_found)?;
    let rules = CountryRules { delivered: app.delivery.reaches(&country.code), country };
    Ok(([(CACHE_CONTROL, FOR_AN_HOUR)], Json(rules)).into_response())
}
