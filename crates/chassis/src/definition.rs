//! What a service is to the program that runs it: one [`Definition`] in each service's `lib.rs`.
//! The program's list of them is the only list of services there is.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use utoipa::openapi::OpenApi;

use crate::channel::Channel;
use crate::config::Environment;
use crate::db::{Db, Migrations};
use crate::quota::RateLimit;
use crate::service::{BoxError, Platform, Service};
use crate::shop::ShopProfile;

/// A service, before it is started.
#[derive(Debug)]
pub struct Definition {
    /// Also the name of its section of the settings.
    pub name: &'static str,
    /// A line for people.
    pub summary: &'static str,
    /// Where it listens when it runs in a process of its own and nothing else is said.
    pub port: u16,
    /// Its own database, named like the service, and further ones ([`Startup::database`]).
    pub databases: &'static [&'static Migrations],
    /// What its routes ask for. Several services may ask for the same; one declares it.
    pub permissions: &'static [Permission],
    /// Requests to it that the gateway limits apart from others.
    pub rate_limits: &'static [RateLimit],
    /// The description of its public routes.
    pub description: fn() -> OpenApi,
    /// Makes the service. Its databases have been migrated.
    pub start: fn(Startup) -> BoxFuture<'static, Result<Service, BoxError>>,
}

/// Something a user may be allowed to do, such as `orders:read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// As tokens, policies and accounts spell it.
    pub name: &'static str,
    /// Whether staff have it unless an admin says otherwise; else only admins do.
    pub staff: bool,
}

impl Permission {
    /// What staff may do by default.
    pub const fn staff(name: &'static str) -> Self {
        Self { name, staff: true }
    }

    /// What only admins may do by default.
    pub const fn admin(name: &'static str) -> Self {
        Self { name, staff: false }
    }
}

/// What a service is started with.
#[derive(Debug)]
pub struct Startup {
    pub platform: Platform,
    /// Its databases besides its own, by their names.
    pub databases: BTreeMap<&'static str, Db>,
    /// The channels to all services, by their names.
    pub channels: BTreeMap<&'static str, Channel>,
    /// Where the process may keep files that can be made again.
    pub data_dir: PathBuf,
    pub environment: Environment,
    /// How the shop presents itself.
    pub shop: ShopProfile,
    /// What users can be allowed to do, by all services together.
    pub permissions: Arc<[Permission]>,
    /// The service's own `Config`; see [`Startup::settings`].
    pub settings: Arc<dyn Any + Send + Sync>,
}

impl Startup {
    /// The service's settings. An error where they are another service's.
    pub fn settings<C: Clone + 'static>(&self) -> Result<C, BoxError> {
        let settings = self.settings.downcast_ref::<C>();
        settings.cloned().ok_or_else(|| "these are the settings of another service".into())
    }

    /// One of its further databases.
    pub fn database(&self, name: &str) -> Result<Db, BoxError> {
        let db = self.databases.get(name).cloned();
        db.ok_or_else(|| format!("the database {name} is not open").into())
    }

    /// The way to another service. It does not keep that service alive.
    pub fn channel(&self, service: &str) -> Result<Channel, BoxError> {
        let channel = self.channels.get(service).map(Channel::downgrade);
        channel.ok_or_else(|| format!("there is no service {service}").into())
    }
}
