//! The search index: from search words to product ids.
//!
//! The index belongs to one process and lives in a directory. It follows the outbox of the
//! catalog's own database; its position there is part of its own commits, so it never skips or
//! repeats a change. It returns ids; the products themselves come from the database or the cache.
//!
//! `document` is an indexed product, `categories` are matched by name, `source` provides both;
//! `words` tokenizes, `query` parses search text, `facets` counts further choices, `near` suggests
//! words and related products, `index` manages the files, `follow` is the worker that keeps them
//! current.

mod categories;
mod document;
mod facets;
mod follow;
mod index;
mod near;
mod query;
mod source;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chassis::feed::Position;
use tokio::sync::{Notify, Semaphore, watch};
use uuid::Uuid;

pub use categories::Categories;
pub use document::{Document, Status};
pub use facets::{Facets, RATINGS};
pub use follow::follow;
use index::Live;
pub use near::Traits;
pub use source::{Change, Source};
pub use words::words;

/// How far into a list one can page.
pub const MAX_OFFSET: usize = 10_000;

/// How long a request waits for an index that is being built.
const PATIENCE: Duration = Duration::from_secs(2);

/// The search of this process.
#[derive(Clone)]
pub struct Search(Arc<Shared>);

struct Shared {
    dir: PathBuf,
    live: watch::Sender<Option<Live>>,
    /// Searching is work for the processor: more at a time would not be faster.
    turns: Semaphore,
    /// How far the outbox is searchable.
    place: watch::Sender<Option<Position>>,
    /// Somebody met a damaged file.
    damaged: Notify,
}

/// What to look for.
#[derive(Clone, Debug)]
pub struct Request {
    /// None for all products.
    pub text: Option<String>,
    pub filter: Filter,
    pub sort: Sort,
    /// How many to skip; nothing is found beyond [`MAX_OFFSET`].
    pub offset: usize,
    pub limit: usize,
    /// Whether to count facets, for these categories.
    pub facets: Option<Arc<Categories>>,
}

/// The conditions beside the text. None means any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub status: Status,
    /// In one of these: a category with all below it.
    pub categories: Option<Vec<Uuid>>,
    /// In minor units; the price of a product is its lowest one.
    pub min_price: Option<i64>,
    pub max_price: Option<i64>,
    pub tag: Option<String>,
    pub vendor: Option<String>,
    pub in_stock: Option<bool>,
    /// One variant has one of the values of each.
    pub choices: Choices,
    /// In thousandths.
    pub min_rating: Option<i64>,
}

/// Names of options, and the values looked for.
pub type Choices = BTreeMap<String, BTreeSet<String>>;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The best match first.
    #[default]
    Relevance,
    Newest,
    PriceUp,
    PriceDown,
    Title,
    Rating,
    /// What was bought most first, then what was looked at most, then the newest.
    Popular,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hits {
    /// One page, best first.
    pub ids: Vec<Uuid>,
    /// How many there are on all pages.
    pub total: usize,
    /// Where they were asked for.
    pub facets: Option<Facets>,
}

/// The index cannot answer right now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the search index is being built")]
    NotReady,
    #[error("the search index cannot be read")]
    Index(#[from] tantivy::TantivyError),
    #[error("the search was aborted")]
    Ended(#[from] tokio::task::JoinError),
}

impl Search {
    /// Opens the index of a directory, if there is one that can be used.
    pub fn open(dir: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let live = watch::Sender::new(index::newest(dir)?);
        let processors = std::thread::available_parallelism().map_or(2, NonZero::get);
        let turns = Semaphore::new(2 * processors);
        let (place, damaged) = (watch::Sender::new(None), Notify::new());
        Ok(Self(Arc::new(Shared { dir: dir.to_owned(), live, turns, place, damaged })))
    }

    /// Waits until everything up to a place in the outbox can be found.
    pub async fn reached(&self, position: Position) {
        let there = |it: &Option<Position>| it.is_some_and(|it| it >= position);
        // The sender is part of `self`, so it cannot be gone.
        let _ = self.0.place.subscribe().wait_for(there).await;
    }

    pub async fn find(&self, request: Request) -> Result<Hits, Error> {
        if request.offset >= MAX_OFFSET {
            return Ok(Hits::default());
        }
        self.ask(move |live| live.find(&request)).await
    }

    /// Active products for a text that is being typed.
    pub async fn suggest(&self, text: String, limit: usize) -> Result<Vec<Uuid>, Error> {
        self.ask(move |live| live.suggest(&text, limit)).await
    }

    /// Active products that have something in common with one.
    pub async fn related(&self, to: Traits, limit: usize) -> Result<Vec<Uuid>, Error> {
        self.ask(move |live| live.related(&to, limit)).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(Live) -> tantivy::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let live = self.live_soon().await?;
        let _turn = self.0.turns.acquire().await.map_err(|_| Error::NotReady)?;
        let found = tokio::task::spawn_blocking(move || ask(live)).await?;
        Ok(found.inspect_err(|_| self.0.damaged.notify_one())?)
    }

    /// The key with the edition of the index: as long as it is the same, so is what is found.
    pub fn keyed(&self, key: &str) -> Option<String> {
        let (index, edition) = self.live()?.edition();
        Some(format!("{key} {index}.{edition}"))
    }

    fn live(&self) -> Option<Live> {
        self.0.live.borrow().clone()
    }

    /// A small index is built sooner than a request gives up.
    async fn live_soon(&self) -> Result<Live, Error> {
        let mut live = self.0.live.subscribe();
        let there = tokio::time::timeout(PATIENCE, live.wait_for(Option::is_some)).await;
        there.ok().and_then(Result::ok).and_then(|it| it.clone()).ok_or(Error::NotReady)
    }

    /// From now on this one answers.
    fn show(&self, live: Option<Live>) {
        self.0.live.send_replace(live);
    }
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search").field("dir", &self.0.dir).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
