//! The web front: the storefront's and the admin's pages with what they load.
//!
//! Every page of the storefront is the same file, which finds out in the browser what it shows.
//! What search engines and previews read, and what the page would ask for first, is put into its
//! head here.

mod dist;
mod escape;
mod head;
mod tag;
mod template;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};

pub use dist::Dist;
use head::{Head, Shop};
use template::Template;

use crate::problems;

/// The paths of the storefront whose pages are all alike from here. Mails lead to the last two.
const PLAIN: [&str; 11] = [
    "/search",
    "/cart",
    "/checkout",
    "/orders/{id}",
    "/account",
    "/account/{*page}",
    "/login",
    "/register",
    "/forgot-password",
    "/reset-password",
    "/verify-email",
];
const PRODUCT: &str = "/products/{slug}";
const CATEGORY: &str = "/categories/{slug}";
const ADMIN: [&str; 2] = ["/admin", "/admin/{*page}"];
/// Where files are, as far as that is known beforehand.
const FILES: [&str; 4] = ["/assets/{*file}", "/favicon.svg", "/site.webmanifest", "/theme.js"];

/// What the storefront may do in a browser: its own scripts and styles and nobody else's, and
/// pictures, which merchants may keep anywhere.
const STORE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: https:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The admin's components style themselves, and show pictures before they are uploaded.
const ADMIN_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data: https: blob:; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";
/// Other sites learn where a visitor came from, but not what was looked at.
const REFERRER: &str = "strict-origin-when-cross-origin";
/// What stands in place of the front in a program without one.
const MISSING: &str = include_str!("../assets/front.html");

/// The web front of a shop.
pub(crate) struct Front {
    dist: Dist,
    shop: Shop,
}

impl Front {
    pub(crate) fn new(dist: Dist, name: String, currency: &str) -> Self {
        Self { dist, shop: Shop { name, currency: currency.to_owned() } }
    }

    /// The front page, for a browser.
    pub(crate) fn home(&self, request: &Request) -> Response {
        let mut response = match self.dist.store() {
            Some(_) => self.page(request.headers(), StatusCode::OK, &Head::of(&self.shop)),
            None => missing(StatusCode::OK),
        };
        by_accept(&mut response);
        response
    }

    /// A page of the storefront.
    fn page(&self, asked: &HeaderMap, status: StatusCode, head: &Head<'_>) -> Response {
        match self.dist.store() {
            Some(template) => show(template, &head.html(), STORE_POLICY, status, asked),
            None => self.nowhere(asked),
        }
    }

    /// What there is where nothing is: for a browser a page that says so.
    fn nowhere(&self, asked: &HeaderMap) -> Response {
        let mut response = match (wants_page(asked), self.dist.store()) {
            (true, Some(_)) => {
                self.page(asked, StatusCode::NOT_FOUND, &Head::of(&self.shop).hidden())
            }
            (true, None) => missing(StatusCode::NOT_FOUND),
            (false, _) => problems::not_found().into_response(),
        };
        by_accept(&mut response);
        response
    }
}

/// All paths of the front but `/`, for the description of where routes may lead.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    PLAIN.into_iter().chain(ADMIN).chain([PRODUCT, CATEGORY]).chain(FILES)
}

/// The pages but `/`, and what there is where nothing else is.
pub(crate) fn router(front: Arc<Front>) -> Router {
    let mut router = Router::new().route(PRODUCT, get(plain)).route(CATEGORY, get(plain));
    for path in PLAIN {
        router = router.route(path, get(plain));
    }
    for path in ADMIN {
        router = router.route(path, get(admin));
    }
    router.fallback(elsewhere).with_state(front)
}

async fn plain(State(front): State<Arc<Front>>, request: Request) -> Response {
    front.page(request.headers(), StatusCode::OK, &Head::of(&front.shop).hidden())
}

async fn admin(State(front): State<Arc<Front>>, request: Request) -> Response {
    let asked = request.headers();
    match front.dist.admin() {
        Some(template) => {
            let head = Head::of(&front.shop).bare();
            show(template, &head, ADMIN_POLICY, StatusCode::OK, asked)
        }
        None => front.nowhere(asked),
    }
}

/// A file of the front, or nothing.
async fn elsewhere(State(front): State<Arc<Front>>, request: Request) -> Response {
    let (path, asked) = (request.uri().path(), request.headers());
    let is_api = path == "/api" || path.starts_with("/api/");
    if is_api || ![Method::GET, Method::HEAD].contains(request.method()) {
        return problems::not_found().into_response();
    }
    front.dist.send(path, asked).unwrap_or_else(|| front.nowhere(asked))
}

/// Sends a page, or tells a browser that it has it already.
fn show(
    template: &Template,
    head: &str,
    policy: &'static str,
    status: StatusCode,
    asked: &HeaderMap,
) -> Response {
    let page = template.fill(head);
    let tag = tag::of(&page);
    let known = status == StatusCode::OK && tag::is_known(asked, &tag);
    let (status, body) = match known {
        true => (StatusCode::NOT_MODIFIED, Body::empty()),
        false => (status, Body::from(page)),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (header::REFERRER_POLICY, HeaderValue::from_static(REFERRER)),
        (header::CACHE_CONTROL, dist::ASK_AGAIN),
        (header::ETAG, tag),
    ];
    (status, headers, body).into_response()
}

/// The page of a program that was built without the front.
fn missing(status: StatusCode) -> Response {
    (status, [(header::CACHE_CONTROL, dist::ASK_AGAIN)], Html(MISSING)).into_response()
}

/// Tells caches that others may be answered otherwise.
pub(crate) fn by_accept(response: &mut Response) {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
}

/// Whether a browser wants to show something to somebody.
pub(crate) fn wants_page(asked: &HeaderMap) -> bool {
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
