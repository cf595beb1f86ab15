//! Connections to the mail server: a bounded number of them, kept for a while between messages.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use super::session::Session;

/// How long a connection is kept without a message. Servers close theirs after a few minutes.
const KEEP: Duration = Duration::from_secs(60);

pub(super) struct Pool {
    slots: Semaphore,
    idle: Arc<Mutex<Idle>>,
}

#[derive(Default)]
struct Idle {
    /// The one used last is at the end, and taken first.
    sessions: Vec<(Session, Instant)>,
    /// Whether somebody closes what has been idle for too long.
    is_watched: bool,
}

impl Pool {
    pub(super) fn new(connections: usize) -> Self {
        Self { slots: Semaphore::new(connections), idle: Arc::default() }
    }

    /// The right to one of the connections; none if all are busy for that long.
    pub(super) async fn slot(&self, patience: Duration) -> Option<SemaphorePermit<'_>> {
        timeout(patience, self.slots.acquire()).await.ok()?.ok()
    }

    /// A connection that is open, as far as is known.
    pub(super) fn take(&self) -> Option<Session> {
        self.idle.lock().sessions.pop().map(|(session, _)| session)
    }

    pub(super) fn put_back(&self, session: Session) {
        let mut idle = self.idle.lock();
        idle.sessions.push((session, Instant::now()));
        if !std::mem::replace(&mut idle.is_watched, true) {
            tokio::spawn(close_idle(Arc::downgrade(&self.idle)));
        }
    }
}

/// Closes connections that have been idle for too long, until there is none left.
async fn close_idle(idle: Weak<Mutex<Idle>>) {
    let mut pause = KEEP;
    loop {
        tokio::time::sleep(pause).await;
        let Some(idle) = idle.upgrade() else { return };
        let (old, is_done) = {
            let mut idle = idle.lock();
            let fresh = idle.sessions.partition_point(|it| it.1.elapsed() >= KEEP);
            let old: Vec<_> = idle.sessions.drain(..fresh).collect();
            match idle.sessions.first() {
                Some((_, since)) => pause = KEEP.saturating_sub(since.elapsed()),
                None => idle.is_watched = false,
            }
            (old, !idle.is_watched)
        };
        drop(idle);
        for (session, _) in old {
            session.quit().await;
        }
        if is_done {
            return;
        }
    }
}
