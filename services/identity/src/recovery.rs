//! One-time tokens: a forgotten password, an address to be verified. The tokens travel by mail
//! only; they are made when the mail is written, and only their hashes are stored.

use std::time::Duration;

use chassis::db::Tx;
use chassis::outbox;
use chassis::problem::Result;
use chassis::work::no_sooner;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::identity::{
    EmailVerificationRequested, IssueToken, PasswordResetRequested, Purpose,
};
use serde_json::json;
use uuid::Uuid;

use crate::model::{Actor, Changes, User};
use crate::passwords::Password;
use crate::store::{Login, OneTimeToken};
use crate::tokens::Secret;
use crate::{App, accounts, email_changes, problems, store, throttle, trust};

/// No answer about a forgotten password comes sooner: writing to the database takes less, so the
/// time does not tell whether there is an account.
const FLOOR: Duration = Duration::from_millis(50);

/// A fresh token for a mail to the user. Earlier ones for the same purpose no longer count. Where
/// the caller names the address, it must still be the user's, or one that they can go back to.
pub async fn issue(app: &App, request: &IssueToken) -> Result<Secret> {
    let IssueToken { user_id, purpose, email } = request;
    let (user, purpose) = (store::find_user(&app.db, *user_id).await?, *purpose);
    let user = user.filter(|it| it.active).ok_or_else(|| problems::user_not_found(*user_id))?;
    let lifetime = match purpose {
        Purpose::ResetPassword => TimeDelta::hours(1),
        Purpose::VerifyEmail => TimeDelta::days(3),
        Purpose::UndoEmailChange => {
            return email_changes::issue(app, &user, email.as_deref().unwrap_or_default()).await;
        }
    };
    if email.as_ref().is_some_and(|it| *it != user.email) {
        return Err(problems::user_not_found(*user_id));
    }
    let secret = Secret::random();
    let token = OneTimeToken {
        user_id: user.id,
        purpose,
        hash: secret.hash(),
        email: user.email,
        expires_at: app.clock.now() + lifetime,
    };
    store::insert_one_time_token(&app.db, &token).await?;
    Ok(secret)
}

/// Has a mail with a reset token sent, if there is such an account. The caller cannot tell.
pub async fn forgot(app: &App, email: String) -> Result<()> {
    no_sooner(FLOOR, request_reset(app, email)).await
}

async fn request_reset(app: &App, email: String) -> Result<()> {
    let now = app.clock.now();
    let login = Login::Email(email);
    let found = store::credentials(&app.db, &login).await?.filter(|it| it.user.active);
    let mut tx = app.db.begin().await?;
    let allowed = throttle::may_send(&mut tx, throttle::account(&login), now).await?;
    if let Some(found) = found.filter(|_| allowed)
        && let Some(mut user) = store::lock_user(&mut tx, found.user.id).await?
    {
        user.version += 1;
        store::save_user(&mut tx, &user).await?;
        let event = PasswordResetRequested {
            user_id: user.id,
            email: user.email.clone(),
            name: user.name.clone(),
            language: user.language.clone(),
        };
        outbox::publish(&mut tx, user.id, user.version, &event, now).await?;
        store::note(&mut tx, None, "password.reset_requested", user.id, json!({}), now).await?;
    }
    Ok(tx.commit().await?)
}

/// Sets a new password for who holds a reset token, and ends all sessions.
pub async fn reset(app: &App, token: &Secret, password: &Password) -> Result<()> {
    let now = app.clock.now();
    let (purpose, hash) = (Purpose::ResetPassword, token.hash());
    let owner = store::one_time_token_owner(&app.db, purpose, &hash, now)
        .await?
        .ok_or_else(problems::one_time_token_invalid)?;
    let user = store::find_user(&app.db, owner).await?;
    let user = user.ok_or_else(problems::one_time_token_invalid)?;
    password.check("password", &user.email, user.username.as_deref())?;
    let password = app.hasher.hash(password).await?;

    let mut tx = app.db.begin().await?;
    let mut user = take(&mut tx, owner, purpose, &hash, now).await?;
    // The token came by mail.
    let newly_proven = user.prove_email(now);
    let changes = Changes { password: Some(password), ..Changes::default() };
    let user = accounts::change(&mut tx, user, &changes, None, Actor::Shop, now).await?;
    if newly_proven {
        accounts::publish_verified(&mut tx, &user, now).await?;
    }
    for account in throttle::accounts(&user) {
        store::forgive_everywhere(&mut tx, &account).await?;
    }
    store::note(&mut tx, Some(user.id), "password.reset", user.id, json!({}), now).await?;
    tx.commit().await?;
    trust::refresh_here(app).await;
    Ok(())
}

/// Notes that the user reads the mail sent to their address.
pub async fn verify_email(app: &App, token: &Secret) -> Result<()> {
    let now = app.clock.now();
    let (purpose, hash) = (Purpose::VerifyEmail, token.hash());
    let owner = store::one_time_token_owner(&app.db, purpose, &hash, now)
        .await?
        .ok_or_else(problems::one_time_token_invalid)?;
    let mut tx = app.db.begin().await?;
    let mut user = take(&mut tx, owner, purpose, &hash, now).await?;
    let newly_proven = user.prove_email(now);
    user.touch(now);
    store::save_user(&mut tx, &user).await?;
    accounts::publish_updated(&mut tx, &user, now).await?;
    if newly_proven {
        accounts::publish_verified(&mut tx, &user, now).await?;
    }
    store::note(&mut tx, Some(user.id), "email.verified", user.id, json!({}), now).await?;
    Ok(tx.commit().await?)
}

/// Has another mail with a verification token sent, unless the address is verified already.
pub async fn resend(app: &App, user: Uuid) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let mut user = store::lock_user(&mut tx, user).await?.ok_or_else(problems::account_gone)?;
    if user.email_verified_at.is_some() {
        return Ok(());
    }
    if !throttle::may_send(&mut tx, format!("verify:{}", user.id), now).await? {
        return Err(problems::too_many_attempts(3600));
    }
    user.version += 1;
    store::save_user(&mut tx, &user).await?;
    let event = EmailVerificationRequested {
        user_id: user.id,
        email: user.email.clone(),
        name: user.name.clone(),
        language: user.language.clone(),
    };
    outbox::publish(&mut tx, user.id, user.version, &event, now).await?;
    Ok(tx.commit().await?)
}

/// Uses a token up, and returns its user, locked.
async fn take(
    tx: &mut Tx,
    owner: Uuid,
    purpose: Purpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<User> {
    // The user first, as everywhere: two that take the same locks in another order may wait for
    // each other forever.
    let user = store::lock_user(tx, owner).await?.filter(|it| it.active);
    let sent_to = store::take_one_time_token(tx, purpose, hash, now).await?;
    user.filter(|user| sent_to.is_some_and(|(id, email)| id == user.id && email == user.email))
        .ok_or_else(problems::one_time_token_invalid)
}
