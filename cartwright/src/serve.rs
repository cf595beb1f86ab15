//! `cartwright serve`: the shop, from the first file to the last request.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chassis::clock::Clock;
use chassis::service::Background;
use chassis::{server, telemetry};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cli::Serve;
use crate::config::{Config, Environment};
use crate::shop::{self, Shop, Stores};

/// How long relays, consumers and workers may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs until a signal or a failed worker.
pub async fn run(args: &Serve) -> Result<()> {
    let config = Config::load(&args.shared, args.listen.as_deref())?;
    let services = shop::select(&args.services)?;
    let owners: Vec<_> = services.iter().copied().chain([gateway::NAME]).collect();
    telemetry::start_logging(&config.log, &owners).map_err(anyhow::Error::msg)?;
    if config.shop.environment == Environment::Production && config.payments.sandbox {
        tracing::warn!("payments.sandbox is on: anybody can buy without paying");
    }
    let stop = CancellationToken::new();
    let signals = stop.clone();
    tokio::spawn(async move {
        signal().await;
        signals.cancel();
    });
    Running::start(&config, &services, Clock::System).await?.until(stop).await
}

/// A shop that serves.
#[derive(Debug)]
pub struct Running {
    /// The address in use, also where port 0 was asked for.
    pub address: std::net::SocketAddr,
    ready: watch::Sender<bool>,
    server: tokio::task::JoinHandle<()>,
    serving: CancellationToken,
    background: Background,
    stores: Stores,
    _lock: File,
}

impl Running {
    /// Locks the data directory, opens the databases, starts the services and listens. Ready when
    /// it returns.
    pub async fn start(config: &Config, services: &[&'static str], clock: Clock) -> Result<Self> {
        let lock = lock(&config.server.data_dir)?;
        // Taken early, so that a port in use is known before anything is done.
        let listener = server::bind(&config.server.listen).await.map_err(anyhow::Error::msg)?;
        let address = listener.local_addr()?;
        let stores = Stores::open(config, services).await?;
        let mut shop = shop::build(config, &stores, services, clock).await?;
        let (ready, readiness) = watch::channel(false);
        let gateway =
            gateway::Gateway::new(config.gateway.clone(), gateway_parts(&shop, readiness, clock))
                .map_err(|error| anyhow::anyhow!("the gateway cannot start: {error}"))?;
        let serving = CancellationToken::new();
        let (limits, stop) = (config.connections.clone(), serving.clone());
        let server = tokio::spawn(async move {
            server::serve(listener, gateway, &limits, stop).await;
        });
        let background = background(&mut shop);
        let running = Self { address, ready, server, serving, background, stores, _lock: lock };
        running.prepare(config, clock).await?;
        running.ready.send_replace(true);
        announce(config, address);
        Ok(running)
    }

    /// Serves until told to stop, then drains: no new connections, requests in flight finish,
    /// then the workers end and the files are closed.
    pub async fn until(mut self, stop: CancellationToken) -> Result<()> {
        let failure = tokio::select! {
            () = stop.cancelled() => None,
            failure = self.background.failed() => Some(failure),
        };
        tracing::info!("stopping: requests in flight finish first");
        self.stop().await;
        match failure {
            None => Ok(()),
            Some(failure) => bail!(failure),
        }
    }

    /// Drains and stops.
    pub async fn stop(self) {
        self.ready.send_replace(false);
        self.serving.cancel();
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the server did not end well");
        }
        self.background.stop(PATIENCE).await;
        self.stores.close().await;
    }

    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Demo products and the first administrator, where they are missing.
    async fn prepare(&self, config: &Config, clock: Clock) -> Result<()> {
        let development = config.shop.environment == Environment::Development;
        let mut seeded = false;
        if config.is_embedded()
            && development
            && config.shop.demo
            && let Ok(catalog) = self.stores.get("catalog")
            && catalog::demo::is_empty(catalog).await?
        {
            tracing::info!("the catalogue is empty: filling it with a demo shop");
            catalog::demo::seed(catalog, clock, &config.shop.currency).await?;
            seeded = true;
        }
        if let Ok(identity) = self.stores.get("identity") {
            crate::users::first_admin(config, identity, clock, seeded).await?;
        }
        Ok(())
    }
}

fn background(shop: &mut Shop) -> Background {
    let stop = CancellationToken::new();
    let identity = shop.identity.clone();
    let verifier = shop.verifier.clone();
    if let Some(first) = shop.services.pop() {
        shop.services.push(first.worker("trust", move |stop| async move {
            identity.keep_fresh(verifier, stop).await;
            Ok(())
        }));
    }
    Background::start(&mut shop.services, &stop)
}

/// What the gateway stands in front of.
pub fn gateway_parts(shop: &Shop, ready: watch::Receiver<bool>, clock: Clock) -> gateway::Parts {
    gateway::Parts {
        services: shop
            .services
            .iter()
            .map(|it| gateway::Upstream {
                name: it.name,
                router: it.router.clone(),
                openapi: it.openapi.clone(),
            })
            .collect(),
        verifier: shop.verifier.clone(),
        ready,
        metrics: telemetry::start_metrics(),
        version: env!("CARGO_PKG_VERSION"),
        clock,
    }
}

/// One shop per data directory. The kernel lets go of the lock when the process ends, however.
fn lock(directory: &Path) -> Result<File> {
    let shown = directory.display();
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create the data directory {shown}"))?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(directory.join("serve.lock"))
        .with_context(|| {
            format!("cannot write to the data directory {shown}; choose another with --data-dir")
        })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another cartwright serves the data directory {shown}; stop it or choose another \
             directory with --data-dir"
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock the data directory {shown}"))
        }
    }
}

fn announce(config: &Config, address: std::net::SocketAddr) {
    let data = match config.is_embedded() {
        true => format!("files in {}", config.server.data_dir.display()),
        false => "PostgreSQL".to_owned(),
    };
    eprintln!("Cartwright {} serves http://{address} from {data}", env!("CARGO_PKG_VERSION"));
    eprintln!("  API documentation: http://{address}/docs");
    eprintln!("  Stop with Ctrl-C.");
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(interrupt.await),
    }
}

/// Whether a shop serves the data directory at this moment.
pub fn is_running(config: &Config) -> bool {
    let path = config.server.data_dir.join("serve.lock");
    let Ok(file) = File::options().write(true).open(path) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}
