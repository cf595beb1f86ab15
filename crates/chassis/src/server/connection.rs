//! The two halves of a connection that may stall, each with an end to the patience: a body that
//! does not come, an answer that is not taken.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::service::BoxError;

/// How long a closing connection still listens.
const LINGER: Duration = Duration::from_secs(2);
/// How much it still listens to, in bytes.
const LINGER_BYTES: usize = 16 * 1024 * 1024;

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

/// The body of a request, which ends with an error when nothing comes for too long.
pub(super) struct PatientBody {
    body: Incoming,
    stall: Stall,
    unread: Unread,
}

impl PatientBody {
    pub(super) fn new(body: Incoming, patience: Duration, unread: Unread) -> Self {
        unread.0.store(true, Ordering::Relaxed);
        Self { body, stall: Stall::new(patience), unread }
    }
}

/// Whether there is a body that has not been read to its end.
#[derive(Clone, Default)]
pub(super) struct Unread(Arc<AtomicBool>);

impl Unread {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Body for PatientBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        match ready!(this.stall.watch(cx, frame)) {
            Ok(frame) => {
                if frame.is_none() || this.body.is_end_stream() {
                    this.unread.0.store(false, Ordering::Relaxed);
                }
                Poll::Ready(frame.map(|it| it.map_err(Into::into)))
            }
            Err(stalled) => Poll::Ready(Some(Err(stalled.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that gives up on a client which takes nothing, and says goodbye properly.
pub(super) struct PatientStream {
    stream: TcpStream,
    stall: Stall,
    farewell: Option<Farewell>,
}

/// The end of a connection. Closing it with something unread makes the system discard what the
/// client has not read yet, such as the answer to a body that was too large; so what the client
/// still sends is taken in, within limits.
struct Farewell {
    deadline: Pin<Box<Sleep>>,
    left: usize,
}

impl PatientStream {
    pub(super) fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { stream, stall: Stall::new(patience), farewell: None }
    }
}

impl AsyncRead for PatientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for PatientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.stall.watch(cx, written).map(Result::flatten)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
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
        let farewell = this.farewell.get_or_insert_with(|| Farewell {
            deadline: Box::pin(tokio::time::sleep(LINGER)),
            left: LINGER_BYTES,
        });
        farewell.poll(cx, &mut this.stream).map(Ok)
    }
}

impl Farewell {
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
