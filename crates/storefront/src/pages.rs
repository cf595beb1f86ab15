//! The pages of the storefront: for each its status, its head, and the answers it would ask for
//! first.

use axum::response::Response;
use http::StatusCode;
use serde::de::DeserializeOwned;

use crate::api::{Answer, Answers};
use crate::dist::Store;
use crate::facts::{Category, Product, Tree};
use crate::head::Head;
use crate::manifest::{Page, Shows};
use crate::sources::PagePolicy;
use crate::{Front, PageRequest, send};

pub(crate) async fn home(front: &Front, store: &Store, asked: &PageRequest) -> Response {
    match store.manifest.page("/") {
        Some(page) => show(front, store, page, asked, &[]).await,
        None => nowhere(front, store, asked).await,
    }
}

/// A page of the manifest. `path` is what its path has for the names in the page's.
pub(crate) async fn show(
    front: &Front,
    store: &Store,
    page: &Page,
    asked: &PageRequest,
    path: &[(String, String)],
) -> Response {
    let mut addresses = vec![store.manifest.categories.clone()];
    addresses.extend(page.shows.as_ref().and_then(|it| it.ask(path)));
    addresses.extend(page.ask(path, asked.uri.query().unwrap_or_default()));
    let answers = front.api.ask(addresses).await;
    let head = front.head(asked);
    let (status, head) = match &page.shows {
        None => (StatusCode::OK, head.hidden()),
        Some(Shows::Home) => (StatusCode::OK, head.home(&tree(&answers))),
        Some(Shows::Product(_)) => about(&answers, head, |head, it: &Product| {
            head.product(it, &tree(&answers), &store.manifest.pictures)
        }),
        Some(Shows::Category(_)) => {
            about(&answers, head, |head, it: &Category| head.category(it, number(asked)))
        }
    };
    let policy = if page.pays { front.paying.clone() } else { PagePolicy::store() };
    filled(store, status, head, &answers, &policy, asked)
}

pub(crate) async fn nowhere(front: &Front, store: &Store, asked: &PageRequest) -> Response {
    let answers = front.api.ask(vec![store.manifest.categories.clone()]).await;
    let head = front.head(asked).hidden();
    filled(store, StatusCode::NOT_FOUND, head, &answers, &PagePolicy::store(), asked)
}

/// The head of a page about something, which the second answer tells of.
fn about<'a, T: DeserializeOwned>(
    answers: &Answers,
    head: Head<'a>,
    tell: impl FnOnce(Head<'a>, &T) -> String,
) -> (StatusCode, String) {
    match parsed(answers.get(1)) {
        Parsed::All(it) => (StatusCode::OK, tell(head, &it)),
        Parsed::Nothing => (StatusCode::OK, head.unknown()),
        Parsed::No => (StatusCode::NOT_FOUND, head.hidden()),
    }
}

fn filled(
    store: &Store,
    status: StatusCode,
    head: String,
    answers: &Answers,
    policy: &PagePolicy,
    asked: &PageRequest,
) -> Response {
    let mut foot = String::new();
    answers.write(&mut foot);
    send(store.page.fill(&head, &foot), policy, status, asked)
}

/// The answers of the API.
enum Parsed<T> {
    All(T),
    /// Nothing yet; the page will find out.
    Nothing,
    /// That there is no such thing.
    No,
}

fn parsed<T: DeserializeOwned>(answer: &Answer) -> Parsed<T> {
    match answer {
        // What has another shape is something else of the API's, and no page of its own.
        Answer::Json(json) => serde_json::from_str(json).map_or(Parsed::No, Parsed::All),
        Answer::Refused => Parsed::No,
        Answer::Silent => Parsed::Nothing,
    }
}

/// The first answer of every page.
fn tree(answers: &Answers) -> Tree {
    let json = answers.get(0).json();
    json.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default()
}

/// The number of the page of a list, where it is not the first one.
fn number(asked: &PageRequest) -> Option<u32> {
    let query = asked.uri.query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let page = pairs.find(|(name, _)| name == "page")?.1.parse().ok()?;
    Some(page).filter(|it| *it > 1)
}
