//! Accounts: made, changed and removed, by their owner, by staff or from the command line. Every
//! way in goes through here, so that each keeps the same rules and tells the same events.

use std::collections::BTreeSet;

use chassis::db::Json;
use chassis::db::{self, Db, Tx};
use chassis::problem::{OnDuplicate, Problem, Result};
use chassis::{id, outbox};
use chrono::{DateTime, Utc};
use contracts::identity::{
    EmailVerificationRequested, UserClosed, UserDeleted, UserEmailVerified, UserPasswordChanged,
    UserRegistered, UserUpdated,
};
use contracts::language::Language;
use serde_json::json;
use uuid::Uuid;

use crate::model::{Actor, Changes, Permission, Role, User};
use crate::passwords::PasswordHash;
use crate::store::Login;
use crate::{email_changes, problems, sessions, store, throttle};

/// An account to be made. Its fields have been checked and are in the form they are stored in.
#[derive(Debug)]
pub struct NewUser {
    pub email: String,
    pub username: Option<String>,
    pub name: String,
    pub phone: Option<String>,
    pub language: Option<Language>,
    pub roles: BTreeSet<Role>,
    pub permissions: Option<BTreeSet<Permission>>,
    pub active: bool,
    pub password: PasswordHash,
}

/// Refuses an address or username that is taken, before a password is hashed for nothing. The
/// database refuses it again if somebody is faster.
pub async fn check_free(
    db: &Db,
    email: &str,
    username: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    if store::is_email_kept(db, email, None, now).await? {
        return Err(problems::email_taken());
    }
    if store::credentials(db, &Login::Email(email.to_owned())).await?.is_some() {
        return Err(problems::email_taken());
    }
    if let Some(username) = username
        && store::credentials(db, &Login::Username(username.to_owned())).await?.is_some()
    {
        return Err(problems::username_taken());
    }
    Ok(())
}

/// Makes an account and publishes it.
pub async fn create(
    tx: &mut Tx,
    new: NewUser,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> Result<User> {
    let user = User {
        id: id::new(),
        email: new.email,
        email_verified_at: None,
        username: new.username,
        name: new.name,
        phone: new.phone,
        language: new.language,
        roles: Json(new.roles),
        permissions: new.permissions.map(Json),
        active: new.active,
        token_version: 1,
        token_version_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
        last_login_at: None,
    };
    own_permissions_fit(&user)?;
    if !actor.covers(&user) {
        return Err(problems::cannot_grant());
    }
    taken(store::insert_user(tx, &user, Some(&new.password)).await)?;
    email_changes::check(tx, &user, now).await?;
    let event = UserRegistered {
        user_id: user.id,
        email: user.email.clone(),
        name: user.name.clone(),
        language: user.language.clone(),
    };
    outbox::publish(tx, user.id, user.version, &event, now).await?;
    let details = json!({ "roles": user.roles });
    store::note(tx, actor.id(), "user.created", user.id, details, now).await?;
    Ok(user)
}

/// Changes an account that the transaction has locked, as somebody who runs the shop.
pub async fn change_as(
    tx: &mut Tx,
    user: User,
    changes: &Changes,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> Result<User> {
    if !actor.covers(&user) {
        return Err(problems::outranked());
    }
    let was_admin = user.is_admin() && user.active;
    let mut after = user.clone();
    after.apply(changes, now);
    if let Some(Some(permissions)) = &changes.permissions {
        own_permissions_fit(&User { permissions: Some(Json(permissions.clone())), ..after })?;
    }
    let user = change(tx, user, changes, None, actor, now).await?;
    if !actor.covers(&user) {
        return Err(problems::cannot_grant());
    }
    if was_admin && !(user.is_admin() && user.active) {
        keep_an_admin(tx, user.id).await?;
    }
    Ok(user)
}

/// Changes an account that the transaction has locked. A new password ends its sessions except
/// `keep`; so does deactivating it.
pub async fn change(
    tx: &mut Tx,
    mut user: User,
    changes: &Changes,
    keep: Option<Uuid>,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> Result<User> {
    let before = user.clone();
    let changed = user.apply(changes, now);
    if changed.is_empty() {
        return Ok(user);
    }
    taken(store::save_user(tx, &user).await)?;
    if let Some(password) = &changes.password {
        store::set_password(tx, user.id, password).await?;
        store::delete_one_time_tokens(tx, user.id).await?;
    }
    if changes.password.is_some() || !user.active {
        sessions::end_all(tx, user.id, keep.filter(|_| user.active), now).await?;
    }
    publish_updated(tx, &user, now).await?;
    if changed.contains(&"email") {
        let event = EmailVerificationRequested {
            user_id: user.id,
            email: user.email.clone(),
            name: user.name.clone(),
            language: user.language.clone(),
        };
        outbox::publish(tx, user.id, user.version, &event, now).await?;
        email_changes::note(tx, &before, &user, actor, now).await?;
    }
    if changes.password.is_some() {
        let event = UserPasswordChanged {
            user_id: user.id,
            email: user.email.clone(),
            name: user.name.clone(),
            language: user.language.clone(),
        };
        outbox::publish(tx, user.id, user.version, &event, now).await?;
    }
    let details = json!({ "fields": changed });
    store::note(tx, actor.id(), "user.updated", user.id, details, now).await?;
    Ok(user)
}

/// Tells everybody how a user is now.
pub async fn publish_updated(tx: &mut Tx, user: &User, now: DateTime<Utc>) -> Result<()> {
    let event = UserUpdated {
        user_id: user.id,
        email: user.email.clone(),
        name: user.name.clone(),
        active: user.active,
    };
    Ok(outbox::publish(tx, user.id, user.version, &event, now).await?)
}

/// Tells everybody that the user reads the mails of their address, which was not known before.
pub async fn publish_verified(tx: &mut Tx, user: &User, now: DateTime<Utc>) -> Result<()> {
    let event = UserEmailVerified { user_id: user.id, email: user.email.clone() };
    Ok(outbox::publish(tx, user.id, user.version, &event, now).await?)
}

/// Removes an account that the transaction has locked, and all that says whose it was.
pub async fn remove(
    tx: &mut Tx,
    mut user: User,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    if user.is_admin() && user.active {
        keep_an_admin(tx, user.id).await?;
    }
    sessions::end_all(tx, user.id, None, now).await?;
    user.void_tokens(now);
    user.touch(now);
    store::erase_user(tx, &user, &throttle::accounts(&user), now).await?;
    outbox::publish(tx, user.id, user.version, &UserDeleted { user_id: user.id }, now).await?;
    let User { id, version, email, name, language, .. } = user;
    let closed = UserClosed { user_id: id, email, name, language };
    outbox::publish(tx, id, version, &closed, now).await?;
    Ok(store::note(tx, actor.id(), "user.deleted", id, json!({}), now).await?)
}

/// Only staff have permissions of their own: admins may do everything, customers nothing.
fn own_permissions_fit(user: &User) -> Result<()> {
    if user.permissions.is_some() && !user.roles.contains(&Role::Staff) {
        Err(Problem::field("permissions", "only users with the role staff have some"))
    } else {
        Ok(())
    }
}

/// Refuses to go on where `leaving` was the last active admin.
async fn keep_an_admin(tx: &mut Tx, leaving: Uuid) -> Result<()> {
    match store::count_other_admins(tx, leaving).await? {
        0 => Err(problems::last_admin()),
        _ => Ok(()),
    }
}

/// Says which of the two unique fields is taken: both databases name it.
pub(crate) fn taken(stored: db::Result<()>) -> Result<()> {
    let name = match &stored {
        Err(db::Error::Duplicate(source)) => source.to_string(),
        _ => String::new(),
    };
    stored.on_duplicate(|| -> Problem {
        if name.contains("username") { problems::username_taken() } else { problems::email_taken() }
    })
}
