//! Calls from one service to another.
//!
//! In one process the other's internal router is called directly: no socket, the same JSON. In
//! another process it is called over HTTP with a service token, through the target it is bound to
//! ([`CallTarget`]). A channel is created before the other service and bound when that starts, so
//! the order of starting does not matter. Services that call each other must not keep each other
//! alive in memory: the code that starts them owns the channels and gives them weak ones.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call_target::CallTarget;
use crate::context;
use crate::db;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::service_tokens;
use crate::telemetry::cause;

/// How long a call may take unless the caller says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// The way to one service.
#[derive(Clone, Debug)]
pub struct Channel {
    service: &'static str,
    way: Way,
    deadline: Duration,
}

/// What a channel is bound to.
#[derive(Clone, Debug)]
enum Way {
    Strong(Arc<OnceLock<Box<dyn CallTarget>>>),
    Weak(Weak<OnceLock<Box<dyn CallTarget>>>),
}

/// How a call ended when it did not end well.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The other service answered "no" (4xx): nothing was done there, and asking again would
    /// give the same answer.
    #[error("{0}")]
    Rejected(Problem),
    /// No answer, or one that does not tell (5xx, time out): it may or may not have happened.
    #[error("{service} did not answer: {reason}")]
    Indeterminate { service: &'static str, reason: String },
    /// It answered "yes", with what is no answer to what was asked: it has happened, and asking
    /// again would give no better answer.
    #[error("{route} of {service}: {what}")]
    Malformed { service: &'static str, route: String, what: String },
}

impl Way {
    fn upgrade(&self) -> Option<Arc<OnceLock<Box<dyn CallTarget>>>> {
        match self {
            Self::Strong(way) => Some(way.clone()),
            Self::Weak(way) => way.upgrade(),
        }
    }
}

impl Channel {
    pub fn to(service: &'static str) -> Self {
        Self { service, way: Way::Strong(Arc::default()), deadline: DEADLINE }
    }

    /// The same channel, which leads nowhere once the last strong one is dropped.
    #[must_use]
    pub fn downgrade(&self) -> Self {
        let way = match &self.way {
            Way::Strong(way) => Way::Weak(Arc::downgrade(way)),
            Way::Weak(way) => Way::Weak(way.clone()),
        };
        Self { way, ..self.clone() }
    }

    /// Connects every clone of this channel to the service's internal routes.
    pub fn bind(&self, way: impl CallTarget) {
        if self.way.upgrade().is_none_or(|it| it.set(Box::new(way)).is_err()) {
            tracing::error!(service = self.service, "the channel is already bound");
        }
    }

    /// The same channel with another deadline.
    #[must_use]
    pub fn within(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// Asks a route of the service.
    pub async fn call<Q: Serialize, R: DeserializeOwned>(
        &self,
        route: Route<Q, R>,
        request: &Q,
    ) -> Result<R, CallError> {
        let body = match route.method() {
            Method::GET => Body::empty(),
            _ => serde_json::to_vec(request)
                .map_err(|it| self.malformed(route, it.to_string()))?
                .into(),
        };
        let answer = self.send(route.method(), route.path(), body).await?;
        let unfit = |it| self.malformed(route, format!("the answer does not fit: {it}"));
        route::read(&answer).map_err(unfit)
    }

    /// What came is no answer to what was asked. Logged here: not everybody who asks has somebody
    /// to tell.
    pub fn malformed<Q, R>(&self, route: Route<Q, R>, what: String) -> CallError {
        let error = CallError::Malformed { service: self.service, route: route.to_string(), what };
        tracing::error!(%error, "the reply of another service is malformed; are the versions compatible?");
        error
    }

    /// The body of a good answer.
    async fn send(&self, method: Method, path: &str, body: Body) -> Result<Bytes, CallError> {
        db::none_before(self.service);
        let way = self.way.upgrade();
        let way = way.as_ref().and_then(|it| it.get());
        let way = way.ok_or_else(|| self.indeterminate("it does not run".into()))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| self.indeterminate(error.to_string()))?;
        let deadline = context::within(self.deadline);
        crate::fault::point().await;
        let (status, body) = tokio::time::timeout(deadline, self.ask(&**way, request, deadline))
            .await
            .map_err(|_| self.indeterminate("the deadline has passed".into()))??;
        crate::fault::point().await;
        if status.is_success() {
            return Ok(body);
        }
        match serde_json::from_slice::<Problem>(&body) {
            // Not what was asked was refused, but who asked: another copy may think otherwise.
            Ok(problem) if service_tokens::is_refusal(&problem) => {
                tracing::error!(service = self.service, %problem, "the service rejected this process's service token");
                Err(self.indeterminate(problem.to_string()))
            }
            Ok(problem) if status.is_client_error() => Err(CallError::Rejected(problem)),
            Ok(problem) => Err(self.indeterminate(problem.to_string())),
            Err(_) => Err(self.indeterminate(format!("status {status}"))),
        }
    }

    async fn ask(
        &self,
        way: &dyn CallTarget,
        request: Request<Body>,
        deadline: Duration,
    ) -> Result<(StatusCode, Bytes), CallError> {
        let answer = way.ask(request, deadline).await;
        let (parts, body) =
            answer.map_err(|error| self.indeterminate(error.to_string()))?.into_parts();
        let body = body.collect().await.map_err(|error| self.indeterminate(error.to_string()))?;
        Ok((parts.status, body.to_bytes()))
    }

    fn indeterminate(&self, reason: String) -> CallError {
        CallError::Indeterminate { service: self.service, reason }
    }
}

/// The error for a client when a call on its behalf failed: the other's "no" as it is,
/// anything that may be otherwise soon as "try again".
impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Rejected(problem) => problem,
            CallError::Indeterminate { .. } => {
                tracing::warn!(error = cause(&error), "call failed");
                Self::unavailable("unavailable", "the service is busy; try again in a moment")
            }
            error @ CallError::Malformed { .. } => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests;
