//! Notifications: messages about orders and accounts, from templates that staff can edit, over
//! channels that users can turn off, with a history.
//!
//! Events and staff only queue messages ([`mod@queue`]); the sender delivers them, retries failures
//! and gives up after a day. Secrets are fetched when a message is sent and masked in everything
//! that is stored.

mod api;
mod builtin;
mod colour;
mod config;
mod delivery;
mod events;
mod layout;
mod markdown;
mod model;
mod problems;
mod push;
mod queue;
mod reports;
mod sender;
pub mod setup;
mod store;
mod template;
#[cfg(test)]
mod testing;
mod texts;
mod transport;
mod unsubscribe;
mod wording;

use std::sync::Arc;

use chassis::clock::Clock;
use chassis::db::{Db, Migrations};
use chassis::definition::{Definition, Permission, Startup};
use chassis::service::{BoxError, Platform, Service};
use chassis::shop::ShopProfile;
use contracts::{identity, orders};
use tokio::sync::Notify;

pub use crate::config::{ChannelConfig, Config};
use crate::delivery::Delivery;
use crate::sender::Sender;
use crate::transport::Setup;
pub use crate::transport::{
    Authentication, Encryption, FcmConfig, Provider, SendgridConfig, SmtpConfig, TwilioConfig,
};

/// The service's name: of its database and its settings.
pub const NAME: &str = "notifications";

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The service's tables.
pub static MIGRATIONS: Migrations = Migrations { service: NAME, migrator: &MIGRATOR };

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
    start(startup.platform.clone(), startup.settings()?, startup.shop.clone(), clients).await
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
    pub(crate) shop: Arc<ShopProfile>,
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) identity: identity::Client,
    pub(crate) orders: orders::Client,
    pub(crate) unsubscribe: unsubscribe::Tokens,
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
    shop: ShopProfile,
    clients: Clients,
) -> Result<Service, BoxError> {
    let Clients { identity, orders } = clients;
    let setup = Setup { config: &config, shop: &shop, clock: platform.clock };
    let delivery = Arc::new(Delivery::open(&setup)?);
    let app = App {
        db: platform.db.clone(),
        clock: platform.clock,
        config: Arc::new(config),
        shop: Arc::new(shop),
        delivery,
        identity,
        orders,
        unsubscribe: unsubscribe::Tokens::load(&platform.db).await?,
        wake: Arc::new(Notify::new()),
    };
    let sender = Sender { app: app.clone() };
    Ok(Service::new(NAME, &platform, api::router().with_state(app.clone()))
        .consumer("notifications.orders", events::Orders(app.clone()))
        .consumer("notifications.users", events::Users(app.clone()))
        .webhooks(reports::Webhooks(app))
        .queue(&store::MESSAGES)
        .worker("notifications.sender", |stop| sender.run(stop)))
}
