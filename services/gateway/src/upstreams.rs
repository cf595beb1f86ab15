//! The end of the stack: calls the service of the route, or returns the answer written there.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use chassis::context;
use chassis::money::Currency;
use futures::future::BoxFuture;
use http::StatusCode;
use http_body::Body as _;
use mesh::remote::{self, CallOptions, Retry};
use mesh::target::ServiceTarget;
use tower::Service;
use tracing::Instrument;

use crate::client::Proxies;
use crate::journal::Cause;
use crate::layers::request_id::X_REQUEST_ID;
use crate::layers::reshape::AnsweredBy;
use crate::layers::routing::{Matched, Way};
use crate::reshaping::{self, ClientRequest};
use crate::routes::{Action, Route, Target};
use crate::tunnel::{self, Tunnel};
use crate::{head, problems, upload};

/// How long the body of a service's answer may stall.
const BODY_IDLE: Duration = Duration::from_secs(60);

/// The services behind the gateway.
#[derive(Clone)]
pub(crate) struct Upstreams(Arc<Inner>);

struct Inner {
    services: Vec<(&'static str, ServiceTarget)>,
    proxies: Arc<Proxies>,
    currency: Currency,
    timeouts: Timeouts,
}

/// How long a service may take if its route does not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) write: Duration,
    pub(crate) read: Duration,
}

/// A request on its way to a service.
struct Question<'a> {
    route: &'a Route,
    /// None if nothing is reshaped.
    reshaped: Option<&'a ClientRequest>,
    request: Request,
}

impl Upstreams {
    pub(crate) fn new(
        services: Vec<(&'static str, ServiceTarget)>,
        proxies: Arc<Proxies>,
        currency: Currency,
        timeouts: Timeouts,
    ) -> Self {
        Self(Arc::new(Inner { services, proxies, currency, timeouts }))
    }
}

impl Service<Request> for Upstreams {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let inner = self.0.clone();
        let matched = Matched::of(&request);
        let span = matched.span.clone();
        let answer = async move { Ok(inner.answer(&matched, request).await) };
        Box::pin(answer.instrument(span))
    }
}

impl Inner {
    async fn answer(&self, matched: &Matched, mut request: Request) -> Response {
        let Way::To { route, path } = &matched.way else {
            return problems::not_found().into_response();
        };
        let target = match &route.action {
            Action::Answer(answer) => {
                let mut response = answer.give();
                response.extensions_mut().insert(AnsweredBy::Route);
                return response;
            }
            Action::Ask(target) => target,
        };
        let Some(service) = self.service(target) else {
            return problems::away().into_response();
        };
        if let Some(path) = path {
            match head::with_path(request.uri(), path) {
                Some(uri) => *request.uri_mut() = uri,
                None => return problems::not_found().into_response(),
            }
        }
        let reshaped = request.extensions_mut().remove::<Arc<ClientRequest>>();
        let mut origin = self.proxies.origin(&request, matched.client);
        origin.address_rules = route.address_rules;
        tunnel::hand_over(&mut request, service, &origin);
        request.headers_mut().insert(X_REQUEST_ID, matched.id.clone());
        let question = Question { route, reshaped: reshaped.as_deref(), request };
        self.ask_either(question, target, service).await
    }

    fn service(&self, target: &Target) -> Option<&ServiceTarget> {
        let mut services = self.services.iter();
        services.find(|(name, _)| *name == target.service).map(|(_, it)| it)
    }

    /// Asks the target, and on a 404 the route's other one.
    async fn ask_either(
        &self,
        question: Question<'_>,
        target: &Target,
        service: &ServiceTarget,
    ) -> Response {
        let Question { route, reshaped, .. } = question;
        let spare = route.otherwise.as_ref().map(|other| (other, copy(&question.request)));
        let response = self.ask(question, target, service).await;
        let Some((other, request)) = spare else { return response };
        if response.status() != StatusCode::NOT_FOUND {
            return response;
        }
        let question = Question { route, reshaped, request };
        let mut response = match self.service(other) {
            None => problems::away().into_response(),
            Some(service) => self.ask(question, other, service).await,
        };
        response.extensions_mut().insert(AnsweredBy::Otherwise);
        response
    }

    async fn ask(
        &self,
        question: Question<'_>,
        target: &Target,
        service: &ServiceTarget,
    ) -> Response {
        let Question { route, reshaped, request } = question;
        let request = match reshaped {
            None => request,
            Some(asked) => {
                let made = reshaping::request(request, route, target, asked, &self.currency);
                match Box::pin(made).await {
                    Ok(request) => request,
                    Err(problem) => return problem.into_response(),
                }
            }
        };
        let Timeouts { write, read } = self.timeouts;
        let timeout = if request.method().is_safe() { read } else { write };
        let mut options = CallOptions::public(route.timeout.unwrap_or(timeout), BODY_IDLE);
        if !route.retry {
            options.retry = Retry::Unsent;
        }
        let mut request = if request.body().is_end_stream() {
            request
        } else {
            match Box::pin(upload::receive(request, route.body_limit)).await {
                Ok(request) => request,
                Err(problem) => return problem.into_response(),
            }
        };
        let tunnel = request.extensions_mut().remove::<Tunnel>();
        let id = request.headers().get(X_REQUEST_ID).cloned();
        let answer = service.ask(request, options);
        match context::scope(context::Context::begin(id), answer).await {
            Ok(response) => tunnel::take_back(response, tunnel),
            Err(error) => failed(error, route),
        }
    }
}

/// The answer if the service gave none.
fn failed(error: remote::Error, route: &Route) -> Response {
    let cause = Cause(error.to_string());
    let problem = match error {
        remote::Error::Body(_) => return problems::body_unreadable().into_response(),
        remote::Error::BodyTooLarge => {
            return problems::body_too_large(route.body_limit).into_response();
        }
        remote::Error::DeadlineExceeded => problems::timed_out(),
        remote::Error::Unavailable => problems::away(),
        remote::Error::ConnectionLost(reason) => {
            tracing::warn!(reason, "a service did not answer");
            problems::broken()
        }
    };
    let mut response = problem.into_response();
    response.extensions_mut().insert(cause);
    response
}

/// The same request without its body.
fn copy(request: &Request) -> Request {
    let mut copy = Request::new(Body::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    copy
}
