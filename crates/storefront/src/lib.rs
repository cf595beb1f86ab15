//! The web front: the pages and assets of the storefront and the admin, served by the gateway.
//!
//! All storefront pages are one HTML file that is routed in the browser. Metadata for search
//! engines and link previews, and the answers to the page's first requests, are inserted here.

mod api;
mod dist;
mod escape;
mod facts;
mod head;
mod manifest;
mod pages;
pub mod problems;
mod sitemap;
mod sources;
mod tag;
mod template;

use std::sync::Arc;

use api::Api;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawPathParams, Request, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chassis::forwarded::ForwardedOrigin;
use chassis::page_sources::PageSources;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};

pub use api::Way;
pub use dist::{Dist, UnusableFront};
use head::{Head, Shop};
pub use manifest::{ManifestError, PageError};
use sitemap::{Part, Sitemaps};
use sources::PagePolicy;
pub use sources::UnusableSource;

/// What stands for all pages where nobody knows them.
const ANY: &str = "/{*page}";
const SITEMAP: &str = "/sitemap.xml";
const SITEMAP_PART: &str = "/sitemap/{part}";
const ROBOTS: &str = "/robots.txt";
const ADMIN: [&str; 2] = ["/admin", "/admin/{*page}"];
/// Where files are, as far as that is known beforehand.
const FILES: [&str; 4] = ["/assets/{*file}", "/favicon.svg", "/site.webmanifest", "/theme.js"];

/// Other sites learn where a visitor came from, but not what was looked at.
const REFERRER: &str = "strict-origin-when-cross-origin";
/// What stands in place of the front in a program without one.
const MISSING: &str = include_str!("../assets/front.html");

/// The web front of a shop.
pub struct Front {
    dist: Dist,
    shop: Shop,
    api: Api,
    sitemaps: Sitemaps,
    /// Of the pages on which customers pay.
    paying: PagePolicy,
}

/// What is asked for, and of which shop.
pub struct PageRequest {
    /// The shop's address, such as `https://shop.example`; empty where the client does not say.
    site: String,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Front {
    /// A front of a shop with this name. `find` says where a path of the API leads.
    pub fn new(
        dist: Dist,
        name: String,
        currency: &str,
        find: impl Fn(&str) -> Way + Send + Sync + 'static,
    ) -> Self {
        let shop = Shop { name, currency: currency.to_owned() };
        let (api, sitemaps) = (Api::new(find), Sitemaps::default());
        Self { dist, shop, api, sitemaps, paying: PagePolicy::store() }
    }

    /// Lets the pages on which customers pay use these sources; no other page may.
    pub fn with_sources(self, sources: &PageSources) -> Result<Self, UnusableSource> {
        Ok(Self { paying: PagePolicy::paying(sources)?, ..self })
    }

    /// The front page, for a browser.
    pub async fn home(&self, asked: PageRequest) -> Response {
        let mut response = match self.dist.store() {
            Some(store) => pages::home(self, store, &asked).await,
            None => missing(StatusCode::OK),
        };
        by_accept(&mut response);
        response
    }

    fn head<'a>(&'a self, asked: &'a PageRequest) -> Head<'a> {
        Head::of(&self.shop, &asked.site)
    }

    /// What there is where nothing is: for a browser a page that says so.
    async fn nowhere(&self, asked: &PageRequest) -> Response {
        let mut response = match (wants_page(&asked.headers), self.dist.store()) {
            (true, Some(store)) => pages::nowhere(self, store, asked).await,
            (true, None) => missing(StatusCode::NOT_FOUND),
            (false, _) => problems::not_found().into_response(),
        };
        by_accept(&mut response);
        response
    }
}

impl PageRequest {
    pub fn of(request: Request) -> Self {
        let site = request
            .extensions()
            .get::<ForwardedOrigin>()
            .and_then(ForwardedOrigin::origin)
            .unwrap_or_default();
        let (parts, _) = request.into_parts();
        Self { site, method: parts.method, uri: parts.uri, headers: parts.headers }
    }
}

/// All paths of a front but `/`, for the description of where routes may lead. Its pages are the
/// web build's to tell: a program without a front takes any path for one.
pub fn paths(dist: &Dist) -> impl Iterator<Item = &str> {
    let pages = dist.store().map(|it| it.manifest.below().map(|(_, page)| &*page.path));
    let any = pages.is_none().then_some(ANY);
    let others = [SITEMAP, SITEMAP_PART, ROBOTS];
    pages.into_iter().flatten().chain(any).chain(ADMIN).chain(others).chain(FILES)
}

/// The pages but `/`, and what there is where nothing else is.
pub fn router(front: Arc<Front>) -> Router {
    let mut router = Router::new()
        .route(SITEMAP, get(sitemap))
        .route(SITEMAP_PART, get(sitemap_part))
        .route(ROBOTS, get(robots));
    for path in ADMIN {
        router = router.route(path, get(admin));
    }
    let pages = front.dist.store().into_iter().flat_map(|it| it.manifest.below());
    for (at, page) in pages {
        let show = async move |State(front), path, request| shown(front, at, path, request).await;
        router = router.route(&page.path, get(show));
    }
    router.fallback(elsewhere).with_state(front)
}

/// A page of the storefront, by its place in the manifest.
async fn shown(front: Arc<Front>, at: usize, path: RawPathParams, request: Request) -> Response {
    let asked = PageRequest::of(request);
    let path: Vec<_> = path.iter().map(|(it, value)| (it.to_owned(), value.to_owned())).collect();
    match front.dist.store().and_then(|it| Some((it, it.manifest.pages.get(at)?))) {
        Some((store, page)) => pages::show(&front, store, page, &asked, &path).await,
        None => front.nowhere(&asked).await,
    }
}

async fn admin(State(front): State<Arc<Front>>, request: Request) -> Response {
    let asked = PageRequest::of(request);
    match front.dist.admin() {
        Some(admin) => {
            let head = front.head(&asked).bare();
            send(admin.fill(&head, ""), &PagePolicy::admin(), StatusCode::OK, &asked)
        }
        None => front.nowhere(&asked).await,
    }
}

async fn sitemap(State(front): State<Arc<Front>>, request: Request) -> Response {
    map(&front, &PageRequest::of(request), Part::Whole).await
}

async fn sitemap_part(
    State(front): State<Arc<Front>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    map(&front, &PageRequest::of(request), Part::named(&name)).await
}

async fn map(front: &Front, asked: &PageRequest, part: Part<'_>) -> Response {
    match front.dist.store() {
        Some(_) => front.sitemaps.send(&front.api, asked, part).await,
        None => front.nowhere(asked).await,
    }
}

async fn robots(State(front): State<Arc<Front>>, request: Request) -> Response {
    let asked = PageRequest::of(request);
    match front.dist.store() {
        Some(_) => sitemap::robots(&asked),
        None => front.nowhere(&asked).await,
    }
}

/// A file of the front, or nothing.
async fn elsewhere(State(front): State<Arc<Front>>, request: Request) -> Response {
    let asked = PageRequest::of(request);
    let path = asked.uri.path();
    let is_api = path == "/api" || path.starts_with("/api/");
    if is_api || ![Method::GET, Method::HEAD].contains(&asked.method) {
        return problems::not_found().into_response();
    }
    match front.dist.send(path, &asked.headers) {
        Some(file) => file,
        None => front.nowhere(&asked).await,
    }
}

/// Sends a page, or 304 to a browser that has it already.
fn send(page: Vec<u8>, policy: &PagePolicy, status: StatusCode, asked: &PageRequest) -> Response {
    let tag = tag::of(&page);
    let known = status == StatusCode::OK && tag::is_known(&asked.headers, &tag);
    let (status, body) =
        if known { (StatusCode::NOT_MODIFIED, Body::empty()) } else { (status, Body::from(page)) };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::REFERRER_POLICY, HeaderValue::from_static(REFERRER)),
        (header::CACHE_CONTROL, dist::ASK_AGAIN),
        (header::ETAG, tag),
    ];
    let mut response = (status, headers, body).into_response();
    response.headers_mut().extend(policy.headers());
    response
}

/// The page of a program that was built without the front.
fn missing(status: StatusCode) -> Response {
    (status, [(header::CACHE_CONTROL, dist::ASK_AGAIN)], Html(MISSING)).into_response()
}

/// Tells caches that others may be answered otherwise.
pub fn by_accept(response: &mut Response) {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
}

/// Whether a browser wants to show something to somebody.
pub fn wants_page(asked: &HeaderMap) -> bool {
    let lines = asked.get_all(header::ACCEPT).iter().filter_map(|it| it.to_str().ok());
    lines.flat_map(|it| it.split(',')).any(|kind| {
        let mut parts = kind.split(';').map(str::trim);
        let is_html = parts.next().is_some_and(|it| it.eq_ignore_ascii_case("text/html"));
        is_html && !parts.any(|it| it.strip_prefix("q=").is_some_and(|it| it.parse() == Ok(0.0)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_says_that_it_wants_a_page() {
        for (accept, wants) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/json, Text/HTML;q=0.5", true),
            ("text/html;q=0", false),
            ("*/*", false),
            ("application/json", false),
            ("text/htmlish", false),
            ("", false),
        ] {
            let asked = [(header::ACCEPT, HeaderValue::from_static(accept))];
            assert_eq!(wants_page(&asked.into_iter().collect()), wants, "{accept}");
        }
        assert!(!wants_page(&HeaderMap::new()));
    }
}
