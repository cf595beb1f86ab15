//! The gateway: the one door of the shop. It has no data and no business of its own.
//!
//! In reading order: `routes` is which service answers which path; `gateway` the way of a request
//! and of its answer; `head`, `client`, `limits`, `cors` what is looked at on the way in;
//! `answer`, `compress`, `access` on the way out; `pages`, `docs`, `openapi` what the gateway
//! answers itself.
//!
//! Every service runs in this process for now. The ways to others (and with them retries, TLS,
//! reloaded routes and rewritten bodies) belong beside [`Upstream`], in `gateway`.

mod config;
mod routes;

mod gateway;

mod client;
mod cors;
mod head;
mod limits;

mod access;
mod answer;
mod compress;

mod docs;
mod openapi;
mod pages;

mod problems;

pub use config::{AccessLog, Config, Quota, Quotas};
pub use gateway::Gateway;

use axum::Router;
use chassis::auth::Verifier;
use chassis::clock::Clock;
use chassis::service::BoxError;
use chassis::telemetry::PrometheusHandle;
use tokio::sync::watch;
use utoipa::openapi::OpenApi;

/// The name in `routes.toml` of what the gateway answers itself.
pub const NAME: &str = "gateway";

/// A service behind the gateway.
#[derive(Clone)]
pub struct Upstream {
    pub name: &'static str,
    /// Its public routes.
    pub router: Router,
    /// Their description.
    pub openapi: OpenApi,
}

/// What the gateway stands on.
pub struct Parts {
    pub services: Vec<Upstream>,
    pub verifier: Verifier,
    /// Whether the process is ready for requests.
    pub ready: watch::Receiver<bool>,
    pub metrics: &'static PrometheusHandle,
    /// The version of the program.
    pub version: &'static str,
    pub clock: Clock,
}

/// The gateway as a router. [`Gateway`] itself is a service that can be served directly.
pub fn router(config: Config, parts: Parts) -> Result<Router, BoxError> {
    Ok(Router::new().fallback_service(Gateway::new(config, parts)?))
}

/// The document of `/openapi.json`: every service's description and the gateway's own, merged.
pub fn openapi(parts: &Parts) -> serde_json::Value {
    pages::document(parts)
}

/// What the services describe but the routes do not lead to, a line each. Empty where all is well.
pub fn unrouted(parts: &Parts) -> Vec<String> {
    match routes::Table::embedded() {
        Err(error) => vec![error],
        Ok(table) => parts
            .services
            .iter()
            .flat_map(|it| it.openapi.paths.paths.keys().map(|path| (it.name, path)))
            .filter_map(|(service, path)| match table.find(&example(path)) {
                None => Some(format!("{service}: nothing leads to {path}")),
                Some(found) if found.route.service != service => {
                    Some(format!("{service}: {path} leads to {}", found.route.service))
                }
                Some(_) => None,
            })
            .collect(),
    }
}

/// A path as a client could ask for it, from the pattern in a description.
fn example(pattern: &str) -> String {
    let segments = pattern.split('/').map(|it| if it.starts_with('{') { "x" } else { it });
    segments.collect::<Vec<_>>().join("/")
}
