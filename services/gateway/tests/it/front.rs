//! The web front: pages, files, and what there is where nothing is.

mod serving;

use axum::Router;
use chassis::testing::{Answer, call};
use gateway::{Config, Dist, Parts};

use crate::shop::parts;

/// What a browser says when somebody goes to an address.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

const STORE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><!--head-->\
    <script type=\"module\" src=\"/assets/store-1a2b.js\"></script></head><body></body></html>";
const ADMIN: &str = "<!doctype html><title>Admin</title><!--head--><p id=\"admin\">";

/// A small front, as Vite would build it.
fn dist() -> Dist {
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
    ];
    Dist::of(files.map(|(path, text)| (path.to_owned(), text.into())))
}

fn open() -> Router {
    gateway::router(Config::default(), Parts { front: dist(), ..parts(true) }).unwrap()
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
