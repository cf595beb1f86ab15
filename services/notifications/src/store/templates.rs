//! The SQL of texts that staff wrote.

use chassis::db::{Result, Session, Tx, sql};
use chassis::if_match::Versioned;
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
    /// Rises with every change, and is that of no earlier text.
    pub(crate) version: i64,
    pub(crate) updated_at: DateTime<Utc>,
}

/// The text of a template in a language as it is now, written or built in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Current<'a>(pub(crate) Option<&'a Override>);

impl Versioned for Current<'_> {
    const NAME: &'static str = "template";

    /// 0 for a built-in text.
    fn version(&self) -> i64 {
        self.0.map_or(0, |it| it.version)
    }

    fn updated_at(&self) -> Option<DateTime<Utc>> {
        self.0.map(|it| it.updated_at)
    }
}

/// Nobody writes a text, or takes one back, before this transaction ends.
pub(crate) async fn lock_templates(tx: &mut Tx) -> Result<()> {
    // SQLite has one writer anyway.
    let lock = sql!(
        sqlite: "SELECT 1",
        postgres: "LOCK TABLE templates IN SHARE ROW EXCLUSIVE MODE",
    );
    tx.query(lock).execute().await.map(drop)
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
    let first = now.timestamp_micros();
    let set = sql!(
        "INSERT INTO templates (key, channel, locale, subject, body, version, updated_at, updated_by)
         VALUES ({key}, {channel}, {language}, {subject}, {body}, {first}, {now}, {by})
         ON CONFLICT (key, channel, locale) DO UPDATE
         SET subject = excluded.subject, body = excluded.body, version = templates.version + 1,
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
