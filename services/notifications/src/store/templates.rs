//! The SQL of texts that staff wrote.

use chassis::db::{Result, Session, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::builtin::Text;
use crate::model::Channel;

/// What staff wrote instead of a built-in text.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub(crate) struct Override {
    pub(crate) key: String,
    /// A language tag.
    pub(crate) locale: String,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) updated_at: DateTime<Utc>,
}

/// What staff wrote for this template, if anything.
pub(crate) async fn find_override(
    db: impl Session<'_>,
    key: &str,
    channel: Channel,
    language: &str,
) -> Result<Option<Override>> {
    let find = sql!(
        "SELECT {Override.*} FROM templates
         WHERE key = {key} AND channel = {channel} AND locale = {language}"
    );
    db.query(find).optional().await
}

/// The languages in which staff wrote a text for this template.
pub(crate) async fn languages_of(
    db: impl Session<'_>,
    key: &str,
    channel: Channel,
) -> Result<Vec<String>> {
    let find = sql!("SELECT locale FROM templates WHERE key = {key} AND channel = {channel}");
    let found: Vec<(String,)> = db.query(find).all().await?;
    Ok(found.into_iter().map(|(it,)| it).collect())
}

/// Everything staff wrote: at most one row per built-in template and language.
pub(crate) async fn overrides(db: impl Session<'_>) -> Result<Vec<Override>> {
    let all = sql!("SELECT {Override.*} FROM templates ORDER BY key, locale");
    db.query(all).all().await
}

pub(crate) async fn set_override(
    db: impl Session<'_>,
    (key, channel, language): (&str, Channel, &str),
    text: &Text,
    by: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    let Text { subject, body } = text;
    let set = sql!(
        "INSERT INTO templates (key, channel, locale, subject, body, updated_at, updated_by)
         VALUES ({key}, {channel}, {language}, {subject}, {body}, {now}, {by})
         ON CONFLICT (key, channel, locale) DO UPDATE
         SET subject = excluded.subject, body = excluded.body,
             updated_at = excluded.updated_at, updated_by = excluded.updated_by"
    );
    db.query(set).execute().await.map(drop)
}

/// Goes back to the built-in text.
pub(crate) async fn delete_override(
    db: impl Session<'_>,
    key: &str,
    channel: Channel,
    language: &str,
) -> Result<()> {
    let delete = sql!(
        "DELETE FROM templates
         WHERE key = {key} AND channel = {channel} AND locale = {language}"
    );
    db.query(delete).execute().await.map(drop)
}
