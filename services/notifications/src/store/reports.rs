//! The SQL of what providers report of messages.

use chassis::db::{Result, Session, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Channel, Message, State};

/// A message that a report is about, held until the end of the transaction: reports of one message
/// are applied one after the other, and not while the sender claims it.
pub(crate) async fn lock(db: impl Session<'_>, id: Uuid) -> Result<Option<Message>> {
    let find = sql!(
        sqlite: "SELECT {Message.*} FROM messages WHERE id = {id}",
        postgres: "SELECT {Message.*} FROM messages WHERE id = {id} FOR UPDATE",
    );
    db.query(find).optional().await
}

/// The same of the message that a provider calls so.
pub(crate) async fn lock_by_provider_id(
    db: impl Session<'_>,
    provider: &str,
    provider_message_id: &str,
) -> Result<Option<Message>> {
    let find = sql!(
        sqlite: "SELECT {Message.*} FROM messages
                 WHERE provider_message_id = {provider_message_id} AND provider = {provider}",
        postgres: "SELECT {Message.*} FROM messages
                   WHERE provider_message_id = {provider_message_id} AND provider = {provider}
                   FOR UPDATE",
    );
    db.query(find).optional().await
}

/// Whether any message of a channel is being sent.
pub(crate) async fn is_sending(db: impl Session<'_>, channel: Option<Channel>) -> Result<bool> {
    let find =
        sql!("SELECT id FROM messages WHERE state = 'sending' AND channel = {channel} LIMIT 1");
    Ok(db.query(find).optional::<(Uuid,)>().await?.is_some())
}

/// Notes what became of a message, as this provider says.
pub(crate) async fn report(
    db: impl Session<'_>,
    id: Uuid,
    (provider, state, error): (&str, State, Option<&str>),
    now: DateTime<Utc>,
) -> Result<()> {
    let delivered_at = (state == State::Delivered).then_some(now);
    let update = sql!(
        "UPDATE messages
         SET state = {state}, error = {error}, next_at = NULL,
             provider = COALESCE(provider, {provider}),
             sent_at = COALESCE(sent_at, {now}),
             delivered_at = COALESCE({delivered_at}, delivered_at)
         WHERE id = {id}"
    );
    db.query(update).execute().await.map(drop)
}

/// How many messages of these templates were sent to a recipient since then.
pub(crate) async fn count_since(
    db: impl Session<'_>,
    recipient: &str,
    templates: &[&str; 2],
    since: DateTime<Utc>,
) -> Result<i64> {
    let [one, other] = *templates;
    let count = sql!(
        "SELECT COUNT(*) FROM messages
         WHERE lower(recipient) = lower({recipient}) AND created_at >= {since}
           AND template IN ({one}, {other}) AND state <> 'skipped'"
    );
    Ok(db.query(count).one::<(i64,)>().await?.0)
}
