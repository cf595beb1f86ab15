//! One copy of a service: its connections, how busy and how well it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::HeaderValue;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::connection::Connection;
use super::liveness::LastProbe;
use super::load::Load;
use crate::discovery::Endpoint;

/// Connections to one copy, all in all. Those that became another protocol do not count.
pub(super) const CONNECTIONS: usize = 1024;
/// Connections kept for later.
const KEPT: usize = 256;
/// How long a free connection is waited for.
const WAIT: Duration = Duration::from_millis(500);
/// Failures in a row after which a copy is ejected.
const FAILURES: u32 = 5;
/// How long for, the first time; twice as long each further time.
const EJECTED: Duration = Duration::from_secs(1);
/// The longest.
const EJECTED_MOST: Duration = Duration::from_secs(30);

pub(super) struct Instance {
    pub(super) endpoint: Endpoint,
    /// The header `Host` of requests that have none.
    pub(super) host: Option<HeaderValue>,
    pub(super) load: Load,
    places: Semaphore,
    idle: Mutex<Vec<Connection>>,
    /// No longer one of the copies.
    retired: AtomicBool,
    pub(super) last_probe: LastProbe,
    health: Mutex<Health>,
}

#[derive(Debug, Default)]
struct Health {
    /// Failures since the last success.
    in_a_row: u32,
    /// When it last answered well.
    answered: Option<Instant>,
    /// Times it was ejected without being well for a while in between.
    ejections: u32,
    ejected_until: Option<Instant>,
}

/// A request at a copy; dropping it makes room for another.
pub(super) struct Lease {
    pub(super) copy: Arc<Instance>,
}

impl Instance {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            host: HeaderValue::from_str(endpoint.authority().as_str()).ok(),
            endpoint,
            load: Load::new(),
            places: Semaphore::new(CONNECTIONS),
            idle: Mutex::default(),
            retired: AtomicBool::new(false),
            last_probe: LastProbe::default(),
            health: Mutex::default(),
        }
    }

    /// A place for a request, if one comes free in time.
    pub(super) async fn enter(self: Arc<Self>) -> Option<Lease> {
        let permit = match self.places.try_acquire() {
            Ok(permit) => permit,
            Err(_) => tokio::time::timeout(WAIT, self.places.acquire()).await.ok()?.ok()?,
        };
        permit.forget();
        self.load.enter();
        Some(Lease { copy: self })
    }

    /// A connection that is open, as far as is known. `careful`: as the system knows.
    pub(super) fn take(&self, careful: bool) -> Option<Connection> {
        loop {
            // The one used last: the others may then grow old and be closed.
            let connection = self.idle().pop()?;
            if !careful || !connection.is_hung_up() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for later, if it is good for it.
    pub(super) fn give(&self, mut connection: Connection) {
        if !connection.is_free() || self.retired.load(Ordering::Acquire) {
            return;
        }
        connection.rest();
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(connection);
        }
    }

    /// Closes connections that are of no use any more.
    pub(super) fn sweep(&self) {
        self.idle().retain_mut(|it| !it.is_spent());
    }

    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.idle().clear();
    }

    pub(super) fn kept(&self) -> usize {
        self.idle().len()
    }

    pub(super) fn succeeded(&self, now: Instant) {
        let mut health = self.health();
        health.in_a_row = 0;
        health.answered = Some(now);
    }

    /// Whether it has answered a request well at `since` or later.
    pub(super) fn has_answered(&self, since: Instant) -> bool {
        self.health().answered.is_some_and(|it| it >= since)
    }

    /// Notes a failure. `grave`: one cannot connect, or it gives no sign of life. Tells whether the
    /// copy should be ejected.
    pub(super) fn failed(&self, grave: bool) -> bool {
        let mut health = self.health();
        health.in_a_row = health.in_a_row.saturating_add(1);
        grave || health.in_a_row >= FAILURES
    }

    /// Sends nothing here for a while, longer each time.
    pub(super) fn eject(&self, now: Instant) {
        let mut health = self.health();
        let long_well = |it: Instant| now.saturating_duration_since(it) > EJECTED_MOST;
        if health.ejected_until.is_some_and(long_well) {
            health.ejections = 0;
        }
        let duration = EJECTED * 2_u32.saturating_pow(health.ejections.min(10));
        health.ejections += 1;
        health.in_a_row = 0;
        health.ejected_until = Some(now + duration.min(EJECTED_MOST));
        drop(health);
        self.idle().clear();
    }

    /// How much longer it is ejected.
    pub(super) fn ejected(&self, now: Instant) -> Option<Duration> {
        let until = self.health().ejected_until?;
        Some(until.saturating_duration_since(now)).filter(|it| !it.is_zero())
    }

    pub(super) fn failures(&self) -> u32 {
        self.health().in_a_row
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock()
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.copy.load.leave();
        self.copy.places.add_permits(1);
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
