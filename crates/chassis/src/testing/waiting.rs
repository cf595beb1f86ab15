//! Waiting for what happens elsewhere.

use std::fmt::Display;
use std::time::Duration;

/// How long a test waits for what should come at once. Only a test that fails ever waits so long, so
/// it is more than a busy machine takes for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(10);

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

async fn within<A: Awaited>(
    patience: Duration,
    what: impl Display,
    mut look: impl AsyncFnMut() -> A,
) -> A::Found {
    let mut last = String::new();
    let looked = tokio::time::timeout(patience, async {
        loop {
            match look().await.found() {
                Ok(found) => return found,
                Err(meanwhile) => last = meanwhile,
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    let looked = looked.await;
    looked.unwrap_or_else(|_| panic!("not within {patience:?}: {what}{last}"))
}

#[cfg(test)]
mod tests {
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
    #[should_panic(expected = "not within 50ms: a third look; last: only 2")]
    async fn what_never_comes_fails_with_what_there_is_instead() {
        let look = async || Err::<(), _>("only 2");
        within(Duration::from_millis(50), "a third look", look).await;
    }
}
