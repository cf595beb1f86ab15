//! `/sitemap.xml` and `/robots.txt`: what there is for search engines.
//!
//! A shop with few products has one map. With many the map leads to parts, each of a page of the
//! catalog's addresses, so that nobody ever holds all of them.

use std::fmt::Write;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::api::{Answer, Api};
use crate::escape::{self, component};
use crate::problems;
use crate::{PageRequest, tag};

/// The addresses of a part; a map may have 50,000.
const PART: usize = 5_000;
/// A map of maps may have as many.
const MAX_PARTS: usize = 50_000;
/// In bytes, of a page of addresses.
const MAX_ANSWER: usize = 4 * 1024 * 1024;
/// How long a map is good.
const GOOD: Duration = Duration::from_secs(300);
/// Maps that are kept.
const KEPT: usize = 16;

const BEGIN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const SPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// What crawlers should leave alone: pages of one visitor, and the API but for its pictures.
const ROBOTS: &str = "User-agent: *\nAllow: /api/v1/media/\nDisallow: /api/\nDisallow: /admin\n\
    Disallow: /account\nDisallow: /cart\nDisallow: /checkout\n";

/// The maps that were made lately.
#[derive(Default)]
pub(crate) struct Sitemaps(Mutex<Vec<Made>>);

struct Made {
    /// Its own address.
    url: String,
    at: Instant,
    map: Bytes,
}

/// A page of things with addresses.
#[derive(Deserialize)]
struct Page {
    items: Vec<Address>,
    #[serde(default)]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    slug: String,
    updated_at: String,
}

/// The part of a map: what is asked for behind `/sitemap/`.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// The map itself.
    Whole,
    /// The front page and the categories.
    Pages,
    /// Products from the beginning or from a cursor on.
    Products(Option<&'a str>),
}

impl<'a> Part<'a> {
    pub(crate) fn named(name: &'a str) -> Self {
        match name {
            "pages" => Self::Pages,
            "products" => Self::Products(None),
            cursor => Self::Products(Some(cursor)),
        }
    }
}

impl Sitemaps {
    /// Sends a map or a part of one. Who asks for one that is being made waits for it.
    pub(crate) async fn send(&self, api: &Api, asked: &PageRequest, part: Part<'_>) -> Response {
        let url = format!("{}{}", asked.site, asked.uri.path());
        let mut made = self.0.lock().await;
        made.retain(|it| it.at.elapsed() < GOOD);
        let map = match made.iter().find(|it| it.url == url) {
            Some(made) => made.map.clone(),
            None => {
                let map = match make(api, &asked.site, part).await {
                    Ok(map) => Bytes::from(map),
                    Err(response) => return *response,
                };
                if made.len() == KEPT {
                    made.remove(0);
                }
                made.push(Made { url, at: Instant::now(), map: map.clone() });
                map
            }
        };
        drop(made);
        text("application/xml; charset=utf-8", map, asked)
    }
}

pub(crate) fn robots(asked: &PageRequest) -> Response {
    let mut robots = ROBOTS.to_owned();
    if !asked.site.is_empty() {
        let _ = writeln!(robots, "Sitemap: {}/sitemap.xml", asked.site);
    }
    text("text/plain; charset=utf-8", robots.into(), asked)
}

fn text(kind: &'static str, text: Bytes, asked: &PageRequest) -> Response {
    let tag = tag::of(&text);
    let keep = HeaderValue::from_static("public, max-age=300");
    let headers = [(header::CACHE_CONTROL, keep), (header::ETAG, tag.clone())];
    if tag::is_known(&asked.headers, &tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
    (headers, kind, Body::from(text)).into_response()
}

async fn make(api: &Api, site: &str, part: Part<'_>) -> Result<String, Box<Response>> {
    match part {
        Part::Whole => whole(api, site).await,
        Part::Pages => Ok(map(site, Some(&categories(api).await?), &[])),
        Part::Products(cursor) => Ok(map(site, None, &products(api, cursor).await?.items)),
    }
}

async fn whole(api: &Api, site: &str) -> Result<String, Box<Response>> {
    let first = products(api, None).await?;
    let Some(mut cursor) = first.next_cursor else {
        return Ok(map(site, Some(&categories(api).await?), &first.items));
    };
    drop(first.items);
    let mut index = format!("{BEGIN}<sitemapindex xmlns=\"{SPACE}\">\n");
    let mut add = |part: &str| {
        index.push_str("<sitemap><loc>");
        escape::text(&mut index, &format!("{site}/sitemap/{part}"));
        index.push_str("</loc></sitemap>\n");
    };
    add("pages");
    add("products");
    for _ in 0..MAX_PARTS - 2 {
        add(&cursor);
        match products(api, Some(&cursor)).await?.next_cursor {
            Some(next) => cursor = next,
            None => break,
        }
    }
    index.push_str("</sitemapindex>\n");
    Ok(index)
}

/// A map of the front page with categories, and of products.
fn map(site: &str, pages: Option<&[Address]>, products: &[Address]) -> String {
    let mut map = format!("{BEGIN}<urlset xmlns=\"{SPACE}\">\n");
    let mut add = |path: &str, updated_at: Option<&str>| {
        map.push_str("<url><loc>");
        escape::text(&mut map, &format!("{site}{path}"));
        map.push_str("</loc>");
        if let Some(updated_at) = updated_at {
            map.push_str("<lastmod>");
            escape::text(&mut map, updated_at);
            map.push_str("</lastmod>");
        }
        map.push_str("</url>\n");
    };
    if let Some(categories) = pages {
        add("/", None);
        for it in categories.iter().take(PART) {
            add(&format!("/categories/{}", component(&it.slug)), Some(&it.updated_at));
        }
    }
    for it in products {
        add(&format!("/products/{}", component(&it.slug)), Some(&it.updated_at));
    }
    map.push_str("</urlset>\n");
    map
}

async fn categories(api: &Api) -> Result<Vec<Address>, Box<Response>> {
    Ok(read::<Page>(api, "/api/v1/categories").await?.items)
}

async fn products(api: &Api, cursor: Option<&str>) -> Result<Page, Box<Response>> {
    let mut address = format!("/api/v1/catalog/addresses?limit={PART}");
    if let Some(cursor) = cursor {
        let _ = write!(address, "&cursor={}", component(cursor));
    }
    read(api, &address).await
}

async fn read<T: DeserializeOwned>(api: &Api, address: &str) -> Result<T, Box<Response>> {
    match api.answer(address, MAX_ANSWER).await {
        Answer::Json(json) => {
            serde_json::from_str(&json).map_err(|_| Box::new(problems::broken().into_response()))
        }
        Answer::Refused => Err(Box::new(problems::not_found().into_response())),
        Answer::Silent => Err(Box::new(problems::away().into_response())),
    }
}
