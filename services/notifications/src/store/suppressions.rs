//! The SQL of addresses that get no more messages.

use chassis::db::{Result, Session, sql};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::Channel;
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
