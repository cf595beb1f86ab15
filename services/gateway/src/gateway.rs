//! The way of a request through the gateway to a service, and of the answer back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use chassis::auth::Verifier;
use chassis::clock::Clock;
use chassis::config::Settings;
use chassis::context;
use chassis::extract::MAX_BODY;
use chassis::money::Currency;
use chassis::problem::Problem;
use chassis::quota::RateLimit;
use chassis::service::BoxError;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use http_body::Body as _;
use http_body_util::Limited;
use mesh::remote::{self, CallOptions, Retry};
use mesh::target::ServiceTarget;
use tokio_util::sync::CancellationToken;
use tower::Service;
use tracing::Instrument;

use crate::access::{Access, Meters};
use crate::admin::{self, Admin};
use crate::answer::{self, ClientAccepts};
use crate::client::Proxies;
use crate::compress;
use crate::cors::Cors;
use crate::head::{self, X_REQUEST_ID};
use crate::hosts::Hosts;
use crate::journal::{Cause, Journal};
use crate::limits::{Allowance, Asker, Limits, RATE_LIMITS, READ};
use crate::pages::{self, Watched};
use crate::reshaping::{self, Origin, Rules, refuse};
use crate::routes::{Action, Answer, Found, Match, Route, Table, Target, Template, host};
use crate::tables::{self, Routes, RoutesView};
use crate::tunnel::{self, Tunnel};
use crate::{Config, NAME, Parts, problems, upload};

/// How long the body of a service's answer may stall.
const BODY_IDLE: Duration = Duration::from_secs(60);

/// The gateway, ready to be served on one of its listeners. Clones share their limits.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    routes: Arc<Routes>,
    shared: Arc<Shared>,
}

/// What all listeners share.
struct Shared {
    /// The gateway's own pages come last.
    upstreams: Vec<(&'static str, ServiceTarget)>,
    verifier: Verifier,
    proxies: Proxies,
    cors: Cors,
    limits: Option<Arc<Limits>>,
    meters: Meters,
    access: Access,
    timeout: Duration,
    read_timeout: Duration,
    currency: Currency,
    further: Vec<Further>,
    hosts: Hosts,
    hsts: Option<HeaderValue>,
    journal: Arc<Journal>,
    clock: Clock,
    version: &'static str,
    watched: Watched,
    config: Config,
}

/// A listener beside the main one.
#[derive(Clone, Debug)]
struct Further {
    name: String,
    address: String,
    routes: Arc<Routes>,
}

/// Where to listen, and who answers there.
#[derive(Clone, Debug)]
pub struct Listener {
    pub name: String,
    /// As it is configured; the port may be 0.
    pub address: String,
    pub service: Gateway,
}

/// Where a request goes.
enum Way<'a> {
    Nowhere,
    /// The value of `Allow`.
    OtherMethods(String),
    To {
        route: &'a Route,
        /// The path the service knows it by, where that is not the one the client wrote.
        path: Option<String>,
    },
}

/// What stays the same whoever is asked.
#[derive(Clone, Copy)]
struct Question<'a> {
    route: &'a Route,
    /// None where nothing is reshaped.
    origin: Option<&'a Origin>,
    id: &'a HeaderValue,
}

/// What admitting a request has found out.
struct Admitted<'a> {
    answer: Step<'a>,
    allowance: Option<Allowance>,
}

enum Step<'a> {
    Give(&'a Answer),
    Ask(&'a Route, &'a Target, &'a ServiceTarget),
}

/// Why a request is answered without asking a service. Boxed, because it is rare and large.
type Refusal = Box<Response>;

impl Gateway {
    /// Fails where a setting or a routes file is wrong, naming it.
    pub fn new(config: Config, parts: Parts) -> Result<Self, BoxError> {
        config.check()?;
        let described = Arc::new(crate::described(&parts));
        let load = |name: &str, file: Option<&Path>| {
            Routes::load(name, file, described.clone(), parts.clock).map(Arc::new)
        };
        let routes = load("main", Some(&*config.routes).filter(|it| !it.as_os_str().is_empty()))?;
        let mut further: Vec<Further> = Vec::new();
        for it in &config.listeners {
            let routes = load(&it.name, Some(&it.routes))?;
            further.push(Further { name: it.name.clone(), address: it.listen.clone(), routes });
        }
        let mut upstreams: Vec<_> =
            parts.services.iter().map(|it| (it.name, it.reach.clone())).collect();
        let (verifier, counter) = (parts.verifier.clone(), parts.counter.clone());
        let currency = parts.currency.clone();
        let (clock, version) = (parts.clock, parts.version);
        let rate_limits = parts.rate_limits.clone();
        let watched = Watched::of(&parts);
        upstreams.push((NAME, ServiceTarget::Local(pages::router(parts, watched.clone())?)));
        let shared = Arc::new(Shared {
            upstreams,
            verifier,
            proxies: Proxies::parse(&config.trusted_proxies)?,
            cors: Cors::parse(&config.cors_origins)?,
            limits: config.rate_limits.then(|| Limits::new(&rate_limits, &config.quotas, counter)),
            meters: Meters::new(RATE_LIMITS.iter().chain(&rate_limits)),
            access: Access::new(config.access_log),
            timeout: Duration::from_secs(config.timeout_seconds),
            read_timeout: Duration::from_secs(config.read_timeout_seconds),
            currency,
            further,
            hosts: Hosts::parse(&config.hosts)?,
            hsts: answer::hsts(config.tls.hsts_seconds),
            journal: Arc::new(Journal::new(clock)),
            clock,
            version,
            watched,
            config,
        });
        Ok(Self(Arc::new(Inner { routes, shared })))
    }

    /// The listeners beside the main one, for which this value itself is the service.
    pub fn listeners(&self) -> Vec<Listener> {
        let further = self.0.shared.further.iter().cloned();
        further
            .map(|it| Listener {
                name: it.name,
                address: it.address,
                service: Self(Arc::new(Inner { routes: it.routes, shared: self.0.shared.clone() })),
            })
            .collect()
    }

    /// Follows the routes files, once a second, until it is told to stop. A well-formed one takes
    /// the place of the table before; requests in flight keep theirs.
    pub async fn watch(self, stop: CancellationToken) {
        tables::watch(self.tables().cloned().collect(), stop).await;
    }

    /// The tables of all listeners as they are now, the main one first.
    pub fn routes(&self) -> Vec<RoutesView> {
        self.tables().map(|it| it.view()).collect()
    }

    /// The page for whoever runs the shop, for a listener of its own.
    pub fn admin(&self) -> Router {
        let shared = &self.0.shared;
        let gateway = self.clone();
        admin::router(Admin {
            version: shared.version,
            clock: shared.clock,
            upstreams: shared.upstreams.iter().filter(|(it, _)| *it != NAME).cloned().collect(),
            journal: shared.journal.clone(),
            quotas: shared.limits.as_ref().map(|it| it.rates()),
            timeout_seconds: shared.config.timeout_seconds,
            read_timeout_seconds: shared.config.read_timeout_seconds,
            routes: Box::new(move || gateway.routes()),
        })
    }

    /// `/metrics` and the whole of `/health`, for a listener of its own at this address.
    pub fn operators(&self, at: SocketAddr) -> Router {
        let router = pages::operators(self.0.shared.watched.clone());
        if at.ip().is_loopback() { admin::guarded(router) } else { router }
    }

    fn tables(&self) -> impl Iterator<Item = &Arc<Routes>> {
        let further = self.0.shared.further.iter().map(|it| &it.routes);
        std::iter::once(&self.0.routes).chain(further)
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
        let shared = &*self.shared;
        let _present = shared.meters.enter();
        let id = head::request_id(request.headers());
        let client = shared.proxies.client(request.extensions(), request.headers());
        let note = shared.access.note(&request, client);
        let asked = ClientAccepts::of(&request, &shared.cors);
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let table = self.routes.table();
        let way = way(&table, &request);
        let span = tracing::error_span!(
            "request",
            request_id = id.to_str().unwrap_or_default(),
            service = way.service(),
        );
        let origin = shared.origin(&table, &way, &request);
        let mut rules = way.rules(&table);
        let answered = match shared.admit(&mut request, &way, client, &id).await {
            Err(refusal) => *refusal,
            Ok(Admitted { answer: Step::Give(answer), .. }) => {
                rules = Rules::NONE;
                answer.give()
            }
            Ok(Admitted { answer: Step::Ask(route, target, reach), allowance }) => {
                let question = Question { route, origin: origin.as_ref(), id: &id };
                let asked = shared.go(question, target, reach, request);
                let (mut response, by) = asked.instrument(span.clone()).await;
                rules = by.rules();
                if let Some(allowance) = allowance {
                    allowance.write(response.headers_mut());
                }
                response
            }
        };
        let mut response = answer::explain(answered, &asked);
        if let Some(origin) = &origin {
            let reshaped = reshaping::answer(response, rules, origin, &shared.currency);
            response = Box::pin(reshaped.instrument(span.clone())).await;
        }
        if let Some(coding) = compress::coding(&mut response, &asked) {
            response = Box::pin(compress::compress(response, coding)).await;
        }
        if response.status().is_server_error() && way.service() != NAME {
            shared.journal.note((&method, uri.path()), way.service(), &response, &id);
        }
        answer::keep_private(&mut response, way.is_somebodys());
        answer::secure(response.headers_mut());
        if let Some(hsts) = shared.hsts.as_ref().filter(|_| asked.secure) {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
        shared.cors.allow(asked.origin, response.headers_mut());
        response.headers_mut().insert(X_REQUEST_ID, id);
        shared.meters.count(response.status());
        if let Some(note) = note {
            span.in_scope(|| shared.access.write(note, &response));
        }
        response
    }
}

fn way<'t>(table: &'t Table, request: &Request) -> Way<'t> {
    let path = request.uri().path();
    let host = || host::asked(request.uri(), request.headers());
    match table.find(path, request.method(), host) {
        Found::Nothing => Way::Nowhere,
        Found::OtherMethods(allow) => Way::OtherMethods(allow),
        Found::Route(Match { route, path: canonical }) => {
            let constant = match &route.action {
                Action::Ask(target) => target.rewrite.as_ref().and_then(Template::constant),
                Action::Answer(_) => None,
            };
            let known = constant.map_or(canonical, |it| it.to_owned().into());
            Way::To { route, path: (known != path).then(|| known.into_owned()) }
        }
    }
}

impl Way<'_> {
    fn service(&self) -> &str {
        match self {
            Self::To { route, .. } => route.service().unwrap_or(NAME),
            _ => NAME,
        }
    }

    /// Whether the gateway itself looks at who asks, so that even an answer that is anybody's is
    /// theirs alone.
    fn is_somebodys(&self) -> bool {
        match self {
            Self::To { route, .. } => route.access.is_some() || route.needs_user(),
            _ => false,
        }
    }

    /// How the answer is reshaped if no service gives it.
    fn rules<'r>(&'r self, table: &'r Table) -> Rules<'r> {
        match self {
            Self::To { route: Route { action: Action::Ask(target), .. }, .. } => target.rules(),
            _ => Rules { response: &[], errors: &table.errors, status: &table.status, names: None },
        }
    }
}

impl Target {
    fn rules(&self) -> Rules<'_> {
        Rules {
            response: &self.response,
            errors: &self.errors,
            status: &self.status,
            names: Some(&self.names),
        }
    }
}

impl Shared {
    /// What is kept of a request whose answer may be reshaped.
    fn origin(&self, table: &Table, way: &Way<'_>, request: &Request) -> Option<Origin> {
        let Way::To { route, .. } = way else {
            let bare = table.errors.is_empty() && table.status.is_empty();
            return (!bare).then(|| Origin::of(request, self.is_secure(request), None, ""));
        };
        if route.is_plain() {
            return None;
        }
        let path = table.canonical(request.uri().path());
        let origin = Origin::of(request, self.is_secure(request), Some(route), &path);
        match route.needs_user() {
            true => {
                let user = self.verifier.principal(request.headers()).ok().flatten();
                Some(origin.for_user(user))
            }
            false => Some(origin),
        }
    }

    fn is_secure(&self, request: &Request) -> bool {
        self.proxies.origin(request, None).site.secure
    }

    /// Refuses what no service should see; makes of the rest what a service expects.
    async fn admit<'a>(
        &'a self,
        request: &mut Request,
        way: &Way<'a>,
        client: Option<SocketAddr>,
        id: &HeaderValue,
    ) -> Result<Admitted<'a>, Refusal> {
        if request.method() == Method::CONNECT {
            return Err(not_allowed("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
        }
        head::check(request).map_err(refuse)?;
        self.hosts.check(request).map_err(refuse)?;
        if let Some(preflight) = self.cors.preflight(request) {
            return Err(Box::new(preflight));
        }
        let (route, path) = match way {
            Way::Nowhere => return Err(refuse(problems::not_found())),
            Way::OtherMethods(allow) => return Err(not_allowed(allow)),
            Way::To { route, path } => (*route, path),
        };
        let asker = self.asker(route, request, client);
        let allowance = self.limit(asker).await?;
        head::check_length(request.headers(), route.body_limit).map_err(refuse)?;
        self.authorize(route, request.headers()).map_err(refuse)?;
        let target = match &route.action {
            Action::Answer(answer) => {
                return Ok(Admitted { answer: Step::Give(answer), allowance });
            }
            Action::Ask(target) => target,
        };
        let reach = self.reach(&target.service).map_err(refuse)?;
        if let Some(path) = path {
            let uri = head::with_path(request.uri(), path);
            *request.uri_mut() = uri.ok_or_else(|| refuse(problems::not_found()))?;
        }
        let mut origin = self.proxies.origin(request, client);
        origin.address_rules = route.address_rules;
        tunnel::hand_over(request, reach, &origin);
        compress::restore_etags(request.headers_mut());
        request.headers_mut().insert(X_REQUEST_ID, id.clone());
        if route.body_limit != MAX_BODY {
            let body = std::mem::take(request.body_mut());
            *request.body_mut() = Body::new(Limited::new(body, route.body_limit));
        }
        Ok(Admitted { answer: Step::Ask(route, target, reach), allowance })
    }

    fn reach(&self, service: &str) -> Result<&ServiceTarget, Problem> {
        let upstream = self.upstreams.iter().find(|(name, _)| *name == service);
        upstream.map(|(_, reach)| reach).ok_or_else(problems::away)
    }

    /// Refuses who may not come here, before a service is asked.
    fn authorize(&self, route: &Route, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(permissions) = &route.access else { return Ok(()) };
        let user = self.verifier.principal(headers)?.ok_or_else(problems::unauthenticated)?;
        match permissions.iter().find(|it| !user.may(it)) {
            None => Ok(()),
            Some(missing) => Err(problems::forbidden(missing)),
        }
    }

    /// Asks the target, and the other one if that knows nothing of it. Tells who has answered.
    async fn go<'a>(
        &'a self,
        question: Question<'a>,
        target: &'a Target,
        reach: &'a ServiceTarget,
        request: Request,
    ) -> (Response, &'a Target) {
        let spare = question.route.otherwise.as_ref().map(|other| (other, copy(&request)));
        let response = self.ask(question, target, reach, request).await;
        let Some((other, request)) = spare else { return (response, target) };
        if response.status() != StatusCode::NOT_FOUND {
            return (response, target);
        }
        match self.reach(&other.service) {
            Err(problem) => (problem.into_response(), other),
            Ok(reach) => (self.ask(question, other, reach, request).await, other),
        }
    }

    /// Whose quota of which class the request counts against.
    fn asker(
        &self,
        route: &Route,
        request: &Request,
        client: Option<SocketAddr>,
    ) -> Option<(RateLimit, Asker)> {
        let class = *self.limits.as_ref()?.class(route.class(request.method())?);
        let address = client.map(|it| it.ip());
        Some((class, Asker::of(&class, &self.verifier, request.headers(), address)))
    }

    /// Counts a request against its quota. What is left of it is told where somebody may want to
    /// know: with every answer but those to plain reads.
    async fn limit(&self, asked: Option<(RateLimit, Asker)>) -> Result<Option<Allowance>, Refusal> {
        let (Some(limits), Some((class, asker))) = (&self.limits, asked) else { return Ok(None) };
        match limits.check(&class, asker).await {
            Ok(allowance) => Ok((class != READ).then_some(allowance)),
            Err(allowance) => {
                self.meters.reject(&class);
                Err(Box::new(allowance.refuse()))
            }
        }
    }

    async fn ask(
        &self,
        question: Question<'_>,
        target: &Target,
        reach: &ServiceTarget,
        request: Request,
    ) -> Response {
        let Question { route, origin, id } = question;
        let request = match origin {
            None => request,
            Some(origin) => {
                let made = reshaping::request(request, route, target, origin, &self.currency);
                match Box::pin(made).await {
                    Ok(request) => request,
                    Err(problem) => return problem.into_response(),
                }
            }
        };
        let timeout = if request.method().is_safe() { self.read_timeout } else { self.timeout };
        let mut terms = CallOptions::public(route.timeout.unwrap_or(timeout), BODY_IDLE);
        if !route.retry {
            terms.retry = Retry::Unsent;
        }
        let mut request = match request.body().is_end_stream() {
            true => request,
            false => match Box::pin(upload::receive(request, route.body_limit)).await {
                Ok(request) => request,
                Err(problem) => return problem.into_response(),
            },
        };
        let tunnel = request.extensions_mut().remove::<Tunnel>();
        let asked = reach.ask(request, terms);
        let error = match context::scope(context::Context::begin(Some(id.clone())), asked).await {
            Ok(response) => return tunnel::take_back(response, tunnel),
            Err(error) => error,
        };
        let cause = Cause(error.to_string());
        let mut response = match error {
            remote::Error::Body(_) => return problems::body_unreadable().into_response(),
            remote::Error::BodyTooLarge => {
                return problems::body_too_large(route.body_limit).into_response();
            }
            remote::Error::DeadlineExceeded => problems::timed_out().into_response(),
            remote::Error::Unavailable => problems::away().into_response(),
            remote::Error::ConnectionLost(reason) => {
                tracing::warn!(reason, "a service did not answer");
                problems::broken().into_response()
            }
        };
        response.extensions_mut().insert(cause);
        response
    }
}

fn not_allowed(allow: &str) -> Refusal {
    let mut response = problems::method_not_allowed().into_response();
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    Box::new(response)
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
