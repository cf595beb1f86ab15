//! Stops the work of a process at a chosen point, for tests of what a kill leaves behind.
//!
//! Every commit, and every call to another service or a payment provider, passes a point before and
//! after it. Outside tests a point is nothing.

#[cfg(feature = "testing")]
pub use armed::{arm, disarm, passed, reached};

/// A place where the process may be killed.
#[cfg(not(feature = "testing"))]
#[inline]
pub async fn point() {}

/// A place where the process may be killed: from the armed point on, nothing goes on.
#[cfg(feature = "testing")]
pub async fn point() {
    if armed::pass() {
        std::future::pending::<()>().await;
    }
}

#[cfg(feature = "testing")]
mod armed {
    use std::sync::atomic::{AtomicI64, Ordering};

    use tokio::sync::Notify;

    const OFF: i64 = i64::MAX;

    static PASSED: AtomicI64 = AtomicI64::new(0);
    static ARMED: AtomicI64 = AtomicI64::new(OFF);
    static REACHED: Notify = Notify::const_new();

    /// Lets `points` points pass, counted from now; the next one and all after it are the end.
    pub fn arm(points: i64) {
        PASSED.store(0, Ordering::SeqCst);
        ARMED.store(points, Ordering::SeqCst);
    }

    /// Lets everything pass again.
    pub fn disarm() {
        ARMED.store(OFF, Ordering::SeqCst);
    }

    /// Points passed since the last [`arm`].
    pub fn passed() -> i64 {
        PASSED.load(Ordering::SeqCst)
    }

    /// Waits until the armed point has been reached.
    pub async fn reached() {
        REACHED.notified().await;
    }

    pub(super) fn pass() -> bool {
        let end = PASSED.fetch_add(1, Ordering::SeqCst) >= ARMED.load(Ordering::SeqCst);
        if end {
            REACHED.notify_one();
        }
        end
    }
}
