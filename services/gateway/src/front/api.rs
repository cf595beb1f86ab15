//! What the front asks the API on behalf of a page, as somebody who is not logged in.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{self, Body};
use axum::extract::Request;
use chassis::reach::Reach;
use futures::future::join_all;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};

use super::escape;
use crate::routes::{Found, Table};

/// How long a page waits. It asks itself for what is not there by then.
const DEADLINE: Duration = Duration::from_secs(1);
/// In bytes; a larger answer is not sent along.
const MAX_ANSWER: usize = 1024 * 1024;

/// The services, by the routes of the shop itself.
pub(super) struct Api {
    routes: Table,
    services: Arc<[(&'static str, Reach)]>,
}

/// How a question was answered.
pub(super) enum Answer {
    Json(String),
    /// A definite no.
    Refused,
    /// Not in time, or not well.
    Silent,
}

/// Questions, as addresses of the API, with their answers.
pub(super) struct Answers(Vec<(String, Answer)>);

impl Api {
    pub(super) fn new(services: Arc<[(&'static str, Reach)]>) -> Result<Self, String> {
        Ok(Self { routes: Table::builtin()?, services })
    }

    /// Asks everything at once.
    pub(super) async fn ask(&self, addresses: Vec<String>) -> Answers {
        let answers = join_all(addresses.iter().map(|it| self.answer(it, MAX_ANSWER))).await;
        Answers(addresses.into_iter().zip(answers).collect())
    }

    /// Asks for one thing, of at most so many bytes.
    pub(super) async fn answer(&self, address: &str, most: usize) -> Answer {
        let Ok(request) = Request::get(address).body(Body::empty()) else { return Answer::Refused };
        let path = request.uri().path();
        let Found::Route(found) = self.routes.find(path, &Method::GET, || None) else {
            return Answer::Refused;
        };
        let name = found.route.service();
        let Some((_, reach)) = self.services.iter().find(|(it, _)| Some(*it) == name) else {
            return Answer::Silent;
        };
        let read = async {
            let response = reach.ask(request, DEADLINE).await.ok()?;
            let status = response.status();
            if status != StatusCode::OK {
                return status.is_client_error().then_some(Answer::Refused);
            }
            let kind = response.headers().get(CONTENT_TYPE);
            kind.filter(|it| it.as_bytes().starts_with(b"application/json"))?;
            let bytes = body::to_bytes(response.into_body(), most).await.ok()?;
            String::from_utf8(bytes.into()).ok().map(Answer::Json)
        };
        let answer = tokio::time::timeout(DEADLINE, read).await.ok().flatten();
        answer.unwrap_or(Answer::Silent)
    }
}

impl Answers {
    /// The answer to a question, counted from 0.
    pub(super) fn get(&self, at: usize) -> &Answer {
        self.0.get(at).map_or(&Answer::Silent, |(_, it)| it)
    }

    /// Appends them to a page whose script looks there before it asks.
    pub(super) fn write(&self, page: &mut String) {
        let answers = self.0.iter().filter_map(|(address, it)| Some((address, it.json()?)));
        page.push_str("<script type=\"application/json\" id=\"answers\">{");
        for (at, (address, json)) in answers.enumerate() {
            if at > 0 {
                page.push(',');
            }
            escape::value(page, address);
            page.push(':');
            escape::json(page, json);
        }
        page.push_str("}</script>");
    }
}

impl Answer {
    pub(super) fn json(&self) -> Option<&str> {
        match self {
            Self::Json(json) => Some(json),
            Self::Refused | Self::Silent => None,
        }
    }
}
