//! The target of calls to a service: its router in this process, or something that leads to another
//! one.

use std::fmt::Debug;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use futures::future::BoxFuture;
use tower::ServiceExt;

use crate::service::BoxError;

/// A way to a service.
pub trait CallTarget: Debug + Send + Sync + 'static {
    /// Asks the service. An error says why there is no answer in this time.
    fn ask(
        &self,
        request: Request<Body>,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Response<Body>, BoxError>>;
}

/// Its routes, called directly: no socket, no copy.
impl CallTarget for Router {
    fn ask(
        &self,
        request: Request<Body>,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Response<Body>, BoxError>> {
        let answer = self.clone().oneshot(request);
        Box::pin(async move {
            let Ok(answer) = tokio::time::timeout(deadline, answer).await?;
            Ok(answer)
        })
    }
}
