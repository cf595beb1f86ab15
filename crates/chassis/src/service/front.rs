//! What a service does with every request before and after its handler.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tracing::Instrument;

use crate::context;
use crate::db;
use crate::extract::{self, BodyLimits};
use crate::openapi::DocumentedCodes;
use crate::policy::Policies;
use crate::problem::Problem;

pub(super) struct Front {
    pub(super) service: &'static str,
    pub(super) policies: Policies,
    pub(super) limits: BodyLimits,
    pub(super) documented: DocumentedCodes,
}

/// Every public request passes through here: policy, body limit, metrics, caching headers, and the
/// promise that a write once begun is finished even if the client hangs up.
pub(super) async fn enter(
    State(front): State<Arc<Front>>,
    route: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let (mut parts, body) = request.into_parts();
    let allowed =
        front.policies.enforce(route.as_str(), &method, &parts.headers, &mut parts.extensions);
    request = Request::from_parts(parts, body);
    // Most requests have none, and are spared what it costs to say so.
    if !request.body().is_end_stream() {
        front.limits.enforce(route.as_str(), &mut request);
    }
    let mut response = match allowed {
        Err(problem) => problem.into_response(),
        Ok(()) => {
            let run = AssertUnwindSafe(db::watched(next.run(request))).catch_unwind();
            let ended = if method == Method::GET || method == Method::HEAD {
                run.await.map_err(drop)
            } else {
                match tokio::spawn(context::carry(run.in_current_span())).await {
                    Ok(ended) => ended.map_err(drop),
                    Err(_) => Err(()),
                }
            };
            ended.unwrap_or_else(|()| {
                tracing::error!(
                    service = front.service,
                    route = route.as_str(),
                    "handler panicked"
                );
                Problem::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "an internal error occurred",
                )
                .into_response()
            })
        }
    };
    if cfg!(debug_assertions) {
        front.documented.check(route.as_str(), &method, &response);
    }
    front.policies.keep_private(route.as_str(), &method, response.headers_mut());
    observe(front.service, &method, route.as_str(), response.status(), began);
    response
}

/// A request of another service, once begun, is finished even if that service stops waiting.
pub(super) async fn finish(request: Request, next: Next) -> Response {
    let run = context::carry(db::watched(next.run(request)).in_current_span());
    tokio::spawn(run).await.unwrap_or_else(|error| Problem::internal(error).into_response())
}

fn observe(
    service: &'static str,
    method: &Method,
    route: &str,
    status: StatusCode,
    began: Instant,
) {
    let method = match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    };
    let route = metrics::SharedString::from(route.to_owned());
    metrics::counter!("http_requests_total", "service" => service, "method" => method,
                      "route" => route.clone(), "status" => status.as_str().to_owned())
    .increment(1);
    metrics::histogram!("http_request_duration_seconds", "service" => service, "route" => route)
        .record(began.elapsed());
}

pub(super) async fn method_not_allowed(method: Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("{method} is not possible here; the header Allow lists what is"),
    )
}

pub(super) async fn nothing_here() -> Problem {
    extract::not_found()
}
