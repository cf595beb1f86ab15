//! What the gateway answers itself: who it is and how everybody is; and the way to the web front.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chassis::clock::Clock;
use chassis::problem::Problem;
use chassis::reach::Reach;
use chassis::service::{BoxError, PREFIX};
use chassis::telemetry::PrometheusHandle;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;
use utoipa::{OpenApi, ToSchema};

use crate::front::{self, Front};
use crate::{Parts, docs, openapi, problems};

/// How long a service may take to tell how it is.
const DEADLINE: Duration = Duration::from_secs(2);
/// Bytes in which it can say so.
const MAX_SAID: usize = 64 << 10;

#[derive(OpenApi)]
#[openapi(paths(who, live, ready, health, numbers))]
struct Described;

#[derive(Clone)]
struct Own {
    version: &'static str,
    clock: Clock,
    ready: watch::Receiver<bool>,
    metrics: &'static PrometheusHandle,
    services: Arc<[(&'static str, Reach)]>,
    front: Arc<Front>,
}

/// Who answers here.
#[derive(Debug, Serialize, ToSchema)]
struct Who {
    name: &'static str,
    version: &'static str,
    links: BTreeMap<&'static str, &'static str>,
}

/// A sign of life.
#[derive(Debug, Serialize, ToSchema)]
struct Sign {
    status: &'static str,
}

/// How the shop is.
#[derive(Debug, Serialize, ToSchema)]
struct ShopHealth {
    status: Status,
    timestamp: DateTime<Utc>,
    gateway: GatewayHealth,
    services: BTreeMap<&'static str, ServiceHealth>,
}

#[derive(Debug, Serialize, ToSchema)]
struct GatewayHealth {
    status: Status,
    version: &'static str,
}

/// How a service is, and how long it took to say so.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceHealth {
    status: Status,
    response_time_ms: f64,
    /// Null where it does not say.
    version: Option<String>,
    /// `sqlite` or `postgres`; null where it does not say.
    database_kind: Option<String>,
}

/// What a service says of itself.
#[derive(Debug, Default, Deserialize)]
struct Said {
    version: Option<String>,
    database_kind: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Healthy,
    /// Some services are healthy and some are not.
    Degraded,
    Unhealthy,
}

/// The gateway's own routes.
pub(crate) fn router(parts: Parts) -> Result<Router, BoxError> {
    let document = serde_json::to_vec(&document(&parts))?.into();
    let services: Arc<[_]> = parts.services.into_iter().map(|it| (it.name, it.reach)).collect();
    let front = Front::new(parts.front, parts.name, parts.currency.as_str(), services.clone())?;
    let front = Arc::new(front);
    let own = Own {
        version: parts.version,
        clock: parts.clock,
        ready: parts.ready,
        metrics: parts.metrics,
        services,
        front: front.clone(),
    };
    Ok(Router::new()
        .route("/", get(door))
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/health", get(health))
        .route("/metrics", get(numbers))
        .with_state(own)
        .merge(docs::router(document))
        .merge(front::router(front))
        .method_not_allowed_fallback(async || problems::method_not_allowed()))
}

/// The description of what the gateway answers itself.
pub(crate) fn described() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

/// Paths of the gateway that its description leaves out, because they are no part of the API.
pub(crate) fn more_paths() -> impl Iterator<Item = &'static str> {
    docs::PATHS.into_iter().chain(front::paths())
}

/// The description of all services and of what the gateway answers itself.
pub(crate) fn document(parts: &Parts) -> Value {
    let services = parts.services.iter().map(|it| (it.name, it.openapi.clone()));
    let own = (crate::NAME, Described::openapi());
    openapi::merge(std::iter::once(own).chain(services).collect(), parts.version)
}

/// A browser is shown the shop, anybody else is told about it.
async fn door(State(own): State<Own>, request: Request) -> Response {
    if front::wants_page(request.headers()) {
        return own.front.home(front::Asked::of(request)).await;
    }
    let mut response = who(State(own)).await.into_response();
    front::by_accept(&mut response);
    response
}

/// Tell who answers here, and where to go on.
#[utoipa::path(get, path = "/", tag = "gateway", security(()),
               responses((status = 200, body = Who)))]
async fn who(State(own): State<Own>) -> axum::Json<Who> {
    let links = [
        ("categories", "/api/v1/categories"),
        ("docs", "/docs"),
        ("health", "/health"),
        ("metrics", "/metrics"),
        ("openapi", "/openapi.json"),
        ("products", "/api/v1/products"),
        ("ready", "/ready"),
        ("redoc", "/redoc"),
    ];
    axum::Json(Who { name: "Cartwright", version: own.version, links: links.into() })
}

/// Tell that the process lives.
#[utoipa::path(get, path = "/live", tag = "gateway", security(()),
               responses((status = 200, body = Sign)))]
async fn live() -> axum::Json<Sign> {
    axum::Json(Sign { status: "live" })
}

/// Tell whether requests should be sent here.
#[utoipa::path(get, path = "/ready", tag = "gateway", security(()),
               responses((status = 200, body = Sign), (status = 503, body = Problem)))]
async fn ready(State(own): State<Own>) -> Response {
    match *own.ready.borrow() {
        true => axum::Json(Sign { status: "ready" }).into_response(),
        false => {
            Problem::unavailable("not_ready", "the shop is starting or stopping").into_response()
        }
    }
}

/// Tell how every service is. All are asked at once.
#[utoipa::path(get, path = "/health", tag = "gateway", security(()),
               responses((status = 200, description = "All or some are healthy.", body = ShopHealth),
                         (status = 503, description = "None is.", body = ShopHealth)))]
async fn health(State(own): State<Own>) -> Response {
    let asked = own.services.iter().map(|(name, reach)| ask(name, reach.clone()));
    let services: BTreeMap<_, _> = join_all(asked).await.into_iter().collect();
    let healthy = services.values().filter(|it| it.status == Status::Healthy).count();
    let status = match healthy {
        all if all == services.len() => Status::Healthy,
        0 => Status::Unhealthy,
        _ => Status::Degraded,
    };
    let code = match status {
        Status::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    let timestamp = own.clock.now();
    let gateway = GatewayHealth { status: Status::Healthy, version: own.version };
    (code, axum::Json(ShopHealth { status, timestamp, gateway, services })).into_response()
}

async fn ask(name: &'static str, reach: Reach) -> (&'static str, ServiceHealth) {
    let began = Instant::now();
    let said = tokio::time::timeout(DEADLINE, say(name, reach)).await.unwrap_or_default();
    let response_time_ms = (began.elapsed().as_secs_f64() * 1_000_000.0).round() / 1000.0;
    let (status, Said { version, database_kind }) = match said {
        Some((StatusCode::OK, said)) => (Status::Healthy, said),
        Some((_, said)) => (Status::Unhealthy, said),
        None => (Status::Unhealthy, Said::default()),
    };
    (name, ServiceHealth { status, response_time_ms, version, database_kind })
}

async fn say(name: &str, reach: Reach) -> Option<(StatusCode, Said)> {
    let request = Request::get(format!("{PREFIX}/{name}/health")).body(Body::empty()).ok()?;
    let answer = reach.ask(request, DEADLINE).await.ok()?;
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), MAX_SAID).await.ok()?;
    Some((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// Tell the numbers of the process in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "gateway", security(()),
               responses((status = 200, content_type = "text/plain", body = String)))]
async fn numbers(State(own): State<Own>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, own.metrics.render()).into_response()
}
