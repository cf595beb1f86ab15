//! What the front asks the API on behalf of a page, as somebody who is not logged in.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{self, Body};
use axum::extract::Request;
use chassis::call_target::CallTarget;
use futures::future::join_all;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::escape;

/// How long a page waits. It asks itself for what is not there by then.
const DEADLINE: Duration = Duration::from_secs(1);
/// In bytes; a larger answer is not sent along.
const MAX_ANSWER: usize = 1024 * 1024;

/// Where a path of the API leads.
pub enum Way {
    /// There is nothing.
    Nowhere,
    /// To a service that is not there.
    Away,
    To(Arc<dyn CallTarget>),
}

/// The services, by the routes of the shop itself.
pub(crate) struct Api {
    find: Box<dyn Fn(&str) -> Way + Send + Sync>,
}

/// How a question was answered.
pub(crate) enum Answer {
    Json(String),
    /// A definite no.
    Refused,
    /// Not in time, or not well.
    Silent,
}

/// Questions, as addresses of the API, with their answers.
pub(crate) struct Answers(Vec<(String, Answer)>);

impl Api {
    pub(crate) fn new(find: impl Fn(&str) -> Way + Send + Sync + 'static) -> Self {
        Self { find: Box::new(find) }
    }

    /// Asks everything at once.
    pub(crate) async fn ask(&self, addresses: Vec<String>) -> Answers {
        let answers = join_all(addresses.iter().map(|it| self.answer(it, MAX_ANSWER))).await;
        Answers(addresses.into_iter().zip(answers).collect())
    }

    /// Asks for one thing, of at most so many bytes.
    pub(crate) async fn answer(&self, address: &str, most: usize) -> Answer {
        let Ok(request) = Request::get(address).body(Body::empty()) else { return Answer::Refused };
        let reach = match (self.find)(request.uri().path()) {
            Way::Nowhere => return Answer::Refused,
            Way::Away => return Answer::Silent,
            Way::To(reach) => reach,
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
    pub(crate) fn get(&self, at: usize) -> &Answer {
        self.0.get(at).map_or(&Answer::Silent, |(_, it)| it)
    }

    /// Appends them to a page whose script looks there before it asks.
    pub(crate) fn write(&self, page: &mut String) {
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
    pub(crate) fn json(&self) -> Option<&str> {
        match self {
            Self::Json(json) => Some(json),
            Self::Refused | Self::Silent => None,
        }
    }
}
