//! Routes that require permissions.

use axum::extract::Request;
use chassis::auth::Verifier;
use chassis::problem::Problem;
use http::HeaderMap;

use super::routing::Matched;
use super::{Middleware, Refusal, refuse};
use crate::problems;

/// Requires the permissions in a route's `access`. The policies of services apply as well.
#[derive(Clone)]
pub(crate) struct Authorize {
    pub(crate) verifier: Verifier,
}

impl Middleware for Authorize {
    type State = ();

    fn before(&self, request: &mut Request) -> Result<(), Refusal> {
        let matched = Matched::of(request);
        match matched.route().and_then(|it| it.access.as_deref()) {
            None => Ok(()),
            Some(permissions) => self.check(permissions, request.headers()).map_err(refuse),
        }
    }
}

impl Authorize {
    fn check(&self, permissions: &[String], headers: &HeaderMap) -> Result<(), Problem> {
        let user = self.verifier.principal(headers)?.ok_or_else(problems::unauthenticated)?;
        match permissions.iter().find(|it| !user.may(it)) {
            None => Ok(()),
            Some(missing) => Err(problems::forbidden(missing)),
        }
    }
}
