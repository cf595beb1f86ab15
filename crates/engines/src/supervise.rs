//! Keeps a connection to a broker: connects, serves until something fails, and begins again.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::health::Health;
use crate::link::LinkError;

/// How long connecting may take, with all that is declared then.
const CONNECT: Duration = Duration::from_secs(10);
/// The pauses between tries; the last one is that before all others.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// Something that is connected to a broker, again and again.
pub(crate) trait Link: Sync {
    type Connection: Send;

    fn health(&self) -> &Health;

    /// Connects and prepares what is needed. An error says why that was not possible.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, LinkError>> + Send;

    /// Works until stopped. An error says what failed.
    fn serve(
        &self,
        connection: Self::Connection,
        stop: &CancellationToken,
    ) -> impl Future<Output = Result<(), LinkError>> + Send;
}

/// Runs until stopped.
pub(crate) async fn run(link: &impl Link, stop: &CancellationToken) {
    let mut tries = 0;
    while !stop.is_cancelled() {
        let connected = tokio::select! {
            () = stop.cancelled() => return,
            connected = timeout(CONNECT, link.connect()) => connected,
        };
        let late = || Err(LinkError::Late { what: "did not answer", limit: CONNECT });
        let failure = match connected.unwrap_or_else(|_| late()) {
            Ok(connection) => {
                tries = 0;
                link.serve(connection, stop).await.err()
            }
            Err(error) => Some(error),
        };
        if let Some(error) = failure {
            link.health().away(&error);
        }
        let pause = PAUSES.get(tries).or(PAUSES.last()).copied().unwrap_or_default();
        tries += 1;
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}
