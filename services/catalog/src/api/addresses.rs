//! `GET /catalog/addresses`: where every product for sale is, for maps of the site.

use axum::Json;
use axum::extract::State;
use chassis::extract::Query;
use chassis::page::{self, Page};
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::App;
use crate::store::listing;

/// Addresses of a page at most; they are small.
const MAX_LIMIT: i64 = 5_000;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(addresses))
}

/// The slug of a product, for sitemaps.
#[derive(Serialize, ToSchema)]
struct ProductAddress {
    slug: String,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct AddressQuery {
    /// The number of items per page, 1 to 5,000. Defaults to 5,000.
    #[garde(range(min = 1, max = MAX_LIMIT))]
    #[param(minimum = 1, maximum = 5_000)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 200))]
    cursor: Option<String>,
}

/// List the slugs of all products for sale, oldest first. For sitemaps.
#[utoipa::path(
    get, path = "/catalog/addresses", operation_id = "product_addresses.list", tag = "catalog",
    params(AddressQuery),
    responses(
        (status = 200, description = "A page of slugs.", body = Page<ProductAddress>),
    ),
    security(()),
)]
async fn addresses(
    State(app): State<App>,
    Query(query): Query<AddressQuery>,
) -> Result<Json<Page<ProductAddress>>> {
    let limit = query.limit.unwrap_or(MAX_LIMIT);
    let after: Option<Uuid> = page::decode(query.cursor.as_deref())?;
    let found = listing::addresses(&app.db, after.unwrap_or_default(), limit + 1).await?;
    let page = Page::cut(found, limit, |it| it.id);
    Ok(Json(page.map(|it| ProductAddress { slug: it.slug, updated_at: it.updated_at })))
}
