//! What a service is made of, and how the services of a process run.

mod background;
mod front;
mod health;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::auth::Verifier;
use crate::bus::Subscription;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::db::Db;
use crate::extract::{BodyLimits, MAX_BODY};
use crate::inbox::{Handler, Inbox};
use crate::money::Currency;
use crate::openapi::{self, DocumentedCodes};
use crate::policy::Policies;
use crate::queue::Queue;
use crate::system::{self, Queues, System};
use crate::webhooks::{self, WebhookHandler, Webhooks};
use crate::work::every;
pub use background::Background;
use front::{Front, enter, finish, method_not_allowed, nothing_here};
pub use health::{Details, Health, SEE_DETAILS, WithDetails};
use health::{describe_health, health, health_path, is_operator};

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
    pub(crate) webhooks: Option<Webhooks>,
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
        let webhooks = None;
        Self { name, db, router, openapi, internal, clock, inboxes, webhooks, workers, queues }
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

    /// Takes webhooks. The service's routes include [`webhooks::router`] with its providers.
    #[must_use]
    pub fn webhooks(mut self, handler: impl WebhookHandler) -> Self {
        let webhooks = Webhooks::new(self.name, self.db.clone(), self.clock, handler);
        self.queues.add(webhooks.queue);
        self.router = self.router.layer(Extension(webhooks.clone()));
        self.webhooks = Some(webhooks.clone());
        self.worker("webhooks", move |stop| webhooks.run(stop))
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
    let webhooks = webhooks::receives(&openapi, PREFIX);
    let (system, described) = system::routes(&format!("{PREFIX}/{name}"), name, webhooks);
    openapi.merge(described);
    describe_health(&mut openapi, &health_path(name), name);
    let documented = openapi::complete(&mut openapi);
    (Routes { api, system }, openapi, documented)
}
