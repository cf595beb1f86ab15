//! Catalog: products and their variants, categories, stock and its reservations, search.
//!
//! `model` holds the rules, `store` the SQL. `books` is the transaction that changes products or
//! stock; `products`, `categories`, `reservations` and `fulfillment` are its use cases. `api` and
//! `internal` are the routes, `events` the handlers of other services' events, `workers` the
//! background work. `cache` keeps rendered answers, `search` feeds the index, `pictures` and
//! `imports` handle uploads. `csv` imports and exports product files; `demo` and `invariants` serve
//! the command line.

mod api;
mod internal;

mod demand;
mod events;
mod index_dir;
mod workers;

mod categories;
mod fulfillment;
mod imports;
mod pictures;
mod products;
mod reservations;

mod books;
mod cache;
mod view;

mod search;

pub mod csv;
pub mod demo;
pub mod invariants;

mod model;
mod store;

mod problems;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use catalog_search::Search;
use chassis::clock::Clock;
use chassis::config::{SettingError, Settings, at_least, in_range};
use chassis::db::{Db, Migrations, Tx};
use chassis::definition::{Definition, Permission, Startup};
use chassis::feed::Feed;
use chassis::money::Currency;
use chassis::problem::Result;
use chassis::service::{BoxError, Platform, Service};
use chrono::TimeDelta;
use futures::future::join;
use serde::{Deserialize, Serialize};

use books::StockTx;
use cache::{Cache, Changed};
use demand::Views;
use imports::Counter;
use model::Tree;
use pictures::PictureProcessor;

pub const NAME: &str = "catalog";

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

pub static MIGRATIONS: Migrations = Migrations { service: NAME, migrator: &MIGRATOR };

/// The service, as the program lists it.
pub const DEFINITION: Definition = Definition {
    name: NAME,
    summary: "Products, categories, pictures, stock, search",
    port: 8002,
    databases: &[&MIGRATIONS],
    permissions: &[Permission::staff("catalog:write")],
    rate_limits: &[],
    description,
    start: |startup| Box::pin(begin(startup)),
};

/// Starts the service in a shop.
async fn begin(startup: Startup) -> Result<Service, BoxError> {
    let orders = contracts::orders::Client::new(startup.channel("orders")?);
    let (index, lock) = index_dir::claim(&startup.data_dir)?;
    let service = start(startup.platform.clone(), startup.settings()?, index, orders).await?;
    Ok(service.worker("search directory", move |stop| async move {
        stop.cancelled().await;
        drop(lock);
        Ok(())
    }))
}

/// Settings of the catalog service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Minutes an order may hold stock while its payment is asked for, and a user's own hold lasts.
    pub hold_minutes: u32,
    /// Percent of each SKU, but at least one unit, that may be held without money: by orders whose
    /// customer has to do something first, and by customers' own holds. 100: no limit.
    pub unpaid_share: u32,
    /// At how many available units the event `stock.low` is published.
    pub low_stock_threshold: u32,
    /// MiB of finished answers kept in memory.
    pub cache_mib: u32,
    /// Seconds after which views of products are added up.
    pub views_seconds: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hold_minutes: 15,
            unpaid_share: 20,
            low_stock_threshold: 5,
            cache_mib: 32,
            views_seconds: 30,
        }
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), SettingError> {
        at_least("catalog.hold_minutes", self.hold_minutes, 1)?;
        at_least("catalog.views_seconds", self.views_seconds, 1)?;
        in_range("catalog.unpaid_share", self.unpaid_share, 0..=100)
    }
}

/// What handlers can reach.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) currency: Currency,
    pub(crate) cache: Cache,
    pub(crate) search: Search,
    pub(crate) views: Views,
    pub(crate) desk: PictureProcessor,
    pub(crate) counter: Counter,
    /// How long an order holds stock.
    pub(crate) hold: TimeDelta,
    /// Percent of a SKU that may be held without money.
    pub(crate) unpaid_share: i64,
    low: i64,
}

/// The description of the public routes.
pub fn description() -> utoipa::openapi::OpenApi {
    Service::describe(NAME, api::router())
}

/// Makes the service. The database has been migrated; `index_dir` belongs to the search index.
/// `orders` is asked about what was sold before, if anything was, once the service runs.
pub async fn start(
    platform: Platform,
    config: Config,
    index_dir: PathBuf,
    orders: contracts::orders::Client,
) -> Result<Service, BoxError> {
    let feed = Feed::from_now(&platform.db).await?;
    let app = App::new(&platform, &config, &index_dir)?;
    let (expiring, following, searching) = (app.clone(), app.clone(), app.clone());
    let (tidying, importing, booking) = (app.clone(), app.clone(), app.clone());
    let (counting, every) = (app.clone(), Duration::from_secs(config.views_seconds.into()));
    Ok(Service::new(NAME, &platform, api::router().with_state(app.clone()))
        .internal(internal::router(app.clone()))
        .consumer("catalog.ratings", events::Ratings { app })
        .consumer("catalog.sales", events::Sales)
        .worker("views", move |stop| async move {
            if let Err(problem) = demand::keep(counting, every, stop).await {
                tracing::warn!(%problem, "the latest product views were not saved");
            }
            Ok(())
        })
        .every(workers::EVERY, "catalog holds", move || workers::expire(expiring.clone()))
        .worker("sold before", move |stop| async move {
            stop.run_until_cancelled(workers::book_sold_before(booking, orders)).await;
            Ok(())
        })
        .every(pictures::EVERY, "catalog pictures", move || {
            let app = tidying.clone();
            async move { pictures::tidy(&app.db, app.clock.now()).await.map(|_| false) }
        })
        .queue(&store::imports::IMPORTS)
        .worker("imports", |stop| imports::work(importing, stop))
        .worker("cache", |stop| async move {
            let sharing = workers::share(&following);
            stop.run_until_cancelled(join(workers::follow(&following, feed), sharing)).await;
            Ok(())
        })
        .worker("search", |stop| async move {
            let products = search::Products(searching.db.clone());
            catalog_search::follow(searching.search.clone(), products, stop).await;
            Ok(())
        }))
}

impl App {
    fn new(platform: &Platform, config: &Config, index_dir: &Path) -> Result<Self, BoxError> {
        let shared = if platform.db.is_sqlite() {
            // Its one process has nobody to share with.
            cache::Shared::default()
        } else {
            cache::Shared::over(platform.cache.clone())
        };
        Ok(Self(Arc::new(Shared {
            db: platform.db.clone(),
            clock: platform.clock,
            currency: platform.currency.clone(),
            cache: Cache::new(u64::from(config.cache_mib) << 20, shared),
            search: Search::open(index_dir)?,
            views: Views::default(),
            desk: PictureProcessor::default(),
            counter: Counter::default(),
            hold: TimeDelta::minutes(config.hold_minutes.into()),
            unpaid_share: config.unpaid_share.into(),
            low: config.low_stock_threshold.into(),
        })))
    }

    /// Begins the books of a transaction.
    pub(crate) fn books<'a>(&self, tx: &'a mut Tx) -> StockTx<'a> {
        StockTx::open(tx, self.clock.now(), self.low)
    }

    /// Commits, and throws away the cached answers that no longer hold.
    pub(crate) async fn commit(&self, tx: Tx, changed: Vec<Changed>) -> Result<()> {
        // Where it is not known, what was changed is not taken from others any more.
        let xid = tx.xid().unwrap_or(i64::MAX);
        let committed = tx.commit().await;
        // Even on an error: it may have been committed all the same.
        self.cache.mark(changed, xid);
        Ok(committed?)
    }

    /// All categories.
    pub(crate) async fn tree(&self) -> Result<Arc<Tree>> {
        if let Some(tree) = self.cache.tree() {
            return Ok(tree);
        }
        let at = self.cache.now();
        let tree = Arc::new(store::categories::tree(&self.db).await?);
        self.cache.put_tree(&tree, at);
        Ok(tree)
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
