//! Requests to the API: keys, versions, idempotency and faults, in the order in which the API looks
//! at them ("Advanced error handling" in Stripe's documentation).

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::api::{self, Access, Call, Endpoint};
use crate::core::{Core, Logged, Shared};
use crate::error::{Answer, ApiError};
use crate::expand;
use crate::faults::Fault;
use crate::form;
use crate::reply::Reply;
use crate::spec;

/// What a request may have as its body, in bytes.
const LIMIT: usize = 1 << 20;

/// In the extensions of a response: close the connection without it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut;

/// A request that has arrived.
struct Arrived {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Arrived {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Only POST requests have one.
    fn key(&self) -> Option<&str> {
        self.header("idempotency-key").filter(|_| self.method == Method::POST)
    }

    fn is_publishable(&self) -> bool {
        bearer(&self.headers).is_some_and(|it| it.starts_with("pk_"))
    }
}

/// Answers a request to the API.
pub(crate) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LIMIT).await else { return cut() };
    if parts.method == Method::OPTIONS {
        return with_cors(Body::empty().into_response());
    }
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default());
    let query = query.to_owned();
    let arrived = Arrived { method: parts.method, path, query, headers: parts.headers, body };
    // As at Stripe, what has begun is finished, whether or not somebody waits for it.
    let work = tokio::spawn(process(shared, arrived));
    work.await.unwrap_or_else(|_| cut())
}

async fn process(shared: Arc<Shared>, arrived: Arrived) -> Response {
    let (at, fault) = shared.with(|core| {
        let at = note(core, &arrived);
        let asked = arrived.header("stripe-double-fault").map(|it| json!(it));
        let asked = asked.and_then(|it| serde_json::from_value(it).ok());
        (at, asked.or_else(|| core.armed.take(arrived.method.as_str(), &arrived.path)))
    });
    if fault == Some(Fault::CutBefore) {
        return cut();
    }
    let reply = reply(&shared, &arrived, fault).await;
    let id = shared.with(|core| {
        if fault != Some(Fault::CutAfter) {
            core.log[at].status = Some(reply.status);
        }
        core.requests.id("req")
    });
    let reply =
        reply.header("request-id", id).header("stripe-version", &shared.options.api_version);
    let text = reply.text();
    let response = match fault {
        Some(Fault::CutAfter) => cut(),
        Some(Fault::Truncated) => truncated(reply, &text),
        Some(Fault::WrongType) => {
            let page = "<!doctype html><title>Maintenance</title>";
            Reply::from(Ok(Value::Null)).write("text/html", page.into())
        }
        _ => reply.write("application/json", text.into()),
    };
    // Browsers of the shop's customers have the publishable key only.
    if arrived.is_publishable() { with_cors(response) } else { response }
}

fn note(core: &mut Core, arrived: &Arrived) -> usize {
    core.log.push(Logged {
        method: arrived.method.to_string(),
        path: arrived.path.clone(),
        query: arrived.query.clone(),
        idempotency_key: arrived.header("idempotency-key").map(str::to_owned),
        body: String::from_utf8_lossy(&arrived.body).into_owned(),
        status: None,
    });
    core.log.len() - 1
}

async fn reply(shared: &Shared, arrived: &Arrived, fault: Option<Fault>) -> Reply {
    match fault {
        Some(Fault::RateLimited) => {
            let error = ApiError::new(429, "invalid_request_error", "Request rate limit exceeded.");
            return Reply::from(error.code("rate_limit")).header("retry-after", "1");
        }
        Some(Fault::ErrorUnsaved) => return ApiError::internal().into(),
        Some(Fault::Conflict) => {
            let message = "This object cannot be accessed right now: another request uses it.";
            let error = ApiError::new(409, "invalid_request_error", message);
            return error.code("lock_timeout").into();
        }
        _ => {}
    }
    let checked = match check(shared, arrived) {
        Ok(checked) => checked,
        Err(error) => return error.into(),
    };
    let key = arrived.key().map(|it| format!("{}:{it}", checked.world));
    if let Some(key) = &key {
        let fingerprint = format!("{} {:?}", arrived.path, checked.params);
        match shared.with(|core| core.keys.begin(key, &fingerprint, core.worlds[0].now)) {
            Ok(None) => {}
            Ok(Some(reply)) => return reply,
            Err(error) => return error.into(),
        }
    }
    if fault == Some(Fault::Slow) {
        hold(shared).await;
    }
    let reply = execute(shared, arrived, &checked, fault);
    if let Some(key) = &key {
        shared.with(|core| core.keys.finish(key, &reply));
        return reply.header("idempotency-key", arrived.key().unwrap_or_default());
    }
    reply
}

/// A request that may be executed.
struct Checked<'a> {
    endpoint: &'static Endpoint,
    id: &'a str,
    params: Map<String, Value>,
    expand: Vec<String>,
    /// Which mode it is in.
    world: usize,
    is_public: bool,
}

/// What is refused here was not executed, and no key keeps it.
fn check<'a>(shared: &Shared, arrived: &'a Arrived) -> Answer<Checked<'a>> {
    let (world, is_public) = authenticate(shared, &arrived.headers)?;
    let (endpoint, id) = api::find(arrived.method.as_str(), &arrived.path)?;
    let allowed = match endpoint.access {
        Access::Either => true,
        Access::Secret => !is_public,
        Access::Publishable => is_public,
    };
    if !allowed {
        let message = "This API call cannot be made with this kind of API key.";
        let error = ApiError::new(403, "invalid_request_error", message);
        return Err(error.code(if is_public {
            "secret_key_required"
        } else {
            "publishable_key_required"
        }));
    }
    let pinned = &shared.options.api_version;
    if arrived.header("stripe-version") != Some(pinned) {
        return Err(ApiError::invalid(format!("Stripe-Version has to be {pinned}.")));
    }
    let is_form = arrived.header("content-type").is_none_or(|it| {
        it.split(';').next().map(str::trim) == Some("application/x-www-form-urlencoded")
    });
    if !arrived.body.is_empty() && !is_form {
        let message = "The content type of POST has to be application/x-www-form-urlencoded.";
        return Err(ApiError::invalid(message));
    }
    let given: &[u8] =
        if arrived.method == Method::POST { &arrived.body } else { arrived.query.as_bytes() };
    if arrived.method == Method::POST && !arrived.query.is_empty() {
        return Err(ApiError::invalid("Parameters of POST belong into the body."));
    }
    let params = spec::check(endpoint.spec, &form::parse(given)?)?;
    let expand = expand::paths(&params)?;
    Ok(Checked { endpoint, id, params, expand, world, is_public })
}

/// The mode of the key, and whether it is the publishable one.
fn authenticate(shared: &Shared, headers: &HeaderMap) -> Answer<(usize, bool)> {
    let refused = |message: &str| ApiError::new(401, "invalid_request_error", message);
    let key = bearer(headers).ok_or_else(|| refused("You did not provide an API key."))?;
    let options = &shared.options;
    if key == options.secret_key {
        if shared.with(|core| core.revoked) {
            let message = "This API key has expired, or was revoked.";
            return Err(refused(message).code("api_key_expired"));
        }
        return Ok((0, false));
    }
    if key == options.publishable_key {
        return Ok((0, true));
    }
    if key == options.other_secret_key {
        return Ok((1, false));
    }
    let shown: String = key.chars().take(8).collect();
    Err(refused(&format!("Invalid API Key provided: {shown}***")))
}

/// The key of a request, as a bearer token or as the user of basic authentication.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    if let Some(key) = value.strip_prefix("Bearer ") {
        return Some(key.to_owned());
    }
    let user = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    Some(String::from_utf8(user).ok()?.split(':').next()?.to_owned())
}

async fn hold(shared: &Shared) {
    let mut releases = shared.releases.subscribe();
    shared.held.send_modify(|it| *it += 1);
    let _ = releases.changed().await;
    shared.held.send_modify(|it| *it -= 1);
}

fn execute(
    shared: &Shared,
    arrived: &Arrived,
    checked: &Checked<'_>,
    fault: Option<Fault>,
) -> Reply {
    if fault == Some(Fault::ErrorBefore) {
        return ApiError::internal().into();
    }
    let answer = shared.with(|core| {
        let request = core.requests.id("req");
        let [main, other] = &mut core.worlds;
        let (world, other) = if checked.world == 0 { (main, other) } else { (other, main) };
        world.cause = (Some(request), arrived.key().map(str::to_owned));
        let (id, params, path) = (checked.id, &checked.params, arrived.path.as_str());
        let mut call = Call { world, id, params, is_public: checked.is_public, path };
        let done = (checked.endpoint.run)(&mut call);
        let done = done.map_err(|it| it.hint(|id| other.objects.has(id)));
        done.map(|it| expand::expanded(call.world, &it, &checked.expand))
    });
    if fault == Some(Fault::ErrorAfter) { ApiError::internal().into() } else { answer.into() }
}

/// Half of the body, and the promise of all of it.
fn truncated(reply: Reply, text: &str) -> Response {
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let parts = futures::stream::iter([Ok(half), Err(broken)]);
    let reply = reply.header("content-length", text.len().to_string());
    reply.write("application/json", Body::from_stream(parts))
}

fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Cut);
    response
}

fn with_cors(mut response: Response) -> Response {
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, POST, OPTIONS"),
        ("access-control-allow-headers", "authorization, content-type, stripe-version"),
        ("access-control-max-age", "300"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
