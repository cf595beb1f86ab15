//! Refuses what no service should see.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::IntoResponse;
use http::Method;
use http::header::{self, HeaderValue};

use super::routing::{Matched, Way};
use super::{Middleware, Refusal, refuse};
use crate::hosts::Hosts;
use crate::{head, problems};

#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) hosts: Arc<Hosts>,
}

impl Middleware for Guard {
    type State = ();

    fn before(&self, request: &mut Request) -> Result<(), Refusal> {
        if request.method() == Method::CONNECT {
            return Err(not_allowed("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
        }
        head::check(request).map_err(refuse)?;
        self.hosts.check(request).map_err(refuse)?;
        match &Matched::of(request).way {
            Way::To { .. } => Ok(()),
            Way::Nowhere => Err(refuse(problems::not_found())),
            Way::OtherMethods(allow) => Err(not_allowed(allow)),
        }
    }
}

fn not_allowed(allow: &str) -> Refusal {
    let mut response = problems::method_not_allowed().into_response();
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    Box::new(response)
}
