//! `GET /products` and `GET /products/{id or slug}`: answers kept as bytes, made anew when
//! something they depend on has changed.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::Response;
use axum::http::request::Parts;
use chassis::auth::Principal;
use chassis::extract::{Path, Query};
use chassis::page::{self, Page};
use chassis::problem::{Problem, Result};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::list::{Asked, ListQuery, Skip};
use crate::cache::{Answer, Needs, Slot};
use crate::model::{Product, Status};
use crate::search;
use crate::store::{listing, products};
use crate::view::ProductView;
use crate::{App, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// List products.
#[utoipa::path(
    get, path = "/products", tag = "catalog", operation_id = "products_list",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of products.", body = Page<ProductView>),
        (status = 304, description = "The client has this answer already."),
        (status = 403, description = "`forbidden`", body = Problem),
        (status = 422, description = "`validation_failed`", body = Problem),
        (status = 503, description = "`search_unavailable`", body = Problem),
    ),
    security((), ("bearer" = [])),
)]
async fn list(State(app): State<App>, request: Request) -> Result<Response<Body>> {
    // No slug has a slash, so no product has this key.
    let key = format!("/products?{}", request.uri().query().unwrap_or_default());
    if let Some(answer) = app.cache.get(&key) {
        return Ok(answer.respond(request.headers()));
    }
    let at = app.cache.now();
    if let Some(answer) = app.cache.find_shared(&key, at).await {
        return Ok(answer.respond(request.headers()));
    }
    let (mut parts, _) = request.into_parts();
    let Query(query) = Query::<ListQuery>::from_request_parts(&mut parts, &app).await?;
    let tree = app.tree().await?;
    let asked = query.read(&tree)?;
    if asked.listing.status != Status::Active && !is_staff(&parts) {
        return Err(problems::staff_only());
    }
    let found = find(&app, &asked).await?;
    let view = |it| ProductView::of(it, &tree, &app.currency);
    let body = json(&Page {
        items: found.products.iter().map(view).collect(),
        next_cursor: found.next,
        total: found.total,
    })?;
    // The index follows a moment later, and what only staff may see is not kept at all.
    if asked.search.is_some() || asked.listing.status != Status::Active {
        return Ok(Answer::once(body).respond(&parts.headers));
    }
    let needs = Needs::List {
        slots: found.products.iter().map(|it| Slot::of(it.id)).collect(),
        stock: asked.listing.in_stock.is_some(),
    };
    let answer = app.cache.put(&key, body, needs, at);
    app.cache.share(&key, &answer);
    Ok(answer.respond(&parts.headers))
}

/// Show a product.
#[utoipa::path(
    get, path = "/products/{id}", tag = "catalog", operation_id = "products_show",
    params(("id" = String, Path, description = "Id or slug.")),
    responses(
        (status = 200, description = "The product.", body = ProductView),
        (status = 304, description = "The client has this answer already."),
        (status = 404, description = "`product_not_found`", body = Problem),
    ),
    security((), ("bearer" = [])),
)]
async fn show(
    State(app): State<App>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response<Body>> {
    if let Some(answer) = app.cache.product(&key) {
        answer.product().into_iter().for_each(|it| app.views.seen(it));
        return Ok(answer.respond(request.headers()));
    }
    let at = app.cache.now();
    if let Some(answer) = app.cache.find_shared(&key, at).await {
        answer.product().into_iter().for_each(|it| app.views.seen(it));
        return Ok(answer.respond(request.headers()));
    }
    let (parts, _) = request.into_parts();
    let product = visible(&app, &key, &parts).await?;
    let tree = app.tree().await?;
    let body = json(&ProductView::of(&product, &tree, &app.currency))?;
    if product.status != Status::Active {
        return Ok(Answer::once(body).respond(&parts.headers));
    }
    app.views.seen(product.id);
    let needs = Needs::Product(product.id);
    let answer = app.cache.put(&key, body, needs, at);
    app.cache.share(&key, &answer);
    Ok(answer.respond(&parts.headers))
}

/// The product, if whoever asks may see it.
pub(super) async fn visible(app: &App, key: &str, parts: &Parts) -> Result<Product> {
    let product = products::find(&app.db, key).await?;
    product
        .filter(|it| it.status == Status::Active || is_staff(parts))
        .ok_or_else(problems::product_not_found)
}

fn is_staff(parts: &Parts) -> bool {
    parts.extensions.get::<Principal>().is_some_and(|it| it.may("catalog:write"))
}

/// A page of what was asked for.
struct Found {
    products: Vec<Product>,
    next: Option<String>,
    total: Option<i64>,
}

async fn find(app: &App, asked: &Asked) -> Result<Found> {
    if let Some(request) = &asked.search {
        return search(app, asked, request.clone()).await;
    }
    let (products, next) = listing::page(&app.db, &asked.listing).await?;
    let total = match asked.count {
        true => Some(listing::count(&app.db, &asked.listing).await?),
        false => None,
    };
    Ok(Found { products, next: next.map(|it| page::encode(&it)), total })
}

async fn search(app: &App, asked: &Asked, request: search::Request) -> Result<Found> {
    let skip = request.offset;
    let hits = app.search.find(request).await.map_err(unanswered)?;
    let end = skip + hits.ids.len();
    let more = end < hits.total.min(search::MAX_OFFSET) && end > skip;
    let mut products = products::by_ids(&app.db, &hits.ids).await?;
    // The index may be a moment behind.
    products.retain(|it| it.status == asked.listing.status);
    let next = more.then(|| page::encode(&Skip { skip: end }));
    Ok(Found { products, next, total: asked.count.then_some(hits.total as i64) })
}

fn unanswered(error: search::Error) -> Problem {
    let cause: &dyn std::error::Error = &error;
    tracing::warn!(error = cause, "a search was not answered");
    problems::search_unavailable()
}

pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(Problem::internal)
}
