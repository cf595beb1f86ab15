//! How messages are delivered. For now they are only logged; mail servers and the like implement
//! the same trait.

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{Channel, masked};

/// A way out of the shop.
pub(crate) trait Transport: Send + Sync + 'static {
    /// Whether what it takes is on its way to its recipient then.
    fn delivers(&self) -> bool;

    /// Hands over one message. It may be handed over twice after a crash: `id` stays the same.
    fn deliver<'a>(&'a self, parcel: &'a OutgoingMessage)
    -> BoxFuture<'a, Result<(), Undelivered>>;
}

/// The carrier of notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarrierKind {
    /// Delivers nothing: messages are only logged.
    #[default]
    Log,
}

impl CarrierKind {
    /// Whether messages leave the shop.
    pub(crate) fn delivers(self) -> bool {
        match self {
            Self::Log => false,
        }
    }
}

/// A message as it goes out, with its secrets. Never stored, and logged only by [`Log`] where
/// the settings say so.
#[derive(Clone, PartialEq)]
pub(crate) struct OutgoingMessage {
    pub(crate) id: Uuid,
    pub(crate) channel: Channel,
    pub(crate) template: Option<String>,
    pub(crate) recipient: String,
    pub(crate) subject: Option<String>,
    pub(crate) body: String,
    pub(crate) order_number: Option<String>,
    /// The link with the one-time token or the key of a guest's order, where the message has one.
    pub(crate) link: Option<String>,
}

/// Why a message did not go out. The text is kept in the history: no secrets in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undelivered {
    /// May work later.
    #[error("{0}")]
    NotNow(String),
    /// Will never work.
    #[error("{0}")]
    Never(String),
}

/// Sends nothing: the message is in the history, and a line in the log says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    /// Whether the line shows the link with its secret.
    pub(crate) secrets: bool,
}

impl Transport for Log {
    fn delivers(&self) -> bool {
        CarrierKind::Log.delivers()
    }

    fn deliver<'a>(
        &'a self,
        parcel: &'a OutgoingMessage,
    ) -> BoxFuture<'a, Result<(), Undelivered>> {
        let link = parcel.link.as_deref().filter(|_| self.secrets);
        tracing::info!(
            channel = %parcel.channel.as_str(),
            template = parcel.template.as_deref().map(display),
            recipient = %masked(&parcel.recipient),
            order = parcel.order_number.as_deref().map(display),
            link = link.map(display),
            "message logged, not sent"
        );
        Box::pin(std::future::ready(Ok(())))
    }
}

impl std::fmt::Debug for OutgoingMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parcel").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use std::io::{self, Write};
    use std::sync::Arc;

    use futures::FutureExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(log: Log, parcel: &OutgoingMessage) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let format = tracing_subscriber::fmt().with_ansi(false).without_time().with_target(false);
        let subscriber = format.with_writer(move || writer.clone()).finish();
        let sent =
            tracing::subscriber::with_default(subscriber, || log.deliver(parcel).now_or_never());
        assert_eq!(sent, Some(Ok(())));
        let line = String::from_utf8(lines.0.lock().clone()).unwrap();
        line.trim().to_owned()
    }

    fn parcel() -> OutgoingMessage {
        OutgoingMessage {
            id: Uuid::nil(),
            channel: Channel::Email,
            template: Some("order_confirmed".to_owned()),
            recipient: "ada@example.com".to_owned(),
            subject: Some("The subject".to_owned()),
            body: "The body".to_owned(),
            order_number: Some("CW-100001".to_owned()),
            link: None,
        }
    }

    #[test]
    fn the_log_says_what_there_was_without_saying_what_it_says() {
        assert_eq!(
            line(Log { secrets: false }, &parcel()),
            "INFO message logged, not sent channel=email template=order_confirmed \
             recipient=a***@example.com order=CW-100001"
        );
    }

    #[test]
    fn a_secret_link_is_in_the_log_only_where_the_settings_say_so() {
        let link = Some("http://shop/reset-password?token=s3cret".to_owned());
        let reset = OutgoingMessage { order_number: None, template: None, link, ..parcel() };
        let quiet = line(Log { secrets: false }, &reset);
        assert!(!quiet.contains("s3cret"), "{quiet}");
        let open = line(Log { secrets: true }, &reset);
        assert!(open.ends_with("link=http://shop/reset-password?token=s3cret"), "{open}");
    }
}
