//! The accept loop: one service behind a TCP listener, with limits, deadlines and a drain.
//!
//! hyper alone waits forever for a client that connects and says nothing, and knows no limit of
//! connections. What happens within a request (routing, limits of a body) is the service's.

mod admission;
mod connection;
mod framing;
mod host;
mod life;
mod listen;
mod upload;

use std::convert::Infallible;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use chassis::forwarded::Secure;
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};

use self::connection::{ConnectionState, EndlessBody};
use self::framing::Framed;
use self::upload::PatientBody;
use crate::network::Networks;

pub use self::admission::Admission;
pub use self::connection::Stream;
pub use self::listen::{ListenError, Listener, bind};
pub(crate) use self::upload::Stopwatch;
pub use self::upload::Upload;

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// What a client may send on one HTTP/2 stream before it is read, in bytes.
const STREAM_WINDOW: u32 = 128 * 1024;
/// What a client may send on all streams of one connection before it is read, in bytes.
const CONNECTION_WINDOW: u32 = 512 * 1024;
/// What is kept of an answer that a client of HTTP/2 does not take yet, in bytes.
const SEND_BUFFER: usize = 64 * 1024;

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
    /// Milliseconds in which the body of a request must have come, and one second more for each
    /// 32 KiB of it. Time in which nobody reads it does not count.
    pub body_timeout_ms: u64,
    /// Milliseconds a stream of events or an upgraded connection (WebSocket) may be silent.
    pub stream_idle_ms: u64,
    /// Milliseconds that requests in flight may take once the process stops.
    pub drain_ms: u64,
    /// Milliseconds of these in which a request may still come on an idle connection.
    pub farewell_ms: u64,
    /// Whether other processes of the same user may listen on the same address if they have this
    /// on too (SO_REUSEPORT): a new process is started before the old one is stopped, and no
    /// request is lost. Off, a second shop on one port is refused.
    pub reuse_port: bool,
    /// Connections open at once at all listeners of a process; more are refused with 503.
    pub max_connections: usize,
    /// Connections of one client address (IPv6: of one /64) that is no trusted proxy's.
    pub max_connections_per_address: usize,
    /// Connections of this machine itself, and at the port of a service those of each machine.
    pub max_connections_from_loopback: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            head_timeout_ms: 10_000,
            keep_alive_ms: 60_000,
            body_idle_ms: 30_000,
            body_timeout_ms: 60_000,
            stream_idle_ms: 300_000,
            drain_ms: 30_000,
            farewell_ms: 500,
            reuse_port: false,
            max_connections: 20_000,
            max_connections_per_address: 200,
            max_connections_from_loopback: 10_000,
        }
    }
}

impl Config {
    /// Lowers the limits to `most` connections, of which one client has at most half: it cannot
    /// keep the others out.
    pub fn lower(&mut self, most: usize) {
        let most = most.max(2);
        if most < self.max_connections {
            self.max_connections = most;
            let half = most / 2;
            self.max_connections_per_address = self.max_connections_per_address.min(half);
            self.max_connections_from_loopback = self.max_connections_from_loopback.min(half);
        }
    }
}

/// What is done with a connection before HTTP is spoken on it, such as a TLS handshake.
pub trait Accept: Clone + Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// Whether nobody on the way can read what is said. Requests then carry [`Secure`].
    const SECURE: bool;

    /// `None` where the connection had another purpose, which is fulfilled.
    fn accept(
        &self,
        stream: Stream,
    ) -> impl Future<Output = io::Result<Option<Self::Stream>>> + Send;
}

/// HTTP from the first byte.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Accept for Plain {
    type Stream = Stream;
    const SECURE: bool = false;

    async fn accept(&self, stream: Stream) -> io::Result<Option<Stream>> {
        Ok(Some(stream))
    }
}

/// Serves until cancelled, then lets requests in flight finish.
pub async fn serve<S>(listener: Listener, service: S, config: &Config, stop: CancellationToken)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let admission = Admission::new(config, Networks::default());
    serve_with(listener, Plain, service, config, admission, stop).await;
}

/// Serves behind what `accept` makes of each connection.
///
/// Once cancelled, who is connected is still answered and notified that the connection ends; a
/// client that may be about to send its next request is given [`Config::farewell_ms`] for it.
pub async fn serve_with<A, S>(
    listener: Listener,
    accept: A,
    service: S,
    config: &Config,
    admission: Admission,
    stop: CancellationToken,
) where
    A: Accept,
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let listener = match listener.open() {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the listener failed");
            return;
        }
    };
    let server = Server {
        builder: builder(config),
        accept,
        admission,
        present: TaskTracker::new(),
        stop: stop.clone(),
        times: Times::of(config),
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
    let drained = async {
        let present = &server;
        listener.close(move |stream, peer| present.enter(stream, peer, service.clone())).await;
        server.present.close();
        server.present.wait().await;
    };
    let patience = Duration::from_millis(config.drain_ms);
    if tokio::time::timeout(patience, drained).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
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
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(Some(Duration::from_millis(config.keep_alive_ms)))
        .keep_alive_timeout(Duration::from_millis(config.head_timeout_ms));
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

#[derive(Clone, Copy, Debug)]
struct Times {
    head: Duration,
    keep_alive: Duration,
    body: Duration,
    whole_body: Duration,
    silence: Duration,
    farewell: Duration,
}

impl Times {
    fn of(config: &Config) -> Self {
        Self {
            head: Duration::from_millis(config.head_timeout_ms),
            keep_alive: Duration::from_millis(config.keep_alive_ms),
            body: Duration::from_millis(config.body_idle_ms),
            whole_body: Duration::from_millis(config.body_timeout_ms),
            silence: Duration::from_millis(config.stream_idle_ms),
            farewell: Duration::from_millis(config.farewell_ms),
        }
    }
}

struct Server<A> {
    builder: Builder<TokioExecutor>,
    accept: A,
    admission: Admission,
    /// Every open connection, also those that are no longer HTTP.
    present: TaskTracker,
    stop: CancellationToken,
    times: Times,
}

impl<A: Accept> Server<A> {
    fn enter<S>(&self, stream: TcpStream, peer: SocketAddr, service: S)
    where
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let Some(place) = self.admission.admit(peer.ip()) else {
            return if A::SECURE { drop(stream) } else { refuse(stream) };
        };
        // Small answers must not wait for more data to come.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "cannot set TCP_NODELAY");
        }
        let link = ConnectionState::new(self.stop.child_token());
        let Times { body, silence, .. } = self.times;
        let present = self.present.token();
        let stream = Stream::new(stream, link.clone(), body, silence, place, present);
        let client = Client { accept: self.accept.clone(), stream, peer, link, times: self.times };
        tokio::spawn(client.stay(self.builder.clone(), service));
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
        tracing::debug!(%error, "a refused client has disconnected");
    }
}

/// A connection that was let in.
struct Client<A> {
    accept: A,
    stream: Stream,
    peer: SocketAddr,
    link: Arc<ConnectionState>,
    times: Times,
}

impl<A: Accept> Client<A> {
    async fn stay<S>(self, builder: Builder<TokioExecutor>, service: S)
    where
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let Self { accept, stream, peer, link, times } = self;
        let deadline = Instant::now() + times.head;
        let accepted = tokio::time::timeout_at(deadline, accept.accept(stream)).await;
        let stream = match accepted {
            Ok(Ok(Some(stream))) => Framed::new(stream, link.clone()),
            Ok(Ok(None)) => return,
            Ok(Err(error)) => return tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_) => return tracing::debug!(%peer, "TLS handshake timed out"),
        };
        let asked = RequestHead { peer, link: link.clone(), times, secure: A::SECURE };
        let service = service_fn(move |request: Request<Incoming>| {
            answer(service.clone(), request, asked.clone())
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let ended = life::serve_connection(connection.into_owned(), &link, deadline, &times).await;
        if let Err(error) = ended {
            tracing::debug!(%peer, error, "connection ended");
        }
    }
}

/// What is known of a request besides itself.
#[derive(Clone)]
struct RequestHead {
    peer: SocketAddr,
    link: Arc<ConnectionState>,
    times: Times,
    secure: bool,
}

async fn answer<S>(
    service: S,
    request: Request<Incoming>,
    asked: RequestHead,
) -> Result<Response, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let RequestHead { peer, link, times, secure } = asked;
    let _answering = link.begin(request.version());
    let is_http_1 = request.version() < Version::HTTP_2;
    let upload = (!request.body().is_end_stream()).then(Upload::default);
    let mut request = request.map(|body| match &upload {
        None => Body::empty(),
        Some(upload) => Body::new(PatientBody::new(body, &times, upload.clone())),
    });
    if let Some(upload) = &upload {
        request.extensions_mut().insert(upload.clone());
    }
    request.extensions_mut().insert(ConnectInfo(peer));
    if secure {
        request.extensions_mut().insert(Secure);
    }
    if let Err(problem) = host::check(&request) {
        let mut refusal = problem.into_response();
        if is_http_1 {
            refusal.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        return Ok(refusal);
    }
    let mut response = service.oneshot(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        link.upgrade();
        return Ok(response);
    }
    // hyper ends the connection where much was left unread; a client that is not told may send
    // its next request into it.
    let unread = upload.is_some_and(|it| !it.is_complete());
    if is_http_1 && (link.stop.is_cancelled() || unread) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if is_endless(&response) {
        response =
            response.map(|it| Body::new(EndlessBody::new(it, times.silence, link.stop.clone())));
    }
    Ok(response)
}

/// Whether it is a stream of events, which lasts as long as both sides like.
fn is_endless(response: &Response) -> bool {
    const KIND: &[u8] = b"text/event-stream";
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.and_then(|it| it.get(..KIND.len())).is_some_and(|it| it.eq_ignore_ascii_case(KIND))
}
