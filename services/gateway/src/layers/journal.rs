//! Records server errors for the operator's page.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;

use super::routing::Matched;
use super::{Middleware, Refusal};
use crate::NAME;
use crate::journal::Journal;

impl Middleware for Arc<Journal> {
    type State = Arc<Matched>;

    fn before(&self, request: &mut Request) -> Result<Arc<Matched>, Refusal> {
        Ok(Matched::of(request))
    }

    fn after(&self, matched: Arc<Matched>, response: &mut Response) {
        let service = matched.service();
        if response.status().is_server_error() && service != NAME {
            let (method, path) = (&matched.method, matched.uri.path());
            self.note((method, path), service, response, &matched.id);
        }
    }
}
