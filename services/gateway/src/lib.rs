//! The gateway: the one door of the shop. It has no data and no business of its own.
//!
//! In reading order: `routes` is which service answers which path, `tables` the files they are
//! read from; `stack` the way of a request and of its answer, `layers` its steps, `upstreams` its
//! end; `head`, `client`, `hosts`, `limits` what the layers look at; `reshaping` what is done with
//! messages on the way, `tunnel` what stops being HTTP; `pages`, `docs`, `openapi` what the gateway
//! answers itself; `tls` and `redirect` the way to HTTPS; `admin` and `journal` the operator's page.
//!
//! A service is in this process or in others; [`Upstream`] says which.

mod config;
mod routes;
mod tables;

mod gateway;
mod layers;
mod stack;
mod upstreams;

mod client;
mod head;
mod hosts;
mod limits;
mod reshaping;
mod tunnel;
mod upload;

mod admin;
mod docs;
mod journal;
mod openapi;
mod pages;
mod redirect;
mod tls;

mod problems;

pub use config::{AccessLog, Config, Listen, METRICS_LISTEN};
pub use gateway::{Gateway, Listener};
pub use limits::RATE_LIMITS;
pub use routes::{RouteError, RouteFileError, RouteView};
pub use storefront::Dist;
pub use tables::RoutesView;
pub use tls::{AcmeConfig, CertificateManager, Tls, TlsConfig};

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use chassis::auth::Verifier;
use chassis::clock::Clock;
use chassis::extract::BodyLimits;
use chassis::money::Currency;
use chassis::page_sources::PageSources;
use chassis::quota::{Counter, RateLimit};
use chassis::service::BoxError;
use chassis::telemetry::PrometheusHandle;
use futures::future::BoxFuture;
use http::Method;
use mesh::target::ServiceTarget;
use routes::Found;
use tokio::sync::watch;
use utoipa::openapi::OpenApi;

/// The name in `routes.toml` of what the gateway answers itself.
pub const NAME: &str = "gateway";

/// A service behind the gateway.
#[derive(Clone)]
pub struct Upstream {
    pub name: &'static str,
    /// Where its public routes are.
    pub reach: ServiceTarget,
    /// Their description.
    pub openapi: OpenApi,
}

/// Something the process uses beside the services, whose health is told along with theirs.
#[derive(Clone)]
pub struct Engine {
    pub name: &'static str,
    /// Pings it, or says why there is none.
    pub probe: Arc<dyn Fn() -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>,
}

/// What the gateway stands on.
pub struct Parts {
    pub services: Vec<Upstream>,
    pub engines: Vec<Engine>,
    pub verifier: Verifier,
    /// Counts requests for all gateways together; without one each counts alone.
    pub counter: Option<Arc<dyn Counter>>,
    /// The classes of requests that the services have limited apart from others.
    pub rate_limits: Vec<RateLimit>,
    /// Whether the process is ready for requests.
    pub ready: watch::Receiver<bool>,
    pub metrics: &'static PrometheusHandle,
    /// The version of the program.
    pub version: &'static str,
    pub clock: Clock,
    /// What amounts in requests are in.
    pub currency: Currency,
    /// What the shop is called.
    pub name: String,
    /// Its web front: usually [`Dist::embedded`].
    pub front: Dist,
    /// What its pages on which customers pay may use of other sites, such as the scripts of
    /// payment providers.
    pub sources: PageSources,
}

/// The gateway as a router. [`Gateway`] itself is a service that can be served directly.
pub fn router(config: Config, parts: Parts) -> Result<Router, BoxError> {
    Ok(Router::new().fallback_service(Gateway::new(config, parts)?))
}

/// What the listener for plain HTTP answers, where the gateway speaks TLS at `port`.
pub fn redirect(config: &Config, port: u16) -> Result<Router, BoxError> {
    let mut hosts = config.hosts.clone();
    if hosts.is_empty() {
        hosts.clone_from(&config.tls.acme.domains);
    }
    Ok(redirect::router(hosts::Hosts::parse(&hosts)?, port))
}

/// The document of `/openapi.json`: every service's description and the gateway's own, merged.
/// Fails where two of them call different things by one name.
pub fn openapi(parts: &Parts) -> Result<serde_json::Value, BoxError> {
    Ok(pages::document(parts)?)
}

/// The routes of the shop itself, as a routes file.
pub const BUILTIN_ROUTES: &str = routes::BUILTIN;

/// Reads a routes file and says how many routes it has, or what is wrong with it and where.
/// `services` are descriptions of services by their names, `rate_limits` their classes; `front` has
/// the pages.
pub fn check_routes(
    file: &Path,
    services: &[(&str, OpenApi)],
    rate_limits: &[RateLimit],
    front: &Dist,
) -> Result<usize, RouteFileError> {
    let own = (NAME, pages::described());
    let all = services.iter().map(|(name, it)| (*name, it)).chain([(own.0, &own.1)]);
    let described = routes::Described::of(all).and(NAME, pages::more_paths(front));
    tables::check(file, &described.limited(RATE_LIMITS.iter().chain(rate_limits)))
}

/// What routes may lead to.
fn described(parts: &Parts) -> routes::Described {
    let own = pages::described();
    let services = parts.services.iter().map(|it| (it.name, &it.openapi));
    let described = routes::Described::of(services.chain([(NAME, &own)]));
    let described = described.and(NAME, pages::more_paths(&parts.front));
    described.limited(RATE_LIMITS.iter().chain(&parts.rate_limits))
}

/// What the services describe but the routes do not lead to, a line each. Empty where all is well.
pub fn unrouted(parts: &Parts) -> Vec<String> {
    let table = match routes::Table::builtin() {
        Err(error) => return vec![error.to_string()],
        Ok(table) => table,
    };
    let described = parts
        .services
        .iter()
        .flat_map(|it| it.openapi.paths.paths.keys().map(|path| (it.name, path)));
    let lost = described.filter_map(|(service, path)| {
        match table.find(&example(path), &Method::GET, || None) {
            Found::Route(found) if found.route.service() == Some(service) => None,
            // Where all ends that nothing else is for.
            Found::Route(found) if found.route.service() == Some(NAME) => {
                Some(format!("{service}: nothing leads to {path}"))
            }
            Found::Route(found) => {
                let other = found.route.service().unwrap_or("a static answer");
                Some(format!("{service}: {path} leads to {other}"))
            }
            _ => Some(format!("{service}: nothing leads to {path}")),
        }
    });
    lost.collect()
}

/// The routes whose `body_limit` is not the largest their operations ask for (see
/// [`chassis::extract::BodyLimits`]).
pub fn wrong_body_limits(parts: &Parts) -> Vec<String> {
    let table = match routes::Table::builtin() {
        Err(error) => return vec![error.to_string()],
        Ok(table) => table,
    };
    let mut asked: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for service in &parts.services {
        let limits = BodyLimits::of(&service.openapi);
        let paths = serde_json::to_value(&service.openapi.paths).unwrap_or_default();
        for (path, operations) in paths.as_object().into_iter().flatten() {
            for method in operations.as_object().into_iter().flat_map(|it| it.keys()) {
                let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
                let Ok(method) = method else { continue };
                let asked_for = example(path);
                let found = table.find(&asked_for, &method, || None);
                let Found::Route(found) = found else { continue };
                let route = asked.entry(found.route.path.clone());
                let (_, most) = route.or_insert((found.route.body_limit, 0));
                *most = limits.get(path, &method).max(*most);
            }
        }
    }
    let wrong = asked.into_iter().filter(|(_, (limit, most))| limit != most);
    wrong.map(|(path, (limit, most))| format!("{path} allows {limit} and needs {most}")).collect()
}

/// A path as a client could ask for it, from the pattern in a description.
fn example(pattern: &str) -> String {
    let segments = pattern.split('/').map(|it| if it.starts_with('{') { "x" } else { it });
    segments.collect::<Vec<_>>().join("/")
}
