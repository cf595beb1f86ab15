//! The web front: pages, files, and what there is where nothing is.

mod answers;
mod heads;
mod maps;
mod serving;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::testing::{Answer, call};
use gateway::{Config, Dist, Parts, Upstream};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::shop::{described, parts};

/// What a browser says when somebody goes to an address.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

const STORE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><!--head-->\
    <script type=\"module\" src=\"/assets/store-1a2b.js\"></script></head><body></body></html>";
const ADMIN: &str = "<!doctype html><title>Admin</title><!--head--><p id=\"admin\">";

/// What the build tells of the pages; `web/src/store/manifest.ts` has the whole.
fn manifest() -> Value {
    let products = |query: &str| format!("/api/v1/products?{query}");
    let filters = ["search", "option", "vendor", "sort", "page"];
    json!({
        "categories": "/api/v1/categories?tree=true",
        "pages": [
            {
                "path": "/",
                "shows": "home",
                "questions": [
                    { "address": products("sort=popular&limit=8") },
                    { "address": products("sort=newest&limit=8") },
                ],
            },
            { "path": "/products/{slug}", "shows": { "product": "/api/v1/products/{slug}" } },
            {
                "path": "/categories/{slug}",
                "shows": { "category": "/api/v1/categories/{slug}" },
                "questions": [{
                    "address": products("count=true&facets=true&limit=24&category={slug}"),
                    "query": filters,
                }],
            },
            {
                "path": "/search",
                "questions": [{
                    "address": products("count=true&facets=true&limit=24"),
                    "query": (["category"].iter().chain(&filters).collect::<Vec<_>>()),
                }],
            },
            { "path": "/cart" },
            { "path": "/orders/{id}", "pays": true },
            { "path": "/account" },
            { "path": "/account/profile" },
            { "path": "/login" },
        ],
        "pictures": { "widths": [320, 960], "usual": 640, "sizes": "(min-width: 60rem) 40rem" },
    })
}

/// A small front, as Vite would build it.
pub(crate) fn dist() -> Dist {
    let files = [
        ("index.html", STORE.to_owned()),
        ("index.html.br", "the page before its head is known".to_owned()),
        ("admin.html", ADMIN.to_owned()),
        ("assets/store-1a2b.js", "console.log('cup of tea');\n".repeat(100)),
        ("assets/store-1a2b.js.br", "packed".to_owned()),
        ("assets/store-1a2b.css", "a{color:red}\n".repeat(200)),
        ("assets/font-1a2b.woff2", "wOF2".to_owned()),
        ("favicon.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_owned()),
        ("site.webmanifest", "{}".to_owned()),
        ("manifest.json", manifest().to_string()),
        ("manifest.json.br", "packed".to_owned()),
    ];
    Dist::of(files.map(|(path, text)| (path.to_owned(), text.into()))).unwrap()
}

fn open() -> Router {
    gateway::router(Config::default(), Parts { front: dist(), ..parts(true) }).unwrap()
}

/// A catalog that answers these addresses with these, and notes what it was asked.
struct Catalog {
    answers: Vec<(&'static str, Value)>,
    asked: Mutex<Vec<String>>,
}

impl Catalog {
    fn of(answers: &[(&'static str, Value)]) -> Arc<Self> {
        Arc::new(Self { answers: answers.to_vec(), asked: Mutex::default() })
    }

    fn answer(&self, request: &Request) -> Response {
        assert!(!request.headers().contains_key("authorization"), "pages are for everybody");
        let address = request.uri().to_string();
        self.asked.lock().push(address.clone());
        match self.answers.iter().find(|(it, _)| *it == address) {
            Some((_, Value::Number(status))) => {
                StatusCode::from_u16(status.as_u64().unwrap() as u16).unwrap().into_response()
            }
            Some((_, answer)) => axum::Json(answer).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }

    /// A shop with the front before this catalog.
    fn open(self: &Arc<Self>) -> Router {
        let this = self.clone();
        let router = Router::new().fallback(async move |request: Request| this.answer(&request));
        let document = json!({
            "openapi": "3.1.0", "info": { "title": "catalog", "version": "0" }, "paths": {}
        });
        let catalog =
            Upstream { name: "catalog", reach: router.into(), openapi: described(document) };
        let parts = Parts { services: vec![catalog], front: dist(), ..parts(true) };
        gateway::router(Config::default(), parts).unwrap()
    }

    /// What it was asked since the last time, in order.
    fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.asked.lock());
        asked.sort();
        asked
    }
}

/// What a script in a page holds.
fn script(page: &str, attributes: &str) -> Value {
    let begin = format!("<script {attributes}>");
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no {begin}: {page}"));
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// The answers sent along.
fn sent(page: &str) -> Value {
    script(page, "type=\"application/json\" id=\"answers\"")
}

/// What a browser gets that goes to an address.
async fn visit(shop: &Router, path: &str) -> Answer {
    call(shop, "GET", path).header("accept", BROWSER).header("host", "shop.example").await
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |it| it.to_str().unwrap())
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.to_vec()).unwrap()
}

fn is_store(answer: &Answer) -> bool {
    text(answer).contains("store-1a2b.js")
}
