//! `email_changes`: the addresses an account can go back to.

use chassis::db::{Db, Result, Session, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An address that an account had.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub struct EmailChange {
    pub user_id: Uuid,
    pub email: String,
    /// Of the account, when it left it. An older one goes before a younger one.
    pub version: i64,
}

/// Notes that the account leaves an address. One that it left before keeps its place, and can be
/// gone back to for longer.
pub async fn insert_email_change(
    tx: &mut Tx,
    change: &EmailChange,
    (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<()> {
    tx.query(
        "INSERT INTO email_changes (user_id, email, version, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id, email) DO UPDATE
         SET version = CASE WHEN email_changes.expires_at > $5 THEN email_changes.version
                            ELSE excluded.version END,
             expires_at = excluded.expires_at",
    )
    .bind(change.user_id)
    .bind(change.email.clone())
    .bind(change.version)
    .bind(expires_at)
    .bind(now)
    .execute()
    .await
    .map(drop)
}

/// Gives the link to an address its token, instead of any before; false if the account cannot go
/// back to that address.
pub async fn set_undo_token(
    db: impl Session<'_>,
    (user, email): (Uuid, &str),
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<bool> {
    let set = db
        .query(
            "UPDATE email_changes SET hash = $3
             WHERE user_id = $1 AND email = $2 AND expires_at > $4",
        )
        .bind(user)
        .bind(email.to_owned())
        .bind(hash.to_vec())
        .bind(now)
        .execute()
        .await?;
    Ok(set == 1)
}

/// The change that this token undoes, as long as it counts.
pub async fn find_email_change(
    db: impl Session<'_>,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<EmailChange>> {
    db.query(
        "SELECT user_id, email, version FROM email_changes WHERE hash = $1 AND expires_at > $2",
    )
    .bind(hash.to_vec())
    .bind(now)
    .optional()
    .await
}

/// Forgets an address that was gone back to, and all that the account had after it: who reads the
/// mails of those came later.
pub async fn forget_email_changes(tx: &mut Tx, from: &EmailChange) -> Result<()> {
    tx.query("DELETE FROM email_changes WHERE user_id = $1 AND version >= $2")
        .bind(from.user_id)
        .bind(from.version)
        .execute()
        .await
        .map(drop)
}

/// Forgets all addresses an account had.
pub async fn forget_all_email_changes(tx: &mut Tx, user: Uuid) -> Result<()> {
    tx.query("DELETE FROM email_changes WHERE user_id = $1").bind(user).execute().await.map(drop)
}

/// Whether another account can go back to this address.
pub async fn is_email_kept(
    db: impl Session<'_>,
    email: &str,
    by_other_than: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let found: Option<(Uuid,)> = db
        .query(
            "SELECT user_id FROM email_changes
             WHERE email = $1 AND expires_at > $2 AND ($3 IS NULL OR user_id <> $3) LIMIT 1",
        )
        .bind(email.to_owned())
        .bind(now)
        .bind(by_other_than)
        .optional()
        .await?;
    Ok(found.is_some())
}

/// Forgets the addresses nobody can go back to any more; returns how many.
pub async fn tidy_email_changes(db: &Db, now: DateTime<Utc>) -> Result<u64> {
    db.query("DELETE FROM email_changes WHERE expires_at < $1").bind(now).execute().await
}
