//! Where a channel has no provider: the message is in the history, and a line in the log says so.

use super::OutgoingMessage;
use crate::model::masked;

/// Logs a message instead of sending it. `secrets`: whether the line shows the link with its secret.
pub(crate) fn log(message: &OutgoingMessage, secrets: bool) {
    let link = message.link.as_deref().filter(|_| secrets);
    tracing::info!(
        channel = %message.channel.as_str(),
        template = message.template.as_deref().map(tracing::field::display),
        recipient = %masked(&message.recipient),
        order = message.order_number.as_deref().map(tracing::field::display),
        link = link.map(tracing::field::display),
        "message logged, not sent"
    );
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use std::io::{self, Write};
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::model::Channel;

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

    fn line(secrets: bool, message: &OutgoingMessage) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let format = tracing_subscriber::fmt().with_ansi(false).without_time().with_target(false);
        let subscriber = format.with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || log(message, secrets));
        let line = String::from_utf8(lines.0.lock().clone()).unwrap();
        line.trim().to_owned()
    }

    fn message() -> OutgoingMessage {
        OutgoingMessage {
            id: Uuid::nil(),
            channel: Channel::Email,
            template: Some("order_confirmed".to_owned()),
            recipient: "ada@example.com".to_owned(),
            subject: Some("The subject".to_owned()),
            text: "The body".to_owned(),
            html: None,
            language: None,
            order_number: Some("CW-100001".to_owned()),
            link: None,
            unsubscribe: None,
            attachments: vec![],
        }
    }

    #[test]
    fn the_log_says_what_there_was_without_saying_what_it_says() {
        assert_eq!(
            line(false, &message()),
            "INFO message logged, not sent channel=email template=order_confirmed \
             recipient=a***@example.com order=CW-100001"
        );
    }

    #[test]
    fn a_secret_link_is_in_the_log_only_where_the_settings_say_so() {
        let link = Some("http://shop/reset-password?token=s3cret".to_owned());
        let reset = OutgoingMessage { order_number: None, template: None, link, ..message() };
        let quiet = line(false, &reset);
        assert!(!quiet.contains("s3cret"), "{quiet}");
        let open = line(true, &reset);
        assert!(open.ends_with("link=http://shop/reset-password?token=s3cret"), "{open}");
    }
}
