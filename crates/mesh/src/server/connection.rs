//! What may stall in a connection, each with an end to the patience: an answer that is not taken, a
//! stream of events or an upgraded connection that is silent.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::Version;
use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::admission::ConnectionPermit;

/// How long a closing connection still listens.
const LINGER: Duration = Duration::from_secs(2);
/// How much it still listens to, in bytes.
const LINGER_BYTES: usize = 16 * 1024 * 1024;

/// What is known of a connection, for its socket, its requests and who watches over its end.
#[derive(Debug)]
pub(super) struct ConnectionState {
    /// Cancelled when the process stops.
    pub(super) stop: CancellationToken,
    /// 0 before the first request, then 1 or 2.
    version: AtomicU8,
    requests: AtomicUsize,
    unanswered: AtomicUsize,
    reads: AtomicUsize,
    upgraded: AtomicBool,
}

impl ConnectionState {
    pub(super) fn new(stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            stop,
            version: AtomicU8::new(0),
            requests: AtomicUsize::new(0),
            unanswered: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            upgraded: AtomicBool::new(false),
        })
    }

    /// Notes a request; it is being answered until the return value is dropped.
    pub(super) fn begin(self: &Arc<Self>, version: Version) -> Answering {
        let version = if version >= Version::HTTP_2 { 2 } else { 1 };
        self.version.store(version, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.unanswered.fetch_add(1, Ordering::Relaxed);
        Answering(self.clone())
    }

    /// Whether there has been a request.
    pub(super) fn spoke(&self) -> bool {
        self.version.load(Ordering::Relaxed) > 0
    }

    pub(super) fn is_http_2(&self) -> bool {
        self.version.load(Ordering::Relaxed) == 2
    }

    /// How many requests have begun and how many of them are not answered.
    pub(super) fn requests(&self) -> (usize, usize) {
        (self.requests.load(Ordering::Relaxed), self.unanswered.load(Ordering::Relaxed))
    }

    /// How often something came.
    pub(super) fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    /// From now on it is not HTTP that is spoken.
    pub(super) fn upgrade(&self) {
        self.upgraded.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_upgraded(&self) -> bool {
        self.upgraded.load(Ordering::Relaxed)
    }
}

/// A request that is not answered yet.
#[derive(Debug)]
pub(super) struct Answering(Arc<ConnectionState>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.unanswered.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A deadline that only runs while nothing moves.
struct Stall {
    patience: Duration,
    running: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    fn new(patience: Duration) -> Self {
        Self { patience, running: None }
    }

    /// Passes `moved` on; ready with an error once it has been pending for too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, moved: Poll<T>) -> Poll<Result<T, io::Error>> {
        match moved {
            Poll::Ready(it) => {
                self.running = None;
                Poll::Ready(Ok(it))
            }
            Poll::Pending => {
                let patience = self.patience;
                let sleep =
                    self.running.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
                ready!(sleep.as_mut().poll(cx));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client stalled")))
            }
        }
    }
}

/// The end of what may last for hours: the process stops, or nothing has moved for too long.
struct Leave {
    patience: Duration,
    silent: Pin<Box<Sleep>>,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Leave {
    fn new(patience: Duration, stop: CancellationToken) -> Self {
        Self {
            patience,
            silent: Box::pin(tokio::time::sleep(patience)),
            stopped: Box::pin(stop.cancelled_owned()),
        }
    }

    fn moved(&mut self) {
        self.silent.as_mut().reset(Instant::now() + self.patience);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.stopped.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => self.silent.as_mut().poll(cx),
        }
    }
}

/// The body of an answer without an end, such as a stream of events. It ends well when the process
/// stops, so that the client comes back and finds another.
pub(super) struct EndlessBody {
    body: axum::body::Body,
    leave: Leave,
}

impl EndlessBody {
    pub(super) fn new(body: axum::body::Body, patience: Duration, stop: CancellationToken) -> Self {
        Self { body, leave: Leave::new(patience, stop) }
    }
}

impl Body for EndlessBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.leave.moved();
                Poll::Ready(frame)
            }
            Poll::Pending => self.leave.poll(cx).map(|()| None),
        }
    }
}

/// The socket of a client. It gives up on one that takes nothing, and says goodbye properly.
pub struct Stream {
    stream: TcpStream,
    stall: Stall,
    farewell: Option<Linger>,
    link: Arc<ConnectionState>,
    /// How long an upgraded connection may be silent.
    silence: Duration,
    /// Set once the connection is upgraded.
    leave: Option<Leave>,
    /// Both end with the socket, which outlives HTTP where the connection is upgraded.
    _place: ConnectionPermit,
    _present: TaskTrackerToken,
}

/// The end of a connection. Closing it with something unread makes the system discard what the
/// client has not read yet, such as the answer to a body that was too large; so what the client
/// still sends is taken in, within limits.
struct Linger {
    deadline: Pin<Box<Sleep>>,
    left: usize,
}

impl Stream {
    pub(super) fn new(
        stream: TcpStream,
        link: Arc<ConnectionState>,
        patience: Duration,
        silence: Duration,
        place: ConnectionPermit,
        present: TaskTrackerToken,
    ) -> Self {
        Self {
            stream,
            stall: Stall::new(patience),
            farewell: None,
            link,
            silence,
            leave: None,
            _place: place,
            _present: present,
        }
    }

    /// Passes on that something moved, or the end of the patience with an upgraded connection.
    fn stay<T>(&mut self, cx: &mut Context<'_>, moved: &Poll<T>) -> Poll<()> {
        if !self.link.is_upgraded() {
            return Poll::Pending;
        }
        let Self { leave, silence, link, .. } = self;
        let leave = leave.get_or_insert_with(|| Leave::new(*silence, link.stop.clone()));
        if moved.is_ready() {
            leave.moved();
        }
        leave.poll(cx)
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("link", &self.link).finish_non_exhaustive()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            self.link.reads.fetch_add(1, Ordering::Relaxed);
        }
        match self.stay(cx, &read) {
            // As if the client had closed its side.
            Poll::Ready(()) if read.is_pending() => Poll::Ready(Ok(())),
            _ => read,
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let (Some(leave), true) = (&mut self.leave, written.is_ready()) {
            leave.moved();
        }
        self.stall.watch(cx, written).map(Result::flatten)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        if let (Some(leave), true) = (&mut self.leave, written.is_ready()) {
            leave.moved();
        }
        self.stall.watch(cx, written).map(Result::flatten)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.farewell.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let farewell = this.farewell.get_or_insert_with(|| Linger {
            deadline: Box::pin(tokio::time::sleep(LINGER)),
            left: LINGER_BYTES,
        });
        farewell.poll(cx, &mut this.stream).map(Ok)
    }
}

impl Linger {
    /// Ready when the client has closed its side too, or has had its chance to.
    fn poll(&mut self, cx: &mut Context<'_>, stream: &mut TcpStream) -> Poll<()> {
        let mut scratch = [0; 8192];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() && self.left > 0 => {
                    self.left = self.left.saturating_sub(buffer.filled().len());
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.deadline.as_mut().poll(cx),
            }
        }
    }
}
