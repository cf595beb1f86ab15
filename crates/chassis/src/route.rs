//! Routes that services have for each other.
//!
//! A [`Route`] is declared once, in `contracts`: its path, what is asked, what is answered and who
//! may ask. Callers call it through a [`Channel`](crate::channel::Channel); the service and
//! its fake answer it through [`Routes`].

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::handler::Handler;
use axum::http::{Method, Request, Response, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call_target::CallTarget;
use crate::cards;
use crate::problem::{Problem, Result};
use crate::service::BoxError;
use crate::service_tokens::{self, Callers};

/// What every path begins with: nothing under it is reached from outside (its port refuses it).
const PREFIX: &[u8] = b"/internal/";
/// Maximum length of the description of what does not fit, in characters.
const SHORT: usize = 300;

/// A route of one service for others, which asks with a `Q` and is answered with an `R`.
pub struct Route<Q, R> {
    verb: Verb,
    path: &'static str,
    callers: Option<Callers>,
    types: PhantomData<fn(Q) -> R>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Get,
    Post,
}

impl<R> Route<(), R> {
    /// A route that asks for nothing in particular and changes nothing. It may be asked again where
    /// an answer was lost.
    pub const fn get(path: &'static str) -> Self {
        Self::new(Verb::Get, path)
    }
}

impl<Q, R> Route<Q, R> {
    pub const fn post(path: &'static str) -> Self {
        Self::new(Verb::Post, path)
    }

    const fn new(verb: Verb, path: &'static str) -> Self {
        assert!(is_internal(path), "the path of a route for services begins with /internal/");
        Self { verb, path, callers: None, types: PhantomData }
    }

    /// The same, kept to some services.
    #[must_use]
    pub const fn only(self, callers: Callers) -> Self {
        Self { callers: Some(callers), ..self }
    }

    pub const fn path(self) -> &'static str {
        self.path
    }

    pub(crate) fn method(self) -> Method {
        match self.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
        }
    }

    fn handled<S: Clone + Send + Sync + 'static, T: 'static>(
        self,
        handler: impl Handler<T, S>,
    ) -> MethodRouter<S> {
        let handled = match self.verb {
            Verb::Get => get(handler),
            Verb::Post => post(handler),
        };
        match self.callers {
            Some(callers) => handled.layer(from_fn_with_state(callers, service_tokens::only)),
            None => handled,
        }
    }
}

impl<Q: DeserializeOwned, R> Route<Q, R> {
    /// What is asked; 422 `request_unfit` where it is something else.
    fn request(self, body: Result<Bytes, BytesRejection>) -> Result<Q> {
        let unfit = |status, what: &str| {
            tracing::error!(route = %self, what, "the request of another service is malformed; are the versions compatible?");
            Problem::new(status, "request_unfit", format!("{self} does not take this: {what}"))
        };
        let body = body.map_err(|error| unfit(error.status(), &error.body_text()))?;
        read(&body).map_err(|it| unfit(StatusCode::UNPROCESSABLE_ENTITY, &it.to_string()))
    }
}

/// The routes a service, or its fake, has for others.
pub struct Routes<S> {
    state: S,
    router: Router,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub fn new(state: S) -> Self {
        Self { state, router: Router::new() }
    }

    /// Answers a route with what the handler makes of the state and of what is asked.
    #[must_use]
    pub fn on<Q, R, F>(
        self,
        route: Route<Q, R>,
        handler: impl Fn(S, Q) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        Q: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        let state = self.state.clone();
        let answer = async move |body| -> Result<Json<R>> {
            Ok(Json(handler(state, route.request(body)?).await?))
        };
        Self { router: self.router.route(route.path, route.handled(answer)), ..self }
    }

    pub fn router(self) -> Router {
        self.router
    }
}

impl<S: Send + Sync + 'static> CallTarget for Routes<S> {
    fn ask(
        &self,
        request: Request<Body>,
        deadline: Duration,
    ) -> BoxFuture<'_, std::result::Result<Response<Body>, BoxError>> {
        self.router.ask(request, deadline)
    }
}

/// Reads what came for a route, no bytes as nothing in particular; what does not fit, and where.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> std::result::Result<T, Unfit> {
    let body = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        // Read once more, so that what fits costs nothing.
        let reader = &mut serde_json::Deserializer::from_slice(body);
        let place = serde_path_to_error::deserialize::<_, T>(reader).err();
        Unfit::of(&place.map_or_else(|| error.to_string(), |it| it.to_string()))
    })
}

/// What does not fit, without the text that is wrong, which may be a secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unfit(String);

impl Unfit {
    fn of(error: &str) -> Self {
        let (first, last) = (error.find('"'), error.rfind('"'));
        let error = match (first, last) {
            (Some(first), Some(last)) if first < last => {
                format!("{}…{}", &error[..=first], &error[last..])
            }
            _ => error.to_owned(),
        };
        Self(cards::masked(&error).chars().take(SHORT).collect())
    }
}

const fn is_internal(path: &str) -> bool {
    let path = path.as_bytes();
    let mut at = 0;
    while at < PREFIX.len() {
        if at >= path.len() || path[at] != PREFIX[at] {
            return false;
        }
        at += 1;
    }
    path.len() > PREFIX.len()
}

impl<Q, R> Clone for Route<Q, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q, R> Copy for Route<Q, R> {}

impl<Q, R> fmt::Display for Route<Q, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method(), self.path)
    }
}

impl<Q, R> fmt::Debug for Route<Q, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Its path.
impl<Q, R> From<Route<Q, R>> for &'static str {
    fn from(route: Route<Q, R>) -> Self {
        route.path
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
