//! How long a connection lasts.

use std::pin::pin;
use std::time::Duration;

use chassis::service::BoxError;
use hyper_util::server::graceful::GracefulConnection;
use tokio::time::Instant;

use super::Times;
use super::connection::ConnectionState;

/// Why a connection should end.
enum End {
    /// At once: nothing is lost.
    Now(&'static str),
    /// Once what has begun is answered.
    Gently,
}

/// Runs a connection until it ends or should end. By `deadline` its first request must be there.
pub(super) async fn serve_connection<C>(
    connection: C,
    link: &ConnectionState,
    deadline: Instant,
    times: &Times,
) -> Result<(), BoxError>
where
    C: GracefulConnection<Error = BoxError>,
{
    let mut connection = pin!(connection);
    let end = tokio::select! {
        biased;
        ended = &mut connection => return ended,
        end = oversee(link, deadline, times) => end,
    };
    match end {
        End::Now(reason) => Err(reason.into()),
        End::Gently => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// Waits for a reason to end the connection.
async fn oversee(link: &ConnectionState, deadline: Instant, times: &Times) -> End {
    tokio::select! {
        () = link.stop.cancelled() => {}
        end = wait_for_age(link, deadline, times.keep_alive) => return end,
    }
    // HTTP/2 can say goodbye and still take what is on its way. HTTP/1 cannot: a client learns of
    // it with its next answer, or when nothing comes from it any more.
    while !link.is_http_2() {
        let seen = link.reads();
        tokio::time::sleep(times.farewell).await;
        if link.reads() == seen {
            break;
        }
    }
    if link.spoke() { End::Gently } else { End::Now("no request came before the end") }
}

async fn wait_for_age(link: &ConnectionState, deadline: Instant, keep_alive: Duration) -> End {
    tokio::time::sleep_until(deadline).await;
    if !link.spoke() {
        return End::Now("no request came in time");
    }
    if !link.is_http_2() {
        // hyper enforces the time between requests itself.
        return std::future::pending().await;
    }
    loop {
        let (seen, _) = link.requests();
        tokio::time::sleep(keep_alive).await;
        if link.requests() == (seen, 0) {
            return End::Gently;
        }
    }
}
