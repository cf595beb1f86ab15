//! The numbers of the calls to a service, looked up once.

use metrics::{Counter, Gauge, counter, gauge};

pub(super) struct Meters {
    pub(super) requests: Counter,
    pub(super) retries: Counter,
    pub(super) ejections: Counter,
    pub(super) opened: Counter,
    pub(super) open: Gauge,
    pub(super) in_flight: Gauge,
    pub(super) refused: Counter,
    pub(super) away: Counter,
    pub(super) late: Counter,
    pub(super) broken: Counter,
    pub(super) answered: Counter,
}

impl Meters {
    pub(super) fn new(service: &'static str) -> Self {
        metrics::describe_counter!("remote_requests_total", "Requests to a service elsewhere.");
        metrics::describe_counter!(
            "remote_failures_total",
            "Requests to a service elsewhere that failed: circuit (not sent), away, late, broken, \
             or answered with 502, 503 or 504."
        );
        metrics::describe_counter!("remote_retries_total", "Requests sent to a second copy.");
        metrics::describe_counter!("remote_ejections_total", "Times a copy was ejected.");
        metrics::describe_counter!("remote_circuit_opened_total", "Times the circuit opened.");
        metrics::describe_gauge!("remote_circuit_open", "1 while nothing is sent to a service.");
        metrics::describe_gauge!("remote_requests_in_flight", "Requests waiting for an answer.");
        let failed = |kind: &'static str| counter!("remote_failures_total", "service" => service, "kind" => kind);
        Self {
            requests: counter!("remote_requests_total", "service" => service),
            retries: counter!("remote_retries_total", "service" => service),
            ejections: counter!("remote_ejections_total", "service" => service),
            opened: counter!("remote_circuit_opened_total", "service" => service),
            open: gauge!("remote_circuit_open", "service" => service),
            in_flight: gauge!("remote_requests_in_flight", "service" => service),
            refused: failed("circuit"),
            away: failed("away"),
            late: failed("late"),
            broken: failed("broken"),
            answered: failed("answered"),
        }
    }
}

/// Counts a request as in flight until it is dropped.
pub(super) struct InFlight<'a>(&'a Gauge);

impl<'a> InFlight<'a> {
    pub(super) fn enter(gauge: &'a Gauge) -> Self {
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
