//! The SQL of notifications, all of it.

mod queue;

pub(crate) use queue::{MESSAGES, Outcome, settle};

use chassis::db::Json;
use chassis::db::{Result, Session, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::builtin::{LOCALE, Text};
use crate::model::{Channel, Message, NOBODY, Preferences, State};

/// What staff wrote instead of a built-in text.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub(crate) struct Override {
    pub(crate) key: String,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) updated_at: DateTime<Utc>,
}

/// Which messages to list. Unset fields do not narrow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) channel: Option<Channel>,
    pub(crate) recipient: Option<String>,
    pub(crate) state: Option<State>,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) template: Option<String>,
}

/// Adds a message; false if there is one with this id.
pub(crate) async fn insert(db: impl Session<'_>, it: &Message) -> Result<bool> {
    let inserted = db
        .query(
            "INSERT INTO messages (id, channel, template, recipient, subject, body, data, state,
                                   attempts, next_at, error, order_id, order_number, user_id,
                                   fingerprint, created_at, sent_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(it.id)
        .bind(it.channel)
        .bind(it.template.clone())
        .bind(it.recipient.clone())
        .bind(it.subject.clone())
        .bind(it.body.clone())
        .bind(it.data.clone())
        .bind(it.state)
        .bind(it.attempts)
        .bind(it.next_at)
        .bind(it.error.clone())
        .bind(it.order_id)
        .bind(it.order_number.clone())
        .bind(it.user_id)
        .bind(it.fingerprint.clone())
        .bind(it.created_at)
        .bind(it.sent_at)
        .execute()
        .await?;
    Ok(inserted == 1)
}

pub(crate) async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Message>> {
    db.query("SELECT * FROM messages WHERE id = $1").bind(id).optional().await
}

/// Lists messages before the last one seen, newest first, without the first `skip`.
pub(crate) async fn list(
    db: impl Session<'_>,
    filter: &Filter,
    (before, skip): (Option<(DateTime<Utc>, Uuid)>, i64),
    limit: i64,
) -> Result<Vec<Message>> {
    db.query(
        "SELECT * FROM messages
         WHERE ($1 IS NULL OR channel = $1)
           AND ($2 IS NULL OR lower(recipient) = lower($2))
           AND ($3 IS NULL OR state = $3)
           AND ($4 IS NULL OR order_id = $4)
           AND ($5 IS NULL OR (created_at, id) < ($5, $6))
           AND ($9 IS NULL OR template = $9)
         ORDER BY created_at DESC, id DESC LIMIT $7 OFFSET $8",
    )
    .bind(filter.channel)
    .bind(filter.recipient.clone())
    .bind(filter.state)
    .bind(filter.order_id)
    .bind(before.map(|(at, _)| at))
    .bind(before.map(|(_, id)| id))
    .bind(limit)
    .bind(skip)
    .bind(filter.template.clone())
    .all()
    .await
}

pub(crate) async fn count(db: impl Session<'_>, filter: &Filter) -> Result<i64> {
    let (count,): (i64,) = db
        .query(
            "SELECT count(*) FROM messages
             WHERE ($1 IS NULL OR channel = $1)
               AND ($2 IS NULL OR lower(recipient) = lower($2))
               AND ($3 IS NULL OR state = $3)
               AND ($4 IS NULL OR order_id = $4)
               AND ($5 IS NULL OR template = $5)",
        )
        .bind(filter.channel)
        .bind(filter.recipient.clone())
        .bind(filter.state)
        .bind(filter.order_id)
        .bind(filter.template.clone())
        .one()
        .await?;
    Ok(count)
}

/// Gives a message that failed, is dead or has only been logged all its tries back; false if it is in
/// another state.
pub(crate) async fn retry(db: impl Session<'_>, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let queued = db
        .query(
            "UPDATE messages SET state = 'queued', attempts = 0, next_at = $2, error = NULL
             WHERE id = $1 AND state IN ('failed', 'dead', 'logged')",
        )
        .bind(id)
        .bind(now)
        .execute()
        .await?;
    Ok(queued == 1)
}

/// Takes a user out of the history and keeps their messages from being sent.
///
/// Messages staff wrote to an address of the user are theirs too.
pub(crate) async fn forget(tx: &mut Tx, user: Uuid, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "INSERT INTO deleted_users (user_id, deleted_at) VALUES ($1, $2)
         ON CONFLICT (user_id) DO NOTHING",
    )
    .bind(user)
    .bind(now)
    .execute()
    .await?;
    tx.query("DELETE FROM preferences WHERE user_id = $1").bind(user).execute().await?;
    tx.query(
        "UPDATE messages
         SET recipient = $2, subject = NULL, body = '', data = $3, next_at = NULL,
             state = CASE WHEN state IN ('sent', 'logged') THEN state ELSE 'skipped' END,
             error = CASE WHEN state IN ('sent', 'logged') THEN error
                          ELSE 'the account was deleted' END
         WHERE user_id = $1
            OR (user_id IS NULL AND recipient IN
                (SELECT recipient FROM messages WHERE user_id = $1 AND recipient <> $2))",
    )
    .bind(user)
    .bind(NOBODY)
    .bind(Json(serde_json::json!({})))
    .execute()
    .await?;
    Ok(())
}

/// Whether the account is gone.
pub(crate) async fn is_deleted(db: impl Session<'_>, user: Uuid) -> Result<bool> {
    let found: Option<(Uuid,)> = db
        .query("SELECT user_id FROM deleted_users WHERE user_id = $1")
        .bind(user)
        .optional()
        .await?;
    Ok(found.is_some())
}

/// Notes news about an order. Returns the status of later news, if some was heard before.
pub(crate) async fn hear(
    tx: &mut Tx,
    order: Uuid,
    sequence: i64,
    status: &str,
) -> Result<Option<String>> {
    let newest = tx
        .query(
            "INSERT INTO heard_orders (order_id, sequence, status) VALUES ($1, $2, $3)
             ON CONFLICT (order_id) DO UPDATE
             SET sequence = excluded.sequence, status = excluded.status
             WHERE heard_orders.sequence <= excluded.sequence",
        )
        .bind(order)
        .bind(sequence)
        .bind(status.to_owned())
        .execute()
        .await?;
    match newest {
        1 => Ok(None),
        _ => later_news(tx, order, sequence).await,
    }
}

/// The status an order has by the latest news of it, if those are later than `sequence`.
pub(crate) async fn later_news(
    db: impl Session<'_>,
    order: Uuid,
    sequence: i64,
) -> Result<Option<String>> {
    let later: Option<(String,)> = db
        .query("SELECT status FROM heard_orders WHERE order_id = $1 AND sequence > $2")
        .bind(order)
        .bind(sequence)
        .optional()
        .await?;
    Ok(later.map(|(status,)| status))
}

pub(crate) async fn preferences(db: impl Session<'_>, user: Uuid) -> Result<Preferences> {
    let found: Option<(Json<Preferences>,)> = db
        .query("SELECT settings FROM preferences WHERE user_id = $1")
        .bind(user)
        .optional()
        .await?;
    Ok(found.map(|(Json(it),)| it).unwrap_or_default())
}

pub(crate) async fn set_preferences(
    db: impl Session<'_>,
    user: Uuid,
    preferences: &Preferences,
    now: DateTime<Utc>,
) -> Result<()> {
    db.query(
        "INSERT INTO preferences (user_id, settings, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE
         SET settings = excluded.settings, updated_at = excluded.updated_at",
    )
    .bind(user)
    .bind(Json(*preferences))
    .bind(now)
    .execute()
    .await
    .map(drop)
}

/// What staff wrote for this template, if anything.
pub(crate) async fn find_override(
    db: impl Session<'_>,
    key: &str,
    channel: Channel,
) -> Result<Option<Override>> {
    db.query(
        "SELECT key, subject, body, updated_at FROM templates
         WHERE key = $1 AND channel = $2 AND locale = $3",
    )
    .bind(key.to_owned())
    .bind(channel)
    .bind(LOCALE)
    .optional()
    .await
}

/// Everything staff wrote: at most one row per built-in template.
pub(crate) async fn overrides(db: impl Session<'_>) -> Result<Vec<Override>> {
    db.query("SELECT key, subject, body, updated_at FROM templates WHERE locale = $1 ORDER BY key")
        .bind(LOCALE)
        .all()
        .await
}

pub(crate) async fn set_override(
    db: impl Session<'_>,
    key: &str,
    channel: Channel,
    text: &Text,
    by: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    db.query(
        "INSERT INTO templates (key, channel, locale, subject, body, updated_at, updated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (key, channel, locale) DO UPDATE
         SET subject = excluded.subject, body = excluded.body,
             updated_at = excluded.updated_at, updated_by = excluded.updated_by",
    )
    .bind(key.to_owned())
    .bind(channel)
    .bind(LOCALE)
    .bind(text.subject.clone())
    .bind(text.body.clone())
    .bind(now)
    .bind(by)
    .execute()
    .await
    .map(drop)
}

/// Goes back to the built-in text.
pub(crate) async fn delete_override(
    db: impl Session<'_>,
    key: &str,
    channel: Channel,
) -> Result<()> {
    db.query("DELETE FROM templates WHERE key = $1 AND channel = $2 AND locale = $3")
        .bind(key.to_owned())
        .bind(channel)
        .bind(LOCALE)
        .execute()
        .await
        .map(drop)
}

#[cfg(test)]
mod tests;
