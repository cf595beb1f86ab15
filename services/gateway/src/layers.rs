//! The layers of the gateway, one file each. [`crate::stack`] lists them in order.

pub(crate) mod access_log;
pub(crate) mod authorize;
pub(crate) mod body_limit;
pub(crate) mod compression;
pub(crate) mod cors;
pub(crate) mod explain;
pub(crate) mod guard;
pub(crate) mod journal;
pub(crate) mod meters;
pub(crate) mod private;
pub(crate) mod rate_limit;
pub(crate) mod request_id;
pub(crate) mod reshape;
pub(crate) mod routing;
pub(crate) mod security_headers;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use chassis::problem::Problem;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

/// The answer to a refused request. Boxed, because it is rare and large.
pub(crate) type Refusal = Box<Response>;

/// A layer that looks at a request, and later at its answer, without waiting for anything. It needs no
/// boxed future: see [`Layered`].
pub(crate) trait Middleware: Clone {
    /// What is kept of the request until it is answered. If the client hangs up it is dropped without
    /// an answer.
    type State;

    fn before(&self, request: &mut Request) -> Result<Self::State, Refusal>;

    fn after(&self, _: Self::State, _: &mut Response) {}
}

/// Makes a [`tower::Layer`] of a [`Middleware`].
pub(crate) fn layer<M>(middleware: M) -> MiddlewareLayer<M> {
    MiddlewareLayer(middleware)
}

#[derive(Clone)]
pub(crate) struct MiddlewareLayer<M>(M);

impl<M: Middleware, S> Layer<S> for MiddlewareLayer<M> {
    type Service = Layered<M, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Layered { middleware: self.0.clone(), inner }
    }
}

/// A [`Middleware`] around the rest of the stack.
#[derive(Clone)]
pub(crate) struct Layered<M, S> {
    middleware: M,
    inner: S,
}

impl<M, S> Service<Request> for Layered<M, S>
where
    M: Middleware,
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answering<M, M::State, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        match self.middleware.before(&mut request) {
            Err(refusal) => Answering::Refused { refusal: Some(refusal) },
            Ok(state) => Answering::Asked {
                answer: self.inner.call(request),
                after: Some((self.middleware.clone(), state)),
            },
        }
    }
}

pin_project! {
    /// The answer of a [`Layered`] service.
    #[project = AnsweringPin]
    pub(crate) enum Answering<M, T, F> {
        Refused { refusal: Option<Refusal> },
        Asked { #[pin] answer: F, after: Option<(M, T)> },
    }
}

impl<M, F> Future for Answering<M, M::State, F>
where
    M: Middleware,
    F: Future<Output = Result<Response, Infallible>>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            AnsweringPin::Refused { refusal } => match refusal.take() {
                Some(refusal) => Poll::Ready(Ok(*refusal)),
                None => Poll::Pending,
            },
            AnsweringPin::Asked { answer, after } => {
                let Ok(mut response) = ready!(answer.poll(cx));
                if let Some((middleware, state)) = after.take() {
                    middleware.after(state, &mut response);
                }
                Poll::Ready(Ok(response))
            }
        }
    }
}

pub(crate) fn refuse(problem: Problem) -> Refusal {
    Box::new(problem.into_response())
}
