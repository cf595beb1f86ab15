//! `GET /products` and `GET /products/{id or slug}`: answers kept as bytes, made anew when
//! something they depend on has changed.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::Response;
use axum::http::request::Parts;
use catalog_search::Facets;
use chassis::auth::Principal;
use chassis::extract::{Path, Query};
use chassis::problem::{Problem, Result};
use chassis::telemetry::cause;
use chassis::{page, policy};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::list::{ListQuery, ListRequest, Skip, choices};
use crate::cache::{Answer, Bucket, Dependencies, Kind};
use crate::model::{Product, Status};
use crate::store::{listing, products};
use crate::view::{FacetsView, ProductList, ProductView};
use crate::{App, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// List products.
#[utoipa::path(
    get, path = "/products", operation_id = "products.list", tag = "catalog",
    params(
        ListQuery,
        ("option" = Option<Vec<String>>, Query, style = Form, explode,
         description = "An option and its value, such as `Size:M`, up to 20 times. Values of the \
                        same option are alternatives; a variant must match all options."),
    ),
    responses(
        (status = 200, description = "A page of products.", body = ProductList),
        policy::forbidden,
        (status = 304, description = "The client's cached response is current."),
        problems::search_unavailable,
    ),
    security((), ("bearer" = [])),
)]
async fn list(State(app): State<App>, request: Request) -> Result<Response<Body>> {
    let key = format!("products {}", request.uri().query().unwrap_or_default());
    if let Some(answer) = app.cache.get(&key) {
        return Ok(answer.respond(request.headers()));
    }
    let at = app.cache.now();
    if let Some(answer) = app.cache.find_shared(Kind::Page, &key, at).await {
        return Ok(answer.respond(request.headers()));
    }
    let (mut parts, _) = request.into_parts();
    let Query(query) = Query::<ListQuery>::from_request_parts(&mut parts, &app).await?;
    let choices = choices(parts.uri.query())?;
    let tree = app.tree().await?;
    let asked = query.read(choices, &tree)?;
    if asked.listing.status != Status::Active && !is_staff(&parts) {
        return Err(problems::staff_only());
    }
    let kept = kept_as(&app, &asked, &key);
    if let Some(answer) = kept.as_ref().filter(|it| **it != key).and_then(|it| app.cache.get(it)) {
        return Ok(answer.respond(&parts.headers));
    }
    let found = find(&app, &asked).await?;
    let view = |it| ProductView::of(it, &tree, &app.currency);
    let body = json(&ProductList {
        items: found.products.iter().map(view).collect(),
        next_cursor: found.next,
        total: found.total,
        facets: found.facets.map(|it| FacetsView::of(it, &tree, &app.currency)),
    })?;
    if asked.listing.status != Status::Active {
        return Ok(Answer::private(body).respond(&parts.headers));
    }
    let Some(kept) = kept else {
        return Ok(Answer::once(body).respond(&parts.headers));
    };
    let needs = Dependencies::List {
        slots: found.products.iter().map(|it| Bucket::of(it.id)).collect(),
        stock: asked.listing.in_stock.is_some(),
    };
    let answer = app.cache.put(&kept, body, needs, at);
    if kept == key {
        app.cache.share(&key, &answer);
    }
    Ok(answer.respond(&parts.headers))
}

/// The key an answer is kept by; none where it is not kept: texts are too many, and what only
/// staff may see is not for others.
fn kept_as(app: &App, asked: &ListRequest, key: &str) -> Option<String> {
    if asked.listing.status != Status::Active {
        return None;
    }
    match &asked.search {
        Some(request) if request.text.is_some() => None,
        // The index follows a moment later: what it finds holds until it has gone on.
        Some(_) => app.search.keyed(key),
        // Sales are not marked: a product that is not in the list rises within a minute.
        None if asked.listing.sort == listing::Sort::Popular => {
            Some(format!("{key} {}", app.clock.now().timestamp() / 60))
        }
        None => Some(key.to_owned()),
    }
}

/// Get a product.
#[utoipa::path(
    get, path = "/products/{id}", operation_id = "products.get", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product.")),
    responses(
        (status = 200, description = "The product.", body = ProductView),
        (status = 304, description = "The client's cached response is current."),
        problems::product_not_found,
    ),
    security((), ("bearer" = [])),
)]
async fn get(
    State(app): State<App>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response<Body>> {
    if let Some(answer) = app.cache.product(&key) {
        answer.product().into_iter().for_each(|it| app.views.seen(it));
        return Ok(answer.respond(request.headers()));
    }
    let at = app.cache.now();
    if let Some(answer) = app.cache.find_shared(Kind::Product, &key, at).await {
        answer.product().into_iter().for_each(|it| app.views.seen(it));
        return Ok(answer.respond(request.headers()));
    }
    let (parts, _) = request.into_parts();
    let product = visible(&app, &key, &parts).await?;
    let tree = app.tree().await?;
    let body = json(&ProductView::of(&product, &tree, &app.currency))?;
    if product.status != Status::Active {
        return Ok(Answer::private(body).respond(&parts.headers));
    }
    app.views.seen(product.id);
    let needs = Dependencies::Product(product.id);
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
    facets: Option<Facets>,
}

async fn find(app: &App, asked: &ListRequest) -> Result<Found> {
    if let Some(request) = &asked.search {
        return search(app, asked, request.clone()).await;
    }
    let (products, next) = listing::page(&app.db, &asked.listing).await?;
    let total =
        if asked.count { Some(listing::count(&app.db, &asked.listing).await?) } else { None };
    Ok(Found { products, next: next.map(|it| page::encode(&it)), total, facets: None })
}

async fn search(app: &App, asked: &ListRequest, request: catalog_search::Request) -> Result<Found> {
    let skip = request.offset;
    let hits = app.search.find(request).await.map_err(unanswered)?;
    let end = skip + hits.ids.len();
    let more = end < hits.total.min(catalog_search::MAX_OFFSET) && end > skip;
    let mut products = products::by_ids(&app.db, &hits.ids).await?;
    // The index may be a moment behind.
    products.retain(|it| it.status == asked.listing.status);
    let next = more.then(|| page::encode(&Skip { skip: end }));
    let total = asked.count.then_some(hits.total as i64);
    Ok(Found { products, next, total, facets: hits.facets })
}

pub(super) fn unanswered(error: catalog_search::Error) -> Problem {
    tracing::warn!(error = cause(&error), "a search was not answered");
    problems::search_unavailable()
}

pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(Problem::internal)
}
