//! The payment providers. Each is a folder here and a line in [`ALL`]; no other code of the shop
//! knows one by name.

mod sandbox;
mod stripe;

use std::collections::BTreeMap;
use std::sync::Arc;

use chassis::clock::Clock;
use chassis::db::{Db, Migrations};
use chassis::page_sources::PageSources;
use chassis::service::BoxError;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use crate::Config;
use crate::provider::{ChargeRecords, PaymentMethod, Provider, Purchase};
use crate::setup::{Finding, SetupCheck};

#[cfg(test)]
pub(crate) use sandbox::Sandbox;
pub use sandbox::SandboxMode;
pub(crate) use stripe::Mode;
pub use stripe::StripeConfig;

/// The databases of providers, by name.
pub type Databases = BTreeMap<&'static str, Db>;

/// A provider in use.
type Opened = Arc<dyn Provider>;

/// What a provider is opened with.
pub(crate) struct Setup<'a> {
    pub(crate) config: &'a Config,
    pub(crate) clock: Clock,
    pub(crate) databases: &'a Databases,
}

/// A provider the shop could use.
struct Entry {
    name: &'static str,
    /// Whether it sends webhooks.
    webhooks: bool,
    /// The ids of all payment methods it may offer.
    methods: &'static [&'static str],
    /// None if the settings turn it off.
    open: fn(&Setup<'_>) -> Result<Option<Opened>, BoxError>,
    /// Whether it is set up so that customers can pay; nothing where it is off.
    check_setup: for<'a> fn(&'a SetupCheck<'a>) -> BoxFuture<'a, Vec<Finding>>,
    /// What the pages on which customers pay use of it.
    page_sources: fn(&Config) -> PageSources,
    records: Records,
}

/// What the shop's payments are compared with.
type Listed = Box<dyn ChargeRecords>;

/// Where a provider's records are.
enum Records {
    /// In a database of the shop's; none if that is not there.
    Database(fn(&Databases) -> Option<Listed>),
    /// With the provider: those of charges since then. None if the settings turn it off.
    Remote(fn(&Setup<'_>, DateTime<Utc>) -> Result<Option<Listed>, BoxError>),
}

const ALL: [Entry; 2] = [sandbox::ENTRY, stripe::ENTRY];

/// The database of payments and those that providers have of their own.
pub(crate) const DATABASES: &[&Migrations] = &[&crate::MIGRATIONS, &sandbox::MIGRATIONS];

/// What the pages on which customers pay use of the providers that these settings turn on.
pub(crate) fn page_sources(config: &Config) -> PageSources {
    ALL.into_iter().fold(PageSources::default(), |all, it| all.and((it.page_sources)(config)))
}

/// What each provider finds of its own set-up, in their order.
pub(crate) async fn check_setup(shop: &SetupCheck<'_>) -> Vec<Finding> {
    let all = ALL.iter().map(|it| (it.check_setup)(shop));
    futures::future::join_all(all).await.into_iter().flatten().collect()
}

/// The providers that send webhooks, whether the shop uses them or not.
pub(crate) fn with_webhooks() -> Vec<&'static str> {
    ALL.into_iter().filter(|it| it.webhooks).map(|it| it.name).collect()
}

/// The ids of the payment methods of all providers, also of those that are off.
pub(crate) fn method_ids() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().flat_map(|it| it.methods.iter().copied())
}

/// The providers of this shop by name.
#[derive(Clone)]
pub(crate) struct Providers(Arc<BTreeMap<&'static str, Opened>>);

impl Providers {
    pub(crate) fn open(setup: &Setup<'_>) -> Result<Self, BoxError> {
        let mut open = BTreeMap::new();
        for entry in ALL {
            if let Some(provider) = (entry.open)(setup)? {
                open.insert(entry.name, provider);
            }
        }
        Ok(Self(Arc::new(open)))
    }

    #[cfg(test)]
    pub(crate) fn of(all: impl IntoIterator<Item = (&'static str, Opened)>) -> Self {
        Self(Arc::new(all.into_iter().collect()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&dyn Provider> {
        self.0.get(name).map(AsRef::as_ref)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }

    /// All of them, with their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &dyn Provider)> {
        self.0.iter().map(|(name, it)| (*name, it.as_ref()))
    }

    /// The payment methods of all providers for a purchase.
    pub(crate) fn methods(&self, purchase: &Purchase) -> Vec<PaymentMethod> {
        self.0.values().flat_map(|it| it.methods(purchase)).collect()
    }
}

/// The records that are in databases of the shop's, with the providers' names.
pub(crate) fn records(databases: &Databases) -> Vec<(&'static str, Listed)> {
    let records = ALL.into_iter().filter_map(|it| match it.records {
        Records::Database(open) => Some((it.name, open(databases)?)),
        Records::Remote(_) => None,
    });
    records.collect()
}

/// Those of charges since then that have to be asked for over the network.
pub(crate) fn remote_records(
    setup: &Setup<'_>,
    since: DateTime<Utc>,
) -> Result<Vec<(&'static str, Listed)>, BoxError> {
    let mut records = Vec::new();
    for entry in ALL {
        if let Records::Remote(open) = entry.records
            && let Some(listed) = open(setup, since)?
        {
            records.push((entry.name, listed));
        }
    }
    Ok(records)
}
