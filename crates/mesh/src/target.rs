//! How a service is reached: its router in this process, or its instances in others.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use chassis::call_target::CallTarget;
use chassis::context::{self, Context};
use chassis::service::BoxError;
use chassis::service_tokens::ServiceTokens;
use futures::future::BoxFuture;
use tokio::time::Instant;
use tower::ServiceExt;

use crate::remote::{self, CallOptions, Remote};
use crate::server::{Stopwatch, Upload};

/// The way to a service.
#[derive(Clone, Debug)]
pub enum ServiceTarget {
    /// Called directly: no socket, no copy.
    Local(Router),
    /// Over HTTP, with a service token.
    Remote(Remote, ServiceTokens),
}

impl CallTarget for ServiceTarget {
    fn ask(
        &self,
        request: Request<Body>,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Response<Body>, BoxError>> {
        Box::pin(async move { Ok(Self::ask(self, request, deadline).await?) })
    }
}

impl From<Router> for ServiceTarget {
    fn from(router: Router) -> Self {
        Self::Local(router)
    }
}

impl ServiceTarget {
    /// Asks the service. A duration alone is the deadline of the whole answer.
    pub async fn ask(
        &self,
        mut request: Request<Body>,
        terms: impl Into<CallOptions>,
    ) -> Result<Response<Body>, remote::Error> {
        let terms = terms.into();
        match self {
            Self::Local(router) => {
                let stopwatch = Stopwatch::of(&request);
                let deadline = Instant::now() + terms.deadline;
                let answer = router.clone().oneshot(request);
                let answer = stopwatch.timeout_at(deadline, answer).await;
                let Ok(answer) = answer.ok_or(remote::Error::DeadlineExceeded)?;
                Ok(answer)
            }
            Self::Remote(remote, tokens) => {
                let context = context::current().unwrap_or_else(|| Context::begin(None));
                // Until when a body that is still to come will have come, nobody can say.
                let deadline = Upload::pending(&request).is_none().then_some(terms.deadline);
                context.write(request.headers_mut(), deadline);
                tokens.sign(remote.service(), request.headers_mut());
                // Large, and all who ask would carry it along, also where nobody else is asked.
                Box::pin(remote.send(request, terms)).await
            }
        }
    }
}
