//! A look in, for people: the copies of a service and how they are.

use serde::Serialize;
use tokio::time::Instant;

use super::breaker::Circuit;
use super::copy::Instance;
use super::recent::{Counts, RecentFailure};

/// How it stands between this process and a service.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    pub service: &'static str,
    pub circuit: Circuit,
    /// In the last ten seconds.
    pub recent: Counts,
    pub copies: Vec<CopyStatus>,
    /// The newest first, at most 16.
    pub failures: Vec<RecentFailure>,
}

/// How a copy is.
#[derive(Clone, Debug, Serialize)]
pub struct CopyStatus {
    pub address: String,
    pub healthy: bool,
    /// How much longer nothing is sent to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ejected_ms: Option<u64>,
    pub failures_in_a_row: u32,
    /// Requests, from choosing the copy to the end of the answer's body.
    pub in_flight: usize,
    /// Open connections without a request.
    pub idle_connections: usize,
    /// Expected time to the head of an answer; none before the first.
    pub latency_ms: Option<f64>,
}

impl CopyStatus {
    pub(super) fn of(copy: &Instance, now: Instant) -> Self {
        let ejected = copy.ejected(now);
        let millis = |it: std::time::Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
        Self {
            address: copy.endpoint.to_string(),
            healthy: ejected.is_none(),
            ejected_ms: ejected.map(millis),
            failures_in_a_row: copy.failures(),
            in_flight: copy.load.in_flight(),
            idle_connections: copy.kept(),
            latency_ms: copy.load.latency(now).map(|it| it.as_secs_f64() * 1000.0),
        }
    }
}
