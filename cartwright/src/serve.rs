//! `cartwright serve`: runs the shop or a part of it, from start to graceful shutdown.

mod elsewhere;
mod files;
mod listeners;
mod lock;

pub(crate) use lock::data_directory;
pub use lock::is_running;

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use chassis::auth::Verifier;
use chassis::bus::Bus;
use chassis::cache::Cache;
use chassis::channel::Channel;
use chassis::clock::{self, Clock, Reference};
use chassis::page_sources::PageSources;
use chassis::service::Background;
use chassis::telemetry::{LogFormat, cause};
use chassis::{db, telemetry};
use contracts::subscriptions::SUBSCRIPTIONS;
use engines::redis::{Redis, SharedCache, SharedCounter};
use mesh::service_server::ServiceServer;
use mesh::target::ServiceTarget;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cli::Serve;
use crate::config::{Config, Environment};
use crate::private;
use crate::registry::{NAMES, RATE_LIMITS};
use crate::shop::{self, Roles, Shop, Stores};
use elsewhere::Elsewhere;
use listeners::{Listeners, Serving};

/// How long relays, consumers and workers may take to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a database is waited for that may still be starting.
const STARTING: Duration = Duration::from_secs(30);
/// How often identity is asked for its keys until it answers for the first time.
const TRUST_EVERY: Duration = Duration::from_millis(200);
/// After how many times a line says so.
const TRUST_SILENT: u32 = 10;

/// Runs until a signal or a failed worker.
pub async fn run(args: &Serve) -> Result<ExitCode> {
    let mut config = Config::load(&args.shared, args.listen.as_deref())?;
    if let Some(file) = &args.routes {
        config.gateway.routes.clone_from(file);
    }
    let roles = Roles::of(&args.services);
    config.check_for_production(&roles)?;
    let owners: Vec<_> = roles.services.iter().copied().chain([gateway::NAME]).collect();
    telemetry::start_logging(&config.log, &owners)?;
    let messages = config.notifications.warnings(config.is_production());
    let payments = config.payments.warnings(config.shop.environment);
    for warning in messages.into_iter().chain(payments) {
        tracing::warn!("{warning}");
    }
    let files = files::prepare(&mut config, &roles);
    match serve(&config, &roles, files).await {
        // In the log itself, so that log parsers see it, and not as text between the lines.
        Err(error) if config.log.format == LogFormat::Json => {
            tracing::error!("{error:#}");
            Ok(ExitCode::FAILURE)
        }
        ended => ended.map(|()| ExitCode::SUCCESS),
    }
}

async fn serve(config: &Config, roles: &Roles, files: files::OpenFiles) -> Result<()> {
    let stop = CancellationToken::new();
    let signals = stop.clone();
    tokio::spawn(async move {
        signal().await;
        signals.cancel();
    });
    // A process that still waits for others can be stopped, too.
    let started = Box::pin(Running::start(config, roles, Clock::System));
    match stop.run_until_cancelled(started).await {
        Some(started) => {
            let running = started?;
            files.log();
            running.until(stop).await
        }
        None => Ok(()),
    }
}

/// A shop, or a part of it, that serves.
#[derive(Debug)]
pub struct Running {
    /// The gateway's address, or else that of the first service; also where port 0 was asked for.
    pub address: SocketAddr,
    /// The addresses of services that have a port of their own.
    pub ports: BTreeMap<&'static str, SocketAddr>,
    /// The addresses of the gateway's further listeners, by their names.
    pub further: BTreeMap<String, SocketAddr>,
    /// Where the gateway's metrics are.
    pub metrics: Option<SocketAddr>,
    elsewhere: Elsewhere,
    ready: watch::Sender<bool>,
    serving: Serving,
    background: Background,
    stores: Stores,
    _channels: Vec<Channel>,
    _lock: File,
}

impl Running {
    /// Locks the data directory, opens the databases, starts the services and listens. Ready when
    /// it returns.
    pub async fn start(config: &Config, roles: &Roles, clock: Clock) -> Result<Self> {
        // Before anything that is measured.
        let metrics = telemetry::start_metrics();
        let elsewhere = Elsewhere::of(config, roles, clock)?;
        let bus = bus(config, roles)?;
        let redis = redis(config)?;
        let lock = lock::data_directory(config)?;
        private::exposed(config).iter().for_each(|it| tracing::warn!("{it}"));
        // Taken early, so that a port in use is known before anything is done.
        let listeners = Listeners::bind(config, roles).await?;
        let (address, addresses) = (listeners.address()?, listeners.ports()?);
        let (further, metrics_at) = (listeners.further()?, listeners.metrics()?);
        let stores = stores(config, roles).await?;
        let ways = NAMES.into_iter().map(|name| Ok((name, elsewhere.way(name)?)));
        let ways: BTreeMap<&str, ServiceTarget> = ways.collect::<Result<_>>()?;
        let way = |name: &'static str| ways[name].clone();
        let cache = redis.clone().map(|it| Cache::over(SharedCache::new(it))).unwrap_or_default();
        let mut shop = shop::build(config, &stores, &roles.services, way, &cache, clock).await?;
        let (ready, readiness) = watch::channel(false);
        let mut gateway = None;
        if roles.gateway {
            let ready = readiness.clone();
            let mut parts = gateway_parts(&shop.ways, &shop.verifier, &config.shop, ready, clock);
            parts.sources = config.payments.page_sources();
            if let Some(redis) = &redis {
                parts.counter = Some(Arc::new(SharedCounter::new(redis.clone())));
            }
            parts.engines = engines(config, &bus, redis.as_ref());
            parts.front = gateway::Dist::embedded()?;
            let made = gateway::Gateway::new(config.gateway.clone(), parts);
            let made = made.map_err(|error| anyhow!("the gateway cannot start: {error}"))?;
            gateway = Some(made);
        }
        let port =
            ServiceServer { tokens: elsewhere.tokens.clone(), clock, ready: readiness, metrics };
        let ports: BTreeMap<_, _> =
            shop.services.iter().map(|it| (it.name, port.clone().router(it))).collect();
        // Connections from here on are served: the port may be shared with a process
        // that this one takes over from.
        let reference = reference(&stores, way);
        synchronized(&reference).await;
        trusted(&shop).await;
        prepare(config, &stores, clock).await?;
        let mut background = background(&mut shop, &bus);
        background.add("clock", |stop| clock::keep_synchronized(reference, stop));
        let serving = Serving::start(config, listeners, gateway, ports, &mut background)?;
        let mut running = Self {
            address,
            ports: addresses,
            further,
            metrics: metrics_at,
            elsewhere,
            ready,
            serving,
            background,
            stores,
            _channels: shop.channels,
            _lock: lock,
        };
        running.ready.send_replace(true);
        for (name, address) in running.ports.clone() {
            running.elsewhere.announce(config, name, address)?;
        }
        announce(config, roles, &running);
        Ok(running)
    }

    /// Serves until stopped, then drains: no new connections, requests in flight finish,
    /// then the workers end and the files are closed.
    pub async fn until(mut self, stop: CancellationToken) -> Result<()> {
        let failure = tokio::select! {
            () = stop.cancelled() => None,
            failure = self.background.failed() => Some(failure),
        };
        tracing::info!("stopping; waiting for requests in flight");
        self.stop().await;
        match failure {
            None => Ok(()),
            Some(failure) => bail!(failure),
        }
    }

    /// Drains and stops.
    pub async fn stop(mut self) {
        self.elsewhere.leave().await;
        self.ready.send_replace(false);
        self.serving.stop().await;
        self.background.stop(PATIENCE).await;
        self.stores.close().await;
    }

    pub fn stores(&self) -> &Stores {
        &self.stores
    }
}

/// Opens the databases. A part of a shop may be started together with its PostgreSQL.
async fn stores(config: &Config, roles: &Roles) -> Result<Stores> {
    let until = Instant::now() + STARTING;
    loop {
        match Stores::open(config, &roles.services).await {
            Err(error) if !roles.is_whole() && is_starting(&error) && Instant::now() < until => {
                tracing::warn!("waiting for PostgreSQL to start: {error:#}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            opened => return opened,
        }
    }
}

fn is_starting(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|it| it.downcast_ref::<db::Error>()).any(db::Error::is_starting)
}

/// What corrects the clock of this process. A process without a database asks identity,
/// which every process waits for anyhow.
fn reference(stores: &Stores, way: impl Fn(&'static str) -> ServiceTarget) -> Reference {
    stores.reference().unwrap_or_else(|| Reference::Service(Arc::new(way(identity::NAME))))
}

/// Waits until the clock of this process has been compared with those of the others.
async fn synchronized(reference: &Reference) {
    for attempt in 1_u32.. {
        match clock::synchronize(reference).await {
            Ok(()) => return,
            Err(error) if attempt % TRUST_SILENT == 0 => {
                tracing::warn!(error = cause(&error), "waiting for a time reference");
            }
            Err(_) => {}
        }
        tokio::time::sleep(TRUST_EVERY).await;
    }
}

/// Waits for identity's keys, without which no token can be verified.
async fn trusted(shop: &Shop) {
    for attempt in 1_u32.. {
        match shop.identity.refresh(&shop.verifier).await {
            Ok(()) => return,
            Err(error) if attempt % TRUST_SILENT == 0 => {
                tracing::warn!(%error, "waiting for identity's signing keys");
            }
            Err(_) => {}
        }
        tokio::time::sleep(TRUST_EVERY).await;
    }
}

/// Demo products and the first administrator, where they are missing.
async fn prepare(config: &Config, stores: &Stores, clock: Clock) -> Result<()> {
    let development = config.shop.environment == Environment::Development;
    let mut seeded = false;
    if config.is_embedded()
        && development
        && config.shop.demo
        && let Ok(catalog) = stores.get("catalog")
        && catalog::demo::is_empty(catalog).await?
    {
        tracing::info!("the catalog is empty; adding demo products");
        catalog::demo::seed(catalog, clock, &config.shop.currency).await?;
        seeded = true;
    }
    if let Ok(identity) = stores.get("identity") {
        crate::users::first_admin(config, identity, clock, seeded).await?;
    }
    Ok(())
}

/// The bus between this process and the others.
fn bus(config: &Config, roles: &Roles) -> Result<Bus> {
    if !roles.is_whole() && !config.bus.is_remote() {
        bail!(
            "bus.url is memory:, which does not reach other processes; a shop in several processes \
             needs a broker, such as amqp://user:password@host/"
        );
    }
    Ok(engines::bus(&config.bus, &SUBSCRIPTIONS)?)
}

/// Redis, where one is named. It may be away, now and later.
fn redis(config: &Config) -> Result<Option<Redis>> {
    if config.redis.url.is_empty() {
        return Ok(None);
    }
    Ok(Some(Redis::open(&config.redis)?))
}

/// What `/health` asks beside the services.
fn engines(config: &Config, bus: &Bus, redis: Option<&Redis>) -> Vec<gateway::Engine> {
    let mut engines = Vec::new();
    if config.bus.is_remote() {
        let bus = bus.clone();
        let probe = move || {
            let ready = if bus.is_ready() { Ok(()) } else { Err("it is away".into()) };
            Box::pin(async move { ready }) as _
        };
        engines.push(gateway::Engine { name: "bus", probe: Arc::new(probe) });
    }
    if let Some(redis) = redis.cloned() {
        let probe = move || {
            let redis = redis.clone();
            Box::pin(async move { Ok(redis.probe().await?) }) as _
        };
        engines.push(gateway::Engine { name: "redis", probe: Arc::new(probe) });
    }
    engines
}

fn background(shop: &mut Shop, bus: &Bus) -> Background {
    let mut background = Background::start(&mut shop.services, bus, &CancellationToken::new());
    let (identity, verifier) = (shop.identity.clone(), shop.verifier.clone());
    background.add("trust", |stop| identity.keep_fresh(verifier, stop));
    background
}

/// What the gateway stands in front of.
pub fn gateway_parts(
    ways: &BTreeMap<&'static str, ServiceTarget>,
    verifier: &Verifier,
    shop: &crate::config::Shop,
    ready: watch::Receiver<bool>,
    clock: Clock,
) -> gateway::Parts {
    let upstream =
        |(name, openapi)| Some(gateway::Upstream { name, reach: ways.get(name)?.clone(), openapi });
    gateway::Parts {
        services: shop::descriptions().into_iter().filter_map(upstream).collect(),
        engines: Vec::new(),
        verifier: verifier.clone(),
        counter: None,
        rate_limits: RATE_LIMITS.clone(),
        ready,
        metrics: telemetry::start_metrics(),
        version: env!("CARGO_PKG_VERSION"),
        clock,
        currency: shop.currency.clone(),
        name: shop.name.clone(),
        front: gateway::Dist::default(),
        sources: PageSources::default(),
    }
}

fn announce(config: &Config, roles: &Roles, running: &Running) {
    let data = if config.is_embedded() {
        format!("files in {}", config.server.data_dir.display())
    } else {
        "PostgreSQL".to_owned()
    };
    let version = env!("CARGO_PKG_VERSION");
    let say = |line: String| match config.log.format {
        LogFormat::Json => tracing::info!("{}", line.trim()),
        LogFormat::Pretty => eprintln!("{line}"),
    };
    if roles.gateway {
        let address = running.address;
        let scheme = if config.gateway.tls.is_on() { "https" } else { "http" };
        say(format!("Cartwright {version} serves {scheme}://{address} from {data}"));
        say(format!("  API documentation: {scheme}://{address}/docs"));
    }
    for (name, address) in &running.further {
        say(format!("  Routes of {name}: http://{address}"));
    }
    if let Some(address) = running.metrics {
        say(format!("  Metrics: http://{address}/metrics"));
    }
    for (name, address) in &running.ports {
        say(format!("Cartwright {version} serves {name} at http://{address} from {data}"));
    }
    say("  Stop with Ctrl-C.".to_owned());
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
