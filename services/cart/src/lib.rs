//! Cart: the carts of users and guests.
//!
//! `model` holds the rules, `store` the SQL, `api` the public routes, `internal` what the checkout
//! reads, `events` what happens once an order is paid. Prices, titles and stock belong to the
//! catalog: they are fetched each time a cart is shown (`offers`) and never stored here.

mod api;
mod internal;

mod events;
mod tidy;

mod buyer;
mod offers;
mod view;

mod model;
mod store;

mod problems;

pub mod invariants;

use chassis::clock::Clock;
use chassis::config::{SettingError, Settings};
use chassis::db::{Db, Migrations};
use chassis::definition::{Definition, Startup};
use chassis::money::Currency;
use chassis::service::{BoxError, Platform, Service};
use contracts::catalog;
use serde::{Deserialize, Serialize};

pub const NAME: &str = "cart";

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

pub static MIGRATIONS: Migrations = Migrations { service: NAME, migrator: &MIGRATOR };

/// The service, as the program lists it.
pub const DEFINITION: Definition = Definition {
    name: NAME,
    summary: "What a buyer has put aside",
    port: 8005,
    databases: &[&MIGRATIONS],
    permissions: &[],
    rate_limits: &[],
    description,
    start: |startup| Box::pin(begin(startup)),
};

/// Starts the service in a shop.
async fn begin(startup: Startup) -> Result<Service, BoxError> {
    let catalog = catalog::Client::new(startup.channel("catalog")?);
    start(startup.platform.clone(), startup.settings()?, catalog).await
}

/// Settings of the cart service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Days after its last change until a guest's cart is deleted.
    pub guest_days: u32,
    /// Days after its last change until a user's cart is deleted.
    pub user_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { guest_days: 30, user_days: 365 }
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), SettingError> {
        Ok(())
    }
}

/// What handlers can reach.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) currency: Currency,
    pub(crate) catalog: catalog::Client,
}

/// The description of the public routes.
pub fn description() -> utoipa::openapi::OpenApi {
    Service::describe(NAME, api::router())
}

/// Makes the service. The database has been migrated.
pub async fn start(
    platform: Platform,
    config: Config,
    catalog: catalog::Client,
) -> Result<Service, BoxError> {
    let app = App {
        db: platform.db.clone(),
        clock: platform.clock,
        currency: platform.currency.clone(),
        catalog,
    };
    let tidy = tidy::Tidy { db: platform.db.clone(), clock: platform.clock, config };
    Ok(Service::new(NAME, &platform, api::router().with_state(app.clone()))
        .internal(internal::router(app))
        .consumer("cart.orders", events::Orders { clock: platform.clock })
        .every(tidy::EVERY, "cart tidy", move || {
            let tidy = tidy.clone();
            async move { tidy.turn().await.map(|()| false) }
        }))
}
