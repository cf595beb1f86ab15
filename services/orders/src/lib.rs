//! Orders: checkout, payment, fulfillment, cancellation, refunds.
//!
//! `carts` reads the cart without what has been bought already, `quote` prices it, `checkout`
//! accepts an order in one transaction, `saga` completes it whatever fails on the way; `cancel` and
//! `events` change its course. `addresses` says where orders may be delivered. `refunds` books
//! refunds, `shares` knows what each line was sold for. `keys` makes links that open an order,
//! `joins` has guests' orders join an account. `api` is the public API, `internal` the
//! routes for other services.

mod api;
mod internal;

mod addresses;
mod cancel;
mod capture;
mod carts;
mod checkout;
mod events;
mod joins;
mod keys;
mod pay;
mod providers;
mod quote;
mod refunds;
mod saga;
mod shares;
mod token;

mod model;
mod problems;
mod store;

pub mod invariants;

#[cfg(test)]
mod testing;

use std::sync::Arc;

use chassis::clock::Clock;
use chassis::config::{SettingError, Settings, in_range};
use chassis::db::{Db, Migrations};
use chassis::definition::{Definition, Permission, Startup};
use chassis::money::{Currency, MAX_AMOUNT};
use chassis::quota::{Rate, RateLimit};
use chassis::service::{BoxError, Platform, Service};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::{cart, catalog, payments};
use serde::{Deserialize, Serialize};
use sqlx::migrate::Migrator;
use tokio::sync::Notify;

pub const NAME: &str = "orders";

static MIGRATOR: Migrator = sqlx::migrate!();

pub static MIGRATIONS: Migrations = Migrations { service: NAME, migrator: &MIGRATOR };

/// What an order costs beside its goods, and how long things may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Shipping of an order, in minor units.
    pub shipping_flat: i64,
    /// Subtotal from which shipping is free, in minor units. 0: never.
    pub shipping_free_from: i64,
    /// Express shipping of an order, in minor units, whatever its subtotal. 0: not offered.
    pub shipping_express: i64,
    /// Tax added on taxable lines and shipping, in hundredths of a percent: 825 is 8.25 %.
    pub tax_basis_points: i64,
    /// How long a checkout waits for its outcome before it answers 202, in milliseconds.
    pub inline_ms: u64,
    /// After how many seconds an order that could not be decided is given up.
    pub deadline_seconds: i64,
    /// Minutes a customer with an account has for what a payment asks of them (3-D Secure).
    pub action_minutes: i64,
    /// The same for a guest.
    pub guest_action_minutes: i64,
    /// Days a link to a guest's order opens it, from when its mail was sent.
    pub link_days: i64,
    /// The countries orders are delivered to, by their ISO 3166-1 alpha-2 codes. None: everywhere.
    pub countries: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            shipping_flat: 500,
            shipping_free_from: 5_000,
            shipping_express: 1_500,
            tax_basis_points: 0,
            inline_ms: 2_500,
            deadline_seconds: 600,
            action_minutes: 10,
            guest_action_minutes: 3,
            link_days: 90,
            countries: Vec::new(),
        }
    }
}

/// The longest a customer may take for what a payment asks of them: a day.
const MAX_ACTION_MINUTES: i64 = 1_440;
/// The longest a bank may take to decide about a payment: 60 days.
const MAX_PROCESSING_MINUTES: i64 = 86_400;

impl App {
    /// When work that begins now is given up.
    fn deadline(&self) -> DateTime<Utc> {
        self.clock.now() + TimeDelta::seconds(self.config.deadline_seconds)
    }

    /// Until when a customer may do what a payment asks of them now. A provider may ask for more
    /// minutes than the settings give.
    fn action_until(&self, guest: bool, provider: Option<u32>) -> DateTime<Utc> {
        let own = if guest { self.config.guest_action_minutes } else { self.config.action_minutes };
        let minutes = own.max(provider.map_or(0, i64::from)).min(MAX_ACTION_MINUTES);
        self.clock.now() + TimeDelta::minutes(minutes)
    }

    /// Until when a bank may decide about a payment. Its provider says how long that takes.
    fn processing_until(&self, provider: Option<u32>) -> DateTime<Utc> {
        let minutes = provider.map_or(MAX_ACTION_MINUTES, i64::from).min(MAX_PROCESSING_MINUTES);
        self.clock.now() + TimeDelta::minutes(minutes)
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), SettingError> {
        let inline_ms = i64::try_from(self.inline_ms).unwrap_or(i64::MAX);
        for (name, value, allowed) in [
            ("shipping_flat", self.shipping_flat, 0..=MAX_AMOUNT),
            ("shipping_free_from", self.shipping_free_from, 0..=MAX_AMOUNT),
            ("shipping_express", self.shipping_express, 0..=MAX_AMOUNT),
            ("tax_basis_points", self.tax_basis_points, 0..=10_000),
            ("inline_ms", inline_ms, 0..=60_000),
            ("deadline_seconds", self.deadline_seconds, 1..=86_400),
            ("action_minutes", self.action_minutes, 1..=MAX_ACTION_MINUTES),
            ("guest_action_minutes", self.guest_action_minutes, 1..=MAX_ACTION_MINUTES),
            ("link_days", self.link_days, 1..=365),
        ] {
            in_range(&format!("orders.{name}"), value, allowed)?;
        }
        addresses::Delivery::parse(&self.countries).map(drop)
    }
}

/// The service, as the program lists it.
pub const DEFINITION: Definition = Definition {
    name: NAME,
    summary: "Orders, and the saga that brings them to their end",
    port: 8003,
    databases: &[&MIGRATIONS],
    permissions: &[
        Permission::staff("orders:read"),
        Permission::staff("orders:write"),
        Permission::staff("reports:read"),
    ],
    rate_limits: &[
        RateLimit::per_user("checkout", Rate::new(60, 30)),
        // Asking for links to orders.
        RateLimit::per_address("find", Rate::new(20, 20)),
    ],
    description,
    start: |startup| Box::pin(begin(startup)),
};

/// Starts the service in a shop.
async fn begin(startup: Startup) -> Result<Service, BoxError> {
    let clients = Clients {
        cart: cart::Client::new(startup.channel("cart")?),
        catalog: catalog::Client::new(startup.channel("catalog")?),
        payments: payments::Client::new(startup.channel("payments")?),
    };
    start(startup.platform.clone(), startup.settings()?, clients).await
}

/// What orders asks of others.
#[derive(Clone, Debug)]
pub struct Clients {
    pub cart: cart::Client,
    pub catalog: catalog::Client,
    pub payments: payments::Client,
}

/// What handlers and workers can reach.
#[derive(Clone)]
struct App {
    db: Db,
    clock: Clock,
    currency: Currency,
    config: Arc<Config>,
    clients: Clients,
    tokens: token::Tokens,
    providers: providers::Providers,
    delivery: Arc<addresses::Delivery>,
    /// Wakes the worker when a saga became due.
    due: Arc<Notify>,
    /// Wakes the worker that joins orders to accounts.
    proven: Arc<Notify>,
}

/// The description of the public routes.
pub fn description() -> utoipa::openapi::OpenApi {
    Service::describe(NAME, api::router())
}

/// Builds the service. Sagas that a process before this one has left behind are taken over.
pub async fn start(
    platform: Platform,
    config: Config,
    clients: Clients,
) -> Result<Service, BoxError> {
    let app = App::open(&platform, config, clients).await?;
    for queue in [&store::SAGAS, &store::JOINS] {
        queue.inherit(&app.db, app.clock.now()).await?;
    }
    let (worker, joiner, tidier) = (app.clone(), app.clone(), app.clone());
    Ok(Service::new(NAME, &platform, api::router().with_state(app.clone()))
        .internal(internal::router(app.clone()))
        .consumer("orders.payments", events::Payments(app.clone()))
        .consumer("orders.users", events::Users(app))
        .queue(&store::SAGAS)
        .queue(&store::JOINS)
        .worker("order sagas", move |stop| async move {
            saga::work(worker, stop).await;
            Ok(())
        })
        .worker("order joins", move |stop| async move {
            joins::work(&joiner, &stop).await;
            Ok(())
        })
        .every(keys::TIDY, "orders tidy", move || {
            let app = tidier.clone();
            async move { keys::tidy(&app).await.map(|()| false) }
        }))
}

impl App {
    async fn open(platform: &Platform, config: Config, clients: Clients) -> Result<Self, BoxError> {
        config.check()?;
        Ok(Self {
            tokens: token::Tokens::load(&platform.db).await?,
            providers: providers::Providers::new(clients.payments.clone()),
            delivery: Arc::new(addresses::Delivery::parse(&config.countries)?),
            db: platform.db.clone(),
            clock: platform.clock,
            currency: platform.currency.clone(),
            config: Arc::new(config),
            clients,
            due: Arc::default(),
            proven: Arc::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_for_an_action_are_at_least_one_and_at_most_a_day() {
        for minutes in [0, -1, 1_441] {
            let guests = Config { guest_action_minutes: minutes, ..Config::default() };
            let said = guests.check().unwrap_err().to_string();
            let right = format!("orders.guest_action_minutes is {minutes}, but must be 1 to 1440");
            assert_eq!(said, right);
            let accounts = Config { action_minutes: minutes, ..Config::default() };
            assert!(accounts.check().is_err());
        }
        Config { action_minutes: 1_440, ..Config::default() }.check().unwrap();
    }

    #[test]
    fn links_open_an_order_for_a_day_to_a_year() {
        for link_days in [0, -1, 366] {
            let said = Config { link_days, ..Config::default() }.check().unwrap_err().to_string();
            assert_eq!(said, format!("orders.link_days is {link_days}, but must be 1 to 365"));
        }
        for link_days in [1, 365] {
            Config { link_days, ..Config::default() }.check().unwrap();
        }
    }
}
