//! The gateway as a service: how it is built, and what else it offers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use chassis::clock::Clock;
use chassis::config::Settings;
use chassis::service::BoxError;
use futures::future::BoxFuture;
use mesh::target::ServiceTarget;
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::admin::{self, Admin};
use crate::client::Proxies;
use crate::hosts::Hosts;
use crate::journal::Journal;
use crate::layers::cors::cors;
use crate::layers::meters::Meters;
use crate::layers::reshape::ReshapeLayer;
use crate::layers::security_headers::SecurityHeaders;
use crate::limits::{Limits, RATE_LIMITS};
use crate::pages::{self, Watched};
use crate::stack::{Layers, Stack};
use crate::tables::{self, Routes, RoutesView};
use crate::upstreams::{Timeouts, Upstreams};
use crate::{Config, NAME, Parts};

/// The gateway, ready to be served on one of its listeners. Clones share their limits.
#[derive(Clone)]
pub struct Gateway {
    stack: Stack,
    routes: Arc<Routes>,
    shared: Arc<Shared>,
}

/// What all listeners share.
struct Shared {
    layers: Layers,
    /// Without the gateway's own pages.
    services: Vec<(&'static str, ServiceTarget)>,
    further: Vec<Further>,
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
        let services: Vec<_> =
            parts.services.iter().map(|it| (it.name, it.reach.clone())).collect();
        let (clock, version) = (parts.clock, parts.version);
        let watched = Watched::of(&parts);
        let layers = layers(&config, parts, watched.clone(), services.clone())?;
        let stack = layers.stack(routes.clone());
        let shared = Shared { layers, services, further, clock, version, watched, config };
        Ok(Self { stack, routes, shared: Arc::new(shared) })
    }

    /// The listeners beside the main one, for which this value itself is the service.
    pub fn listeners(&self) -> Vec<Listener> {
        let listener = |it: &Further| {
            let stack = self.shared.layers.stack(it.routes.clone());
            let service = Self { stack, routes: it.routes.clone(), shared: self.shared.clone() };
            Listener { name: it.name.clone(), address: it.address.clone(), service }
        };
        self.shared.further.iter().map(listener).collect()
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
        let shared = &self.shared;
        let gateway = self.clone();
        admin::router(Admin {
            version: shared.version,
            clock: shared.clock,
            upstreams: shared.services.clone(),
            journal: shared.layers.journal.clone(),
            quotas: shared.layers.limits.as_ref().map(|it| it.rates()),
            timeout_seconds: shared.config.timeout_seconds,
            read_timeout_seconds: shared.config.read_timeout_seconds,
            routes: Box::new(move || gateway.routes()),
        })
    }

    /// `/metrics` and the whole of `/health`, for a listener of its own at this address.
    pub fn operators(&self, at: SocketAddr) -> Router {
        let router = pages::operators(self.shared.watched.clone());
        if at.ip().is_loopback() { admin::guarded(router) } else { router }
    }

    fn tables(&self) -> impl Iterator<Item = &Arc<Routes>> {
        let further = self.shared.further.iter().map(|it| &it.routes);
        std::iter::once(&self.routes).chain(further)
    }
}

/// Builds the state of all layers.
fn layers(
    config: &Config,
    parts: Parts,
    watched: Watched,
    mut services: Vec<(&'static str, ServiceTarget)>,
) -> Result<Layers, BoxError> {
    let (verifier, counter) = (parts.verifier.clone(), parts.counter.clone());
    let currency = parts.currency.clone();
    let rate_limits = parts.rate_limits.clone();
    let journal = Arc::new(Journal::new(parts.clock));
    services.push((NAME, ServiceTarget::Local(pages::router(parts, watched)?)));
    let proxies = Arc::new(Proxies::parse(&config.trusted_proxies)?);
    let timeouts = Timeouts {
        write: Duration::from_secs(config.timeout_seconds),
        read: Duration::from_secs(config.read_timeout_seconds),
    };
    Ok(Layers {
        meters: Meters::new(RATE_LIMITS.iter().chain(&rate_limits)),
        access_log: config.access_log,
        security_headers: SecurityHeaders::new(config.tls.hsts_seconds),
        cors: cors(&config.cors_origins)?,
        journal,
        reshape: ReshapeLayer {
            proxies: proxies.clone(),
            verifier: verifier.clone(),
            currency: currency.clone(),
        },
        hosts: Arc::new(Hosts::parse(&config.hosts)?),
        limits: config.rate_limits.then(|| Limits::new(&rate_limits, &config.quotas, counter)),
        upstreams: Upstreams::new(services, proxies.clone(), currency, timeouts),
        proxies,
        verifier,
    })
}

impl Service<Request> for Gateway {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.stack.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.stack.call(request)
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}
