//! Notices in debug builds that another service is asked while a write transaction is open.
//!
//! Such a transaction keeps others from its rows, on SQLite from the whole file, so nothing but the
//! database is awaited in one. What runs [`watched`] counts the transactions it has open, and
//! [`crate::channel`] looks at the count before each call: tests find every way there is.

use std::cell::Cell;

tokio::task_local! {
    static OPEN: Cell<u32>;
}

/// Runs a future whose open transactions are counted. One that polls several futures side by side
/// would mix them up: each needs a count of its own.
pub async fn watched<F: Future>(future: F) -> F::Output {
    if cfg!(debug_assertions) { OPEN.scope(Cell::new(0), future).await } else { future.await }
}

/// The same for what is handed a transaction that is open already.
pub(crate) async fn watched_within<F: Future>(future: F) -> F::Output {
    if cfg!(debug_assertions) { OPEN.scope(Cell::new(1), future).await } else { future.await }
}

/// Panics where a transaction is open, before `service` is asked.
pub(crate) fn none_before(service: &str) {
    let open = OPEN.try_with(Cell::get).unwrap_or_default();
    debug_assert!(open == 0, "{service} is asked within a write transaction; ask before it begins");
}

/// An open transaction, until it is dropped.
#[derive(Debug)]
pub(super) struct Open {
    counted: bool,
}

impl Open {
    pub(super) fn count() -> Self {
        Self { counted: OPEN.try_with(|it| it.set(it.get() + 1)).is_ok() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.counted {
            // Dropped elsewhere, it is nobody's any more.
            let _ = OPEN.try_with(|it| it.set(it.get().saturating_sub(1)));
        }
    }
}
