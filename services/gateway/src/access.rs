//! What is noted about requests: a line each where that is wanted, and numbers.

use std::net::SocketAddr;
use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use chassis::quota::RateLimit;
use http::{Method, Request, StatusCode, Uri};
use metrics::{Counter, Gauge};
use tracing::Level;

use crate::config::AccessLog;

/// The numbers, looked up once.
#[derive(Debug)]
pub(crate) struct Meters {
    in_flight: Gauge,
    by_status: [Counter; 5],
}

/// Counts a request as present until it is dropped, even when the client hangs up.
#[derive(Debug)]
pub(crate) struct Present(Gauge);

impl Meters {
    pub(crate) fn new<'a>(classes: impl Iterator<Item = &'a RateLimit>) -> Self {
        metrics::describe_gauge!("gateway_requests_in_flight", "Requests being answered.");
        metrics::describe_counter!("gateway_requests_total", "Requests by class of status.");
        metrics::describe_counter!("gateway_rejected_total", "Requests over their quota.");
        // There from the beginning, at 0.
        classes.for_each(|it| drop(rejected(it)));
        Self {
            in_flight: metrics::gauge!("gateway_requests_in_flight"),
            by_status: ["1xx", "2xx", "3xx", "4xx", "5xx"]
                .map(|it| metrics::counter!("gateway_requests_total", "status" => it)),
        }
    }

    pub(crate) fn enter(&self) -> Present {
        self.in_flight.increment(1);
        Present(self.in_flight.clone())
    }

    pub(crate) fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100);
        if let Some(counter) = self.by_status.get(class.saturating_sub(1)) {
            counter.increment(1);
        }
    }

    pub(crate) fn reject(&self, class: &RateLimit) {
        rejected(class).increment(1);
    }
}

fn rejected(class: &RateLimit) -> Counter {
    metrics::counter!("gateway_rejected_total", "class" => class.name)
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// The access log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access(AccessLog);

/// What is known of a request before it is answered.
#[derive(Debug)]
pub(crate) struct Note {
    began: Instant,
    method: Method,
    path: String,
    client: Option<SocketAddr>,
}

impl Access {
    pub(crate) fn new(level: AccessLog) -> Self {
        Self(level)
    }

    fn is_on(self) -> bool {
        match self.0 {
            AccessLog::Off => false,
            AccessLog::Debug => tracing::enabled!(Level::DEBUG),
            AccessLog::Info => tracing::enabled!(Level::INFO),
        }
    }

    pub(crate) fn note(self, request: &Request<Body>, client: Option<SocketAddr>) -> Option<Note> {
        self.is_on().then(|| Note {
            began: Instant::now(),
            method: request.method().clone(),
            path: redacted(request.uri()),
            client,
        })
    }

    /// Writes the line. No header is ever part of it.
    pub(crate) fn write(self, note: Note, response: &Response) {
        let Note { began, method, path, client } = note;
        let status = response.status().as_u16();
        let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
        let client = client.map(|it| tracing::field::display(it.ip()));
        match self.0 {
            AccessLog::Info => {
                tracing::info!(%method, path, status, milliseconds, client, "answered");
            }
            _ => tracing::debug!(%method, path, status, milliseconds, client, "answered"),
        }
    }
}

/// Path and query without the values of what may be secret.
fn redacted(uri: &Uri) -> String {
    let Some(query) = uri.query() else { return shortened(uri.path()) };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() && is_secret(name) => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    shortened(&format!("{}?{}", uri.path(), pairs.collect::<Vec<_>>().join("&")))
}

/// Nobody reads more of a line than this.
fn shortened(text: &str) -> String {
    text.chars().take(500).collect()
}

fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 11] = [
        "auth", "code", "cookie", "email", "jwt", "key", "pass", "secret", "session", "sig",
        "token",
    ];
    // A name that hides behind escapes has something to hide.
    let name = name.to_ascii_lowercase();
    name.contains('%') || name == "state" || WORDS.iter().any(|it| name.contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_a_query_are_not_written_down() {
        for (asked, written) in [
            ("/a", "/a"),
            ("/a?b=1&c=2", "/a?b=1&c=2"),
            ("/a?token=t&b=1", "/a?token=***&b=1"),
            ("/a?access_token=t&API_KEY=k", "/a?access_token=***&API_KEY=***"),
            ("/a?%74oken=t", "/a?%74oken=***"),
            ("/a?code=c&state=s", "/a?code=***&state=***"),
            ("/a?token=", "/a?token="),
            ("/a?search=red%20shoes", "/a?search=red%20shoes"),
        ] {
            assert_eq!(redacted(&asked.parse().unwrap()), written);
        }
        assert_eq!(redacted(&format!("/{}", "a".repeat(9000)).parse().unwrap()).len(), 500);
    }
}
