//! Requests to a service in other processes.
//!
//! Each request goes to the less busy of two random instances, by latency and requests in flight
//! (`copies`, `load`). A failing instance is ejected for a while, but never more than half of them
//! (`copy`). One that is silent is probed (`liveness`). If the whole service fails, the circuit
//! opens until a probe succeeds (`breaker`). Retries go to another instance, once and within a
//! budget (`recent`). Connections are pooled and bounded (`copy`, `connection`), and everything has
//! a deadline (`body`). Errors of the client do not count against an instance (`upload`).

mod attempt;
mod body;
mod breaker;
mod connection;
mod copies;
mod copy;
mod liveness;
mod load;
mod meters;
mod recent;
mod status;
mod upload;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use tokio::time::{Instant, MissedTickBehavior};

use self::attempt::{Again, Answer, Failure, is_ill};
use self::breaker::{Breaker, Entry};
use self::copies::Instances;
use self::copy::Instance;
use self::liveness::{Liveness, PROBE};
use self::meters::{InFlight, Meters};
use self::recent::Window;
use self::upload::UploadError;
pub use self::upload::is_too_long;
use crate::discovery::Endpoints;
use crate::server::Stopwatch;

pub use self::breaker::Circuit;
pub use self::recent::{Counts, RecentFailure};
pub use self::status::{CopyStatus, Status};

/// How often idle connections are looked after.
const SWEEP: Duration = Duration::from_millis(500);
/// A request that had less time than this says nothing about its service by being late.
const FAIR: Duration = Duration::from_millis(250);
/// Longer deadlines are taken to be this one.
const FOREVER: Duration = Duration::from_secs(24 * 60 * 60);

/// The copies of one service. Clones share connections and what is known about the copies.
#[derive(Clone, Debug)]
pub struct Remote(Arc<Inner>);

struct Inner {
    service: &'static str,
    endpoints: Endpoints,
    copies: Instances,
    breaker: Breaker,
    recent: Window,
    /// Looked up at the first request: before, nobody may have been there to count.
    meters: OnceLock<Meters>,
    kept: AtomicBool,
}

/// What the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallOptions {
    /// Until the head of the answer. The time in which a client's body is waited for is not
    /// counted.
    pub deadline: Duration,
    pub retry: Retry,
    pub body: BodyLimit,
}

/// What is tried a second time, at another copy. Sending again what was never sent is no retry in
/// the caller's eyes, so it always is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Only what was never sent: the caller owns all other retries.
    Unsent,
    /// Also what changes nothing (GET, HEAD, OPTIONS without a body).
    Safe,
}

/// How long the body of an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLimit {
    /// It has come when the deadline passes.
    Deadline,
    /// As long as something comes again and again after at most this time.
    Idle(Duration),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No copy is known or none lets itself be asked. Nothing was sent.
    #[error("no instance can be reached")]
    Unavailable,
    /// The deadline passed; what was asked may still happen.
    #[error("the deadline has passed")]
    DeadlineExceeded,
    /// The connection broke after the request was sent; it may have happened.
    #[error("the connection was lost: {0}")]
    ConnectionLost(String),
    /// The client's body could not be read to its end.
    #[error("the client's body was cut off: {0}")]
    Body(String),
    /// The client's body is longer than it may be.
    #[error("the client's body is too large")]
    BodyTooLarge,
}

impl CallOptions {
    /// For one service asking another: the whole answer within the deadline.
    pub fn call(deadline: Duration) -> Self {
        Self { deadline, retry: Retry::Unsent, body: BodyLimit::Deadline }
    }

    /// For a client's request: one more try where that is safe, and a body as long as it flows.
    pub fn public(deadline: Duration, idle: Duration) -> Self {
        Self { deadline, retry: Retry::Safe, body: BodyLimit::Idle(idle) }
    }
}

impl From<Duration> for CallOptions {
    fn from(deadline: Duration) -> Self {
        Self::call(deadline)
    }
}

impl Remote {
    pub fn new(service: &'static str, endpoints: Endpoints) -> Self {
        Self(Arc::new(Inner {
            service,
            endpoints,
            copies: Instances::default(),
            breaker: Breaker::new(),
            recent: Window::new(Instant::now()),
            meters: OnceLock::new(),
            kept: AtomicBool::new(false),
        }))
    }

    pub fn service(&self) -> &'static str {
        self.0.service
    }

    /// Sends a request to one of the copies; only path and query of its address count.
    pub async fn send(
        &self,
        request: Request<Body>,
        terms: impl Into<CallOptions>,
    ) -> Result<Response<Body>, Error> {
        self.0.keep();
        self.0.send(request, terms.into()).await
    }

    /// How it stands with the service and its copies.
    pub fn status(&self) -> Status {
        self.0.keep();
        let now = Instant::now();
        Status {
            service: self.0.service,
            circuit: self.0.breaker.circuit(now),
            recent: self.0.recent.counts(now),
            copies: self.0.copies.all().iter().map(|it| CopyStatus::of(it, now)).collect(),
            failures: self.0.recent.failures(now),
        }
    }
}

impl Inner {
    async fn send(
        &self,
        mut request: Request<Body>,
        terms: CallOptions,
    ) -> Result<Response<Body>, Error> {
        let meters = self.meters();
        meters.requests.increment(1);
        if terms.deadline.is_zero() {
            meters.late.increment(1);
            return Err(Error::DeadlineExceeded);
        }
        let stopwatch = Stopwatch::of(&request);
        let deadline = until(terms.deadline);
        if !self.may_send().await {
            meters.refused.increment(1);
            return Err(Error::Unavailable);
        }
        let _present = InFlight::enter(&meters.in_flight);
        self.recent.request(Instant::now());
        UploadError::watch(&mut request);
        let mut asked = None;
        let asking = self.ask(request, &stopwatch, terms.retry, deadline, &mut asked);
        let outcome = match stopwatch.timeout_at(deadline, asking).await {
            Some(outcome) => outcome,
            None => Err(self.late(asked.as_ref(), terms.deadline)),
        };
        self.conclude(asked.is_some(), terms, outcome.as_ref().map(Answer::status));
        let Answer { response, connection, lease } = outcome?;
        Ok(body::carry(response, connection, lease, terms.body, deadline).await)
    }

    /// Whether the circuit lets a request pass. Where it has been open for long enough, the service
    /// must show first that it is alive: no client's request is spent on finding that out.
    async fn may_send(&self) -> bool {
        let now = Instant::now();
        let probe = match self.breaker.enter(now) {
            Entry::Open => return false,
            Entry::Closed => return true,
            Entry::Probe(probe) => probe,
        };
        let live = match self.copies.choose(None, now) {
            Some(copy) => {
                tokio::time::timeout(PROBE, copy.liveness(now)).await == Ok(Liveness::Live)
            }
            None => false,
        };
        probe.end(live, Instant::now());
        if live {
            self.recent.forgive();
            self.meters().open.set(0);
            tracing::info!(service = self.service, "the service answers again");
        }
        live
    }

    /// A request whose deadline has passed.
    fn late(&self, asked: Option<&Arc<Instance>>, deadline: Duration) -> Error {
        if let Some(copy) = asked
            && deadline >= FAIR
        {
            copy.load.observe(deadline, Instant::now());
            self.failed(copy, false, "did not answer in time");
        }
        Error::DeadlineExceeded
    }

    /// Asks a copy, and another one where that is allowed.
    async fn ask(
        &self,
        mut request: Request<Body>,
        stopwatch: &Stopwatch,
        retry: Retry,
        deadline: Instant,
        asked: &mut Option<Arc<Instance>>,
    ) -> Result<Answer, Error> {
        attempt::prepare(&mut request);
        let again = Again::of(&request);
        let first = self.attempt(request, stopwatch, asked, None, false).await;
        let (mut request, fresh, outcome) = match (first, again) {
            (Ok(answer), Some(again)) if retry == Retry::Safe && is_ill(answer.status()) => {
                (again.request(), false, Ok(answer))
            }
            (Ok(answer), _) => return Ok(answer),
            (Err(Failure::Nobody), _) => return Err(Error::Unavailable),
            (Err(Failure::Unsent(request)), _) => (*request, false, Err(Error::Unavailable)),
            // A connection that was closed while nobody used it must not become a failed request.
            (Err(Failure::Broken { used, reason }), Some(again))
                if used || retry == Retry::Safe =>
            {
                (again.request(), used, Err(Error::ConnectionLost(reason)))
            }
            // A copy that is not alive will not answer; what changes nothing may be asked of
            // another.
            (Err(Failure::Unresponsive), Some(again)) => {
                (again.request(), false, Err(Error::DeadlineExceeded))
            }
            (Err(failure), _) => return Err(failure.into()),
        };
        let now = Instant::now();
        let other = self.copies.choose(asked.as_ref(), now).is_some();
        // Without another copy only a lost connection is a reason to ask again.
        if !(other || fresh) || !self.recent.retry(now) {
            return outcome;
        }
        self.meters().retries.increment(1);
        attempt::refresh_timeout(&mut request, deadline);
        let avoided = asked.clone().filter(|_| other);
        let second = self.attempt(request, stopwatch, asked, avoided, fresh).await;
        match (second, outcome) {
            (Ok(answer), _) => Ok(answer),
            (Err(second), Err(Error::Unavailable)) => Err(second.into()),
            // What came of the first one says more: an answer, or that something was sent.
            (Err(_), outcome) => outcome,
        }
    }

    /// Draws the conclusions from the end of a request. `sent`: a copy was found for it.
    fn conclude(&self, sent: bool, terms: CallOptions, outcome: Result<StatusCode, &Error>) {
        let meters = self.meters();
        match outcome {
            Ok(status) if is_ill(status) => meters.answered.increment(1),
            // Nothing but the client's body has failed.
            Ok(_) | Err(Error::Body(_) | Error::BodyTooLarge) => {}
            Err(Error::Unavailable) => meters.away.increment(1),
            Err(Error::DeadlineExceeded) => meters.late.increment(1),
            Err(Error::ConnectionLost(_)) => meters.broken.increment(1),
        }
        let failed = match outcome {
            // A service that says itself that it cannot is there.
            Ok(status) => matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT),
            Err(Error::Body(_) | Error::BodyTooLarge) => false,
            Err(Error::DeadlineExceeded) => sent && terms.deadline >= FAIR,
            Err(Error::Unavailable | Error::ConnectionLost(_)) => sent,
        };
        let now = Instant::now();
        if failed && self.breaker.judge(self.recent.failure(now), now) {
            meters.opened.increment(1);
            meters.open.set(1);
            tracing::warn!(
                service = self.service,
                "most requests to the service fail; circuit breaker opened"
            );
        }
    }

    /// Notes that a copy failed, and ejects it where it failed too often.
    fn failed(&self, copy: &Arc<Instance>, grave: bool, what: &str) {
        self.note(copy, what);
        if copy.failed(grave) && self.copies.eject(copy, Instant::now()) {
            self.meters().ejections.increment(1);
            let (service, copy) = (self.service, &copy.endpoint);
            tracing::warn!(service, %copy, what, "an instance fails and is ejected for a while");
        }
    }

    fn note(&self, copy: &Instance, what: &str) {
        self.recent.remember(format!("{}: {what}", copy.endpoint), Instant::now());
    }

    fn meters(&self) -> &Meters {
        self.meters.get_or_init(|| Meters::new(self.service))
    }

    /// Starts following the list of instances and maintaining idle connections.
    fn keep(self: &Arc<Self>) {
        if !self.kept.load(Ordering::Acquire) && !self.kept.swap(true, Ordering::AcqRel) {
            let mut endpoints = self.endpoints.clone();
            self.copies.follow(&endpoints.borrow_and_update());
            tokio::spawn(keep(Arc::downgrade(self), endpoints));
        }
    }
}

/// Runs until the last clone of a [`Remote`] is gone.
async fn keep(remote: Weak<Inner>, mut endpoints: Endpoints) {
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut followed = true;
    loop {
        tokio::select! {
            changed = endpoints.changed(), if followed => followed = changed.is_ok(),
            _ = sweep.tick() => {}
        }
        let Some(remote) = remote.upgrade() else { return };
        remote.copies.follow(&endpoints.borrow_and_update());
        remote.copies.all().iter().for_each(|it| it.sweep());
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Nobody | Failure::Unsent(_) => Self::Unavailable,
            Failure::Broken { reason, .. } => Self::ConnectionLost(reason),
            Failure::Unresponsive => Self::DeadlineExceeded,
            Failure::Upload(error) => error,
        }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("service", &self.service).finish_non_exhaustive()
    }
}

/// This much later.
fn until(duration: Duration) -> Instant {
    Instant::now() + duration.min(FOREVER)
}
