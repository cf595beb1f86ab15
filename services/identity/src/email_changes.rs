//! Changes of an account's e-mail address, and their undoing.
//!
//! An attacker who takes over an account changes its address first. So the old address, where it
//! was verified, gets a link that puts it back for a week. An account that was taken over may be
//! moved on more than once, and each verified address on the way gets a link: the oldest goes
//! before the younger ones, whose links no longer count once it was used. Nobody else can take an
//! address that an account can go back to.

use chassis::db::Tx;
use chassis::outbox;
use chassis::problem::Result;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::identity::{PasswordResetRequested, UserEmailChanged};
use serde_json::json;

use crate::model::{Actor, User};
use crate::store::EmailChange;
use crate::tokens::Secret;
use crate::{App, accounts, problems, sessions, store, throttle, trust};

/// How long a change can be undone.
pub const UNDO: TimeDelta = TimeDelta::days(7);

/// Refuses an address that another account can go back to. After the user was stored, so that it is
/// seen whichever of two was faster.
pub async fn check(tx: &mut Tx, user: &User, now: DateTime<Utc>) -> Result<()> {
    if store::is_email_kept(&mut *tx, &user.email, Some(user.id), now).await? {
        Err(problems::email_taken())
    } else {
        Ok(())
    }
}

/// Notes and publishes that the account has another address than before. Only what its owner
/// changed can be undone by a mail: staff may change an address because somebody else reads the
/// e-mails of the old one, and then none of those before counts any more.
pub async fn note(
    tx: &mut Tx,
    before: &User,
    user: &User,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    check(tx, user, now).await?;
    let own = actor.id() == Some(user.id);
    let can_undo = own && before.email_verified_at.is_some();
    if can_undo {
        let (user_id, email) = (user.id, before.email.clone());
        let change = EmailChange { user_id, email, version: user.version };
        store::insert_email_change(tx, &change, (now, now + UNDO)).await?;
    } else if !own {
        store::forget_all_email_changes(tx, user.id).await?;
    }
    publish(tx, before, user, can_undo, now).await
}

/// A fresh token for the link to an address the account can go back to.
pub async fn issue(app: &App, user: &User, email: &str) -> Result<Secret> {
    let (secret, now) = (Secret::random(), app.clock.now());
    if store::set_undo_token(&app.db, (user.id, email), &secret.hash(), now).await? {
        Ok(secret)
    } else {
        Err(problems::user_not_found(user.id))
    }
}

/// Puts an address back for who has the token that was sent there. All sessions end and the
/// password no longer counts: somebody else may know it. A mail to set a new one goes to that
/// address.
pub async fn undo(app: &App, token: &Secret) -> Result<()> {
    let now = app.clock.now();
    let hash = token.hash();
    let found = store::find_email_change(&app.db, &hash, now).await?;
    let owner = found.ok_or_else(problems::one_time_token_invalid)?.user_id;

    let mut tx = app.db.begin().await?;
    let before = store::lock_user(&mut tx, owner).await?.filter(|it| it.active);
    let change = store::find_email_change(&mut tx, &hash, now).await?;
    let (before, change) = before.zip(change).ok_or_else(problems::one_time_token_invalid)?;
    let mut user = before.clone();
    user.email = change.email.clone();
    // The token came by mail.
    user.email_verified_at = Some(now);
    user.void_tokens(now);
    user.touch(now);
    accounts::taken(store::save_user(&mut tx, &user).await)?;
    store::clear_password(&mut tx, user.id).await?;
    store::delete_one_time_tokens(&mut tx, user.id).await?;
    store::forget_email_changes(&mut tx, &change).await?;
    sessions::end_all(&mut tx, user.id, None, now).await?;
    for account in throttle::accounts(&user) {
        store::forgive_everywhere(&mut tx, &account).await?;
    }
    accounts::publish_updated(&mut tx, &user, now).await?;
    let reset = PasswordResetRequested {
        user_id: user.id,
        email: user.email.clone(),
        name: user.name.clone(),
        language: user.language.clone(),
    };
    outbox::publish(&mut tx, user.id, user.version, &reset, now).await?;
    if before.email != user.email {
        publish(&mut tx, &before, &user, false, now).await?;
    }
    if before.email != user.email || before.email_verified_at.is_none() {
        accounts::publish_verified(&mut tx, &user, now).await?;
    }
    store::note(&mut tx, Some(user.id), "email.change_undone", user.id, json!({}), now).await?;
    tx.commit().await?;
    trust::refresh_here(app).await;
    Ok(())
}

async fn publish(
    tx: &mut Tx,
    before: &User,
    user: &User,
    can_undo: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let event = UserEmailChanged {
        user_id: user.id,
        email: user.email.clone(),
        old_email: before.email.clone(),
        name: user.name.clone(),
        language: user.language.clone(),
        can_undo,
    };
    Ok(outbox::publish(tx, user.id, user.version, &event, now).await?)
}
