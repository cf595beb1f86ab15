//! Opening the databases and building the services.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use chassis::auth::Verifier;
use chassis::channel::Channel;
use chassis::clock::Clock;
use chassis::db::{Db, Limits, Migrations};
use chassis::service::{Platform, Service};
use contracts::identity as identity_contract;
use futures::future::try_join_all;

use crate::config::Config;

/// Every service, in the order in which they start.
pub const NAMES: [&str; 7] =
    ["identity", "catalog", "payments", "cart", "orders", "reviews", "notifications"];

/// What a service asks others for; they must run in the same process for now.
const NEEDS: [(&str, &[&str]); 7] = [
    ("identity", &[]),
    ("catalog", &["identity"]),
    ("payments", &["identity"]),
    ("cart", &["identity", "catalog"]),
    ("orders", &["identity", "catalog", "payments", "cart"]),
    ("reviews", &["identity", "catalog"]),
    ("notifications", &["identity"]),
];

/// The migrations of a database. `sandbox` is the sandbox provider's own.
fn migrations(name: &str) -> Result<Migrations> {
    Ok(match name {
        "identity" => identity::MIGRATIONS,
        "catalog" => catalog::MIGRATIONS,
        "payments" => payments::MIGRATIONS,
        "sandbox" => payments::SANDBOX_MIGRATIONS,
        "cart" => cart::MIGRATIONS,
        "orders" => orders::MIGRATIONS,
        "reviews" => reviews::MIGRATIONS,
        "notifications" => notifications::MIGRATIONS,
        other => bail!("there is no service {other}"),
    })
}

/// The databases of some services, open and migrated.
#[derive(Clone, Debug)]
pub struct Stores(BTreeMap<&'static str, Db>);

impl Stores {
    /// Opens the databases of these services and brings them to the newest schema.
    pub async fn open(config: &Config, services: &[&'static str]) -> Result<Self> {
        let stores = Self::open_as_they_are(config, services).await?;
        let all = stores.0.iter().map(async |(name, db)| {
            let migrated = db.migrate(migrations(name)?).await;
            migrated.with_context(|| format!("cannot migrate the database of {name}"))
        });
        try_join_all(all).await?;
        Ok(stores)
    }

    /// Opens them without migrating.
    pub async fn open_as_they_are(config: &Config, services: &[&'static str]) -> Result<Self> {
        if config.is_embedded() {
            create_directory(&config.server.data_dir)?;
        }
        let limits = Limits { connections: config.database.connections, ..Limits::default() };
        let sandbox = services.contains(&"payments").then_some("sandbox");
        let all = services.iter().copied().chain(sandbox).map(async |name| {
            let db = Db::connect(&config.database_url(name), limits).await;
            Ok((name, db.map_err(|error| cannot_open(config, name, error))?))
        });
        let stores: Result<Vec<_>> = try_join_all(all).await;
        Ok(Self(stores?.into_iter().collect()))
    }

    pub fn get(&self, name: &str) -> Result<&Db> {
        self.0.get(name).ok_or_else(|| anyhow!("the database of {name} is not open"))
    }

    /// Every database with its migrations.
    pub fn all(&self) -> impl Iterator<Item = Result<(&'static str, &Db, Migrations)>> {
        self.0.iter().map(|(name, db)| Ok((*name, db, migrations(name)?)))
    }

    pub async fn close(&self) {
        for db in self.0.values() {
            db.close().await;
        }
    }
}

fn create_directory(directory: &Path) -> Result<()> {
    let shown = directory.display();
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create the data directory {shown}"))?;
    let probe = directory.join(".write-probe");
    std::fs::write(&probe, b"cartwright").and_then(|()| std::fs::remove_file(&probe)).with_context(
        || format!("cannot write to the data directory {shown}; choose another with --data-dir"),
    )
}

/// Says which database, without the password in its URL.
fn cannot_open(config: &Config, name: &str, error: chassis::db::Error) -> anyhow::Error {
    let place = match config.is_embedded() {
        true => config.database_url(name),
        false => {
            let url = config.database_url(name);
            let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", &url));
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://{}", host.split('?').next().unwrap_or(host))
        }
    };
    anyhow!(error).context(format!("cannot open the database of {name} at {place}"))
}

/// The services of a process, built and connected, not yet running.
#[derive(Debug)]
pub struct Shop {
    pub services: Vec<Service>,
    pub verifier: Verifier,
    pub identity: identity_contract::Client,
}

/// Which services to run for what was asked: all for nothing, else these in the order of
/// starting. Says which ones are missing.
pub fn select(asked: &[String]) -> Result<Vec<&'static str>> {
    if asked.is_empty() {
        return Ok(NAMES.to_vec());
    }
    let chosen: Vec<&'static str> =
        NAMES.into_iter().filter(|name| asked.iter().any(|it| it == name)).collect();
    for (name, needs) in NEEDS.iter().filter(|(name, _)| chosen.contains(name)) {
        let missing: Vec<&str> = needs.iter().copied().filter(|it| !chosen.contains(it)).collect();
        if !missing.is_empty() {
            bail!(
                "{name} asks {}, which must run in the same process: cartwright serve {} {}",
                missing.join(" and "),
                chosen.join(" "),
                missing.join(" ")
            );
        }
    }
    Ok(chosen)
}

/// Builds the services and connects them with each other.
pub async fn build(
    config: &Config,
    stores: &Stores,
    services: &[&'static str],
    clock: Clock,
) -> Result<Shop> {
    let verifier = Verifier::new(clock);
    let channels: BTreeMap<&str, Channel> =
        NAMES.into_iter().map(|name| (name, Channel::to(name))).collect();
    let channel = |name: &str| channels[name].clone();
    let catalog_client = || contracts::catalog::Client::new(channel("catalog"));
    let identity_client = identity_contract::Client::new(channel("identity"));
    let mut built = Vec::new();
    for &name in services {
        let platform = Platform {
            db: stores.get(name)?.clone(),
            clock,
            verifier: verifier.clone(),
            currency: config.shop.currency.clone(),
        };
        let service = match name {
            "identity" => identity::start(platform, config.identity.clone()).await,
            "catalog" => {
                let index = config.server.data_dir.join("search");
                catalog::start(platform, config.catalog.clone(), index).await
            }
            "payments" => {
                let books = stores.get("sandbox")?.clone();
                payments::start(platform, config.payments.clone(), books).await
            }
            "cart" => cart::start(platform, config.cart.clone(), catalog_client()).await,
            "orders" => {
                let clients = orders::Clients {
                    cart: contracts::cart::Client::new(channel("cart")),
                    catalog: catalog_client(),
                    payments: contracts::payments::Client::new(channel("payments")),
                };
                orders::start(platform, config.orders.clone(), clients).await
            }
            "reviews" => reviews::start(platform, config.reviews.clone(), catalog_client()).await,
            "notifications" => {
                let identity = identity_client.clone();
                notifications::start(platform, config.notifications.clone(), identity).await
            }
            other => bail!("there is no service {other}"),
        };
        let service = service.map_err(|error| anyhow!("{name} cannot start: {error}"))?;
        channels[name].bind(service.internal.clone());
        built.push(service);
    }
    let trusted = identity_client.refresh(&verifier);
    tokio::time::timeout(Duration::from_secs(5), trusted)
        .await
        .context("identity does not answer")?
        .context("identity does not tell its keys")?;
    Ok(Shop { services: built, verifier, identity: identity_client })
}
