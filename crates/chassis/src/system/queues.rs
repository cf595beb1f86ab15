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
use crate::problem::{Problem, Result, problem};
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
    /// The name of the queue, as `service.items`.
    name: &'static str,
    /// Items that are due or scheduled.
    waiting: i64,
    /// For how many seconds the oldest waiting item has been due, or 0 if none is.
    oldest_seconds: f64,
    /// Items in progress.
    running: i64,
    /// Items that have failed for good.
    dead: i64,
}

/// How many items will be retried.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replayed {
    replayed: u64,
}

/// List the queues of the service and how full they are.
#[utoipa::path(
    get, path = "/queues", operation_id = "queues.list",
    responses(
        (status = 200, description = "All queues of the service.", body = Vec<View>),
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

/// Retry all dead items of a queue, with a fresh set of attempts.
///
/// Items that fail again return to the dead ones.
#[utoipa::path(
    post, path = "/queues/{queue}/replay", operation_id = "queues.replay",
    params(("queue" = String, Path, description = "The name of the queue.")),
    responses(
        (status = 200, description = "The number of items that will be retried.", body = Replayed),
        queue_not_found,
    ),
    security(("bearer" = ["system:write"])),
)]
pub(super) async fn replay(
    State(System { db, clock, queues }): State<System>,
    Path(name): Path<String>,
) -> Result<Json<Replayed>> {
    let queue = queues.all().into_iter().find(|it| it.name() == name);
    let queue = queue.ok_or_else(queue_not_found)?;
    let replayed = queue.replay(&db, clock.now()).await?;
    tracing::info!(queue = name, replayed, "dead entries of a queue are retried");
    Ok(Json(Replayed { replayed }))
}

/// The service has no queue of this name.
#[problem(NOT_FOUND)]
fn queue_not_found() -> Problem {
    queue_not_found::problem("the service has no such queue")
}
