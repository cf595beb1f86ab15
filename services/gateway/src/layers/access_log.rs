//! The access log: a line for each request.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::Request;
use axum::response::Response;
use http::Uri;
use tracing::Level;

use super::routing::Matched;
use super::{Middleware, Refusal};
use crate::config::AccessLog;

/// Writes a line per request, if the settings say so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access(pub(crate) AccessLog);

/// What is known of a request before it is answered.
pub(crate) struct Entry {
    began: Instant,
    path: String,
    matched: Arc<Matched>,
}

impl Access {
    fn is_on(self) -> bool {
        match self.0 {
            AccessLog::Off => false,
            AccessLog::Debug => tracing::enabled!(Level::DEBUG),
            AccessLog::Info => tracing::enabled!(Level::INFO),
        }
    }

    /// No header is ever part of the line.
    fn write(self, entry: &Entry, status: u16) {
        let Entry { began, path, matched } = entry;
        let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
        let method = &matched.method;
        let client = matched.client.map(|it| tracing::field::display(it.ip()));
        match self.0 {
            AccessLog::Info => {
                tracing::info!(%method, path, status, milliseconds, client, "answered");
            }
            _ => tracing::debug!(%method, path, status, milliseconds, client, "answered"),
        }
    }
}

impl Middleware for Access {
    type State = Option<Entry>;

    fn before(&self, request: &mut Request) -> Result<Option<Entry>, Refusal> {
        Ok(self.is_on().then(|| Entry {
            began: Instant::now(),
            path: redacted(request.uri()),
            matched: Matched::of(request),
        }))
    }

    fn after(&self, entry: Option<Entry>, response: &mut Response) {
        let Some(entry) = entry else { return };
        let status = response.status().as_u16();
        entry.matched.span.in_scope(|| self.write(&entry, status));
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
