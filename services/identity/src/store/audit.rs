//! `audit_log`.

use chassis::db::Json;
use chassis::db::{Result, Session, Tx};
use chassis::id;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that was done to a user. It names fields, never their values.
#[derive(Clone, Debug, PartialEq, Serialize, chassis::db::Record, ToSchema)]
pub struct AuditEntry {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    /// Who did it; none for the shop itself.
    pub actor: Option<Uuid>,
    /// For example `user.updated` or `session.ended`.
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
    tx.query(
        "INSERT INTO audit_log (id, at, actor, action, user_id, details)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id::new())
    .bind(now)
    .bind(actor)
    .bind(action)
    .bind(user)
    .bind(Json(details))
    .execute()
    .await
    .map(drop)
}

/// What was done to a user, newest first, from after the entry with the id `after`.
pub async fn list_audit(
    db: impl Session<'_>,
    user: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AuditEntry>> {
    db.query(
        "SELECT * FROM audit_log WHERE user_id = $1 AND ($2 IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3",
    )
    .bind(user)
    .bind(after)
    .bind(limit)
    .all()
    .await
}
