//! Answers that copies of the catalog share, so that one that starts cold need not read again what
//! the others have read. See the module above for when one is good.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use chassis::db::{Db, Result};

use super::{Answer, Cache, Dependencies, Kind, Snapshot};

/// How long an answer is kept for others; also how old in it may be what no event reports: how
/// often a product was looked at and bought.
const KEEP: Duration = Duration::from_secs(120);

/// What is shared, and with whom.
#[derive(Debug)]
pub(crate) struct Shared {
    cache: chassis::cache::Cache,
    /// What the keys of this database begin with, once it is known.
    prefix: OnceLock<String>,
    /// All changes after this transaction are marked here: older answers cannot be judged.
    since: AtomicI64,
}

impl Default for Shared {
    fn default() -> Self {
        Self::over(chassis::cache::Cache::default())
    }
}

impl Shared {
    pub(crate) fn over(cache: chassis::cache::Cache) -> Self {
        Self { cache, prefix: OnceLock::new(), since: AtomicI64::new(i64::MAX) }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.cache.is_none()
    }

    /// Begins to share the answers of this database: what changed after `since` is marked.
    pub(crate) async fn begin(&self, db: &Db, currency: &str, since: i64) -> Result<()> {
        let database = crate::store::identity(db).await?;
        let version = env!("CARGO_PKG_VERSION");
        let _ = self.prefix.set(format!("catalog:{version}:{database}:{currency}:"));
        self.since.store(since, Ordering::SeqCst);
        Ok(())
    }

    fn key(&self, kind: Kind, key: &str) -> Option<String> {
        let kind = match kind {
            Kind::Product => "product",
            Kind::Page => "page",
        };
        Some(format!("{}{kind}:{key}", self.prefix.get()?))
    }
}

impl Cache {
    /// An answer that another copy made, if it is good here; kept from `at` on.
    pub(crate) async fn find_shared(
        &self,
        kind: Kind,
        key: &str,
        at: Snapshot,
    ) -> Option<Arc<Answer>> {
        let bytes = self.shared.cache.get(&self.shared.key(kind, key)?).await;
        let found = bytes.and_then(|it| read(&it)).filter(|(xid, needs, _)| {
            needs.kind() == kind
                && *xid >= self.shared.since.load(Ordering::SeqCst)
                && self.holds(needs, |mark| mark.xid.load(Ordering::SeqCst) <= *xid)
        });
        let (_, needs, body) = found?;
        Some(self.keep(key, body, needs, at))
    }

    /// Lets other copies have an answer that was made here.
    pub(crate) fn share(&self, key: &str, answer: &Answer) {
        let key = self.shared.key(answer.needs.kind(), key);
        let Some(key) = key.filter(|_| self.is_good(answer)) else { return };
        let head = serde_json::to_vec(&(answer.at.xid, &answer.needs));
        if let Ok(mut bytes) = head {
            bytes.push(b'\n');
            bytes.extend_from_slice(&answer.body);
            self.shared.cache.put(key, bytes.into(), KEEP);
        }
    }
}

/// The transaction up to which its reader had seen all, what it depends on, and its body.
type Found = (i64, Dependencies, Bytes);

/// None for what is not an answer.
fn read(bytes: &Bytes) -> Option<Found> {
    let end = bytes.iter().position(|it| *it == b'\n')?;
    let (xid, needs) = serde_json::from_slice(&bytes[..end]).ok()?;
    Some((xid, needs, bytes.slice(end + 1..)))
}
