//! The SQL of notifications, all of it.

mod attachments;
mod devices;
mod lists;
mod queue;
mod reports;
mod secrets;
mod suppressions;
mod templates;

pub(crate) use attachments::{attachments, insert_attachments};
pub(crate) use devices::{
    Device, DevicePlatform, delete_device, delete_gone_device, devices_of, save_device,
};
pub(crate) use lists::{DayCount, Filter, count, count_by_day, list};
pub(crate) use queue::{MESSAGES, Outcome, settle};
pub(crate) use reports::{count_since, is_sending, lock, lock_by_provider_id, report};
pub(crate) use secrets::unsubscribe_secret;
pub(crate) use suppressions::{
    Suppression, count_suppressions, delete_suppression, insert_suppression, list_suppressions,
    resubscribe, skip_marketing, suppressions_of,
};
pub(crate) use templates::{
    Override, delete_override, find_override, languages_of, overrides, set_override,
};

use chassis::db::Json;
use chassis::db::{Result, Session, Tx, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Message, NOBODY, Preferences};
use crate::queue::FAREWELL;
#[cfg(test)]
use crate::{
    builtin::Text,
    model::{Channel, State},
};

/// Adds a message; false if there is one with this id.
pub(crate) async fn insert(db: impl Session<'_>, it: &Message) -> Result<bool> {
    Ok(db.insert_new(it).execute().await? == 1)
}

pub(crate) async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Message>> {
    db.query(sql!("SELECT {Message.*} FROM messages WHERE id = {id}")).optional().await
}

/// Gives a message that waits to be tried again, was given up or has only been logged all its tries
/// back; false if it is in another state.
pub(crate) async fn retry(db: impl Session<'_>, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let queue = sql!(
        "UPDATE messages
         SET state = 'queued', attempts = 0, uncertain = 0, next_at = {now}, error = NULL
         WHERE id = {id} AND (state IN ('failed', 'logged') OR (state = 'queued' AND attempts > 0))"
    );
    Ok(db.query(queue).execute().await? == 1)
}

/// Takes a user out of the history and keeps their messages from being sent, but for the one that
/// says so.
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
    batch.add(|tx| tx.query(sql!("DELETE FROM devices WHERE user_id = {user}")));
    batch.add(|tx| {
        tx.query(sql!(
            "DELETE FROM attachments WHERE message_id IN
                 (SELECT id FROM messages
                  WHERE user_id = {user}
                     OR (user_id IS NULL AND recipient IN
                         (SELECT recipient FROM messages
                          WHERE user_id = {user} AND recipient <> {NOBODY})))"
        ))
    });
    batch.add(|tx| {
        tx.query(sql!(
            "DELETE FROM suppressions
             WHERE message_id IN (SELECT id FROM messages WHERE user_id = {user})"
        ))
    });
    batch.add(|tx| {
        tx.query(sql!(
            "UPDATE messages
             SET recipient = {NOBODY}, subject = NULL, body = '', markdown = NULL,
                 data = {nothing}, next_at = NULL,
                 state = CASE WHEN state IN ('queued', 'sending', 'failed') THEN 'skipped' ELSE state END,
                 error = CASE WHEN state IN ('queued', 'sending', 'failed') THEN 'the account was deleted'
                              ELSE error END
             WHERE (user_id = {user}
                    OR (user_id IS NULL AND recipient IN
                        (SELECT recipient FROM messages
                         WHERE user_id = {user} AND recipient <> {NOBODY})))
               AND NOT (COALESCE(template, '') = {FAREWELL} AND state IN ('queued', 'sending'))"
        ))
    });
    batch.execute().await.map(drop)
}

/// Leaves nothing of the last message to an account that was deleted, once it is not sent again.
pub(crate) async fn forget_farewell(tx: &mut Tx, id: Uuid) -> Result<()> {
    let nothing = Json(serde_json::json!({}));
    let forget = sql!(
        "UPDATE messages
         SET recipient = {NOBODY}, subject = NULL, body = '', markdown = NULL, data = {nothing},
             state = CASE WHEN state = 'failed' THEN 'skipped' ELSE state END
         WHERE id = {id} AND template = {FAREWELL} AND state NOT IN ('queued', 'sending')"
    );
    tx.query(forget).execute().await.map(drop)
}

/// Whether the account is gone.
pub(crate) async fn is_deleted(db: impl Session<'_>, user: Uuid) -> Result<bool> {
    let find = sql!("SELECT user_id FROM deleted_users WHERE user_id = {user}");
    Ok(db.query(find).optional::<(Uuid,)>().await?.is_some())
}

/// Notes news about an order. Returns the status of later news, if some was heard before.
pub(crate) async fn note_status(
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
