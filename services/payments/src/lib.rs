//! Payments: authorize, capture, void and refund, each exactly once across retries and crashes.
//!
//! `requests` stores what is requested; `operations` calls the provider and stores the outcome,
//! `worker` retries those whose first try gave none. `model` knows the allowed transitions,
//! `refund_lines` the amounts of refunded lines. `provider` is the interface of payment providers,
//! `sandbox` one of them.

mod api;
mod internal;

mod operations;
mod requests;
mod worker;

mod provider;
mod sandbox;

mod config;
mod model;
mod problems;
mod refund_lines;
mod store;

pub mod invariants;

#[cfg(test)]
mod testing;

use std::sync::Arc;

pub use config::{Config, SandboxMode};

use chassis::clock::Clock;
use chassis::config::Settings;
use chassis::db::{Db, Migrations};
use chassis::definition::{Definition, Permission, Startup};
use chassis::money::Currency;
use chassis::service::{BoxError, Platform, Service};
use contracts::orders;
use sqlx::migrate::Migrator;
use tokio::sync::Notify;

use provider::{Provider, Providers};
use sandbox::Sandbox;

pub const NAME: &str = "payments";

static MIGRATOR: Migrator = sqlx::migrate!();
static SANDBOX_MIGRATOR: Migrator = sqlx::migrate!("./migrations_sandbox");

pub static MIGRATIONS: Migrations = Migrations { service: NAME, migrator: &MIGRATOR };

/// The books of the sandbox provider, in a database of their own.
pub static SANDBOX_MIGRATIONS: Migrations =
    Migrations { service: sandbox::NAME, migrator: &SANDBOX_MIGRATOR };

/// The service, as the program lists it.
pub const DEFINITION: Definition = Definition {
    name: NAME,
    summary: "Payments, refunds, the ledger",
    port: 8006,
    databases: &[&MIGRATIONS, &SANDBOX_MIGRATIONS],
    permissions: &[Permission::staff("payments:read"), Permission::staff("payments:refund")],
    rate_limits: &[],
    description,
    start: |startup| Box::pin(begin(startup)),
};

/// Starts the service in a shop.
async fn begin(startup: Startup) -> Result<Service, BoxError> {
    let orders = orders::Client::new(startup.channel("orders")?);
    let config = startup.settings::<Config>()?.resolved(startup.environment);
    let sandbox_books = startup.database(sandbox::NAME)?;
    start(startup.platform, config, sandbox_books, orders).await
}

/// What handlers and workers can reach.
#[derive(Clone)]
struct App {
    db: Db,
    clock: Clock,
    currency: Currency,
    config: Arc<Config>,
    providers: Providers,
    /// Knows what the lines of an order were sold for.
    orders: orders::Client,
    /// Wakes the worker when the outcome of an operation stayed unknown.
    unknown: Arc<Notify>,
}

/// The description of the public routes.
pub fn description() -> utoipa::openapi::OpenApi {
    Service::describe(NAME, api::router())
}

/// Builds the service. Operations that a process before this one has left behind are taken over.
pub async fn start(
    platform: Platform,
    config: Config,
    sandbox_books: Db,
    orders: orders::Client,
) -> Result<Service, BoxError> {
    let app = App::new(&platform, config, sandbox_books, orders)?;
    store::OPERATIONS.inherit(&app.db, app.clock.now()).await?;
    let worker = app.clone();
    Ok(Service::new(NAME, &platform, api::router().with_state(app.clone()))
        .internal(internal::router(app))
        .queue(&store::OPERATIONS)
        .worker("payment operations", move |stop| async move {
            worker::work(&worker, &stop).await;
            Ok(())
        }))
}

impl App {
    /// The lease of an operation that is stored now.
    fn lease(&self) -> store::Lease {
        let now = self.clock.now();
        store::Lease { now, until: now + self.config.lease() }
    }

    fn new(
        platform: &Platform,
        config: Config,
        sandbox_books: Db,
        orders: orders::Client,
    ) -> Result<Self, BoxError> {
        config.check()?;
        let sandbox: Arc<dyn Provider> =
            Arc::new(Sandbox { db: sandbox_books, clock: platform.clock });
        let on = config.sandbox != SandboxMode::Off;
        let providers = on.then_some((sandbox::NAME, sandbox));
        Ok(Self {
            db: platform.db.clone(),
            clock: platform.clock,
            currency: platform.currency.clone(),
            config: Arc::new(config),
            providers: Providers::new(providers),
            orders,
            unknown: Arc::default(),
        })
    }
}
