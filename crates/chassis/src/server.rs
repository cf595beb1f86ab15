//! The accept loop: one service behind a TCP listener, with limits, deadlines and a drain.
//!
//! hyper alone waits forever for a client that connects and says nothing, and knows no limit of
//! connections. What happens within a request (routing, limits of a body) is the service's.

mod admission;
mod connection;

use std::convert::Infallible;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, Version, header};
use axum::response::Response;
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

use self::admission::{Admission, Place};
use self::connection::{PatientBody, PatientStream, Unread};
use crate::service::BoxError;

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Connections the system may hold ready before they are accepted.
const BACKLOG: u32 = 4096;

/// What a listener grants its clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Milliseconds from accepting a connection to the end of its first request's head.
    pub head_timeout_ms: u64,
    /// Milliseconds from an answer to the end of the next request's head on the same connection.
    pub keep_alive_ms: u64,
    /// Milliseconds in which a client must send or take something in the middle of a body.
    pub body_idle_ms: u64,
    /// Milliseconds that requests in flight may take once the process stops.
    pub drain_ms: u64,
    /// Connections open at once; more are refused with 503.
    pub max_connections: usize,
    /// Connections of one client address (IPv6: of one /64). Raise it behind a proxy.
    pub max_connections_per_address: usize,
    /// Connections of this machine itself.
    pub max_connections_from_loopback: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            head_timeout_ms: 10_000,
            keep_alive_ms: 60_000,
            body_idle_ms: 30_000,
            drain_ms: 30_000,
            max_connections: 20_000,
            max_connections_per_address: 200,
            max_connections_from_loopback: 10_000,
        }
    }
}

/// Listens on `address`, such as `127.0.0.1:8080`. Says what is in the way and what to do.
pub async fn bind(address: &str) -> Result<TcpListener, String> {
    let mut resolved = tokio::net::lookup_host(address).await.map_err(|_| {
        format!("{address:?} is no address to listen on; write it like 127.0.0.1:8080 or [::]:8080")
    })?;
    let resolved = resolved.next().ok_or_else(|| format!("{address:?} names no address"))?;
    listen(resolved).map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::AddrInUse => "another program uses it".to_owned(),
            ErrorKind::PermissionDenied => "ports below 1024 need more rights".to_owned(),
            ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
            _ => error.to_string(),
        };
        format!("cannot listen on {resolved}: {reason}; choose another with --listen")
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Else a restart waits for the connections of the process before to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until cancelled, then lets requests in flight finish.
pub async fn serve<S>(listener: TcpListener, service: S, config: &Config, stop: CancellationToken)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let server = Server {
        builder: builder(config),
        admission: Admission::new(config),
        draining: GracefulShutdown::new(),
        head: Duration::from_millis(config.head_timeout_ms),
        idle: Duration::from_millis(config.body_idle_ms),
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => server.enter(stream, peer, service.clone()),
                Err(error) => pause(&error).await,
            },
        }
    }
    drop(listener);
    let patience = Duration::from_millis(config.drain_ms);
    if tokio::time::timeout(patience, server.draining.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish while draining and were cut off");
    }
}

fn builder(config: &Config) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(config.keep_alive_ms))
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEAD as u32)
        .keep_alive_interval(Some(Duration::from_millis(config.keep_alive_ms)));
    builder
}

/// After a failed accept. One that is over before it began is nothing; without file descriptors,
/// others must end first.
async fn pause(error: &io::Error) {
    let gone = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::Interrupted];
    if !gone.contains(&error.kind()) {
        tracing::warn!(%error, "cannot accept a connection");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

struct Server {
    builder: Builder<TokioExecutor>,
    admission: Arc<Admission>,
    draining: GracefulShutdown,
    head: Duration,
    idle: Duration,
}

impl Server {
    fn enter<S>(&self, stream: TcpStream, peer: SocketAddr, service: S)
    where
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let Some(place) = self.admission.admit(peer.ip()) else { return refuse(stream) };
        // Small answers must not wait for more data to come.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "no TCP_NODELAY");
        }
        let client = Client { stream: PatientStream::new(stream, self.idle), peer, place };
        let (builder, watcher) = (self.builder.clone(), self.draining.watcher());
        tokio::spawn(client.stay(builder, watcher, service, self.head, self.idle));
    }
}

/// Tells that there is no room, without waiting for anything.
fn refuse(stream: TcpStream) {
    const BODY: &str = r#"{"type":"/problems/too_many_connections","title":"Service Unavailable","status":503,"code":"too_many_connections","detail":"too many connections are open; try again in a moment"}"#;
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
         content-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    let told = stream.into_std().and_then(|mut stream| {
        stream.write_all(answer.as_bytes())?;
        stream.shutdown(std::net::Shutdown::Write)
    });
    if let Err(error) = told {
        tracing::debug!(%error, "a refused client was gone");
    }
}

/// A connection that was let in.
struct Client {
    stream: PatientStream,
    peer: SocketAddr,
    /// Given back when the connection ends.
    place: Place,
}

impl Client {
    async fn stay<S>(
        self,
        builder: Builder<TokioExecutor>,
        watcher: Watcher,
        service: S,
        head: Duration,
        idle: Duration,
    ) where
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let Self { stream, peer, place } = self;
        let spoke = Arc::new(AtomicBool::new(false));
        let service = {
            let spoke = spoke.clone();
            service_fn(move |request: Request<Incoming>| {
                spoke.store(true, Ordering::Relaxed);
                answer(service.clone(), request, peer, idle)
            })
        };
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let ended = attend(watcher.watch(connection.into_owned()), &spoke, head).await;
        if let Err(error) = ended {
            tracing::debug!(%peer, error, "connection ended");
        }
        drop(place);
    }
}

async fn answer<S>(
    service: S,
    request: Request<Incoming>,
    peer: SocketAddr,
    idle: Duration,
) -> Result<Response, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let reusable = request.version() >= Version::HTTP_2 || request.body().is_end_stream();
    let unread = Unread::default();
    let mut request = request.map(|body| match body.is_end_stream() {
        true => Body::empty(),
        false => Body::new(PatientBody::new(body, idle, unread.clone())),
    });
    request.extensions_mut().insert(ConnectInfo(peer));
    let mut response = service.oneshot(request).await?;
    // hyper ends the connection where much was left unread; a client that is not told may send
    // its next request into it.
    if !reusable && unread.get() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Runs a connection, but only for as long as `head` until its first request.
async fn attend(
    connection: impl Future<Output = Result<(), BoxError>>,
    spoke: &AtomicBool,
    head: Duration,
) -> Result<(), BoxError> {
    let mut connection = pin!(connection);
    let mut deadline = pin!(tokio::time::sleep(head));
    let early = std::future::poll_fn(|cx| {
        if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
            return Poll::Ready(Some(ended));
        }
        if spoke.load(Ordering::Relaxed) {
            return Poll::Ready(None);
        }
        deadline.as_mut().poll(cx).map(|()| Some(Err("no request came in time".into())))
    });
    match early.await {
        Some(ended) => ended,
        None => connection.await,
    }
}
