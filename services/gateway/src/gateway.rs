//! The way of a request through the gateway to a service, and of the answer back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse, Response};
use chassis::auth::Verifier;
use chassis::problem::Problem;
use chassis::service::BoxError;
use http::HeaderValue;
use tower::Service;
use tracing::Instrument;

use crate::access::{Access, Meters};
use crate::answer::{self, Asked};
use crate::client::Proxies;
use crate::compress;
use crate::cors::Cors;
use crate::head::{self, X_REQUEST_ID};
use crate::limits::{Allowance, Asker, Class, Limits};
use crate::routes::{Route, Table};
use crate::{Config, NAME, Parts, pages, problems};

/// The gateway, ready to be served. Clones share their limits.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    table: Table,
    /// The gateway's own pages come last.
    upstreams: Vec<(&'static str, Router)>,
    verifier: Verifier,
    proxies: Proxies,
    cors: Cors,
    limits: Option<Arc<Limits>>,
    meters: Meters,
    access: Access,
    timeout: Duration,
}

/// Where a request goes.
struct Way<'a> {
    route: &'a Route,
    /// The path the service knows it by, where that is not the one the client wrote.
    path: Option<String>,
    upstream: Option<&'a (&'static str, Router)>,
}

/// Why a request is answered without asking a service. Boxed, because it is rare and large.
type Refusal = Box<Response>;

impl Gateway {
    /// Fails where a setting or `routes.toml` is wrong, naming it.
    pub fn new(config: Config, parts: Parts) -> Result<Self, BoxError> {
        if config.timeout_seconds == 0 {
            return Err("gateway.timeout_seconds is 0; allowed is 1 or more".into());
        }
        let mut upstreams: Vec<_> =
            parts.services.iter().map(|it| (it.name, it.router.clone())).collect();
        let verifier = parts.verifier.clone();
        upstreams.push((NAME, pages::router(parts)?));
        Ok(Self(Arc::new(Inner {
            table: Table::embedded()?,
            upstreams,
            verifier,
            proxies: Proxies::parse(&config.trusted_proxies)?,
            cors: Cors::parse(&config.cors_origins)?,
            limits: config.rate_limits.then(|| Limits::new(&config.quotas)),
            meters: Meters::new(),
            access: Access::new(config.access_log),
            timeout: Duration::from_secs(config.timeout_seconds),
        })))
    }
}

impl Service<Request> for Gateway {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let inner = self.0.clone();
        Box::pin(async move { Ok(inner.handle(request).await) })
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

impl Inner {
    async fn handle(&self, mut request: Request) -> Response {
        let _present = self.meters.enter();
        let id = head::request_id(request.headers());
        let client = self.proxies.client(request.extensions(), request.headers());
        let note = self.access.note(&request, client);
        let asked = Asked::of(&request, &self.cors);
        let way = self.way(request.uri().path());
        let span = tracing::error_span!(
            "request",
            request_id = id.to_str().unwrap_or_default(),
            service = way.as_ref().and_then(|it| it.upstream).map_or(NAME, |it| it.0),
        );
        let answered = match self.admit(&mut request, way, client, &id) {
            Err(refusal) => *refusal,
            Ok((router, allowance)) => {
                let mut response = self.ask(router, request).instrument(span.clone()).await;
                if let Some(allowance) = allowance {
                    allowance.tell(response.headers_mut());
                }
                response
            }
        };
        let mut response = answer::explain(answered, &asked);
        if let Some(coding) = compress::coding(&mut response, &asked) {
            response = compress::compress(response, coding).await;
        }
        answer::secure(response.headers_mut());
        self.cors.allow(asked.origin, response.headers_mut());
        response.headers_mut().insert(X_REQUEST_ID, id);
        self.meters.count(response.status());
        if let Some(note) = note {
            span.in_scope(|| self.access.write(note, &response));
        }
        response
    }

    fn way(&self, path: &str) -> Option<Way<'_>> {
        let found = self.table.find(path)?;
        let rewritten = (found.path != path).then(|| found.path.into_owned());
        let upstream = self.upstreams.iter().find(|(name, _)| *name == found.route.service);
        Some(Way { route: found.route, path: rewritten, upstream })
    }

    /// Refuses what no service should see; makes of the rest what a service expects.
    fn admit<'a>(
        &self,
        request: &mut Request,
        way: Option<Way<'a>>,
        client: Option<SocketAddr>,
        id: &HeaderValue,
    ) -> Result<(&'a Router, Option<Allowance>), Refusal> {
        head::check(request).map_err(refuse)?;
        if let Some(preflight) = self.cors.preflight(request) {
            return Err(Box::new(preflight));
        }
        let way = way.ok_or_else(|| refuse(problems::not_found()))?;
        let allowance = self.limit(way.route, request, client)?;
        head::check_length(request.headers()).map_err(refuse)?;
        let away = || refuse(problems::service_away(&way.route.service));
        let (_, router) = way.upstream.ok_or_else(away)?;
        if let Some(path) = way.path {
            let uri = head::with_path(request.uri(), &path);
            *request.uri_mut() = uri.ok_or_else(|| refuse(problems::not_found()))?;
        }
        head::clean(request.headers_mut());
        compress::restore_etags(request.headers_mut());
        request.headers_mut().insert(X_REQUEST_ID, id.clone());
        // A service must find nothing here that another router has left: captures of its paths
        // would be taken for the service's own.
        request.extensions_mut().clear();
        if let Some(client) = client {
            request.extensions_mut().insert(ConnectInfo(client));
        }
        Ok((router, allowance))
    }

    /// Counts the request against its quota. What is left of it is told where somebody may want to
    /// know: with every answer but those to plain reads.
    fn limit(
        &self,
        route: &Route,
        request: &Request,
        client: Option<SocketAddr>,
    ) -> Result<Option<Allowance>, Refusal> {
        let Some(limits) = &self.limits else { return Ok(None) };
        let Some(class) = route.class(request.method()) else { return Ok(None) };
        let address = client.map(|it| it.ip());
        let asker = Asker::of(class, &self.verifier, request.headers(), address);
        match limits.check(class, asker) {
            Ok(allowance) => Ok((class != Class::Read).then_some(allowance)),
            Err(allowance) => {
                self.meters.reject(class);
                Err(Box::new(allowance.refuse()))
            }
        }
    }

    async fn ask(&self, router: &Router, request: Request) -> Response {
        match tokio::time::timeout(self.timeout, router.clone().call(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => problems::timed_out().into_response(),
        }
    }
}

fn refuse(problem: Problem) -> Refusal {
    Box::new(problem.into_response())
}
