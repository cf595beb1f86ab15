//! `users`. Deleted ones are never returned.

use std::collections::BTreeSet;

use chassis::db::Json;
use chassis::db::{self, Result, Session, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Role, User};
use crate::passwords::PasswordHash;

/// What somebody logs in with, in the form it is stored in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    Email(String),
    Username(String),
}

/// A user with what their password is compared with.
#[derive(Debug, chassis::db::Record)]
pub struct Credentials {
    #[record(flatten)]
    pub user: User,
    pub password_hash: Option<PasswordHash>,
}

/// Which users to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of the e-mail address, name or username.
    pub search: Option<String>,
    pub role: Option<Role>,
    pub active: Option<bool>,
}

pub async fn insert_user(tx: &mut Tx, user: &User, password: Option<&PasswordHash>) -> Result<()> {
    tx.query(
        "INSERT INTO users (id, email, email_verified_at, username, name, phone, password_hash,
                            roles, permissions, active, token_version, token_version_at, version,
                            created_at, updated_at, last_login_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(user.id)
    .bind(user.email.clone())
    .bind(user.email_verified_at)
    .bind(user.username.clone())
    .bind(user.name.clone())
    .bind(user.phone.clone())
    .bind(password.cloned())
    .bind(user.roles.clone())
    .bind(user.permissions.clone())
    .bind(user.active)
    .bind(user.token_version)
    .bind(user.token_version_at)
    .bind(user.version)
    .bind(user.created_at)
    .bind(user.updated_at)
    .bind(user.last_login_at)
    .execute()
    .await
    .map(drop)
}

/// Stores every field of a user but the password.
pub async fn save_user(tx: &mut Tx, user: &User) -> Result<()> {
    tx.query(
        "UPDATE users SET email = $2, email_verified_at = $3, username = $4, name = $5, phone = $6,
                          roles = $7, permissions = $8, active = $9, token_version = $10,
                          token_version_at = $11, version = $12, updated_at = $13,
                          last_login_at = $14
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(user.id)
    .bind(user.email.clone())
    .bind(user.email_verified_at)
    .bind(user.username.clone())
    .bind(user.name.clone())
    .bind(user.phone.clone())
    .bind(user.roles.clone())
    .bind(user.permissions.clone())
    .bind(user.active)
    .bind(user.token_version)
    .bind(user.token_version_at)
    .bind(user.version)
    .bind(user.updated_at)
    .bind(user.last_login_at)
    .execute()
    .await
    .map(drop)
}

pub async fn find_user(db: impl Session<'_>, id: Uuid) -> Result<Option<User>> {
    db.query("SELECT * FROM users WHERE id = $1 AND deleted_at IS NULL").bind(id).optional().await
}

/// A user for as long as the transaction lasts: nobody else changes it meanwhile.
pub async fn lock_user(tx: &mut Tx, id: Uuid) -> Result<Option<User>> {
    tx.query(
        "UPDATE users SET updated_at = updated_at WHERE id = $1 AND deleted_at IS NULL
         RETURNING *",
    )
    .bind(id)
    .optional()
    .await
}

pub async fn credentials(db: impl Session<'_>, login: &Login) -> Result<Option<Credentials>> {
    match login {
        Login::Email(email) => db
            .query("SELECT * FROM users WHERE email = $1 AND deleted_at IS NULL")
            .bind(email.clone()),
        Login::Username(username) => db
            .query("SELECT * FROM users WHERE username = $1 AND deleted_at IS NULL")
            .bind(username.clone()),
    }
    .optional()
    .await
}

pub async fn credentials_of(db: impl Session<'_>, user: Uuid) -> Result<Option<Credentials>> {
    db.query("SELECT * FROM users WHERE id = $1 AND deleted_at IS NULL").bind(user).optional().await
}

pub async fn set_password(tx: &mut Tx, user: Uuid, hash: &PasswordHash) -> Result<()> {
    tx.query("UPDATE users SET password_hash = $2 WHERE id = $1")
        .bind(user)
        .bind(hash.clone())
        .execute()
        .await
        .map(drop)
}

/// From now on nobody can log in before a new password is set.
pub async fn clear_password(tx: &mut Tx, user: Uuid) -> Result<()> {
    tx.query("UPDATE users SET password_hash = NULL WHERE id = $1")
        .bind(user)
        .execute()
        .await
        .map(drop)
}

/// Replaces a hash by a better one of the same password, unless it was changed meanwhile.
pub async fn upgrade_password(
    tx: &mut Tx,
    user: Uuid,
    from: &PasswordHash,
    to: &PasswordHash,
) -> Result<()> {
    tx.query("UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2")
        .bind(user)
        .bind(from.clone())
        .bind(to.clone())
        .execute()
        .await
        .map(drop)
}

/// Whether any account still has a hash that another shop made.
pub async fn has_foreign_hash(db: impl Session<'_>) -> Result<bool> {
    const FOREIGN: &str = "SELECT CAST(1 AS BIGINT) FROM users
         WHERE password_hash NOT LIKE '$argon2%' LIMIT 1";
    Ok(db.query(FOREIGN).optional::<(i64,)>().await?.is_some())
}

pub async fn logged_in(tx: &mut Tx, user: Uuid, now: DateTime<Utc>) -> Result<()> {
    tx.query("UPDATE users SET last_login_at = $2 WHERE id = $1")
        .bind(user)
        .bind(now)
        .execute()
        .await
        .map(drop)
}

/// Removes all that says who a user was. Address and name are free again. `accounts` are the keys
/// attempts with the user's logins are counted under.
pub async fn erase_user(
    tx: &mut Tx,
    user: &User,
    accounts: &[String],
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "UPDATE users SET email = NULL, email_verified_at = NULL, username = NULL, name = '',
                          phone = NULL, password_hash = NULL, roles = $2, permissions = NULL,
                          active = FALSE, token_version = $3, token_version_at = $4, version = $5,
                          updated_at = $4, last_login_at = NULL, deleted_at = $4
         WHERE id = $1",
    )
    .bind(user.id)
    .bind(Json(BTreeSet::<Role>::new()))
    .bind(user.token_version)
    .bind(now)
    .bind(user.version)
    .execute()
    .await?;
    for sql in [
        "DELETE FROM addresses WHERE user_id = $1",
        "DELETE FROM one_time_tokens WHERE user_id = $1",
        "DELETE FROM devices WHERE user_id = $1",
        "DELETE FROM email_changes WHERE user_id = $1",
        "UPDATE sessions SET user_agent = NULL, address = NULL WHERE user_id = $1",
    ] {
        tx.query(sql).bind(user.id).execute().await?;
    }
    for account in accounts {
        tx.query("DELETE FROM attempts WHERE account = $1").bind(account.clone()).execute().await?;
    }
    Ok(())
}

/// Lists users, newest first, from after the one with the id `after`, without the first `skip`.
pub async fn list_users(
    db: impl Session<'_>,
    filter: &Filter,
    (after, skip): (Option<Uuid>, i64),
    limit: i64,
) -> Result<Vec<User>> {
    db.query(
        "SELECT * FROM users
         WHERE deleted_at IS NULL
           AND ($1 IS NULL OR lower(email) LIKE lower($1) ESCAPE '\\'
                OR lower(name) LIKE lower($1) ESCAPE '\\' OR username LIKE lower($1) ESCAPE '\\')
           AND ($2 IS NULL OR CAST(roles AS TEXT) LIKE $2)
           AND ($3 IS NULL OR active = $3)
           AND ($4 IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5 OFFSET $6",
    )
    .bind(filter.pattern())
    .bind(filter.role.map(holding))
    .bind(filter.active)
    .bind(after)
    .bind(limit)
    .bind(skip)
    .all()
    .await
}

pub async fn count_users(db: impl Session<'_>, filter: &Filter) -> Result<i64> {
    let (count,) = db
        .query(
            "SELECT count(*) FROM users
             WHERE deleted_at IS NULL
               AND ($1 IS NULL OR lower(email) LIKE lower($1) ESCAPE '\\'
                    OR lower(name) LIKE lower($1) ESCAPE '\\'
                    OR username LIKE lower($1) ESCAPE '\\')
               AND ($2 IS NULL OR CAST(roles AS TEXT) LIKE $2)
               AND ($3 IS NULL OR active = $3)",
        )
        .bind(filter.pattern())
        .bind(filter.role.map(holding))
        .bind(filter.active)
        .one::<(i64,)>()
        .await?;
    Ok(count)
}

/// Makes the transactions that may add or remove an admin wait for one another.
pub async fn lock_admins(tx: &mut Tx) -> Result<()> {
    tx.query("UPDATE locks SET name = name WHERE name = 'admins'").execute().await.map(drop)
}

/// How many admins there are, active or not.
pub async fn count_admins(db: impl Session<'_>) -> Result<i64> {
    let (count,) = db
        .query(
            "SELECT count(*) FROM users WHERE deleted_at IS NULL AND CAST(roles AS TEXT) LIKE $1",
        )
        .bind(holding(Role::Admin))
        .one::<(i64,)>()
        .await?;
    Ok(count)
}

/// How many active admins there are besides one user.
pub async fn count_other_admins(tx: &mut Tx, user: Uuid) -> Result<i64> {
    let (count,) = tx
        .query(
            "SELECT count(*) FROM users
             WHERE deleted_at IS NULL AND active AND id <> $1 AND CAST(roles AS TEXT) LIKE $2",
        )
        .bind(user)
        .bind(holding(Role::Admin))
        .one::<(i64,)>()
        .await?;
    Ok(count)
}

impl Filter {
    fn pattern(&self) -> Option<String> {
        self.search.as_deref().map(db::containing)
    }
}

/// The pattern of a list of roles, as JSON, that has this one in it.
fn holding(role: Role) -> String {
    format!("%\"{}\"%", role.name())
}
