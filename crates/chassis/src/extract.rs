//! Reading a request: JSON bodies, queries and path segments whose errors are problems that name
//! every wrong field.

use axum::body::Body;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use garde::Validate;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::problem::{FieldError, Problem, Result};

/// The largest JSON body a service reads, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

const UNREADABLE: &str = "the body could not be read to its end";

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
        let bytes = Bytes::from_request(request, state).await.map_err(unreadable)?;
        body(&bytes).map(Self)
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
        let bytes = Bytes::from_request(request, state).await.map_err(unreadable)?;
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
            return Err(Problem::bad_request("malformed_query", "the query contains a NUL"));
        }
        let read = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(
            form_urlencoded::parse(query.as_bytes()),
        ));
        let query: T = read.map_err(|error: serde_path_to_error::Error<_>| {
            Problem::field(error.path().to_string(), error.inner().to_string())
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
        let missing = || Problem::not_found("not_found", "there is nothing at this address");
        if parts.uri.path().contains("%00") {
            return Err(missing());
        }
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(path)| Self(path)).map_err(|_| missing())
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
    let value = parse(bytes)?;
    // serde would take a list as the fields of a struct in their order.
    if !value.is_object() {
        return Err(Problem::field("body", "must be a JSON object"));
    }
    let body: T = read(value)?;
    validate(&body)?;
    Ok(body)
}

/// A body that is not JSON and may have `limit` bytes, whatever the limit of other routes is. The
/// gateway needs the same `body_limit` in its route.
pub async fn bytes(body: Body, limit: usize) -> Result<Bytes> {
    let read = Limited::new(body, limit).collect().await;
    let read = read.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => too_large(limit),
        None => Problem::bad_request("body_unreadable", UNREADABLE),
    });
    Ok(read?.to_bytes())
}

fn parse(bytes: &[u8]) -> Result<Value> {
    let malformed =
        |error: serde_json::Error| Problem::bad_request("malformed_json", error.to_string());
    let value: Value = serde_json::from_slice(bytes).map_err(malformed)?;
    if contains_nul(&value) {
        return Err(Problem::bad_request("malformed_json", "a text contains a NUL character"));
    }
    Ok(value)
}

fn is_json(headers: &HeaderMap) -> Result<()> {
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "send the body as JSON with the header `Content-Type: application/json`",
    ))
}

fn unreadable(rejection: BytesRejection) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            too_large(MAX_BODY)
        }
        _ => Problem::bad_request("body_unreadable", UNREADABLE),
    }
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("a body may have at most {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

fn contains_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(contains_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || contains_nul(value))
        }
        _ => false,
    }
}

/// Reads `T`, naming every field of a wrong type and every unknown one, not only the first.
///
/// serde stops at the first error. So the wrong value is noted, replaced by one of another type
/// and the whole is read again, until it fits or nothing helps.
fn read<T: DeserializeOwned>(mut value: Value) -> Result<T> {
    const AT_MOST: usize = 20;
    let mut errors: Vec<FieldError> = Vec::new();
    while errors.len() < AT_MOST {
        let wrong = match serde_path_to_error::deserialize::<_, T>(&value) {
            Ok(it) if errors.is_empty() => return Ok(it),
            Ok(_) => break,
            Err(error) => Wrong::of(&error),
        };
        let (path, unknown) = (wrong.path.clone(), wrong.unknown);
        errors.push(wrong.into_field_error());
        if !replace::<T>(&mut value, &path, unknown) {
            break;
        }
    }
    Err(Problem::fields(errors))
}

/// Where reading stopped, and why.
struct Wrong {
    path: Vec<String>,
    detail: String,
    /// The field should not be there at all.
    unknown: bool,
}

impl Wrong {
    fn of(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        use serde_path_to_error::Segment;
        let mut path: Vec<String> = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                Segment::Seq { index } => Some(index.to_string()),
                Segment::Map { key } => Some(key.clone()),
                Segment::Enum { .. } | Segment::Unknown => None,
            })
            .collect();
        let message = error.inner().to_string();
        // The path of a missing field is its parent's.
        if let Some(name) = message.strip_prefix("missing field `") {
            path.extend(name.split('`').next().map(str::to_owned));
            return Self { path, detail: "is required".to_owned(), unknown: false };
        }
        if message.starts_with("unknown field") {
            let allowed = message.split_once(", ").map_or("", |(_, rest)| rest);
            let detail = format!("is not a known field; {allowed}");
            return Self { path, detail, unknown: true };
        }
        Self { path, detail: message, unknown: false }
    }

    fn into_field_error(self) -> FieldError {
        let mut field = String::new();
        for segment in &self.path {
            match segment.parse::<usize>() {
                Ok(index) => field.push_str(&format!("[{index}]")),
                Err(_) if field.is_empty() => field.push_str(segment),
                Err(_) => field.push_str(&format!(".{segment}")),
            }
        }
        if field.is_empty() {
            field.push_str("body");
        }
        FieldError { field, detail: self.detail }
    }
}

/// Puts something at `path` that moves the error elsewhere; false if nothing does.
fn replace<T: DeserializeOwned>(value: &mut Value, path: &[String], unknown: bool) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let mut parent = &mut *value;
    for segment in parents {
        let next = match parent {
            Value::Object(fields) => fields.get_mut(segment),
            Value::Array(items) => segment.parse().ok().and_then(|at: usize| items.get_mut(at)),
            _ => None,
        };
        match next {
            Some(next) => parent = next,
            None => return false,
        }
    }
    let pointer: String = path.iter().map(|it| format!("/{}", escape(it))).collect();
    if let (Value::Object(fields), true) = (parent, unknown) {
        fields.remove(last);
        return true;
    }
    let fillers = [
        json!(""),
        json!(1),
        json!(true),
        json!([]),
        json!({}),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("USD"),
        json!("2000-01-01T00:00:00Z"),
    ];
    fillers.into_iter().any(|filler| {
        let parent = value.pointer_mut(pointer.rsplit_once('/').map_or("", |(parent, _)| parent));
        match parent {
            Some(Value::Object(fields)) => drop(fields.insert(last.clone(), filler)),
            Some(Value::Array(items)) => {
                if let Some(item) = last.parse().ok().and_then(|at: usize| items.get_mut(at)) {
                    *item = filler;
                }
            }
            _ => return false,
        }
        moved::<T>(value, path)
    })
}

/// Whether reading now ends somewhere else than at `path`.
fn moved<T: DeserializeOwned>(value: &Value, path: &[String]) -> bool {
    match serde_path_to_error::deserialize::<_, T>(value) {
        Ok(_) => true,
        Err(error) => Wrong::of(&error).path != path,
    }
}

fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// 422 naming every field that breaks a rule of its type, for what did not come through [`Json`].
pub fn validate(value: &impl Validate<Context = ()>) -> Result<()> {
    value.validate().map_err(|report| {
        let errors = report
            .iter()
            .map(|(path, error)| FieldError { field: path.to_string(), detail: error.to_string() });
        Problem::fields(errors.collect())
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read, never used")]
    struct Order {
        email: String,
        lines: Vec<Line>,
        gift: Option<bool>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read, never used")]
    struct Line {
        sku: String,
        quantity: u32,
    }

    #[test]
    fn every_wrong_field_is_named() {
        let body = json!({
            "email": 5,
            "lines": [{ "sku": "A", "quantity": -1 }, { "sku": [], "quantity": 1 }, {}],
            "gift": "yes",
            "colour": "red",
        });
        let errors = read::<Order>(body).unwrap_err().errors;
        let mut fields: Vec<_> = errors.iter().map(|it| it.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "colour",
                "email",
                "gift",
                "lines[0].quantity",
                "lines[1].sku",
                "lines[2].quantity",
                "lines[2].sku"
            ]
        );
    }

    #[test]
    fn a_body_of_another_kind_is_named() {
        for body in [json!([]), json!(null), json!("text"), json!(5)] {
            assert!(!read::<Order>(body.clone()).unwrap_err().errors.is_empty(), "{body}");
        }
    }

    #[test]
    fn a_nul_and_a_lone_surrogate_are_malformed() {
        for body in [r#"{"a":"\u0000"}"#, r#"{"\u0000":1}"#, r#"["\ud800"]"#, "{", ""] {
            assert_eq!(parse(body.as_bytes()).unwrap_err().code, "malformed_json", "{body}");
        }
    }
}
