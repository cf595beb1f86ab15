//! Notifications: messages about orders and accounts, from templates that staff can edit, over
//! channels that users can turn off, with a history.
//!
//! Events and staff only queue messages ([`mod@queue`]); the sender delivers them, retries failures
//! and gives up after a day. Secrets are fetched when a message is sent and masked in everything
//! that is stored.

mod api;
mod builtin;
mod carrier;
mod events;
mod model;
mod problems;
mod queue;
mod sender;
mod store;
mod template;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use chassis::clock::Clock;
use chassis::config::{SettingError, Settings};
use chassis::db::{Db, Migrations};
use chassis::definition::{Definition, Permission, Startup};
use chassis::service::{BoxError, Platform, Service};
use contracts::{identity, orders};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::builtin::Shop;
pub use crate::carrier::CarrierKind;
use crate::carrier::{Log, Transport};
use crate::sender::Sender;

/// The service's name: of its database and its settings.
pub const NAME: &str = "notifications";

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The service's tables.
pub static MIGRATIONS: Migrations = Migrations { service: NAME, migrator: &MIGRATOR };

/// The settings of notifications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What the shop is called in messages.
    pub shop_name: String,
    /// Where links in messages lead: the shop's address as customers see it.
    pub public_url: String,
    /// Who brings messages to their recipients. `log` brings them nowhere.
    pub carrier: CarrierKind,
    /// Shows links with their secrets in the log, for trying things out without a mail server.
    /// Not for production.
    pub log_secrets: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            shop_name: "Cartwright".to_owned(),
            public_url: "http://127.0.0.1:8080".to_owned(),
            carrier: CarrierKind::Log,
            log_secrets: false,
        }
    }
}

impl Config {
    fn shop(&self) -> Shop<'_> {
        Shop { name: &self.shop_name, url: self.public_url.trim_end_matches('/') }
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), SettingError> {
        Ok(())
    }

    fn check_for_production(&self) -> Result<(), SettingError> {
        if self.log_secrets {
            let allowed = "false in production";
            return Err(SettingError::new("notifications.log_secrets", true, allowed));
        }
        Ok(())
    }
}

/// The service, as the program lists it.
pub const DEFINITION: Definition = Definition {
    name: NAME,
    summary: "Templates, messages and their delivery",
    port: 8004,
    databases: &[&MIGRATIONS],
    permissions: &[
        Permission::staff("notifications:read"),
        Permission::staff("notifications:send"),
    ],
    rate_limits: &[],
    description,
    start: |startup| Box::pin(begin(startup)),
};

/// Starts the service in a shop.
async fn begin(startup: Startup) -> Result<Service, BoxError> {
    let clients = Clients {
        identity: identity::Client::new(startup.channel("identity")?),
        orders: orders::Client::new(startup.channel("orders")?),
    };
    start(startup.platform.clone(), startup.settings()?, clients).await
}

/// What notifications asks of others.
#[derive(Clone, Debug)]
pub struct Clients {
    /// For one-time tokens.
    pub identity: identity::Client,
    /// For the keys of guests' orders.
    pub orders: orders::Client,
}

/// What handlers, consumers and the sender share.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) config: Arc<Config>,
    pub(crate) identity: identity::Client,
    pub(crate) orders: orders::Client,
    /// Notified when a message was queued in this process.
    pub(crate) wake: Arc<Notify>,
}

/// The description of the public routes.
pub fn description() -> utoipa::openapi::OpenApi {
    Service::describe(NAME, api::router())
}

/// Makes the service on a migrated platform.
pub async fn start(
    platform: Platform,
    config: Config,
    clients: Clients,
) -> Result<Service, BoxError> {
    let Clients { identity, orders } = clients;
    let carrier: Arc<dyn Transport> = match config.carrier {
        CarrierKind::Log => Arc::new(Log { secrets: config.log_secrets }),
    };
    let app = App {
        db: platform.db.clone(),
        clock: platform.clock,
        config: Arc::new(config),
        identity,
        orders,
        wake: Arc::new(Notify::new()),
    };
    let sender = Sender { app: app.clone(), carrier };
    Ok(Service::new(NAME, &platform, api::router().with_state(app.clone()))
        .consumer("notifications.orders", events::Orders(app.clone()))
        .consumer("notifications.users", events::Users(app))
        .queue(&store::MESSAGES)
        .worker("notifications.sender", |stop| sender.run(stop)))
}
