//! What went wrong lately, for whoever looks after the shop. Nothing a client wrote is kept but
//! the path, and nothing secret.

use std::collections::VecDeque;

use axum::response::Response;
use chassis::clock::Clock;
use chassis::problem::Problem;
use chrono::{DateTime, Utc};
use http::{HeaderValue, Method};
use parking_lot::Mutex;
use serde::Serialize;

/// How many are kept.
const KEPT: usize = 100;
/// The most that is kept of a path, in characters.
const LENGTH: usize = 120;

/// The last failures.
#[derive(Debug)]
pub(crate) struct Journal {
    clock: Clock,
    failures: Mutex<VecDeque<Failure>>,
}

/// In the extensions of an answer: why a service did not give one. Clients are not told.
#[derive(Clone, Debug)]
pub(crate) struct Cause(pub(crate) String);

/// An answer that says the shop is at fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Failure {
    pub(crate) at: DateTime<Utc>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) service: String,
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) request_id: String,
}

impl Journal {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, failures: Mutex::default() }
    }

    pub(crate) fn note(
        &self,
        (method, path): (&Method, &str),
        service: &str,
        response: &Response,
        id: &HeaderValue,
    ) {
        let (status, extensions) = (response.status(), response.extensions());
        let reason = match (extensions.get::<Cause>(), extensions.get::<Problem>()) {
            (Some(Cause(reason)), _) => reason.clone(),
            (None, Some(problem)) => problem.code.to_string(),
            (None, None) => status.canonical_reason().unwrap_or_default().to_ascii_lowercase(),
        };
        let failure = Failure {
            at: self.clock.now(),
            method: method.to_string(),
            path: path.chars().take(LENGTH).collect(),
            service: service.to_owned(),
            status: status.as_u16(),
            reason,
            request_id: id.to_str().unwrap_or_default().to_owned(),
        };
        let mut failures = self.failures.lock();
        failures.truncate(KEPT - 1);
        failures.push_front(failure);
    }

    /// The newest first.
    pub(crate) fn recent(&self) -> Vec<Failure> {
        let failures = self.failures.lock();
        failures.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_failures_are_kept() {
        let journal = Journal::new(Clock::System);
        for number in 0..250 {
            let path = format!("/{number}{}", "x".repeat(500));
            let id = HeaderValue::from(number);
            let mut response = Response::default();
            *response.status_mut() = http::StatusCode::BAD_GATEWAY;
            journal.note((&Method::GET, &path), "orders", &response, &id);
        }
        let recent = journal.recent();
        assert_eq!(recent.len(), 100);
        assert_eq!((&*recent[0].request_id, &*recent[99].request_id), ("249", "150"));
        assert_eq!(recent[0].path.len(), 120);
        assert_eq!(recent[0].reason, "bad gateway");
    }
}
