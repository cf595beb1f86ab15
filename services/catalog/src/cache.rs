//! Rendered answers, and how they are known to be stale.
//!
//! Every change increments one counter and marks what it touched with the new count: a product (by
//! a slot of its id), all lists, all categories, or stock as such. An answer carries the count at
//! which its reading began, and is valid as long as nothing it depends on has a higher one. So a
//! read that raced a write is discarded whichever came last.
//!
//! Instances of the catalog share answers through `shared`. Counts mean nothing to another process,
//! so marks also carry the id of the changing transaction, and a shared answer the last transaction
//! its reader had followed the outbox to: all up to that one had finished and were visible to it.
//! It is valid here as long as nothing it depends on has a higher id. An instance marks its own
//! writes at once and those of others when the feed reaches them, so a shared answer is never older
//! than a local one: a write is visible at once where it was made and everywhere within 2 s.

mod shared;

pub(crate) use shared::Shared;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::body::Body;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use moka::policy::EvictionPolicy;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::model::Tree;

/// Products share slots; a neighbour's change costs one reading more.
const SLOTS: usize = 4096;
/// What an entry takes beside its key and its bytes.
const OVERHEAD: usize = 256;

/// Answers by what was asked for, bounded by the bytes they take.
type Answers = moka::sync::Cache<Arc<str>, Arc<Answer>>;

/// Kept answers.
///
/// Products and pages have a half each. In one cache a page, large and one of few, has to push out
/// many products at once, which its admission by frequency does not let it where they are in
/// demand.
#[derive(Debug)]
pub(crate) struct Cache {
    details: Answers,
    pages: Answers,
    /// Needed for nearly every answer, and small.
    tree: RwLock<Option<(Snapshot, Arc<Tree>)>>,
    count: AtomicU64,
    /// The last transaction that was followed.
    followed: AtomicI64,
    products: Box<[Mark]>,
    lists: Mark,
    categories: Mark,
    stock: Mark,
    shared: Shared,
}

/// The last change of something: by the count of this process, and its transaction.
#[derive(Debug, Default)]
struct Mark {
    count: AtomicU64,
    xid: AtomicI64,
}

/// A finished answer.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Bytes,
    etag: HeaderValue,
    needs: Dependencies,
    /// The count when reading began.
    at: Snapshot,
    /// Whether anybody may have it.
    public: bool,
}

/// The count of changes at some moment, and the transaction up to which all were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Snapshot {
    count: u64,
    xid: i64,
}

/// What an answer depends on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Dependencies {
    Product(Uuid),
    /// These products, and which of all they are; with `stock`, which of them are in stock.
    List {
        slots: Box<[Bucket]>,
        stock: bool,
    },
    Categories,
}

/// What an answer is about. The key of a product is what a client has written, which may be
/// anything: every place that keeps answers keeps products apart. The keys of pages begin with a
/// word that says what is asked for; what a client has written comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Product,
    Page,
}

/// Where changes of a product are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bucket(u16);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    Product(Uuid),
    Stock(Uuid),
    /// How often it was looked at or bought.
    Demand(Uuid),
    Categories,
}

impl Dependencies {
    fn kind(&self) -> Kind {
        match self {
            Self::Product(_) => Kind::Product,
            Self::List { .. } | Self::Categories => Kind::Page,
        }
    }
}

impl Bucket {
    pub(crate) fn of(product: Uuid) -> Self {
        // The last bytes of a UUIDv7 are random.
        let [.., high, low] = *product.as_bytes();
        Self(u16::from_be_bytes([high, low]) % SLOTS as u16)
    }
}

impl Cache {
    /// Keeps answers of up to `capacity` bytes in all.
    pub(crate) fn new(capacity: u64, shared: Shared) -> Self {
        let answers = |policy| {
            let weight = |key: &Arc<str>, answer: &Arc<Answer>| {
                let weight = key.len() + answer.body.len() + OVERHEAD;
                u32::try_from(weight).unwrap_or(u32::MAX)
            };
            Answers::builder()
                .max_capacity(capacity / 2)
                .weigher(weight)
                .eviction_policy(policy)
                .build()
        };
        Self {
            details: answers(EvictionPolicy::tiny_lfu()),
            pages: answers(EvictionPolicy::lru()),
            tree: RwLock::default(),
            count: AtomicU64::new(0),
            followed: AtomicI64::new(0),
            products: (0..SLOTS).map(|_| Mark::default()).collect(),
            lists: Mark::default(),
            categories: Mark::default(),
            stock: Mark::default(),
            shared,
        }
    }

    /// Marks what a transaction changed. To be called right after the commit.
    pub(crate) fn mark(&self, changed: impl IntoIterator<Item = Changed>, xid: i64) {
        for changed in changed {
            let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
            self.raise(changed, count, xid);
        }
    }

    /// Marks what was changed before this process kept anything: for shared answers only.
    pub(crate) fn mark_past(&self, changed: Changed, xid: i64) {
        self.raise(changed, 0, xid);
    }

    fn raise(&self, changed: Changed, count: u64, xid: i64) {
        let raise = |mark: &Mark| {
            mark.count.fetch_max(count, Ordering::SeqCst);
            mark.xid.fetch_max(xid, Ordering::SeqCst);
        };
        match changed {
            Changed::Product(id) => {
                raise(self.slot(Bucket::of(id)));
                raise(&self.lists);
                raise(&self.stock);
            }
            Changed::Stock(id) => {
                raise(self.slot(Bucket::of(id)));
                raise(&self.stock);
            }
            // No event tells it, so it is no reason not to take an answer from another copy.
            Changed::Demand(id) => {
                self.slot(Bucket::of(id)).count.fetch_max(count, Ordering::SeqCst);
            }
            Changed::Categories => {
                raise(&self.categories);
                raise(&self.lists);
            }
        }
    }

    /// Notes that all up to this transaction has been marked.
    pub(crate) fn followed(&self, xid: i64) {
        self.followed.fetch_max(xid, Ordering::SeqCst);
    }

    /// Where shared answers are.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The present moment: to be taken before reading what becomes an answer.
    pub(crate) fn now(&self) -> Snapshot {
        Snapshot {
            count: self.count.load(Ordering::SeqCst),
            xid: self.followed.load(Ordering::SeqCst),
        }
    }

    /// The kept answer about one product, if it is still good.
    pub(crate) fn product(&self, key: &str) -> Option<Arc<Answer>> {
        self.details.get(key).filter(|it| self.is_good(it))
    }

    /// Any other kept answer, if it is still good.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Answer>> {
        self.pages.get(key).filter(|it| self.is_good(it))
    }

    /// Keeps an answer whose reading began at `at`.
    pub(crate) fn put(
        &self,
        key: &str,
        body: Vec<u8>,
        needs: Dependencies,
        at: Snapshot,
    ) -> Arc<Answer> {
        self.keep(key, body.into(), needs, at)
    }

    fn keep(&self, key: &str, body: Bytes, needs: Dependencies, at: Snapshot) -> Arc<Answer> {
        let answer = Arc::new(Answer { etag: etag(&body), body, needs, at, public: true });
        if self.is_good(&answer) {
            let answers = match answer.needs.kind() {
                Kind::Product => &self.details,
                Kind::Page => &self.pages,
            };
            answers.insert(key.into(), answer.clone());
        }
        answer
    }

    /// The categories, if they are still as they were read.
    pub(crate) fn tree(&self) -> Option<Arc<Tree>> {
        let tree = self.tree.read();
        let (at, tree) = tree.as_ref()?;
        (self.categories.count.load(Ordering::SeqCst) <= at.count).then(|| tree.clone())
    }

    /// Keeps the categories as they were read from `at` on.
    pub(crate) fn put_tree(&self, tree: &Arc<Tree>, at: Snapshot) {
        let mut kept = self.tree.write();
        if kept.as_ref().is_none_or(|(known, _)| *known <= at) {
            *kept = Some((at, tree.clone()));
        }
    }

    fn is_good(&self, answer: &Answer) -> bool {
        let at = answer.at.count;
        self.holds(&answer.needs, |mark| mark.count.load(Ordering::SeqCst) <= at)
    }

    fn holds(&self, needs: &Dependencies, good: impl Fn(&Mark) -> bool) -> bool {
        match needs {
            Dependencies::Product(id) => good(self.slot(Bucket::of(*id))) && good(&self.categories),
            Dependencies::List { slots, stock } => {
                good(&self.lists)
                    && (!stock || good(&self.stock))
                    && slots.iter().all(|it| good(self.slot(*it)))
            }
            Dependencies::Categories => good(&self.categories),
        }
    }

    fn slot(&self, Bucket(at): Bucket) -> &Mark {
        &self.products[usize::from(at) % SLOTS]
    }
}

impl Answer {
    /// The product it is about.
    pub(crate) fn product(&self) -> Option<Uuid> {
        match self.needs {
            Dependencies::Product(id) => Some(id),
            Dependencies::List { .. } | Dependencies::Categories => None,
        }
    }

    /// An answer that is not kept.
    pub(crate) fn once(body: Vec<u8>) -> Self {
        Self {
            etag: etag(&body),
            body: body.into(),
            needs: Dependencies::Categories,
            at: Snapshot::default(),
            public: true,
        }
    }

    /// An answer that only who has asked may have.
    pub(crate) fn private(body: Vec<u8>) -> Self {
        Self { public: false, ..Self::once(body) }
    }

    /// The answer to a request with these headers: 304 where the client has it already.
    pub(crate) fn respond(&self, headers: &HeaderMap) -> Response<Body> {
        let known = headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .any(|it| names(it.as_bytes(), self.etag.as_bytes()));
        let mut response =
            Response::new(if known { Body::empty() } else { Body::from(self.body.clone()) });
        let put = |headers: &mut HeaderMap, name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            put(response.headers_mut(), header::CONTENT_TYPE, "application/json");
        }
        response.headers_mut().insert(header::ETAG, self.etag.clone());
        if self.public {
            // Kept by browsers, but asked for again each time: stock and prices are always true.
            put(response.headers_mut(), header::CACHE_CONTROL, "no-cache");
        }
        response
    }
}

/// Whether a list of tags, or `*`, names this one. Weak tags count as the strong ones they were.
fn names(list: &[u8], etag: &[u8]) -> bool {
    list.split(|it| *it == b',').map(<[u8]>::trim_ascii).any(|tag| {
        let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
        tag == etag || tag == b"*"
    })
}

fn etag(body: &[u8]) -> HeaderValue {
    let digest = Sha256::digest(body);
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..16]));
    HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> Cache {
        Cache::new(1 << 20, Shared::default())
    }

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn list(products: &[u128], stock: bool) -> Dependencies {
        Dependencies::List { slots: products.iter().map(|n| Bucket::of(id(*n))).collect(), stock }
    }

    #[test]
    fn an_answer_is_kept_until_what_it_depends_on_changes() {
        let cache = cache();
        let fill = || {
            for (key, needs) in [
                ("one", Dependencies::Product(id(1))),
                ("two", Dependencies::Product(id(2))),
                ("list", list(&[1, 3], false)),
                ("in stock", list(&[3], true)),
                ("categories", Dependencies::Categories),
            ] {
                cache.put(key, vec![], needs, cache.now());
            }
        };
        let gone = |changed: Changed| {
            fill();
            cache.mark([changed], 1);
            let keys = ["one", "two", "list", "in stock", "categories"];
            keys.into_iter()
                .filter(|key| cache.get(key).or(cache.product(key)).is_none())
                .collect::<Vec<_>>()
        };
        assert_eq!(gone(Changed::Product(id(1))), ["one", "list", "in stock"]);
        assert_eq!(gone(Changed::Product(id(9))), ["list", "in stock"]);
        assert_eq!(gone(Changed::Stock(id(1))), ["one", "list", "in stock"]);
        assert_eq!(gone(Changed::Stock(id(9))), ["in stock"]);
        assert_eq!(gone(Changed::Demand(id(1))), ["one", "list"]);
        assert_eq!(gone(Changed::Categories), ["one", "two", "list", "in stock", "categories"]);
    }

    #[test]
    fn a_read_that_raced_a_write_is_not_kept() {
        let cache = cache();
        let began = cache.now();
        cache.mark([Changed::Stock(id(1))], 1);
        cache.put("one", b"old".to_vec(), Dependencies::Product(id(1)), began);
        assert!(cache.product("one").is_none());
        cache.put("one", b"new".to_vec(), Dependencies::Product(id(1)), cache.now());
        assert!(cache.product("one").is_some());
    }

    #[test]
    fn a_client_that_has_it_is_told_so() {
        let answer =
            cache().put("one", b"{}".to_vec(), Dependencies::Categories, Snapshot::default());
        let etag = answer.etag.to_str().unwrap().to_owned();
        for (sent, status) in [
            (etag.clone(), 304),
            (format!("W/{etag}"), 304),
            (format!("\"x\", {etag}"), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
            (String::new(), 200),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, sent.parse().unwrap())]);
            assert_eq!(answer.respond(&headers).status().as_u16(), status, "{sent}");
        }
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let cache = Cache::new(10_000, Shared::default());
        for n in 0..100 {
            cache.put(&n.to_string(), vec![0; 1000], Dependencies::Categories, cache.now());
        }
        cache.pages.run_pending_tasks();
        assert!(cache.pages.weighted_size() <= 10_000);
    }

    #[test]
    fn products_in_demand_do_not_keep_a_page_out() {
        let cache = Cache::new(200_000, Shared::default());
        for _ in 0..20 {
            for n in 0..500 {
                let (key, needs) = (n.to_string(), Dependencies::Product(id(n)));
                if cache.product(&key).is_none() {
                    cache.put(&key, vec![0; 1000], needs, cache.now());
                }
            }
            cache.details.run_pending_tasks();
        }
        cache.put("page", vec![0; 20_000], list(&[1, 2, 3], false), cache.now());
        cache.pages.run_pending_tasks();
        assert!(cache.get("page").is_some());
    }
}
