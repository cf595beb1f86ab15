//! The one error body every API returns: RFC 9457 `application/problem+json`.

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use axum::http::StatusCode;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
pub use macros::problem;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, ResponseBuilder};

use crate::db;
use crate::telemetry::cause;

/// An error a client can act on.
///
/// `code` is stable, for clients to match on; `detail` is for people. `errors` lists every invalid
/// field of a request. Further members have what a client needs to continue, such as the SKUs that
/// are out of stock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub code: Cow<'static, str>,
    pub detail: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

/// An invalid field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The path of the field, such as `shipping_address.country` or `items[0].quantity`.
    pub field: String,
    /// What is wrong with it and what is allowed.
    pub detail: String,
}

/// What the description of an API says about a problem. [`macro@problem`] makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Documented {
    pub status: StatusCode,
    pub code: &'static str,
    /// When it is answered: a sentence or two for clients.
    pub description: &'static str,
}

impl Documented {
    /// For `utoipa::path`, which keeps one response per status: so the key is also the code's, until
    /// `openapi::complete` puts all problems of one status together.
    pub fn responses(self) -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let key = format!("{} {}", self.status.as_u16(), self.code);
        let response = ResponseBuilder::new().description(self.description).build();
        BTreeMap::from([(key, response.into())])
    }
}

pub type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind: format!("/problems/{code}"),
            title: status.canonical_reason().unwrap_or("error").to_owned(),
            status: status.as_u16(),
            code: Cow::Borrowed(code),
            detail: detail.into(),
            errors: Vec::new(),
            members: Map::new(),
        }
    }

    /// 400: the request itself is broken.
    pub fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 422: well-formed, but not allowed.
    pub fn invalid(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 401: no credentials, or invalid ones.
    pub fn unauthenticated(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    /// 403: known, but not allowed.
    pub fn forbidden(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    pub fn not_found(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 503: try again soon; nothing was done.
    pub fn unavailable(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// 422 with every wrong field.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        validation_failed(errors)
    }

    /// 422 for one wrong field.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { field: field.into(), detail: detail.into() }])
    }

    /// Logs the cause once, here at the edge, and reveals nothing of it to the client.
    pub fn internal(error: impl std::error::Error + 'static) -> Self {
        tracing::error!(error = cause(&error), "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "an internal error occurred")
    }

    /// Adds a member beside the standard ones.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// Says when to try again: the member `retry_after` and the header of that name.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with("retry_after", seconds)
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Fields are invalid. `errors` names each.
#[problem(UNPROCESSABLE_ENTITY)]
pub(crate) fn validation_failed(errors: Vec<FieldError>) -> Problem {
    let names: Vec<&str> = errors.iter().map(|it| it.field.as_str()).collect();
    let detail = format!("these fields are invalid: {}", names.join(", "));
    Problem { errors, ..validation_failed::problem(detail) }
}

/// Names the problem a taken unique key means.
pub trait OnDuplicate<T> {
    fn on_duplicate(self, problem: impl FnOnce() -> Problem) -> Result<T>;
}

impl<T> OnDuplicate<T> for db::Result<T> {
    fn on_duplicate(self, problem: impl FnOnce() -> Problem) -> Result<T> {
        self.map_err(|error| match error {
            db::Error::Duplicate(_) => problem(),
            error => error.into(),
        })
    }
}

impl From<db::Error> for Problem {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::Unavailable(_) => {
                tracing::warn!(error = cause(&error), "database unavailable");
                Self::unavailable("unavailable", "the service is busy; try again in a moment")
            }
            db::Error::Full(_) => {
                tracing::error!(error = cause(&error), "database write failed");
                Self::unavailable("storage_unavailable", "the shop cannot store anything right now")
            }
            error => Self::internal(error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = serde_json::to_vec(&self).expect("a problem is plain data");
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let wait = self.members.get("retry_after").and_then(Value::as_u64);
        if let Some(seconds) = wait.or((status == StatusCode::SERVICE_UNAVAILABLE).then_some(1)) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.status, self.detail)
    }
}

impl std::error::Error for Problem {}
