//! The body of a request on its way to a copy, which remembers that it was the body that failed: a
//! client that breaks off says nothing about the copy it was sent to.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::http::Request;
use http_body_util::{BodyExt, LengthLimitError};

use super::Error;
use crate::server::Upload;

/// What the body of a request failed with, if it did. In the extensions of the request.
#[derive(Clone, Debug, Default)]
pub(super) struct UploadError(Arc<OnceLock<Error>>);

impl UploadError {
    /// Watches the body, where it is one that a client is still sending.
    pub(super) fn watch(request: &mut Request<Body>) {
        if Upload::pending(request).is_none() {
            return;
        }
        let upload_error = Self::default();
        request.extensions_mut().insert(upload_error.clone());
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(body.map_err(move |error| {
            upload_error.set(&error);
            error
        }));
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
