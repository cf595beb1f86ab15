//! A service's own port, in a process without the gateway.
//!
//! Public routes and probes work as through the gateway; the service verifies the user's token
//! itself, as always. `/internal` is for other services and needs a service token.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use chassis::address_rules::AddressRules;
use chassis::clock::Clock;
use chassis::context::{self, Context};
use chassis::forwarded::ForwardedOrigin;
use chassis::problem::Problem;
use chassis::service::{Service, WithDetails};
use chassis::service_tokens::{self, ServiceTokens};
use chassis::telemetry::{self, PrometheusHandle};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;
use tower::ServiceExt;
use tracing::Instrument;

/// What a port needs to know.
#[derive(Clone, Debug)]
pub struct ServiceServer {
    pub tokens: ServiceTokens,
    pub clock: Clock,
    /// Whether the process is ready for requests.
    pub ready: watch::Receiver<bool>,
    pub metrics: &'static PrometheusHandle,
}

#[derive(Clone)]
struct Front {
    service: &'static str,
    tokens: ServiceTokens,
}

impl ServiceServer {
    /// Everything the service answers at its port.
    pub fn router(self, service: &Service) -> Router {
        let Self { tokens, clock, ready, metrics } = self;
        let front = Front { service: service.name, tokens };
        let document = serde_json::to_vec(&service.openapi).map(Bytes::from).unwrap_or_default();
        let health = format!("{}/{}/health", chassis::service::PREFIX, service.name);
        let public = service.router.clone();
        let asked = public.clone();
        Router::new()
            // The time is for processes that have no database to ask for it (`clock::Reference`).
            .route(
                "/live",
                get(async move || axum::Json(json!({ "status": "live", "time": clock.now() }))),
            )
            .route("/ready", get(async move || is_ready(&ready)))
            .route("/health", get(async move || forward(asked, &health).await))
            .route("/metrics", get(async move || telemetry::rendered(metrics)))
            .route("/openapi.json", get(async move || described(document)))
            .merge(service.internal.clone())
            .fallback_service(public)
            .layer(from_fn_with_state(front, enter))
    }
}

/// Continues the context of the request; lets only services in where it is for them, and believes
/// only them about the client's address, how it addressed the shop and what its listener spares it.
async fn enter(State(front): State<Front>, mut request: Request, next: Next) -> Response {
    let context = Context::of(request.headers());
    if context.deadline.is_some_and(|it| it <= Instant::now()) {
        return too_late().into_response();
    }
    let internal = request.uri().path().split('/').nth(1) == Some("internal");
    let (site, rules) = match front.tokens.verify(front.service, request.headers()) {
        Err(problem) if internal => return problem.into_response(),
        Err(_) => (ForwardedOrigin::of(&request), AddressRules::On),
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            if let Some(client) = service_tokens::client(request.headers()) {
                request.extensions_mut().insert(ConnectInfo::<SocketAddr>(client));
            }
            (ForwardedOrigin::read(request.headers()), AddressRules::read(request.headers()))
        }
    };
    request.extensions_mut().insert(site);
    request.extensions_mut().insert(rules);
    request.headers_mut().remove(service_tokens::CLIENT);
    ForwardedOrigin::forget(request.headers_mut());
    AddressRules::forget(request.headers_mut());
    let id = context.request_id.as_ref().and_then(|it| it.to_str().ok()).unwrap_or_default();
    let span = tracing::error_span!("request", request_id = id, service = front.service);
    context::scope(context, next.run(request).instrument(span)).await
}

/// Nobody waits for an answer any more: nothing is done.
fn too_late() -> Problem {
    let detail = "the time this request was given had passed when it came; nothing was done";
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "deadline_passed", detail)
}

fn is_ready(ready: &watch::Receiver<bool>) -> Response {
    if *ready.borrow() {
        axum::Json(json!({ "status": "ready" })).into_response()
    } else {
        Problem::unavailable("not_ready", "the service is starting or stopping").into_response()
    }
}

async fn forward(router: Router, path: &str) -> Response {
    // Who reaches the port is another process of the shop, or its operator.
    let request = Request::get(path).extension(WithDetails).body(axum::body::Body::empty());
    let Ok(request) = request else {
        return Problem::not_found("not_found", "there is nothing at this address").into_response();
    };
    let answer: Result<Response, Infallible> = router.oneshot(request).await;
    let Ok(answer) = answer;
    answer
}

fn described(document: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[tokio::test]
    async fn nothing_is_done_when_the_time_has_passed() {
        let tokens = ServiceTokens::new("a secret of at least 32 bytes, really", Clock::System);
        let left = async || format!("{:?}", context::current().unwrap().deadline.is_some());
        let router = Router::new()
            .route("/", get(left))
            .layer(from_fn_with_state(Front { service: "orders", tokens }, enter));
        for (millis, status) in [("0", 504), ("1000", 200), ("soon", 200)] {
            let request = Request::get("/").header(context::TIMEOUT, millis).body(Body::empty());
            let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{millis}");
        }
    }

    #[tokio::test]
    async fn only_another_process_of_the_shop_tells_how_it_was_addressed() {
        let tokens = ServiceTokens::new("a secret of at least 32 bytes, really", Clock::System);
        let addressed = async |request: Request| {
            assert!(!request.headers().keys().any(|it| it.as_str().starts_with("x-forwarded-")));
            let origin =
                request.extensions().get::<ForwardedOrigin>().and_then(ForwardedOrigin::origin);
            let rules = request.extensions().get::<AddressRules>().copied();
            format!("{} {:?}", origin.unwrap_or_default(), rules.unwrap_or_default())
        };
        let front = Front { service: "orders", tokens: tokens.clone() };
        let router =
            Router::new().route("/", get(addressed)).layer(from_fn_with_state(front, enter));
        for (signed, told) in [(true, "https://shop.example Off"), (false, "http://here:1 On")] {
            let mut request = Request::get("/")
                .header("host", "here:1")
                .header("x-forwarded-for", "1.1.1.1")
                .header("x-forwarded-proto", "https")
                .header("x-forwarded-host", "shop.example")
                .header("x-forwarded-address-rules", "off")
                .body(Body::empty())
                .unwrap();
            if signed {
                tokens.sign("orders", request.headers_mut());
            }
            let answer = router.clone().oneshot(request).await.unwrap();
            let body = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
            assert_eq!(body, told);
        }
    }
}
