//! The queue of messages: from queued to sent, or given up.

use chassis::db::{Result, Session};
use chassis::queue::{Dead, Due, Queue, Table};
use chrono::{DateTime, Utc};

use crate::model::{LONGEST_WAIT, Message, State};
use crate::transport::{Accepted, Provider};

/// The pauses of a day are worth keeping over a restart, so that only new ones are hurried.
pub(crate) static MESSAGES: Queue = Queue::new(Table {
    name: "notifications.messages",
    table: "messages",
    key: "id",
    columns: "*",
    open: "state IN ('queued', 'sending')",
    due: Due::At("next_at"),
    order: "next_at, id",
    claimed: "state = 'sending', attempts = attempts + 1, uncertain = uncertain + 1",
    hurried: "(state = 'sending' OR (state = 'queued' AND attempts = 0))",
    dead: Some(Dead {
        rows: "state = 'failed'",
        again: "state = 'queued', attempts = 0, uncertain = 0, error = NULL",
    }),
    longest: Some(LONGEST_WAIT),
});

/// How a try to send ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Sent(DateTime<Utc>, Provider, Accepted),
    /// Nobody has it but the log.
    Logged,
    /// Not to be sent any more, and why.
    Skipped(String),
    /// Failed; tried again at this time.
    Again(DateTime<Utc>, String),
    /// Nobody knows whether it was sent; tried again at this time.
    Uncertain(DateTime<Utc>, String),
    /// No try was made; the next one is at this time.
    Postponed(DateTime<Utc>),
    /// The address does not exist.
    Bounced(Provider, String),
    Failed(String),
}

/// Notes how sending ended; false if the lease was lost to another sender meanwhile.
pub(crate) async fn settle(
    db: impl Session<'_>,
    message: &Message,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Result<bool> {
    const AGAIN: &str = "state = 'queued', uncertain = uncertain - 1, error = $5";
    const UNCERTAIN: &str = "state = 'queued', error = $5";
    const POSTPONED: &str = "state = 'queued', uncertain = uncertain - 1, attempts = attempts - 1";
    const SENT: &str = "state = 'sent', next_at = NULL, error = NULL, sent_at = $3, provider = $4,
                        provider_message_id = $5, segments = $6";
    const ENDED: &str = "state = $3, next_at = NULL, error = $4, provider = $5";
    let held = (message.id, message.fence);
    let (state, error, provider) = match outcome.clone() {
        Outcome::Again(at, error) => {
            let again = MESSAGES.release(db, held, (now, at), AGAIN).bind(error);
            return Ok(again.execute().await? == 1);
        }
        Outcome::Uncertain(at, error) => {
            let again = MESSAGES.release(db, held, (now, at), UNCERTAIN).bind(error);
            return Ok(again.execute().await? == 1);
        }
        Outcome::Postponed(at) => {
            return Ok(MESSAGES.release(db, held, (now, at), POSTPONED).execute().await? == 1);
        }
        Outcome::Sent(at, provider, Accepted { provider_message_id, segments }) => {
            let sent = MESSAGES.finish(db, held, SENT).bind(at).bind(provider);
            return Ok(sent.bind(provider_message_id).bind(segments).execute().await? == 1);
        }
        Outcome::Logged => (State::Logged, None, None),
        Outcome::Skipped(why) => (State::Skipped, Some(why), None),
        Outcome::Bounced(provider, error) => (State::Bounced, Some(error), Some(provider)),
        Outcome::Failed(error) => (State::Failed, Some(error), None),
    };
    let ended = MESSAGES.finish(db, held, ENDED).bind(state).bind(error).bind(provider);
    Ok(ended.execute().await? == 1)
}
