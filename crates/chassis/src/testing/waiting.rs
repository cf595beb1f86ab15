//! Waiting for what happens elsewhere.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How long a test waits for what should come at once. Only a test that fails ever waits so long,
/// so it is more than a busy machine takes for anything.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Between the first two looks; then twice as long each time, up to the longest.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// What a test looks for: whether something is so, something that comes, or what there is instead.
pub trait Awaited {
    type Found;

    /// It, or else what is there meanwhile, for who reads that it never came.
    fn found(self) -> Result<Self::Found, String>;
}

impl Awaited for bool {
    type Found = ();

    fn found(self) -> Result<(), String> {
        self.then_some(()).ok_or_else(String::new)
    }
}

impl<T> Awaited for Option<T> {
    type Found = T;

    fn found(self) -> Result<T, String> {
        self.ok_or_else(String::new)
    }
}

impl<T, E: Display> Awaited for Result<T, E> {
    type Found = T;

    fn found(self) -> Result<T, String> {
        self.map_err(|meanwhile| format!("; last: {meanwhile:#}"))
    }
}

/// Looks again and again until something is so or has come, and gives that. Fails the test, with
/// `what` and the last error, if it never does.
pub async fn eventually<A: Awaited>(what: impl Display, look: impl AsyncFnMut() -> A) -> A::Found {
    within(PATIENCE, what, look).await
}

/// As [`eventually`], for what is spawned: the future of an async closure stays on its thread.
pub async fn eventually_spawned<F>(
    what: impl Display,
    mut look: impl FnMut() -> F,
) -> <F::Output as Awaited>::Found
where
    F: Future<Output: Awaited>,
{
    let mut looks = Looks::new(PATIENCE, &what);
    loop {
        if let Some(found) = looks.next(look()).await {
            return found;
        }
    }
}

/// What comes of something that ends. Fails the test, with `what`, if it does not.
pub async fn in_time<F: Future>(what: impl Display, work: F) -> F::Output {
    let ended = timeout(PATIENCE, work).await;
    ended.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}

async fn within<A: Awaited>(
    patience: Duration,
    what: impl Display,
    mut look: impl AsyncFnMut() -> A,
) -> A::Found {
    let mut looks = Looks::new(patience, &what);
    loop {
        if let Some(found) = looks.next(look()).await {
            return found;
        }
    }
}

/// One look after the other, as long as there is patience.
struct Looks {
    what: String,
    patience: Duration,
    until: Instant,
    pause: Duration,
    last: String,
}

impl Looks {
    fn new(patience: Duration, what: &dyn Display) -> Self {
        let until = Instant::now() + patience;
        Self { what: what.to_string(), patience, until, pause: PAUSE, last: String::new() }
    }

    /// What the next one finds; nothing, after a pause, if it is not there yet.
    async fn next<A: Awaited>(&mut self, look: impl Future<Output = A>) -> Option<A::Found> {
        let looked = timeout_at(self.until, look).await.map(Awaited::found);
        match looked {
            Ok(Ok(found)) => return Some(found),
            Ok(Err(meanwhile)) => self.last = meanwhile,
            Err(_) => self.give_up(),
        }
        if Instant::now() >= self.until {
            self.give_up();
        }
        sleep(self.pause).await;
        self.pause = LONGEST_PAUSE.min(self.pause * 2);
        None
    }

    fn give_up(&self) -> ! {
        panic!("not within {:?}: {}{}", self.patience, self.what, self.last)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn it_waits_for_what_comes() {
        let mut looks = 0;
        let came = eventually("a third look", async || {
            looks += 1;
            (looks == 3).then_some("it")
        });
        assert_eq!(came.await, "it");
        eventually("so at once", async || true).await;
    }

    #[tokio::test]
    async fn it_waits_in_a_task_of_its_own() {
        let looks = Arc::new(AtomicUsize::new(0));
        let look = move || {
            let looks = looks.clone();
            async move { looks.fetch_add(1, Ordering::Relaxed) == 2 }
        };
        tokio::spawn(eventually_spawned("a third look", look)).await.unwrap();
    }

    #[tokio::test]
    #[should_panic(expected = "not within 50ms: a look")]
    async fn a_look_that_does_not_end_fails() {
        within(Duration::from_millis(50), "a look", std::future::pending::<bool>).await;
    }

    #[tokio::test]
    #[should_panic(expected = "not within 50ms: a third look; last: only 2")]
    async fn what_never_comes_fails_with_what_there_is_instead() {
        let look = async || Err::<(), _>("only 2");
        within(Duration::from_millis(50), "a third look", look).await;
    }
}
