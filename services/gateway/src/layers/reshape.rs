//! Rewrites answers as their routes say, including the gateway's own.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use chassis::auth::Verifier;
use chassis::money::Currency;
use futures::future::{BoxFuture, Either};
use tower::{Layer, Service};
use tracing::Instrument;

use super::routing::{Matched, Way};
use crate::client::Proxies;
use crate::reshaping::{self, ClientRequest, Rules};
use crate::routes::{Action, Route, Target};

/// In the extensions of an answer that the first target of its route did not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnsweredBy {
    /// The routes file: it stays as written there.
    Route,
    /// The target of `otherwise`.
    Otherwise,
}

#[derive(Clone)]
pub(crate) struct ReshapeLayer {
    pub(crate) proxies: Arc<Proxies>,
    pub(crate) verifier: Verifier,
    pub(crate) currency: Currency,
}

impl<S> Layer<S> for ReshapeLayer {
    type Service = Reshaped<S>;

    fn layer(&self, inner: S) -> Reshaped<S> {
        Reshaped { layer: self.clone(), inner }
    }
}

#[derive(Clone)]
pub(crate) struct Reshaped<S> {
    layer: ReshapeLayer,
    inner: S,
}

impl<S> Service<Request> for Reshaped<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    /// Most routes have nothing to reshape, and no future but that of the next service.
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let matched = Matched::of(&request);
        let Some(asked) = self.layer.client_request(&matched, &request).map(Arc::new) else {
            return Either::Left(self.inner.call(request));
        };
        request.extensions_mut().insert(asked.clone());
        let answer = self.inner.call(request);
        let currency = self.layer.currency.clone();
        Either::Right(Box::pin(async move {
            let response = answer.await?;
            let rules = matched.rules(response.extensions().get().copied());
            let reshaped = reshaping::answer(response, rules, &asked, &currency);
            Ok(reshaped.instrument(matched.span.clone()).await)
        }))
    }
}

impl ReshapeLayer {
    /// What is kept of a request whose answer may be reshaped.
    fn client_request(&self, matched: &Matched, request: &Request) -> Option<ClientRequest> {
        let secure = || self.proxies.origin(request, None).site.secure;
        let table = &matched.table;
        let Some(route) = matched.route() else {
            let bare = table.errors.is_empty() && table.status.is_empty();
            return (!bare).then(|| ClientRequest::of(request, secure(), None, ""));
        };
        if route.is_plain() {
            return None;
        }
        let path = table.canonical(request.uri().path());
        let asked = ClientRequest::of(request, secure(), Some(route), &path);
        let user = route.needs_user().then(|| self.verifier.principal(request.headers()));
        Some(asked.for_user(user.and_then(Result::ok).flatten()))
    }
}

impl Matched {
    /// How an answer is reshaped, by who gave it.
    fn rules(&self, by: Option<AnsweredBy>) -> Rules<'_> {
        match (&self.way, by) {
            (_, Some(AnsweredBy::Route)) => Rules::NONE,
            (Way::To { route, .. }, by) => match route.target(by) {
                Some(target) => target.rules(),
                None => self.table.rules(),
            },
            (Way::Nowhere | Way::OtherMethods(_), _) => self.table.rules(),
        }
    }
}

impl Route {
    fn target(&self, by: Option<AnsweredBy>) -> Option<&Target> {
        match (&self.action, by) {
            (_, Some(AnsweredBy::Otherwise)) => self.otherwise.as_ref(),
            (Action::Ask(target), _) => Some(target),
            (Action::Answer(_), _) => None,
        }
    }
}
