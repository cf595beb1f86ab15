//! The limit of request bodies, which every route sets for itself.

use axum::body::Body;
use axum::extract::Request;
use chassis::extract::MAX_BODY;
use http_body_util::Limited;

use super::routing::Matched;
use super::{Middleware, Refusal, refuse};
use crate::head;

#[derive(Clone, Copy)]
pub(crate) struct BodyLimit;

impl Middleware for BodyLimit {
    type State = ();

    fn before(&self, request: &mut Request) -> Result<(), Refusal> {
        let limit = Matched::of(request).route().map_or(MAX_BODY, |it| it.body_limit);
        head::check_length(request.headers(), limit).map_err(refuse)?;
        // Services enforce the default limit themselves.
        if limit != MAX_BODY {
            let body = std::mem::take(request.body_mut());
            *request.body_mut() = Body::new(Limited::new(body, limit));
        }
        Ok(())
    }
}
