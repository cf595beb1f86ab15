//! Gives errors without a body the body that every error has.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use chassis::extract::MAX_BODY;
use http::{Method, StatusCode, header};
use http_body::Body as _;

use super::{Middleware, Refusal};
use crate::problems;

#[derive(Clone, Copy)]
pub(crate) struct Explain;

impl Middleware for Explain {
    /// Whether only the head of the answer is wanted.
    type State = bool;

    fn before(&self, request: &mut Request) -> Result<bool, Refusal> {
        Ok(request.method() == Method::HEAD)
    }

    fn after(&self, head: bool, response: &mut Response) {
        let status = response.status();
        let is_error = status.is_client_error() || status.is_server_error();
        if !is_error || head || response.body().size_hint().upper() != Some(0) {
            return;
        }
        let problem = match status {
            StatusCode::NOT_FOUND => problems::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => problems::method_not_allowed(),
            StatusCode::PAYLOAD_TOO_LARGE => problems::body_too_large(MAX_BODY),
            status => problems::unexplained(status),
        };
        let mut explained = problem.into_response();
        for (name, value) in response.headers() {
            // `Allow` and the like stay; headers that describe the body are the new one's.
            if ![header::CONTENT_LENGTH, header::CONTENT_TYPE].contains(name) {
                explained.headers_mut().insert(name, value.clone());
            }
        }
        *response = explained;
    }
}
