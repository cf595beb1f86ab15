//! Answers before they are written.

use axum::body::Body;
use axum::response::Response;
use serde_json::Value;

use crate::error::{Answer, ApiError};

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn replayed(self) -> Self {
        self.header("idempotent-replayed", "true")
    }

    pub(crate) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.body).unwrap_or_default();
        text.push('\n');
        text
    }

    /// With this content type and body, which are the reply's own unless a fault spoils them.
    pub(crate) fn write(self, content_type: &str, body: Body) -> Response {
        let mut response = Response::builder().status(self.status);
        response = response.header("content-type", content_type);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(body).unwrap_or_else(|_| Response::new(Body::empty()))
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        Self { status: error.status, body: error.body(), headers: Vec::new() }
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        match answer {
            Ok(body) => Self { status: 200, body, headers: Vec::new() },
            Err(error) => error.into(),
        }
    }
}
