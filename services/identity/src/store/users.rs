//! `users`. Deleted ones are never returned.

use std::collections::BTreeSet;

use chassis::db::{self, Insert, Json, Record, Result, Select, Session, Tx, sql};
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
#[derive(Debug, Record)]
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

/// A user with what their password is compared with, as it is added.
#[derive(Insert)]
#[record(table = "users")]
struct NewUser<'a> {
    #[record(flatten)]
    user: &'a User,
    password_hash: Option<&'a PasswordHash>,
}

pub async fn insert_user(
    tx: &mut Tx,
    user: &User,
    password_hash: Option<&PasswordHash>,
) -> Result<()> {
    tx.insert(&NewUser { user, password_hash }).execute().await.map(drop)
}

/// Stores every field of a user but the password.
pub async fn save_user(tx: &mut Tx, user: &User) -> Result<()> {
    tx.update_where(user, "deleted_at IS NULL").execute().await.map(drop)
}

pub async fn find_user(db: impl Session<'_>, id: Uuid) -> Result<Option<User>> {
    db.query(sql!("SELECT {User.*} FROM users WHERE id = {id} AND deleted_at IS NULL"))
        .optional()
        .await
}

/// A user for as long as the transaction lasts: nobody else changes it meanwhile.
pub async fn lock_user(tx: &mut Tx, id: Uuid) -> Result<Option<User>> {
    tx.query(sql!(
        "UPDATE users SET updated_at = updated_at WHERE id = {id} AND deleted_at IS NULL
         RETURNING {User.*}"
    ))
    .optional()
    .await
}

pub async fn credentials(db: impl Session<'_>, login: &Login) -> Result<Option<Credentials>> {
    let mut find = Select::from("users");
    match login {
        Login::Email(email) => find.equal("email", Some(email.clone())),
        Login::Username(username) => find.equal("username", Some(username.clone())),
    };
    find.filter("deleted_at IS NULL").records::<Credentials>(db, "").optional().await
}

pub async fn credentials_of(db: impl Session<'_>, user: Uuid) -> Result<Option<Credentials>> {
    let find = sql!("SELECT {Credentials.*} FROM users WHERE id = {user} AND deleted_at IS NULL");
    db.query(find).optional().await
}

pub async fn set_password(tx: &mut Tx, user: Uuid, hash: &PasswordHash) -> Result<()> {
    tx.query(sql!("UPDATE users SET password_hash = {hash} WHERE id = {user}"))
        .execute()
        .await
        .map(drop)
}

/// From now on nobody can log in before a new password is set.
pub async fn clear_password(tx: &mut Tx, user: Uuid) -> Result<()> {
    tx.query(sql!("UPDATE users SET password_hash = NULL WHERE id = {user}"))
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
    tx.query(sql!(
        "UPDATE users SET password_hash = {to} WHERE id = {user} AND password_hash = {from}"
    ))
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
    tx.query(sql!("UPDATE users SET last_login_at = {now} WHERE id = {user}"))
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
    tx.query(sql!(
        "UPDATE users SET email = NULL, email_verified_at = NULL, username = NULL, name = '',
                          phone = NULL, language = NULL, password_hash = NULL,
             roles = {Json(BTreeSet::<Role>::new())}, permissions = NULL,
                          active = FALSE, token_version = {user.token_version},
             token_version_at = {now}, version = {user.version},
                          updated_at = {now}, last_login_at = NULL, deleted_at = {now}
         WHERE id = {user.id}"
    ))
    .execute()
    .await?;
    let id = user.id;
    for erase in [
        "DELETE FROM addresses WHERE user_id = $1",
        "DELETE FROM one_time_tokens WHERE user_id = $1",
        "DELETE FROM devices WHERE user_id = $1",
        "DELETE FROM email_changes WHERE user_id = $1",
        "UPDATE sessions SET user_agent = NULL, address = NULL WHERE user_id = $1",
    ] {
        tx.query(erase).bind(id).execute().await?;
    }
    tx.query(sql!("DELETE FROM attempts WHERE account IN ({accounts..})")).execute().await?;
    Ok(())
}

/// Lists users, newest first, from after the one with the id `after`, without the first `skip`.
pub async fn list_users(
    db: impl Session<'_>,
    filter: &Filter,
    (after, skip): (Option<Uuid>, i64),
    limit: i64,
) -> Result<Vec<User>> {
    let mut list = filter.users();
    list.compare("id", "<", after).order("id DESC").limit(limit).skip(skip);
    list.records::<User>(db, "").all().await
}

pub async fn count_users(db: impl Session<'_>, filter: &Filter) -> Result<i64> {
    filter.users().count(db).await
}

/// Makes the transactions that may add or remove an admin wait for one another.
pub async fn lock_admins(tx: &mut Tx) -> Result<()> {
    tx.query("UPDATE locks SET name = name WHERE name = 'admins'").execute().await.map(drop)
}

/// How many admins there are, active or not.
pub async fn count_admins(db: impl Session<'_>) -> Result<i64> {
    let (count,) = db
        .query(sql!(
            "SELECT count(*) FROM users WHERE deleted_at IS NULL
                 AND CAST(roles AS TEXT) LIKE {holding(Role::Admin)}"
        ))
        .one::<(i64,)>()
        .await?;
    Ok(count)
}

/// How many active admins there are besides one user.
pub async fn count_other_admins(tx: &mut Tx, user: Uuid) -> Result<i64> {
    let (count,) = tx
        .query(sql!(
            "SELECT count(*) FROM users
             WHERE deleted_at IS NULL AND active AND id <> {user}
                 AND CAST(roles AS TEXT) LIKE {holding(Role::Admin)}"
        ))
        .one::<(i64,)>()
        .await?;
    Ok(count)
}

impl Filter {
    fn users(&self) -> Select {
        let mut users = Select::from("users");
        users.filter("deleted_at IS NULL");
        if let Some(search) = &self.search {
            let part = users.bind(db::containing(search));
            users.filter(format!(
                r"(lower(email) LIKE lower({part}) ESCAPE '\' OR lower(name) LIKE lower({part})
                   ESCAPE '\' OR username LIKE lower({part}) ESCAPE '\')"
            ));
        }
        users.compare("CAST(roles AS TEXT)", "LIKE", self.role.map(holding));
        users.equal("active", self.active);
        users
    }
}

/// The pattern of a list of roles, as JSON, that has this one in it.
fn holding(role: Role) -> String {
    format!("%\"{}\"%", role.as_str())
}
