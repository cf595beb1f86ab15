//! Opening the databases and building the services.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use chassis::auth::Verifier;
use chassis::cache::Cache;
use chassis::channel::Channel;
use chassis::clock::{self, Clock, Reference};
use chassis::db::{Db, Limits, Migrations};
use chassis::definition::{Definition, Startup};
use chassis::service::{Platform, Service};
use contracts::identity as identity_contract;
use futures::future::try_join_all;
use mesh::target::ServiceTarget;
use utoipa::openapi::{OpenApi, RefOr, Schema};

use crate::private;
use crate::registry::{self, Config, NAMES, PERMISSIONS, SERVICES, migrations};

/// Where the gateway listens by default.
pub const LISTEN: &str = "127.0.0.1:8080";

/// What a process runs of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    pub gateway: bool,
    /// In the order in which they start.
    pub services: Vec<&'static str>,
}

impl Roles {
    /// Everything in one process.
    pub fn all() -> Self {
        Self { gateway: true, services: NAMES.to_vec() }
    }

    /// What was asked for: everything where nothing is named.
    pub fn of(asked: &[String]) -> Self {
        if asked.is_empty() {
            return Self::all();
        }
        let named = |name: &str| asked.iter().any(|it| it == name);
        let services = NAMES.into_iter().filter(|it| named(it)).collect();
        Self { gateway: named(gateway::NAME), services }
    }

    /// What it runs, the gateway included.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let gateway = self.gateway.then_some(gateway::NAME);
        self.services.iter().copied().chain(gateway).collect()
    }

    /// Whether the whole shop is in this process, so that no other process is involved.
    pub fn is_whole(&self) -> bool {
        *self == Self::all()
    }
}

/// The databases of some services, open and migrated.
#[derive(Clone, Debug)]
pub struct Stores(BTreeMap<&'static str, Db>);

impl Stores {
    /// Opens the databases of these services and brings them to the newest schema.
    pub async fn open(config: &Config, services: &[&'static str]) -> Result<Self> {
        let stores = Self::open_as_they_are(config, services).await?;
        let all = stores.0.iter().map(async |(name, db)| {
            let migrations = migrations(name).with_context(|| format!("no database {name}"))?;
            let migrated = db.migrate(migrations).await;
            migrated.with_context(|| format!("cannot migrate the database of {name}"))
        });
        try_join_all(all).await?;
        Ok(stores)
    }

    /// Opens them without migrating.
    pub async fn open_as_they_are(config: &Config, services: &[&'static str]) -> Result<Self> {
        let limits = Limits { connections: config.database.connections, ..Limits::default() };
        let definitions = services.iter().filter_map(|name| registry::definition(name));
        let names: Vec<_> = definitions.flat_map(registry::database_names).collect();
        Self::open_with(config, &names, async |url| Db::connect(&url, limits).await).await
    }

    /// Opens these databases without migrating and keeps everybody else out of them. On files
    /// the data directory must be locked.
    pub async fn open_alone(config: &Config, databases: &[&'static str]) -> Result<Self> {
        Self::open_with(config, databases, async |url| Db::connect_alone(&url).await).await
    }

    async fn open_with(
        config: &Config,
        databases: &[&'static str],
        open: impl AsyncFn(String) -> chassis::db::Result<Db>,
    ) -> Result<Self> {
        if config.is_embedded() {
            create_directory(&config.server.data_dir)?;
        }
        let all = databases.iter().map(async |&name| {
            let db = open(config.database_url(name)).await;
            Ok((name, db.map_err(|error| cannot_open(config, name, error))?))
        });
        let stores: Result<Vec<_>> = try_join_all(all).await;
        let stores = Self(stores?.into_iter().collect());
        // Before anything is done that a clock has a say in.
        if let Some(reference @ Reference::Database(_)) = stores.reference() {
            let synchronized = clock::synchronize(&reference).await;
            synchronized.map_err(|error| anyhow!("cannot read the database's clock: {error}"))?;
        }
        Ok(stores)
    }

    /// What corrects the clock of this process: the first database of PostgreSQL, else, as
    /// files are one process' own, the machine. None where there is no database.
    pub(crate) fn reference(&self) -> Option<Reference> {
        let shared = self.0.values().find(|it| !it.is_sqlite());
        let shared = shared.map(|it| Reference::Database(it.clone()));
        shared.or_else(|| self.0.values().next().map(|_| Reference::Machine))
    }

    pub fn get(&self, name: &str) -> Result<&Db> {
        self.0.get(name).ok_or_else(|| anyhow!("the database of {name} is not open"))
    }

    /// The databases of a service besides its own.
    pub fn further(&self, service: &Definition) -> Result<BTreeMap<&'static str, Db>> {
        let names = registry::database_names(service).skip(1);
        names.map(|name| Ok((name, self.get(name)?.clone()))).collect()
    }

    /// Every database with its migrations.
    pub fn all(&self) -> impl Iterator<Item = Result<(&'static str, &Db, Migrations)>> {
        self.0.iter().map(|(name, db)| {
            let migrations = migrations(name).with_context(|| format!("no database {name}"))?;
            Ok((*name, db, migrations))
        })
    }

    pub async fn close(&self) {
        for db in self.0.values() {
            db.close().await;
        }
    }
}

fn create_directory(directory: &Path) -> Result<()> {
    let shown = directory.display();
    private::create_directory(directory)
        .with_context(|| format!("cannot create the data directory {shown}"))?;
    let probe = directory.join(".write-probe");
    std::fs::write(&probe, b"cartwright").and_then(|()| std::fs::remove_file(&probe)).with_context(
        || format!("cannot write to the data directory {shown}; choose another with --data-dir"),
    )
}

/// Says which database, without the password in its URL.
fn cannot_open(config: &Config, name: &str, error: chassis::db::Error) -> anyhow::Error {
    let place = if config.is_embedded() {
        config.database_url(name)
    } else {
        let url = config.database_url(name);
        let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", &url));
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{}", host.split('?').next().unwrap_or(host))
    };
    if let chassis::db::Error::InUse = error {
        return anyhow!(
            "the database of {name} at {place} is in use by a running shop or another command; \
             stop it first"
        );
    }
    anyhow!(error).context(format!("cannot open the database of {name} at {place}"))
}

/// The services of a process, built and connected, not yet running.
#[derive(Debug)]
pub struct Shop {
    pub services: Vec<Service>,
    pub verifier: Verifier,
    pub identity: identity_contract::Client,
    /// The way to every service, also to those in other processes.
    pub ways: BTreeMap<&'static str, ServiceTarget>,
    /// How services ask each other; to be kept as long as they run.
    pub channels: Vec<Channel>,
}

/// Builds the services of this process and connects them with each other and, through
/// `elsewhere`, with those of other processes.
pub async fn build(
    config: &Config,
    stores: &Stores,
    services: &[&'static str],
    elsewhere: impl Fn(&'static str) -> ServiceTarget,
    cache: &Cache,
    clock: Clock,
) -> Result<Shop> {
    let verifier = Verifier::new(clock);
    let channels: BTreeMap<&'static str, Channel> =
        NAMES.into_iter().map(|name| (name, Channel::to(name))).collect();
    let identity = identity_contract::Client::new(channels[identity::NAME].downgrade());
    let mut built = Vec::new();
    let mut ways = BTreeMap::new();
    for &definition in SERVICES.iter().filter(|it| services.contains(&it.name)) {
        let name = definition.name;
        let platform = Platform {
            db: stores.get(name)?.clone(),
            clock,
            verifier: verifier.clone(),
            currency: config.shop.currency.clone(),
            cache: cache.clone(),
        };
        let startup = startup(config, stores, definition, platform, &channels)?;
        let service = (definition.start)(startup).await;
        let service = service.map_err(|error| anyhow!("{name} cannot start: {error}"))?;
        channels[name].bind(service.internal.clone());
        ways.insert(name, service.router.clone().into());
        built.push(service);
    }
    for name in NAMES.into_iter().filter(|it| !services.contains(it)) {
        let way = elsewhere(name);
        channels[name].bind(way.clone());
        ways.insert(name, way);
    }
    let channels = channels.into_values().collect();
    Ok(Shop { services: built, verifier, identity, ways, channels })
}

fn startup(
    config: &Config,
    stores: &Stores,
    definition: &Definition,
    platform: Platform,
    channels: &BTreeMap<&'static str, Channel>,
) -> Result<Startup> {
    Ok(Startup {
        platform,
        databases: stores.further(definition)?,
        // Services that ask each other must not keep each other alive.
        channels: channels.iter().map(|(name, it)| (*name, it.downgrade())).collect(),
        data_dir: config.server.data_dir.clone(),
        environment: config.shop.environment,
        shop: config.shop.profile(),
        permissions: PERMISSIONS.clone(),
        settings: config.of_service(definition.name),
    })
}

/// What every service describes, in this process or not.
pub fn descriptions() -> Vec<(&'static str, OpenApi)> {
    let describe = |it: &&Definition| (it.name, describe_permissions((it.description)()));
    SERVICES.iter().map(describe).collect()
}

/// Lists the permissions there are where a description speaks of one.
fn describe_permissions(mut description: OpenApi) -> OpenApi {
    let schemas = description.components.as_mut().map(|it| &mut it.schemas);
    if let Some(RefOr::T(Schema::Object(permission))) =
        schemas.and_then(|it| it.get_mut("Permission"))
    {
        permission.enum_values = Some(PERMISSIONS.iter().map(|it| it.name.into()).collect());
    }
    description
}
