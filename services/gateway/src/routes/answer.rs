//! Answers that are always the same.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use super::error::RouteError;
use super::file::final_status;

/// An answer as a file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerEntry {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<toml::Value>,
}

fn ok() -> u16 {
    200
}

/// An answer that is always the same.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl AnswerEntry {
    pub(super) fn read(self) -> Result<Answer, RouteError> {
        let status = final_status(self.status).ok_or(RouteError::AnswerStatus(self.status))?;
        let (kind, body) = match self.body {
            None => (None, Bytes::new()),
            Some(toml::Value::String(text)) => {
                (Some("text/plain; charset=utf-8"), Bytes::from(text))
            }
            Some(value) => {
                let value = reshape::json(value)?;
                (Some("application/json"), Bytes::from(value.to_string()))
            }
        };
        let mut headers = HeaderMap::new();
        if let Some(kind) = kind {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in self.headers {
            let read = name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(&value).ok());
            let (name, value) = read.ok_or(RouteError::AnswerHeader { name, value })?;
            if name != header::CONTENT_TYPE {
                reshape::may_set(&name)?;
            }
            headers.insert(name, value);
        }
        Ok(Answer { status, headers, body })
    }
}

impl Answer {
    pub(crate) fn give(&self) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        response.headers_mut().clone_from(&self.headers);
        response
    }
}
