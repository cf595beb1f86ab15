//! What notifications does when others tell something: it queues messages, and the sender sends
//! them later. One event makes one message to each recipient, however often it comes.

mod orders;
mod users;

pub(crate) use orders::Orders;
pub(crate) use users::Users;

use chassis::db::Tx;
use chassis::id;
use chassis::inbox::Failure;
use chassis::outbox::Envelope;
use chrono::TimeDelta;
use serde_json::Value;

use crate::builtin::{Definition, Key};
use crate::queue::{About, Content, Draft};
use crate::{App, queue, texts};

/// A message that an event asks for.
struct Letter {
    /// Tells the messages of one event from each other.
    part: &'static str,
    template: &'static Definition,
    /// The one that the data are written in.
    language: String,
    data: Value,
    about: About,
    recipient: String,
    /// Set where it is known already that it is not to be sent.
    skip: Option<&'static str>,
    /// How long it waits first, as it may become pointless soon.
    wait: Option<TimeDelta>,
}

async fn enqueue(app: &App, tx: &mut Tx, event: &Envelope, letter: Letter) -> Result<(), Failure> {
    let Letter { part, template, language, data, about, recipient, skip, wait } = letter;
    let filled = texts::fill_in_force(app, &mut *tx, template, &language, &data, &Key::Masked);
    let (filled, unreadable) = match filled.await? {
        Ok(filled) => (Some(filled), None),
        Err(_) => (None, Some("the template cannot be filled with this event")),
    };
    let now = app.clock.now();
    let unreachable =
        template.channel.refuse(&recipient).map(|_| "the recipient's address is not valid");
    let draft = Draft {
        id: id::derive(event.id, part),
        channel: template.channel,
        topic: template.topic,
        recipient,
        content: Content {
            template: Some(template.key),
            data,
            language: Some(language),
            body: filled.as_ref().map(|it| it.text.clone()).unwrap_or_default(),
            markdown: filled.as_ref().map(|it| it.markdown.clone()),
            subject: filled.map(|it| it.subject),
        },
        about,
        skip: skip.or(unreadable).or(unreachable),
        fingerprint: None,
        send_at: wait.map(|it| now + it),
    };
    queue::queue(app, tx, draft, now).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
