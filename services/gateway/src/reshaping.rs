//! Requests and answers of routes that have something to be reshaped. What cannot be reshaped on
//! the way in is refused; on the way out it passes as it is, with a line in the log.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use chassis::auth::Principal;
use chassis::money::Currency;
use chassis::problem::{Problem, Result};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};
use http_body::Body as _;
use reshape::{Form, Message, Misfit, Operation, Query};
use serde_json::{Map, Value};

use crate::routes::{self, Kind, Route, Table, Target, host};
use crate::upload::{self, Start};
use crate::{head, problems};

/// The largest answer that is reshaped, in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What the client asked for, in the extensions of its request and for the time when its answer is
/// reshaped.
#[derive(Debug)]
pub(crate) struct ClientRequest {
    query: Query,
    /// Without the query.
    address: String,
    parameters: Vec<(String, String)>,
    user: Option<Principal>,
    head: bool,
}

/// How an answer is to be reshaped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    pub(crate) response: &'a [Operation],
    pub(crate) errors: &'a [Operation],
    pub(crate) status: &'a [(Kind, StatusCode)],
    pub(crate) names: Option<&'a std::sync::Arc<[(String, String)]>>,
}

impl Rules<'_> {
    /// The answer stays as it is.
    pub(crate) const NONE: Self = Self { response: &[], errors: &[], status: &[], names: None };
}

impl Table {
    /// How an answer is reshaped that no target gives.
    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules { response: &[], errors: &self.errors, status: &self.status, names: None }
    }
}

impl Target {
    /// How its answers are reshaped.
    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules {
            response: &self.response,
            errors: &self.errors,
            status: &self.status,
            names: Some(&self.names),
        }
    }
}

impl ClientRequest {
    /// `secure` tells whether the client came over HTTPS.
    pub(crate) fn of(request: &Request, secure: bool, route: Option<&Route>, path: &str) -> Self {
        let uri = request.uri();
        let scheme = if secure { "https" } else { "http" };
        let address = match host::authority(uri, request.headers()) {
            Some(authority) => format!("{scheme}://{authority}{}", uri.path()),
            None => uri.path().to_owned(),
        };
        Self {
            query: Query::parse(uri.query().unwrap_or_default()),
            address,
            parameters: route.map(|it| it.parameters(path)).unwrap_or_default(),
            user: None,
            head: request.method() == Method::HEAD,
        }
    }

    pub(crate) fn for_user(self, user: Option<Principal>) -> Self {
        Self { user, ..self }
    }
}

/// Makes of a request what its target understands.
pub(crate) async fn request(
    request: Request,
    route: &Route,
    target: &Target,
    asked: &ClientRequest,
    currency: &Currency,
) -> Result<Request> {
    let (mut parts, body) = request.into_parts();
    let whole = target.request.iter().any(Operation::needs_body) || route.accepts != [Form::Json];
    if let Some(method) = &target.method {
        parts.method = method.clone();
    }
    let mut message = Message {
        query: asked.query.clone(),
        path: asked.parameters.clone(),
        user: asked.user.clone(),
        ..Message::default()
    };
    let mut passed = None;
    if whole {
        let bytes = upload::collect(body, route.body_limit).await?;
        message.body = reshape::read(&parts.headers, &bytes, &route.accepts)?;
        let takes_body = [Method::POST, Method::PUT, Method::PATCH].contains(&parts.method);
        if message.body.is_null() && bytes.is_empty() && takes_body {
            message.body = Value::Object(Map::new());
        }
    } else {
        passed = Some(body);
    }
    message.headers = std::mem::take(&mut parts.headers);
    reshape::apply(&target.request, &mut message, currency).map_err(misfit)?;
    let path = match &target.rewrite {
        Some(rewrite) => Some(rewrite.fill(&message.path).ok_or_else(problems::not_found)?),
        None => None,
    };
    let query = message.query.changed.then(|| message.query.encode());
    if path.is_some() || query.is_some() {
        let path = path.as_deref().unwrap_or_else(|| parts.uri.path());
        let query = match &query {
            Some(query) => Some(query.as_str()).filter(|it| !it.is_empty()),
            None => parts.uri.query(),
        };
        parts.uri = address(&parts.uri, path, query).ok_or_else(problems::not_found)?;
    }
    parts.headers = message.headers;
    if !target.response.is_empty() {
        // The tag of another body than the client has seen.
        parts.headers.remove(header::IF_NONE_MATCH);
        parts.headers.remove(header::RANGE);
    }
    let body = match passed {
        Some(body) => body,
        None => {
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.remove(header::CONTENT_TYPE);
            write(&mut parts.headers, &message.body, Some(JSON))
        }
    };
    Ok(Request::from_parts(parts, body))
}

/// Makes of an answer what the client expects.
pub(crate) async fn answer(
    response: Response,
    rules: Rules<'_>,
    asked: &ClientRequest,
    currency: &Currency,
) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let operations = match is_error {
        true => rules.errors,
        false if status.is_success() => rules.response,
        false => &[],
    };
    let by_code = is_error && rules.status.iter().any(|(it, _)| matches!(it, Kind::Code(_)));
    let changed = routes::status(rules.status, status, None) != status;
    if operations.is_empty() && !by_code && !changed {
        return response;
    }
    let headers_only = asked.head || !is_readable(&response);
    let (mut parts, body) = response.into_parts();
    let (bytes, rest) = if headers_only {
        (Bytes::new(), Some(body))
    } else {
        match first(body).await {
            Ok(bytes) => (bytes, None),
            Err(body) => (Bytes::new(), Some(body)),
        }
    };
    let value = match &rest {
        Some(_) => None,
        None if bytes.is_empty() => Some(Value::Null),
        None => serde_json::from_slice(&bytes).ok(),
    };
    let unchanged = |parts, rest: Option<Body>| {
        Response::from_parts(parts, rest.unwrap_or_else(|| Body::from(bytes.clone())))
    };
    let code = value.as_ref().and_then(|it| it.get("code")).and_then(Value::as_str);
    parts.status = routes::status(rules.status, status, code);
    let Some(mut value) = value else {
        if !asked.head && !operations.is_empty() {
            tracing::debug!(%status, "an answer that is no JSON passes as it is");
        }
        return unchanged(parts, rest);
    };
    let restated = operations.is_empty() && restate(&mut value, status, parts.status);
    let mut message = Message {
        body: value,
        query: asked.query.clone(),
        headers: parts.headers.clone(),
        path: asked.parameters.clone(),
        user: asked.user.clone(),
        address: asked.address.clone(),
        names: rules.names.cloned().unwrap_or_default(),
    };
    if let Err(Misfit { field, detail }) = reshape::apply(operations, &mut message, currency) {
        tracing::warn!(%status, field, detail, "an answer does not fit its route and passes as it is");
        parts.status = status;
        return unchanged(parts, rest);
    }
    let passes = operations.is_empty() && !restated;
    if passes && !bytes.is_empty() && parts.status != StatusCode::NO_CONTENT {
        return unchanged(parts, None);
    }
    parts.headers = message.headers;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::ETAG);
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT, StatusCode::NOT_MODIFIED];
    let body = if bodiless.contains(&parts.status) {
        parts.headers.remove(header::CONTENT_TYPE);
        Body::empty()
    } else {
        let is_problem = message.body.get("type").is_some() && message.body.get("code").is_some();
        write(&mut parts.headers, &message.body, (!is_problem).then_some(JSON))
    };
    Response::from_parts(parts, body)
}

/// Has a problem say the status that it is answered with (RFC 9457, 3.1.3). Returns whether it is one
/// that said another.
fn restate(problem: &mut Value, from: StatusCode, to: StatusCode) -> bool {
    let said = problem.get("status").and_then(Value::as_u64);
    if problem.get("code").is_none() || from == to || said != Some(from.as_u16().into()) {
        return false;
    }
    problem["status"] = to.as_u16().into();
    if let Some(title) = to.canonical_reason() {
        problem["title"] = title.into();
    }
    true
}

/// A misfit is the client's: it names the field as the client called it.
fn misfit(misfit: Misfit) -> Problem {
    Problem::field(misfit.field, misfit.detail)
}

/// Whether the body can be reshaped: JSON as it is, not too much of it, or nothing.
fn is_readable(response: &Response) -> bool {
    let headers = response.headers();
    if headers.contains_key(header::CONTENT_ENCODING)
        || response.body().size_hint().lower() > MAX_ANSWER as u64
    {
        return false;
    }
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return response.body().size_hint().exact() == Some(0);
    };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// The whole of an answer's body, or the body as it was if it is too long.
async fn first(body: Body) -> std::result::Result<Bytes, Body> {
    match upload::start(body, MAX_ANSWER).await {
        Start::Whole(bytes) => Ok(bytes),
        Start::Longer(body) => Err(body),
        // What broke off breaks off for the client too.
        Start::Broken(frames, error) => Err(upload::chained(frames, Some(error), Body::empty())),
    }
}

fn write(headers: &mut HeaderMap, value: &Value, kind: Option<HeaderValue>) -> Body {
    if value.is_null() {
        headers.remove(header::CONTENT_TYPE);
        return Body::empty();
    }
    if let Some(kind) = kind {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    let text = value.to_string();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    Body::from(text)
}

fn address(uri: &Uri, path: &str, query: Option<&str>) -> Option<Uri> {
    match query {
        Some(query) => head::with_path_and_query(uri, &format!("{path}?{query}")),
        None => head::with_path_and_query(uri, path),
    }
}
