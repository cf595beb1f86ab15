//! The body of a request on its way to a copy, which remembers that it was the body that failed: a
//! client that breaks off says nothing about the copy it was sent to.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::LengthLimitError;

use super::Error;
use crate::server::Upload;

/// What the body of a request failed with, if it did. In the extensions of the request.
#[derive(Clone, Debug, Default)]
pub(super) struct UploadError(Arc<OnceLock<Error>>);

struct WatchedBody {
    body: Body,
    error: UploadError,
}

impl UploadError {
    /// Watches the body, where it is one that a client is still sending.
    pub(super) fn watch(request: &mut Request<Body>) {
        if Upload::pending(request).is_none() {
            return;
        }
        let error = Self::default();
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(WatchedBody { body, error: error.clone() });
        request.extensions_mut().insert(error);
    }

    pub(super) fn get(&self) -> Option<Error> {
        self.0.get().cloned()
    }

    fn set(&self, error: &axum::Error) {
        let error =
            if is_too_long(error) { Error::BodyTooLarge } else { Error::Body(error.to_string()) };
        // Only the first one counts.
        let _ = self.0.set(error);
    }
}

/// Whether a body was cut off because it is longer than it may be.
pub fn is_too_long(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<LengthLimitError>() || error.source().is_some_and(is_too_long)
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Err(error))) = &polled {
            self.error.set(error);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
