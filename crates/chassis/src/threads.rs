//! Long work on a thread of its own, where it delays no request.

use std::panic::resume_unwind;

use tokio::runtime::Handle;
use tracing::Instrument;

use crate::context::carry;

/// Runs something on a thread of its own.
///
/// Statements on SQLite run on the thread that asks. That is right for those of a request, which
/// take microseconds; a report or a file of products would hold up all requests that share the
/// thread. Only for work that ends: a runtime waits for such threads when it is shut down.
pub async fn own<F>(work: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let (runtime, work) = (Handle::current(), carry(work).in_current_span());
    match tokio::task::spawn_blocking(move || runtime.block_on(work)).await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is being shut down, and nobody asks any more.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::thread::current;

    use super::*;
    use crate::context::{self, Context};

    #[tokio::test]
    async fn others_go_on_meanwhile() {
        let here = current().id();
        let (hold, held) = std::sync::mpsc::channel();
        let long = tokio::spawn(own(async move {
            let _: bool = held.recv().expect("the other one goes on");
            current().id()
        }));
        // On the only thread of the runtime; had that been taken, this would never be sent.
        tokio::task::yield_now().await;
        hold.send(true).expect("it waits");
        assert_ne!(long.await.expect("no panic"), here);
    }

    #[tokio::test]
    async fn the_context_of_the_request_goes_along() {
        let context = Context::begin(None);
        let there = context::scope(context.clone(), own(async { context::current() }));
        assert_eq!(there.await, Some(context));
    }
}
