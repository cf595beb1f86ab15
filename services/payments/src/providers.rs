//! The providers a shop can use. One is a folder here and a line in [`ALL`]; nothing else of the
//! shop knows any by its name.

mod sandbox;

use std::collections::BTreeMap;
use std::sync::Arc;

use chassis::clock::Clock;
use chassis::db::{Db, Migrations};
use chassis::service::BoxError;

use crate::Config;
use crate::provider::{Books, PaymentMethod, Provider};

#[cfg(test)]
pub(crate) use sandbox::Sandbox;
pub use sandbox::SandboxMode;

/// The databases of payments by their names, its own left out: what providers write down
/// themselves.
pub type Databases = BTreeMap<&'static str, Db>;

/// What a provider is made of.
pub(crate) struct Setup<'a> {
    pub(crate) config: &'a Config,
    pub(crate) clock: Clock,
    pub(crate) databases: &'a Databases,
}

/// What is known of a provider before it is used.
struct Entry {
    name: &'static str,
    /// None where the settings leave it out.
    open: fn(&Setup<'_>) -> Result<Option<Arc<dyn Provider>>, BoxError>,
    /// None where it has no books that can be read.
    books: fn(&Databases) -> Option<Box<dyn Books>>,
}

const ALL: [Entry; 1] = [sandbox::ENTRY];

/// The database of payments and those that providers have of their own.
pub(crate) const DATABASES: &[&Migrations] = &[&crate::MIGRATIONS, &sandbox::MIGRATIONS];

/// The providers of this shop by name.
#[derive(Clone)]
pub(crate) struct Providers(Arc<BTreeMap<&'static str, Arc<dyn Provider>>>);

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
    pub(crate) fn of(all: impl IntoIterator<Item = (&'static str, Arc<dyn Provider>)>) -> Self {
        Self(Arc::new(all.into_iter().collect()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&dyn Provider> {
        self.0.get(name).map(AsRef::as_ref)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }

    /// The ways to pay that all of them offer.
    pub(crate) fn methods(&self) -> Vec<PaymentMethod> {
        self.0.values().flat_map(|it| it.methods()).collect()
    }
}

/// The books of all providers that have any, by the providers' names.
pub(crate) fn books(databases: &Databases) -> Vec<(&'static str, Box<dyn Books>)> {
    let books = ALL.into_iter().map(|it| Some((it.name, (it.books)(databases)?)));
    books.flatten().collect()
}
