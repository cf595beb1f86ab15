//! What the gateway answers itself: who it is and how everybody is; and the way to the web front.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chassis::auth::Verifier;
use chassis::clock::Clock;
use chassis::policy;
use chassis::service::{BoxError, PREFIX, SEE_DETAILS, WithDetails};
use chassis::telemetry::{self, PrometheusHandle};
use chrono::{DateTime, Utc};
use futures::future::join_all;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use mesh::remote;
use mesh::target::ServiceTarget;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use storefront::{Dist, Front, Way};
use tokio::sync::watch;
use utoipa::{OpenApi, ToSchema};

use crate::openapi::{self, Conflict};
use crate::routes::{Found, Table};
use crate::{Engine, Parts, docs, problems};

/// How long a service may take to tell how it is.
const DEADLINE: Duration = Duration::from_secs(2);
/// Bytes in which it can say so.
const MAX_SAID: usize = 64 << 10;

/// A shop's health is of this moment, and not the same for everybody.
const NEVER_KEPT: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

#[derive(OpenApi)]
#[openapi(paths(shop, live, ready, health))]
struct Described;

#[derive(Clone)]
struct Own {
    version: &'static str,
    ready: watch::Receiver<bool>,
    watched: Watched,
    front: Arc<Front>,
}

/// What `/health` tells of.
#[derive(Clone)]
pub(crate) struct Watched {
    version: &'static str,
    clock: Clock,
    verifier: Verifier,
    services: Arc<[(&'static str, ServiceTarget)]>,
    engines: Arc<[Engine]>,
    metrics: &'static PrometheusHandle,
}

/// The name and version of the shop, and links to start from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShopInfo)]
struct ShopInfo {
    name: &'static str,
    version: &'static str,
    links: BTreeMap<&'static str, &'static str>,
}

/// Whether the process is alive or ready.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Liveness)]
struct Liveness {
    status: &'static str,
}

/// The health of the shop.
#[derive(Debug, Serialize, ToSchema)]
struct ShopHealth {
    status: Status,
    timestamp: DateTime<Utc>,
    gateway: GatewayHealth,
    services: BTreeMap<&'static str, ServiceHealth>,
    /// What the gateway's process uses besides the databases: `bus`, `redis`.
    engines: BTreeMap<&'static str, EngineHealth>,
}

#[derive(Debug, Serialize, ToSchema)]
struct GatewayHealth {
    status: Status,
    /// For operators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
}

/// The health of a service, and how long it took to respond.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceHealth {
    status: Status,
    response_time_ms: f64,
    #[serde(flatten)]
    said: HealthDetails,
}

/// Details of a service, for operators only.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
struct HealthDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// `sqlite` or `postgres`.
    #[serde(skip_serializing_if = "Option::is_none")]
    database_kind: Option<String>,
    /// How far the clock of its machine is ahead of the shop's time.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_offset_seconds: Option<f64>,
    /// Why it is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The health of an engine, and how long it took to respond.
#[derive(Debug, Serialize, ToSchema)]
struct EngineHealth {
    status: Status,
    response_time_ms: f64,
    /// Why it is unhealthy, for operators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = HealthStatus)]
#[serde(rename_all = "snake_case")]
enum Status {
    Healthy,
    /// Some services or engines are healthy and some are not.
    Degraded,
    Unhealthy,
}

/// The gateway's own routes.
pub(crate) fn router(parts: Parts, watched: Watched) -> Result<Router, BoxError> {
    let document = serde_json::to_vec(&document(&parts)?)?.into();
    let services = watched.services.clone();
    let routes = Table::builtin()?;
    let find = move |path: &str| way(&routes, &services, path);
    let front = Front::new(parts.front, parts.name, parts.currency.as_str(), find);
    let front = Arc::new(front.with_sources(&parts.sources)?);
    let own = Own { version: parts.version, ready: parts.ready, watched, front: front.clone() };
    Ok(Router::new()
        .route("/", get(door))
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/health", get(health))
        .with_state(own)
        .merge(docs::router(document))
        .merge(storefront::router(front))
        .method_not_allowed_fallback(async || problems::method_not_allowed()))
}

/// Where a page's own question to the API leads, by the routes of the shop itself.
fn way(routes: &Table, services: &[(&'static str, ServiceTarget)], path: &str) -> Way {
    let Found::Route(found) = routes.find(path, &Method::GET, || None) else { return Way::Nowhere };
    let name = found.route.service();
    let service = services.iter().find(|(it, _)| Some(*it) == name);
    service.map_or(Way::Away, |(_, reach)| Way::To(Arc::new(reach.clone())))
}

/// For operators and monitoring: `/metrics`, and `/health` with all there is to it.
pub(crate) fn operators(watched: Watched) -> Router {
    let metrics = watched.metrics;
    Router::new()
        .route("/metrics", get(async move || telemetry::rendered(metrics)))
        .route("/health", get(async move || watched.health(true).await))
        .method_not_allowed_fallback(async || problems::method_not_allowed())
        .fallback(async || problems::not_found())
}

/// The description of what the gateway answers itself.
pub(crate) fn described() -> utoipa::openapi::OpenApi {
    let mut openapi = Described::openapi();
    chassis::openapi::complete(&mut openapi);
    openapi
}

/// Paths of the gateway that its description leaves out, because they are no part of the API.
pub(crate) fn more_paths(front: &Dist) -> impl Iterator<Item = &str> {
    docs::PATHS.into_iter().chain(storefront::paths(front))
}

/// The description of all services and of what the gateway answers itself.
pub(crate) fn document(parts: &Parts) -> Result<Value, Conflict> {
    let services = parts.services.iter().map(|it| (it.name, it.openapi.clone()));
    let own = (crate::NAME, described());
    openapi::merge(std::iter::once(own).chain(services).collect(), parts.version)
}

/// Browsers get the shop, other clients a description of it.
async fn door(State(own): State<Own>, request: Request) -> Response {
    if storefront::wants_page(request.headers()) {
        return own.front.home(storefront::PageRequest::of(request)).await;
    }
    let mut response = shop(State(own)).await.into_response();
    storefront::by_accept(&mut response);
    response
}

/// Get the name and version of the shop, and links to start from.
#[utoipa::path(get, path = "/", operation_id = "shop.get", tag = "gateway", security(()),
               responses((status = 200, body = ShopInfo)))]
async fn shop(State(own): State<Own>) -> axum::Json<ShopInfo> {
    let links = [
        ("categories", "/api/v1/categories"),
        ("docs", "/docs"),
        ("health", "/health"),
        ("openapi", "/openapi.json"),
        ("products", "/api/v1/products"),
        ("ready", "/ready"),
        ("redoc", "/redoc"),
    ];
    axum::Json(ShopInfo { name: "Cartwright", version: own.version, links: links.into() })
}

/// Check that the process is alive.
#[utoipa::path(get, path = "/live", operation_id = "liveness.get", tag = "gateway", security(()),
               responses((status = 200, body = Liveness)))]
async fn live() -> axum::Json<Liveness> {
    axum::Json(Liveness { status: "live" })
}

/// Check whether the shop is ready for requests.
#[utoipa::path(get, path = "/ready", operation_id = "readiness.get", tag = "gateway", security(()),
               responses((status = 200, body = Liveness), problems::not_ready))]
async fn ready(State(own): State<Own>) -> Response {
    if *own.ready.borrow() {
        axum::Json(Liveness { status: "ready" }).into_response()
    } else {
        problems::not_ready().into_response()
    }
}

/// Check the health of all services and engines.
///
/// Versions, database details and errors are shown to callers with `system:read`.
#[utoipa::path(get, path = "/health", operation_id = "health.get", tag = "gateway",
               security((), ("bearer" = ["system:read"])),
               responses((status = 200, description = "At least one service is healthy.", body = ShopHealth),
                         (status = 503, description = "No service is healthy.", body = ShopHealth)))]
async fn health(State(own): State<Own>, headers: HeaderMap) -> Response {
    let mut answer = match own.watched.verifier.principal(&headers) {
        // A client that is told can renew its token; else its details would go without a word.
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED => problem.into_response(),
        user => {
            let user = user.ok().flatten();
            own.watched.health(user.is_some_and(|it| it.may(SEE_DETAILS))).await
        }
    };
    policy::keep_private(answer.headers_mut(), policy::AUTHORIZATION);
    answer
}

impl Watched {
    pub(crate) fn of(parts: &Parts) -> Self {
        Self {
            version: parts.version,
            clock: parts.clock,
            verifier: parts.verifier.clone(),
            services: parts.services.iter().map(|it| (it.name, it.reach.clone())).collect(),
            engines: parts.engines.clone().into(),
            metrics: parts.metrics,
        }
    }

    async fn health(&self, with_details: bool) -> Response {
        let services = self.services.iter().map(|(name, reach)| ask(name, reach, with_details));
        let engines = self.engines.iter().map(|it| probe(it, with_details));
        let (services, engines) = tokio::join!(join_all(services), join_all(engines));
        let services: BTreeMap<_, _> = services.into_iter().collect();
        let engines: BTreeMap<_, _> = engines.into_iter().collect();
        let is_well = |it: &Status| *it == Status::Healthy;
        let healthy = services.values().filter(|it| is_well(&it.status)).count();
        let status = match healthy {
            0 if !services.is_empty() => Status::Unhealthy,
            all if all < services.len() => Status::Degraded,
            _ if engines.values().all(|it| is_well(&it.status)) => Status::Healthy,
            _ => Status::Degraded,
        };
        let code = match status {
            Status::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        };
        let timestamp = self.clock.now();
        let version = with_details.then_some(self.version);
        let gateway = GatewayHealth { status: Status::Healthy, version };
        let health = ShopHealth { status, timestamp, gateway, services, engines };
        (code, [NEVER_KEPT], axum::Json(health)).into_response()
    }
}

async fn ask(
    name: &'static str,
    reach: &ServiceTarget,
    with_details: bool,
) -> (&'static str, ServiceHealth) {
    let began = Instant::now();
    let said = tokio::time::timeout(DEADLINE, say(name, reach, with_details)).await;
    let (status, said) = match said.unwrap_or_else(|_| Err(remote::Error::DeadlineExceeded.into()))
    {
        Ok((StatusCode::OK, said)) => (Status::Healthy, said),
        Ok((_, said)) => (Status::Unhealthy, said),
        Err(error) => {
            let error = with_details.then(|| error.to_string());
            (Status::Unhealthy, HealthDetails { error, ..HealthDetails::default() })
        }
    };
    (name, ServiceHealth { status, response_time_ms: millis(began), said })
}

/// What a service answers, or why there is no answer.
async fn say(
    name: &str,
    reach: &ServiceTarget,
    with_details: bool,
) -> Result<(StatusCode, HealthDetails), BoxError> {
    // A port tells everything to who reaches it.
    let path = match reach {
        ServiceTarget::Remote(..) if with_details => "/health".to_owned(),
        _ => format!("{PREFIX}/{name}/health"),
    };
    let mut request = Request::get(path).body(Body::empty())?;
    if with_details {
        request.extensions_mut().insert(WithDetails);
    }
    let answer = reach.ask(request, DEADLINE).await?;
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), MAX_SAID).await?;
    let said = if with_details { serde_json::from_slice(&body).ok() } else { None };
    Ok((status, said.unwrap_or_default()))
}

async fn probe(engine: &Engine, with_details: bool) -> (&'static str, EngineHealth) {
    let began = Instant::now();
    let answer = tokio::time::timeout(DEADLINE, (engine.probe)()).await;
    let (status, error) =
        match answer.unwrap_or_else(|_| Err(remote::Error::DeadlineExceeded.into())) {
            Ok(()) => (Status::Healthy, None),
            Err(error) => (Status::Unhealthy, with_details.then(|| error.to_string())),
        };
    (engine.name, EngineHealth { status, response_time_ms: millis(began), error })
}

fn millis(began: Instant) -> f64 {
    (began.elapsed().as_secs_f64() * 1_000_000.0).round() / 1000.0
}
