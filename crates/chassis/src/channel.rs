//! How a service asks another one.
//!
//! In one process the other's internal router is called directly: no socket, the same JSON. In
//! another process it is asked over HTTP, through `remote`, with a service token. A channel is made
//! before the other service is, and bound when it starts, so that the order of starting does not
//! matter. Services that ask each other must not keep each other alive in memory: whoever starts them
//! keeps the channels, and gives them weak ones.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context;
use crate::db;
use crate::peers;
use crate::problem::Problem;
use crate::reach::Reach;
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
    Strong(Arc<OnceLock<Reach>>),
    Weak(Weak<OnceLock<Reach>>),
}

/// How a call ended when it did not end well.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The other service answered "no" (4xx): nothing was done there, and asking again would
    /// give the same answer.
    #[error("{0}")]
    Refused(Problem),
    /// No answer, or one that does not tell (5xx, time out): it may or may not have happened.
    #[error("{service} did not answer: {reason}")]
    Unknown { service: &'static str, reason: String },
}

impl Way {
    fn upgrade(&self) -> Option<Arc<OnceLock<Reach>>> {
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
    pub fn bind(&self, way: impl Into<Reach>) {
        if self.way.upgrade().is_none_or(|it| it.set(way.into()).is_err()) {
            tracing::error!(service = self.service, "the channel is already bound");
        }
    }

    /// The same channel with another deadline.
    #[must_use]
    pub fn within(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    pub async fn get<R: DeserializeOwned>(&self, path: &str) -> Result<R, CallError> {
        self.call(Method::GET, path, Body::empty()).await
    }

    pub async fn post<R: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<R, CallError> {
        let body = serde_json::to_vec(body).map_err(|error| self.unknown(error.to_string()))?;
        self.call(Method::POST, path, Body::from(body)).await
    }

    async fn call<R: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<R, CallError> {
        db::none_before(self.service);
        let way = self.way.upgrade();
        let way = way.as_ref().and_then(|it| it.get());
        let way = way.ok_or_else(|| self.unknown("it does not run".into()))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| self.unknown(error.to_string()))?;
        let deadline = context::within(self.deadline);
        crate::fault::point().await;
        let (status, body) = tokio::time::timeout(deadline, self.ask(way, request, deadline))
            .await
            .map_err(|_| self.unknown("the deadline passed".into()))??;
        crate::fault::point().await;
        if status.is_success() {
            let body: &[u8] = if status == StatusCode::NO_CONTENT { b"null" } else { &body };
            return serde_json::from_slice(body).map_err(|error| self.unknown(error.to_string()));
        }
        match serde_json::from_slice::<Problem>(&body) {
            // Not what was asked was refused, but who asked: another copy may think otherwise.
            Ok(problem) if peers::is_refusal(&problem) => {
                tracing::error!(service = self.service, %problem, "refused as a process of the shop");
                Err(self.unknown(problem.to_string()))
            }
            Ok(problem) if status.is_client_error() => Err(CallError::Refused(problem)),
            Ok(problem) => Err(self.unknown(problem.to_string())),
            Err(_) => Err(self.unknown(format!("status {status}"))),
        }
    }

    async fn ask(
        &self,
        way: &Reach,
        request: Request<Body>,
        deadline: Duration,
    ) -> Result<(StatusCode, Bytes), CallError> {
        let answer = way.ask(request, deadline).await;
        let (parts, body) = answer.map_err(|error| self.unknown(error.to_string()))?.into_parts();
        let body = body.collect().await.map_err(|error| self.unknown(error.to_string()))?;
        Ok((parts.status, body.to_bytes()))
    }

    fn unknown(&self, reason: String) -> CallError {
        CallError::Unknown { service: self.service, reason }
    }
}

/// What a client is told when a call on its behalf did not go well: the other's "no" as it is,
/// anything else as "try again".
impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(problem) => problem,
            CallError::Unknown { .. } => {
                tracing::warn!(error = cause(&error), "call failed");
                Self::unavailable("unavailable", "the service is busy; try again in a moment")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;

    use super::*;
    use crate::testing::{CHASSIS_ONLY, Database};

    fn bound() -> Channel {
        let channel = Channel::to("orders");
        channel.bind(Router::new().route("/internal/ping", get(|| async { axum::Json(1) })));
        channel
    }

    #[tokio::test]
    async fn a_service_is_asked_before_a_transaction_or_after_it() {
        let platform = Database::Sqlite.platform(CHASSIS_ONLY).await;
        db::watched(async {
            assert_eq!(bound().get::<i32>("/internal/ping").await.unwrap(), 1);
            platform.db.begin().await.unwrap().commit().await.unwrap();
            drop(platform.db.begin().await.unwrap());
            assert_eq!(bound().get::<i32>("/internal/ping").await.unwrap(), 1);
        })
        .await;
    }

    #[tokio::test]
    #[should_panic(expected = "orders is asked within a write transaction")]
    async fn a_service_is_not_asked_within_a_transaction() {
        let platform = Database::Sqlite.platform(CHASSIS_ONLY).await;
        db::watched(async {
            let _tx = platform.db.begin().await.unwrap();
            let _ = bound().get::<i32>("/internal/ping").await;
        })
        .await;
    }
}
