//! The SQL of notifications, all of it.

mod lists;
mod templates;

pub(crate) use lists::{Filter, count, list};
pub(crate) use templates::{Override, delete_override, find_override, overrides, set_override};

use chassis::clock::too_far;
use chassis::db::Json;
use chassis::db::{Db, Result, Session, Sql, Tx, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{LONGEST_WAIT, Message, NOBODY, Preferences, State};
#[cfg(test)]
use crate::{builtin::Text, model::Channel};

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

/// Adds a message; false if there is one with this id.
pub(crate) async fn insert(db: impl Session<'_>, it: &Message) -> Result<bool> {
    Ok(db.insert_new(it).execute().await? == 1)
}

pub(crate) async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Message>> {
    db.query(sql!("SELECT {Message.*} FROM messages WHERE id = {id}")).optional().await
}

/// Gives a message that failed, is dead or has only been logged all its tries back; false if it is in
/// another state.
pub(crate) async fn retry(db: impl Session<'_>, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let queue = sql!(
        "UPDATE messages SET state = 'queued', attempts = 0, next_at = {now}, error = NULL
         WHERE id = {id} AND state IN ('failed', 'dead', 'logged')"
    );
    Ok(db.query(queue).execute().await? == 1)
}

/// Whether anything is due: a look that takes no write lock.
pub(crate) async fn is_due(db: impl Session<'_>, now: DateTime<Utc>) -> Result<bool> {
    let found: Option<(i64,)> = db
        .query(
            "SELECT CAST(1 AS BIGINT) FROM messages
             WHERE state IN ('queued', 'failed', 'sending') AND (next_at <= $1 OR next_at > $2)
             LIMIT 1",
        )
        .bind(now)
        .bind(too_far(now, LONGEST_WAIT))
        .optional()
        .await?;
    Ok(found.is_some())
}

/// Claims messages that are due, or whose sender has not come back, until `lease`.
pub(crate) async fn claim(
    db: &Db,
    now: DateTime<Utc>,
    lease: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Message>> {
    const CLAIM: Sql = Sql {
        sqlite: "UPDATE messages SET state = 'sending', next_at = $1, attempts = attempts + 1
                 WHERE id IN (SELECT id FROM messages
                              WHERE state IN ('queued', 'failed', 'sending')
                                AND (next_at <= $2 OR next_at > $3)
                              ORDER BY next_at, id LIMIT $4)
                 RETURNING *",
        postgres: "UPDATE messages SET state = 'sending', next_at = $1, attempts = attempts + 1
                   WHERE id IN (SELECT id FROM messages
                                WHERE state IN ('queued', 'failed', 'sending')
                                  AND (next_at <= $2 OR next_at > $3)
                                ORDER BY next_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
                   RETURNING *",
    };
    let far = too_far(now, LONGEST_WAIT);
    db.query(CLAIM).bind(lease).bind(now).bind(far).bind(limit).all().await
}

/// Notes how sending ended; false if the lease was lost to another sender meanwhile.
pub(crate) async fn settle(
    db: impl Session<'_>,
    message: &Message,
    outcome: &Outcome,
) -> Result<bool> {
    let (state, next_at, error, sent_at) = match outcome.clone() {
        Outcome::Sent(at) => (State::Sent, None, None, Some(at)),
        Outcome::Logged => (State::Logged, None, None, None),
        Outcome::Skipped(why) => (State::Skipped, None, Some(why.to_owned()), None),
        Outcome::Again(at, error) => (State::Failed, Some(at), Some(error), None),
        Outcome::Dead(error) => (State::Dead, None, Some(error), None),
    };
    let Message { id, attempts, next_at: lease, .. } = message;
    let settle = sql!(
        "UPDATE messages
         SET state = {state}, next_at = {next_at}, error = {error}, sent_at = {sent_at}
         WHERE id = {id} AND state = 'sending' AND attempts = {attempts} AND next_at = {lease}"
    );
    Ok(db.query(settle).execute().await? == 1)
}

/// Ends every lease: for a process that knows it is the only one. What is queued is due at once as
/// well, also where it was queued by a clock that has been put back since.
pub(crate) async fn end_leases(db: impl Session<'_>, now: DateTime<Utc>) -> Result<u64> {
    let end = db.query("UPDATE messages SET next_at = $1 WHERE state IN ('sending', 'queued')");
    end.bind(now).execute().await
}

/// Takes a user out of the history and keeps their messages from being sent.
///
/// Messages staff wrote to an address of the user are theirs too.
pub(crate) async fn forget(tx: &mut Tx, user: Uuid, now: DateTime<Utc>) -> Result<()> {
    let nothing = Json(serde_json::json!({}));
    let mut batch = tx.batch();
    batch.add(|tx| {
        tx.query(sql!(
            "INSERT INTO deleted_users (user_id, deleted_at) VALUES ({user}, {now})
             ON CONFLICT (user_id) DO NOTHING"
        ))
    });
    batch.add(|tx| tx.query(sql!("DELETE FROM preferences WHERE user_id = {user}")));
    batch.add(|tx| {
        tx.query(sql!(
            "UPDATE messages
             SET recipient = {NOBODY}, subject = NULL, body = '', data = {nothing}, next_at = NULL,
                 state = CASE WHEN state IN ('sent', 'logged') THEN state ELSE 'skipped' END,
                 error = CASE WHEN state IN ('sent', 'logged') THEN error
                              ELSE 'the account was deleted' END
             WHERE user_id = {user}
                OR (user_id IS NULL AND recipient IN
                    (SELECT recipient FROM messages
                     WHERE user_id = {user} AND recipient <> {NOBODY}))"
        ))
    });
    batch.execute().await.map(drop)
}

/// Whether the account is gone.
pub(crate) async fn is_deleted(db: impl Session<'_>, user: Uuid) -> Result<bool> {
    let find = sql!("SELECT user_id FROM deleted_users WHERE user_id = {user}");
    Ok(db.query(find).optional::<(Uuid,)>().await?.is_some())
}

/// Notes news about an order. Returns the status of later news, if some was heard before.
pub(crate) async fn hear(
    tx: &mut Tx,
    order: Uuid,
    sequence: i64,
    status: &str,
) -> Result<Option<String>> {
    let hear = sql!(
        "INSERT INTO heard_orders (order_id, sequence, status)
         VALUES ({order}, {sequence}, {status})
         ON CONFLICT (order_id) DO UPDATE
         SET sequence = excluded.sequence, status = excluded.status
         WHERE heard_orders.sequence <= excluded.sequence"
    );
    match tx.query(hear).execute().await? {
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
    let later =
        sql!("SELECT status FROM heard_orders WHERE order_id = {order} AND sequence > {sequence}");
    let later: Option<(String,)> = db.query(later).optional().await?;
    Ok(later.map(|(status,)| status))
}

pub(crate) async fn preferences(db: impl Session<'_>, user: Uuid) -> Result<Preferences> {
    let find = sql!("SELECT settings FROM preferences WHERE user_id = {user}");
    let found: Option<(Json<Preferences>,)> = db.query(find).optional().await?;
    Ok(found.map(|(Json(it),)| it).unwrap_or_default())
}

pub(crate) async fn set_preferences(
    db: impl Session<'_>,
    user: Uuid,
    preferences: &Preferences,
    now: DateTime<Utc>,
) -> Result<()> {
    let settings = Json(*preferences);
    let set = sql!(
        "INSERT INTO preferences (user_id, settings, updated_at)
         VALUES ({user}, {settings}, {now})
         ON CONFLICT (user_id) DO UPDATE
         SET settings = excluded.settings, updated_at = excluded.updated_at"
    );
    db.query(set).execute().await.map(drop)
}

#[cfg(test)]
mod tests;
