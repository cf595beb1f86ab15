//! Reviews of products.
//!
//! `model` holds the rules, `store` the SQL, `api` the public routes, `rating` the average that the
//! catalog shows, `events` what happens when orders and users change. Reviews are plain text:
//! stored as written, never treated as HTML.

mod api;

mod events;

mod rating;

mod model;
mod store;

mod problems;

use chassis::clock::Clock;
use chassis::config::{SettingError, Settings};
use chassis::db::{Db, Migrations};
use chassis::definition::{Definition, Permission, Startup};
use chassis::quota::{Rate, RateLimit};
use chassis::service::{BoxError, Platform, Service};
use contracts::catalog;
use serde::{Deserialize, Serialize};

pub const NAME: &str = "reviews";

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

pub static MIGRATIONS: Migrations = Migrations { service: NAME, migrator: &MIGRATOR };

/// The service, as the program lists it.
pub const DEFINITION: Definition = Definition {
    name: NAME,
    summary: "Reviews, ratings, verified purchases",
    port: 8007,
    databases: &[&MIGRATIONS],
    permissions: &[Permission::staff("reviews:moderate")],
    rate_limits: &[RateLimit::per_user("reviews", Rate::new(30, 30))],
    description,
    start: |startup| Box::pin(begin(startup)),
};

/// Starts the service in a shop.
async fn begin(startup: Startup) -> Result<Service, BoxError> {
    let catalog = catalog::Client::new(startup.channel("catalog")?);
    start(startup.platform.clone(), startup.settings()?, catalog).await
}

/// Settings of the reviews service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether a review is public at once; else a moderator approves it first.
    pub auto_approve: bool,
    /// Whether only those who bought a product may review it.
    pub require_purchase: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { auto_approve: true, require_purchase: false }
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
    pub(crate) config: Config,
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
    let app = App { db: platform.db.clone(), clock: platform.clock, config, catalog };
    Ok(Service::new(NAME, &platform, api::router().with_state(app))
        .consumer("reviews.orders", events::Orders)
        .consumer("reviews.users", events::Users { clock: platform.clock }))
}
