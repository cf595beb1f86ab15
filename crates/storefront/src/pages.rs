//! The pages of the storefront: for each its status, its head, and the answers it would ask for
//! first.

use axum::response::Response;
use http::StatusCode;
use serde::de::DeserializeOwned;

use crate::api::{Answer, Answers};
use crate::escape::component;
use crate::facts::{Category, Product, Tree};
use crate::template::Template;
use crate::{Asked, Front, STORE_POLICY, show};

/// Every page has them in its navigation.
const CATEGORIES: &str = "/api/v1/categories?tree=true";
const POPULAR: &str = "/api/v1/products?sort=popular&limit=8";
const NEWEST: &str = "/api/v1/products?sort=newest&limit=8";
/// What a list of products shows, before what its page's own query asks for.
const LIST: &str = "/api/v1/products?count=true&facets=true&limit=24";
/// What a page's query may ask of a list, as `web/src/store/catalog/filters.ts` has it.
const FILTERS: [&str; 10] = [
    "search",
    "category",
    "min_price",
    "max_price",
    "option",
    "min_rating",
    "in_stock",
    "vendor",
    "sort",
    "page",
];

pub(crate) async fn home(front: &Front, store: &Template, asked: &Asked) -> Response {
    let addresses = [CATEGORIES, POPULAR, NEWEST].map(str::to_owned);
    let answers = front.api.ask(addresses.into()).await;
    let head = front.head(asked).home(&tree(&answers));
    page(store, StatusCode::OK, head, &answers, asked)
}

pub(crate) async fn product(
    front: &Front,
    store: &Template,
    asked: &Asked,
    slug: &str,
) -> Response {
    let address = format!("/api/v1/products/{}", component(slug));
    let answers = front.api.ask(vec![CATEGORIES.to_owned(), address]).await;
    let (status, head) = match told::<Product>(answers.get(1)) {
        Told::All(product) => {
            (StatusCode::OK, front.head(asked).product(&product, &tree(&answers)))
        }
        Told::Nothing => (StatusCode::OK, front.head(asked).unknown()),
        Told::No => (StatusCode::NOT_FOUND, front.head(asked).hidden()),
    };
    page(store, status, head, &answers, asked)
}

pub(crate) async fn category(
    front: &Front,
    store: &Template,
    asked: &Asked,
    slug: &str,
) -> Response {
    let key = component(slug);
    let filters = filters(asked, |it| it != "category");
    let addresses = [
        CATEGORIES.to_owned(),
        format!("/api/v1/categories/{key}"),
        format!("{LIST}&category={key}{filters}"),
    ];
    let answers = front.api.ask(addresses.into()).await;
    let (status, head) = match told::<Category>(answers.get(1)) {
        Told::All(category) => {
            (StatusCode::OK, front.head(asked).category(&category, number(asked)))
        }
        Told::Nothing => (StatusCode::OK, front.head(asked).unknown()),
        Told::No => (StatusCode::NOT_FOUND, front.head(asked).hidden()),
    };
    page(store, status, head, &answers, asked)
}

pub(crate) async fn search(front: &Front, store: &Template, asked: &Asked) -> Response {
    let filters = filters(asked, |_| true);
    let answers = front.api.ask(vec![CATEGORIES.to_owned(), format!("{LIST}{filters}")]).await;
    page(store, StatusCode::OK, front.head(asked).hidden(), &answers, asked)
}

pub(crate) async fn plain(front: &Front, store: &Template, asked: &Asked) -> Response {
    let answers = front.api.ask(vec![CATEGORIES.to_owned()]).await;
    page(store, StatusCode::OK, front.head(asked).hidden(), &answers, asked)
}

pub(crate) async fn nowhere(front: &Front, store: &Template, asked: &Asked) -> Response {
    let answers = front.api.ask(vec![CATEGORIES.to_owned()]).await;
    page(store, StatusCode::NOT_FOUND, front.head(asked).hidden(), &answers, asked)
}

fn page(
    store: &Template,
    status: StatusCode,
    head: String,
    answers: &Answers,
    asked: &Asked,
) -> Response {
    let mut foot = String::new();
    answers.write(&mut foot);
    show(store.fill(&head, &foot), STORE_POLICY, status, asked)
}

/// What the API has told.
enum Told<T> {
    All(T),
    /// Nothing yet; the page will find out.
    Nothing,
    /// That there is no such thing.
    No,
}

fn told<T: DeserializeOwned>(answer: &Answer) -> Told<T> {
    match answer {
        // What has another shape is something else of the API's, and no page of its own.
        Answer::Json(json) => serde_json::from_str(json).map_or(Told::No, Told::All),
        Answer::Refused => Told::No,
        Answer::Silent => Told::Nothing,
    }
}

/// The first answer of every page.
fn tree(answers: &Answers) -> Tree {
    let json = answers.get(0).json();
    json.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default()
}

/// What the page's query asks of a list, to be appended to a query.
fn filters(asked: &Asked, keep: impl Fn(&str) -> bool) -> String {
    let query = asked.uri.query().unwrap_or_default();
    let mut filters = String::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if FILTERS.contains(&&*name) && keep(&name) && !value.trim().is_empty() {
            filters.push_str(&format!("&{name}={}", component(&value)));
        }
    }
    filters
}

/// The number of the page of a list, where it is not the first one.
fn number(asked: &Asked) -> Option<u32> {
    let query = asked.uri.query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let page = pairs.find(|(name, _)| name == "page")?.1.parse().ok()?;
    Some(page).filter(|it| *it > 1)
}
