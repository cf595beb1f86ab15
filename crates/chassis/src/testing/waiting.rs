//! Waiting for what happens elsewhere.

use std::fmt::Display;
use std::time::Duration;

/// How long a test waits for what should come at once. Only a test that fails ever waits so long, so
/// it is more than a busy machine takes for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(10);

/// What a test looks for: whether something is so, or something that comes.
pub trait Awaited {
    type Found;

    fn found(self) -> Option<Self::Found>;
}

impl Awaited for bool {
    type Found = ();

    fn found(self) -> Option<()> {
        self.then_some(())
    }
}

impl<T> Awaited for Option<T> {
    type Found = T;

    fn found(self) -> Self {
        self
    }
}

/// Looks again and again until something is so or has come, and gives that. Fails the test, with
/// `what`, if it never does.
pub async fn eventually<A: Awaited>(
    what: impl Display,
    mut look: impl AsyncFnMut() -> A,
) -> A::Found {
    let looked = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await.found() {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    looked.await.unwrap_or_else(|_| panic!("not within {} s: {what}", PATIENCE.as_secs()))
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
}
