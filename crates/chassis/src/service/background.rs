//! What the services of a process do besides answering requests.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Outcome, Service};
use crate::bus::Bus;
use crate::outbox::Relay;
use crate::work::every;

/// How often the queues are counted for the metrics.
const MEASURE: Duration = Duration::from_secs(5);

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
