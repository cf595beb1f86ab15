//! The queues of a service, as an operator sees them: in its API and in the metrics.

use std::sync::Arc;

use axum::extract::State;
use parking_lot::RwLock;
use serde::Serialize;
use utoipa::ToSchema;

use super::System;
use crate::clock::Clock;
use crate::db::{self, Db};
use crate::extract::{Json, Path};
use crate::outbox;
use crate::problem::{Problem, Result};
use crate::queue::{Queue, Stats};

/// The queues of a service.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    service: &'static str,
    all: Arc<RwLock<Vec<&'static Queue>>>,
}

impl Queues {
    /// Those of a service that has no more than what every service has.
    pub(crate) fn new(service: &'static str) -> Self {
        Self { service, all: Arc::new(RwLock::new(vec![outbox::queue(service)])) }
    }

    pub(crate) fn add(&self, queue: &'static Queue) {
        self.all.write().push(queue);
    }

    fn all(&self) -> Vec<&'static Queue> {
        self.all.read().clone()
    }

    /// Puts them into the metrics. There is never more to do at once.
    pub(crate) async fn measure(&self, db: &Db, clock: &Clock) -> db::Result<bool> {
        for queue in self.all() {
            let (now, name) = (clock.now(), queue.name());
            let stats = queue.stats(db, now).await?;
            let (unfinished, oldest) = (stats.waiting + stats.running, stats.oldest_seconds(now));
            metrics::gauge!("queue_waiting", "queue" => name).set(stats.waiting as f64);
            metrics::gauge!("queue_oldest_seconds", "queue" => name).set(oldest);
            metrics::gauge!("queue_running", "queue" => name).set(stats.running as f64);
            metrics::gauge!("queue_dead", "queue" => name).set(stats.dead as f64);
            if name == outbox::queue(self.service).name() {
                metrics::gauge!("events_unsent", "service" => self.service).set(unfinished as f64);
                metrics::gauge!("events_unsent_oldest_seconds", "service" => self.service)
                    .set(oldest);
            }
        }
        Ok(false)
    }
}

/// How full a queue is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Queue)]
pub(super) struct View {
    /// `service.what`.
    name: &'static str,
    /// What is due, or will be.
    waiting: i64,
    /// For how long the first that waits has been due, in seconds; 0 where nothing is.
    oldest_seconds: f64,
    /// What somebody works on.
    running: i64,
    /// What was given up.
    dead: i64,
}

/// What was found to be tried again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replayed {
    replayed: u64,
}

/// List the queues of the service, and how full they are.
#[utoipa::path(
    get, path = "/queues", operation_id = "queues.list",
    responses(
        (status = 200, description = "All of them.", body = Vec<View>),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`forbidden`", body = Problem),
    ),
    security(("bearer" = ["system:read"])),
)]
pub(super) async fn list(
    State(System { db, clock, queues }): State<System>,
) -> Result<Json<Vec<View>>> {
    let (now, mut views) = (clock.now(), Vec::new());
    for queue in queues.all() {
        let stats = queue.stats(&db, now).await?;
        let oldest_seconds = stats.oldest_seconds(now);
        let Stats { waiting, running, dead, .. } = stats;
        views.push(View { name: queue.name(), waiting, oldest_seconds, running, dead });
    }
    Ok(Json(views))
}

/// Have all that is dead in a queue tried again, with all its tries.
///
/// What fails again comes back among the dead.
#[utoipa::path(
    post, path = "/queues/{queue}/replay", operation_id = "queues.replay",
    params(("queue" = String, Path, description = "Its name.")),
    responses(
        (status = 200, description = "How much that was.", body = Replayed),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`forbidden`", body = Problem),
        (status = 404, description = "`queue_not_found`", body = Problem),
    ),
    security(("bearer" = ["system:write"])),
)]
pub(super) async fn replay(
    State(System { db, clock, queues }): State<System>,
    Path(name): Path<String>,
) -> Result<Json<Replayed>> {
    let queue = queues.all().into_iter().find(|it| it.name() == name);
    let queue = queue
        .ok_or_else(|| Problem::not_found("queue_not_found", "the service has no such queue"))?;
    let replayed = queue.replay(&db, clock.now()).await?;
    tracing::info!(queue = name, replayed, "dead entries of a queue are retried");
    Ok(Json(Replayed { replayed }))
}
