//! The queue of messages: from queued to sent, or given up.

use chassis::db::{Result, Session};
use chassis::queue::{Dead, Due, Queue, Table};
use chrono::{DateTime, Utc};

use crate::model::{LONGEST_WAIT, Message, State};

/// The pauses of a day are worth keeping over a restart, so that only new ones are hurried.
pub(crate) static MESSAGES: Queue = Queue::new(Table {
    name: "notifications.messages",
    table: "messages",
    key: "id",
    columns: "*",
    open: "state IN ('queued', 'failed', 'sending')",
    due: Due::At("next_at"),
    order: "next_at, id",
    claimed: "state = 'sending', attempts = attempts + 1",
    hurried: "state IN ('sending', 'queued')",
    dead: Some(Dead {
        rows: "state = 'dead'",
        again: "state = 'queued', attempts = 0, error = NULL",
    }),
    longest: Some(LONGEST_WAIT),
});

/// How a try to send ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Sent(DateTime<Utc>),
    /// Nobody has it but the log.
    Logged,
    /// Not to be sent any more, and why.
    Skipped(&'static str),
    /// Failed; tried again at this time.
    Again(DateTime<Utc>, String),
    Dead(String),
}

/// Notes how sending ended; false if the lease was lost to another sender meanwhile.
pub(crate) async fn settle(
    db: impl Session<'_>,
    message: &Message,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Result<bool> {
    const ENDED: &str = "state = $3, next_at = NULL, error = $4, sent_at = $5";
    const AGAIN: &str = "state = $5, error = $6";
    let held = (message.id, message.fence);
    let (state, error, sent_at) = match outcome.clone() {
        Outcome::Again(at, error) => {
            let again = MESSAGES.release(db, held, (now, at), AGAIN).bind(State::Failed);
            return Ok(again.bind(error).execute().await? == 1);
        }
        Outcome::Sent(at) => (State::Sent, None, Some(at)),
        Outcome::Logged => (State::Logged, None, None),
        Outcome::Skipped(why) => (State::Skipped, Some(why.to_owned()), None),
        Outcome::Dead(error) => (State::Dead, Some(error), None),
    };
    let ended = MESSAGES.finish(db, held, ENDED).bind(state).bind(error).bind(sent_at);
    Ok(ended.execute().await? == 1)
}
