//! Reading a request: JSON bodies, queries and path segments whose errors are problems that name
//! every wrong field.
//!
//! What a body may cost is bounded: its bytes by the operation ([`BodyLimits`]), the entries of its
//! lists before they become anything else, and the readings that name further wrong fields by a
//! budget (`wrong`).

mod limit;
mod parse;
mod wrong;

use axum::body::Body;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use garde::Validate;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

pub use self::limit::{BODY_LIMIT, BodyLimits, LARGE_BODY, MAX_BODY, PRODUCT_BODY};
pub use self::parse::json;
use crate::cards;
use crate::problem::{FieldError, Problem, Result, problem};

/// Wrong fields an answer names at most.
const MAX_ERRORS: usize = 100;

/// A JSON body that has been checked; as an answer, JSON.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// The query string, checked.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

/// Segments of the path. What does not fit cannot exist, so it is a 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        is_json(request.headers())?;
        body(&whole(request, state).await?).map(Self)
    }
}

/// For operations that need no body: none where there is not a single byte.
impl<T, S> OptionalFromRequest<S> for Json<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>> {
        let headers = request.headers().clone();
        let bytes = whole(request, state).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        is_json(&headers)?;
        body(&bytes).map(|it| Some(Self(it)))
    }
}

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("%00") {
            return Err(malformed_query());
        }
        let read = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(
            form_urlencoded::parse(query.as_bytes()),
        ));
        let query: T = read.map_err(|error: serde_path_to_error::Error<_>| {
            let path = cards::masked(&error.path().to_string()).into_owned();
            Problem::field(path, cards::masked(&error.inner().to_string()))
        })?;
        validate(&query)?;
        Ok(Self(query))
    }
}

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        if parts.uri.path().contains("%00") {
            return Err(not_found());
        }
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(path)| Self(path)).map_err(|_| not_found())
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A body that is not read through [`Json`], for example because it may be absent: checked just
/// the same.
pub fn body<T: DeserializeOwned + Validate<Context = ()>>(bytes: &[u8]) -> Result<T> {
    let value = json(bytes)?;
    // serde would take a list as the fields of a struct in their order.
    if !value.is_object() {
        return Err(Problem::field("body", "must be a JSON object"));
    }
    if let Some(list) = parse::too_long(&value) {
        return Err(Problem::fields(vec![list]));
    }
    let body: T = wrong::read(value, bytes.len())?;
    validate(&body)?;
    Ok(body)
}

/// A body that is not JSON and may have `limit` bytes, whatever the limit of other routes is. The
/// gateway needs the same `body_limit` in its route.
pub async fn bytes(body: Body, limit: usize) -> Result<Bytes> {
    let read = Limited::new(body, limit).collect().await;
    let read = read.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => body_too_large(limit),
        None => body_unreadable(),
    });
    Ok(read?.to_bytes())
}

fn is_json(headers: &HeaderMap) -> Result<()> {
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        return Ok(());
    }
    Err(unsupported_media_type())
}

/// The whole body, no longer than the operation allows.
async fn whole<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes> {
    let limit = limit::of(&request);
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            body_too_large(limit)
        }
        _ => body_unreadable(),
    })
}

/// The body is not valid JSON, or an object in it has a duplicate key.
#[problem(BAD_REQUEST)]
pub(crate) fn malformed_json(why: String) -> Problem {
    malformed_json::problem(why)
}

/// The body ended early or was malformed.
#[problem(BAD_REQUEST)]
pub fn body_unreadable() -> Problem {
    body_unreadable::problem("the body could not be read to its end")
}

/// The body is too large.
#[problem(PAYLOAD_TOO_LARGE)]
pub fn body_too_large(limit: usize) -> Problem {
    body_too_large::problem(format!("a body may have at most {limit} bytes"))
}

/// The body is not sent as JSON.
#[problem(UNSUPPORTED_MEDIA_TYPE)]
pub(crate) fn unsupported_media_type() -> Problem {
    unsupported_media_type::problem(
        "send the body as JSON with the header `Content-Type: application/json`",
    )
}

/// The query is malformed.
#[problem(BAD_REQUEST)]
pub(crate) fn malformed_query() -> Problem {
    malformed_query::problem("the query contains a NUL")
}

/// There is nothing at this address.
#[problem(NOT_FOUND)]
pub(crate) fn not_found() -> Problem {
    not_found::problem("there is nothing at this address; see /docs")
}

/// Tells a field that is null, which clears it, from one that is not there, which leaves it:
/// `#[serde(default, deserialize_with = "double_option")]`.
pub fn double_option<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    field: D,
) -> std::result::Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

/// 422 naming every field that breaks a rule of its type, for what did not come through [`Json`].
pub fn validate(value: &impl Validate<Context = ()>) -> Result<()> {
    value.validate().map_err(|report| {
        let errors = report
            .iter()
            .take(MAX_ERRORS)
            .map(|(path, error)| FieldError { field: path.to_string(), detail: error.to_string() });
        Problem::fields(errors.collect())
    })
}
