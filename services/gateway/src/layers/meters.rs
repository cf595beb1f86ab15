//! Counts requests in flight and answers by class of status.

use axum::extract::Request;
use axum::response::Response;
use chassis::quota::RateLimit;
use metrics::{Counter, Gauge};

use super::{Middleware, Refusal, rate_limit};

/// The metrics, looked up once.
#[derive(Clone, Debug)]
pub(crate) struct Meters {
    in_flight: Gauge,
    by_status: [Counter; 5],
}

/// Counts a request as in flight until it is dropped, even when the client hangs up.
#[derive(Debug)]
pub(crate) struct InFlight(Gauge);

impl Meters {
    pub(crate) fn new<'a>(classes: impl Iterator<Item = &'a RateLimit>) -> Self {
        metrics::describe_gauge!("gateway_requests_in_flight", "Requests being answered.");
        metrics::describe_counter!("gateway_requests_total", "Requests by class of status.");
        metrics::describe_counter!("gateway_rejected_total", "Requests over their quota.");
        // There from the beginning, at 0.
        classes.for_each(|it| drop(rate_limit::rejected(it)));
        Self {
            in_flight: metrics::gauge!("gateway_requests_in_flight"),
            by_status: ["1xx", "2xx", "3xx", "4xx", "5xx"]
                .map(|it| metrics::counter!("gateway_requests_total", "status" => it)),
        }
    }
}

impl Middleware for Meters {
    type State = InFlight;

    fn before(&self, _: &mut Request) -> Result<InFlight, Refusal> {
        self.in_flight.increment(1);
        Ok(InFlight(self.in_flight.clone()))
    }

    fn after(&self, _: InFlight, response: &mut Response) {
        let class = usize::from(response.status().as_u16() / 100);
        if let Some(counter) = self.by_status.get(class.saturating_sub(1)) {
            counter.increment(1);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
