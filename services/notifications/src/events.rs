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
use serde_json::Value;

use crate::builtin::{Definition, Key};
use crate::queue::{About, Content, Draft};
use crate::{App, builtin, queue};

/// A message that an event asks for.
struct Letter {
    /// Tells the messages of one event from each other.
    part: &'static str,
    template: &'static Definition,
    data: Value,
    about: About,
    recipient: String,
    /// Set where it is known already that it is not to be sent.
    skip: Option<&'static str>,
}

async fn enqueue(app: &App, tx: &mut Tx, event: &Envelope, letter: Letter) -> Result<(), Failure> {
    let Letter { part, template, data, about, recipient, skip } = letter;
    let text = queue::fill_in_force(app, &mut *tx, template, &data, &Key::Masked).await?;
    let (text, unreadable) = match text {
        Ok(text) => (Some(text), None),
        Err(_) => (None, Some("the template cannot be filled with this event")),
    };
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
            language: Some(builtin::LOCALE),
            markdown: None,
            body: text.as_ref().map(|it| it.body.clone()).unwrap_or_default(),
            subject: text.map(|it| it.subject),
        },
        about,
        skip: skip.or(unreadable).or(unreachable),
        fingerprint: None,
        send_at: None,
    };
    queue::queue(app, tx, draft, app.clock.now()).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
