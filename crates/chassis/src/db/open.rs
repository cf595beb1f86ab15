//! Notices in debug builds that another service is asked while a write transaction is open.
//!
//! Such a transaction keeps others from its rows, on SQLite from the whole file, so nothing but the
//! database is awaited in one. What runs [`watched`] counts the transactions it has open, and
//! [`crate::channel`] looks at the count before each call: tests find every way there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

tokio::task_local! {
    static OPEN: Arc<AtomicU32>;
}

/// Runs a future whose open transactions are counted. One that polls several futures side by side
/// would mix them up: each needs a count of its own.
pub async fn watched<F: Future>(future: F) -> F::Output {
    counted_from(0, future).await
}

/// The same for what is handed a transaction that is open already.
pub(crate) async fn watched_within<F: Future>(future: F) -> F::Output {
    counted_from(1, future).await
}

async fn counted_from<F: Future>(open: u32, future: F) -> F::Output {
    if cfg!(debug_assertions) {
        OPEN.scope(Arc::new(AtomicU32::new(open)), future).await
    } else {
        future.await
    }
}

/// Panics where a transaction is open, before `service` is asked.
pub(crate) fn none_before(service: &str) {
    let open = OPEN.try_with(|it| it.load(Ordering::Relaxed)).unwrap_or_default();
    debug_assert!(open == 0, "{service} is asked within a write transaction; ask before it begins");
}

/// An open transaction, until it is dropped, wherever that is.
#[derive(Debug)]
pub(super) struct Open {
    counter: Option<Arc<AtomicU32>>,
}

impl Open {
    pub(super) fn count() -> Self {
        let counter = OPEN.try_with(Arc::clone).ok();
        if let Some(counter) = &counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Self { counter }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(counter) = &self.counter {
            counter.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
