//! The sockets of a process and what is served on them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::{Context, Result, anyhow};
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use chassis::service::Background;
use gateway::{Gateway, Tls};
use mesh::server::{self, Accept, Admission, Listener, Plain};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::config::{Config, Environment};
use crate::registry;
use crate::shop::{self, Roles};

const METRICS: &str = "gateway.metrics_listen";

/// Bound, not yet served.
pub(super) struct Listeners {
    gateway: Option<Public>,
    /// Every service has a port of its own where the shop runs apart.
    services: Vec<(&'static str, Listener)>,
}

/// The gateway's.
struct Public {
    main: Listener,
    /// Further ones, in the order of the settings.
    further: Vec<(String, Listener)>,
    /// Plain HTTP that leads to HTTPS.
    redirect: Option<Listener>,
    admin: Option<Listener>,
    metrics: Option<Listener>,
}

impl Listeners {
    pub(super) async fn bind(config: &Config, roles: &Roles) -> Result<Self> {
        let shared = config.connections.reuse_port;
        let bind = async |address: &str, setting: &str| {
            let bound = server::bind(address, shared).await;
            bound.map_err(|error| anyhow!("{error}; choose another address with {setting}"))
        };
        let wanted = async |address: &str, setting| match address {
            "" => Ok(None),
            address => bind(address, setting).await.map(Some),
        };
        let named = Some(config.server.listen.as_str()).filter(|it| !it.is_empty());
        let mut gateway = None;
        if roles.gateway {
            let mut further = Vec::new();
            for it in &config.gateway.listeners {
                further.push((it.name.clone(), bind(&it.listen, "gateway.listeners").await?));
            }
            gateway = Some(Public {
                main: bind(named.unwrap_or(shop::LISTEN), "--listen").await?,
                further,
                redirect: wanted(
                    &config.gateway.tls.redirect_listen,
                    "gateway.tls.redirect_listen",
                )
                .await?,
                admin: wanted(&config.gateway.admin_listen, "gateway.admin_listen").await?,
                metrics: match config.gateway.metrics_listen.as_str() {
                    "off" => None,
                    address => or_without(address, wanted(address, METRICS).await)?,
                },
            });
        }
        let apart = if roles.is_whole() { &[][..] } else { &roles.services };
        let mut services = Vec::new();
        for &name in apart {
            let service =
                registry::definition(name).with_context(|| format!("{name} has no port"))?;
            let own = SocketAddr::new(config.services.bind, service.port).to_string();
            let address = match (named, apart) {
                (Some(named), [_]) if gateway.is_none() => named,
                _ => &own,
            };
            services.push((name, bind(address, "--listen").await?));
        }
        Ok(Self { gateway, services })
    }

    pub(super) fn address(&self) -> Result<SocketAddr> {
        let main = self.gateway.as_ref().map(|it| &it.main);
        let first = main.or(self.services.first().map(|(_, it)| it));
        Ok(first.context("a process has a gateway or a service")?.local_addr()?)
    }

    pub(super) fn further(&self) -> Result<BTreeMap<String, SocketAddr>> {
        let further = self.gateway.iter().flat_map(|it| &it.further);
        further.map(|(name, it)| Ok((name.clone(), it.local_addr()?))).collect()
    }

    pub(super) fn metrics(&self) -> Result<Option<SocketAddr>> {
        let metrics = self.gateway.as_ref().and_then(|it| it.metrics.as_ref());
        Ok(metrics.map(Listener::local_addr).transpose()?)
    }

    pub(super) fn ports(&self) -> Result<BTreeMap<&'static str, SocketAddr>> {
        self.services.iter().map(|(name, it)| Ok((*name, it.local_addr()?))).collect()
    }
}

/// Nobody has asked for the default address of the metrics: a second shop on this machine, which
/// finds it taken, goes without.
fn or_without(address: &str, bound: Result<Option<Listener>>) -> Result<Option<Listener>> {
    match bound {
        Err(error) if address == gateway::METRICS_LISTEN => {
            tracing::warn!("metrics are not served: {error}");
            Ok(None)
        }
        bound => bound,
    }
}

/// The servers of a process.
#[derive(Debug)]
pub(super) struct Serving {
    limits: server::Config,
    admission: Admission,
    stop: CancellationToken,
    servers: JoinSet<()>,
}

impl Serving {
    /// Serves the gateway and the `ports` of services on the listeners they have.
    pub(super) fn start(
        config: &Config,
        listeners: Listeners,
        gateway: Option<Gateway>,
        mut ports: BTreeMap<&'static str, Router>,
        background: &mut Background,
    ) -> Result<Self> {
        let limits = config.connections.clone();
        let public = Admission::new(&limits, config.gateway.proxies()?);
        let (stop, servers) = (CancellationToken::new(), JoinSet::new());
        let mut serving = Self { limits, admission: public.for_services(), stop, servers };
        for (service, listener) in listeners.services {
            let router = ports.remove(service).context("every service that runs has a port")?;
            serving.serve(listener, Plain, router)?;
        }
        serving.admission = public;
        if let (Some(gateway), Some(public)) = (gateway, listeners.gateway) {
            serving.public(config, gateway, public, background)?;
        }
        Ok(serving)
    }

    fn public(
        &mut self,
        config: &Config,
        gateway: Gateway,
        public: Public,
        background: &mut Background,
    ) -> Result<()> {
        let wrong = |error| anyhow!("the gateway cannot start: {error}");
        let Public { main, further, redirect, admin, metrics } = public;
        if let Some(metrics) = metrics {
            let router = gateway.operators(metrics.local_addr()?);
            self.serve(metrics, Plain, router)?;
        }
        if let Some(admin) = admin {
            self.serve(admin, Plain, gateway.admin())?;
        }
        if let Some(redirect) = redirect {
            let port = main.local_addr()?.port();
            let router = gateway::redirect(&config.gateway, port).map_err(wrong)?;
            self.serve(redirect, Plain, router)?;
        }
        // The same order: both follow the settings.
        let further = gateway.listeners().into_iter().zip(further);
        let further: Vec<_> = further.map(|(it, (_, listener))| (it.service, listener)).collect();
        background.add("routes", |stop| gateway.clone().watch(stop));
        let mut all = further.into_iter().chain([(gateway, main)]);
        let strict = config.shop.environment == Environment::Production;
        match Tls::open(&config.gateway.tls, strict).map_err(wrong)? {
            None => all.try_for_each(|(gateway, listener)| self.serve(listener, Plain, gateway)),
            Some((tls, keeper)) => {
                background.add("certificate", |stop| keeper.keep(stop));
                all.try_for_each(|(gateway, listener)| self.serve(listener, tls.clone(), gateway))
            }
        }
    }

    fn serve<A, S>(&mut self, listener: Listener, accept: A, service: S) -> Result<()>
    where
        A: Accept,
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let (limits, admission) = (self.limits.clone(), self.admission.clone());
        let stop = self.stop.clone();
        let listener = listener.listen().context("cannot listen")?;
        self.servers.spawn(async move {
            server::serve_with(listener, accept, service, &limits, admission, stop).await;
        });
        Ok(())
    }

    /// Drains: no new connections, requests in flight finish.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.servers.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a server stopped with an error");
            }
        }
    }
}
