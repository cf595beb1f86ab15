//! The table of webhooks.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Notice;
use super::worker::LONGEST_PAUSE;
use crate::db::{self, Db, Result, Select, Session, Word, sql};
use crate::id;
use crate::queue::{Dead, Due, Queue, Table, kept};

/// Those that were applied or passed over are kept for so long.
const KEEP: TimeDelta = TimeDelta::days(30);
/// Those that could not be applied are kept for so long.
const KEEP_DEAD: TimeDelta = TimeDelta::days(90);

/// A webhook.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema, db::Record)]
pub struct Webhook {
    pub id: Uuid,
    /// The provider that sent it.
    pub provider: String,
    /// The provider's id of the event.
    pub event_id: String,
    /// The provider's name for the type of the event.
    #[serde(rename = "type")]
    #[record(rename = "type")]
    pub kind: String,
    /// What it is about: an id of the shop's or of the provider's; null if it is of no interest.
    pub subject: Option<String>,
    pub status: WebhookStatus,
    /// Attempts to apply it.
    pub attempts: i64,
    pub received_at: DateTime<Utc>,
    /// When a pending one is applied next.
    pub available_at: DateTime<Utc>,
    /// When it was applied, ignored or given up.
    pub done_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// What was kept of its body.
    #[record(json)]
    #[schema(value_type = Object)]
    pub payload: Value,
}

/// The status of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    /// It will be applied.
    Pending,
    Done,
    /// Nothing follows from it.
    Ignored,
    /// It could not be applied and is not tried again.
    Dead,
}

/// A place among webhooks, which are listed by when they came.
pub(crate) type WebhookPlace = (DateTime<Utc>, Uuid);

/// What a list of webhooks is narrowed by, and where it goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct WebhookFilter {
    pub(crate) provider: Option<String>,
    pub(crate) status: Option<WebhookStatus>,
    pub(crate) after: Option<WebhookPlace>,
}

/// One that a worker has claimed.
#[derive(db::Record)]
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) fence: i64,
    pub(super) provider: String,
    pub(super) event_id: String,
    #[record(rename = "type")]
    pub(super) kind: String,
    pub(super) subject: Option<String>,
    #[record(json)]
    pub(super) payload: Value,
    /// With the one it was claimed for.
    pub(super) attempts: i64,
}

/// One that came.
#[derive(Debug, db::Insert)]
#[record(table = "webhooks")]
struct New<'a> {
    id: Uuid,
    provider: &'static str,
    event_id: &'a str,
    #[record(rename = "type")]
    kind: &'a str,
    subject: Option<&'a str>,
    payload: db::Json<&'a Value>,
    status: &'static str,
    attempts: i64,
    received_at: DateTime<Utc>,
    available_at: DateTime<Utc>,
    done_at: Option<DateTime<Utc>>,
}

/// How many rows a statement inserts at most.
const MOST: usize = 64;

/// The queue of the webhooks of a service.
pub(super) fn queue(service: &str) -> &'static Queue {
    Queue::named(Table {
        name: kept(format!("{service}.webhooks")),
        table: "webhooks",
        key: "id",
        columns: "id, fence, provider, event_id, type, subject, payload, attempts",
        open: "status = 'pending'",
        due: Due::At("available_at"),
        order: "available_at, id",
        claimed: "attempts = attempts + 1",
        // A provider that is away is not back because this process is.
        hurried: "1 = 0",
        dead: Some(Dead {
            rows: "status = 'dead'",
            again: "status = 'pending', attempts = 0, done_at = NULL",
        }),
        longest: Some(LONGEST_PAUSE),
    })
}

/// Stores notices in one transaction; returns how many were not there yet.
pub(super) async fn insert(
    db: &Db,
    provider: &'static str,
    notices: &[Notice],
    now: DateTime<Utc>,
) -> Result<u64> {
    if notices.is_empty() {
        return Ok(0);
    }
    let rows: Vec<New> = notices.iter().map(|it| New::of(provider, it, now)).collect();
    let (mut tx, mut stored) = (db.begin().await?, 0);
    for rows in rows.chunks(MOST) {
        let insert =
            sql!("INSERT INTO webhooks ({New.*}) VALUES {rows..*} ON CONFLICT (id) DO NOTHING");
        stored += tx.query(insert).execute().await?;
    }
    tx.commit().await?;
    Ok(stored)
}

impl<'a> New<'a> {
    fn of(provider: &'static str, notice: &'a Notice, now: DateTime<Utc>) -> Self {
        let of_interest = notice.subject.is_some();
        Self {
            id: id::derive(id::derive(Uuid::nil(), provider), &notice.id),
            provider,
            event_id: &notice.id,
            kind: &notice.kind,
            subject: notice.subject.as_deref(),
            payload: db::Json(&notice.payload),
            status: if of_interest { "pending" } else { "ignored" },
            attempts: 0,
            received_at: now,
            available_at: now,
            done_at: (!of_interest).then_some(now),
        }
    }
}

/// Lists webhooks, newest first.
pub(crate) async fn list(
    db: impl Session<'_>,
    filter: &WebhookFilter,
    limit: i64,
) -> Result<Vec<Webhook>> {
    let mut list = Select::from("webhooks");
    list.equal("provider", filter.provider.clone()).equal("status", filter.status);
    if let Some((at, id)) = filter.after {
        let (at, id) = (list.bind(at), list.bind(id));
        list.filter(format!("(received_at, id) < ({at}, {id})"));
    }
    list.order("received_at DESC, id DESC").limit(limit).records::<Webhook>(db, "").all().await
}

/// The newest webhooks of a provider about any of these subjects, newest first.
pub async fn about(
    db: impl Session<'_>,
    provider: &str,
    subjects: &[String],
    limit: i64,
) -> Result<Vec<Webhook>> {
    let about = sql!(
        "SELECT {Webhook.*} FROM webhooks
         WHERE provider = {provider} AND subject IN ({subjects..})
         ORDER BY received_at DESC, id DESC LIMIT {limit}"
    );
    db.query(about).all().await
}

/// Has a webhook applied now, whatever became of it before; one that is being applied already is
/// left alone. Returns whether it exists.
pub(crate) async fn replay(db: &Db, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let replay = sql!(
        "UPDATE webhooks SET status = 'pending', attempts = 0, available_at = {now},
             done_at = NULL, lease_until = NULL, fence = fence + 1
         WHERE id = {id} AND
               (status <> 'pending' OR lease_until IS NULL OR lease_until <= {now})"
    );
    if db.query(replay).execute().await? == 1 {
        return Ok(true);
    }
    let exists = sql!("SELECT CAST(1 AS BIGINT) FROM webhooks WHERE id = {id}");
    Ok(db.query(exists).optional::<(i64,)>().await?.is_some())
}

/// Deletes what nobody needs any more, some at a time so that nobody waits behind it.
pub(crate) async fn tidy(db: &Db, now: DateTime<Utc>) -> Result<()> {
    let (done, dead) = (now - KEEP, now - KEEP_DEAD);
    loop {
        let old = sql!(
            "DELETE FROM webhooks WHERE id IN
             (SELECT id FROM webhooks
              WHERE status <> 'pending' AND done_at < {done}
                AND (status <> 'dead' OR done_at < {dead})
              ORDER BY done_at LIMIT 1000)"
        );
        if db.query(old).execute().await? == 0 {
            return Ok(());
        }
    }
}
