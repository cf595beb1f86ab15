//! `sessions` and `refresh_tokens`.

use chassis::auth::Revocations;
use chassis::db::{Db, Result, Session as On, Tx};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A login somewhere.
#[derive(Clone, Debug, PartialEq, Serialize, chassis::db::Record, ToSchema)]
pub struct Session {
    pub id: Uuid,
    #[serde(skip)]
    pub user_id: Uuid,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// Where it was last used from.
    pub address: Option<String>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is used before.
    pub expires_at: DateTime<Utc>,
    #[serde(skip)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether its refresh token stays the same when it is used.
    pub fixed: bool,
}

/// A refresh token, known by its hash.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub struct RefreshToken {
    pub hash: Vec<u8>,
    pub session_id: Uuid,
    /// The token this one was given for.
    pub parent: Option<Vec<u8>>,
    pub expires_at: DateTime<Utc>,
    pub spent_at: Option<DateTime<Utc>>,
    /// The token given for this one, sealed with this one, until it is used.
    pub successor: Option<Vec<u8>>,
}

pub async fn insert_session(tx: &mut Tx, session: &Session) -> Result<()> {
    tx.query(
        "INSERT INTO sessions (id, user_id, user_agent, address, created_at, last_used_at,
                               expires_at, fixed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(session.id)
    .bind(session.user_id)
    .bind(session.user_agent.clone())
    .bind(session.address.clone())
    .bind(session.created_at)
    .bind(session.last_used_at)
    .bind(session.expires_at)
    .bind(session.fixed)
    .execute()
    .await
    .map(drop)
}

pub async fn find_session(db: impl On<'_>, id: Uuid) -> Result<Option<Session>> {
    db.query("SELECT * FROM sessions WHERE id = $1").bind(id).optional().await
}

/// Notes that a session was used.
pub async fn touch_session(tx: &mut Tx, session: &Session) -> Result<()> {
    tx.query(
        "UPDATE sessions SET user_agent = $2, address = $3, last_used_at = $4, expires_at = $5
         WHERE id = $1",
    )
    .bind(session.id)
    .bind(session.user_agent.clone())
    .bind(session.address.clone())
    .bind(session.last_used_at)
    .bind(session.expires_at)
    .execute()
    .await
    .map(drop)
}

/// A user's live sessions, newest first, from after the one with the id `after`.
pub async fn list_sessions(
    db: impl On<'_>,
    user: Uuid,
    after: Option<Uuid>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Session>> {
    db.query(
        "SELECT * FROM sessions
         WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND ($3 IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4",
    )
    .bind(user)
    .bind(now)
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// Ends a live session of a user; false if there is none.
pub async fn end_session(tx: &mut Tx, user: Uuid, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let ended = tx
        .query(
            "UPDATE sessions SET ended_at = $3
             WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3",
        )
        .bind(id)
        .bind(user)
        .bind(now)
        .execute()
        .await?;
    Ok(ended == 1)
}

/// Ends a user's live sessions but one, and returns their ids.
pub async fn end_sessions(
    tx: &mut Tx,
    user: Uuid,
    except: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let ended: Vec<(Uuid,)> = tx
        .query(
            "UPDATE sessions SET ended_at = $3
             WHERE user_id = $1 AND ($2 IS NULL OR id <> $2) AND ended_at IS NULL
               AND expires_at > $3
             RETURNING id",
        )
        .bind(user)
        .bind(except)
        .bind(now)
        .all()
        .await?;
    Ok(ended.into_iter().map(|(id,)| id).collect())
}

/// The live sessions of a user beyond the newest `keep`.
pub async fn surplus_sessions(
    tx: &mut Tx,
    user: Uuid,
    keep: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let surplus: Vec<(Uuid,)> = tx
        .query(
            "SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
             ORDER BY id DESC LIMIT 1000 OFFSET $3",
        )
        .bind(user)
        .bind(now)
        .bind(keep)
        .all()
        .await?;
    Ok(surplus.into_iter().map(|(id,)| id).collect())
}

pub async fn insert_refresh_token(tx: &mut Tx, token: &RefreshToken) -> Result<()> {
    tx.query(
        "INSERT INTO refresh_tokens (hash, session_id, parent, expires_at)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(token.hash.clone())
    .bind(token.session_id)
    .bind(token.parent.clone())
    .bind(token.expires_at)
    .execute()
    .await
    .map(drop)
}

pub async fn find_refresh_token(db: impl On<'_>, hash: &[u8]) -> Result<Option<RefreshToken>> {
    db.query("SELECT * FROM refresh_tokens WHERE hash = $1").bind(hash.to_vec()).optional().await
}

/// Spends a token and keeps its sealed successor; false if it was spent before. Of several at once,
/// one succeeds.
pub async fn spend_refresh_token(
    tx: &mut Tx,
    hash: &[u8],
    successor: &[u8],
    now: DateTime<Utc>,
) -> Result<bool> {
    let spent = tx
        .query(
            "UPDATE refresh_tokens SET spent_at = $2, successor = $3
             WHERE hash = $1 AND spent_at IS NULL",
        )
        .bind(hash.to_vec())
        .bind(now)
        .bind(successor.to_vec())
        .execute()
        .await?;
    Ok(spent == 1)
}

/// Forgets what was given for a spent token: it has been used.
pub async fn forget_successor(tx: &mut Tx, hash: &[u8]) -> Result<()> {
    tx.query("UPDATE refresh_tokens SET successor = NULL WHERE hash = $1")
        .bind(hash.to_vec())
        .execute()
        .await
        .map(drop)
}

/// Sessions ended, and users whose tokens were voided, since then.
pub async fn revocations(db: &Db, since: DateTime<Utc>) -> Result<Revocations> {
    let sessions: Vec<(Uuid,)> =
        db.query("SELECT id FROM sessions WHERE ended_at > $1").bind(since).all().await?;
    let users: Vec<(Uuid, i64)> = db
        .query("SELECT id, token_version FROM users WHERE token_version_at > $1")
        .bind(since)
        .all()
        .await?;
    Ok(Revocations {
        sessions: sessions.into_iter().map(|(id,)| id).collect(),
        users: users.into_iter().collect(),
    })
}

/// Forgets some of what ended or expired before `before`; returns how many rows.
pub async fn tidy_sessions(db: &Db, before: DateTime<Utc>) -> Result<u64> {
    const TOKENS: &str = "DELETE FROM refresh_tokens WHERE hash IN
        (SELECT hash FROM refresh_tokens WHERE expires_at < $1 LIMIT 1000)";
    const ENDED: &str = "DELETE FROM sessions WHERE id IN
        (SELECT id FROM sessions WHERE ended_at < $1 LIMIT 500)";
    const EXPIRED: &str = "DELETE FROM sessions WHERE id IN
        (SELECT id FROM sessions WHERE expires_at < $1 LIMIT 500)";
    let mut forgotten = 0;
    for sql in [TOKENS, ENDED, EXPIRED] {
        forgotten += db.query(sql).bind(before).execute().await?;
    }
    Ok(forgotten)
}
