//! Errors of broker connections, and how a publisher reports one to the task that keeps the
//! connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinError;

/// Why there is no connection to an engine, or why it is given up.
#[derive(Debug, Error)]
pub enum LinkError {
    /// `what` it did not do: "did not answer".
    #[error("it {what} within {} s", limit.as_secs())]
    Late { what: &'static str, limit: Duration },
    #[error("{0} does not answer")]
    Silent(String),
    #[error(transparent)]
    Unreachable(#[from] io::Error),
    #[error(transparent)]
    RabbitMq(#[from] lapin::Error),
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("the connection was lost")]
    Lost,
    #[error("the channel was closed")]
    ChannelClosed,
    #[error("the broker cancelled the subscription")]
    SubscriptionEnded,
    #[error("a consumer ended")]
    ConsumerEnded,
    #[error(transparent)]
    ConsumerFailed(#[from] JoinError),
    #[error(transparent)]
    Event(#[from] serde_json::Error),
    #[error("there is no queue for {0}")]
    NoQueue(String),
    #[error("it rejected {refused} of {events} events")]
    Refused { refused: usize, events: usize },
    #[error("the stream is full")]
    Full,
    /// The same at an address, of a queue or of a consumer.
    #[error("{name}: {source}")]
    Of { name: String, source: Box<LinkError> },
    /// What the publishers were told too.
    #[error(transparent)]
    Publishing(Arc<LinkError>),
}

impl LinkError {
    /// Makes an error one of what is named so.
    pub(crate) fn of<E: Into<Self>>(name: impl Into<String>) -> impl FnOnce(E) -> Self {
        |error| Self::Of { name: name.into(), source: Box::new(error.into()) }
    }
}

/// The last failure to publish. After one the connection cannot be trusted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure(Arc<watch::Sender<Option<Arc<LinkError>>>>);

impl Failure {
    pub fn set(&self, error: Arc<LinkError>) {
        self.0.send_replace(Some(error));
    }

    /// Waits until there is one.
    pub async fn failed(&self) -> LinkError {
        let mut failure = self.0.subscribe();
        let told = failure.wait_for(Option::is_some).await;
        told.ok().and_then(|it| it.clone()).map_or(LinkError::Lost, LinkError::Publishing)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[tokio::test]
    async fn who_keeps_the_connection_hears_what_the_publishers_heard() {
        let failure = Failure::default();
        let error = LinkError::of("orders")(io::Error::other("gone"));
        failure.set(Arc::new(error));
        let told = failure.failed().await;
        assert_eq!(told.to_string(), "orders: gone");
        assert_eq!(told.source().map(ToString::to_string).as_deref(), Some("gone"));
    }
}
