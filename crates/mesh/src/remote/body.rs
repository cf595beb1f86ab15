//! The body of an answer: moves its connection on, gives it back at the end, and never takes for
//! ever.

use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use chassis::service::BoxError;
use futures::stream::once;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::connection::Connection;
use super::copy::Lease;
use super::{BodyLimit, until};

/// A body on its way.
pub(super) struct Answered {
    incoming: Incoming,
    /// A frame that was there together with the head.
    first: Option<Frame<Bytes>>,
    /// Until the end of the body.
    held: Option<(Connection, Lease)>,
    limit: BodyLimit,
    until: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Makes a response of an answer whose head has come. A short body often came along with it: then
/// the connection is free again at once.
pub(super) async fn carry(
    response: Response<Incoming>,
    connection: Connection,
    lease: Lease,
    limit: BodyLimit,
    deadline: Instant,
) -> Response<Body> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        connection.release();
        return response.map(Body::new);
    }
    let (parts, incoming) = response.into_parts();
    let until = match limit {
        BodyLimit::Deadline => deadline,
        BodyLimit::Idle(patience) => self::until(patience),
    };
    let held = Some((connection, lease));
    let mut body = Answered { incoming, first: None, held, limit, until, timer: None };
    if body.incoming.is_end_stream() {
        body.finish();
        return Response::from_parts(parts, Body::empty());
    }
    let first = poll_fn(|cx| Poll::Ready(body.advance(cx))).await;
    let body = match first {
        Poll::Ready(None) => Body::empty(),
        Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
            Ok(data) if body.held.is_none() => Body::from(data),
            Ok(data) => Body::new(Answered { first: Some(Frame::data(data)), ..body }),
            Err(frame) => Body::new(Answered { first: Some(frame), ..body }),
        },
        // The error shows where the body is read.
        Poll::Ready(Some(Err(error))) => Body::from_stream(once(ready(Err::<Bytes, _>(error)))),
        Poll::Pending => Body::new(body),
    };
    Response::from_parts(parts, body)
}

impl Answered {
    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut moved = Pin::new(&mut self.incoming).poll_frame(cx);
        if moved.is_pending()
            && let Some((connection, _)) = &mut self.held
        {
            connection.drive(cx);
            moved = Pin::new(&mut self.incoming).poll_frame(cx);
        }
        let frame = match moved {
            Poll::Pending => return self.wait(cx),
            Poll::Ready(frame) => frame,
        };
        match &frame {
            Some(Ok(_)) if !self.incoming.is_end_stream() => {
                if let BodyLimit::Idle(patience) = self.limit {
                    self.until = until(patience);
                }
            }
            Some(Ok(_)) | None => self.finish(),
            Some(Err(_)) => self.held = None,
        }
        Poll::Ready(frame.map(|it| it.map_err(Into::into)))
    }

    /// Nothing has come: only for so long.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let until = self.until;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= until {
                self.held = None;
                let late = match self.limit {
                    BodyLimit::Deadline => "the deadline passed in the middle of an answer",
                    BodyLimit::Idle(_) => "an answer stalled",
                };
                return Poll::Ready(Some(Err(late.into())));
            }
            timer.as_mut().reset(until);
        }
        Poll::Pending
    }

    fn finish(&mut self) {
        if let Some((connection, lease)) = self.held.take() {
            lease.copy.give(connection);
        }
    }
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.first.take() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => self.advance(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().and_then(Frame::data_ref).map_or(0, Bytes::len) as u64;
        let rest = self.incoming.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + first);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + first);
        }
        hint
    }
}
