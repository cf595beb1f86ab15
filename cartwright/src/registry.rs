//! The services of the shop: the only list of them.
//!
//! A new service is its crate, a name in this list, its section in `cartwright.example.toml` and
//! its routes.

use std::any::Any;
use std::sync::{Arc, LazyLock};

use chassis::config::{SettingError, Settings};
use chassis::db::Migrations;
use chassis::definition::{Definition, Permission};
use chassis::quota::RateLimit;
use serde::{Deserialize, Serialize};

use crate::config::{Admin, Database, Server, Services, Shop};

/// Makes the list of services and the settings with a section for each. A service is given by its
/// path, so that what looks for unused dependencies sees that the crate is used.
macro_rules! services {
    ($($service:ident::DEFINITION),+ $(,)?) => {
        /// Every service, in the order in which they start.
        pub static SERVICES: &[&Definition] = &[$(&$service::DEFINITION),+];

        /// Their names.
        pub const NAMES: [&str; [$($service::NAME),+].len()] = [$($service::NAME),+];

        /// Every setting. `cartwright.example.toml` explains each; a test holds it against this.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Config {
            pub shop: Shop,
            pub server: Server,
            pub services: Services,
            pub connections: mesh::server::Config,
            pub database: Database,
            pub bus: engines::BusConfig,
            pub redis: engines::redis::Config,
            pub discovery: mesh::discovery::Config,
            pub log: chassis::telemetry::LogConfig,
            pub admin: Admin,
            pub gateway: gateway::Config,
            $(pub $service: $service::Config,)+
        }

        impl Default for Config {
            fn default() -> Self {
                Self {
                    shop: Shop::default(),
                    server: Server::default(),
                    services: Services::default(),
                    connections: Default::default(),
                    database: Database::default(),
                    bus: Default::default(),
                    redis: Default::default(),
                    discovery: mesh::discovery::Config::of(&NAMES),
                    log: Default::default(),
                    admin: Admin::default(),
                    gateway: gateway::Config::of(gateway::RATE_LIMITS.iter().chain(&*RATE_LIMITS)),
                    $($service: Default::default(),)+
                }
            }
        }

        impl Config {
            /// The section of a service, as its `start` takes it.
            pub(crate) fn of_service(&self, name: &str) -> Arc<dyn Any + Send + Sync> {
                match name {
                    $($service::NAME => Arc::new(self.$service.clone()),)+
                    _ => Arc::new(()),
                }
            }

            /// The sections of all services, with their names, to check them.
            pub(crate) fn of_services(&self) -> [(&'static str, &dyn Settings); NAMES.len()] {
                [$(($service::NAME, &self.$service)),+]
            }
        }
    };
}

services![
    identity::DEFINITION,
    catalog::DEFINITION,
    payments::DEFINITION,
    cart::DEFINITION,
    orders::DEFINITION,
    reviews::DEFINITION,
    notifications::DEFINITION,
];

/// The names of all databases: every service's own, and further ones such as the sandbox's.
pub static DATABASES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| SERVICES.iter().flat_map(|it| database_names(it)).collect());

/// What users can be allowed to do, by all services together.
pub(crate) static PERMISSIONS: LazyLock<Arc<[Permission]>> =
    LazyLock::new(|| SERVICES.iter().flat_map(|it| it.permissions).copied().collect());

/// The classes of requests that the services have limited apart from others.
pub static RATE_LIMITS: LazyLock<Vec<RateLimit>> =
    LazyLock::new(|| SERVICES.iter().flat_map(|it| it.rate_limits).copied().collect());

pub fn definition(name: &str) -> Option<&'static Definition> {
    SERVICES.iter().find(|it| it.name == name).copied()
}

/// The names of a service's databases; the first is its own.
pub(crate) fn database_names(service: &Definition) -> impl Iterator<Item = &'static str> {
    service.databases.iter().map(|it| it.service)
}

/// The migrations of a database.
pub(crate) fn migrations(database: &str) -> Option<Migrations> {
    let mut all = SERVICES.iter().flat_map(|it| it.databases);
    all.find(|it| it.service == database).map(|it| **it)
}

impl Config {
    /// Refuses what cannot be anywhere.
    pub(crate) fn check_services(&self) -> Result<(), SettingError> {
        self.discovery.check_names(&NAMES)?;
        self.gateway.check()?;
        self.gateway.check_quotas(gateway::RATE_LIMITS.iter().chain(&*RATE_LIMITS))?;
        self.of_services().into_iter().try_for_each(|(_, settings)| settings.check())
    }

    /// Refuses what these services do not allow in production.
    pub(crate) fn check_services_for_production(
        &self,
        names: &[&'static str],
    ) -> Result<(), SettingError> {
        let mut used = self.of_services().into_iter().filter(|(name, _)| names.contains(name));
        used.try_for_each(|(_, settings)| settings.check_for_production())
    }
}

/// `cartwright services`: what there is, a line each.
pub(crate) fn print() {
    println!("{:14} {:5} {:20} DESCRIPTION", "SERVICE", "PORT", "DATABASES");
    for service in SERVICES {
        let databases = database_names(service).collect::<Vec<_>>().join(",");
        println!("{:14} {:5} {databases:20} {}", service.name, service.port, service.summary);
    }
}
