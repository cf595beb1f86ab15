//! What everything in the double shares: both modes, keys, faults, the clock and the log.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use crate::deliveries::Delivered;
use crate::faults::Armed;
use crate::idempotency::Keys;
use crate::ids::Ids;
use crate::objects::{Kind, number, text};
use crate::options::Options;
use crate::world::{Account, World};

/// A request to the API, as it arrived. Keys of the account are not kept.
#[derive(Clone, Debug, Serialize)]
pub struct Logged {
    pub method: String,
    pub path: String,
    pub query: String,
    pub idempotency_key: Option<String>,
    pub body: String,
    /// None if there was no answer, or not yet.
    pub status: Option<u16>,
}

#[derive(Debug)]
pub(crate) struct Core {
    /// The mode of the account's key, and the other one.
    pub(crate) worlds: [World; 2],
    pub(crate) keys: Keys,
    pub(crate) armed: Armed,
    pub(crate) log: Vec<Logged>,
    pub(crate) delivered: Vec<Delivered>,
    /// How far the double's clock is ahead, in seconds.
    pub(crate) ahead: i64,
    pub(crate) revoked: bool,
    pub(crate) requests: Ids,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    core: Mutex<Core>,
    /// Webhooks may be due.
    pub(crate) due: Notify,
    /// One batch of webhooks at a time.
    pub(crate) sending: tokio::sync::Mutex<()>,
    /// How often held requests were released.
    pub(crate) releases: watch::Sender<u64>,
    /// How many are held.
    pub(crate) held: watch::Sender<usize>,
    pub(crate) down: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(options: Options, url: String) -> Arc<Self> {
        let account = Arc::new(Account {
            id: options.account.clone(),
            api_version: options.api_version.clone(),
            url,
            releases_are_refunds: options.releases_are_refunds,
        });
        let world = |live| World::new(Arc::clone(&account), live, options.seed);
        let core = Core {
            worlds: [world(options.live), world(!options.live)],
            keys: Keys::default(),
            armed: Armed::default(),
            log: Vec::new(),
            delivered: Vec::new(),
            ahead: 0,
            revoked: false,
            requests: Ids::new(!options.seed),
        };
        Arc::new(Self {
            options,
            core: Mutex::new(core),
            due: Notify::new(),
            sending: tokio::sync::Mutex::new(()),
            releases: watch::channel(0).0,
            held: watch::channel(0).0,
            down: watch::channel(false).0,
        })
    }

    /// Does something at the double's time, after what time alone has brought about.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Core) -> T) -> T {
        let done = self.with_quietly(work);
        self.due.notify_one();
        done
    }

    /// The same without a look for webhooks: for whoever sends them.
    pub(crate) fn with_quietly<T>(&self, work: impl FnOnce(&mut Core) -> T) -> T {
        let mut core = self.core.lock();
        core.set_time((self.options.now)());
        work(&mut core)
    }

    /// The same in the mode of the account's key.
    pub(crate) fn world<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        self.with(|core| {
            let world = &mut core.worlds[0];
            world.cause = (None, None);
            work(world)
        })
    }
}

impl Core {
    fn set_time(&mut self, now: i64) {
        for world in &mut self.worlds {
            world.now = now + self.ahead;
            world.cause = (None, None);
            world.pass_time();
        }
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        self.ahead += seconds;
        let now = self.worlds[0].now + seconds - self.ahead;
        self.set_time(now);
    }
}

impl World {
    /// What the account has in each currency: the sum of its balance transactions.
    pub(crate) fn balance(&self) -> std::collections::BTreeMap<String, i64> {
        let mut sums = std::collections::BTreeMap::new();
        for entry in self.objects.all(Kind::BalanceTransaction) {
            *sums.entry(text(entry, "currency").to_owned()).or_default() += number(entry, "net");
        }
        sums
    }

    pub(crate) fn all_shown(&self, kind: Kind) -> Vec<Value> {
        self.objects.all(kind).iter().map(crate::objects::shown).collect()
    }
}
