//! Payments: authorize, capture, void and refund, each exactly once across retries and crashes.
//!
//! `requests` stores what is requested; `operations` calls the provider, `settle` stores what it
//! says, `worker` retries what had no answer and asks after payments that wait, `customers` knows who has saved payment methods, `webhooks` hears
//! that a payment is to be looked up. `model` knows the allowed transitions,
//! `refund_lines` the amounts of refunded lines. `provider` is the interface of payment providers,
//! `providers` those there are. `setup` says whether they are set up.

mod api;
mod customers;
mod internal;

mod operations;
mod requests;
mod settle;
mod webhooks;
mod worker;

mod provider;
mod providers;

mod config;
mod model;
mod problems;
mod refund_lines;
mod store;

pub mod invariants;
pub mod setup;

#[cfg(test)]
mod testing;

use std::sync::Arc;

pub use config::Config;
pub use providers::{Databases, SandboxMode, StripeConfig};

use chassis::clock::Clock;
use chassis::config::Settings;
use chassis::db::{Db, Migrations};
use chassis::definition::{Definition, Permission, Startup};
use chassis::money::Currency;
use chassis::service::{BoxError, Platform, Service};
use contracts::orders;
use sqlx::migrate::Migrator;
use tokio::sync::Notify;

use providers::{Providers, Setup};
use utoipa_axum::router::OpenApiRouter;
use webhooks::Webhooks;

pub const NAME: &str = "payments";

static MIGRATOR: Migrator = sqlx::migrate!();

pub static MIGRATIONS: Migrations = Migrations { service: NAME, migrator: &MIGRATOR };

/// The service, as the program lists it.
pub const DEFINITION: Definition = Definition {
    name: NAME,
    summary: "Payments, refunds, the ledger",
    port: 8006,
    databases: providers::DATABASES,
    permissions: &[
        Permission::staff("payments:read"),
        Permission::staff("payments:capture"),
        Permission::staff("payments:refund"),
    ],
    rate_limits: &[],
    description,
    start: |startup| Box::pin(begin(startup)),
};

/// Starts the service in a shop.
async fn begin(startup: Startup) -> Result<Service, BoxError> {
    let orders = orders::Client::new(startup.channel("orders")?);
    let config = startup.settings::<Config>()?.resolved(startup.environment);
    start(startup.platform, config, &startup.databases, orders).await
}

/// What handlers and workers can reach.
#[derive(Clone)]
struct App {
    db: Db,
    clock: Clock,
    currency: Currency,
    config: Arc<Config>,
    providers: Providers,
    /// Knows what the lines of an order were sold for, and who may act as its buyer.
    orders: orders::Client,
    /// Wakes the worker when the outcome of an operation stayed unknown.
    unknown: Arc<Notify>,
}

/// The description of the public routes.
pub fn description() -> utoipa::openapi::OpenApi {
    Service::describe(NAME, router())
}

fn router() -> OpenApiRouter<App> {
    api::router().merge(chassis::webhooks::router(&providers::with_webhooks()))
}

/// Builds the service. Operations that a process before this one has left behind are taken over.
pub async fn start(
    platform: Platform,
    config: Config,
    databases: &Databases,
    orders: orders::Client,
) -> Result<Service, BoxError> {
    let app = App::new(&platform, config, databases, orders)?;
    store::OPERATIONS.inherit(&app.db, app.clock.now()).await?;
    store::CUSTOMERS.inherit(&app.db, app.clock.now()).await?;
    let (worker, looker, remover) = (app.clone(), app.clone(), app.clone());
    Ok(Service::new(NAME, &platform, router().with_state(app.clone()))
        .internal(internal::router(app.clone()))
        .webhooks(Webhooks(app.clone()))
        .consumer("payments.users", customers::Users(app))
        .queue(&store::OPERATIONS)
        .queue(&store::CUSTOMERS)
        .worker("payment operations", move |stop| async move {
            worker::work(&worker, &stop).await;
            Ok(())
        })
        .worker("payment look-ups", move |stop| async move {
            worker::look(&looker, &stop).await;
            Ok(())
        })
        .worker("payment customers", move |stop| async move {
            customers::work(&remover, &stop).await;
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
        databases: &Databases,
        orders: orders::Client,
    ) -> Result<Self, BoxError> {
        config.check()?;
        let setup = Setup { config: &config, clock: platform.clock, databases };
        let providers = Providers::open(&setup)?;
        Ok(Self {
            db: platform.db.clone(),
            clock: platform.clock,
            currency: platform.currency.clone(),
            config: Arc::new(config),
            providers,
            orders,
            unknown: Arc::default(),
        })
    }
}
