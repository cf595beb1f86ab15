//! The pages of the storefront: for each its status, its head, and the answers it would ask for
//! first.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::api::{Answer, Answers};
use crate::dist::Store;
use crate::facts::{Category, Product, Tree};
use crate::head::Head;
use crate::manifest::{Page, Shows};
use crate::sources::PagePolicy;
use crate::{Front, PageRequest, dist, send};

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
    if let Answer::Moved(to) = answers.get(1)
        && let Some(path) = page.moved(to)
    {
        return moved(&path, asked);
    }
    let head = front.head(asked);
    let (status, head) = match &page.shows {
        None => (StatusCode::OK, head.hidden()),
        Some(Shows::Home) => (StatusCode::OK, head.home(&tree(&answers))),
        Some(Shows::Product(_)) => about(&answers, head, |head, it: &Product| {
            head.product(it, &tree(&answers), &store.manifest.pictures)
        }),
        Some(Shows::Category(_)) => about(&answers, head, |head, it: &Category| head.category(it)),
    };
    let policy = if page.pays { front.paying.clone() } else { PagePolicy::store() };
    filled(store, status, head, &answers, &policy, asked)
}

/// Leads to the page of what has another address now, with the query of the old one.
fn moved(path: &str, asked: &PageRequest) -> Response {
    let query = asked.uri.query().map(|it| format!("?{it}")).unwrap_or_default();
    let location = (header::LOCATION, format!("{path}{query}"));
    let mut response = (StatusCode::MOVED_PERMANENTLY, [location]).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, dist::ASK_AGAIN);
    response
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
        // What it shows has moved to where no page of this kind is.
        Answer::Refused | Answer::Moved(_) => Parsed::No,
        Answer::Silent => Parsed::Nothing,
    }
}

/// The first answer of every page.
fn tree(answers: &Answers) -> Tree {
    let json = answers.get(0).json();
    json.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default()
}
