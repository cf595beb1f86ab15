//! Identity: accounts, authentication and permissions.
//!
//! `model` holds users and their rights; `accounts` and `sessions` are use cases that several entry
//! points share; `browser`, `client`, `agent` and `devices` identify the caller; `passwords`,
//! `tokens`, `keys` and `throttle` are security; `store` is the SQL, `api` and `internal` the HTTP surface,
//! `admin` and `rotation` serve the command line.

mod model;

mod keys;
mod passwords;
mod tokens;

mod accounts;
mod agent;
mod browser;
mod client;
mod devices;
mod email_changes;
mod recovery;
mod sessions;
mod throttle;
mod tidy;
mod trust;

pub mod admin;
mod api;
mod internal;
pub mod rotation;

mod problems;
mod store;

use std::sync::Arc;

use chassis::clock::Clock;
use chassis::config::{SettingError, Settings, at_least};
use chassis::db::{Db, Migrations};
use chassis::definition::{Definition, Permission, Startup};
use chassis::quota::{Rate, RateLimit};
use chassis::service::{BoxError, Platform, Service};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use model::Permissions;

pub const NAME: &str = "identity";

/// Where the public keys are, as a JWK set. `/.well-known/jwks.json` is the same.
pub const JWKS_PATH: &str = "/api/v1/auth/jwks";

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
pub static MIGRATIONS: Migrations = Migrations { service: NAME, migrator: &MIGRATOR };

/// Settings of accounts and logins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Passwords hashed at the same time; 0 for one per core. Each takes 19 MiB meanwhile.
    pub hash_concurrency: u16,
    /// Logins that may wait for their turn; further ones get 503.
    pub hash_queue: u16,
    /// Days until an unused session ends.
    pub refresh_token_days: u16,
    /// Failed logins with one name from one network (IPv4 /24, IPv6 /64), or from one browser the
    /// account knows, after which that network or browser has to wait.
    pub failures_per_account: u16,
    /// Failed logins from one address after which it has to wait, but for browsers an account
    /// knows.
    pub failures_per_address: u16,
    /// Minutes a failed login counts.
    pub failure_window_minutes: u16,
}

/// The service, as the program lists it.
pub const DEFINITION: Definition = Definition {
    name: NAME,
    summary: "Accounts, sessions, tokens, roles",
    port: 8001,
    databases: &[&MIGRATIONS],
    permissions: &[
        Permission::staff("users:read"),
        Permission::admin("users:write"),
        Permission::staff("system:read"),
        Permission::admin("system:write"),
    ],
    rate_limits: &[
        // Wrong passwords are throttled besides.
        RateLimit::per_address("login", Rate::new(60, 60)),
        RateLimit::per_address("register", Rate::new(30, 30)),
        // One-time tokens.
        RateLimit::per_address("reset", Rate::new(20, 20)),
    ],
    description,
    start: |startup| Box::pin(begin(startup)),
};

/// Starts the service in a shop.
async fn begin(startup: Startup) -> Result<Service, BoxError> {
    let (config, permissions) = (startup.settings()?, startup.permissions);
    start(startup.platform, config, permissions).await
}

/// What handlers can reach.
#[derive(Clone)]
pub(crate) struct App {
    db: Db,
    clock: Clock,
    verifier: chassis::auth::Verifier,
    config: Arc<Config>,
    permissions: Permissions,
    hasher: passwords::Hasher,
    turns: throttle::Turns,
    keys: keys::Keys,
}

/// The description of the public routes.
pub fn description() -> utoipa::openapi::OpenApi {
    Service::describe(NAME, api::router())
}

/// Starts the service on a migrated database. `permissions` are what users can be allowed to do. On
/// the first start it makes the key that tokens are signed with. Tokens are verified in this
/// process from then on.
pub async fn start(
    platform: Platform,
    config: Config,
    permissions: Arc<[Permission]>,
) -> Result<Service, BoxError> {
    let app = App::open(&platform, config, Permissions::new(permissions)).await?;
    trust::refresh_here(&app).await;
    let tidying = app.clone();
    Ok(Service::new(NAME, &platform, api::router().with_state(app.clone()))
        .internal(internal::router(app))
        .every(tidy::EVERY, "identity tidy", move || {
            let app = tidying.clone();
            async move { tidy::turn(&app).await.map(|()| false) }
        }))
}

impl App {
    async fn open(
        platform: &Platform,
        config: Config,
        permissions: Permissions,
    ) -> Result<Self, keys::Error> {
        Ok(Self {
            permissions,
            db: platform.db.clone(),
            clock: platform.clock,
            verifier: platform.verifier.clone(),
            hasher: passwords::Hasher::new(
                config.hash_concurrency.into(),
                config.hash_queue.into(),
            ),
            turns: throttle::Turns::default(),
            config: Arc::new(config),
            keys: keys::Keys::open(&platform.db, platform.clock.now()).await?,
        })
    }
}

impl Config {
    fn refresh_token(&self) -> TimeDelta {
        TimeDelta::days(self.refresh_token_days.into())
    }

    fn failure_window(&self) -> TimeDelta {
        TimeDelta::minutes(self.failure_window_minutes.into())
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), SettingError> {
        at_least("identity.refresh_token_days", self.refresh_token_days, 1)?;
        at_least("identity.failures_per_account", self.failures_per_account, 1)?;
        at_least("identity.failures_per_address", self.failures_per_address, 1)?;
        at_least("identity.failure_window_minutes", self.failure_window_minutes, 1)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hash_concurrency: 0,
            hash_queue: 100,
            refresh_token_days: 30,
            failures_per_account: 10,
            failures_per_address: 100,
            failure_window_minutes: 15,
        }
    }
}
