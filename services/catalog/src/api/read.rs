//! `GET /products` and `GET /products/{id or slug}`: answers kept as bytes, made anew when
//! something they depend on has changed.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, Response, StatusCode, header};
use axum::response::IntoResponse;
use catalog_search::Facets;
use chassis::auth::Principal;
use chassis::extract::{Path, Query};
use chassis::if_match::{Tagged, Versioned};
use chassis::problem::{Problem, Result};
use chassis::telemetry::cause;
use chassis::{page, policy};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::list::{Cursor, ListQuery, ListRequest, choices};
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
    let query = request.uri().query().unwrap_or_default();
    let key = format!("products {query}");
    let at = app.cache.now();
    let (mut parts, _) = request.into_parts();
    let staff = is_staff(&parts.extensions);
    // Of changes staff see more than others.
    if !(staff && key.contains("updated_since")) {
        if let Some(answer) = app.cache.get(&key) {
            return Ok(answer.respond(&parts.headers));
        }
        if let Some(answer) = app.cache.find_shared(Kind::Page, &key, at).await {
            return Ok(answer.respond(&parts.headers));
        }
    }
    let Query(query) = Query::<ListQuery>::from_request_parts(&mut parts, &app).await?;
    let choices = choices(parts.uri.query())?;
    let tree = app.tree().await?;
    let asked = query.read(choices, &tree, staff)?;
    if !asked.is_public() && !staff {
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
        partial: found.partial,
        facets: found.facets.map(|it| FacetsView::of(it, &tree, &app.currency)),
    })?;
    if !asked.is_public() {
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
    if !asked.is_public() {
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
///
/// Staff with `catalog:write` get it with the `ETag` that `If-Match` of a write is compared with: its
/// version, which sales and reviews do not change.
#[utoipa::path(
    get, path = "/products/{id}", operation_id = "products.get", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the product.")),
    responses(
        (status = 200, description = "The product.", body = ProductView,
         headers(("ETag" = String, description = "For staff, the version."))),
        (status = 301, description = "The product has another slug now; `Location` has its path."),
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
    if is_staff(request.extensions()) {
        let Some(product) = products::find(&app.db, &key).await? else {
            let (parts, _) = request.into_parts();
            let moved = renamed(&app, &key, &parts).await?;
            return moved.ok_or_else(problems::product_not_found);
        };
        if product.status == Status::Active {
            app.views.seen(product.id);
        }
        return for_staff(&app, &product).await;
    }
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
    let product = match visible(&app, &key, &parts).await {
        Err(problem) if problem.status == 404 => {
            return renamed(&app, &key, &parts).await?.ok_or(problem);
        }
        product => product?,
    };
    let tree = app.tree().await?;
    let body = json(&ProductView::of(&product, &tree, &app.currency))?;
    app.views.seen(product.id);
    let needs = Dependencies::Product(product.id);
    let answer = app.cache.put(&key, body, needs, at);
    app.cache.share(&key, &answer);
    Ok(answer.respond(&parts.headers))
}

/// A product as staff read it: never kept, and always sent, since its stock is not in its version.
pub(super) async fn for_staff(app: &App, product: &Product) -> Result<Response<Body>> {
    let tree = app.tree().await?;
    let view = ProductView::for_staff(product, &tree, &app.currency);
    Ok(Tagged(product.version(), view).into_response())
}

/// The product, if whoever asks may see it.
pub(super) async fn visible(app: &App, key: &str, parts: &Parts) -> Result<Product> {
    let product = products::find(&app.db, key).await?;
    product
        .filter(|it| it.status == Status::Active || is_staff(&parts.extensions))
        .ok_or_else(problems::product_not_found)
}

/// Where the product is that had this slug before, if whoever asks may see it.
async fn renamed(app: &App, key: &str, parts: &Parts) -> Result<Option<Response<Body>>> {
    let found = products::slugs::present(&app.db, key).await?;
    let found =
        found.filter(|(_, status)| *status == Status::Active || is_staff(&parts.extensions));
    Ok(found.map(|(slug, _)| moved("products", &slug)))
}

/// Leads to where something is now. Nobody keeps that: the slug may become somebody else's.
pub(super) fn moved(to: &str, slug: &str) -> Response<Body> {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    let slug = utf8_percent_encode(slug, KEPT);
    let location = format!("{}/{to}/{slug}", chassis::service::PREFIX);
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, "no-cache".to_owned())];
    (StatusCode::MOVED_PERMANENTLY, headers).into_response()
}

/// Whether whoever asks may write products.
pub(super) fn is_staff(extensions: &Extensions) -> bool {
    extensions.get::<Principal>().is_some_and(|it| it.may("catalog:write"))
}

/// A page of what was asked for.
struct Found {
    products: Vec<Product>,
    next: Option<String>,
    total: Option<i64>,
    partial: bool,
    facets: Option<Facets>,
}

async fn find(app: &App, asked: &ListRequest) -> Result<Found> {
    if let Some(request) = &asked.search {
        return search(app, asked, request.clone()).await;
    }
    let (products, next) = listing::page(&app.db, &asked.listing).await?;
    let total = match asked.count {
        true => Some(app.totals.count(&app.db, &asked.listing, listing::COUNTED).await?),
        false => None,
    };
    let next = next.map(|it| page::encode(&Cursor::Listing(it)));
    Ok(Found { products, next, total, partial: false, facets: None })
}

async fn search(app: &App, asked: &ListRequest, request: catalog_search::Request) -> Result<Found> {
    let filter = request.filter.clone();
    let hits = app.search.find(request).await.map_err(unanswered)?;
    let mut products = products::by_ids(&app.db, &hits.ids).await?;
    // The index may be a moment behind.
    products.retain(|it| it.status == asked.listing.status && sells(it, &filter));
    let next = hits.next.map(|it| page::encode(&Cursor::Index(it)));
    let total = asked.count.then_some(hits.total as i64);
    Ok(Found { products, next, total, partial: hits.partial, facets: hits.facets })
}

/// Whether a variant still has a price and a stock as they are asked for.
fn sells(product: &Product, filter: &catalog_search::Filter) -> bool {
    let (min, max) = (filter.min_price, filter.max_price);
    let mut priced = product.variants.iter().filter(|it| {
        min.is_none_or(|min| it.price >= min) && max.is_none_or(|max| it.price <= max)
    });
    match filter.in_stock {
        Some(in_stock) => priced.any(|it| (it.available() != Some(0)) == in_stock),
        None => priced.next().is_some(),
    }
}

pub(super) fn unanswered(error: catalog_search::Error) -> Problem {
    tracing::warn!(error = cause(&error), "a search was not answered");
    problems::search_unavailable()
}

pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(Problem::internal)
}
