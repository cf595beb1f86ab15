//! Sessions: started by a login, continued by refreshing, ended by a logout, by reuse of a spent
//! token, or by what happens to the account.
//!
//! Every refresh token works once and belongs to one session, which has one unused token at a time.
//! A spent token that is used again has been copied, and nobody can tell by whom, so the session
//! ends. A client whose response was lost repeats its request within seconds, and so do two tabs at
//! once: as long as the successor of the spent token has not been used, they get that same
//! successor, so there is never a second chain.
//!
//! A browser gets its refresh token as a cookie. It has room for one, so a login ends the session
//! whose cookie it replaces.
//!
//! A client that cannot store a new token each time requests a fixed one at login: it works until
//! it expires, and copies of it are not detected. Only a login can request it, so a thief cannot
//! turn a token into a fixed one.

use chassis::db::Tx;
use chassis::problem::{Problem, Result};
use chassis::{id, outbox};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::identity::{NewDevice, RefreshTokenReused, SessionRevoked};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::client::Client;
use crate::model::{MAX_SESSIONS, Profile, User};
use crate::store::{RefreshToken, Session};
use crate::tokens::{self, ACCESS_TOKEN, Secret};
use crate::{App, agent, browser, devices, problems, store, trust};

/// How long after its use a spent refresh token may come back.
const TOLERANCE: TimeDelta = TimeDelta::seconds(10);

/// The tokens of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    pub user: Profile,
    /// Send it as `Authorization: Bearer ...`.
    #[schema(value_type = String)]
    pub access_token: Secret,
    /// Send it once to `/auth/refresh` to get the next pair. Absent in a cookie session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub refresh_token: Option<Secret>,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 600)]
    pub expires_in: i64,
    /// Cookies for the browser, one `Set-Cookie` each.
    #[serde(skip)]
    pub cookies: Vec<String>,
}

/// A session with its first refresh token.
#[derive(Debug)]
pub struct Opened {
    session: Uuid,
    refresh: Secret,
    cookie: bool,
    /// What the browser is known by at its next login.
    device: Option<Secret>,
}

/// How a client keeps its refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is given another one after each use.
    Rotating,
    /// It keeps the one it is given.
    Fixed,
    /// As rotating ones, in a cookie.
    Cookie {
        /// The cookie whose place it takes.
        before: Option<Secret>,
        /// What the browser says it is known by.
        device: Option<Secret>,
    },
}

/// Begins a session of the user.
pub async fn open(
    app: &App,
    tx: &mut Tx,
    user: &User,
    client: &Client,
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<Opened> {
    let session = Session {
        id: id::new(),
        user_id: user.id,
        user_agent: client.agent.clone(),
        address: client.address(),
        created_at: now,
        last_used_at: now,
        expires_at: now + app.config.refresh_token(),
        ended_at: None,
        fixed: kind == Kind::Fixed,
    };
    store::insert_session(tx, &session).await?;
    let mut known = None;
    let cookie = matches!(kind, Kind::Cookie { .. });
    if let Kind::Cookie { before, device } = kind {
        if let Some(before) = before {
            end_of_cookie(tx, &before, now).await?;
        }
        let device = devices::remember(tx, user.id, device, now).await?;
        if device.is_new {
            publish_new_device(tx, user, &session, now).await?;
        }
        known = Some(device.token);
    }
    for surplus in store::surplus_sessions(tx, user.id, MAX_SESSIONS, now).await? {
        end(tx, user.id, surplus, now).await?;
    }
    let refresh = Secret::random();
    let token = RefreshToken {
        hash: refresh.hash(),
        session_id: session.id,
        parent: None,
        expires_at: session.expires_at,
        spent_at: None,
        successor: None,
    };
    store::insert_refresh_token(tx, &token).await?;
    Ok(Opened { session: session.id, refresh, cookie, device: known })
}

impl Opened {
    /// The answer to the client, once the session is committed.
    pub fn tokens(self, app: &App, user: &User, now: DateTime<Utc>) -> Result<Tokens> {
        let key = app.keys.signing(now)?;
        let access_token = tokens::access_token(user, &app.permissions, self.session, &key, now)?;
        let (refresh_token, mut cookies) = if self.cookie {
            (None, vec![browser::keep(&self.refresh, app.config.refresh_token())])
        } else {
            (Some(self.refresh), vec![])
        };
        cookies.extend(self.device.as_ref().map(browser::keep_device));
        Ok(Tokens {
            user: user.profile(&app.permissions),
            access_token,
            refresh_token,
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN.num_seconds(),
            cookies,
        })
    }
}

/// Gives the next pair of tokens for a refresh token; the same token again where it is a fixed one.
/// `cookie` says that it came in one, and that the next one goes there.
pub async fn refresh(app: &App, token: &Secret, cookie: bool, client: &Client) -> Result<Tokens> {
    let now = app.clock.now();
    let hash = token.hash();
    // Nonsense does not take the write lock.
    let found = store::find_refresh_token(&app.db, &hash).await?;
    let found = found.ok_or_else(problems::refresh_token_invalid)?;
    let mut tx = app.db.begin().await?;
    let session = store::find_session(&mut tx, found.session_id).await?;
    if let Some(session) = session.filter(|it| it.fixed) {
        let (session_id, refresh) = (session.id, token.clone());
        let used = Opened { session: session_id, refresh, cookie, device: None };
        let user = use_fixed(&mut tx, session, &found, client, now).await?;
        tx.commit().await?;
        return used.tokens(app, &user, now);
    }
    let next = Secret::random();
    let first = store::spend_refresh_token(&mut tx, &hash, &next.sealed(token), now).await?;
    let spent = store::find_refresh_token(&mut tx, &hash)
        .await?
        .ok_or_else(problems::refresh_token_invalid)?;
    let session = store::find_session(&mut tx, spent.session_id)
        .await?
        .filter(|it| it.ended_at.is_none())
        .ok_or_else(problems::session_ended)?;
    if spent.expires_at <= now {
        return Err(problems::refresh_token_expired());
    }
    let next = if first { Some(next) } else { given_before(&spent, token, now) };
    let Some(next) = next else { return Err(end_of_copies(app, tx, &session, now).await?) };
    let user = store::find_user(&mut tx, session.user_id).await?;
    let user = user.filter(|it| it.active).ok_or_else(problems::session_ended)?;
    let opened = Opened { session: session.id, refresh: next, cookie, device: None };
    if first {
        follow(app, &mut tx, session, spent, &opened.refresh, client, now).await?;
    }
    tx.commit().await?;
    opened.tokens(app, &user, now)
}

/// Notes that a fixed token was used. It is never extended.
async fn use_fixed(
    tx: &mut Tx,
    session: Session,
    token: &RefreshToken,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<User> {
    if session.ended_at.is_some() {
        return Err(problems::session_ended());
    }
    if token.expires_at <= now {
        return Err(problems::refresh_token_expired());
    }
    let user = store::find_user(&mut *tx, session.user_id).await?;
    let user = user.filter(|it| it.active).ok_or_else(problems::session_ended)?;
    let session = Session {
        user_agent: client.agent.clone().or(session.user_agent),
        address: client.address().or(session.address),
        last_used_at: now,
        ..session
    };
    store::touch_session(tx, &session).await?;
    Ok(user)
}

/// Ends the session one of whose tokens was copied, and says why.
async fn end_of_copies(
    app: &App,
    mut tx: Tx,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<Problem> {
    if end(&mut tx, session.user_id, session.id, now).await?
        && let Some(user) = store::find_user(&mut tx, session.user_id).await?
    {
        let User { id: user_id, email, name, language, .. } = user;
        let session_id = session.id;
        let event = RefreshTokenReused { user_id, email, name, language, session_id };
        // After its end, which is the first thing told of a session.
        outbox::publish(&mut tx, session.id, 2, &event, now).await?;
    }
    let details = json!({ "session_id": session.id });
    store::note(&mut tx, None, "refresh_token.reused", session.user_id, details, now).await?;
    tx.commit().await?;
    tracing::warn!(session = %session.id, "a spent refresh token was used again; the session has been ended");
    trust::refresh_here(app).await;
    Ok(problems::refresh_token_reused())
}

/// The token that was given for a spent one, for who asks again soon. None where the spent one was
/// copied: it comes back late, or the token given for it has been used.
fn given_before(spent: &RefreshToken, token: &Secret, now: DateTime<Utc>) -> Option<Secret> {
    let soon = spent.spent_at.is_some_and(|at| now - at <= TOLERANCE);
    spent.successor.as_deref().filter(|_| soon).and_then(|it| Secret::unsealed(it, token))
}

/// Carries the session on with the token given for a spent one.
async fn follow(
    app: &App,
    tx: &mut Tx,
    session: Session,
    spent: RefreshToken,
    next: &Secret,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<()> {
    let session = Session {
        user_agent: client.agent.clone().or(session.user_agent),
        address: client.address().or(session.address),
        last_used_at: now,
        expires_at: now + app.config.refresh_token(),
        ..session
    };
    store::touch_session(tx, &session).await?;
    if let Some(before) = &spent.parent {
        store::forget_successor(tx, before).await?;
    }
    let next = RefreshToken {
        hash: next.hash(),
        session_id: session.id,
        parent: Some(spent.hash),
        expires_at: session.expires_at,
        spent_at: None,
        successor: None,
    };
    Ok(store::insert_refresh_token(tx, &next).await?)
}

/// Ends the session a cookie belongs to, whoever's it is; false if that is not a live one.
pub async fn end_of_cookie(tx: &mut Tx, cookie: &Secret, now: DateTime<Utc>) -> Result<bool> {
    let Some(token) = store::find_refresh_token(&mut *tx, &cookie.hash()).await? else {
        return Ok(false);
    };
    match store::find_session(&mut *tx, token.session_id).await? {
        Some(session) => end_by_user(tx, session.user_id, session.id, now).await,
        None => Ok(false),
    }
}

/// Ends a session because its user wants it, and notes that; false if it is not a live one of the
/// user.
pub async fn end_by_user(
    tx: &mut Tx,
    user: Uuid,
    session: Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    if !end(tx, user, session, now).await? {
        return Ok(false);
    }
    let details = json!({ "session_id": session });
    store::note(tx, Some(user), "session.ended", user, details, now).await?;
    Ok(true)
}

/// Ends one session and publishes it; false if it is not a live one of the user.
pub async fn end(tx: &mut Tx, user: Uuid, session: Uuid, now: DateTime<Utc>) -> Result<bool> {
    if !store::end_session(tx, user, session, now).await? {
        return Ok(false);
    }
    publish(tx, user, session, now).await?;
    Ok(true)
}

/// Ends all sessions of a user but one, and publishes each.
pub async fn end_all(
    tx: &mut Tx,
    user: Uuid,
    except: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<()> {
    for session in store::end_sessions(tx, user, except, now).await? {
        publish(tx, user, session, now).await?;
    }
    Ok(())
}

async fn publish_new_device(
    tx: &mut Tx,
    user: &User,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<()> {
    let event = NewDevice {
        user_id: user.id,
        email: user.email.clone(),
        name: user.name.clone(),
        language: user.language.clone(),
        session_id: session.id,
        user_agent: session.user_agent.as_deref().and_then(agent::described),
        at: now,
    };
    // Before its end, which is version 1.
    Ok(outbox::publish(tx, session.id, 0, &event, now).await?)
}

async fn publish(tx: &mut Tx, user: Uuid, session: Uuid, now: DateTime<Utc>) -> Result<()> {
    // A session ends once, so that is its only version.
    let event = SessionRevoked { user_id: user, session_id: session };
    Ok(outbox::publish(tx, session, 1, &event, now).await?)
}
