//! The operator's page: where requests go, how the services are, what went wrong.
//!
//! It has a listener of its own and no password, so it is for this machine. It changes nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chassis::clock::Clock;
use chassis::config::SettingError;
use chassis::forwarded;
use chassis::quota::Rate;
use chrono::{DateTime, Utc};
use http::{HeaderName, header};
use mesh::remote;
use mesh::target::ServiceTarget;
use serde::Serialize;

use crate::journal::{Failure, Journal};
use crate::layers::security_headers;
use crate::problems;
use crate::tables::RoutesView;

const PAGE: &str = include_str!("../assets/admin.html");
const STYLE: &str = include_str!("../assets/admin.css");
const SCRIPT: &str = include_str!("../assets/admin.js");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const NEVER_KEPT: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// What the page shows is read from here, each time it is asked for.
pub(crate) struct Admin {
    pub(crate) version: &'static str,
    pub(crate) clock: Clock,
    pub(crate) upstreams: Vec<(&'static str, ServiceTarget)>,
    pub(crate) journal: Arc<Journal>,
    /// None where nothing is limited.
    pub(crate) quotas: Option<BTreeMap<&'static str, Rate>>,
    pub(crate) timeout_seconds: u64,
    pub(crate) read_timeout_seconds: u64,
    /// The routes of every listener as they are now.
    pub(crate) routes: Box<dyn Fn() -> Vec<RoutesView> + Send + Sync>,
}

#[derive(Serialize)]
struct View<'a> {
    version: &'static str,
    at: DateTime<Utc>,
    upstreams: Vec<Upstream>,
    limits: Limits<'a>,
    failures: Vec<Failure>,
    listeners: Vec<RoutesView>,
}

#[derive(Serialize)]
struct Upstream {
    name: &'static str,
    /// Whether it runs in the gateway's own process.
    here: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<remote::Status>,
}

#[derive(Serialize)]
struct Limits<'a> {
    timeout_seconds: u64,
    read_timeout_seconds: u64,
    quotas: Option<&'a BTreeMap<&'static str, Rate>>,
}

/// Refuses an address that others can reach, unless that is meant.
pub(crate) fn check(listen: &str, anywhere: bool) -> Result<(), SettingError> {
    if listen.is_empty() {
        return Ok(());
    }
    let refused =
        |allowed| SettingError::new("gateway.admin_listen", format!("{listen:?}"), allowed);
    let address: SocketAddr = listen
        .parse()
        .map_err(|_| refused("an address and a port such as 127.0.0.1:8090, or empty"))?;
    if !address.ip().is_loopback() && !anywhere {
        return Err(refused(
            "an address of this machine alone such as 127.0.0.1:8090, as the page has no password; \
             where the network is trusted, set gateway.admin_anywhere",
        ));
    }
    Ok(())
}

pub(crate) fn router(admin: Admin) -> Router {
    let html = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    let css = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    let script = (header::CONTENT_TYPE, "text/javascript; charset=utf-8");
    let policy = (header::CONTENT_SECURITY_POLICY, POLICY);
    let router = Router::new()
        .route("/", get(async move || ([html, policy, NEVER_KEPT], PAGE)))
        .route("/admin.css", get(async move || ([css, NEVER_KEPT], STYLE)))
        .route("/admin.js", get(async move || ([script, NEVER_KEPT], SCRIPT)))
        .route("/admin.json", get(json))
        .with_state(Arc::new(admin))
        .method_not_allowed_fallback(async || problems::method_not_allowed())
        .fallback(async || problems::not_found());
    guarded(router)
}

/// What is for this machine only.
pub(crate) fn guarded(router: Router) -> Router {
    router.layer(from_fn(guard))
}

/// Refuses pages of other sites that have pointed a name of their own at this machine: only a
/// number or `localhost` is asked for by somebody who means this page.
async fn guard(request: Request, next: Next) -> Response {
    let asked = forwarded::asked(&request);
    let meant = asked.is_some_and(|it| {
        let host = it.host().trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok()
    });
    let mut response =
        if meant { next.run(request).await } else { problems::unknown_host().into_response() };
    security_headers::write(response.headers_mut());
    response
}

async fn json(State(admin): State<Arc<Admin>>) -> Response {
    let upstreams = admin.upstreams.iter().map(|(name, reach)| match reach {
        ServiceTarget::Local(_) => Upstream { name, here: true, status: None },
        ServiceTarget::Remote(remote, _) => {
            Upstream { name, here: false, status: Some(remote.status()) }
        }
    });
    let limits = Limits {
        timeout_seconds: admin.timeout_seconds,
        read_timeout_seconds: admin.read_timeout_seconds,
        quotas: admin.quotas.as_ref(),
    };
    let view = View {
        version: admin.version,
        at: admin.clock.now(),
        upstreams: upstreams.collect(),
        limits,
        failures: admin.journal.recent(),
        listeners: (admin.routes)(),
    };
    ([NEVER_KEPT], axum::Json(view)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_for_this_machine_unless_it_is_said_otherwise() {
        for (listen, anywhere, allowed) in [
            ("", false, true),
            ("127.0.0.1:8090", false, true),
            ("[::1]:8090", false, true),
            ("0.0.0.0:8090", false, false),
            ("192.0.2.1:8090", false, false),
            ("0.0.0.0:8090", true, true),
            ("localhost:8090", false, false),
            ("8090", true, false),
        ] {
            let checked = check(listen, anywhere);
            assert_eq!(checked.is_ok(), allowed, "{listen} {anywhere}: {checked:?}");
        }
    }
}
