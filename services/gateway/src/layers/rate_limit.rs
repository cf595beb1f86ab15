//! Counts requests against quotas, and refuses those of exhausted ones.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use chassis::auth::Verifier;
use chassis::quota::RateLimit;
use futures::future::BoxFuture;
use metrics::Counter;
use tower::{Layer, Service};

use super::routing::Matched;
use crate::limits::{Asker, Limits, READ};

#[derive(Clone)]
pub(crate) struct RateLimitLayer {
    pub(crate) limits: Arc<Limits>,
    pub(crate) verifier: Verifier,
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimited<S>;

    fn layer(&self, inner: S) -> RateLimited<S> {
        RateLimited { layer: self.clone(), inner }
    }
}

/// A service behind the rate limits. Every answer but those to plain reads says what is left of the
/// quota.
#[derive(Clone)]
pub(crate) struct RateLimited<S> {
    layer: RateLimitLayer,
    inner: S,
}

impl<S> Service<Request> for RateLimited<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some((class, asker)) = self.layer.asker(&request) else {
            return Box::pin(self.inner.call(request));
        };
        // `call` must use the instance that is ready; the clone is polled again first.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let limits = self.layer.limits.clone();
        Box::pin(async move {
            match limits.check(&class, asker).await {
                Ok(allowance) => {
                    let mut response = inner.call(request).await?;
                    if class != READ {
                        allowance.write(response.headers_mut());
                    }
                    Ok(response)
                }
                Err(allowance) => {
                    rejected(&class).increment(1);
                    Ok(allowance.refuse())
                }
            }
        })
    }
}

impl RateLimitLayer {
    /// Whose quota of which class the request counts against.
    fn asker(&self, request: &Request) -> Option<(RateLimit, Asker)> {
        let matched = Matched::of(request);
        let class = matched.route()?.class(request.method())?;
        let class = *self.limits.class(class);
        let address = matched.client.map(|it| it.ip());
        Some((class, Asker::of(&class, &self.verifier, request.headers(), address)))
    }
}

/// How many requests of a class were over their quota.
pub(crate) fn rejected(class: &RateLimit) -> Counter {
    metrics::counter!("gateway_rejected_total", "class" => class.name)
}
