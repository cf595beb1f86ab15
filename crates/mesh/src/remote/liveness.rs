//! Whether a copy is alive: it is asked for `/live` on a connection of its own, once for all who
//! want to know at the same time.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::connection::{Connection, Sent};
use super::copy::Instance;

/// How long a copy is waited for in silence before it is probed.
/// With [`PROBE`] less than [`crate::channel::DEADLINE`], so that a call finds out.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);
/// How long it has to answer that.
pub(super) const PROBE: Duration = Duration::from_secs(1);

/// What a probe has found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Liveness {
    /// It answered, whatever it said.
    Live,
    /// It takes what is sent and says nothing: it is stopped, or what is sent is lost.
    Unresponsive,
    /// Nobody listens there. What it has already been asked it may still answer, before it ends.
    Unreachable,
}

/// The last probe: when it began, and what came of it.
#[derive(Debug, Default)]
pub(super) struct LastProbe(Mutex<Option<(Instant, Liveness)>>);

impl Instance {
    /// Whether it is alive, found out at `since` or later.
    pub(super) async fn liveness(&self, since: Instant) -> Liveness {
        let mut last = self.last_probe.0.lock().await;
        if self.has_answered(since) {
            return Liveness::Live;
        }
        if let Some((began, found)) = *last
            && began >= since
        {
            return found;
        }
        let began = Instant::now();
        // Boxed, or every request would have room for it.
        let probed = tokio::time::timeout(PROBE, Box::pin(self.probe())).await;
        let found = probed.unwrap_or(Liveness::Unresponsive);
        *last = Some((began, found));
        found
    }

    async fn probe(&self) -> Liveness {
        let connection = match Connection::open(&self.endpoint).await {
            Ok(connection) => connection,
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                return Liveness::Unresponsive;
            }
            Err(_) => return Liveness::Unreachable,
        };
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = axum::http::Uri::from_static("/live");
        if let Some(host) = &self.host {
            request.headers_mut().insert(header::HOST, host.clone());
        }
        match connection.send(request).await {
            Sent::Answer(..) => Liveness::Live,
            Sent::Returned(..) | Sent::Broken { .. } => Liveness::Unreachable,
        }
    }
}
