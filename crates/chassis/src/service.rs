//! What a service is made of, and how the services of a process run.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::auth::{Principal, Verifier};
use crate::bus::{Bus, Subscription};
use crate::cache::Cache;
use crate::clock::{self, Clock};
use crate::context;
use crate::db::{self, Db};
use crate::extract::{self, BodyLimits, MAX_BODY};
use crate::inbox::{Handler, Inbox};
use crate::money::Currency;
use crate::openapi::{self, DocumentedCodes};
use crate::outbox::Relay;
use crate::policy::Policies;
use crate::problem::Problem;
use crate::queue::Queue;
use crate::system::{self, Queues, System};
use crate::work::every;

/// How often the queues are counted for the metrics.
const MEASURE: Duration = Duration::from_secs(5);

/// The prefix of every public path.
pub const PREFIX: &str = "/api/v1";

/// What a service stands on.
#[derive(Clone, Debug)]
pub struct Platform {
    pub db: Db,
    pub clock: Clock,
    pub verifier: Verifier,
    /// The one currency of the shop.
    pub currency: Currency,
    /// What copies of a service share.
    pub cache: Cache,
}

/// A service, ready to run.
pub struct Service {
    pub name: &'static str,
    pub db: Db,
    /// Public routes, under [`PREFIX`].
    pub router: Router,
    /// The description of the public routes.
    pub openapi: OpenApi,
    /// Routes for other services; never reachable from outside.
    pub internal: Router,
    pub(crate) clock: Clock,
    pub(crate) inboxes: Vec<Inbox>,
    pub(crate) workers: Vec<Worker>,
    /// All it has, for its operators.
    pub(crate) queues: Queues,
}

/// Why a service could not start or a worker ended.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Outcome = Result<(), BoxError>;

/// Something that runs for as long as the service does.
pub(crate) struct Worker {
    name: &'static str,
    run: Box<dyn FnOnce(CancellationToken) -> BoxFuture<'static, Outcome> + Send>,
}

/// A service's sign of life.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `healthy` or `unhealthy`.
    pub status: &'static str,
    pub service: &'static str,
    /// `healthy` or `unhealthy`.
    pub database: &'static str,
    #[serde(flatten)]
    pub details: Option<Details>,
}

/// What of a service's health is for its operators alone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Details {
    pub version: &'static str,
    /// `sqlite` or `postgres`.
    pub database_kind: &'static str,
    /// How much the wall clock of this machine is ahead of the shop's time.
    pub clock_offset_seconds: f64,
    /// Why it is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Marks a request, by this process itself, of somebody who may see [`Details`].
#[derive(Clone, Copy, Debug)]
pub struct WithDetails;

/// The permission that lets a user see [`Details`].
pub const SEE_DETAILS: &str = "system:read";

impl Service {
    /// A service with these public routes (their paths without [`PREFIX`]).
    pub fn new(name: &'static str, platform: &Platform, api: OpenApiRouter) -> Self {
        let db = platform.db.clone();
        let (routes, openapi, documented) = described(name, api);
        let queues = Queues::new(name);
        let clock = platform.clock;
        let state = System { db: db.clone(), clock, queues: queues.clone() };
        let health = {
            let db = db.clone();
            move |request: Request| health(name, db, is_operator(&request))
        };
        let front = Arc::new(Front {
            service: name,
            policies: Policies::of(&openapi, platform.verifier.clone()),
            limits: BodyLimits::of(&openapi),
            documented,
        });
        let router = routes
            .api
            .merge(routes.system.with_state(state))
            .route(&health_path(name), axum::routing::get(health))
            .method_not_allowed_fallback(method_not_allowed)
            .route_layer(from_fn_with_state(front, enter))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .fallback(nothing_here);
        let (internal, inboxes, workers) = (Router::new(), vec![], vec![]);
        Self { name, db, router, openapi, internal, clock, inboxes, workers, queues }
    }

    /// The description of the public routes a service of this name has, without one being made.
    pub fn describe<S: Clone + Send + Sync + 'static>(
        name: &'static str,
        api: OpenApiRouter<S>,
    ) -> OpenApi {
        described(name, api).1
    }

    /// Adds routes for other services.
    #[must_use]
    pub fn internal(self, routes: Router) -> Self {
        Self { internal: routes.route_layer(from_fn(finish)), ..self }
    }

    /// Listens to what other services tell. The name is `service.topic`.
    #[must_use]
    pub fn consumer(mut self, name: &'static str, handler: impl Handler) -> Self {
        let inbox = Inbox::new(name, self.db.clone(), self.clock, handler);
        self.queues.add(inbox.queue);
        self.inboxes.push(inbox);
        self
    }

    /// What it listens to.
    pub fn subscriptions(&self) -> impl Iterator<Item = Subscription> {
        self.inboxes.iter().map(|it| Subscription { consumer: it.consumer(), types: it.types() })
    }

    /// Shows operators a queue of its own.
    #[must_use]
    pub fn queue(self, queue: &'static Queue) -> Self {
        self.queues.add(queue);
        self
    }

    /// Does something when it starts and then every so often. The job says whether there is more to
    /// do at once.
    #[must_use]
    pub fn every<F, E>(
        self,
        pause: Duration,
        name: &'static str,
        job: impl FnMut() -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<bool, E>> + Send + 'static,
        E: Into<BoxError> + Send + 'static,
    {
        self.worker(name, move |stop| async move {
            every(pause, (name, &stop), job).await;
            Ok(())
        })
    }

    /// Adds something that runs until the token is cancelled. If it fails, the process stops.
    #[must_use]
    pub fn worker<F>(
        mut self,
        name: &'static str,
        run: impl FnOnce(CancellationToken) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        self.workers.push(Worker { name, run: Box::new(move |stop| Box::pin(run(stop))) });
        self
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The relays, consumers and workers of the services of a process.
#[derive(Debug)]
pub struct Background {
    tasks: JoinSet<(&'static str, Outcome)>,
    stop: CancellationToken,
}

impl Background {
    /// Starts them all.
    pub fn start(services: &mut [Service], bus: &Bus, stop: &CancellationToken) -> Self {
        let mut tasks = JoinSet::new();
        let inboxes = services.iter().flat_map(|it| it.inboxes.clone()).collect();
        let delivery = bus.deliver(inboxes, stop.child_token());
        tasks.spawn(async move {
            delivery.await;
            ("bus", Ok(()))
        });
        for service in services {
            let relay = Relay {
                service: service.name,
                db: service.db.clone(),
                bus: bus.clone(),
                clock: service.clock,
            };
            let token = stop.child_token();
            tasks.spawn(async move {
                relay.run(token).await;
                ("relay", Ok(()))
            });
            let (queues, db, clock) = (service.queues.clone(), service.db.clone(), service.clock);
            let token = stop.child_token();
            tasks.spawn(async move {
                let measure = || queues.measure(&db, &clock);
                every(MEASURE, ("queues", &token), measure).await;
                ("queues", Ok(()))
            });
            for inbox in &service.inboxes {
                let (inbox, token) = (inbox.clone(), stop.child_token());
                tasks.spawn(async move {
                    inbox.run(token).await;
                    ("consumer", Ok(()))
                });
            }
            for worker in std::mem::take(&mut service.workers) {
                let token = stop.child_token();
                tasks.spawn(async move { (worker.name, (worker.run)(token).await) });
            }
        }
        Self { tasks, stop: stop.clone() }
    }

    /// Adds something that is no service's own and runs until the token is cancelled.
    pub fn add<F>(&mut self, name: &'static str, run: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let running = run(self.stop.child_token());
        self.tasks.spawn(async move {
            running.await;
            (name, Ok(()))
        });
    }

    /// Waits until one of them ends before it was told to, which is a reason to stop the process.
    pub async fn failed(&mut self) -> String {
        match self.tasks.join_next().await {
            Some(Ok((name, Ok(())))) => format!("{name} ended by itself"),
            Some(Ok((name, Err(error)))) => format!("{name} failed: {error}"),
            Some(Err(error)) => format!("a worker panicked: {error}"),
            None => std::future::pending().await,
        }
    }

    /// Tells them to stop and waits for them, at most `patience`.
    pub async fn stop(mut self, patience: Duration) {
        self.stop.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("some workers did not stop in time and were cut off");
        }
    }
}

struct Front {
    service: &'static str,
    policies: Policies,
    limits: BodyLimits,
    documented: DocumentedCodes,
}

/// Every request of a service comes through here: policy, the limit of its body, metrics, what
/// caches are told, and the
/// promise that a write once begun is finished even if the client hangs up.
async fn enter(
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

/// What another service asked for is finished once begun, even when it stops waiting.
async fn finish(request: Request, next: Next) -> Response {
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

fn is_operator(request: &Request) -> bool {
    let principal = request.extensions().get::<Principal>();
    request.extensions().get::<WithDetails>().is_some()
        || principal.is_some_and(|it| it.may(SEE_DETAILS))
}

async fn health(name: &'static str, db: Db, with_details: bool) -> Response {
    let patience = Duration::from_secs(2);
    let error = match tokio::time::timeout(patience, db.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("the database does not answer within {} s", patience.as_secs())),
    };
    let (status, code) = match &error {
        None => ("healthy", StatusCode::OK),
        Some(_) => ("unhealthy", StatusCode::SERVICE_UNAVAILABLE),
    };
    let details = with_details.then(|| Details {
        version: env!("CARGO_PKG_VERSION"),
        database_kind: if db.is_sqlite() { "sqlite" } else { "postgres" },
        clock_offset_seconds: clock::offset().as_seconds_f64(),
        error,
    });
    let health = Health { status, service: name, database: status, details };
    (code, axum::Json(health)).into_response()
}

struct Routes<S> {
    api: Router<S>,
    system: Router<System>,
}

/// All public routes of a service and their complete description.
fn described<S: Clone + Send + Sync + 'static>(
    name: &str,
    api: OpenApiRouter<S>,
) -> (Routes<S>, OpenApi, DocumentedCodes) {
    let (api, mut openapi) = OpenApiRouter::new().nest(PREFIX, api).split_for_parts();
    let (system, described) = system::routes(&format!("{PREFIX}/{name}"), name);
    openapi.merge(described);
    describe_health(&mut openapi, &health_path(name), name);
    let documented = openapi::complete(&mut openapi);
    (Routes { api, system }, openapi, documented)
}

fn health_path(name: &str) -> String {
    format!("{PREFIX}/{name}/health")
}

fn describe_health(openapi: &mut OpenApi, path: &str, name: &str) {
    use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
    use utoipa::openapi::security::SecurityRequirement;
    use utoipa::openapi::{ResponseBuilder, ResponsesBuilder};
    let operation = OperationBuilder::new()
        .summary(Some(format!("Check the health of {name}.")))
        .description(Some(
            "Versions, database details and errors are shown to callers with `system:read`.",
        ))
        .tag(name)
        .operation_id(Some(format!("{name}_health.get")))
        .security(SecurityRequirement::default())
        .security(SecurityRequirement::new("bearer", [SEE_DETAILS]))
        .responses(
            ResponsesBuilder::new()
                .response("200", ResponseBuilder::new().description("The service is healthy."))
                .response("503", ResponseBuilder::new().description("The database is unavailable."))
                .build(),
        )
        .build();
    openapi.paths.paths.insert(path.to_owned(), PathItem::new(HttpMethod::Get, operation));
}

async fn method_not_allowed(method: Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("{method} is not possible here; the header Allow lists what is"),
    )
}

async fn nothing_here() -> Problem {
    extract::not_found()
}
