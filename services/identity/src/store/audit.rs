//! `audit_log`.

use chassis::db::{Json, Record, Result, Select, Session, Tx};
use chassis::id;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// An entry of the audit log. It names changed fields, never their values.
#[derive(Clone, Debug, PartialEq, Serialize, Record, ToSchema)]
#[record(table = "audit_log")]
pub struct AuditEntry {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    /// The user who did it; null for the shop itself.
    pub actor: Option<Uuid>,
    /// Such as `user.updated` or `session.ended`.
    pub action: String,
    pub user_id: Uuid,
    #[schema(value_type = Object)]
    pub details: Json<Value>,
}

/// Notes who did what to whom.
pub async fn note(
    tx: &mut Tx,
    actor: Option<Uuid>,
    action: &'static str,
    user: Uuid,
    details: Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let (id, action, details) = (id::new(), action.to_owned(), Json(details));
    let entry = AuditEntry { id, at: now, actor, action, user_id: user, details };
    tx.insert(&entry).execute().await.map(drop)
}

/// What was done to a user, newest first, from after the entry with the id `after`.
pub async fn list_audit(
    db: impl Session<'_>,
    user: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AuditEntry>> {
    let mut list = Select::from("audit_log");
    list.equal("user_id", Some(user)).compare("id", "<", after).order("id DESC").limit(limit);
    list.records::<AuditEntry>(db, "").all().await
}
