//! A connection to a copy.
//!
//! It has no task of its own: the sender of a request polls it until the answer's body has
//! ended. Handing requests to another task and answers back would cost two wake-ups each.

use std::future::poll_fn;
use std::io;
use std::net::TcpStream as StdStream;
use std::os::fd::AsFd;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::discovery::Endpoint;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_millis(500);
/// How long a connection may be idle. Less than the 60 s after which servers of this shop close it.
const IDLE: Duration = Duration::from_secs(30);
/// The longest head of an answer, in bytes.
const MAX_HEAD: usize = 128 * 1024;

pub(super) struct Connection {
    sender: SendRequest<Body>,
    driven: Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>,
    /// Whether `driven` has ended; it must not be polled again then.
    over: bool,
    /// The same socket, to look at without the reactor in between.
    socket: StdStream,
    used: bool,
    idle_since: Instant,
}

/// How sending ended.
pub(super) enum Sent {
    Answer(Response<Incoming>, Connection),
    /// Nothing of it was written.
    Returned(Request<Body>, String),
    /// It was written, or a part of it, and the connection ended. One that had been used before may
    /// have been closed by the other side before it saw the request.
    Broken {
        used: bool,
        reason: String,
    },
}

impl Connection {
    pub(super) async fn open(endpoint: &Endpoint) -> io::Result<Self> {
        let opening = async {
            let stream = TcpStream::connect(endpoint.host_and_port()).await?;
            stream.set_nodelay(true)?;
            let socket = StdStream::from(stream.as_fd().try_clone_to_owned()?);
            let mut builder = http1::Builder::new();
            builder.max_buf_size(MAX_HEAD);
            let (sender, driven) =
                builder.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
            let driven = Box::pin(driven.with_upgrades());
            let idle_since = Instant::now();
            Ok(Self { sender, driven, over: false, socket, used: false, idle_since })
        };
        match tokio::time::timeout(CONNECT, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "connecting took too long")),
        }
    }

    /// Sends a request and waits for the head of the answer. Dropped meanwhile, it closes.
    pub(super) async fn send(mut self, request: Request<Body>) -> Sent {
        let used = std::mem::replace(&mut self.used, true);
        let mut answer = pin!(self.sender.try_send_request(request));
        let answered = poll_fn(|cx| {
            // hyper reads before it writes: a connection the other side has closed gives the
            // request back.
            self.drive(cx);
            match answer.as_mut().poll(cx) {
                Poll::Pending if self.over => Poll::Ready(None),
                answered => answered.map(Some),
            }
        });
        match answered.await {
            Some(Ok(response)) => Sent::Answer(response, self),
            Some(Err(mut error)) => match error.take_message() {
                Some(request) => Sent::Returned(request, error.error().to_string()),
                None => Sent::Broken { used, reason: describe(&error.into_error()) },
            },
            None => Sent::Broken { used, reason: "the connection ended".to_owned() },
        }
    }

    /// Moves what there is to move.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.over && self.driven.as_mut().poll(cx).is_ready() {
            self.over = true;
        }
    }

    /// Whether another request may be sent, the answer to the last one being over.
    pub(super) fn is_free(&mut self) -> bool {
        if !self.over && !self.sender.is_ready() {
            self.drive(&mut Context::from_waker(Waker::noop()));
        }
        !self.over && self.sender.is_ready()
    }

    pub(super) fn rest(&mut self) {
        self.idle_since = Instant::now();
    }

    /// Whether an idle connection has been so for too long or was closed by the other side.
    pub(super) fn is_spent(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.over || self.sender.is_closed() || self.idle_since.elapsed() > IDLE
    }

    /// Whether the other side has closed it, asked of the system itself. For what cannot be sent
    /// twice: the reactor may not have told yet.
    pub(super) fn is_hung_up(&self) -> bool {
        let looked = self.socket.peek(&mut [0]);
        !matches!(looked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Lets it go where the two sides agreed on another protocol; who holds the answer has it now.
    pub(super) fn release(self) {
        if !self.over {
            // Ends as soon as the head is through.
            tokio::spawn(self.driven);
        }
    }
}

/// hyper's errors leave out their cause.
fn describe(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
