//! Payments: authorise, capture, void and refund, each once, whatever is repeated or killed.
//!
//! `requests` writes down what is asked for; `operations` asks the provider and writes down what
//! came of it, `worker` where the first try did not tell. `model` knows which step may follow
//! which, `provider` is what is asked of those who hold the money, `sandbox` one of them.

mod api;
mod internal;

mod operations;
mod requests;
mod worker;

mod provider;
mod sandbox;

mod model;
mod problems;
mod store;

pub mod audit;

#[cfg(test)]
mod testing;

use std::sync::Arc;
use std::time::Duration;

use chassis::clock::Clock;
use chassis::db::{Db, Migrations};
use chassis::money::Currency;
use chassis::service::{BoxError, Platform, Service};
use serde::{Deserialize, Serialize};
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

/// Which providers there are, and how patient the shop is with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether the sandbox provider may be used, which moves no real money.
    pub sandbox: bool,
    /// How long a request waits for the provider before it answers `pending`, in milliseconds.
    pub answer_ms: u64,
    /// How long one try may take, in milliseconds.
    pub try_ms: u64,
    /// How often the provider is asked before its books are looked up. 1 to 5.
    pub tries: i64,
    /// The pause after the first try, in milliseconds; it doubles with each further one.
    pub pause_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { sandbox: true, answer_ms: 1_000, try_ms: 2_500, tries: 3, pause_ms: 500 }
    }
}

/// What handlers and workers can reach.
#[derive(Clone)]
struct App {
    db: Db,
    clock: Clock,
    currency: Currency,
    config: Arc<Config>,
    providers: Providers,
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
) -> Result<Service, BoxError> {
    let app = App::new(&platform, config, sandbox_books)?;
    if app.db.is_sqlite() {
        // The data directory is locked: nobody else can hold a lease.
        store::take_over(&app.db, app.clock.now()).await?;
    }
    let worker = app.clone();
    Ok(Service::new(NAME, &platform, api::router().with_state(app.clone()))
        .internal(internal::router().with_state(app))
        .worker("payment operations", move |stop| async move {
            worker::work(&worker, stop.cancelled()).await;
            Ok(())
        }))
}

impl App {
    fn new(platform: &Platform, config: Config, sandbox_books: Db) -> Result<Self, BoxError> {
        if !(1..=5).contains(&config.tries) {
            return Err(format!("payments.tries is {}, but must be 1 to 5", config.tries).into());
        }
        if config.try_ms == 0 {
            return Err("payments.try_ms is 0, but must be at least 1".into());
        }
        let sandbox: Arc<dyn Provider> =
            Arc::new(Sandbox { db: sandbox_books, clock: platform.clock });
        let providers = config.sandbox.then_some((sandbox::NAME, sandbox));
        Ok(Self {
            db: platform.db.clone(),
            clock: platform.clock,
            currency: platform.currency.clone(),
            config: Arc::new(config),
            providers: Providers::new(providers),
            unknown: Arc::default(),
        })
    }
}

impl Config {
    fn answer_within(&self) -> Duration {
        Duration::from_millis(self.answer_ms)
    }

    fn try_within(&self) -> Duration {
        Duration::from_millis(self.try_ms)
    }

    /// The pause after so many tries that did not tell.
    fn pause(&self, tries: i64) -> Duration {
        let doublings = u32::try_from(tries - 1).unwrap_or_default().min(10);
        Duration::from_millis(self.pause_ms.saturating_mul(1 << doublings))
    }

    /// How long a process may keep an operation to itself: every try, every pause, and time to
    /// write down what came of it.
    fn lease(&self) -> chrono::TimeDelta {
        let tries: Duration = (1..=self.tries).map(|it| self.try_within() + self.pause(it)).sum();
        let lease = tries + Duration::from_secs(5);
        chrono::TimeDelta::from_std(lease).unwrap_or(chrono::TimeDelta::minutes(1))
    }
}
