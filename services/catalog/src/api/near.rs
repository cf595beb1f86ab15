//! `GET /products/suggestions` and `GET /products/{id}/related`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, Response};
use catalog_search::{Traits, words};
use chassis::extract::{Path, Query};
use chassis::problem::Result;
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::read::{json, unanswered, visible};
use crate::cache::{Answer, Bucket, Dependencies, Snapshot};
use crate::model::{Product, Status};
use crate::store::products;
use crate::view::{ProductView, Related, Suggestions};
use crate::{App, problems};

/// Suggested at most.
const PRODUCTS: usize = 6;
const CATEGORIES: usize = 4;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(suggestions)).routes(routes!(related))
}

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
struct SuggestionsQuery {
    /// The text typed so far. The last word may be incomplete; small typos are tolerated.
    #[garde(length(chars, min = 1, max = 200))]
    #[serde(default)]
    #[param(required, min_length = 1, max_length = 200)]
    q: String,
}

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
struct RelatedQuery {
    /// The maximum number of products, 1 to 24. Defaults to 8.
    #[garde(range(min = 1, max = 24))]
    #[serde(default = "eight")]
    #[param(minimum = 1, maximum = 24)]
    limit: usize,
}

fn eight() -> usize {
    8
}

/// Suggest products and categories for a search that is being typed.
#[utoipa::path(
    get, path = "/products/suggestions", operation_id = "suggestions.list", tag = "catalog",
    params(SuggestionsQuery),
    responses(
        (status = 200, description = "At most 6 products and 4 categories.", body = Suggestions),
        (status = 304, description = "The client's cached response is current."),
        problems::search_unavailable,
    ),
    security(()),
)]
async fn suggestions(
    State(app): State<App>,
    Query(query): Query<SuggestionsQuery>,
    headers: HeaderMap,
) -> Result<Response<Body>> {
    let typed = words(&query.q);
    let kept = Kept::look(&app, &format!("suggestions {}", typed.join(" ")));
    if let Some(answer) = kept.answer(&app) {
        return Ok(answer.respond(&headers));
    }
    let ids = app.search.suggest(query.q, PRODUCTS).await.map_err(unanswered)?;
    let found = active(products::by_ids(&app.db, &ids).await?);
    let tree = app.tree().await?;
    let categories = tree.searched().named_like(&typed, CATEGORIES);
    let categories: Vec<_> = categories.into_iter().filter_map(|it| tree.get(it)).collect();
    let body = json(&Suggestions::of(&found, &categories, &app.currency))?;
    Ok(kept.put(&app, body, &found).respond(&headers))
}

/// List products related to a product.
///
/// Sorted by whether they are in stock, then by common categories, tags and vendor, then by units
/// sold.
#[utoipa::path(
    get, path = "/products/{id}/related", operation_id = "related_products.list", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product."), RelatedQuery),
    responses(
        (status = 200, description = "Products for sale.", body = Related),
        (status = 304, description = "The client's cached response is current."),
        problems::product_not_found,
        problems::search_unavailable,
    ),
    security((), ("bearer" = [])),
)]
async fn related(
    State(app): State<App>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response<Body>> {
    let (mut parts, _) = request.into_parts();
    let Query(RelatedQuery { limit }) = Query::from_request_parts(&mut parts, &app).await?;
    let kept = Kept::look(&app, &format!("related {limit} {key}"));
    if let Some(answer) = kept.answer(&app) {
        return Ok(answer.respond(&parts.headers));
    }
    let product = visible(&app, &key, &parts).await?;
    let ids = app.search.related(traits(&product), limit).await.map_err(unanswered)?;
    let found = active(products::by_ids(&app.db, &ids).await?);
    let tree = app.tree().await?;
    let body = json(&Related {
        items: found.iter().map(|it| ProductView::of(it, &tree, &app.currency)).collect(),
    })?;
    let answer = match product.status {
        Status::Active => kept.put(&app, body, found.iter().chain([&product])),
        // Not for everybody who asks next.
        Status::Draft | Status::Archived => Arc::new(Answer::private(body)),
    };
    Ok(answer.respond(&parts.headers))
}

/// Where an answer out of the index is kept: until the index goes on.
struct Kept {
    key: Option<String>,
    at: Snapshot,
}

impl Kept {
    fn look(app: &App, key: &str) -> Self {
        Self { at: app.cache.now(), key: app.search.keyed(key) }
    }

    fn answer(&self, app: &App) -> Option<Arc<Answer>> {
        app.cache.get(self.key.as_ref()?)
    }

    /// Keeps an answer that shows these products.
    fn put<'a>(
        self,
        app: &App,
        body: Vec<u8>,
        products: impl IntoIterator<Item = &'a Product>,
    ) -> Arc<Answer> {
        let Some(key) = self.key else { return Arc::new(Answer::once(body)) };
        let slots = products.into_iter().map(|it| Bucket::of(it.id)).collect();
        app.cache.put(&key, body, Dependencies::List { slots, stock: false }, self.at)
    }
}

fn traits(product: &Product) -> Traits {
    Traits {
        id: product.id,
        categories: product.category_ids.clone(),
        tags: product.tags.clone(),
        vendor: product.vendor.clone(),
    }
}

/// The index may be a moment behind.
fn active(mut products: Vec<Product>) -> Vec<Product> {
    products.retain(|it| it.status == Status::Active);
    products
}
