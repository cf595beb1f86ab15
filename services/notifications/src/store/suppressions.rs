//! The SQL of addresses that get no more messages.

use chassis::db::{Result, Select, Session, sql};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{Channel, Message, Topic};
use crate::reports::SuppressionReason;

/// An address that gets no more messages, or not all of them.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema, chassis::db::Record)]
#[record(table = "suppressions", key("id"))]
pub(crate) struct Suppression {
    pub(crate) id: Uuid,
    pub(crate) channel: Channel,
    pub(crate) recipient: String,
    pub(crate) reason: SuppressionReason,
    /// What the provider said, such as `5.1.1`.
    pub(crate) detail: Option<String>,
    /// The message that led to it.
    pub(crate) message_id: Option<Uuid>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Adds one; the first one for an address and reason stays.
pub(crate) async fn insert_suppression(db: impl Session<'_>, it: &Suppression) -> Result<()> {
    db.insert_new(it).execute().await.map(drop)
}

/// Why an address gets no more messages of a channel.
pub(crate) async fn suppressions_of(
    db: impl Session<'_>,
    channel: Channel,
    recipient: &str,
) -> Result<Vec<SuppressionReason>> {
    let find = sql!(
        "SELECT reason FROM suppressions WHERE channel = {channel} AND recipient = {recipient}"
    );
    let reasons: Vec<(SuppressionReason,)> = db.query(find).all().await?;
    Ok(reasons.into_iter().map(|(it,)| it).collect())
}

/// Lists suppressions before the last one seen, newest first, without the first `skip`.
pub(crate) async fn list_suppressions(
    db: impl Session<'_>,
    recipient: Option<String>,
    (before, skip): (Option<(DateTime<Utc>, Uuid)>, i64),
    limit: i64,
) -> Result<Vec<Suppression>> {
    let mut list = Select::from("suppressions");
    list.equal("recipient", recipient);
    if let Some((at, id)) = before {
        let (at, id) = (list.bind(at), list.bind(id));
        list.filter(format!("(created_at, id) < ({at}, {id})"));
    }
    list.order("created_at DESC, id DESC").limit(limit).skip(skip);
    list.records::<Suppression>(db, "").all().await
}

pub(crate) async fn count_suppressions(
    db: impl Session<'_>,
    recipient: Option<String>,
) -> Result<i64> {
    Select::from("suppressions").equal("recipient", recipient).count(db).await
}

/// Lifts a suppression; false if there is none with this id.
pub(crate) async fn delete_suppression(db: impl Session<'_>, id: Uuid) -> Result<bool> {
    let delete = sql!("DELETE FROM suppressions WHERE id = {id}");
    Ok(db.query(delete).execute().await? == 1)
}

/// Lifts what a user unsubscribed from by messages to the user's own account. An account can be
/// made with anybody's address, so what came of other messages stays.
pub(crate) async fn resubscribe(db: impl Session<'_>, user: Uuid, channel: Channel) -> Result<()> {
    let delete = sql!(
        "DELETE FROM suppressions
         WHERE reason = 'unsubscribed' AND channel = {channel}
           AND message_id IN (SELECT id FROM messages WHERE user_id = {user})"
    );
    db.query(delete).execute().await.map(drop)
}

/// Skips marketing that waits to be sent to the recipient of a message, or to its user, on its
/// channel.
pub(crate) async fn skip_marketing(db: impl Session<'_>, message: &Message) -> Result<()> {
    let (channel, recipient, user) = (message.channel, &message.recipient, message.user_id);
    let reason = SuppressionReason::Unsubscribed.stops(Topic::Marketing, false);
    let skip = sql!(
        "UPDATE messages SET state = 'skipped', next_at = NULL, error = {reason}
         WHERE (lower(recipient) = lower({recipient}) OR user_id = {user})
           AND channel = {channel} AND topic = 'marketing' AND state = 'queued'"
    );
    db.query(skip).execute().await.map(drop)
}
